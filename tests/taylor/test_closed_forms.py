"""Coefficients to order 20 against closed forms and high precision."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dualmc as dm

ORDER = 20
K = np.arange(ORDER + 1)
FACTORIALS = np.array([math.factorial(k) for k in K], float)

points, directions = st.floats(-3, 3), st.floats(-2, 2).filter(lambda v: abs(v) > 1e-3)
positive = st.floats(0.1, 5)


def near(got, truth, size=None, condition=64.0):
    """Each coefficient to rounding errors of its size, or of its own; cancellation may cost three digits."""
    assert got.shape == np.shape(truth)
    scale = np.abs(truth) + (np.abs(truth).max() * 1e-3 if size is None else size)
    assert np.all(np.abs(got - truth) <= condition * np.finfo(float).eps * scale), (got, truth)


@settings(max_examples=40, deadline=None)
@given(x=points, v=directions)
def test_sine_cosine_and_exponential(x, v):
    size = np.abs(v) ** K / FACTORIALS
    near(dm.taylor(np.sin, x, v, ORDER), v**K * np.sin(x + K * np.pi / 2) / FACTORIALS, size)
    near(dm.taylor(np.cos, x, v, ORDER), v**K * np.cos(x + K * np.pi / 2) / FACTORIALS, size)
    near(dm.taylor(np.exp, x, v, ORDER), v**K * np.exp(x) / FACTORIALS, 0)
    near(dm.taylor(np.sinh, x, v, ORDER), v**K * np.where(K % 2, np.cosh(x), np.sinh(x)) / FACTORIALS, size)


@settings(max_examples=40, deadline=None)
@given(x=positive, v=st.floats(0.01, 0.9))
def test_logarithm_and_reciprocal(x, v):
    r = v  # along x·v the series of log has the radius of convergence 1/v
    near(dm.taylor(np.log, x, x * v, ORDER), np.concatenate([[np.log(x)], -((-r) ** K[1:]) / K[1:]]), condition=256)
    near(dm.taylor(lambda x: 1 / x, x, x * v, ORDER), (-r) ** K / x, condition=256)
    near(dm.taylor(np.log1p, x - 1, x * v, ORDER)[1:], -((-r) ** K[1:]) / K[1:], condition=256)


@settings(max_examples=40, deadline=None)
@given(x=positive, v=st.floats(0.01, 0.9), p=st.floats(-4, 4))
def test_powers(x, v, p):
    binomials = np.array([float(mpmath.binomial(p, int(k))) for k in K])
    for f in (lambda x: x**p, lambda x: np.power(x, p), lambda x: x ** np.float64(p), lambda x: x ** np.array(p)):
        near(dm.taylor(f, x, x * v, ORDER), binomials * x**p * v**K, condition=512)


@pytest.mark.parametrize("kind", [int, float, np.array])
@pytest.mark.parametrize("n", range(8))
def test_integer_powers_are_polynomials(n, kind):
    """At 0, at a negative number, and with both in one array: the exact binomial theorem, and nothing beyond the degree."""
    x, v = np.array([0.0, -2.0, 3.0]), np.array([1.0, 3.0, -1.0])
    truth = np.array([[math.comb(n, k) * a ** (n - k) * b**k if k <= n else 0.0 for a, b in zip(x, v, strict=True)] for k in K])
    np.testing.assert_array_equal(dm.taylor(lambda x: x ** kind(n), x, v, ORDER), truth)
    for i in range(3):
        np.testing.assert_allclose(dm.taylor(lambda x: x ** kind(n), x[i], v[i], ORDER), truth[:, i], rtol=1e-14, atol=1e-13)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_zero_to_a_power_that_is_no_integer(n):
    """x**(n + 1/2) has n derivatives at 0; the next one is infinite."""
    c = dm.taylor(lambda x: x ** (n + 0.5), np.array([0.0, 1.0]), np.ones(2), n + 1)
    np.testing.assert_array_equal(c[: n + 1, 0], 0)
    assert c[n + 1, 0] == np.inf
    np.testing.assert_allclose(c[:, 1], [float(mpmath.binomial(n + 0.5, k)) for k in range(n + 2)], rtol=1e-14)


HIGH = {
    "tanh": (np.tanh, mpmath.tanh),
    "tan": (np.tan, mpmath.tan),
    "arctan": (np.arctan, mpmath.atan),
    "arcsin": (lambda x: np.arcsin(x / 3), lambda x: mpmath.asin(x / 3)),
    "arccosh": (lambda x: np.arccosh(x + 2), lambda x: mpmath.acosh(x + 2)),
    "sqrt": (lambda x: np.sqrt(x + 2), lambda x: mpmath.sqrt(x + 2)),
    "cbrt": (lambda x: np.cbrt(x + 2), lambda x: mpmath.cbrt(x + 2)),
    "exp2": (np.exp2, lambda x: mpmath.mpf(2) ** x),
    "expm1": (np.expm1, mpmath.expm1),
    "logistic": (lambda x: 1 / (1 + np.exp(-x)), lambda x: 1 / (1 + mpmath.exp(-x))),
    "x to the x": (lambda x: (x + 2) ** x, lambda x: (x + 2) ** x),
    "hypot": (lambda x: np.hypot(x, 1.0), lambda x: mpmath.hypot(x, 1)),
    "angle": (lambda x: np.arctan2(x, 1 + x * x), lambda x: mpmath.atan2(x, 1 + x * x)),
    "softplus": (lambda x: np.logaddexp(0, x), lambda x: mpmath.log(1 + mpmath.exp(x))),
    "sinc": (lambda x: np.sinc(x / 3), lambda x: mpmath.sincpi(x / 3)),
    "composite": (lambda x: np.exp(np.sin(x) * x) / (1 + x * x), lambda x: mpmath.exp(mpmath.sin(x) * x) / (1 + x * x)),
}


@pytest.mark.parametrize("name", HIGH)
def test_functions_in_high_precision(name):
    f, high = HIGH[name]
    x = np.array([0.4, -0.3, 0.7])
    got = dm.taylor(f, x, np.full(3, 0.5), ORDER)
    for i in range(3):
        with mpmath.workdps(120):
            truth = np.array([float(c) for c in mpmath.taylor(lambda t, i=i: high(mpmath.mpf(float(x[i])) + t / 2), 0, ORDER)])
        near(got[:, i], truth, condition=1024)


def test_high_orders():
    """Hundreds of coefficients need no recursion, whatever the kind of rule."""
    x, k = np.array([0.1, 0.2]), np.arange(121)
    sizes = 1.0 / np.array([math.factorial(int(i)) for i in k], float)
    np.testing.assert_allclose(dm.taylor(np.exp, x, np.ones(2), 120), np.exp(x) * sizes[:, None], rtol=1e-13)
    c = dm.taylor(lambda x: np.var(np.exp(x)), x, np.ones(2), 120)
    np.testing.assert_allclose(c, np.var(np.exp(x)) * 2.0**k * sizes, rtol=1e-12)
    c = dm.taylor(lambda x: np.linalg.inv(np.diag(1 - x)), np.zeros(2), np.array([1.0, 0.5]), 120)
    np.testing.assert_allclose(c[:, [0, 1], [0, 1]], np.stack([1.0**k, 0.5**k], axis=-1), rtol=1e-12)
