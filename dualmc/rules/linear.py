"""Linear functions as maps on trailing axes. Each builder takes the operand's shape and the call's arguments."""

import math
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from .._typing import Array, Function, Shape
from ..errors import lost, not_supported
from ..linear_op import LinearOp, lead_of, negative_axes, unbroadcast
from .indexing import cached, getitem_op, take_along_op, take_op, traced, zeros_as
from .registry import dispatching, register
from .rule import Linear

Map = Callable[[Array], Array]

_reduce: Any = np.add.reduce  # NumPy's annotations know keepdims as a keyword only

# Sums. -------------------------------------------------------------------------------------------------------


@cached
def _plain_sum_op(shape: Shape, axis: Any, keepdims: bool, dtype: Any) -> LinearOp:
    nd, axes = len(shape), negative_axes(axis, len(shape))
    kept = tuple(1 if i - nd in axes else n for i, n in enumerate(shape))
    out = kept if keepdims else tuple(n for i, n in enumerate(shape) if i - nd not in axes)

    def transpose(c: Array) -> Array:
        if isinstance(c, np.generic):  # in a tenth of the time that broadcast_to takes
            return np.ndarray(shape, c.dtype, c, 0, (0,) * nd)
        lead = lead_of(c, len(out))
        return np.broadcast_to(c.reshape(lead + kept), lead + shape)

    def total(x: Array) -> Array:
        if type(x) is np.ndarray:
            return _reduce(x, axes, dtype, None, keepdims)
        return x.sum(axis=axes, dtype=dtype, keepdims=keepdims)

    return LinearOp(shape, out, total, transpose, sums=axes)


def sum_op(
    shape: Shape, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, initial: Any = 0, where: Any = True
) -> LinearOp:
    """Return the map of np.sum: a row of ones (Parr & Howard, section 4.4)."""
    axis = tuple(axis) if isinstance(axis, list) else axis
    op = _plain_sum_op(shape, axis, bool(keepdims), dtype)
    return op if where is True else mask_op(shape, where).then(op)


def mask_op(shape: Shape, where: Any) -> LinearOp:
    """Return the map that keeps entries where a mask is True and gives 0 elsewhere, also for nan."""
    mask = np.asarray(where, bool)
    np.broadcast_to(mask, shape)

    def keep(x: Array) -> Array:
        return np.where(mask, x, 0)

    return LinearOp(shape, shape, keep, keep, picks=True)


@cached
def cumsum_op(shape: Shape, axis: Any = None, dtype: Any = None, out: Any = None) -> LinearOp:
    """Return the map of np.cumsum."""
    if axis is None:
        flat = reshape_op(shape, -1)
        return flat if len(shape) == 1 and not math.prod(shape) else flat.then(cumsum_op(flat.shape_out, 0, dtype))
    (axis,) = negative_axes(axis, len(shape))

    def transpose(c: Array) -> Array:
        return np.flip(np.cumsum(np.flip(c, axis), axis), axis)

    return LinearOp(shape, shape, lambda x: np.cumsum(x, axis, dtype), transpose)


# Shapes: views. ----------------------------------------------------------------------------------------------


def _rearranged(old: Shape, new: Shape, apply: Map, transpose: Map, key: Hashable) -> LinearOp:
    """Return a map that only rearranges entries, so that its transpose undoes it, and by that writes through it."""

    def assign(x: Array, u: Array) -> None:
        x[...] = transpose(np.broadcast_to(u, lead_of(x, len(old)) + new))

    return LinearOp(old, new, apply, transpose, gather=True, view=True, key=key, assign=assign)


def _reshaped(old: Shape, new: Shape) -> LinearOp:
    return _rearranged(
        old,
        new,
        lambda x: x.reshape(lead_of(x, len(old)) + new),
        lambda c: c.reshape(lead_of(c, len(new)) + old),
        ("reshape", new),
    )


def _reshaping(func: Function) -> Callable[..., LinearOp]:
    """Return the builder of a function that keeps C order: its result shape is what NumPy gives an empty array."""

    def build(shape: Shape, /, *args: Any, **kwargs: Any) -> LinearOp:
        return _reshaped(shape, func(np.broadcast_to(np.empty((), "b"), shape), *args, **kwargs).shape)

    return cached(build)


@cached
def reshape_op(old: Shape, /, shape: Any, order: str = "C", *, copy: Any = None) -> LinearOp:
    """Return the map of np.reshape; for order="F" it is taken on the reversed axes."""
    new = np.broadcast_to(np.empty((), "b"), old).reshape(shape).shape
    if order == "C":
        return _reshaped(old, new)
    if order == "F":
        op = transpose_op(old).then(_reshaped(old[::-1], new[::-1])).then(transpose_op(new[::-1]))
        return _rearranged(old, new, op.apply, op.transpose, op.key)
    return not_supported("reshape", "order", order, "use 'C' or 'F', which do not depend on the memory layout")


