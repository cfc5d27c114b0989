"""Functions that see values only: positions, counts, comparisons and rounding. Their arguments go on without derivatives."""

from typing import Any

import numpy as np
from numba.core import types

from .arrays import Implementation, absent, is_array, value
from .extending import overload
from .types import Carrier, carries, number


def values(x: Any) -> Any:
    """Return numbers without derivatives, in an array or alone."""


@overload(values)
def _values(x: Any) -> Implementation:
    if isinstance(x, Carrier):
        return lambda x: value(x)  # noqa: PLW0108 - an intrinsic is not called from outside of a function
    if not is_array(x):
        return lambda x: x
    real = x.dtype.real

    def plain(x: Any) -> Any:
        out = np.empty(x.shape, real)
        for i in np.ndindex(x.shape):
            out[i] = value(x[i])
        return out

    return plain


def _any(*given: Any) -> bool:
    return any(isinstance(number(t), Carrier) for t in given)


@overload(np.searchsorted)
def _searchsorted(a: Any, v: Any, side: Any = "left") -> Implementation:
    return (lambda a, v, side="left": np.searchsorted(values(a), values(v), side)) if _any(a, v) else None


@overload(np.digitize)
def _digitize(x: Any, bins: Any, right: Any = False) -> Implementation:
    return (lambda x, bins, right=False: np.digitize(values(x), values(bins), right)) if _any(x, bins) else None


@overload(np.histogram)
def _histogram(a: Any, bins: Any = 10, range: Any = None) -> Implementation:
    if not _any(a, bins):
        return None
    default = absent(range)

    def histogram(a: Any, bins: Any = 10, range: Any = None) -> Any:
        return np.histogram(values(a), bins) if default else np.histogram(values(a), bins, range)

    return histogram


@overload(np.isclose)
def _isclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: Any = False) -> Implementation:
    if not _any(a, b):
        return None
    return lambda a, b, rtol=1e-05, atol=1e-08, equal_nan=False: np.isclose(values(a), values(b), rtol, atol, equal_nan)


@overload(np.argpartition)
def _argpartition(a: Any, kth: Any) -> Implementation:
    return (lambda a, kth: np.argpartition(values(a), kth)) if is_array(a) else None


@overload(np.linalg.matrix_rank)
def _matrix_rank(A: Any, tol: Any = None) -> Implementation:
    return (lambda A, tol=None: np.linalg.matrix_rank(values(A), tol)) if is_array(A) else None


@overload(np.round)
@overload(np.around)
def _round(a: Any, decimals: Any = 0, out: Any = None) -> Implementation:
    if not carries(a) or not absent(out):
        return None
    if not is_array(a):
        return lambda a, decimals=0, out=None: np.round(value(a), decimals)
    real = a.dtype.real

    def rounded(a: Any, decimals: Any = 0, out: Any = None) -> Any:
        result = np.empty(a.shape, real)
        np.round(values(a), decimals, result)
        return result

    return rounded


@overload(round)
def _round_to(x: Any, digits: Any) -> Implementation:
    return (lambda x, digits: round(value(x), digits)) if isinstance(x, Carrier) and isinstance(digits, types.Integer) else None
