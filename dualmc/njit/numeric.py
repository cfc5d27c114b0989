"""Parts of numbers, grids, differences and samples: functions of NumPy written in terms of others."""

import math
from typing import Any

import numpy as np
from numba.core import types

from .arrays import Implementation, absent, as_array, is_array, is_number, value
from .extending import overload, register_jitable
from .types import Carrier, carries, number
from .ways import method

# Parts of numbers. ---------------------------------------------------------------------------------------------------


@overload(np.real)
def _real(val: Any) -> Implementation:
    return (lambda val: val) if isinstance(number(val), Carrier) else None


@overload(np.imag)
def _imag(val: Any) -> Implementation:
    if is_array(val):
        return lambda val: np.zeros_like(val)  # noqa: PLW0108
    return (lambda val: 0.0) if isinstance(val, Carrier) else None


@overload(np.conjugate)
def _conjugate(x: Any) -> Implementation:
    if is_array(x):
        return lambda x: x.copy()
    return (lambda x: x) if isinstance(x, Carrier) else None


@overload(np.isscalar)
def _isscalar(element: Any) -> Implementation:
    return (lambda element: True) if isinstance(element, Carrier) else None


@overload(pow)
def _pow(base: Any, exp: Any) -> Implementation:
    return (lambda base, exp: base**exp) if carries(base) or carries(exp) else None


def _astype(a: Any, dtype: Any) -> Any:
    """Stand for the method."""


@overload(_astype)
def _in_precision(a: Any, dtype: Any) -> Implementation:
    real = dtype.dtype
    entry = a.dtype.of(real) if isinstance(real, types.Float) else real

    def astype(a: Any, dtype: Any) -> Any:
        out = np.empty(a.shape, entry)
        out[...] = a
        return out

    return astype


method("astype", _astype)


@overload(np.sinc)
def _sinc(x: Any) -> Implementation:
    if is_array(x):

        def of_array(x: Any) -> Any:
            out = np.empty_like(x)
            for i in np.ndindex(x.shape):
                out[i] = np.sinc(x[i])
            return out

        return of_array
    if not isinstance(x, Carrier):
        return None

    def sinc(x: Any) -> Any:
        y = math.pi * x
        if abs(value(y)) > SERIES:
            return np.sin(y) / y
        series = 1.0 + 0.0 * y
        for k in range(8, 0, -1):
            series = 1.0 - y * y / (2.0 * k * (2.0 * k + 1.0)) * series
        return series

    return sinc


SERIES = 0.5
"""Up to here the series of sinc is exact to rounding, and so are its derivatives, which sin(y)/y loses to cancellation."""


@overload(np.nan_to_num)
def _nan_to_num(x: Any, copy: Any = True, nan: Any = 0.0) -> Implementation:
    if is_array(x):

        def of_array(x: Any, copy: Any = True, nan: Any = 0.0) -> Any:
            out = x.copy()
            for i in np.ndindex(x.shape):
                out[i] = np.nan_to_num(x[i], True, nan)
            return out

        return of_array
    if not isinstance(x, Carrier):
        return None
    t = types.float64 if x.real is types.float64 else types.float32
    largest = float(np.finfo(str(t)).max)

    def of_number(x: Any, copy: Any = True, nan: Any = 0.0) -> Any:
        v = value(x)
        if np.isfinite(v):
            return x
        return nan if np.isnan(v) else math.copysign(largest, v)

    return of_number


# Grids. --------------------------------------------------------------------------------------------------------------


@overload(np.linspace)
def _linspace(start: Any, stop: Any, num: Any = 50) -> Implementation:
    carrier = next((t for t in (start, stop) if isinstance(t, Carrier)), None)
    if carrier is None or not is_number(start) or not is_number(stop):
        return None

    def linspace(start: Any, stop: Any, num: Any = 50) -> Any:
        out = np.empty(num, carrier)
        for i in range(num):
            out[i] = start + i * ((stop - start) / (num - 1)) if i else start + 0.0 * stop
        if num > 1:
            out[num - 1] = stop
        return out

    return linspace


