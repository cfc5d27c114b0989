"""Second order: all four compositions of forward and reverse agree, with each other and with differences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_memory import PROGRAMS

import dualmc as dm
from dualmc import testing as dt

COMPOSITIONS = {
    "forward over forward": lambda f: dm.jacobian(dm.gradient(f)),
    "forward over reverse": lambda f: dm.jacobian(dm.reverse.grad(f)),
    "reverse over forward": lambda f: dm.reverse.jacobian(dm.gradient(f)),
    "reverse over reverse": lambda f: dm.reverse.jacobian(dm.reverse.grad(f)),
}
L = np.linalg
E = np.eye(3) * [2.0, 4.0, 7.0]
MATRIX_FUNCTIONS = {
    "solve": lambda a: np.sum(L.solve(a, a[0]) ** 2),
    "det": lambda a: L.det(a) * L.slogdet(a)[1],
    "cholesky": lambda a: np.sum(np.sin(L.cholesky(a))),
    "eigh": lambda a: np.sum(L.eigh(a).eigenvalues ** 3),
    "svd": lambda a: np.sum(L.svd(a)[1] ** 3),
    "einsum": lambda a: np.einsum("ij,jk,ki->", a, np.sin(a), a),
}


def check(f, x, rtol=1e-9):
    hessians = {name: compose(f)(x) for name, compose in COMPOSITIONS.items()}
    hessians["reverse.hessian"] = dm.reverse.hessian(f, chunk_size=4)(x)
    expected = hessians["forward over forward"]
    for name, got in hessians.items():
        np.testing.assert_allclose(got, expected, rtol=rtol, atol=rtol * (1 + np.abs(expected).max()), err_msg=name)
    v = np.random.default_rng(5).normal(size=x.shape)
    product = np.tensordot(expected, v, axes=x.ndim)
    for got in (dm.reverse.hvp(f, (x,), (v,))[0], dm.reverse.grad(lambda x: dm.jvp(f, (x,), (v,))[1])(x)):
        np.testing.assert_allclose(got, product, rtol=rtol, atol=rtol * (1 + np.abs(product).max()))
    np.testing.assert_allclose(dm.linearize(dm.reverse.grad(f), x)[1](v), product, rtol=rtol, atol=rtol * (1 + np.abs(product).max()))


@pytest.mark.parametrize("name", MATRIX_FUNCTIONS)
def test_functions_of_matrices(name):
    a = np.random.default_rng(0).uniform(-0.3, 0.3, (3, 3))
    check(MATRIX_FUNCTIONS[name], E + a + a.T)
    hyper = dm.hessian(MATRIX_FUNCTIONS[name])(E + a + a.T)
    np.testing.assert_allclose(dm.reverse.hessian(MATRIX_FUNCTIONS[name])(E + a + a.T), hyper, rtol=1e-9, atol=1e-9 * np.abs(hyper).max())


@pytest.mark.parametrize("f", PROGRAMS.values(), ids=PROGRAMS)
def test_programs_that_write(f):
    check(lambda x: np.sum(f(x) ** 2), np.random.default_rng(0).uniform(0.3, 2, 6))


@settings(max_examples=25, deadline=None)
@given(program=dt.smooth_programs(6, 8), seed=st.integers(0, 1000))
def test_random_programs(program, seed):
    check(lambda x: np.sum(np.sin(program(x))), np.random.default_rng(seed).normal(size=6), 1e-8)


def test_third_order_by_any_mixture():
    for a in (dm.derivative, dm.reverse.grad):
        for b in (dm.derivative, dm.reverse.grad):
            for c in (dm.derivative, dm.reverse.grad):
                assert a(b(c(lambda x: x**4)))(2.0) == 48.0


@pytest.mark.parametrize("inner", [dm.derivative, dm.reverse.grad])
@pytest.mark.parametrize("outer", [dm.derivative, dm.reverse.grad])
def test_levels_do_not_mix(inner, outer):
    assert outer(lambda x: x * inner(lambda y: x + y)(1.0))(1.0) == 1.0
    assert outer(lambda x: inner(lambda y: x)(2.0) + x)(1.0) == 1.0
    assert outer(lambda x: inner(lambda y: x * y * y)(x))(3.0) == 12.0


def test_inner_buffers_take_outer_values():
    def outer(a):
        def inner(x):
            y = np.zeros(3, like=x)
            y[0] = a
            y[1] = a * x[0]
            y[2] = x[1] ** 2
            return np.sum(y * y)

        return dm.reverse.grad(inner)(np.array([2.0, 3.0]))

    # the gradient is (2 a² x0, 4 x1³)
    np.testing.assert_allclose(dm.derivative(outer)(5.0), [40.0, 0.0])
    np.testing.assert_allclose(dm.reverse.jacobian(outer)(5.0), [40.0, 0.0])


def test_zero_tangents_meet_infinite_factors_at_second_order():
    hessian = dm.jacobian(dm.reverse.grad(lambda x: np.sum(np.sqrt(x))))(np.array([0.0, 1.0]))
    np.testing.assert_array_equal(hessian, [[-np.inf, 0.0], [0.0, -0.25]])


class TestBesideOtherCarriers:
    """Hyper-duals and Taylor series inside and outside of reverse mode."""

    x, v = np.linspace(0.1, 0.9, 6), np.ones(6)

    @staticmethod
    def f(x):
        return np.sum(np.sin(x) * x[::-1] ** 2 / (1 + np.exp(x)))

    def test_taylor(self):
        def third(x):
            return dm.taylor(self.f, x, self.v, 3)[3]

        np.testing.assert_allclose(dm.reverse.grad(third)(self.x), dm.gradient(third)(self.x), rtol=1e-12, atol=1e-14)
        series = dm.taylor(dm.reverse.grad(self.f), self.x, self.v, 2)
        np.testing.assert_allclose(series[1], dm.reverse.hvp(self.f, (self.x,), (self.v,))[0], rtol=1e-12, atol=1e-14)

    def test_hyper_duals(self):
        def inside(x):
            return np.sum(dm.reverse.grad(self.f)(x) ** 2)

        np.testing.assert_allclose(dm.hessian(inside)(self.x), dm.jacobian(dm.gradient(inside))(self.x), rtol=1e-11, atol=1e-12)
        outside = dm.laplacian(self.f)
        np.testing.assert_allclose(dm.reverse.hessian(outside)(self.x), dm.hessian(outside)(self.x), rtol=1e-11, atol=1e-12)
