"""
Functions that have branch-free code of their own (kernels.vmath), in place of calls of the mathematical library, where that pays.

With one direction LLVM vectorises loops over such code, two to six times as fast; with several, only numbers whose value and
slope share work gain (bench/bench_njit.py: functions).
"""

import functools
import math
from typing import Any

import numpy as np
from numba.core import types

from ..kernels import vmath
from ..kernels._jit import FMA, device

WITH_ONE = (
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sinh", "cosh", "tanh", "arcsinh", "arctanh", "arcsin", "arccos",
    "arctan", "arctan2", "tan", "cbrt", "hypot",
)  # fmt: skip
WITH_SEVERAL = ("sin", "cos", "sinh", "cosh", "expm1", "hypot", "arctan2")

_FLOATS = frozenset((types.float64, types.float32))


@functools.cache
def _within(name: str) -> Any:
    """Return the function, which beyond its limit is that of the mathematical library."""
    function = getattr(vmath, name)
    limit = vmath.LIMITS.get(name)
    if limit is None:
        return function
    beyond = getattr(math, name)
    return device(lambda x: function(x) if abs(x) <= limit else beyond(x))


def instead(ufunc: Any, argument_types: tuple[Any, ...], directions: int) -> Any:
    """Return the type of the function that takes the place of a ufunc in numbers with so many directions, or None."""
    names = () if not directions or not FMA else WITH_ONE if directions == 1 else WITH_SEVERAL
    if not isinstance(ufunc, np.ufunc) or ufunc.__name__ not in names or not _FLOATS.issuperset(argument_types):
        return None
    return types.Dispatcher(_within(ufunc.__name__))