@overload(np.logspace)
def _logspace(start: Any, stop: Any, num: Any = 50) -> Implementation:
    return (lambda start, stop, num=50: 10.0 ** np.linspace(start, stop, num)) if carries(start) or carries(stop) else None


@overload(np.geomspace)
def _geomspace(start: Any, stop: Any, num: Any = 50) -> Implementation:
    if not carries(start) and not carries(stop):
        return None

    def geomspace(start: Any, stop: Any, num: Any = 50) -> Any:
        out = np.exp(np.linspace(np.log(start), np.log(stop), num))
        if num:
            out[0] = start
        if num > 1:
            out[num - 1] = stop
        return out

    return geomspace


@overload(np.full_like)
def _full_like(arr: Any, fill_value: Any, dtype: Any = None, shape: Any = None) -> Implementation:
    if not isinstance(fill_value, Carrier) or not isinstance(arr, types.Array) or is_array(arr) or not absent(dtype, shape):
        return None

    def full_like(arr: Any, fill_value: Any, dtype: Any = None, shape: Any = None) -> Any:
        return np.full(arr.shape, fill_value)

    return full_like


@overload(np.fill_diagonal)
def _fill_diagonal(a: Any, val: Any) -> Implementation:
    if not is_array(a, 2) or not is_number(val):
        return None

    def fill_diagonal(a: Any, val: Any) -> None:
        for i in range(min(a.shape)):
            a[i, i] = val

    return fill_diagonal


@overload(np.append)
def _append(arr: Any, values: Any) -> Implementation:
    if not (carries(arr) or carries(values)) or not (is_number(arr) or is_number(values)):
        return None
    return lambda arr, values: np.append(np.atleast_1d(as_array(arr)), np.atleast_1d(as_array(values)))


@overload(np.vander)
def _vander(x: Any, N: Any = None) -> Implementation:
    if not is_array(x, 1):
        return None
    square = absent(N)

    def vander(x: Any, N: Any = None) -> Any:
        n = x.size if square else N
        out = np.empty((x.size, n), x.dtype)
        for i in range(x.size):
            for j in range(n):
                out[i, j] = x[i] ** (n - 1 - j)
        return out

    return vander


# Differences and samples. --------------------------------------------------------------------------------------------


@overload(np.ediff1d)
def _ediff1d(ary: Any) -> Implementation:
    return (lambda ary: np.diff(ary.ravel())) if is_array(ary) else None


@overload(np.interp)
def _interp(x: Any, xp: Any, fp: Any) -> Implementation:
    if not any(isinstance(number(t), Carrier) for t in (x, xp, fp)):
        return None
    carrier = next(number(t) for t in (x, xp, fp) if isinstance(number(t), Carrier))
    if not isinstance(x, types.Array):
        return lambda x, xp, fp: _chord(x, xp, fp)  # noqa: PLW0108 - what Numba compiles has to be a function

    def of_array(x: Any, xp: Any, fp: Any) -> Any:
        out = np.empty(x.shape, carrier)
        for i in np.ndindex(x.shape):
            out[i] = _chord(x[i], xp, fp)
        return out

    return of_array


@register_jitable
def _chord(x: Any, xp: Any, fp: Any) -> Any:
    """Follow the chord of the samples around x: at a sample the one to its right, at the last one that to its left."""
    n, at = xp.size, value(x)
    if n == 0 or n != fp.size:
        raise ValueError("interp: samples must be as many as their places, and at least one")
    if at < value(xp[0]) or n == 1:
        return fp[0]
    if at > value(xp[n - 1]):
        return fp[n - 1]
    low, high = 0, n - 1
    while high - low > 1:
        middle = (low + high) // 2
        if value(xp[middle]) <= at:
            low = middle
        else:
            high = middle
    slope = (fp[high] - fp[low]) / (xp[high] - xp[low])
    if at == value(xp[n - 1]):
        return slope * (x - xp[n - 1]) + fp[n - 1]
    return slope * (x - xp[low]) + fp[low]
