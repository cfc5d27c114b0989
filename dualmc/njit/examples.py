"""Derivatives of functions of one vector, which compile the loops over directions: their code on disk then serves all such functions."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numba
import numpy as np

from . import quick


def _sizes(widest: int) -> Iterator[int]:
    """Yield a number of inputs for each number of directions that a run carries, and one that takes several runs."""
    n = 1
    while n <= widest:
        yield n
        n *= 2
    yield widest + 1


def examples(dtype: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield the name of each loop and a function that compiles it: for results of one number and of a vector, and for f(t, y) by y."""
    number, vector = numba.njit(lambda x: x[0]), numba.njit(lambda x: x.copy())
    slope = numba.njit(lambda t, y: y.copy())
    for f in (number, vector):
        x = np.ones(1, dtype)
        yield "jvp", functools.partial(quick.jvp, f, (x,), (x,))
    for n in _sizes(quick.WIDEST):
        x = np.ones(n, dtype)
        for f, args, at in ((number, (x,), 0), (vector, (x,), 0), (slope, (0.0, x), 1)):
            yield f"jacobian by {n}", functools.partial(quick.jacobian, f, args, at)
    for n in _sizes(max(quick.BLOCK)):
        yield f"hessian by {n}", functools.partial(quick.hessian, number, (np.ones(n, dtype),), 0)