def _ravel_op(shape: Shape, order: str = "C") -> LinearOp:
    return reshape_op(shape, -1, order=order) if shape != () else _reshaped((), (1,))


@cached
def transpose_op(shape: Shape, axes: Any = None) -> LinearOp:
    """Return the map of np.transpose."""
    nd = len(shape)
    forward = tuple(range(nd))[::-1] if axes is None else np.lib.array_utils.normalize_axis_tuple(axes, nd)
    if len(forward) != nd:
        raise ValueError(f"transpose: axes={axes!r} do not match an array of {nd} axes")
    back = tuple(int(i) for i in np.argsort(forward)) if nd else ()

    def permute(x: Array, order: tuple[int, ...]) -> Array:
        b = x.ndim - nd
        return x.transpose((*range(b), *(b + a for a in order)))

    out = tuple(shape[a] for a in forward)
    return _rearranged(shape, out, lambda x: permute(x, forward), lambda c: permute(c, back), ("transpose", forward))


def _permuting(func: Function) -> Callable[..., LinearOp]:
    """Return the builder of a function that permutes axes; an empty array whose lengths number its axes shows how."""

    def build(shape: Shape, /, *args: Any, **kwargs: Any) -> LinearOp:
        return transpose_op(shape, func(np.empty(tuple(range(len(shape)))), *args, **kwargs).shape)

    return cached(build)


@cached
def broadcast_op(old: Shape, /, shape: Any, subok: bool = False) -> LinearOp:
    """Return the map of np.broadcast_to: scalar expansion is its one-entry case (Parr & Howard, section 4.3)."""
    new = np.broadcast_to(np.broadcast_to(np.empty((), "b"), old), shape).shape
    pad = (1,) * (len(new) - len(old)) + old

    def apply(x: Array) -> Array:
        lead = lead_of(x, len(old))
        return np.broadcast_to(x.reshape(lead + pad), lead + new)

    return LinearOp(old, new, apply, lambda c: unbroadcast(c, old, len(new)), gather=True, view=True, key=("broadcast", new))


@cached
def flip_op(shape: Shape, axis: Any = None) -> LinearOp:
    """Return the map of np.flip."""
    nd = len(shape)
    axes = negative_axes(axis, nd)
    return getitem_op(shape, tuple(slice(None, None, -1) if i - nd in axes else slice(None) for i in range(nd)))


@cached
def diagonal_op(shape: Shape, offset: int = 0, axis1: int = 0, axis2: int = 1) -> LinearOp:
    """Return the map of np.diagonal."""
    nd = len(shape)
    a1, a2 = (a if a < 0 else a - nd for a in (axis1, axis2))
    out = np.diagonal(np.broadcast_to(np.empty((), "b"), shape), offset, axis1, axis2).shape

    def transpose(c: Array) -> Array:
        z = (
            np.zeros(lead_of(c, len(out)) + shape, c.dtype)
            if type(c) is np.ndarray
            else np.zeros_like(c, shape=lead_of(c, len(out)) + shape)
        )
        n = out[-1]
        i, j = np.arange(n) + max(-offset, 0), np.arange(n) + max(offset, 0)
        moved = np.moveaxis(z, (a1, a2), (-2, -1))
        moved[..., i, j] = c
        return z

    return LinearOp(
        shape, out, lambda x: np.diagonal(x, offset, a1, a2), transpose, gather=True, view=True, key=("diagonal", offset, a1, a2)
    )


def _diag_op(shape: Shape, k: int = 0) -> LinearOp:
    """Return the map of np.diag: a view of a matrix's diagonal, or a matrix with this diagonal."""
    return diagonal_op(shape, k) if len(shape) == 2 else _matrix_with_diagonal(shape, k)


_matrix_with_diagonal = traced(np.diag)


# Copies. -----------------------------------------------------------------------------------------------------


@cached
def roll_op(shape: Shape, shift: Any, axis: Any = None) -> LinearOp:
    """Return the map of np.roll."""
    if axis is None:
        flat = reshape_op(shape, -1)
        return (
            flat.then(roll_op(flat.shape_out, shift, 0)).then(_reshaped(flat.shape_out, shape))
            if len(shape) != 1
            else roll_op(shape, shift, 0)
        )
    nd = len(shape)
    axes = tuple(negative_axes(a, nd)[0] for a in (axis if isinstance(axis, tuple) else (axis,)))
    shifts = tuple(int(s) for s in np.broadcast_to(shift, len(axes))) if np.ndim(shift) == 0 else tuple(int(s) for s in shift)
    if len(axes) == 1:
        axes *= len(shifts)
    elif len(shifts) == 1:
        shifts *= len(axes)

    def rolling(sign: int) -> Map:
        by = tuple(sign * s for s in shifts)
        return _rolling(shape[axes[0]], by[0], axes[0]) if len(axes) == 1 else lambda x: np.roll(x, by, axes)

    rolls = tuple(zip(axes, shifts, strict=True))
    return LinearOp(shape, shape, rolling(1), rolling(-1), gather=True, key=("roll", shifts, axes), rolls=rolls)


