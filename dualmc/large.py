"""
Operations on many numbers: value and tangents in one pass, with nothing of their size in between.

A compiled kernel does it where there is one (`kernels`); else NumPy does element-wise work block by block, so that what is in between
stays in the cache. Memory passes are what counts here; bench/bench_kernels.py shows what they save.
"""

import contextlib
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy import array, empty, ndarray

from ._typing import Array, Shape
from .kernels import switch
from .partial import ZERO, Const
from .rules.rule import Elementwise, Weighted
from .tangents.dense import has_nan, scale

LEAST = 500
"""Numbers in a tangent from which a kernel is quicker than NumPy's calls one by one."""

LEAST_ONE_SIDED = 4000
"""The same for an operation with a constant, which takes NumPy fewer calls."""

BLOCK = 2**17
"""Numbers in one block of NumPy calls, a megabyte: smaller ones cost calls, larger ones leave the cache."""

Key = tuple[slice, ...]
_COMPILED = "df"
"""Codes of the dtypes that there are kernels for: double and single precision."""


_UNARY = (True,)
_BOTH = (True, True)
_SIDES = (True, False), (False, True)
_find = switch.found.get


def _alike(dtype: Any, a: ndarray[Any, Any], b: ndarray[Any, Any]) -> bool:
    """Whether kernels take both arrays as they are."""
    return a.dtype is b.dtype is dtype and dtype.char in _COMPILED and a.flags.c_contiguous and b.flags.c_contiguous


def unary(rule: Elementwise, p: Array, t: ndarray[Any, Any]) -> tuple[Array, Array] | None:
    """Do what `elementwise` does for one vector, quicker."""
    kernel = _find((rule, _UNARY))
    if kernel is not None and type(p) is ndarray and p.ndim == t.ndim == 1 and _alike(p.dtype, p, t):
        ans, out = empty(p.shape, p.dtype), empty(p.shape, p.dtype)
        kernel(p, t, ans, out)
        return ans, out
    return elementwise(rule, (p,), (t,))


def binary(rule: Elementwise, p: Any, q: Any, t: Any, u: Any) -> tuple[Array, Array] | None:
    """Do what `elementwise` does for two arrays of one shape, quicker."""
    if t is not None and u is not None:
        kernel = _find((rule, _BOTH))
        if kernel is not None and type(p) is type(q) is ndarray and p.shape == q.shape and t.shape == u.shape and p.ndim:
            dtype = p.dtype
            if _alike(dtype, p, q) and _alike(dtype, t, u):
                ans, out = empty(p.shape, dtype), empty(t.shape, dtype)
                if p.ndim == t.ndim == 1:
                    kernel(p, q, t, u, ans, out)
                else:
                    kernel(_flat(p), _flat(q), _flat(t), _flat(u), _flat(ans), _flat(out))
                return ans, out
    return elementwise(rule, (p, q), (t, u))


def one_sided(rule: Elementwise, p: Any, q: Any, t: ndarray[Any, Any], i: int) -> tuple[Array, Array] | None:
    """Do what `elementwise` does for argument i with a tangent and the other one a number or an array of its shape, quicker."""
    kernel = _find((rule, _SIDES[i]))
    x, c = (q, p) if i else (p, q)
    if kernel is not None and type(x) is ndarray and x.ndim and _alike(x.dtype, x, t):
        if type(c) is not ndarray:
            c = array((c,), x.dtype)
        elif not (c.shape == x.shape and _alike(x.dtype, c, t)):
            return elementwise(rule, (p, q), (None, t) if i else (t, None))
        ans, out = empty(x.shape, x.dtype), empty(t.shape, x.dtype)
        kernel(*((_flat(c), _flat(x)) if i else (_flat(x), _flat(c))), _flat(t), _flat(ans), _flat(out))
        return ans, out
    return elementwise(rule, (p, q), (None, t) if i else (t, None))


