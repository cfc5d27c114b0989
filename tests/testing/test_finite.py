"""Measured derivatives are as near to the closed form as their bound says; kinks, edges and noise are seen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualmc import testing as dt
from dualmc.testing.finite import extrapolated

# Functions of one number with slope and curvature, in NumPy calls that are right in extended precision.
KNOWN = {
    "sine": (np.sin, np.cos, lambda x: -np.sin(x)),
    "exponential": (np.exp, np.exp, np.exp),
    "cube": (lambda x: x**3, lambda x: 3 * x**2, lambda x: 6 * x),
    "fast": (lambda x: np.sin(50 * x), lambda x: 50 * np.cos(50 * x), lambda x: -2500 * np.sin(50 * x)),
    "pole": (lambda x: 1 / (x + 4), lambda x: -1 / (x + 4) ** 2, lambda x: 2 / (x + 4) ** 3),
    "runge": (lambda x: 1 / (1 + 25 * x * x), lambda x: -50 * x / (1 + 25 * x * x) ** 2, None),
    "constant": (lambda x: 0 * x + 2.5, lambda x: 0 * x, lambda x: 0 * x),
    "straight": (lambda x: 3 * x - 1, lambda x: 3 + 0 * x, lambda x: 0 * x),
    "offset": (lambda x: 1e6 + np.sin(x), np.cos, None),
}
WAYS = {
    "any precision": lambda f: f,
    "double precision": lambda f: lambda x: f(np.asarray(x, float)),
    "real numbers only": lambda f: lambda x: f(np.asarray(x).real.astype(float)),
    "in a buffer": lambda f: lambda x: np.array([f(x)[k] for k in range(len(x))], float),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", KNOWN)
def test_the_error_is_within_the_bound(name, way):
    f, slope, curvature = KNOWN[name]
    seen = WAYS[way](f)
    rng = np.random.default_rng(0)
    for _ in range(40):
        x, v = rng.uniform(-3, 3, 4), rng.uniform(-2, 2, 4)
        truth = dt.directional_derivative(seen, x, v)
        exact = (slope(x.astype(np.longdouble)) * v).astype(float)
        slack = 4e-15 * np.abs(exact).max() if name != "fast" else 1e-11
        assert np.all(np.abs(truth.value - exact) <= truth.bound + slack)
        assert truth.digits >= (8 if name != "offset" else 3) or name == "constant"
        assert not truth.kink
        if curvature is not None:
            second = dt.second_directional_derivative(seen, x, v, v)
            exact = (curvature(x.astype(np.longdouble)) * v * v).astype(float)
            assert np.all(np.abs(second.value - exact) <= 2 * second.bound + 1e-12 * (1 + np.abs(exact).max()))


def test_the_complex_step_is_taken_where_it_is_right():
    def blind(x):  # takes complex numbers, and has no part in them
        return np.abs(x) * np.sin(np.real(x)).astype(float)

    double = lambda x: np.sin(np.asarray(x, complex if np.iscomplexobj(x) else float))
    x, v = np.array([0.7, 1.1]), np.ones(2)
    assert dt.directional_derivative(double, x, v).method == "complex step"
    truth = dt.directional_derivative(blind, x, v)
    assert truth.method == "differences"
    np.testing.assert_allclose(truth.value, np.sin(x) + x * np.cos(x), rtol=1e-9)


@settings(max_examples=60, deadline=None)
@given(distance=st.floats(1e-9, 1.0), slope=st.floats(-3, 3))
def test_a_kink_nearby_does_not_matter(distance, slope):
    f = lambda x: np.where(x > 0, 2 * x, slope * x)
    truth = dt.directional_derivative(f, np.array([distance]), np.ones(1))
    assert abs(truth.value[0] - 2) <= truth.bound[0] <= 1e-6


@settings(max_examples=40, deadline=None)
@given(left=st.floats(-3, 3), right=st.floats(-3, 3), place=st.sampled_from([0.0, 1.0, -2.0]))
def test_on_a_kink_the_bound_reaches_both_slopes(left, right, place):
    f = lambda x: np.where(x > place, right * (x - place), left * (x - place))
    truth = dt.directional_derivative(f, np.array([place]), np.ones(1))
    for slope in (left, right):
        assert abs(truth.value[0] - slope) <= truth.bound[0] + 1e-3 * abs(right - left) + 1e-9
    if abs(left - right) > 0.1:
        assert truth.kink


def test_a_noisy_function_has_a_wide_bound():
    f = lambda x: np.sin(np.asarray(x).astype(np.float32)).astype(float)
    truth = dt.directional_derivative(f, np.array([0.7]), np.ones(1))
    assert abs(truth.value[0] - np.cos(0.7)) <= truth.bound[0]
    assert 1e-8 < truth.bound[0] < 1e-2


@pytest.mark.parametrize("f", [np.sqrt, np.log, np.floor, lambda x: np.where(x >= 0, 1.0, 0.0), lambda x: np.full(x.shape, np.nan)])
def test_where_nothing_can_be_said_the_check_says_so(f):
    with pytest.raises(dt.Undecided, match="do not settle"):
        dt.check_jvp(f, lambda x, v: v, np.zeros(2))


def test_functions_that_raise_outside_of_their_domain():
    import math

    f = lambda x: np.array([math.log(float(x[0].real)), 1.0])
    truth = dt.directional_derivative(f, np.array([0.05]), np.ones(1))
    np.testing.assert_allclose(truth.value, [20.0, 0.0], rtol=1e-9, atol=1e-9)


def test_arguments_are_not_written_to():
    def f(x):
        x += 1
        return x * x

    x = np.array([1.0, 2.0])
    dt.check_jacobian(f, lambda x: np.diag(2 * (x + 1)), x)
    np.testing.assert_array_equal(x, [1.0, 2.0])


def test_extrapolation_is_exact_for_even_polynomials():
    steps = [2.0**-k for k in range(5)]
    value, bound = extrapolated(steps, [np.array([7 + h**2 - 3 * h**4]) for h in steps], np.zeros(1), 1)
    np.testing.assert_allclose(value, [7.0], rtol=1e-15)
    assert bound[0] <= 1e-13


def test_errors_name_what_was_got():
    with pytest.raises(ValueError, match=r"direction has shape \(3,\), the point \(2,\)"):
        dt.directional_derivative(np.sin, np.ones(2), np.ones(3))
    with pytest.raises(TypeError, match="must return an array of numbers, got str"):
        dt.directional_derivative(lambda x: "a", np.ones(2), np.ones(2))
    with pytest.raises(ValueError, match="one number"):
        dt.check_gradient(np.sin, np.cos, np.ones(2))
    with pytest.raises(TypeError, match="has no rule"):
        dt.check_rule(lambda x: x)
    with pytest.raises(ValueError, match="got 'exact'"):
        dt.check_jacobian(np.sin, np.cos, np.ones(2), truth="exact")


def test_dual_numbers_give_more_digits_where_values_have_lost_them():
    f = lambda x: 1e6 + np.sin(np.asarray(x).astype(float)) if type(x) is np.ndarray else 1e6 + np.sin(x)
    measured, dual = (dt.check_jacobian(f, lambda x: np.diag(np.cos(x)), np.array([1.0, 2.0]), truth=t) for t in ("measured", "dual"))
    assert dual.digits >= 13.5
    assert dual.digits > measured.digits + 3
    assert str(dual).endswith("that can be told")
