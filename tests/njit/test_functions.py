"""Laws of the functions generated from the rule table: compiled, they keep its promises at kinks and limit points."""

import math

import numba
import numpy as np
import pytest

import dualmc as dm
from dualmc.njit import functions

RULED = {f: r for f, r in functions._rules() if isinstance(f, np.ufunc) and len(r.d) < 3}
ABSENT = {np.heaviside, np.ldexp}
"""What Numba does not have, and what takes an integer."""
EDGES = {f: r for f, r in RULED.items() if r.edges and f not in ABSENT}


def compiled(f, n):
    return numba.njit((lambda x: f(x[0])) if n == 1 else (lambda x: f(x[0], x[1])))


def agree(found, expected):
    assert np.isnan(expected) if np.isnan(found) else np.isclose(found, expected, rtol=1e-12, atol=0), (found, expected)


@pytest.mark.parametrize("function", EDGES, ids=lambda f: f.__name__)
def test_kinks_and_limit_points(function):
    rule = EDGES[function]
    f = compiled(function, len(rule.d))
    for edge in rule.edges:
        x = np.array(edge.args)
        for got, expected in zip(dm.gradient(f)(x), edge.d, strict=True):
            agree(got, expected)
        assert dm.jvp(f, (x,), (np.zeros(x.size),))[1] == 0
        if edge.dd is not None:
            upper = dm.hessian(f)(x)[np.triu_indices(x.size)]
            for got, expected in zip(upper, edge.dd, strict=True):
                if expected is not None:
                    agree(got, expected)


def test_scaling_by_a_power_of_two():
    f = numba.njit(lambda x: np.ldexp(x[0], 3) + math.ldexp(x[1], -1))
    assert np.array_equal(dm.gradient(f)(np.array([0.0, 2.0])), [8.0, 0.5])