def elementwise(rule: Elementwise, args: Sequence[Any], tangents: Sequence[Any], out: Any = None) -> tuple[Array, Array] | None:
    """
    Return value and tangent of a function of raw arrays and numbers, or None where the general way is to be taken.

    `out` is the pair of arrays to write them to, which may be an argument and its tangent.
    """
    shape = lead = dtype = None
    flat = True
    for a, t in zip(args, tangents, strict=True):
        if type(a) is ndarray:
            if not a.flags.c_contiguous or (dtype is not None and a.dtype != dtype):
                return None
            flat = flat and (shape is None or a.shape == shape)
            shape, dtype = a.shape if shape is None else shape, a.dtype
        elif type(a) is not float and type(a) is not int:
            return None
        if t is not None:
            if type(t) is not ndarray or type(a) is not ndarray or t.dtype != dtype or not t.flags.c_contiguous:
                return None
            k = t.shape[: t.ndim - a.ndim]
            if lead is not None and k != lead:
                return None
            lead, size = k, t.size
    if lead is None or not shape or dtype is None or dtype.kind != "f" or size < LEAST:
        return None
    if flat and len(args) < 3:
        kernel = switch.kernel((rule, tuple([t is not None for t in tangents])), size) if dtype.char in _COMPILED else None
        if kernel is not None:
            ans, tangent = (np.empty(shape, dtype), np.empty(lead + shape, dtype)) if out is None else out
            kernel(
                *[_flat(a) if type(a) is ndarray else np.array((a,), dtype) for a in args],
                *[_flat(t) for t in tangents if t is not None],
                _flat(ans),
                _flat(tangent),
            )
            return ans, tangent
    return _blocked(rule, args, tangents, lead, dtype, out) if size > 4 * BLOCK else None


def reduction(rule: Weighted, x: Any, t: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Array, Array] | None:
    """Return value and tangent of a reduction of a raw array, or None where the general way is to be taken."""
    if (
        type(x) is not ndarray
        or type(t) is not ndarray
        or t.size < LEAST
        or not x.size
        or x.dtype.char not in _COMPILED
        or x.dtype != t.dtype
    ):
        return None
    found = _ARGUMENTS.get(rule.func.__name__)
    chosen = None if found is None else found(*args, **kwargs)
    kernel = None if chosen is None else switch.kernel(rule.func.__name__, t.size)
    if kernel is None or chosen is None:
        return None
    axis, keepdims, parameter = chosen
    axes = tuple(range(x.ndim)) if axis is None else np.lib.array_utils.normalize_axis_tuple(axis, x.ndim)
    rest = tuple(i for i in range(x.ndim) if i not in axes)
    lead = t.shape[: t.ndim - x.ndim]
    rows, columns = (np.moveaxis(a, [i - x.ndim for i in axes], range(-len(axes), 0)) for a in (x, t))
    kept = tuple(1 if i in axes else n for i, n in enumerate(x.shape)) if keepdims else tuple(x.shape[i] for i in rest)
    ans, out = np.empty(kept, x.dtype), np.empty(lead + kept, x.dtype)
    n = math.prod(x.shape[i] for i in axes)
    kernel(
        np.ascontiguousarray(rows).reshape(-1), np.ascontiguousarray(columns).reshape(-1), n, parameter, ans.reshape(-1), out.reshape(-1)
    )
    return None if has_nan(out) else (ans[()], out[()])  # strong zeros


def _of_prod(
    axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, initial: Any = None, where: Any = True
) -> tuple[Any, bool, float] | None:
    return (axis, keepdims, 0.0) if dtype is None and initial is None and where is True else None


_ARGUMENTS: dict[str, Callable[..., tuple[Any, bool, float] | None]] = {
    "prod": _of_prod,
    "variance": lambda axis, ddof, keepdims: (axis, keepdims, float(ddof)),
}
"""What the arguments of a reduction say: axis, keepdims, and the parameter of its kernel; None for what kernels do not know."""


