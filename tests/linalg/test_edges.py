"""Where a derivative of linear algebra is a matter of choice: points 2, 7 and 8 of the conventions, and refusals."""

import itertools

import numpy as np
import pytest

import dualmc as dm

L = np.linalg
RNG = np.random.default_rng(3)


def second(f, x, v, u):
    return dm.jvp(lambda y: dm.jvp(f, (y,), (v,))[1], (x,), (u,))[1]


def rotation(n, dtype=float):
    z = RNG.normal(size=(n, n)) + (1j * RNG.normal(size=(n, n)) if dtype is complex else 0)
    return L.qr(z)[0]


# Convention 2: norms at 0, at the ends of the range. ---------------------------------------------------------


@pytest.mark.parametrize("order", [None, 2, 1, 3, np.inf])
def test_norm_at_zero_has_slope_zero(order):
    x, v = np.zeros(3), np.array([1.0, -2.0, 3.0])
    value, slope = dm.jvp(lambda x: L.norm(x, order), (x,), (v,))
    assert value == slope == 0
    assert second(lambda x: L.norm(x, order), x, v, v) == 0


@pytest.mark.parametrize("order", ["fro", "nuc", 2, 1, np.inf])
def test_matrix_norm_at_zero_has_slope_zero(order):
    value, slope = dm.jvp(lambda x: L.norm(x, order), (np.zeros((2, 2)),), (np.ones((2, 2)),))
    assert value == slope == 0


def test_norms_of_zero_rows_beside_others():
    x = np.array([[0.0, 0.0], [3.0, 4.0]])
    np.testing.assert_allclose(dm.jvp(lambda x: L.norm(x, axis=1), (x,), (np.ones((2, 2)),))[1], [0, 1.4], rtol=1e-15)


@pytest.mark.parametrize("size", [1e200, 1e-200, 1e300, 5e-324, 1e-310])
@pytest.mark.parametrize("axis", [None, 0])
def test_norm_neither_overflows_nor_underflows(size, axis):
    value, slope = dm.jvp(lambda x: L.norm(x, axis=axis), (np.array([size, size]),), (np.array([1.0, 0.0]),))
    assert slope == pytest.approx(np.sqrt(0.5), rel=1e-15)
    assert value == pytest.approx(size * np.sqrt(2), rel=1e-15, abs=5e-324)


@pytest.mark.parametrize("order", [3, 4.5, "fro"])
def test_other_norms_neither_overflow_nor_underflow(order):
    f = (lambda x: L.norm(x[None], order)) if order == "fro" else (lambda x: L.norm(x, order))
    plain = dm.jvp(f, (np.array([1.0, 2.0]),), (np.array([1.0, 3.0]),))
    for size in (2.0**600, 2.0**-600):
        value, slope = dm.jvp(f, (np.array([1.0, 2.0]) * size,), (np.array([1.0, 3.0]),))
        np.testing.assert_allclose([value / size, slope], plain, rtol=1e-14)


def test_ordinary_norms_have_numpys_value():
    x = RNG.normal(size=(4, 5))
    for order, axis in itertools.product([None, 1, 2, 3, np.inf, 0.5], (0, 1)):
        value = L.norm(dm.Dual(x, x), order, axis=axis).primal
        np.testing.assert_allclose(value, L.norm(x, order, axis=axis), rtol=4e-16)


def test_infinite_entries():
    with np.errstate(invalid="ignore"):
        value, slope = dm.jvp(L.norm, (np.array([np.inf, 1.0]),), (np.zeros(2),))
    assert value == np.inf
    assert slope == 0


# Convention 7: determinants of singular matrices. ------------------------------------------------------------


def minor(a, rows, columns):
    keep = [[i for i in range(len(a)) if i not in out] for out in (rows, columns)]
    b = a[np.ix_(*keep)]
    return sum(np.prod([b[i, p[i]] for i in range(len(b))]) * L.det(np.eye(len(b))[list(p)]) for p in itertools.permutations(range(len(b))))


def det_slope(a, v):
    return sum((-1) ** (i + j) * minor(a, [i], [j]) * v[i, j] for i, j in np.ndindex(a.shape))


def det_curvature(a, v, u):
    total = 0
    for i, j in np.ndindex(a.shape):
        b = np.delete(np.delete(a, i, 0), j, 1)
        total += (-1) ** (i + j) * v[i, j] * det_slope(b, np.delete(np.delete(u, i, 0), j, 1))
    return total


