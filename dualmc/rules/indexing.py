"""Indexing as linear maps: every kind of key, and gathers read off NumPy's own functions."""

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._typing import Array, Function, Shape
from ..linear_op import LinearOp, lead_of

_CACHE_SIZE = 4096
_basic: dict[Any, LinearOp] = {}


def getitem_op(shape: Shape, key: Any) -> LinearOp:
    """Return the map x -> x[key]. Basic keys are cached: building costs more than using it on a small array."""
    try:
        if type(key) is slice:
            known: Any = shape, key.start, key.stop, key.step  # of other keys each part is a tuple
        elif type(key) is tuple:
            known = (shape, *[(slice, k.start, k.stop, k.step) if type(k) is slice else (type(k), k) for k in key])
        else:
            known = shape, (type(key), key)
        op = _basic.get(known)
    except TypeError:
        return _getitem_op(shape, key if type(key) is tuple else (key,))
    if op is None:
        op = _getitem_op(shape, key if type(key) is tuple else (key,))
        if len(_basic) < _CACHE_SIZE:
            _basic[known] = op
    return op


def _is_basic(k: Any) -> bool:
    return k is None or k is Ellipsis or (isinstance(k, (slice, int, np.integer)) and not isinstance(k, bool))


def _getitem_op(shape: Shape, keys: tuple[Any, ...]) -> LinearOp:
    """
    Return the map of any key. Masks become index arrays, an Ellipsis is spelled out, and the leading axes stay in
    front also where NumPy would move separated advanced indices there.
    """
    parts: list[Any] = []
    advanced = False
    for k in keys:
        if _is_basic(k):
            parts.append(k)
            continue
        advanced = True
        index = np.asarray(k)
        if index.dtype == bool and index.ndim == 0:
            return _zero_d_mask_op(shape, keys)
        if index.dtype == bool:
            _check_mask(shape, parts, index)
            parts += list(index.nonzero())
        else:
            parts.append(index if index.size else index.astype(np.intp))
    used = sum(k is not None and k is not Ellipsis for k in parts)
    at = next((i for i, k in enumerate(parts) if k is Ellipsis), len(parts))
    parts[at : at + 1] = [slice(None)] * (len(shape) - used)
    out = np.broadcast_to(np.empty((), "b"), shape)[tuple(parts)].shape
    return _advanced_op(shape, out, parts) if advanced else _basic_op(shape, out, parts)


def _check_mask(shape: Shape, parts: list[Any], mask: Array) -> None:
    """Let NumPy complain of a mask that does not fit; an index array would not tell."""
    if Ellipsis in [k for k in parts if k is Ellipsis]:
        return
    at = sum(k is not None for k in parts)
    if mask.shape != shape[at : at + mask.ndim]:
        raise IndexError(f"boolean index of shape {mask.shape} does not match the axes {shape[at:]} of the Dual")


def _zero_d_mask_op(shape: Shape, keys: tuple[Any, ...]) -> LinearOp:
    """Return the map of a key with a 0-d boolean: rare, so it is read off an index array."""
    index = np.arange(math.prod(shape)).reshape(shape)[keys]
    return take_flat(shape, index)


def _basic_op(shape: Shape, out: Shape, parts: list[Any]) -> LinearOp:
    key = (Ellipsis, *parts)

    def transpose(c: Array) -> Array:
        z = zeros_as(lead_of(c, len(out)) + shape, c)
        z[key] = c
        return z

    def assign(x: Array, u: Array) -> None:
        x[key] = u

    name = ("item", *((k.start, k.stop, k.step) if isinstance(k, slice) else k for k in parts))
    return LinearOp(shape, out, lambda x: x[key], transpose, gather=True, view=True, key=name, assign=assign)


def _advanced_op(shape: Shape, out: Shape, parts: list[Any]) -> LinearOp:
    key = (Ellipsis, *parts)
    where = [i for i, k in enumerate(parts) if isinstance(k, (np.ndarray, int, np.integer))]
    separated = where[-1] - where[0] + 1 != len(where)
    na = np.broadcast(*(parts[i] for i in where)).ndim

    def moves(b: int) -> bool:
        return separated and b > 0

    def ours(x: Array, b: int) -> Array:
        return np.moveaxis(x, range(na, na + b), range(b)) if moves(b) else x

    def numpys(c: Array) -> Array:
        b = c.ndim - len(out)
        return np.moveaxis(c, range(b), range(na, na + b)) if moves(b) else c

    def transpose(c: Array) -> Array:
        z = zeros_as(lead_of(c, len(out)) + shape, c)
        np.add.at(z, key, numpys(c))
        return z

    def assign(x: Array, u: Array) -> None:
        x[key] = numpys(np.broadcast_to(u, lead_of(x, len(shape)) + out))

    return LinearOp(shape, out, lambda x: ours(x[key], x.ndim - len(shape)), transpose, gather=True, assign=assign)