def updated(rule: Elementwise | None, args: Sequence[Any], tangents: Sequence[Any]) -> bool:
    """Write a function of arrays into the first argument and its tangent, and say whether that was possible."""
    (p, q), (t, u) = args, tangents
    if rule is None or not p.flags.writeable or np.broadcast_shapes(p.shape, np.shape(q)) != p.shape:
        return False
    if any(a is not b and type(b) is ndarray and np.may_share_memory(a, b) for a, b in ((p, q), (t, u), (p, u), (t, q))):
        return False
    return elementwise(rule, args, tangents, (p, t)) is not None


def _flat(x: ndarray[Any, Any]) -> ndarray[Any, Any]:
    return x if x.ndim == 1 else x.reshape(-1)


def _blocked(
    rule: Elementwise, args: Sequence[Any], tangents: Sequence[Any], lead: Shape, dtype: Any, out: Any
) -> tuple[Array, Array] | None:
    """Return value and tangent, found block by block with NumPy."""
    terms = [(d, t, a) for d, t, a in zip(rule.d, tangents, args, strict=True) if t is not None and d is not ZERO]
    if not terms:
        return None
    args = [dtype.type(a) if type(a) is not ndarray and not a else a for a in args]  # 1 / 0 in a partial is inf, not an error
    shape = np.broadcast_shapes(*[np.shape(a) for a in args])
    ans: Array
    tangent: Array
    ans, tangent = (np.empty(shape, dtype), np.empty(lead + shape, dtype)) if out is None else out
    direct = out is None and isinstance(rule.func, np.ufunc)  # else an argument would be overwritten too soon
    quiet = rule.quiet if isinstance(rule.quiet, bool) else rule.quiet(*args)
    with np.errstate(all="ignore") if quiet else contextlib.nullcontext():
        for key in _blocks(shape, max(1, BLOCK // math.prod(lead))):
            parts = [_part(a, key) for a in args]
            y, new = ans[key], tangent[(..., *key)]
            z = rule.func(*parts, out=y) if direct else rule.func(*parts)
            if z.dtype != dtype:
                return None
            total: Any = None
            for d, t, a in terms:
                x, g = _part(t, key, np.ndim(a)), d(z, *parts) if callable(d) else d
                term = _times(rule, x, g, x.shape[len(lead) :], y.shape, dtype, new if direct and total is None else None)
                total = term if total is None else np.add(total, term, out=new if direct else None)
            if total is not new:
                new[...] = total
            if z is not y:
                y[...] = z
    return ans, tangent


def _times(rule: Elementwise, x: Array, g: Any, shape_in: Shape, shape: Shape, dtype: Any, out: Array | None) -> Array:
    """Return diag(g)·x, in out if it takes one multiplication."""
    if out is not None and x.shape == out.shape and not rule.select and not isinstance(g, Const):
        np.multiply(x, g, out=out)
        if not has_nan(out):
            return out
    return scale(x, g, shape_in, shape, dtype, select=rule.select)


def _blocks(shape: Shape, size: int) -> Iterator[Key]:
    """Yield keys that cut an array of that shape into parts of at most so many entries, in the order of memory."""
    inner, whole = len(shape), 1
    while inner and whole * shape[inner - 1] <= size:
        inner -= 1
        whole *= shape[inner]
    steps = [1] * (inner - 1) + [max(1, size // max(whole, 1))] * (inner > 0)
    cuts = [[slice(i, i + step) for i in range(0, n, step)] for n, step in zip(shape[:inner], steps, strict=True)]
    return itertools.product(*cuts, *[[slice(None)]] * (len(shape) - inner))


def _part(a: Any, key: Key, nd: int | None = None) -> Any:
    """Return the part of an operand that belongs to a block; nd counts the trailing axes that the key is for."""
    if type(a) is not ndarray:
        return a
    nd = a.ndim if nd is None else nd
    own: tuple[Any, ...] = key[len(key) - nd :]
    own = tuple([slice(None) if n == 1 else k for n, k in zip(a.shape[a.ndim - nd :], own, strict=True)])
    return a[(..., *own)]
