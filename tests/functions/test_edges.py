"""Ties, nan, zeros, constant data and empty arrays: where a derivative is a matter of convention or of care."""

import itertools

import numpy as np
import pytest

import dualmc as dm
from dualmc.testing.calls import check_close

from ..laws import same

INF, NAN = np.inf, np.nan


def tangent(f, x, t):
    return f(dm.Dual(np.asarray(x, float), np.asarray(t, float))).tangent


def hessian(f, x):
    """Return the second derivative by a jvp of a jvp along every pair of basis vectors."""
    x, basis = np.asarray(x, float), np.eye(len(x))
    return np.array([[dm.jvp(lambda y, a=a: dm.jvp(f, (y,), (a,))[1], (x,), (b,))[1] for a in basis] for b in basis])


# Extrema. ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [np.max, np.amax, np.nanmax, np.maximum.reduce, np.fmax.reduce])
def test_max_averages_over_ties(f):
    same(tangent(f, [1, 3, 3, 2], [1, 2, 4, 8]), np.float64(3.0))


@pytest.mark.parametrize("f", [np.min, np.amin, np.nanmin, np.minimum.reduce, np.fmin.reduce])
def test_min_averages_over_ties(f):
    same(tangent(f, [1, 3, 1, 2], [1, 2, 4, 8]), np.float64(2.5))


def test_an_initial_value_is_one_of_the_ties():
    same(tangent(lambda x: np.max(x, initial=3.0), [3, 3, 2], [1, 2, 4]), np.float64(1.0))
    same(tangent(lambda x: np.max(x, initial=9.0), [3, 3, 2], [1, 2, 4]), np.float64(0.0))
    same(tangent(lambda x: np.min(x, initial=2.0, axis=0), [[3, 2], [2, 3]], [[1, 2], [4, 8]]), np.array([2.0, 1.0]))


def test_a_mask_hides_ties():
    mask = np.array([True, False, True])
    same(tangent(lambda x: np.max(x, initial=-9.0, where=mask), [3, 3, 2], [1, 2, 4]), np.float64(1.0))


def test_ptp_and_clip_and_median_at_ties():
    same(tangent(np.ptp, [1, 3, 1, 3], [1, 2, 4, 8]), np.float64(5.0 - 2.5))
    same(tangent(lambda x: np.clip(x, 1.0, 2.0), [0, 1, 1.5, 2, 3], [1, 1, 1, 1, 1]), np.array([0.0, 1, 1, 1, 0]))
    same(tangent(np.median, [2, 2, 1], [1, 2, 4]), np.float64(1.0))


def test_extrema_of_a_single_value_are_the_value():
    same(tangent(np.max, 3.0, 2.0), np.float64(2.0))
    same(tangent(lambda x: np.maximum(x, x), [1.0, 2], [3.0, 4]), np.array([3.0, 4.0]))


# nan. --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [np.max, np.min])
def test_the_tangent_of_a_nan_extremum_is_that_of_the_nan_entries(f):
    d = f(dm.Dual(np.array([1.0, NAN, 3.0]), np.array([1.0, 2.0, 4.0])))
    assert np.isnan(d.primal)
    assert d.tangent == 2.0


NAN_FUNCTIONS = [np.nansum, np.nanprod, np.nanmean, np.nanvar, np.nanstd, np.nanmax, np.nanmin, np.nanmedian]


