"""The dense space: a raw array (*lead, *shape), or a Dual of a lower level of that shape; no wrapper object."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from .._typing import Array, Shape
from ..linear_op import LinearOp, lead_of, sum_of_products
from ..partial import MINUS_ONE, ONE

KEEPS = False


_SUM_SIZE, _DOT_SIZE = 16, 8192


def has_nan(t: Array) -> bool:
    """
    Whether any entry is nan; also True where infinities of both signs meet, which costs time but no correctness.

    A sum is nan if an entry is, a sum of squares and a minimum likewise. Python's sum is the quickest for a few
    numbers, BLAS's for more; for many BLAS would start threads. bench/bench_overhead.py and bench/bench_jvp.py show
    what this costs.
    """
    if type(t) is ndarray:
        flat = t if t.ndim == 1 else t.ravel("K")
        n = len(flat)
        s = sum(flat.tolist()) if n <= _SUM_SIZE else flat.dot(flat) if n <= _DOT_SIZE else np.minimum.reduce(flat)
        return s != s  # type: ignore[no-any-return]
    if isinstance(t, np.generic):
        return bool(t != t)
    return any(has_nan(part) for part in t._parts())


def is_finite(t: Array) -> bool:
    """Whether all entries of a raw array are finite; also False where squares overflow, which costs time but no correctness."""
    if type(t) is ndarray:
        flat = t if t.ndim == 1 else t.ravel("K")
        n = len(flat)
        if n > _DOT_SIZE:
            return bool(np.isfinite(flat).all())
        s = sum(flat.tolist()) if n <= _SUM_SIZE else flat.dot(flat)
        return bool(abs(s) < math.inf)
    return bool(abs(t) < math.inf)


def vanishing(t: Array) -> Array:
    """Return where t is zero, with all its own tangents for a nested dual."""
    return t == 0 if isinstance(t, (ndarray, np.generic)) else t._vanishing()


def scale(t: Array, g: Any, shape_in: Shape, shape: Shape, dtype: Any, *, select: bool = False) -> Array:
    """
    Return diag(g)·t broadcast to shape.

    A zero tangent is a strong zero: where 0·inf or 0·nan would make nan, the result is 0. The tangent is the first
    factor, so that the result takes its memory layout.
    """
    lead = lead_of(t, len(shape_in))
    t = aligned(t, shape_in, shape)
    if g is ONE:
        r = t
    elif g is MINUS_ONE:
        r = -t
    else:
        r = product(t, g, select=select)
    if r.shape != lead + shape:
        r = np.copy(np.broadcast_to(r, lead + shape))
    return r if r.dtype == dtype else cast(r, dtype)


def aligned(t: Array, shape_in: Shape, shape: Shape) -> Array:
    """Return t with axes of length 1 between directions and shape_in, so that it broadcasts as its primal does to shape."""
    lead = lead_of(t, len(shape_in))
    return t.reshape(lead + (1,) * (len(shape) - len(shape_in)) + shape_in) if lead and len(shape_in) != len(shape) else t


def product(t: Array, g: Array, *, select: bool) -> Array:
    """Return diag(g)·t with 0·inf = 0, or with select 0 wherever g is 0."""
    if select:
        return np.where(g != 0, t, 0) * g  # in this order, so that inf·0 is never formed
    r = t * g
    return np.where(vanishing(t), 0, r) if has_nan(r) else r


def cast(t: Array, dtype: Any) -> Array:
    """Return t as dtype; the tangent of a real value is real."""
    if t.dtype.kind == "c" and np.dtype(dtype).kind == "f":
        t = np.real(t)
    return t.astype(dtype)


def add(a: Array, b: Array, *, owned: bool = False) -> Array:
    """Return a + b, in the memory of a where the caller owns it and the sum fits."""
    if owned and type(a) is type(b) is ndarray and a.shape == b.shape and a.dtype == b.dtype:
        a += b
        return a
    return a + b


def linear(op: LinearOp, t: Array) -> Array:
    """Return op(t)."""
    return op(t)


def weigh(t: Array, g: Array, op: LinearOp, dtype: Any, *, select: bool = False) -> Array:
    """Return op(diag(g)·t); a weighted sum takes one pass and no product in memory (bench/bench_reductions.py)."""
    if op.sums is not None and type(t) is type(g) is ndarray and g.shape == op.shape_in:
        r = sum_of_products(t, g, op.sums)
        if not has_nan(r):
            return r.reshape(lead_of(t, g.ndim) + op.shape_out)
    return op(scale(t, g, op.shape_in, op.shape_in, dtype, select=select))


def bound(
    op: LinearOp,
    t: Array,
    bind: Callable[[int, Sequence[Array]], LinearOp],
    i: int,
    operands: Sequence[Array],
    *,
    transposed: bool = False,
    varying: Sequence[int] = (),
) -> Array:
    """Return op(t) or its transpose, for op = bind(i, operands): a multilinear function of operand i, with 0·inf = 0."""
    new = op.back(t) if transposed else op(t)
    if not has_nan(new):
        return new
    # Finite entries of the other operands, unless a non-zero tangent meets the rest.
    finite = bind(i, [p if j == i else np.where(np.isfinite(p), p, 0) for j, p in enumerate(operands)])
    marked = bind(i, [p if j == i else 1.0 * ~np.isfinite(p) for j, p in enumerate(operands)])
    moved = 1.0 * ~vanishing(t)
    met = marked.back(moved) if transposed else marked(moved)
    return np.where(met > 0, new, finite.back(t) if transposed else finite(t))


def _is_nested(t: Array) -> bool:
    return hasattr(type(t), "_push_linear")


def buffer(shape: Shape, dtype: Any, like: Array) -> Array:
    """Return writable zeros that can hold values of the kind of like."""
    return np.zeros(shape, dtype, like=like) if _is_nested(like) else np.zeros(shape, dtype)


def join(ops: Sequence[LinearOp], parts: Sequence[Array | None], shape: Shape, dtype: Any) -> Array:
    """Return the tangent whose part read by ops[i] is parts[i]."""
    held = [(op, p) for op, p in zip(ops, parts, strict=True) if p is not None]
    op, some = max(held, key=lambda pair: getattr(pair[1], "level", 0))
    z = buffer(lead_of(some, len(op.shape_out)) + shape, dtype, some)
    for op, p in held:
        _assigned(op, z, p)
    return z


def _assigned(op: LinearOp, z: Array, u: Array) -> None:
    if op.assign is None:
        raise TypeError(f"{op!r} cannot be written through")
    op.assign(z, u)


def assign(t: Array, op: LinearOp, u: Array | None) -> None:
    """Write u, or zero, into the entries of t that op reads."""
    _assigned(op, t, np.zeros(()) if u is None else u)


def zeros(t: Array, nd_in: int, shape: Shape, dtype: Any) -> Array:
    """Return the zero tangent of a new array with the directions of t, the tangent of an array of nd_in axes."""
    return buffer(lead_of(t, nd_in) + shape, dtype, t)


def copy(t: Array) -> Array:
    """Return a copy with the same memory layout."""
    return t.copy("K") if type(t) is ndarray else np.copy(t)


def owns(t: Array, given: Sequence[Array]) -> bool:
    """Return whether t is an array whose memory nothing else sees, none of those it was made from either."""
    return type(t) is ndarray and t.base is None and all(t is not g for g in given)


def lift(t: Array, like: Array) -> Array:
    """Return t itself, or a copy that can hold values of the kind of like where t cannot."""
    if not _is_nested(like) or getattr(t, "level", -1) >= like.level:
        return t
    z = np.zeros(t.shape, t.dtype, like=like)
    z[...] = t
    return z


def settle(t: Array, ans: Array) -> Array:
    """
    Return t with the dtype of its primal, its axes in memory in the order of the primal's.

    A later reshape is then a view of both or of neither, so that writes through it reach both or neither.
    """
    if t.dtype != ans.dtype:
        t = cast(t, ans.dtype)
    while _is_nested(ans):
        ans = ans._primal
    if type(t) is not ndarray:
        if _is_nested(t):
            return t._settled(ans) if ans.ndim > 1 or (not ans.ndim and type(ans) is ndarray) else t
        return np.array(t) if isinstance(t, np.generic) and type(ans) is ndarray else t
    if type(ans) is not ndarray or ans.ndim < 2:
        return t if t.ndim or type(ans) is ndarray else t[()]  # a NumPy scalar has a scalar tangent
    if ans.flags.c_contiguous:
        return t if t.flags.c_contiguous else np.ascontiguousarray(t)
    order = [i for i in slowest_first(ans) if ans.shape[i] != 1]
    wanted = [*range(t.ndim - ans.ndim), *(t.ndim - ans.ndim + i for i in order)]
    return t if [i for i in slowest_first(t) if t.shape[i] != 1 or i < t.ndim - ans.ndim] == wanted else _ordered(t, ans)


def slowest_first(x: ndarray[Any, Any]) -> list[int]:
    """Return the axes in the order of their strides, the largest first."""
    return sorted(range(x.ndim), key=lambda i: -abs(x.strides[i]))


def _ordered(t: ndarray[Any, Any], ans: ndarray[Any, Any]) -> Array:
    """Return a copy of t with its trailing axes in memory as those of ans."""
    lead = t.ndim - ans.ndim
    perm = (*range(lead), *(lead + i for i in slowest_first(ans)))
    return np.ascontiguousarray(t.transpose(perm)).transpose(np.argsort(perm))
