"""Special functions of NumPy at every order, replacement of nan, and functions that call other functions."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._typing import Array, Function
from .registry import dispatching, elementwise, register
from .rule import REAL, ZERO, Composed, Domain, Edge, Elementwise
from .selection import base

_ORDER = Domain("orders", 0.0, 3.0, True)
_TERMS = 40


def _by_order(x: Any, n: Any, one: Function) -> Array:
    """Return one(x, k) where n is k, computed in double precision or better and returned in that of x."""
    x = np.asarray(x)
    wide, orders = x.astype(np.result_type(x.dtype, np.float64)), np.asarray(n)
    result = np.zeros(np.broadcast_shapes(x.shape, orders.shape), wide.dtype)
    for k in np.unique(orders):
        result = np.where(orders == k, one(wide, int(k)), result)
    return result.astype(x.dtype)[()]


# sinc. -------------------------------------------------------------------------------------------------------


def _sinc_one(x: Array, n: int) -> Array:
    """
    Return the n-th derivative of sin(πx) / (πx).

    With u = πx, u·f⁽ⁿ⁾(u) = sin⁽ⁿ⁾(u) - n·f⁽ⁿ⁻¹⁾(u), which is stable where |u| > n; nearer to 0 the power series
    Σₖ (-1)ᵏ u²ᵏ⁻ⁿ / ((2k+1)·(2k-n)!) has no cancellation to speak of.
    """
    u = math.pi * x
    near = np.abs(u) <= n + 1
    small, large = np.where(near, u, 0), np.where(near, 1, u)
    k = (n + 1) // 2
    term = (-1.0) ** k * (small if n % 2 else np.ones_like(small))  # u^(2k-n) / (2k-n)! with its sign
    series = term / (2 * k + 1)
    for _ in range(_TERMS):
        term = -term * small * small / ((2 * k - n + 1) * (2 * k - n + 2))
        k += 1
        series = series + term / (2 * k + 1)
    waves = [np.sin(large), np.cos(large)]
    far = waves[0] / large
    for j in range(1, n + 1):
        far = ((-1.0) ** (j // 2) * waves[j % 2] - j * far) / large
    return np.where(near, series, far) * math.pi**n


def _sinc_derivative(x: Any, n: Any) -> Array:
    """The n-th derivative of np.sinc."""
    return _by_order(x, n, _sinc_one)


_sinc_n = dispatching(_sinc_derivative)
register(
    Elementwise(_sinc_n, (lambda ans, x, n: _sinc_n(x, n + 1), ZERO), (lambda ans, x, n: _sinc_n(x, n + 2), ZERO, ZERO), (REAL, _ORDER)),
    under=_sinc_derivative,
)
elementwise(
    np.sinc,
    on=[REAL],
    d=[lambda ans, x: _sinc_n(x, 1)],
    dd=[lambda ans, x: _sinc_n(x, 2)],
    edges=[Edge((0.0,), (0.0,), (-(math.pi**2) / 3,)), Edge((1e-9,), (-(math.pi**2) / 3 * 1e-9,), (-(math.pi**2) / 3,))],
)


# Modified Bessel functions of whole order. -------------------------------------------------------------------


def _bessel_one(x: Array, n: int) -> Array:
    """Return Iₙ(x): the power series, whose terms have one sign, and far from 0 Hankel's expansion (DLMF 10.25.2, 10.40.1)."""
    a = np.abs(x)
    limit = 40.0 + n * n
    near = a <= limit
    small, large = np.where(near, a, 0) / 2, np.where(near, limit, a)
    term = small**n / math.factorial(n)
    series = term
    for k in range(1, 80 + 2 * n * n):
        term = term * small * small / (k * (k + n))
        series = series + term
    term = np.ones_like(large)
    tail = term
    for k in range(1, 40):
        term = -term * (4 * n * n - (2 * k - 1) ** 2) / (8 * k * large)
        tail = tail + term
    half = np.exp(large / 2)
    far = half / np.sqrt(2 * math.pi * large) * tail * half
    return np.where(near, series, far) * (np.sign(x) if n % 2 else 1)


def _bessel_i(x: Any, n: Any) -> Array:
    """The modified Bessel function of the first kind and whole order n."""
    return _by_order(x, n, _bessel_one)


_bessel_n = dispatching(_bessel_i)


def _bessel_slope(ans: Array, x: Array, n: Any) -> Array:
    return (_bessel_n(x, np.abs(n - 1)) + _bessel_n(x, n + 1)) / 2


