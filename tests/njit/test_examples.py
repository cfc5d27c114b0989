"""What is compiled ahead of time is what other functions then use."""

import math

import numba
import numpy as np
import pytest

import dualmc as dm
from dualmc.njit import drivers
from dualmc.njit.examples import examples
from dualmc.njit.quick import BLOCK, WIDEST

X, V = np.array([0.3, 0.8, 0.5]), np.array([1.0, -0.5, 0.2])

CALLS = {
    "jvp": lambda: (dm.jvp(numba.njit(lambda x: np.sum(x * x)), (X,), (V,)), dm.jvp(numba.njit(lambda x: np.sin(x)), (X,), (V,))),
    "jacobian by 4": lambda: (
        dm.gradient(numba.njit(lambda x: x[0] * math.exp(x[1])))(X),
        dm.jacobian(numba.njit(lambda x: np.sin(x)))(X),
        dm.jacobian(numba.njit(lambda t, y: t * y * y), argnums=1)(0.5, X),
    ),
    "hessian by 4": lambda: dm.hessian(numba.njit(lambda x: x[0] * math.exp(x[1])))(X),
}


def built():
    """How many loops over directions there are in this process."""
    return sum(driver.cache_info().currsize for driver in (drivers.jvp, drivers.jacobian, drivers.hessian))


@pytest.mark.parametrize("name", CALLS)
def test_functions_find_their_loops(name):
    for found, compile_it in examples("float64"):
        if found == name:
            assert compile_it() is not None
    before = built()
    CALLS[name]()
    assert built() == before


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_there_is_a_loop_for_every_number_of_inputs(dtype):
    names = [name for name, _ in examples(dtype)]
    for order, most in (("jacobian", WIDEST), ("hessian", max(BLOCK))):
        sizes = {int(name.split()[-1]) for name in names if name.startswith(order)}
        assert {1 << (n - 1).bit_length() if n <= most else most + 1 for n in range(1, 100)} == sizes
