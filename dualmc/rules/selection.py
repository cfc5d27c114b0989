"""Functions that weigh or choose entries: weights and indices come from primals, then a linear map."""

from typing import Any

import numpy as np

from .._typing import Array, Function
from ..linear_op import LinearOp
from .indexing import take_along_op
from .linear import sum_op
from .registry import register
from .rule import Weighted


def base(x: Array) -> Array:
    """Return the plain array under any number of Duals."""
    while hasattr(x, "_push_linear"):
        x = x.primal
    return np.asarray(x)


def _extremum(func: Function) -> Any:
    """Return the rule of max or min: the mean over ties, of which a given initial value is one."""

    def terms(
        x: Array, ans: Array, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = None, where: Any = True
    ) -> tuple[Array, LinearOp]:
        values, extra = base(x), {} if initial is None else {"initial": initial}
        best = func(values, axis=axis, keepdims=True, where=where, **extra)
        hit = ((values == best) | (np.isnan(values) & np.isnan(best))) & np.broadcast_to(where, values.shape)
        count = hit.sum(axis=axis, keepdims=True) + (best == initial if extra else 0)
        return hit / np.maximum(count, 1), sum_op(values.shape, axis, keepdims=keepdims)

    return terms


def _others(x: Array) -> Array:
    """
    Return the product of all other entries along the last axis, without a division.

    Pairs are multiplied, the products of all other pairs found in the same way, and the partner multiplied in:
    O(n) work in log2(n) steps, right for zeros at every order.
    """
    n = x.shape[-1]
    if n <= 1:
        return np.ones_like(x)
    half = n // 2
    a, b = x[..., : 2 * half : 2], x[..., 1 : 2 * half : 2]
    pairs = a * b
    if n % 2:
        pairs = np.concatenate([pairs, x[..., -1:]], axis=-1)
    up = _others(pairs)
    both = np.stack([up[..., :half] * b, up[..., :half] * a], axis=-1)
    both = both.reshape((*x.shape[:-1], 2 * half))
    return np.concatenate([both, up[..., half:]], axis=-1) if n % 2 else both


def _prod(
    x: Array, ans: Array, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, initial: Any = 1, where: Any = True
) -> tuple[Array, LinearOp]:
    """Return ∂prod/∂xᵢ = the product of the others."""
    y = x if dtype is None else x.astype(dtype)
    y = y if where is True else np.where(where, y, 1)
    nd = y.ndim
    axes = tuple(range(nd)) if axis is None else np.lib.array_utils.normalize_axis_tuple(axis, nd)
    rest = tuple(i for i in range(nd) if i not in axes)
    order = rest + axes
    moved = np.transpose(y, order)
    others = _others(np.reshape(moved, (*moved.shape[: len(rest)], -1)))
    weights = np.transpose(np.reshape(others, moved.shape), np.argsort(order)) * initial
    return weights, sum_op(y.shape, axis, keepdims=keepdims, where=where)


def _sort(x: Array, ans: Array, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> tuple[None, LinearOp]:
    """Return the gather that sorts; of equal values the first comes first."""
    values = base(x)
    if axis is None:
        return None, take_along_op(values.shape, np.argsort(values, axis=None, kind="stable"), None)
    return None, take_along_op(values.shape, np.argsort(values, axis=axis, kind="stable"), axis)


for _max in (np.max, np.amax):
    register(Weighted(_max, _extremum(np.max), select=True))
for _min in (np.min, np.amin):
    register(Weighted(_min, _extremum(np.min), select=True))
register(Weighted(np.prod, _prod))
register(Weighted(np.sort, _sort))