def zeros_as(shape: Shape, like: Array) -> Array:
    """Return zeros that can hold values of the kind of like."""
    return np.zeros(shape, like.dtype, like=like) if hasattr(like, "_push_linear") else np.zeros(shape, like.dtype)


def take_flat(shape: Shape, index: Array, filled: Array | None = None) -> LinearOp:
    """Return the map that reads entry index[j] of the flattened input; where filled is False it gives 0."""
    n, out = math.prod(shape), index.shape
    nd = len(shape)

    def apply(x: Array) -> Array:
        y = np.take(x.reshape((*lead_of(x, nd), n)), index, axis=-1) if n else zeros_as(lead_of(x, nd) + out, x)
        return y if filled is None else np.where(filled, y, 0)

    def transpose(c: Array) -> Array:
        c = c if filled is None else np.where(filled, c, 0)
        z = zeros_as((*lead_of(c, len(out)), n), c)
        if n:
            at: Any = (Ellipsis, index)
            np.add.at(z, at, c)
        return z.reshape(lead_of(c, len(out)) + shape)

    def assign(x: Array, u: Array) -> None:
        x[(Ellipsis, *np.unravel_index(index, shape))] = u

    return LinearOp(shape, out, apply, transpose, gather=filled is None, assign=assign if filled is None else None, picks=True)


def traced(func: Function, **neutral: Any) -> Callable[..., LinearOp]:
    """
    Return the op builder of a function that only moves, repeats and drops entries.

    NumPy carries the numbers 1, 2, ..., n through the function; the result says where each entry comes from, and 0
    that it comes from nowhere. So every keyword means what NumPy makes of it. `neutral` replaces keywords that
    fill in other values.
    """

    def trace(shape: Shape, /, *args: Any, **kwargs: Any) -> LinearOp:
        numbers = np.arange(1, math.prod(shape) + 1).reshape(shape)
        kwargs.update({k: v for k, v in neutral.items() if k in kwargs})
        index = np.asarray(func(numbers, *args, **kwargs))
        filled = index != 0
        return take_flat(shape, np.maximum(index - 1, 0), None if filled.all() else filled)

    return cached(trace)


_SMALL = 1 << 14


def cached(build: Callable[..., LinearOp]) -> Callable[..., LinearOp]:
    """Remember the maps of small arrays with hashable arguments."""
    remembered = functools.lru_cache(_CACHE_SIZE, typed=True)(build)

    @functools.wraps(build)
    def op(shape: Shape, /, *args: Any, **kwargs: Any) -> LinearOp:
        if math.prod(shape) <= _SMALL:
            try:
                return remembered(shape, *args, **kwargs)
            except TypeError:
                pass
        return build(shape, *args, **kwargs)

    return op


def take_op(shape: Shape, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> LinearOp:
    """Return the map of np.take."""
    if axis is None or mode != "raise":
        return traced(np.take)(shape, indices, axis=axis, mode=mode)
    axis = range(len(shape))[axis]
    return getitem_op(shape, (slice(None),) * axis + (np.asarray(indices),))


def take_along_op(shape: Shape, indices: Any, axis: Any = -1) -> LinearOp:
    """Return the map of np.take_along_axis."""
    indices = np.asarray(indices)
    if axis is None:
        return take_flat(shape, indices)
    nd = len(shape)
    where = range(nd)[axis]
    mine, theirs = ((*s[:where], 1, *s[where + 1 :]) for s in (shape, indices.shape))
    full = np.broadcast_shapes(mine, theirs)
    if full != mine:
        return traced(np.take_along_axis)(shape, indices, axis)
    key: list[Any] = list(np.ogrid[tuple(slice(n) for n in full)])
    key[where] = indices
    return getitem_op(shape, tuple(key))
