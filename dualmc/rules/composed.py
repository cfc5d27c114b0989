"""NumPy functions written in terms of others; each takes the arguments of the function it stands for."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._typing import Array, Function, Shape
from ..errors import not_supported
from ..linear_op import LinearOp
from .elementwise import bounded, chosen
from .linear import sum_op
from .registry import dispatching, register
from .rule import Composed, Weighted
from .selection import base

_where3, _clip3 = dispatching(chosen), dispatching(bounded)


# Choice. -----------------------------------------------------------------------------------------------------


def where(condition: Any, *choices: Any) -> Any:
    return _where3(condition, *choices) if choices else np.nonzero(condition)


def clip(a: Array, a_min: Any = None, a_max: Any = None, out: None = None, *, min: Any = None, max: Any = None, **kwargs: Any) -> Array:
    if kwargs.get("where", True) is not True:
        not_supported("clip", "where", kwargs["where"], "use np.where(where, np.clip(x, low, high), x)")
    x = a.astype(kwargs["dtype"]) if kwargs.get("dtype") is not None else a
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    return _clip3(x, -math.inf if low is None else low, math.inf if high is None else high)


def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Array:
    if len(condlist) != len(choicelist):
        raise ValueError(f"select: condlist has {len(condlist)} entries and choicelist {len(choicelist)}")
    result = default
    for condition, choice in zip(condlist[::-1], choicelist[::-1], strict=True):
        result = np.where(condition, choice, result)
    return result


def choose(a: Any, choices: Any, mode: Any = "raise") -> Array:
    index = np.choose(base(a).astype(np.intp), list(range(len(choices))), mode=mode)
    result = choices[0]
    for k in range(len(choices)):
        result = np.where(index == k, choices[k], result)
    return result


# Means and spreads. ------------------------------------------------------------------------------------------


def _count(shape: Shape, axis: Any, where: Any, keepdims: Any) -> Any:
    """Return how many entries each mean is over: an int, or an array for a mask."""
    if where is True:
        axes = range(len(shape)) if axis is None else np.lib.array_utils.normalize_axis_tuple(axis, len(shape))
        return math.prod(shape[i] for i in axes)
    return np.sum(np.broadcast_to(base(where), shape), axis=axis, keepdims=keepdims)


def _divided(total: Array, n: Any) -> Array:
    """Return total / n in the precision of total."""
    return total / (n if type(n) is int else np.asarray(n, np.finfo(total.dtype).dtype))


def mean(a: Array, axis: Any = None, dtype: Any = None, out: None = None, keepdims: Any = False, *, where: Any = True) -> Array:
    total = np.sum(a, axis=axis, dtype=dtype, keepdims=keepdims, where=where)
    return _divided(total, _count(a.shape if hasattr(a, "shape") else np.shape(a), axis, where, keepdims))


def variance(x: Array, axis: Any, ddof: Any, keepdims: Any) -> Array:
    """np.var of all entries."""
    return np.var(x, axis=axis, ddof=ddof, keepdims=keepdims)


def _variance_terms(x: Array, axis: Any, ddof: Any, keepdims: Any) -> tuple[Array, Array, LinearOp]:
    """Return ∂var/∂xᵢ = 2(xᵢ - mean)/(n - ddof); that of the mean drops out."""
    center = np.conjugate(x - np.mean(x, axis=axis, keepdims=True))
    center *= 2 / n if (n := _count(x.shape, axis, True, keepdims) - ddof) > 0 else math.nan
    return variance(x, axis, ddof, keepdims), center, sum_op(x.shape, axis, keepdims=keepdims)


register(Weighted(variance, _variance_terms))
_variance = dispatching(variance)


def var(
    a: Array, axis: Any = None, dtype: Any = None, out: None = None, ddof: Any = 0, keepdims: Any = False,
    *, where: Any = True, mean: Any = None, correction: Any = None,
) -> Array:  # fmt: skip
    ddof = ddof if correction is None else correction
    if mean is None and dtype is None and where is True:
        return _variance(a, axis, ddof, keepdims)
    center = np.mean(a, axis=axis, dtype=dtype, keepdims=True, where=where) if mean is None else mean
    x = a - center
    squares = np.real(x * np.conjugate(x)) if a.dtype.kind == "c" else x * x
    n = _count(np.shape(a), axis, where, keepdims) - ddof
    total = np.sum(squares, axis=axis, dtype=dtype, keepdims=keepdims, where=where)
    return _divided(total, max(n, 0) if where is True else np.maximum(n, 0))


def std(a: Array, axis: Any = None, dtype: Any = None, out: None = None, ddof: Any = 0, keepdims: Any = False, **kwargs: Any) -> Array:
    return np.sqrt(var(a, axis=axis, dtype=dtype, ddof=ddof, keepdims=keepdims, **kwargs))


def average(a: Array, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False) -> Any:
    if weights is None:
        avg = np.mean(a, axis=axis, keepdims=keepdims)
        return (avg, np.full(np.shape(avg), _count(np.shape(a), axis, True, keepdims), avg.dtype)[()]) if returned else avg
    a, w = (x if hasattr(x, "dtype") else np.asarray(x) for x in (a, weights))
    if w.shape != a.shape:
        if axis is None:
            raise TypeError("average: axis must be given when a and weights differ in shape")
        axes = np.lib.array_utils.normalize_axis_tuple(axis, a.ndim)
        if w.shape != tuple(a.shape[i] for i in axes):
            raise ValueError(f"average: weights have shape {w.shape}, the averaged axes {tuple(a.shape[i] for i in axes)}")
        w = np.transpose(w, np.argsort(axes))
        w = np.reshape(w, tuple(n if i in axes else 1 for i, n in enumerate(a.shape)))
    scale = np.sum(w, axis=axis, dtype=np.result_type(a.dtype, w.dtype), keepdims=keepdims)
    if np.any(scale == 0):
        raise ZeroDivisionError("average: weights sum to zero, can't be normalized")
    avg = np.sum(a * w, axis=axis, keepdims=keepdims) / scale
    scale = scale if np.shape(scale) == np.shape(avg) else np.copy(np.broadcast_to(scale, np.shape(avg)))
    return (avg, scale) if returned else avg


def ptp(a: Array, axis: Any = None, out: None = None, keepdims: Any = False) -> Array:
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


def merged_axes(a: Array, axis: Any) -> tuple[Array, Shape]:
    """Return a with the reduced axes merged into the last one, and the shape that keepdims asks for."""
    shape = np.shape(a)
    axes = tuple(range(len(shape))) if axis is None else np.lib.array_utils.normalize_axis_tuple(axis, len(shape))
    rest = tuple(i for i in range(len(shape)) if i not in axes)
    kept = tuple(1 if i in axes else n for i, n in enumerate(shape))
    moved = np.transpose(a, rest + axes)
    merged = math.prod(shape[i] for i in axes)
    return np.reshape(moved, (*(shape[i] for i in rest), merged)), kept


def _middle(a: Array, axis: Any, keepdims: Any, *, skip_nan: bool) -> Array:
    flat, kept = merged_axes(a, axis)
    s, missing = np.sort(flat, axis=-1), np.isnan(base(flat))
    n = np.sum(~missing, axis=-1, keepdims=True) if skip_nan else np.full((*missing.shape[:-1], 1), missing.shape[-1])
    low = np.take_along_axis(s, np.maximum((n - 1) // 2, 0), axis=-1)[..., 0]
    high = np.take_along_axis(s, np.minimum(n // 2, missing.shape[-1] - 1), axis=-1)[..., 0]
    result = np.where((n % 2 == 1)[..., 0], low, (low + high) / 2)
    bad = np.all(missing, axis=-1) if skip_nan else np.any(missing, axis=-1)
    result = np.where(bad, np.nan, result) if np.any(bad) else result
    return np.reshape(result, kept) if keepdims else result[()]


def median(a: Array, axis: Any = None, out: None = None, overwrite_input: bool = False, keepdims: Any = False) -> Array:
    return np.mean(a, axis=axis, keepdims=keepdims) if 0 in np.shape(a) else _middle(a, axis, keepdims, skip_nan=False)


def nanmedian(a: Array, axis: Any = None, out: None = None, overwrite_input: bool = False, keepdims: Any = False) -> Array:
    return np.mean(a, axis=axis, keepdims=keepdims) if 0 in np.shape(a) else _middle(a, axis, keepdims, skip_nan=True)


# Reductions that skip nan: the tangent of a replaced entry is dropped. ---------------------------------------


def _present(a: Array, where: Any = True) -> Array:
    return ~np.isnan(base(a)) & base(where)


def _without_nan(a: Array, value: float) -> Array:
    return np.where(np.isnan(a), value, a)


def nansum(a: Array, axis: Any = None, dtype: Any = None, out: None = None, keepdims: Any = False, **kwargs: Any) -> Array:
    return np.sum(_without_nan(a, 0), axis=axis, dtype=dtype, keepdims=keepdims, **kwargs)


def nanprod(a: Array, axis: Any = None, dtype: Any = None, out: None = None, keepdims: Any = False, **kwargs: Any) -> Array:
    return np.prod(_without_nan(a, 1), axis=axis, dtype=dtype, keepdims=keepdims, **kwargs)


def nanmean(a: Array, axis: Any = None, dtype: Any = None, out: None = None, keepdims: Any = False, *, where: Any = True) -> Array:
    return np.mean(_without_nan(a, 0), axis=axis, dtype=dtype, keepdims=keepdims, where=_present(a, where))


def nanvar(
    a: Array,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    ddof: Any = 0,
    keepdims: Any = False,
    *,
    where: Any = True,
    **kwargs: Any,
) -> Array:
    present = _present(a, where)
    result = var(_without_nan(a, 0), axis=axis, dtype=dtype, ddof=ddof, keepdims=keepdims, where=present, **kwargs)
    few = np.sum(present, axis=axis, keepdims=keepdims) <= kwargs.get("correction", ddof)
    return np.where(few, np.nan, result) if np.any(few) else result


def nanstd(a: Array, axis: Any = None, dtype: Any = None, out: None = None, ddof: Any = 0, keepdims: Any = False, **kwargs: Any) -> Array:
    return np.sqrt(nanvar(a, axis=axis, dtype=dtype, ddof=ddof, keepdims=keepdims, **kwargs))  # NumPy does not dispatch on mean=


def _nan_extremum(func: Function, worst: float) -> Function:
    def body(a: Array, axis: Any = None, out: None = None, keepdims: Any = False, **kwargs: Any) -> Array:
        result = func(_without_nan(a, worst), axis=axis, keepdims=keepdims, **kwargs)
        empty = ~np.any(_present(a, kwargs.get("where", True)), axis=axis, keepdims=keepdims)
        return np.where(empty, np.nan, result) if np.any(empty) and "initial" not in kwargs else result

    return body


def nancumsum(a: Array, axis: Any = None, dtype: Any = None) -> Array:
    return np.cumsum(_without_nan(a, 0), axis=axis, dtype=dtype)


def nancumprod(a: Array, axis: Any = None, dtype: Any = None) -> Array:
    return np.cumprod(_without_nan(a, 1), axis=axis, dtype=dtype)


# Running products and differences. ---------------------------------------------------------------------------


def _scan_product(x: Array) -> Array:
    """Return the running product along the last axis, pair by pair: O(n) work in log2(n) steps, no division."""
    n = x.shape[-1]
    if n <= 1:
        return x
    half = n // 2
    odd = _scan_product(x[..., : 2 * half : 2] * x[..., 1 : 2 * half : 2])
    even = np.concatenate([x[..., :1], odd[..., : (n - 1) // 2] * x[..., 2::2]], axis=-1)
    both = np.reshape(np.stack([even[..., :half], odd], axis=-1), (*x.shape[:-1], 2 * half))
    return np.concatenate([both, even[..., half:]], axis=-1) if n % 2 else both


def cumprod(a: Array, axis: Any = None, dtype: Any = None, out: None = None) -> Array:
    a = a if dtype is None else a.astype(dtype)
    if axis is None:
        return +_scan_product(np.ravel(a))
    return +np.moveaxis(_scan_product(np.moveaxis(a, axis, -1)), -1, axis)


def diff(a: Array, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Array:
    if n < 0:
        raise ValueError(f"diff: n must be at least 0, got {n}")
    if n == 0:
        return a
    axis = np.lib.array_utils.normalize_axis_index(axis, np.ndim(a))
    one = tuple(1 if i == axis else k for i, k in enumerate(np.shape(a)))

    def edge(e: Any) -> Array:
        return np.broadcast_to(e, one) if np.ndim(e) == 0 else e

    parts = [*([] if prepend is None else [edge(prepend)]), a, *([] if append is None else [edge(append)])]
    a = np.concatenate(parts, axis=axis) if len(parts) > 1 else a
    rest = (slice(None),) * axis
    for _ in range(n):
        a = a[(*rest, slice(1, None))] - a[(*rest, slice(None, -1))]
    return a


def sign(x: Array) -> Array:
    """For complex values z / |z|; of real ones the sign is constant."""
    if x.dtype.kind != "c":
        return np.sign(base(x))
    length = np.abs(x)
    zero = base(length) == 0
    return np.where(zero, 0, x / np.where(zero, 1, length))


# Functions with two results. ---------------------------------------------------------------------------------


def divmod_(x: Any, y: Any) -> tuple[Array, Array]:
    return np.floor_divide(x, y), np.remainder(x, y)


def modf(x: Array) -> tuple[Array, Array]:
    whole = np.modf(base(x))[1]
    return np.where(np.isinf(whole), 0, x - np.where(np.isinf(whole), 0, whole)), whole


def float_power(x: Any, y: Any) -> Array:
    """At least double precision, as np.float_power has it."""
    wide = [a.astype(np.result_type(a.dtype, np.float64)) if hasattr(a, "dtype") else a for a in (x, y)]
    return np.power(*wide)


def frexp(x: Array) -> tuple[Array, Array]:
    exponent = np.frexp(base(x))[1]
    half = -(exponent // 2)
    return np.ldexp(np.ldexp(x, half), -exponent - half), exponent


_BODIES: dict[Any, Function] = {
    np.where: where, np.clip: clip, np.select: select, np.choose: choose,
    np.mean: mean, np.var: var, np.std: std, np.average: average, np.ptp: ptp, np.median: median,
    np.nanmedian: nanmedian, np.nansum: nansum, np.nanprod: nanprod, np.nanmean: nanmean, np.nanvar: nanvar,
    np.nanstd: nanstd, np.nanmax: _nan_extremum(np.max, -math.inf), np.nanmin: _nan_extremum(np.min, math.inf),
    np.nancumsum: nancumsum, np.diff: diff, np.divmod: divmod_, np.modf: modf, np.frexp: frexp,
}  # fmt: skip

for _func, _body in _BODIES.items():
    register(Composed(_func, _body))
register(Composed(np.sign, sign))
register(Composed(np.float_power, float_power))
register(Composed(np.cumprod, cumprod, exact=True))
register(Composed(np.nancumprod, nancumprod))
