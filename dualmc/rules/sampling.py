"""Grids and functions given by samples: differences, integrals, interpolation; in terms of other functions."""

import math
from typing import Any

import numpy as np

from .._typing import Array, Function
from ..errors import lost
from .registry import register
from .rule import Composed
from .selection import base

_PERIOD = 2 * math.pi


def _array(x: Any) -> Array:
    return x if hasattr(x, "dtype") else np.asarray(x)


def _carries(x: Any) -> bool:
    return hasattr(type(x), "_push_linear")


# Differences and integrals. ----------------------------------------------------------------------------------


def _spacing(h: Any, n: int) -> Array:
    """Return one step, or the steps between coordinates; equal steps are one unless they carry tangents."""
    h = _array(h)
    if np.ndim(h) == 0:
        return h
    if np.ndim(h) != 1:
        raise ValueError("gradient: distances must be either scalars or 1d")
    if len(h) != n:
        raise ValueError(f"gradient: an axis of length {n} has {len(h)} coordinates")
    steps = np.diff(h if h.dtype.kind in "fc" else h.astype(np.float64))
    return steps if _carries(steps) or not (steps == steps[0]).all() else steps[0]


def _slopes(f: Array, h: Array, edge_order: int) -> Array:
    """Return the differences along the last axis: central inside, one-sided of the given order at both ends."""
    left, middle, right = f[..., :-2], f[..., 1:-1], f[..., 2:]
    uniform = np.ndim(h) == 0
    if uniform:
        inside = (right - left) / (2.0 * h)
    else:
        a, b = h[:-1], h[1:]
        inside = -b / (a * (a + b)) * left + (b - a) / (a * b) * middle + a / (b * (a + b)) * right
    if edge_order == 1:
        first = (f[..., 1] - f[..., 0]) / (h if uniform else h[0])
        last = (f[..., -1] - f[..., -2]) / (h if uniform else h[-1])
    else:
        a, b, c, d = (h, h, h, h) if uniform else (h[0], h[1], h[-2], h[-1])
        first = -(2.0 * a + b) / (a * (a + b)) * f[..., 0] + (a + b) / (a * b) * f[..., 1] - a / (b * (a + b)) * f[..., 2]
        last = d / (c * (c + d)) * f[..., -3] - (d + c) / (c * d) * f[..., -2] + (2.0 * d + c) / (d * (c + d)) * f[..., -1]
    return np.concatenate([first[..., None], inside, last[..., None]], axis=-1)


def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    f = _array(f)
    f = f if f.dtype.kind in "fc" else f.astype(np.float64)
    axes = tuple(range(f.ndim)) if axis is None else np.lib.array_utils.normalize_axis_tuple(axis, f.ndim)
    if len(varargs) not in (0, 1, len(axes)) or (len(varargs) == 1 < len(axes) and np.ndim(varargs[0])):
        raise TypeError(f"gradient: {len(varargs)} spacings for {len(axes)} axes; give none, one number, or one for each axis")
    if edge_order not in (1, 2):
        raise ValueError("gradient: 'edge_order' greater than 2 not supported")
    given = varargs if len(varargs) == len(axes) else (varargs or (1.0,)) * len(axes)
    slopes = []
    for at, h in zip(axes, given, strict=True):
        if f.shape[at] < edge_order + 1:
            raise ValueError(f"gradient: an axis of length {f.shape[at]} is too small; at least edge_order + 1 entries are required")
        slope = np.moveaxis(_slopes(np.moveaxis(f, at, -1), _spacing(h, f.shape[at]), edge_order), -1, at)
        slopes.append(slope if slope.dtype == f.dtype else slope.astype(f.dtype))
    return slopes[0] if len(axes) == 1 else tuple(slopes)


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Array:
    y = np.moveaxis(_array(y), axis, -1)
    if x is None:
        d = dx
    else:
        x = _array(x)
        d = np.diff(x) if np.ndim(x) == 1 else np.moveaxis(np.diff(x, axis=axis), axis, -1)
    return np.sum(d * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1)


def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Array:
    flat = np.ravel(ary)
    for name, edge in (("to_end", to_end), ("to_begin", to_begin)):
        if edge is not None and not np.can_cast(base(edge), flat.dtype, "same_kind"):
            raise TypeError(f"ediff1d: dtype of {name} must be compatible with that of ary under the same_kind rule")
    parts = [to_begin, flat[1:] - flat[:-1], to_end]
    return np.concatenate([np.ravel(_array(p)).astype(flat.dtype) for p in parts if p is not None])


def unwrap(p: Array, discont: Any = None, axis: int = -1, *, period: Any = _PERIOD) -> Array:
    """Add the whole periods that NumPy adds; their number is constant."""
    flat, length = base(p), base(period) if _carries(period) else period
    turns = np.rint((np.unwrap(flat, discont, axis, period=length) - flat) / length)
    return p + turns.astype(flat.dtype) * period


def _with_initial(x: Array, result: Array, axis: Any, initial: float) -> Array:
    axis = 0 if axis is None else axis
    at = np.lib.array_utils.normalize_axis_index(axis, x.ndim)
    shape = tuple(1 if i == at else n for i, n in enumerate(x.shape))
    return np.concatenate([np.full(shape, initial, result.dtype), result], axis=at)


def _cumulative(name: str, func: Function, initial: float) -> Function:
    def body(x: Array, /, *, axis: Any = None, dtype: Any = None, out: None = None, include_initial: bool = False) -> Array:
        x = np.atleast_1d(x)
        if axis is None and x.ndim > 1:
            raise ValueError(f"{name}: for arrays which have more than one dimension axis is required")
        result = func(x, axis=axis, dtype=dtype)
        return _with_initial(x, result, axis, initial) if include_initial else result

    return body


