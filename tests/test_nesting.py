"""Levels: derivatives of derivatives, closures over outer variables, threads."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dualmc as dm

D = dm.derivative


def push(f, x):
    """The derivative by jvp, so that both ways into a transform are tried."""
    return dm.jvp(f, (x,), (1.0,))[1]


@pytest.mark.parametrize("d", [lambda f: D(f), lambda f: lambda x: push(f, x)], ids=["derivative", "jvp"])
class TestPerturbationConfusion:
    def test_siskind_pearlmutter(self, d):
        assert d(lambda x: x * d(lambda y: x + y)(1.0))(1.0) == 1.0

    def test_inner_derivative_of_constant(self, d):
        assert d(lambda x: d(lambda y: x)(2.0) + x)(1.0) == 1.0
        assert d(lambda x: x * d(lambda y: x)(2.0))(3.0) == 0.0

    def test_mixed_product(self, d):
        assert d(lambda x: d(lambda y: x * y * y)(x))(3.0) == 12.0  # 2x² -> 4x

    def test_inner_point_depends_on_outer(self, d):
        assert d(lambda x: d(lambda y: y**3)(x * x))(2.0) == pytest.approx(3 * 4 * 2.0**3)  # 3x⁴ -> 12x³

    def test_three_levels(self, d):
        assert d(d(d(lambda x: x**4)))(2.0) == 48.0
        assert d(lambda x: d(lambda y: d(lambda z: x * y * z)(1.0))(1.0))(1.0) == 1.0

    def test_inner_closure_returned_and_called_later(self, d):
        def f(x):
            return lambda y: x * y

        def outer(x):
            g = f(x)
            return d(lambda y: g(y) * g(y))(1.0)  # 2x²

        assert d(outer)(3.0) == 12.0

    def test_derivative_operator_passed_through(self, d):
        """The example of Manzyuk et al.: shifting the argument of a function and then differentiating."""

        def shift(u):
            return lambda f: lambda x: f(x + u)

        g_hat = d(lambda u: shift(u)(np.sin)(0.5))(0.0)
        assert g_hat == pytest.approx(math.cos(0.5))
        assert d(lambda u: d(lambda x: shift(u)(np.sin)(x))(0.5))(0.0) == pytest.approx(-math.sin(0.5))

    def test_same_function_at_two_levels(self, d):
        def f(x, k):
            return d(lambda y: x * y * y)(x) if k == 0 else d(lambda y: f(y, 0) * x)(x)

        # f(x, 0) = 2x², so f(x, 1) = 4x·x and its derivative is 8x
        assert d(lambda x: f(x, 1))(3.0) == pytest.approx(24.0)


def test_outer_tangent_survives_inner_ones_that_are_equal():
    """Both variables have the same value and the same tangent; only their levels tell them apart."""
    hessian = dm.jacobian(lambda x: dm.jacobian(lambda y: x @ y + y @ y * x[0])(x))(np.array([1.0, 2.0]))
    # ∂/∂x [x + 2 y x0] at y = x, total: e_i + 2 x0 e_i + 2 x e_0
    np.testing.assert_allclose(hessian, np.eye(2) * 3 + np.array([[2.0, 0], [4.0, 0]]))


def test_gradient_of_jvp_and_jvp_of_gradient_agree():
    rng = np.random.default_rng(0)
    x, v = rng.normal(size=(2, 5))

    def f(x):
        return np.sum(np.sin(x) * np.roll(x, 1) ** 2)

    forward = dm.jvp(dm.gradient(f), (x,), (v,))[1]
    backward = dm.gradient(lambda x: dm.jvp(f, (x,), (v,))[1])(x)
    np.testing.assert_allclose(forward, backward, rtol=1e-13)


@pytest.mark.parametrize(
    "f", [lambda x, a: (x + a) * x, lambda x, a: x * (x + a), lambda x, a: (x + a) / (x - a), lambda x, a: (a - x) * (x + a)]
)
def test_a_plain_tangent_beside_a_nested_one(f):
    """x + a has a nested primal and a plain tangent; the product rule then adds a nested term to a plain one."""
    x, a, one = np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.ones(2)
    mixed = dm.jvp(lambda a: dm.jvp(lambda x: f(x, a), (x,), (one,))[1], (a,), (one,))[1]
    swapped = dm.jvp(lambda x: dm.jvp(lambda a: f(x, a), (a,), (one,))[1], (x,), (one,))[1]
    h = 1e-4
    steps = [s * t * f(x + s * h, a + t * h) for s in (1, -1) for t in (1, -1)]
    np.testing.assert_allclose(mixed, swapped, rtol=1e-14)
    np.testing.assert_allclose(mixed, sum(steps) / (4 * h * h), rtol=1e-6, atol=1e-6)


def test_tangent_may_depend_on_an_outer_variable():
    # d/da of the derivative of x² along a at x = 3 is 6
    assert D(lambda a: dm.jvp(lambda x: x * x, (3.0,), (a,))[1])(2.0) == 6.0


POLYNOMIALS = st.lists(st.integers(-3, 3), min_size=2, max_size=6)


@settings(max_examples=40, deadline=None)
@given(coefficients=POLYNOMIALS, x=st.floats(-2, 2), order=st.integers(1, 4))
def test_polynomials_at_every_order(coefficients, x, order):
    p = np.polynomial.Polynomial(coefficients)

    def f(x):
        total = 0.0
        for c in reversed(coefficients):
            total = total * x + c
        return total

    g = f
    for _ in range(order):
        g = D(g)
    assert g(x) == pytest.approx(p.deriv(order)(x), rel=1e-12, abs=1e-9)


def test_threads_do_not_share_levels():
    def work(k):
        x = np.linspace(0.1, 1.0, 20) * (k + 1)
        for _ in range(20):
            h = dm.jacobian(dm.gradient(lambda x: np.sum(np.sin(x) * x[0])))(x)
        expected = np.diag(-np.sin(x) * x[0])
        expected[0] += np.cos(x)
        expected[:, 0] += np.cos(x)
        np.testing.assert_allclose(h, expected, atol=1e-12)
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(12)))


def test_a_function_shared_by_threads_with_an_outer_dual():
    """Inner transforms run in threads on an outer variable: levels are per call, not per thread."""

    def outer(a):
        with ThreadPoolExecutor(3) as pool:
            parts = list(pool.map(lambda k: D(lambda x: a * x**k)(2.0), range(1, 5)))
        return sum(parts[1:], parts[0])

    assert D(outer)(5.0) == sum(k * 2.0 ** (k - 1) for k in range(1, 5))


class TestEscaped:
    def test_of_an_ended_inner_call_raises(self):
        kept = []

        def f(x):
            D(lambda y: kept.append(y) or y * y)(x)
            return kept[0] * x

        with pytest.raises(TypeError, match="inner transform that has ended"):
            D(f)(1.0)

    def test_of_an_earlier_call_is_a_constant(self):
        kept = []
        D(lambda x: kept.append(x) or x)(3.0)
        assert dm.primal(D(lambda y: y * kept[0])(2.0)) == 3.0

    def test_outer_dual_is_constant_inside(self):
        assert D(lambda x: D(lambda y: x * x)(1.0))(2.0) == 0.0


class TestBuffers:
    def test_inner_buffer_takes_outer_values(self):
        """A buffer made inside holds constants of the inner call, which are variables of the outer one."""

        def outer(a):
            def inner(x):
                y = np.zeros(3, like=x)
                y[0] = a
                y[1] = a * x[0]
                y[2] = x[1] ** 2
                return y * y

            return dm.jvp(inner, (np.array([2.0, 3.0]),), (np.array([1.0, 1.0]),))[1]

        # d/da of (0, 2 a² x0, 4 x1³) along ones: (0, 4 a x0, 0)
        np.testing.assert_allclose(D(outer)(5.0), [0.0, 40.0, 0.0])

    def test_buffer_with_a_view_is_refused_loudly(self):
        def outer(a):
            def inner(x):
                y = np.zeros(3, like=x)
                z = y[1:]
                y[0] = a
                return z * x[0]

            return dm.jvp(inner, (np.array([2.0]),), (np.array([1.0]),))[1]

        with pytest.raises(TypeError, match="like="):
            D(outer)(5.0)

    def test_inner_value_in_outer_buffer_is_refused(self):
        def outer(x):
            y = np.zeros(2, like=x)
            dm.jvp(lambda z: y.__setitem__(0, z[0]), (x,), (np.ones(2),))
            return y

        with pytest.raises(TypeError, match="inner transform"):
            dm.jacobian(outer)(np.ones(2))
