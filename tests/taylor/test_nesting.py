"""Series inside and outside other transforms: levels as Duals have them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dualmc as dm

from .nested import coefficients

D, T = dm.derivative, dm.taylor
X, V = np.array([0.3, 0.8, 1.2]), np.array([1.0, -1.0, 2.0])


def f(x):
    return np.sum(np.sin(x) * x[0] ** 2) + np.prod(x) + np.linalg.norm(x) * np.exp(x[1])


def nested(f, x, v, order):
    return np.stack(coefficients(f, x, v, order)[0])


class TestInside:
    """Another transform in the function that is expanded."""

    def test_a_derivative(self):
        np.testing.assert_allclose(T(lambda x: dm.jvp(np.sin, (x,), (1.0,))[1], 0.3, 1.0, 4), T(np.cos, 0.3, 1.0, 4), rtol=1e-15)
        np.testing.assert_array_equal(T(lambda x: D(lambda y: x * y * y)(x), 3.0, 1.0, 3), [18, 12, 2, 0])

    def test_the_outer_variable_is_constant_there(self):
        np.testing.assert_array_equal(T(lambda x: x * D(lambda y: x + y)(2.0), 3.0, 1.0, 2), [3, 1, 0])
        np.testing.assert_array_equal(T(lambda x: D(lambda y: x * x)(1.0), 3.0, 1.0, 2), [0, 0, 0])

    @pytest.mark.parametrize("transform", [dm.gradient, dm.hessian, lambda f: dm.jacobian(dm.gradient(f)), dm.laplacian])
    def test_gradients_and_hessians(self, transform):
        np.testing.assert_allclose(T(transform(f), X, V, 3), nested(transform(f), X, V, 3), rtol=1e-12, atol=1e-12)

    def test_a_direction_that_depends_on_the_outer_variable(self):
        np.testing.assert_array_equal(T(lambda a: dm.jvp(lambda x: x * x, (3.0,), (a,))[1], 2.0, 1.0, 2), [12, 6, 0])

    def test_a_buffer_of_the_inner_transform(self):
        def inner(x, a):
            y = np.zeros(3, like=x)
            y[0], y[1], y[2] = a, a * x[0], x[1] ** 2
            return y * y

        x, v = np.array([2.0, 3.0]), np.ones(2)
        c = T(lambda a: dm.jvp(lambda x: inner(x, a), (x,), (v,))[1], 5.0, 1.0, 2)
        np.testing.assert_allclose(c, [[0, 4 * 25, 4 * 27], [0, 2 * 5 * 2 * 2, 0], [0, 4, 0]])


class TestOutside:
    """Coefficients in a function that another transform differentiates."""

    def test_derivatives_of_coefficients_are_coefficients_of_derivatives(self):
        k = np.arange(5)
        c = T(np.tanh, 0.4, 1.0, 5)
        np.testing.assert_allclose(D(lambda x: T(np.tanh, x, 1.0, 4))(0.4), (k + 1) * c[1:], rtol=1e-14)

    def test_a_parameter(self):
        a, x, k = 2.0, 0.5, np.arange(5)
        factorials = np.array([1.0, 1, 2, 6, 24])
        truth = (k * a ** np.maximum(k - 1, 0) + a**k * x) * np.exp(a * x) / factorials
        np.testing.assert_allclose(D(lambda a: T(lambda x: np.exp(a * x), x, 1.0, 4))(a), truth, rtol=1e-14)

    @pytest.mark.parametrize("g", [f, lambda x: np.linalg.solve(np.outer(x, x) + np.eye(3), x)[0], lambda x: np.var(x) * np.max(x)])
    def test_gradients_and_hessians_of_a_coefficient(self, g):
        def third(x):
            return T(g, x, V, 3)[3]

        gradient = dm.gradient(third)
        h = 1e-5
        steps = [(gradient(X + h * e) - gradient(X - h * e)) / (2 * h) for e in np.eye(3)]
        slopes = [(third(X + h * e) - third(X - h * e)) / (2 * h) for e in np.eye(3)]
        size = np.abs(steps).max()
        np.testing.assert_allclose(gradient(X), slopes, rtol=1e-6, atol=1e-6 * size)
        np.testing.assert_allclose(dm.hessian(third)(X), steps, rtol=1e-6, atol=1e-6 * size)
        np.testing.assert_allclose(dm.jacobian(gradient)(X), dm.hessian(third)(X), rtol=1e-9, atol=1e-9 * size)

    def test_direction_and_point_may_move(self):
        # the second coefficient of x³ along v is 3·x·v²
        np.testing.assert_array_equal(D(lambda v: T(lambda x: x**3, 2.0, v, 2))(5.0), [0, 12, 60])
        np.testing.assert_array_equal(D(lambda x: T(lambda y: y**3, x, x, 2))(5.0), [75, 225, 225])

    def test_a_buffer_takes_outer_values(self):
        def outer(a):
            def inner(x):
                y = np.zeros(3, like=x)
                y[0], y[1], y[2] = a, a * x[0], x[1] ** 2
                return y * y

            return T(inner, np.array([2.0, 3.0]), np.ones(2), 2)

        # (a², a²(2+t)², (3+t)⁴)
        np.testing.assert_array_equal(D(outer)(5.0), [[10, 40, 0], [0, 40, 0], [0, 10, 0]])

    def test_a_buffer_with_a_view_is_refused_loudly(self):
        def outer(a):
            def inner(x):
                y = np.zeros(3, like=x)
                z = y[1:]
                y[0] = a
                return z * x[0]

            return T(inner, np.array([2.0]), np.ones(1), 1)

        with pytest.raises(TypeError, match="like="):
            D(outer)(5.0)


class TestSeriesOfSeries:
    def test_two_variables(self):
        c = T(lambda x: T(lambda y: np.sin(x * y), 1.0, 1.0, 2), 0.5, 1.0, 2)
        s, k = np.sin(0.5), np.cos(0.5)
        np.testing.assert_allclose(
            c, [[s, 0.5 * k, -s / 8], [k, k - s / 2, -(s + 0.25 * k) / 2], [-s / 2, -(2 * s + 0.5 * k) / 2, c[2, 2]]]
        )

    def test_three_levels(self):
        # ∂/∂y of 2·x·y·z at z = y is 4·x·y, and at y = x it is 4·x²
        g = lambda x: D(lambda y: T(lambda z: x * y * z * z, y, 1.0, 2)[1])(x)
        np.testing.assert_array_equal(T(g, 1.5, 1.0, 3), [9, 12, 4, 0])

    @settings(max_examples=20, deadline=None)
    @given(outer=st.integers(0, 3), inner=st.integers(0, 3))
    def test_mixed_partials_of_an_exponential(self, outer, inner):
        c = T(lambda x: T(lambda y: np.exp(2 * x + 3 * y), 0.1, 1.0, inner), 0.2, 1.0, outer)
        factorials = np.array([1.0, 1, 2, 6])
        p, q = np.arange(outer + 1)[:, None], np.arange(inner + 1)
        np.testing.assert_allclose(c, np.exp(0.7) * 2.0**p * 3.0**q / factorials[p] / factorials[q], rtol=1e-13)


class TestEscaped:
    def test_of_an_inner_call_raises(self):
        def g(x):
            kept = []
            T(lambda y: kept.append(y) or y, 1.0, 1.0, 1)
            return kept[0] * x

        with pytest.raises(TypeError, match="Series of an inner transform that has ended"):
            T(g, 2.0, 1.0, 1)
        with pytest.raises(TypeError, match="Series of an inner transform that has ended"):
            D(g)(2.0)

    def test_of_an_earlier_call_is_a_constant(self):
        kept = []
        T(lambda x: kept.append(x) or x, 3.0, 1.0, 2)
        assert dm.primal(D(lambda y: y * kept[0])(2.0)) == 3.0
        np.testing.assert_array_equal(dm.primal(T(lambda y: y * kept[0], 2.0, 1.0, 1)), [6, 3])

    def test_inner_value_in_an_outer_buffer(self):
        def outer(transform):
            def g(x):
                y = np.zeros(2, like=x)
                transform(lambda z: y.__setitem__(0, z[0]), x)
                return y

            return g

        for inner in (lambda f, x: T(f, x, np.ones(2), 2), lambda f, x: dm.jvp(f, (x,), (np.ones(2),))):
            for transform in (dm.jacobian, lambda f: lambda x: T(f, x, np.ones(2), 2)):
                with pytest.raises(TypeError, match="inner transform"):
                    transform(outer(inner))(np.ones(2))
