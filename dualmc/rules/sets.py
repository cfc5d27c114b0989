"""Functions that pick entries by value or by mask, and functions that write entries into an array."""

from typing import Any

import numpy as np

from .._typing import Array, Function, Shape
from ..errors import lost
from ..linear_op import LinearOp
from .indexing import take_along_op
from .registry import register
from .rule import Composed, Constant, Weighted
from .selection import base

# Entries in order of value; of equal ones the first. ---------------------------------------------------------


def _matching(values: Array, result: Array, axis: int) -> Array:
    """Return which entry of values each entry of result is, where one is a permutation of the other along the axis."""
    index = np.empty(values.shape, np.intp)
    np.put_along_axis(index, np.argsort(result, axis=axis, kind="stable"), np.argsort(values, axis=axis, kind="stable"), axis)
    return index


def _partition(x: Array, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None) -> tuple[Array, None, LinearOp]:
    """Return the gather that NumPy's partition came to."""
    ans = np.partition(x, kth, axis, kind, order)
    values, result = base(x), base(ans)
    matching = _matching(values.ravel(), result, 0) if axis is None else _matching(values, result, axis)
    return ans, None, take_along_op(values.shape, matching, axis)


def unique(
    ar: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False, axis: Any = None,
    *, equal_nan: bool = True, sorted: bool = True,
) -> Any:  # fmt: skip
    ar = ar if hasattr(ar, "dtype") else np.asarray(ar)
    plain: Any = np.unique
    _, first, *rest = plain(base(ar), True, return_inverse, return_counts, axis, equal_nan=equal_nan)
    values = np.ravel(ar)[first] if axis is None else np.take(ar, first, axis=axis)
    results = (values, *([first] if return_index else []), *rest)
    return results if len(results) > 1 else values


def _unique_parts(func: Function) -> Function:
    """Return the body of unique_all and its kin: NumPy's own results with the values taken from x."""

    def body(x: Any) -> Any:
        return func(base(x))._replace(values=unique(x, equal_nan=False))

    return body


def unique_values(x: Any) -> Array:
    return unique(x, equal_nan=False)


def union1d(ar1: Any, ar2: Any) -> Array:
    return unique(np.concatenate([np.ravel(ar1), np.ravel(ar2)]))


def intersect1d(ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False) -> Any:
    _, first, second = np.intersect1d(base(ar1), base(ar2), assume_unique, return_indices=True)
    values = np.ravel(ar1)[first]
    return (values, first, second) if return_indices else values


def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Array:
    values = np.ravel(ar1) if assume_unique else unique(ar1)
    return values[np.isin(base(values), base(ar2), assume_unique=True, invert=True)]


def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Array:
    a, b = (np.ravel(x) if assume_unique else unique(x) for x in (ar1, ar2))
    both = np.concatenate([a, b])
    values = base(both)
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    change = np.concatenate([[True], ordered[1:] != ordered[:-1], [True]])
    return both[order[change[1:] & change[:-1]]]


def sort_complex(a: Any) -> Array:
    b = np.sort(a)
    return b if b.dtype.kind == "c" else b.astype(np.clongdouble if b.dtype == np.longdouble else np.complex128)


# Entries by mask. --------------------------------------------------------------------------------------------


def compress(condition: Any, a: Any, axis: Any = None, out: None = None) -> Array:
    condition = base(condition)
    if condition.ndim != 1:
        raise ValueError("compress: condition must be a 1-d array")
    return np.take(a, np.flatnonzero(condition), axis=axis)


def extract(condition: Any, arr: Any) -> Array:
    return np.take(np.ravel(arr), np.flatnonzero(base(condition)))


def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Array:
    """Slice where NumPy slices: the numbers of the entries, 0 for an entry of 0, are trimmed in place of the entries."""
    values = base(filt)
    numbers = np.where(values != 0, np.arange(1, values.size + 1).reshape(values.shape), 0)
    axes = range(values.ndim) if axis is None else np.lib.array_utils.normalize_axis_tuple(axis, values.ndim)
    key = [slice(None)] * values.ndim
    for at in axes:
        full = np.any(numbers != 0, axis=tuple(i for i in range(values.ndim) if i != at)).nonzero()[0]
        start, stop = (full[0], full[-1] + 1) if len(full) else (values.shape[at], values.shape[at])
        key[at] = slice(int(start) if "f" in trim.lower() else 0, int(stop) if "b" in trim.lower() else None)
        if not len(full):
            key[at] = slice(0, 0)
    return filt[tuple(key)]