def _bessel_curvature(ans: Array, x: Array, n: Any) -> Array:
    return (_bessel_n(x, np.abs(n - 2)) + 2 * _bessel_n(x, n) + _bessel_n(x, n + 2)) / 4


register(Elementwise(_bessel_n, (_bessel_slope, ZERO), (_bessel_curvature, ZERO, ZERO), (REAL, _ORDER)), under=_bessel_i)
elementwise(
    np.i0,
    on=[REAL],
    d=[lambda ans, x: _bessel_n(x, 1)],
    dd=[lambda ans, x: (_bessel_n(x, 0) + _bessel_n(x, 2)) / 2],
    edges=[Edge((0.0,), (0.0,), (0.5,)), Edge((-1.0,), (-0.565159103992485,))],
)


# Complex numbers, nan and infinity. --------------------------------------------------------------------------


def angle(z: Any, deg: bool = False) -> Array:
    a = np.arctan2(np.imag(z), np.real(z)) if z.dtype.kind == "c" else np.arctan2(0.0, z)
    return a * (180 / math.pi) if deg else a


def real_if_close(a: Any, tol: float = 100) -> Array:
    """Take the real part where NumPy does, by the imaginary parts of the values."""
    return a if np.iscomplexobj(np.real_if_close(base(a), tol)) else np.real(a)


def _replaced(x: Array, nan: Any, posinf: Any, neginf: Any) -> Array:
    values, info = base(x), np.finfo(x.dtype)
    x = np.where(np.isnan(values), nan, x) if np.any(np.isnan(values)) else x
    for infinity, given, default in ((math.inf, posinf, info.max), (-math.inf, neginf, info.min)):
        hit = values == infinity
        x = np.where(hit, default if given is None else given, x) if np.any(hit) else x
    return x


def nan_to_num(x: Array, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Array:
    if x.dtype.kind == "c":
        result = _replaced(np.real(x), nan, posinf, neginf) + 1j * _replaced(np.imag(x), nan, posinf, neginf)
    else:
        result = _replaced(x, nan, posinf, neginf)
    if result.dtype != x.dtype:
        result = result.astype(x.dtype)
    if copy:
        return np.copy(result) if result is x else result
    if result is not x:
        x[...] = result
    return x


# Functions that call functions. ------------------------------------------------------------------------------


def piecewise(x: Array, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Array:
    conditions = np.asarray([base(c) for c in condlist] if isinstance(condlist, (list, tuple)) else base(condlist), bool)
    if np.isscalar(condlist) or (conditions.ndim < np.ndim(x) + 1 and np.ndim(x) != 0) or conditions.ndim == 0:
        conditions = conditions[None]
    if len(funclist) == len(conditions) + 1:
        conditions = np.concatenate([conditions, ~np.any(conditions, axis=0, keepdims=True)])
    if len(conditions) != len(funclist):
        raise ValueError(
            f"piecewise: with {len(conditions)} condition(s), {len(conditions)} or {len(conditions) + 1} functions are expected"
        )
    y = np.zeros_like(x)
    for condition, func in zip(conditions, funclist, strict=True):
        if not callable(func):
            y[condition] = func
        elif np.any(condition):
            y[condition] = func(x[condition], *args, **kw)
    return y


def apply_along_axis(func1d: Function, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Array:
    nd = np.ndim(arr)
    at = np.lib.array_utils.normalize_axis_index(axis, nd)
    lines = np.moveaxis(arr, at, -1)
    outer = lines.shape[:-1]
    if 0 in outer:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    first, *rest = (func1d(lines[i], *args, **kwargs) for i in np.ndindex(outer))
    stacked = np.stack([first, *rest])
    made = stacked.ndim - 1
    result = np.reshape(stacked, outer + stacked.shape[1:])
    return np.moveaxis(result, range(len(outer), len(outer) + made), range(at, at + made))


def apply_over_axes(func: Function, a: Any, axes: Any) -> Array:
    nd = np.ndim(a)
    for axis in (axes,) if np.ndim(axes) == 0 else axes:
        at = axis % nd
        result = func(a, at)
        a = result if np.ndim(result) == np.ndim(a) else np.expand_dims(result, at)
        if np.ndim(a) != nd:
            raise ValueError("function is not returning an array of the correct shape")
    return a


_BODIES: dict[Any, Function] = {
    np.angle: angle, np.real_if_close: real_if_close, np.nan_to_num: nan_to_num, np.piecewise: piecewise,
    np.apply_along_axis: apply_along_axis, np.apply_over_axes: apply_over_axes,
}  # fmt: skip

for _func, _body in _BODIES.items():
    register(Composed(_func, _body))