@pytest.mark.parametrize("f", NAN_FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("bad", [NAN, INF, 5.0])
def test_missing_entries_count_for_nothing(f, bad):
    kept = f(dm.Dual(np.array([1.0, 2.5, 4.0]), np.array([1.0, 2.0, 5.0])))
    holed = f(dm.Dual(np.array([1.0, NAN, 2.5, NAN, 4.0]), np.array([1.0, bad, 2.0, bad, 5.0])))
    check_close(holed.primal, kept.primal)
    check_close(holed.tangent, kept.tangent)


@pytest.mark.parametrize("f", [np.nanmean, np.nanvar, np.nanstd, np.nanmax, np.nanmin, np.nanmedian], ids=lambda f: f.__name__)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_nothing_but_nan_gives_nan_and_leaves_its_neighbours_alone(f):
    expected = f(np.array([[NAN, 1.0], [NAN, 2.0]]), axis=0)
    result = f(dm.Dual(np.array([[NAN, 1.0], [NAN, 2.0]]), np.ones((2, 2))), axis=0)
    same(result.primal, expected)
    assert np.isfinite(result.tangent[1])


def test_running_nan_sums_and_products():
    x, t = [1.0, NAN, 2.0], [1.0, NAN, 3.0]
    same(tangent(np.nancumsum, x, t), np.array([1.0, 1.0, 4.0]))
    same(tangent(np.nancumprod, x, t), np.array([1.0, 1.0, 2.0 * 1 + 3.0]))


def test_masked_out_entries_count_for_nothing():
    mask = np.array([True, False, True])
    for f in (np.sum, np.prod, np.mean, np.var, np.std):
        a = f(dm.Dual(np.array([1.0, 7.0, 4.0]), np.array([2.0, NAN, 5.0])), where=mask)
        b = f(dm.Dual(np.array([1.0, 4.0]), np.array([2.0, 5.0])))
        check_close(a.primal, b.primal)
        check_close(a.tangent, b.tangent)


# Zeros in products. ------------------------------------------------------------------------------------------


def others(x, *skipped):
    return np.prod([v for i, v in enumerate(x) if i not in skipped])


@pytest.mark.parametrize("x", [[2.0, 0, 3], [0.0, 0, 3], [0.0, 0, 0], [2.0, 5, 3], [0.0, 4], [0.0], [1.0, 2, 0, 4, 5], [0.0, 2, 3, 4, 0]])
def test_products_of_zeros_at_first_and_second_order(x):
    n = len(x)
    first = np.array([others(x, i) for i in range(n)])
    second = np.array([[0.0 if i == j else others(x, i, j) for i in range(n)] for j in range(n)])
    for f in (np.prod, np.multiply.reduce, np.nanprod, lambda y: np.cumprod(y)[-1], lambda y: np.multiply.accumulate(y)[-1]):
        check_close(np.array([tangent(f, x, e) for e in np.eye(n)]), first)
        check_close(hessian(f, x), second)


def test_running_products_of_zeros():
    x = [2.0, 0.0, 3.0, 0.0, 5.0]
    t = [1.0, 1.0, 1.0, 1.0, 1.0]
    same(tangent(np.cumprod, x, t), np.array([1.0, 2.0, 6.0, 0.0, 0.0]))


# Constant data. ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [np.std, np.nanstd, np.var, np.nanvar], ids=lambda f: f.__name__)
def test_spread_of_constant_data_has_slope_zero(f):
    for x in ([3.0, 3.0, 3.0], [[1.0, 1.0], [1.0, 1.0]]):
        same(tangent(lambda y: f(y, axis=-1), x, np.zeros_like(x)), np.zeros(np.shape(x)[:-1])[()])
        check_close(tangent(lambda y: f(y, axis=-1), x, np.ones_like(x)), np.zeros(np.shape(x)[:-1])[()])
        check_close(tangent(lambda y: f(y, axis=-1), x, np.arange(np.size(x)).reshape(np.shape(x))), np.zeros(np.shape(x)[:-1])[()])


@pytest.mark.parametrize("f", [np.std, np.nanstd], ids=lambda f: f.__name__)
def test_spread_of_constant_rows_beside_others(f):
    x, t = np.array([[2.0, 2.0], [1.0, 4.0]]), np.array([[1.0, 5.0], [0.0, 1.0]])
    check_close(tangent(lambda y: f(y, axis=1), x, t), np.array([0.0, 0.5]))


# Nothing. ----------------------------------------------------------------------------------------------------

EMPTY = [
    lambda x: np.sum(x, axis=0),
    lambda x: np.prod(x, axis=0),
    lambda x: np.sum(x),
    np.prod,
    lambda x: np.cumsum(x, axis=1),
    np.cumsum,
    lambda x: np.cumprod(x, axis=0),
    np.cumprod,
    np.ravel,
    np.transpose,
    lambda x: np.sort(x, axis=0),
    lambda x: np.sort(x, axis=None),
    lambda x: np.concatenate([x, x]),
    lambda x: np.stack([x, x]),
    lambda x: np.max(x, axis=1),
    lambda x: np.max(x, initial=0.0),
    lambda x: np.min(x, axis=0, initial=1.0),
    lambda x: np.roll(x, 1),
    lambda x: np.roll(x, 1, axis=0),
    lambda x: np.flip(x),
    lambda x: np.repeat(x, 2, axis=0),
    lambda x: np.tile(x, 2),
    lambda x: np.diff(x, axis=1),
    lambda x: x @ x.T,
    lambda x: x.T @ x,
    lambda x: np.einsum("ij,ij->j", x, x),
    lambda x: np.einsum("ij->", x),
    lambda x: np.outer(x, x),
    lambda x: np.dot(x.T, x),
    lambda x: np.tensordot(x, x, 2),
    lambda x: np.vdot(x, x),
    lambda x: np.kron(x, x),
    lambda x: np.trace(x),
    np.diagonal,
    np.diagflat,
    np.tril,
    lambda x: np.where(x > 0, x, 1.0),
    lambda x: np.clip(x, 0, 1),
    lambda x: np.take(x, [], axis=1),
    lambda x: x[:, [0, 2]],
    lambda x: x[x > 0],
    lambda x: np.pad(x, 1),
    lambda x: np.split(x, 3, axis=1)[0],
    lambda x: np.nansum(x, axis=0),
    np.nancumsum,
    lambda x: np.delete(x, 0, axis=1),
    lambda x: np.append(x, 1.0),
    lambda x: np.insert(x, 1, 2.0, axis=1),
    lambda x: np.resize(x, (2, 0)),
    lambda x: np.add.reduceat(x, [0, 1], axis=1),
    lambda x: np.hypot.reduce(x),
    lambda x: np.logaddexp.reduce(x, axis=0),
    np.copy,
    lambda x: np.mean(x, axis=1),
    lambda x: np.var(x, axis=1),
    lambda x: np.median(x, axis=1),
]


@pytest.mark.parametrize("f", EMPTY)
@pytest.mark.parametrize("lead", [(), (2,)])
def test_empty_arrays(f, lead):
    x = np.zeros((0, 3))
    expected = f(x)
    result = f(dm.Dual(x, np.zeros((*lead, 0, 3))))
    same(result.primal, expected)
    same(result.tangent, np.zeros(lead + expected.shape)[()])


@pytest.mark.parametrize("f", [np.max, np.min, lambda x: np.max(x, axis=0), np.maximum.reduce, np.argmax])
def test_extrema_of_nothing_raise_as_numpy_does(f):
    with pytest.raises(ValueError):
        f(dm.Dual(np.zeros((0, 3)), np.zeros((0, 3))))


SCALARS = [
    np.sum,
    np.prod,
    np.mean,
    np.var,
    np.std,
    np.min,
    np.max,
    np.median,
    np.ptp,
    np.cumsum,
    np.cumprod,
    np.ravel,
    np.transpose,
    np.squeeze,
    np.average,
    np.nansum,
    np.nanmean,
    np.nanmax,
    np.nanmedian,
    np.copy,
    np.atleast_1d,
    np.diagflat,
    lambda x: np.broadcast_to(x, (2,)),
    lambda x: np.reshape(x, (1, 1)),
    lambda x: np.repeat(x, 3),
    lambda x: np.tile(x, 2),
    lambda x: np.stack([x, x]),
    lambda x: np.roll(x, 1),
    lambda x: np.expand_dims(x, 0),
    lambda x: np.clip(x, 0, 1),
    lambda x: np.where(True, x, 0),
    lambda x: np.append(x, x),
    lambda x: x[()],
    lambda x: x[None],
    lambda x: x[...],
    lambda x: np.outer(x, x),
    lambda x: np.dot(x, x),
    lambda x: np.kron(x, x),
    lambda x: np.take(x, 0),
    lambda x: np.flip(x),
    lambda x: np.einsum("->", x),
    lambda x: np.einsum(",->", x, x),
    lambda x: np.sort(x, axis=None),
    lambda x: np.vdot(x, x),
    lambda x: np.inner(x, x),
    lambda x: np.tensordot(x, x, 0),
    np.atleast_3d,
    np.modf,
]


@pytest.mark.parametrize("f", SCALARS)
@pytest.mark.parametrize("kind", [np.asarray, np.float64])
@pytest.mark.parametrize("lead", [(), (2,)])
def test_zero_dimensional_arrays(f, kind, lead):
    x, h = 0.75, 1e-6
    result, expected = f(dm.Dual(kind(x), np.ones(lead)[()])), f(kind(x))
    slope = f(np.asarray(x + h)), f(np.asarray(x - h))
    for i, (r, e) in enumerate(zip(result, expected, strict=True) if isinstance(expected, tuple) else [(result, expected)]):
        same(dm.primal(r), e)
        a, b = (s[i] if isinstance(expected, tuple) else s for s in slope)
        truth = (np.asarray(a) - np.asarray(b)) / (2 * h)
        assert np.allclose(dm.tangent(r), np.broadcast_to(truth, (lead if type(r) is dm.Dual else ()) + truth.shape), atol=1e-8)


# Log sums. ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("u", [np.logaddexp, np.logaddexp2])
def test_log_sums_at_infinity(u):
    same(tangent(u.reduce, [-INF, -INF], [1.0, 3.0]), np.float64(2.0))
    check_close(tangent(u.reduce, [-INF, 1.0], [5.0, 3.0]), np.float64(3.0))
    check_close(tangent(u.reduce, [INF, 1.0], [5.0, 3.0]), np.float64(5.0))
    check_close(tangent(lambda x: u.reduce(x, where=[True, False, True]), [-INF, 4.0, -INF], [1.0, 9.0, 3.0]), np.float64(2.0))
    check_close(tangent(u.reduce, [1000.0, 1000.0], [1.0, 3.0]), np.float64(2.0))


# Vectors of two entries. NumPy says that it will give them up. -------------------------------------------------


@pytest.mark.filterwarnings("ignore:Arrays of 2-dimensional vectors:DeprecationWarning")
@pytest.mark.parametrize(("m", "n"), [(2, 2), (2, 3), (3, 2)])
def test_cross_products_of_plane_vectors(m, n):
    x, y, s, t = (np.cos(np.arange(4 * k) + k * i).reshape(4, k) for i, k in enumerate((m, n, m, n)))
    result = np.cross(dm.Dual(x, s), dm.Dual(y, t))
    check_close(result.primal, np.cross(x, y))
    check_close(result.tangent, np.cross(s, y) + np.cross(x, t))
    turned = np.cross(dm.Dual(x.T, s.T), y, axisa=0)
    check_close(turned.tangent, np.cross(s, y))


# Sorting. ----------------------------------------------------------------------------------------------------


def test_equal_values_keep_their_order_when_sorted():
    for kind, order in itertools.product((None, "quicksort", "heapsort", "stable"), (0, -1)):
        d = np.sort(dm.Dual(np.array([2.0, 1, 2, 1]), np.array([1.0, 2, 3, 4])), axis=order, kind=kind)
        same(d.tangent, np.array([2.0, 4, 1, 3]))


def test_nan_sorts_last():
    d = np.sort(dm.Dual(np.array([NAN, 1.0, 0.0]), np.array([1.0, 2.0, 3.0])))
    same(d.tangent, np.array([3.0, 2.0, 1.0]))
