"""Functions that weigh or choose entries: weights and indices come from primals, then a linear map."""

import math
from functools import partial
from typing import Any, cast

import numpy as np

from .._typing import Array, Function, Shape
from ..linear_op import LinearOp, lead_of, sum_of_products
from .indexing import take_along_op, take_flat, zeros_as
from .linear import sum_op
from .registry import register
from .rule import Weighted


def base(x: Array) -> Array:
    """Return the plain array under any number of Duals."""
    while hasattr(x, "_push_linear"):
        x = x._primal
    return np.asarray(x)


def _extremum(
    func: Function,
    first: Function,
    x: Array,
    axis: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = None,
    where: Any = True,
) -> tuple[Array, None, LinearOp]:
    """Return the rule of max and min: the mean over ties, of which a given initial value is one."""
    if type(x) is np.ndarray and x.size and axis is None and initial is None and where is True:
        place = int(first(x))
        flat = x.reshape(-1)
        best = flat[place]
        if not np.any(flat[place + 1 :] == best) and not np.isnan(best):  # one entry; bench/bench_reductions.py
            out_shape = (1,) * x.ndim if keepdims else ()
            return best.reshape(out_shape)[()], None, take_flat(x.shape, np.full(out_shape, place))
    given: dict[str, Any] = {} if initial is None else {"initial": initial}
    ans = func(x, axis=axis, keepdims=keepdims, where=where, **given)
    values = base(x)
    total = sum_op(values.shape, axis, keepdims=True)
    best = base(ans).reshape(total.shape_out)
    hit = values == best
    if np.isnan(best).any():
        hit |= np.isnan(values) & np.isnan(best)
    if where is not True:
        hit &= base(where)
    out_shape = sum_op(values.shape, axis, keepdims=keepdims).shape_out
    places = np.flatnonzero(hit)
    segment = _segments(places, values.shape, best.shape)
    count = np.bincount(segment, minlength=best.size)
    if initial is None and segment.size == best.size:  # each result is one entry: count is 1 everywhere
        return ans, None, take_flat(values.shape, places[np.argsort(segment)].reshape(out_shape))
    count = count + (0 if initial is None else (best == base(initial)).ravel())
    return ans, None, _averages(values.shape, out_shape, places, segment, 1 / np.maximum(count, 1)[segment])


def _segments(places: Array, shape: Shape, kept: Shape) -> Array:
    """Return which result each flat place belongs to; kept is shape with length 1 on the reduced axes."""
    if math.prod(kept) == 1:
        return np.zeros_like(places)
    at = np.unravel_index(places, shape)
    return np.ravel_multi_index([np.minimum(k, n - 1) for k, n in zip(at, kept, strict=True)], kept)


def _averages(shape: Shape, out: Shape, places: Array, segment: Array, weights: Array) -> LinearOp:
    """Return the map that adds up the entries at places, weighed, into the segments they belong to."""
    n, m = math.prod(shape), math.prod(out)

    def moved(x: Array, size: int, take: Array, put: Array, new: Shape, old: Shape) -> Array:
        lead = lead_of(x, len(old))
        z, key = zeros_as((*lead, size), x), cast("Any", (Ellipsis, put))
        np.add.at(z, key, x.reshape((*lead, math.prod(old)))[..., take] * weights.astype(x.real.dtype))
        return z.reshape(lead + new)

    return LinearOp(
        shape,
        out,
        lambda x: moved(x, m, places, segment, out, shape),
        lambda c: moved(c, n, segment, places, shape, out),
    )


def weighted_sum_op(w: Array, divisor: Array, axis: Any, keepdims: bool) -> LinearOp:
    """
    Return the map t ↦ Re Σ conj(w)·t / divisor along axes, in one pass and with no product in memory.

    The divisor has length 1 on the axes that are summed.
    """
    total = sum_op(w.shape, axis, keepdims=keepdims)
    axes, shared = total.sums or (), np.reshape(divisor, total.shape_out)
    is_complex = w.dtype.kind == "c"
    conjugate = np.conjugate(w) if is_complex else w

    def apply(t: Array) -> Array:
        s = sum_of_products(t, conjugate, axes)
        s = np.reshape(s, lead_of(t, w.ndim) + total.shape_out)
        return (np.real(s) if is_complex else s) / shared

    def transpose(c: Array) -> Array:
        return total.transpose(c / shared) * w

    kept = [i for i in range(w.ndim) if i - w.ndim not in axes]
    points = [(i, i if keepdims else j) for j, i in enumerate(kept)]
    return LinearOp(w.shape, total.shape_out, apply, transpose, bound=True, points=points)


def _others(x: Array) -> Array:
    """
    Return the product of all other entries along the last axis, without a division.

    One half is multiplied by the other, the products of all other pairs found in the same way, and the partner
    multiplied in: O(n) work in log2(n) steps, right for zeros at every order.
    """
    n = x.shape[-1]
    if n <= 1:
        return np.ones_like(x)
    half = n // 2
    a, b, rest = x[..., :half], x[..., half : 2 * half], x[..., 2 * half :]
    pairs = a * b
    up = _others(np.concatenate([pairs, rest], axis=-1) if n % 2 else pairs)
    both = up[..., :half]
    return np.concatenate([both * b, both * a, up[..., half:]], axis=-1)


def _prod(
    x: Array, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, initial: Any = 1, where: Any = True
) -> tuple[Array, Array, LinearOp]:
    """Return ∂prod/∂xᵢ = the product of the others."""
    ans = np.prod(x, axis=axis, dtype=dtype, keepdims=keepdims, initial=initial, where=where)
    y = x if dtype is None else x.astype(dtype)
    y = y if where is True else np.where(where, y, 1)
    nd = y.ndim
    axes = tuple(range(nd)) if axis is None else np.lib.array_utils.normalize_axis_tuple(axis, nd)
    rest = tuple(i for i in range(nd) if i not in axes)
    order = rest + axes
    moved = np.transpose(y, order)
    others = _others(np.reshape(moved, (*moved.shape[: len(rest)], math.prod(moved.shape[len(rest) :]))))
    weights = np.transpose(np.reshape(others, moved.shape), np.argsort(order)) * initial
    return ans, weights, sum_op(y.shape, axis, keepdims=keepdims, where=where)


def _sort(x: Array, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> tuple[Array, None, LinearOp]:
    """Return the gather that sorts; of equal values the first comes first."""
    return np.sort(x, axis), None, take_along_op(x.shape, _stable_order(base(x), axis), axis)


def _stable_order(values: Array, axis: Any) -> Array:
    """Return what argsort with kind="stable" gives; without ties the quick sort gives it sooner."""
    order = np.argsort(values, axis=axis)
    arranged = np.moveaxis(np.take_along_axis(values, order, axis), -1 if axis is None else axis, -1)
    if np.all(arranged[..., 1:] > arranged[..., :-1]):
        return order
    return np.argsort(values, axis=axis, kind="stable")


for _func, _first in ((np.max, np.argmax), (np.amax, np.argmax), (np.min, np.argmin), (np.amin, np.argmin)):
    register(Weighted(_func, partial(_extremum, _func, _first)))
register(Weighted(np.prod, _prod))
register(Weighted(np.sort, _sort))