# Interpolation. ----------------------------------------------------------------------------------------------


def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Array:
    """Follow the chord of the two samples around x; at a sample the one to its right, at the last one that to its left."""
    x, xp, fp = (_array(a) for a in (x, xp, fp))
    x, xp = (a.astype(np.float64) for a in (x, xp))
    fp = fp.astype(np.complex128 if fp.dtype.kind == "c" else np.float64)
    if xp.ndim != 1 or fp.ndim != 1:
        raise ValueError("interp: data points must be 1-D sequences")
    if len(xp) == 0:
        raise ValueError("interp: array of sample points is empty")
    if len(xp) != len(fp):
        raise ValueError(f"interp: fp and xp are not of the same length, {len(fp)} and {len(xp)}")
    if period is not None:
        if period == 0:
            raise ValueError("interp: period must be a non-zero value")
        period, left, right = abs(period), None, None
        x, xp = x % period, xp % period
        order = np.argsort(xp)
        xp, fp = xp[order], fp[order]
        xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
    n, at, knots = len(xp), base(x), base(xp)
    low, high = fp[0] if left is None else left, fp[-1] if right is None else right
    if n == 1:
        result = np.where(np.isnan(at), x, fp[0])
    else:
        j = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, n - 2)
        x0, f0 = xp[j], fp[j]
        slope = (fp[j + 1] - f0) / (xp[j + 1] - x0)
        chord = slope * (x - x0) + f0
        result = np.where(at == knots[-1], slope * (x - xp[-1]) + fp[-1], chord)
    return np.where(at < knots[0], low, np.where(at > knots[-1], high, result))[()]


# Grids. ------------------------------------------------------------------------------------------------------


def _fractions(num: Any, endpoint: bool) -> tuple[Array, int]:
    count = num.__index__()
    if count < 0:
        raise ValueError(f"Number of samples, {count}, must be non-negative.")
    return np.arange(count), count - 1 if endpoint else count


def _grid_dtype(name: str, dtype: Any, *ends: Any) -> Any:
    """Return the dtype asked for, or the inexact one of the end points; an integer one is refused."""
    if dtype is not None and np.dtype(dtype).kind not in "fc":
        raise lost(f"np.{name} with dtype={np.dtype(dtype).name}")
    return np.result_type(*(e if type(e) in _NUMBERS else base(e) for e in ends), 0.0) if dtype is None else dtype


_NUMBERS = (int, float, complex)


def linspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0,
    *, device: Any = None,
) -> Any:  # fmt: skip
    numbers, div = _fractions(num, endpoint)
    inner = _grid_dtype("linspace", None, start, stop)
    dtype = inner if dtype is None else _grid_dtype("linspace", dtype)
    start, stop = (_array(e).astype(inner) for e in (start, stop))
    delta = stop - start
    step: Any = delta / div if div > 0 else math.nan
    k = numbers.reshape(-1, *(1,) * delta.ndim).astype(inner)
    y = k * (step if div > 0 else delta) + start
    if endpoint and len(numbers) > 1:
        y = np.concatenate([y[:-1], np.broadcast_to(stop, delta.shape)[None]])
    y = np.moveaxis(y, 0, axis).astype(dtype)
    return (y, step) if retstep else y


def _logspace(start: Any, stop: Any, num: Any, endpoint: bool, radix: Any, dtype: Any, axis: int) -> Array:
    dtype = None if dtype is None else _grid_dtype("logspace", dtype)
    if np.ndim(radix):
        ends = [_array(a) for a in (start, stop, radix)]
        nd = max(a.ndim for a in ends)
        start, stop, radix = (np.reshape(a, (1,) * (nd - a.ndim) + a.shape) for a in ends)
        radix = np.expand_dims(radix, axis)
    result = np.power(radix, linspace(start, stop, num, endpoint, axis=axis))
    return result if dtype is None else result.astype(dtype)


def logspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0) -> Array:
    return _logspace(start, stop, num, endpoint, base, dtype, axis)


def geomspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Array:
    if np.any(base(start) == 0) or np.any(base(stop) == 0):
        raise ValueError("Geometric sequence cannot include zero")
    numbers, div = _fractions(num, endpoint)
    wide = np.result_type(base(start), base(stop), np.zeros((), dtype))
    dtype = wide if dtype is None else _grid_dtype("geomspace", dtype)
    start, stop = (_array(e).astype(wide) for e in (start, stop))
    ratio = stop / start
    k = numbers.reshape(-1, *(1,) * ratio.ndim).astype(np.finfo(wide).dtype)
    y = start * ratio ** (k / max(div, 1))
    if endpoint and len(numbers) > 1:
        y = np.concatenate([y[:-1], np.broadcast_to(stop, ratio.shape)[None]])
    return np.moveaxis(y, 0, axis).astype(dtype)


_BODIES: dict[Any, Function] = {
    np.gradient: gradient, np.trapezoid: trapezoid, np.ediff1d: ediff1d, np.unwrap: unwrap,
    np.cumulative_sum: _cumulative("cumulative_sum", np.cumsum, 0.0),
    np.cumulative_prod: _cumulative("cumulative_prod", np.cumprod, 1.0),
    np.interp: interp, np.linspace: linspace, np.logspace: logspace, np.geomspace: geomspace,
}  # fmt: skip

for _func, _body in _BODIES.items():
    register(Composed(_func, _body))