def ix_(*args: Any) -> tuple[Array, ...]:
    nd = len(args)
    if any(np.ndim(a) != 1 for a in args):
        raise ValueError("Cross index must be 1 dimensional")
    return tuple(np.reshape(a, (1,) * i + (-1,) + (1,) * (nd - i - 1)) for i, a in enumerate(args))


def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Array, ...]:
    if indexing not in ("xy", "ij"):
        raise ValueError("Valid values for `indexing` are 'xy' and 'ij'.")
    nd = len(xi)
    place = list(range(nd))
    if indexing == "xy" and nd > 1:
        place[:2] = [1, 0]
    grids = tuple(np.reshape(x, (1,) * k + (-1,) + (1,) * (nd - k - 1)) for x, k in zip(xi, place, strict=True))
    grids = grids if sparse else np.broadcast_arrays(*grids)
    return tuple(np.copy(g) for g in grids) if copy else tuple(grids)


# Writing. ----------------------------------------------------------------------------------------------------


def _target(a: Any, name: str) -> Shape:
    """Return the shape of an array to write to; one without a tangent cannot take one."""
    if not hasattr(type(a), "_push_linear"):
        raise lost(f"np.{name} into an array without tangents")
    return np.shape(a)


def _write(a: Any, flat: Array, values: Any) -> None:
    """
    Write values, repeated as needed, to the entries with these numbers; the last of several writes to one entry stays.

    The view with an axis more takes several numbers for one entry, too.
    """
    values = np.ravel(values)
    if flat.size and np.size(values):
        a[None][np.unravel_index(flat, (1, *np.shape(a)))] = values[np.arange(flat.size) % np.size(values)]


def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    shape = _target(a, "put")
    ind = np.ravel(ind)
    numbers = np.take(np.arange(int(np.prod(shape))), ind if ind.size else ind.astype(np.intp), mode=mode)  # type: ignore[call-overload]
    _write(a, numbers, v)


def place(arr: Any, mask: Any, vals: Any) -> None:
    shape, mask = _target(arr, "place"), base(mask)
    if mask.size != int(np.prod(shape)):
        raise ValueError("place: mask and data must be the same size")
    numbers = np.flatnonzero(mask)
    if numbers.size and np.size(vals) == 0:
        raise ValueError("Cannot insert from an empty array!")
    _write(arr, numbers, vals)


def putmask(a: Any, /, mask: Any, values: Any) -> None:
    shape, mask = _target(a, "putmask"), base(mask)
    if mask.size != int(np.prod(shape)):
        raise ValueError("putmask: mask and data must be the same size")
    numbers, values = np.flatnonzero(mask), np.ravel(values)
    if np.size(values):
        _write(a, numbers, values[numbers % np.size(values)])


def put_along_axis(arr: Any, indices: Any, values: Any, axis: Any) -> None:
    shape, indices = _target(arr, "put_along_axis"), np.asarray(indices)
    if axis is None:
        arr[np.unravel_index(indices % int(np.prod(shape)), shape)] = values
        return
    at = np.lib.array_utils.normalize_axis_index(axis, len(shape))
    if indices.ndim != len(shape):
        raise ValueError("`indices` and `arr` must have the same number of dimensions")
    key: list[Any] = list(np.ogrid[tuple(slice(n) for n in shape)])
    key[at] = indices
    arr[tuple(key)] = values


def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    shape = _target(a, "fill_diagonal")
    if len(shape) < 2 or (len(shape) > 2 and len(set(shape)) > 1):
        raise ValueError("All dimensions of input must be of equal length" if len(shape) > 2 else "array must be at least 2-d")
    numbers = np.arange(int(np.prod(shape))).reshape(shape)
    marked = np.zeros(shape, bool)
    np.fill_diagonal(marked, True, wrap)
    _write(a, numbers[marked], val)


_BODIES: dict[Any, Function] = {
    np.unique: unique, np.unique_values: unique_values, np.unique_all: _unique_parts(np.unique_all),
    np.unique_counts: _unique_parts(np.unique_counts), np.unique_inverse: _unique_parts(np.unique_inverse),
    np.union1d: union1d, np.intersect1d: intersect1d, np.setdiff1d: setdiff1d, np.setxor1d: setxor1d,
    np.sort_complex: sort_complex, np.compress: compress, np.extract: extract, np.trim_zeros: trim_zeros,
    np.ix_: ix_, np.meshgrid: meshgrid,
    np.put: put, np.place: place, np.putmask: putmask, np.put_along_axis: put_along_axis, np.fill_diagonal: fill_diagonal,
}  # fmt: skip

for _func, _body in _BODIES.items():
    register(Composed(_func, _body))
register(Weighted(np.partition, _partition))
register(Constant(np.isin))
