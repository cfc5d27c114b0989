"""Matrices without full rank: pseudo-inverses and least squares where the rank stays, and where a direction changes it."""

import numpy as np
import pytest

import dualmc as dm

L = np.linalg
RNG = np.random.default_rng(11)


def factors(shape, rank, dtype, batch=()):
    """Two factors of a matrix of the given rank, and directions of both."""
    m, n = shape

    def draw(*s):
        z = RNG.normal(size=batch + s)
        return z + 1j * RNG.normal(size=z.shape) if dtype is complex else z

    return (draw(m, rank), draw(rank, n)), (draw(m, rank), draw(rank, n))


def difference(f, x, v, h=1e-4):
    """A central difference of order 4."""
    at = lambda k: f(*(a + k * h * b for a, b in zip(x, v, strict=True)))
    return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * h)


@pytest.mark.parametrize("dtype", [float, complex])
@pytest.mark.parametrize(("shape", "rank"), [((4, 3), 2), ((3, 4), 2), ((4, 4), 1), ((4, 4), 3), ((4, 3), 3), ((3, 4), 3)])
def test_pinv_and_lstsq_where_the_rank_stays(shape, rank, dtype):
    x, v = factors(shape, rank, dtype)
    b = RNG.normal(size=shape[0])
    for f in (lambda p, q: L.pinv(p @ q), lambda p, q: L.lstsq(p @ q, b)[0]):
        value, slope = dm.jvp(f, x, v)
        np.testing.assert_allclose(value, f(*x), atol=1e-12)
        np.testing.assert_allclose(slope, difference(f, x, v), rtol=1e-7, atol=1e-8)
        first = lambda p, q, f=f: dm.jvp(f, (p, q), v)[1]
        np.testing.assert_allclose(dm.jvp(first, x, v)[1], difference(first, x, v), rtol=1e-6, atol=1e-6)


def test_a_batch_of_different_ranks():
    a = np.stack([np.diag([2.0, 0.0]), np.eye(2), np.zeros((2, 2))])
    value, slope = dm.jvp(L.pinv, (a,), (a,))
    np.testing.assert_allclose(value, L.pinv(a))
    np.testing.assert_allclose(slope, -L.pinv(a), atol=1e-15)


def test_a_direction_that_changes_the_rank_has_no_derivative():
    a = np.diag([1.0, 0.0])
    J = dm.jacobian(L.pinv)(a)
    assert np.all(np.isnan(J[:, :, 1, 1]))
    np.testing.assert_allclose(J[:, :, 0, 0], [[-1, 0], [0, 0]])
    np.testing.assert_allclose(J[:, :, 0, 1], [[0, 0], [1, 0]])


def test_cut_off_singular_values_are_refused():
    with pytest.raises(L.LinAlgError, match="cuts off"):
        L.pinv(dm.Dual(np.diag([1.0, 1e-3]), np.eye(2)), rcond=0.1)


@pytest.mark.parametrize("n", [2, 60])
def test_slogdet_of_a_singular_matrix_is_log_of_det(n):
    a = np.eye(n)
    a[-1, -1] = 0
    value, slope = dm.jvp(L.slogdet, (a,), (np.eye(n),))
    assert value == L.slogdet(a) == (0, -np.inf)
    assert slope == (0, np.inf)
    assert dm.jvp(L.slogdet, (a,), (np.zeros((n, n)),))[1] == (0, 0)
    assert dm.jvp(L.slogdet, (a,), (a,))[1] == (0, 0)


def test_slogdet_of_a_batch_with_a_singular_matrix():
    a = np.stack([np.diag([1.0, 0.0]), np.diag([2.0, -4.0])])
    value, slope = dm.jvp(L.slogdet, (a,), (np.ones((2, 2, 2)),))
    np.testing.assert_array_equal(value, L.slogdet(a))
    np.testing.assert_allclose(slope.logabsdet, [np.inf, 0.25])
    np.testing.assert_array_equal(slope.sign, [0, 0])
