"""Products of vectors and matrices, written in terms of matmul and element-wise products."""

from typing import Any

import numpy as np

from .._typing import Array, Function
from .registry import register
from .rule import Composed


def dot(a: Array, b: Array) -> Array:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    if np.ndim(b) <= 2 and np.ndim(a) <= 2:
        return np.matmul(a, b)
    return np.tensordot(a, b, axes=([-1], [-2 if np.ndim(b) > 1 else -1]))


def vdot(a: Array, b: Array) -> Array:
    return np.matmul(np.ravel(np.conjugate(a)), np.ravel(b))


def inner(a: Array, b: Array) -> Array:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    return np.matmul(a, b) if np.ndim(a) == np.ndim(b) == 1 else np.tensordot(a, b, axes=([-1], [-1]))


def outer(a: Array, b: Array) -> Array:
    return np.ravel(a)[:, None] * np.ravel(b)[None, :]


def tensordot(a: Array, b: Array, axes: Any = 2) -> Array:
    shape_a, shape_b = np.shape(a), np.shape(b)
    pairs: Any = (range(len(shape_a) - axes, len(shape_a)), range(axes)) if np.ndim(axes) == 0 else axes
    pairs_a, pairs_b = ((k,) if np.ndim(k) == 0 else k for k in pairs)
    sum_a = np.lib.array_utils.normalize_axis_tuple(tuple(pairs_a), len(shape_a))
    sum_b = np.lib.array_utils.normalize_axis_tuple(tuple(pairs_b), len(shape_b))
    if [shape_a[i] for i in sum_a] != [shape_b[i] for i in sum_b]:
        raise ValueError(f"tensordot: shape-mismatch for sum: {shape_a} and {shape_b} over axes={axes!r}")
    free_a = [i for i in range(len(shape_a)) if i not in sum_a]
    free_b = [i for i in range(len(shape_b)) if i not in sum_b]
    n = int(np.prod([shape_a[i] for i in sum_a]))
    rows, columns = [shape_a[i] for i in free_a], [shape_b[i] for i in free_b]
    left = np.reshape(np.transpose(a, (*free_a, *sum_a)), (int(np.prod(rows)), n))
    right = np.reshape(np.transpose(b, (*sum_b, *free_b)), (n, int(np.prod(columns))))
    return np.reshape(np.matmul(left, right), (*rows, *columns))


def kron(a: Array, b: Array) -> Array:
    nd = max(np.ndim(a), np.ndim(b))
    shape_a = (1,) * (nd - np.ndim(a)) + np.shape(a)
    shape_b = (1,) * (nd - np.ndim(b)) + np.shape(b)
    left = np.reshape(a, tuple(n for k in shape_a for n in (k, 1)))
    right = np.reshape(b, tuple(n for k in shape_b for n in (1, k)))
    return np.reshape(left * right, tuple(m * n for m, n in zip(shape_a, shape_b, strict=True)))


def cross(a: Array, b: Array, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Array:
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1)
    sizes = np.shape(a)[-1], np.shape(b)[-1]
    if not set(sizes) <= {2, 3}:
        raise ValueError(f"cross: vectors must have 2 or 3 entries, got {sizes[0]} and {sizes[1]}")
    entries: Any = ([x[..., i] if i < n else None for i in range(3)] for x, n in zip((a, b), sizes, strict=True))
    (a0, a1, a2), (b0, b1, b2) = entries
    last = a0 * b1 - a1 * b0
    if sizes == (2, 2):
        return last
    first = a1 * b2 if a2 is None else -(a2 * b1) if b2 is None else a1 * b2 - a2 * b1
    middle = -(a0 * b2) if a2 is None else a2 * b0 if b2 is None else a2 * b0 - a0 * b2
    return np.moveaxis(np.stack(np.broadcast_arrays(first, middle, last), axis=-1), -1, axisc)


def trace(a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Array:
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


def vecdot(a: Array, b: Array) -> Array:
    return np.sum(np.conjugate(a) * b, axis=-1)


def matvec(a: Array, x: Array) -> Array:
    return np.matmul(a, x[..., None])[..., 0]


def vecmat(x: Array, a: Array) -> Array:
    return np.matmul(np.conjugate(x)[..., None, :], a)[..., 0, :]


_BODIES: dict[Any, Function] = {
    np.dot: dot, np.vdot: vdot, np.inner: inner, np.outer: outer, np.tensordot: tensordot, np.kron: kron,
    np.cross: cross, np.trace: trace, np.vecdot: vecdot, np.matvec: matvec, np.vecmat: vecmat,
}  # fmt: skip

for _func, _body in _BODIES.items():
    register(Composed(_func, _body))