@pytest.mark.parametrize("dtype", [float, complex])
@pytest.mark.parametrize("rank", [4, 3, 2, 1, 0])
@pytest.mark.parametrize("small", [0, 1e-4, 1e-9])
def test_det_of_singular_matrices(rank, dtype, small):
    s = np.array([2.0, 1.5, 1.0, 0.5]) * (np.arange(4) < rank) + small * np.arange(1, 5) * (np.arange(4) >= rank)
    a = rotation(4, dtype) @ np.diag(s) @ rotation(4, dtype)
    v, u = rotation(4, dtype), rotation(4, dtype)
    value, slope = dm.jvp(L.det, (a,), (v,))
    assert value == L.det(a)
    np.testing.assert_allclose(slope, det_slope(a, v), rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(second(L.det, a, v, u), det_curvature(a, v, u), rtol=1e-10, atol=1e-13)


def test_det_of_a_batch_with_singular_matrices():
    a = np.stack([np.eye(3), np.zeros((3, 3)), np.diag([1.0, 2.0, 0.0])])
    v = RNG.normal(size=a.shape)
    np.testing.assert_allclose(dm.jvp(L.det, (a,), (v,))[1], [det_slope(b, w) for b, w in zip(a, v, strict=True)], atol=1e-14)


def test_det_of_a_graded_matrix():
    """Singular values of all sizes down to rounding, against 80 digits."""
    import mpmath

    a = 1 / (np.arange(9)[:, None] + np.arange(9) + 1)
    v = RNG.normal(size=(9, 9))
    with mpmath.workdps(80):
        h = mpmath.mpf(10) ** -22
        plus, zero, minus = (mpmath.det(mpmath.matrix(a.tolist()) + k * h * mpmath.matrix(v.tolist())) for k in (1, 0, -1))
        slope, curvature = float((plus - minus) / (2 * h)), float((plus - 2 * zero + minus) / h**2)
    assert dm.jvp(L.det, (a,), (v,))[1] == pytest.approx(slope, rel=1e-5)
    assert second(L.det, a, v, v) == pytest.approx(curvature, rel=1e-5)


def test_third_derivative_of_det_at_zero():
    def f(t):
        return L.det(t * np.eye(3))

    assert dm.derivative(dm.derivative(dm.derivative(f)))(0.0) == pytest.approx(6)


def test_large_det():
    a = rotation(40) @ np.diag([0.0, *np.linspace(0.7, 1.4, 39)]) @ rotation(40)
    u, s, vh = L.svd(a)
    cofactors = L.det(u) * L.det(vh) * np.prod(s[:-1]) * np.outer(u[:, -1], vh[-1])
    np.testing.assert_allclose(dm.gradient(L.det)(a), cofactors, atol=1e-13)


# Convention 8: triangles, repeated values. -------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [float, complex])
@pytest.mark.parametrize(
    ("f", "upper"),
    [
        (L.cholesky, False),
        (lambda a: L.cholesky(a, upper=True), True),
        (lambda a: L.eigh(a)[0], False),
        (lambda a: L.eigh(a, UPLO="U")[0], True),
        (L.eigvalsh, False),
        (lambda a: L.eigvalsh(a, "U"), True),
    ],
)
def test_only_one_triangle_is_read(f, upper, dtype):
    z = rotation(3, dtype)
    a = z @ np.diag([1.0, 2.0, 4.0]) @ z.conj().T
    v = np.tril(np.ones((3, 3)), -1) if upper else np.triu(np.ones((3, 3)), 1)
    v = v + 1j * np.eye(3) if dtype is complex else v
    assert np.all(dm.jvp(f, (a,), (v.astype(dtype),))[1] == 0)
    a[v.real != 0] = np.nan
    w = np.triu(np.ones((3, 3), dtype)) if upper else np.tril(np.ones((3, 3), dtype))
    assert np.all(np.isfinite(dm.jvp(f, (a,), (w,))[1]))


@pytest.mark.parametrize("dtype", [float, complex])
def test_repeated_eigenvalues_move_with_the_projected_perturbation(dtype):
    z = rotation(5, dtype)
    a = z @ np.diag([1.0, 2.0, 2.0, 2.0, 5.0]) @ z.conj().T
    v = RNG.normal(size=(5, 5)) + (1j * RNG.normal(size=(5, 5)) if dtype is complex else 0)
    v = v + v.conj().T
    b = z.conj().T @ v @ z
    expected = [b[0, 0].real, *L.eigvalsh(b[1:4, 1:4]), b[4, 4].real]
    got = dm.jvp(L.eigvalsh, (a,), (v,))[1]
    np.testing.assert_allclose(got, expected, atol=1e-12)
    h = 1e-6  # one-sided: for -v the order of the repeated ones is reversed
    np.testing.assert_allclose(got, (L.eigvalsh(a + h * v) - L.eigvalsh(a)) / h, atol=1e-4)


def test_repeated_eigenvalues_in_batches_and_directions():
    z = rotation(3)
    a = np.stack([np.eye(3), z @ np.diag([1.0, 1.0, 3.0]) @ z.T, z @ np.diag([1.0, 2.0, 3.0]) @ z.T])
    v = RNG.normal(size=(2, 3, 3, 3))
    v = v + np.swapaxes(v, -1, -2)
    got = L.eigvalsh(dm.Dual(a, v)).tangent
    for k, i in np.ndindex(2, 3):
        np.testing.assert_allclose(got[k, i], dm.jvp(L.eigvalsh, (a[i],), (v[k, i],))[1], atol=1e-14)
    np.testing.assert_allclose(got[:, 0], L.eigvalsh(v[:, 0]), atol=1e-14)


def test_vectors_of_repeated_values_are_nan_and_others_finite():
    a, v = np.diag([1.0, 1.0, 3.0]), np.ones((3, 3))
    _, vectors = dm.jvp(lambda a: tuple(L.eigh(a)), (a,), (v,))[1]
    assert np.all(np.isnan(vectors[:, :2]))
    np.testing.assert_allclose(np.abs(vectors[:, 2]), [0.5, 0.5, 0], atol=1e-15)
    left, _, right = dm.jvp(lambda a: tuple(L.svd(a)), (a,), (v,))[1]
    assert np.all(np.isnan(left[:, 1:]))
    assert np.all(np.isfinite(left[:, 0]))
    assert np.all(np.isnan(right[1:]))
    values, vectors = dm.jvp(lambda a: tuple(L.eig(a)), (np.diag([1.0, 1.0, 3.0]),), (v,))[1]
    assert np.all(np.isnan(values[:2]))
    assert np.isfinite(values[2])


def test_a_zero_tangent_stays_zero_beside_repeated_values():
    for f in (L.eigh, L.svd, L.eig):
        for t in dm.jvp(lambda a, f=f: tuple(f(a)), (np.eye(3),), (np.zeros((3, 3)),))[1]:
            assert np.all(t == 0)


def test_vectors_of_repeated_values_are_nan_at_second_order_too():
    a, v = np.diag([1.0, 1.0, 3.0]), np.ones((3, 3))
    curvature = second(lambda a: L.eigh(a)[0], a, v, v)
    assert np.isnan(curvature[:2]).any() or np.isnan(curvature).any()


def test_repeated_singular_values():
    u, w = rotation(4), rotation(3)
    a = u[:, :3] @ np.diag([3.0, 3.0, 1.0]) @ w.T
    v = RNG.normal(size=(4, 3))
    h = 1e-6
    np.testing.assert_allclose(dm.jvp(L.svdvals, (a,), (v,))[1], (L.svdvals(a + h * v) - L.svdvals(a)) / h, atol=1e-4)
    assert dm.jvp(lambda a: L.norm(a, "nuc"), (a,), (v,))[1] == pytest.approx(np.sum(u[:, :3] * (v @ w)), abs=1e-12)


def test_singular_value_zero_has_slope_zero():
    a = np.diag([2.0, 1.0, 0.0])
    np.testing.assert_allclose(dm.jvp(L.svdvals, (a,), (np.ones((3, 3)),))[1], [1, 1, 0], atol=1e-15)


# Gauges. -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (4, 2), (2, 3, 3)])
def test_complex_singular_vectors_keep_the_product(shape, full):
    a, v = (RNG.normal(size=shape) + 1j * RNG.normal(size=shape) for _ in range(2))
    p = min(shape[-2:])

    def product(a):
        u, s, vh = L.svd(a, full_matrices=full)
        u, vh = u[..., :p], vh[..., :p, :]
        return (
            (u * s[..., None, :]) @ vh,
            np.conj(np.swapaxes(u, -1, -2)) @ u,
            vh @ np.conj(np.swapaxes(vh, -1, -2)),
            (u[..., 1:2] @ vh[..., 1:2, :]),
        )

    whole, left, right, term = dm.jvp(product, (a,), (v,))[1]
    np.testing.assert_allclose(whole, v, atol=1e-12)
    np.testing.assert_allclose(left, 0, atol=1e-13)
    np.testing.assert_allclose(right, 0, atol=1e-13)
    h = 1e-5
    np.testing.assert_allclose(term, (product(a + h * v)[3] - product(a - h * v)[3]) / (2 * h), atol=1e-6)


def test_columns_that_complete_a_basis_are_nan():
    u, _, vh = dm.jvp(lambda a: tuple(L.svd(a)), (RNG.normal(size=(4, 2)),), (np.ones((4, 2)),))[1]
    assert np.all(np.isnan(u[:, 2:]))
    assert np.all(np.isfinite(u[:, :2]))
    assert np.all(np.isfinite(vh))


# Refusals and errors. ----------------------------------------------------------------------------------------


def test_refusals():
    x = dm.Dual(np.ones((3, 2)) + np.eye(3, 2), np.ones((3, 2)))
    with pytest.raises(TypeError, match="arbitrary basis"):
        L.qr(x, mode="complete")
    with pytest.raises(TypeError, match="Householder"):
        L.qr(x, mode="raw")
    with pytest.raises(L.LinAlgError, match="[Ss]ingular"):
        L.solve(dm.Dual(np.zeros((2, 2)), np.ones((2, 2))), np.ones(2))
    with pytest.raises(L.LinAlgError, match="[Ss]ingular"):
        L.solve(dm.Dual(np.zeros((60, 60)), np.ones((60, 60))), np.ones(60))
    with pytest.raises(ValueError, match="norm order"):
        L.norm(x, "nuc", axis=0)
    with pytest.raises(ValueError, match="norm order"):
        L.norm(x, 7)


def test_rank_is_a_constant():
    assert L.matrix_rank(dm.Dual(np.eye(3), np.ones((3, 3)))) == 3


def test_lists_and_numbers_beside_duals():
    x = dm.Dual([1.0, 2.0], [1.0, 0.0])
    np.testing.assert_allclose(L.solve([[2, 0], [0, 4]], x).tangent, [0.5, 0])
    np.testing.assert_allclose(L.multi_dot([[[1, 0], [0, 2]], x]).tangent, [1, 0])
    np.testing.assert_allclose(L.lstsq([[2, 0], [0, 4]], x)[0].tangent, [0.5, 0])


# Large matrices: LAPACK's own routines. ----------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128, np.complex64])
@pytest.mark.parametrize("scipy", [True, False])
def test_large_matrices_with_and_without_scipy(dtype, scipy, monkeypatch):
    from dualmc.rules import factor

    if not scipy:
        monkeypatch.setattr(factor, "_loaded", lambda names, dtype: None)
    n = 64
    z, v = (RNG.normal(size=(n, n)).astype(dtype) + (1j * RNG.normal(size=(n, n)) if np.dtype(dtype).kind == "c" else 0) for _ in range(2))
    a = (z / 8 + 4 * np.eye(n)).astype(dtype)
    v = v.astype(dtype)
    b, c = z[0].astype(dtype), z[:, :2].astype(dtype)
    x = L.inv(a)
    tight = 3e3 * np.finfo(dtype).eps
    for f, expected in {
        (lambda a: L.solve(a, b)): -x @ v @ x @ b,
        (lambda a: L.solve(a, c)): -x @ v @ x @ c,
        L.inv: -x @ v @ x,
        (lambda a: L.slogdet(a)[1]): np.trace(x @ v).real,
    }.items():
        value, slope = dm.jvp(f, (a,), (v,))
        np.testing.assert_allclose(value, f(a), rtol=tight, atol=tight)
        np.testing.assert_allclose(slope, expected, rtol=tight, atol=tight)
        assert np.asarray(slope).dtype == np.asarray(f(a)).dtype
        many = f(dm.Dual(a, np.stack([v, 2 * v]))).tangent
        np.testing.assert_allclose(many[1], 2 * slope, rtol=tight, atol=tight)
    s = (z @ z.conj().T / n + np.eye(n)).astype(dtype)
    low, dot = dm.jvp(L.cholesky, (s,), (v,))
    read = np.tril(v, -1)
    read = read + read.conj().T + np.diag(np.diag(v).real)
    np.testing.assert_allclose(dot @ low.conj().T + low @ dot.conj().T, read, atol=30 * tight)
    assert np.all(np.triu(dot, 1) == 0)
    if np.finfo(dtype).eps < 1e-10:
        for f in (lambda a: L.solve(a, b), lambda a: L.cholesky(a @ a.conj().T)):
            got, h = second(f, a, v, v), 1e-4
            differences = (dm.jvp(f, (a + h * v,), (v,))[1] - dm.jvp(f, (a - h * v,), (v,))[1]) / (2 * h)
            np.testing.assert_allclose(got, differences, atol=1e-4)


def test_real_matrix_with_complex_sides():
    a, b = RNG.normal(size=(60, 60)) + 9 * np.eye(60), RNG.normal(size=60) + 1j
    v = RNG.normal(size=(60, 60))
    np.testing.assert_allclose(dm.jvp(lambda a: L.solve(a, b), (a,), (v,))[1], -L.solve(a, v @ L.solve(a, b)), rtol=1e-12)
    np.testing.assert_allclose(dm.jvp(lambda b: L.solve(a, b), (b,), (b,))[1], L.solve(a, b), rtol=1e-12)


@pytest.mark.parametrize("f", [L.inv, L.det, L.cholesky, L.eigvalsh, L.svdvals, L.norm, lambda a: L.solve(a, a[0:0, 0:0])])
def test_empty_matrices(f):
    a = np.zeros((0, 0))
    value, slope = dm.jvp(f, (a,), (a,))
    assert np.array_equal(value, f(a))
    assert np.shape(slope) == np.shape(value)
    assert np.all(slope == 0)
