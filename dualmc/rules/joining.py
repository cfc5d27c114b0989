"""Functions that join, split, pad and rearrange arrays."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._typing import Array, Function, Shape
from ..linear_op import LinearOp
from .indexing import getitem_op
from .registry import register
from .rule import Composed, Join

# Joining: each part is a slice of the result. ----------------------------------------------------------------


def _concatenate_ops(shapes: Sequence[Shape], axis: int | None = 0, dtype: Any = None, casting: Any = None) -> list[LinearOp]:
    if axis is None:
        sizes = [math.prod(s) for s in shapes]
        flat = _concatenate_ops([(n,) for n in sizes])
        return [op.then(_unflatten(s)) for op, s in zip(flat, shapes, strict=True)]
    axis = np.lib.array_utils.normalize_axis_index(axis, len(shapes[0]))
    stops = [0]
    for s in shapes:
        stops.append(stops[-1] + s[axis])
    out = tuple(stops[-1] if i == axis else n for i, n in enumerate(shapes[0]))
    rest = (slice(None),) * axis
    return [getitem_op(out, (*rest, slice(a, b))) for a, b in itertools.pairwise(stops)]


def _unflatten(shape: Shape) -> LinearOp:
    flat = (math.prod(shape),)

    def apply(x: Array) -> Array:
        return x.reshape(x.shape[:-1] + shape)

    def transpose(c: Array) -> Array:
        return c.reshape(c.shape[: c.ndim - len(shape)] + flat)

    return LinearOp(flat, shape, apply, transpose, gather=True, view=True, key=("reshape", shape))


def _stack_ops(shapes: Sequence[Shape], axis: int = 0, dtype: Any = None, casting: Any = None) -> list[LinearOp]:
    axis = np.lib.array_utils.normalize_axis_index(axis, len(shapes[0]) + 1)
    out = (*shapes[0][:axis], len(shapes), *shapes[0][axis:])
    return [getitem_op(out, (*(slice(None),) * axis, i)) for i in range(len(shapes))]


register(Join(np.concatenate, _concatenate_ops))
register(Join(np.stack, _stack_ops))


def hstack(tup: Sequence[Any], *, dtype: Any = None, casting: Any = "same_kind") -> Array:
    parts = [np.atleast_1d(x) for x in tup]
    return np.concatenate(parts, axis=0 if np.ndim(parts[0]) == 1 else 1, dtype=dtype, casting=casting)


def vstack(tup: Sequence[Any], *, dtype: Any = None, casting: Any = "same_kind") -> Array:
    return np.concatenate([np.atleast_2d(x) for x in tup], axis=0, dtype=dtype, casting=casting)


def dstack(tup: Sequence[Any]) -> Array:
    return np.concatenate([np.atleast_3d(x) for x in tup], axis=2)


def column_stack(tup: Sequence[Any]) -> Array:
    return np.concatenate([np.atleast_1d(x)[:, None] if np.ndim(x) < 2 else x for x in tup], axis=1)


def _depth(arrays: Any) -> int:
    if not isinstance(arrays, list):
        return 0
    if not arrays:
        raise ValueError("block: list of arrays must not be empty")
    depths = {_depth(a) for a in arrays}
    if len(depths) > 1:
        raise ValueError("block: list depths are mismatched")
    return 1 + depths.pop()


def block(arrays: Any) -> Array:
    depth = _depth(arrays)

    def widest(part: Any) -> int:
        return max(map(widest, part)) if isinstance(part, list) else np.ndim(part)

    nd = max(depth, widest(arrays))

    def build(part: Any, level: int) -> Array:
        if level == 0:
            return np.reshape(part, (1,) * (nd - np.ndim(part)) + np.shape(part))
        return np.concatenate([build(p, level - 1) for p in part], axis=-level)

    return build(arrays, depth) if depth else np.copy(build(arrays, 0), order="C")


def append(arr: Any, values: Any, axis: int | None = None) -> Array:
    return np.concatenate([np.ravel(arr), np.ravel(values)] if axis is None else [arr, values], axis=axis or 0)


def insert(arr: Array, obj: Any, values: Any, axis: int | None = None) -> Array:
    """Let NumPy insert the numbers of the values into the numbers of the entries, and gather from both."""
    n, m = np.size(arr), np.size(values)
    numbers = np.insert(np.arange(n).reshape(np.shape(arr)), obj, np.arange(n, n + m).reshape(np.shape(values)), axis=axis)
    entries = np.ravel(arr)
    return np.concatenate([entries, np.ravel(values).astype(entries.dtype)])[numbers]


# Splitting: lists of views. ----------------------------------------------------------------------------------


def array_split(ary: Array, indices_or_sections: Any, axis: int = 0) -> list[Array]:
    n = np.shape(ary)[axis]
    if np.ndim(indices_or_sections) == 0:
        sections = int(indices_or_sections)
        if sections <= 0:
            raise ValueError("array_split: number sections must be larger than 0")
        sizes = [n // sections + (i < n % sections) for i in range(sections)]
        stops = [0, *itertools.accumulate(sizes)]
    else:
        stops = [0, *(int(i) for i in indices_or_sections), n]
    rest = (slice(None),) * np.lib.array_utils.normalize_axis_index(axis, np.ndim(ary))
    return [ary[(*rest, slice(a, b))] for a, b in itertools.pairwise(stops)]


def split(ary: Array, indices_or_sections: Any, axis: int = 0) -> list[Array]:
    if np.ndim(indices_or_sections) == 0 and np.shape(ary)[axis] % indices_or_sections:
        raise ValueError("split: array split does not result in an equal division")
    return array_split(ary, indices_or_sections, axis)


def _splitting(least: int, axis_of: Function) -> Function:
    def body(ary: Array, indices_or_sections: Any) -> list[Array]:
        if np.ndim(ary) < least:
            raise ValueError(f"this split only works on arrays of {least} or more dimensions")
        return split(ary, indices_or_sections, axis_of(np.ndim(ary)))

    return body


def unstack(x: Array, /, *, axis: int = 0) -> tuple[Array, ...]:
    return tuple(np.moveaxis(x, axis, 0))


# Shapes that depend on several arguments. --------------------------------------------------------------------


def _at_least(nd: int, key: Function) -> Function:
    """Return the body of np.atleast_{nd}d: `key` indexes an array of fewer axes so that it has nd of them."""

    def body(*arys: Any) -> Any:
        arrays = [a if hasattr(a, "shape") else np.asarray(a) for a in arys]
        done = [a if a.ndim >= nd else np.reshape(a, (1,) * nd) if a.ndim == 0 else a[key(a.ndim)] for a in arrays]
        return done[0] if len(done) == 1 else tuple(done)

    return body


def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Array, ...]:
    shape = np.broadcast_shapes(*(np.shape(a) for a in args))
    return tuple(np.broadcast_to(a, shape) for a in args)


def rot90(m: Array, k: int = 1, axes: Sequence[int] = (0, 1)) -> Array:
    a, b = np.lib.array_utils.normalize_axis_tuple(axes, np.ndim(m))
    k %= 4
    if k == 0:
        return m[...]
    if k == 2:
        return np.flip(m, (a, b))
    return np.swapaxes(np.flip(m, b), a, b) if k == 1 else np.flip(np.swapaxes(m, a, b), b)


# Padding. ----------------------------------------------------------------------------------------------------

_MOVING = ("constant", "edge", "wrap", "reflect", "symmetric", "empty")


_STATISTICS: dict[str, Function] = {"maximum": np.max, "minimum": np.min, "median": np.median}


def pad(array: Array, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Array:
    if callable(mode):
        raise TypeError("pad: a function as mode writes into plain arrays; use np.concatenate of its results")
    shape = np.shape(array)
    if isinstance(pad_width, dict):
        given: dict[int, Any] = {i % len(shape): w for i, w in pad_width.items()}
        pad_width = [np.broadcast_to(given.get(i, 0), 2) for i in range(len(shape))]
    widths = np.broadcast_to(np.asarray(pad_width, int), (len(shape), 2))
    if mode in _MOVING and kwargs.get("reflect_type", "even") == "even":
        moved = np.arange(1, math.prod(shape) + 1).reshape(shape)
        index = np.pad(moved, widths, mode, **{k: v for k, v in kwargs.items() if k != "constant_values"})
        index = np.where(np.pad(np.ones(shape, bool), widths), index, 0) if mode == "empty" else index
        fill = np.pad(np.zeros(shape), widths, mode, **kwargs) if mode == "constant" else 0
        entries = np.ravel(array) if math.prod(shape) else np.zeros(1, array.dtype, like=array)
        return np.where(index > 0, entries[np.maximum(index - 1, 0)], fill)
    for axis, (left, right) in enumerate(widths.tolist()):
        array = _pad_axis(array, axis, left, right, mode, {k: _of_axis(v, axis, len(shape)) for k, v in kwargs.items()})
    return array


def _of_axis(value: Any, axis: int, nd: int) -> Any:
    return value if value is None or isinstance(value, str) else tuple(np.broadcast_to(value, (nd, 2))[axis].tolist())


def _pad_axis(array: Array, axis: int, left: int, right: int, mode: Any, kwargs: dict[str, Any]) -> Array:
    """Pad one axis: the largest, smallest or median entries are computed, other modes are a matrix and an offset."""
    n, x = np.shape(array)[axis], np.moveaxis(array, axis, -1)
    stat = _STATISTICS.get(mode)
    if stat is not None:
        lengths = [min(k or n, n) for k in kwargs.get("stat_length") or (n, n)]
        ends = [stat(x[..., : lengths[0]], axis=-1, keepdims=True), stat(x[..., n - lengths[1] :], axis=-1, keepdims=True)]
        sides = [np.broadcast_to(e, (*np.shape(x)[:-1], w)) for e, w in zip(ends, (left, right), strict=True)]
        return np.moveaxis(np.concatenate([sides[0], x, sides[1]], axis=-1), -1, axis)
    widths = ((0, 0), (left, right))
    each = {k: ((0, 0), v) if k == "end_values" else v if isinstance(v, str) or v is None else ((n, n), v) for k, v in kwargs.items()}
    offset = np.pad(np.zeros((1, n)), widths, mode, **each)[0]
    matrix = np.pad(np.eye(n), widths, mode, **each) - offset
    return np.moveaxis(np.matmul(x, matrix) + offset, -1, axis)


_BODIES: dict[Any, Function] = {
    np.hstack: hstack, np.vstack: vstack, np.dstack: dstack, np.column_stack: column_stack, np.block: block,
    np.append: append, np.insert: insert, np.array_split: array_split, np.split: split,
    np.hsplit: _splitting(1, lambda nd: 0 if nd == 1 else 1), np.vsplit: _splitting(2, lambda nd: 0),
    np.dsplit: _splitting(3, lambda nd: 2), np.unstack: unstack,
    np.atleast_1d: _at_least(1, lambda nd: ()), np.atleast_2d: _at_least(2, lambda nd: (None,)),
    np.atleast_3d: _at_least(3, lambda nd: (None, ..., None) if nd == 1 else (..., None)),
    np.broadcast_arrays: broadcast_arrays, np.rot90: rot90,
    np.fliplr: lambda m: np.flip(m, 1), np.flipud: lambda m: np.flip(m, 0),
}  # fmt: skip

for _func, _body in _BODIES.items():
    register(Composed(_func, _body))
if "row_stack" in vars(np):  # an old name that NumPy is to drop
    register(Composed(vars(np)["row_stack"], vstack))
register(Composed(np.pad, pad, exact=True))
