"""What cases of a table cannot say of NumPy's numeric functions: edges, refusals, ties, every order."""

import math

import mpmath
import numpy as np
import pytest

import dualmc as dm


def dual(*x):
    x = np.array(x, float)
    return dm.Dual(x, np.arange(1.0, 1 + x.size).reshape(x.shape))


# sinc and i0 at every order. ---------------------------------------------------------------------------------


def nth(f, n):
    for _ in range(n):
        f = dm.derivative(f)
    return f


POINTS = [0.0, 1e-8, 1e-3, 0.3, -0.7, 1.0, 2.5, -9.3]


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_sinc_is_right_at_every_order(n):
    with mpmath.workdps(50):
        for x in POINTS:
            truth = mpmath.diff(lambda t: mpmath.sincpi(t), mpmath.mpf(x), n)
            assert nth(np.sinc, n)(x) == pytest.approx(float(truth), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_i0_is_right_at_every_order(n):
    with mpmath.workdps(50):
        for x in [*POINTS, 7.9, 8.1, 38.0, 42.0, -70.0, 300.0, 600.0]:
            truth = sum(math.comb(n, k) * mpmath.besseli(abs(n - 2 * k), mpmath.mpf(x)) for k in range(n + 1)) / 2**n
            assert nth(np.i0, n)(x) == pytest.approx(float(truth), rel=1e-12, abs=1e-14)


# Ties and replaced entries. ----------------------------------------------------------------------------------


def test_of_equal_values_the_first_is_taken():
    x = dm.Dual(np.array([2.0, 1.0, 2.0, 1.0]), np.array([1.0, 2.0, 3.0, 4.0]))
    for values in (np.unique(x), np.unique_values(x), np.unique_all(x).values, np.union1d(x, [1.0])):
        np.testing.assert_array_equal(values.primal, [1.0, 2.0])
        np.testing.assert_array_equal(values.tangent, [2.0, 1.0])


@pytest.mark.parametrize("n", [8, 100, 1000])
def test_partition_is_numpys(n):
    x = np.random.default_rng(n).integers(0, n // 2, n).astype(float)
    y = np.partition(dm.Dual(x, 10 * x), n // 3)
    np.testing.assert_array_equal(y.primal, np.partition(x, n // 3))
    np.testing.assert_array_equal(y.tangent, 10 * y.primal)


def test_nan_to_num_drops_what_it_replaces():
    x = dm.Dual(np.array([np.nan, np.inf, 3.0]), np.array([np.nan, 1.0, 2.0]))
    y = np.nan_to_num(x)
    np.testing.assert_array_equal(y.primal, [0.0, np.finfo(float).max, 3.0])
    np.testing.assert_array_equal(y.tangent, [0.0, 0.0, 2.0])
    assert np.nan_to_num(x, copy=False) is x
    np.testing.assert_array_equal(x.tangent, [0.0, 0.0, 2.0])


def test_a_quantile_of_nan_is_nan():
    x = dm.Dual(np.array([[1.0, np.nan], [2.0, 3.0]]), np.ones((2, 2)))
    y = np.quantile(x, 0.5, axis=1)
    np.testing.assert_array_equal(y.primal, [np.nan, 2.5])
    np.testing.assert_array_equal(y.tangent, [0.0, 1.0])


def test_methods_follow_their_functions():
    x = dual(3.0, 1.0, 2.0)
    np.testing.assert_array_equal(x.compress([True, False, True]).tangent, [1.0, 3.0])
    x.partition(1)
    np.testing.assert_array_equal(x.primal, [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(x.tangent, [2.0, 3.0, 1.0])
    x.put([0, 2], dual(7.0, 8.0))
    np.testing.assert_array_equal(x.primal, [7.0, 2.0, 8.0])
    np.testing.assert_array_equal(x.tangent, [1.0, 3.0, 2.0])


@pytest.mark.parametrize("deg", [0, 1, 3])
@pytest.mark.parametrize("columns", [(), (2,)])
def test_polyfit_is_numpys_and_its_slopes_are_differences(deg, columns):
    rng = np.random.default_rng(deg)
    x, y, w = np.linspace(-1, 1.5, 9), rng.normal(size=(9, *columns)), rng.uniform(0.5, 2, 9)
    tangents = (rng.normal(size=9), rng.normal(size=y.shape), rng.normal(size=9))

    def f(x, y, w):
        return np.polyfit(x, y, deg, w=w)

    value, tangent = dm.jvp(f, (x, y, w), tangents)
    np.testing.assert_allclose(value, f(x, y, w), rtol=1e-11, atol=1e-12)
    h = 1e-5
    plus, minus = (f(*(a + s * t for a, t in zip((x, y, w), tangents, strict=True))) for s in (h, -h))
    np.testing.assert_allclose(tangent, (plus - minus) / (2 * h), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(dm.jvp(lambda y: np.polyfit(x, y, deg), (y,), (y,))[1], np.polyfit(x, y, deg), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("keywords", [{"cov": True}, {"cov": "unscaled"}, {"full": True}], ids=str)
@pytest.mark.parametrize("columns", [(), (2,)])
def test_what_polyfit_gives_beside_coefficients(keywords, columns):
    rng = np.random.default_rng(5)
    x, y, w = np.linspace(-1, 1.5, 9), rng.normal(size=(9, *columns)), rng.uniform(0.5, 2, 9)
    tangents = (rng.normal(size=9), rng.normal(size=y.shape), rng.normal(size=9))

    def f(x, y, w):
        return np.polyfit(x, y, 2, w=w, **keywords)

    duals = f(*(dm.Dual(a, t) for a, t in zip((x, y, w), tangents, strict=True)))
    h = 1e-5
    plus, minus = (f(*(a + s * t for a, t in zip((x, y, w), tangents, strict=True))) for s in (h, -h))
    for got, expected, up, down in zip(duals, f(x, y, w), plus, minus, strict=True):
        np.testing.assert_allclose(dm.primal(got), expected, rtol=1e-11)
        assert np.shape(got) == np.shape(expected)
        if isinstance(got, dm.Dual):
            np.testing.assert_allclose(got.tangent, (up - down) / (2 * h), rtol=1e-6, atol=1e-7)


def test_covariance_of_a_fit_without_freedom():
    y = dm.Dual(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match="must exceed order"):
        np.polyfit(np.arange(3.0), y, 2, cov=True)
    with pytest.warns(np.exceptions.RankWarning):
        np.polyfit(np.ones(3), y, 1)


@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 1)])
@pytest.mark.parametrize("q", [0.0, 0.3, [0.1, 0.8, 1.0]])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("func", [np.quantile, np.nanquantile, np.percentile, np.nanpercentile])
def test_weighted_quantiles_choose_entries(func, axis, q, keepdims):
    rng = np.random.default_rng(2)
    a, w = rng.integers(0, 5, size=(3, 4)) * 1.0, rng.integers(0, 3, size=(3, 4)) + np.eye(3, 4)
    a[0, 0] = np.nan
    q = np.multiply(q, 100 if "percentile" in func.__name__ else 1)
    one_for_all_rows = axis in (1, -1) and "nan" not in func.__name__  # NumPy's nanquantile fails on those
    for weights in (w, w[0]) if one_for_all_rows else (w,):

        def f(a, weights=weights):
            return func(a, q, axis=axis, keepdims=keepdims, weights=weights, method="inverted_cdf")

        value, tangent = dm.jvp(f, (a,), (100 * a,))
        np.testing.assert_array_equal(value, f(a))
        np.testing.assert_array_equal(np.where(np.isnan(value), 0, tangent), np.where(np.isnan(value), 0, 100 * value))


# Nothing loses a tangent. ------------------------------------------------------------------------------------

REFUSED = {
    "a position that moves": (lambda x: np.quantile(np.arange(5.0), x[0]), "np.interp"),
    "ends of a histogram": (lambda x: np.histogram(np.arange(3.0), 2, range=(x[0], x[2])), "bins=np.linspace"),
    "vectorize": (lambda x: np.vectorize(abs)(x), "np.stack"),
    "vectorize with a signature": (lambda x: np.vectorize(np.sum, signature="(n)->()")(x), "np.stack"),
    "coefficients of numpy.polynomial": (lambda c: np.polynomial.chebyshev.chebval(0.5, c), "vander"),
    "a sum of numpy.polynomial": (lambda c: np.polynomial.polynomial.polyadd(c, c), "np.polyadd"),
    "np.polynomial.Polynomial": (np.polynomial.Polynomial, "np.polyval"),
    "linspace of integers": (lambda x: np.linspace(x[0], 5, 3, dtype=int), "lose the tangent"),
    "logspace of integers": (lambda x: np.logspace(x[0], 2, 3, dtype=int), "lose the tangent"),
    "geomspace of integers": (lambda x: np.geomspace(x[0], 2, 3, dtype=int), "lose the tangent"),
    "arange like": (lambda x: np.arange(x[0], 5.0, like=x), "number of entries"),
    "histogramdd of values": (lambda x: np.histogramdd([x], 3), "edges"),
    "put into a plain array": (lambda x: np.put(np.zeros(3), [0], x), "lose the tangent"),
    "place into a plain array": (lambda x: np.place(np.zeros(3), [1, 1, 0], x), "lose the tangent"),
    "putmask of a plain array": (lambda x: np.putmask(np.zeros(3), [1, 1, 0], x), "lose the tangent"),
    "fill_diagonal of a plain array": (lambda x: np.fill_diagonal(np.zeros((3, 3)), x), "lose the tangent"),
    "frequencies that move": (lambda x: np.cov(x, fweights=x), "aweights"),
}


@pytest.mark.parametrize(("lose", "cure"), REFUSED.values(), ids=REFUSED)
def test_refusals_tell_what_to_do(lose, cure):
    with pytest.raises(TypeError, match=cure):
        lose(dual(1.0, 2.0, 3.0))