def _rolling(n: int, shift: int, axis: int) -> Map:
    """Return what rolls one axis of n entries by two slice copies, without the set-up of np.roll."""
    k = shift % n if n else 0
    after = (slice(None),) * (-axis - 1)
    first, rest, end, start = ((..., s, *after) for s in (slice(k), slice(k, None), slice(n - k, None), slice(n - k)))

    def roll(x: Array) -> Array:
        if type(x) is not np.ndarray:
            return np.roll(x, shift, axis)
        if not k:
            return x.copy("K")
        y = np.empty_like(x)
        y[rest] = x[start]
        y[first] = x[end]
        return y

    return roll


def _astype(x: Array, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Array:
    """np.astype that takes NumPy scalars, too, and the real part on the way from complex to real."""
    return (x.real if np.dtype(dtype).kind == "f" and x.dtype.kind == "c" else x).astype(dtype, copy=copy)


def copy_op(shape: Shape, order: str = "K", subok: bool = False) -> LinearOp:
    """Return the identity that copies."""
    return LinearOp(shape, shape, np.copy, lambda c: c, gather=True, key="copy")


def astype_op(shape: Shape, dtype: Any, copy: bool = True, device: Any = None) -> LinearOp:
    """Return the map of a change of floating or complex dtype; of an integer dtype it is refused."""
    kind = np.dtype(dtype).kind
    if kind not in "fc":
        raise lost(f"astype({np.dtype(dtype).name})")

    def apply(x: Array) -> Array:
        if x.dtype.kind not in "fc":
            return np.copy(x) if copy else x  # indices, of which a structured tangent asks where they go
        return (np.real(x) if kind == "f" and x.dtype.kind == "c" else x).astype(dtype, copy=copy)

    if not copy:
        return _rearranged(shape, shape, apply, lambda c: c, ("astype", np.dtype(dtype).str, "view"))
    return LinearOp(shape, shape, apply, lambda c: c, gather=True, key=("astype", np.dtype(dtype).str))


def _scatter(values: Array, index: Array, n: int) -> Array:
    """Return n sums, of the values with each index."""
    z = zeros_as((n,), values)
    np.add.at(z, index, values)
    return z


register(Linear(_scatter, lambda shape, index, n: getitem_op((n,), (index,)).T))
scatter = dispatching(_scatter)


# Real and imaginary parts: linear over the reals. ------------------------------------------------------------


def _real_part(c: Array) -> Array:
    """Return c without an imaginary part; np.real would make a Python number of one of NumPy's."""
    return c.real if c.dtype.kind == "c" else c


def _real_op(shape: Shape) -> LinearOp:
    return LinearOp(shape, shape, np.real, _real_part, view=True, key="real")


def _imag_op(shape: Shape) -> LinearOp:
    return LinearOp(shape, shape, np.imag, lambda c: np.multiply(1j, _real_part(c)), view=True, key="imag")


def _conj_op(shape: Shape) -> LinearOp:
    return LinearOp(shape, shape, np.conjugate, np.conjugate, key="conj")


_OPS: dict[Any, Callable[..., LinearOp]] = {
    np.sum: sum_op,
    np.cumsum: cumsum_op,
    np.reshape: reshape_op,
    np.ravel: cached(_ravel_op),
    np.squeeze: _reshaping(np.squeeze),
    np.expand_dims: _reshaping(np.expand_dims),
    np.transpose: transpose_op,
    np.swapaxes: _permuting(np.swapaxes),
    np.moveaxis: _permuting(np.moveaxis),
    np.rollaxis: _permuting(np.rollaxis),
    np.matrix_transpose: _permuting(np.matrix_transpose),
    np.broadcast_to: broadcast_op,
    np.flip: flip_op,
    np.diagonal: diagonal_op,
    np.roll: roll_op,
    np.copy: copy_op,
    np.take: take_op,
    np.take_along_axis: take_along_op,
    np.tile: traced(np.tile),
    np.repeat: traced(np.repeat),
    np.diag: _diag_op,
    np.diagflat: traced(np.diagflat),
    np.tril: traced(np.tril),
    np.triu: traced(np.triu),
    np.delete: traced(np.delete),
    np.resize: traced(np.resize),
    np.real: _real_op,
    np.imag: _imag_op,
    np.conjugate: _conj_op,
}

_SAME: dict[Any, tuple[str, ...]] = {
    np.sum: ("axis", "dtype", "out", "keepdims"),
    np.roll: ("shift", "axis"),
    np.flip: ("axis",),
    np.transpose: ("axes",),
    np.swapaxes: ("axis1", "axis2"),
    np.moveaxis: ("source", "destination"),
    np.rollaxis: ("axis", "start"),
    np.matrix_transpose: (),
    np.expand_dims: ("axis",),
}

for _func, _op in _OPS.items():
    register(Linear(_func, _op, _SAME.get(_func)))
register(Linear(_astype, astype_op), under=np.astype)
