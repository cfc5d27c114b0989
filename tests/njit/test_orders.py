"""Laws of nesting: derivatives of any order of a compiled function, in any order of modes, are those of the same Python code."""

import math

import mpmath
import numba
import numpy as np
import pytest
from njit.test_calls import WAYS, check

import dualmc as dm

X, U, V = np.array([0.3, 0.8, 0.5]), np.array([0.2, 0.5, 0.1]), np.array([1.0, 0.3, -0.4])


def energy(x):
    return np.sum(np.sin(x) * x[0] * x**2) * x[1]


compiled = numba.njit(energy)

HIGHER = {
    "jacobian of hessian": lambda f: dm.jacobian(dm.hessian(f))(X),
    "jacobian of jacobian of gradient": lambda f: dm.jacobian(dm.jacobian(dm.gradient(f)))(X),
    "jvp of hvp": lambda f: dm.jvp(lambda x: dm.hvp(f, (x,), (V,)), (X,), (U,)),
    "gradient of laplacian": lambda f: dm.gradient(dm.laplacian(f))(X),
    "laplacian of gradient": lambda f: dm.laplacian(lambda x: dm.gradient(f)(x) @ V)(X),
    "laplacian of jvp": lambda f: dm.laplacian(lambda x: dm.jvp(f, (x,), (V,))[1])(X),
    "reverse of jvp": lambda f: dm.reverse.grad(lambda x: dm.jvp(f, (x,), (V,))[1])(X),
    "reverse of jvp along a function": lambda f: dm.reverse.grad(lambda x: dm.jvp(f, (x,), (x * x,))[1])(X),
    "reverse by the direction of jvp": lambda f: dm.reverse.grad(lambda v: dm.jvp(f, (X,), (v,))[1])(V),
    "reverse of gradient": lambda f: dm.reverse.grad(lambda x: dm.gradient(f)(x) @ V)(X),
    "reverse of hessian": lambda f: dm.reverse.grad(lambda x: U @ dm.hessian(f)(x) @ V)(X),
    "reverse of laplacian": lambda f: dm.reverse.grad(dm.laplacian(f))(X),
    "reverse of reverse": lambda f: dm.reverse.grad(lambda x: dm.reverse.grad(f)(x) @ V)(X),
    "hessian of reverse": lambda f: dm.hessian(lambda x: dm.reverse.grad(f)(x) @ V)(X),
    "jacobian of reverse hvp": lambda f: dm.jacobian(lambda x: dm.reverse.hvp(f, (x,), (V,)))(X),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", HIGHER)
def test_nested_transforms_do_not_see_the_compiler(name, way):
    transformed = HIGHER[name]
    check(transformed(WAYS[way](compiled)), transformed(WAYS[way](energy)))


def test_derivatives_of_fourth_order_are_those_of_the_closed_form():
    f = numba.njit(lambda t: math.exp(2.0 * t) * math.sin(t) / (1 + t))
    derivative, truth = f, lambda t: mpmath.exp(2 * t) * mpmath.sin(t) / (1 + t)
    for order in range(1, 5):
        derivative = dm.derivative(derivative)
        assert np.isclose(derivative(0.4), float(mpmath.diff(truth, mpmath.mpf("0.4"), order)), rtol=1e-13)


@pytest.mark.parametrize(("function", "truth"), [(math.gamma, mpmath.gamma), (math.lgamma, mpmath.loggamma)], ids=["gamma", "lgamma"])
def test_gamma_and_its_logarithm_have_three_derivatives(function, truth):
    pytest.importorskip("scipy")
    f = numba.njit(lambda t: function(t))
    first, second = dm.derivative(f), dm.second_derivative(f)
    third = dm.derivative(dm.derivative(first))
    for t in (0.1, 1.0, 3.7, 20.0, -0.5, -2.3):
        for order, found in enumerate((first(t), second(t), third(t)), 1):
            assert np.isclose(found, float(mpmath.re(mpmath.diff(truth, t, order))), rtol=1e-12)
