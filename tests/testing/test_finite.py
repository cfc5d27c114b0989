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


# Ways in which values lose their digits, of few to nearly all.
LOSSY = {
    **{f"offset 1e{p}": lambda f, o=10.0**p: lambda x: (f(np.asarray(x).real.astype(float)) + o) - o for p in (4, 8, 10, 12, 13, 14)},
    **{f"offset 1e{p} kept": lambda f, o=10.0**p: lambda x: f(np.asarray(x).real.astype(float)) + o for p in (4, 8, 10, 12, 13, 14)},
    **{f"{d} decimals": lambda f, d=d: lambda x: np.round(f(np.asarray(x).real.astype(float)), d) for d in (2, 4, 6, 8, 10)},
    **{f"of {d} decimals": lambda f, d=d: lambda x: f(np.round(np.asarray(x).real.astype(float), d)) for d in (2, 4, 6, 10)},
    "single precision": lambda f: lambda x: f(np.asarray(x).real.astype(np.float32)).astype(float),
    "half precision": lambda f: lambda x: f(np.asarray(x).real.astype(float)).astype(np.float16),
    "a solver's tolerance": lambda f: (
        lambda x: f(np.asarray(x).real) * (1 + 1e-8 * np.sin(1e17 * np.sin(np.asarray(x).real.astype(float))))
    ),
}
MOVING = {
    "exponential": (np.exp, np.exp, np.exp),
    "line": (lambda x: 3 * x - 1, lambda x: 3 + 0 * x, lambda x: 0 * x),
    "fast": (lambda x: np.sin(20 * x), lambda x: 20 * np.cos(20 * x), lambda x: -400 * np.sin(20 * x)),
}


@pytest.mark.parametrize("way", LOSSY)
@pytest.mark.parametrize("name", MOVING)
def test_where_digits_are_lost_the_bound_covers_it_or_nothing_is_said(name, way):
    f, slope, curvature = MOVING[name]
    seen = LOSSY[way](f)
    rng = np.random.default_rng(0)
    passed = 0
    for k in range(12):
        x = rng.uniform(0.5, 3, 2)
        x = np.round(x, 1) if k % 3 == 0 else x
        for order, exact in ((1, slope(x)), (2, curvature(x))):
            measured = (
                dt.directional_derivative(seen, x, np.ones(2))
                if order == 1
                else dt.second_directional_derivative(seen, x, *np.ones((2, 2)))
            )
            settled = np.all(np.isfinite(measured.bound)) and np.all(measured.bound <= 1e-4 * measured.scale)
            assert not settled or np.all(np.abs(measured.value - exact) <= 2 * measured.bound + 1e-12 * np.abs(exact).max())
        for factor in (1, 3):  # the right one passes or nothing is said; a wrong one never passes
            try:
                dt.check_jvp(seen, lambda x, v, a=factor: a * slope(x) * v, x, np.ones(2))
            except dt.Undecided:
                continue
            except dt.WrongDerivative:
                assert factor == 3
            else:
                assert factor == 1
                passed += 1
    if "1e4" in way or way in {"10 decimals", "of 10 decimals", "a solver's tolerance"}:
        assert passed == 12
    if "1e14" in way or way in {"2 decimals", "of 2 decimals", "half precision"}:
        assert passed == 0


def test_a_function_that_stands_still_has_slope_zero():
    relu = lambda x: np.maximum(x, 0)
    x = np.array([-0.05, -1.0, 0.4])
    dt.check_jvp(relu, lambda x, v: np.where(x > 0, v, 0.0), x)
    dt.check_jvp(np.floor, lambda x, v: 0 * v, np.array([0.4, 0.5]))
    with pytest.raises(dt.WrongDerivative, match="the derivative is 0 there"):
        dt.check_jvp(relu, lambda x, v: v, x)


# Many columns: combinations of them. -------------------------------------------------------------------------


def banded(x):
    return np.append(x[1:] ** 2, 0) * np.sin(x)


def banded_jacobian(x, at=None):
    j = np.diag(np.append(x[1:] ** 2, 0) * np.cos(x)) + np.diag(2 * x[1:] * np.sin(x[:-1]), 1)
    if at is not None:
        j[at] += 1e-3
    return j


def counted(f):
    def call(x):
        call.times += 1
        return f(x)

    call.times = 0
    return call


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_a_large_jacobian_takes_few_values_and_every_column_counts(kind):
    scipy_sparse = pytest.importorskip("scipy.sparse")
    made = {"dense": lambda j: j, "sparse": scipy_sparse.csr_array}[kind]
    x = np.random.default_rng(0).uniform(0.5, 2, 300)
    f = counted(banded)
    assert dt.check_jacobian(f, lambda x: made(banded_jacobian(x)), x, directions=8).digits > 11
    assert f.times < 8 * 130
    for column in range(0, 300, 61):
        with pytest.raises(dt.WrongDerivative, match=rf"direction  column {column}\n  first bad  index \[5\]"):
            dt.check_jacobian(banded, lambda x, j=column: made(banded_jacobian(x, (5, j))), x, directions=8)


def test_other_derivatives_of_many_variables():
    x = np.random.default_rng(0).uniform(0.5, 1.5, 60)
    f, gradient = lambda x: np.sum(x**4) / 4 + np.sum(x) ** 2 / 2, lambda x: x**3 + np.sum(x)
    hessian = lambda x, e=0.0: np.diag(3 * x**2) + 1 + e * np.outer(np.arange(60) == 7, np.arange(60) == 41)
    u = np.cos(np.arange(60.0))
    dt.check_gradient(f, gradient, x, directions=6)
    dt.check_hessian(f, hessian, x, directions=4)
    dt.check_hvp(f, lambda x, v: hessian(x) @ v, x, directions=6)
    dt.check_vjp(banded, lambda x, u: u @ banded_jacobian(x), x, directions=6)
    with pytest.raises(dt.WrongDerivative, match="column 41"):
        dt.check_gradient(f, lambda x: gradient(x) * np.where(np.arange(60) == 41, 1.01, 1), x, directions=6)
    with pytest.raises(dt.WrongDerivative, match="column (7 and column 41|41 and column 7)"):
        dt.check_hessian(f, lambda x: hessian(x, 1.0), x, directions=4)
    with pytest.raises(dt.WrongDerivative, match="column 7"):
        dt.check_hvp(f, lambda x, v: hessian(x, 1.0) @ v, x, directions=6)
    with pytest.raises(dt.WrongDerivative, match="column 41"):
        dt.check_vjp(banded, lambda x, u: u @ banded_jacobian(x, (7, 41)), x, u, directions=6)
    with pytest.raises(ValueError, match="directions must be at least 2, got 1"):
        dt.check_jacobian(banded, banded_jacobian, x, directions=1)


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
