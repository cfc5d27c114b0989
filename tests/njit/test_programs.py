"""Laws of compiled functions: their derivatives are those that differences of the same Python code measure, to both orders."""

import functools

import numba
import numpy as np
import pytest
from njit.programs import PROGRAMS

import dualmc as dm
from dualmc.testing import finite
from dualmc.trees import flatten

X = np.array([0.31, 0.83, 0.47, 0.62, 0.18, 0.71])
U, V = np.array([0.9, -0.4, 0.7, 1.1, -0.6, 0.5]), np.array([-0.3, 0.8, 0.6, -0.5, 1.0, 0.4])

COMPILED = {name: numba.njit(f) for name, (f, _) in PROGRAMS.items()}
SMOOTH = [name for name, (_, smooth) in PROGRAMS.items() if smooth]


LONG = {
    "arrays_in_place", "lengths_and_determinants", "made_without_a_dtype", "masks_and_indices", "orders", "products",
    "reductions", "reductions_along_an_axis", "running", "systems",
}  # fmt: skip
"""Programs that take long to compile for many directions, and are compiled for one."""


@functools.cache
def value_and_slope(name):
    """Return leaves of the value and of the derivative along V."""
    if name in LONG:
        return [flatten(part)[0] for part in dm.jvp(COMPILED[name], (X,), (V,))]
    value, jacobian = dm.value_and_jacobian(COMPILED[name])(X)
    return flatten(value)[0], [j @ V for j in flatten(jacobian)[0]]


def all_in_one(f):
    """f as a function that returns one array."""
    return lambda x: np.concatenate([np.ravel(y) for y in flatten(f(x))[0]])


def close(found, truth, allowed=1e-10):
    scale = np.max(np.abs(truth.value), initial=1.0)
    error = np.abs(found - truth.value)
    assert np.max(truth.bound) < 1e-4 * scale
    assert np.all(error <= 4 * truth.bound + allowed * scale)


@pytest.mark.parametrize("name", PROGRAMS)
def test_jacobians_are_what_differences_measure(name):
    slopes = np.concatenate([np.ravel(t) for t in value_and_slope(name)[1]])
    close(slopes, finite.directional_derivative(all_in_one(COMPILED[name].py_func), X, V))


@pytest.mark.parametrize("name", sorted(LONG.intersection(SMOOTH)))
def test_second_derivatives_are_what_second_differences_measure(name):
    f = COMPILED[name]
    second = dm.jvp(lambda x: dm.jvp(f, (x,), (U,))[1], (X,), (V,))[1]
    close(np.ravel(second), finite.second_directional_derivative(all_in_one(f.py_func), X, U, V), 1e-9)


@pytest.mark.parametrize("name", [name for name in SMOOTH if name not in LONG])
def test_hessians_are_what_second_differences_measure(name):
    f = COMPILED[name]
    hessian = np.concatenate([np.reshape(h, (-1, 6, 6)) for h in flatten(dm.hessian(f)(X))[0]])
    assert np.allclose(hessian, np.swapaxes(hessian, 1, 2), rtol=1e-13, atol=1e-13 * np.max(np.abs(hessian)))
    close(U @ hessian @ V, finite.second_directional_derivative(all_in_one(f.py_func), X, U, V), 1e-9)


@pytest.mark.parametrize("name", PROGRAMS)
def test_values_are_those_of_the_python_code(name):
    for y, z in zip(value_and_slope(name)[0], flatten(PROGRAMS[name][0](X))[0], strict=True):
        assert np.shape(y) == np.shape(z)
        assert np.allclose(y, z, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("name", ["loop_with_branches", "functions_of_math", "array_expressions"])
def test_values_are_those_of_the_compiled_code(name):
    for y, z in zip(value_and_slope(name)[0], flatten(COMPILED[name](X))[0], strict=True):
        assert type(y) is type(z) or type(z) is float
        assert np.allclose(y, z, rtol=4e-16, atol=0)
