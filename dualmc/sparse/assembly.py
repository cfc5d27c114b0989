"""From slots to CSR: where the entries go is found once for each set of slots, and values are written there."""

import copy
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._typing import Array, Shape
from ..linear_op import LinearOp
from ..tangents.gathers import NOWHERE, Root
from ..tangents.structured import Column, columns_of, fill, indices, number, places, weights
from . import matrices

MOVED = 4
"""Entries are moved one by one where they are fewer than one in so many; where more of them move, all are read in their order."""


class Layout:
    """
    The CSR structure of Σ diag(v)·G for slots of one root, given as columns.

    Slots are the columns of a table with a row for each row of the matrix. Where they are sorted by the offset that they read at, nearly
    all rows are sorted, and the table holds the entries in the order of CSR as it is. The other rows are sorted, equal places are added
    up in the first of them, and what reads nothing is left out.

    If it is `kept` for other values, so is the table: numbers that stay the same are not written again.
    """

    __slots__ = ("_apart", "_kept", "_last", "_matrix", "_moves", "_once", "_table", "_twice", "indices", "indptr", "root", "shape")

    def __init__(self, columns: Sequence[Column], shape: Shape, root: Root, *, kept: bool = False) -> None:
        self.shape, self.root, self._once = shape, root, not kept
        self._apart = _apart([op for op, _, _ in columns[0]], shape)
        m, w = math.prod(shape), len(columns)
        table = np.empty((*shape, w), np.int32 if max(root.size, m * w) < np.iinfo(np.int32).max else np.int64)
        if not self._apart:
            table.fill(NOWHERE)
        for j, column in enumerate(columns):
            fill(table[..., j], indices(column))
        self._moves: tuple[Any, Array] | None = None
        """Which entries of the table are to be replaced, and by which."""
        self._twice: tuple[Array, Array] | None = None
        """Which entries are to be added to others, and to which."""
        self._kept: Array | None = None
        """Which entries are there in the end, if not all are."""
        gone = self._sort(table.reshape(m, w))
        self.indptr = np.arange(0, m * w + 1, w, dtype=table.dtype)
        self.indices = table.reshape(-1)
        if gone.size:
            self._kept = np.ones(m * w, bool)
            self._kept[gone] = False
            self.indices = self.indices[self._kept]
            self.indptr[1:] -= np.cumsum(np.bincount(gone // w, minlength=m))
        self._table: Array | None = None
        self._last: list[list[Any]] = []
        self._matrix: Any = None

    def _sort(self, rows: Array) -> Array:
        """Sort the rows of the table, note what becomes of the entries, and return the numbers of those that leave it."""
        w = rows.shape[1]
        flat = rows.reshape(-1)
        falls = np.zeros(flat.size, bool)
        np.less_equal(flat[1:], flat[:-1], out=falls[:-1])
        falls.reshape(rows.shape)[:, -1] = False
        found = np.flatnonzero(falls) // w
        first = np.ones(found.size, bool)
        np.not_equal(found[1:], found[:-1], out=first[1:])
        wrong = found[first]
        gone = []
        if wrong.size:
            part = rows[wrong]
            order = np.argsort(part, axis=1, kind="stable")
            at, starts = np.arange(w), wrong[:, None] * w
            moved = np.flatnonzero(order != at)
            to, source = (starts + at).take(moved), (starts + order).take(moved)
            flat[to] = flat[source]
            part = rows[wrong]
            if to.size > flat.size // MOVED:
                whole = np.arange(flat.size)
                whole[to] = source
                self._moves = ..., whole
            elif to.size:
                self._moves = to, source
            again = np.zeros(order.shape, bool)
            np.equal(part[:, 1:], part[:, :-1], out=again[:, 1:])
            again &= part != NOWHERE
            if again.any():
                heads = np.maximum.accumulate(np.where(again, 0, at), axis=1)
                self._twice = (starts + at)[again], (starts + heads)[again]
                gone.append(self._twice[0])
        if flat.size and flat.min() == NOWHERE:
            gone.append(np.flatnonzero(flat == NOWHERE))
        return np.concatenate(gone) if gone else np.empty(0, np.intp)

    def values(self, columns: Sequence[Column], dtype: Any) -> Array:
        """Return the entries, in memory of their own."""
        weighed = [weights(column) for column in columns]
        dtype = np.result_type(dtype, *[np.complex64 for parts in weighed for _, v in parts if type(v) is not float and np.iscomplexobj(v)])
        table = self._table
        if table is None or table.dtype != dtype:
            table, self._last = np.empty((*self.shape, len(columns)), dtype), []
        for j, parts in enumerate(weighed):
            fill(table[..., j], _changed(parts, self._last[j], self._apart) if self._last else parts)
        data = table.reshape(-1)
        if not self._once:
            self._table, self._last = table, [[v if number(v) else None for _, v in parts] for parts in weighed]
            data = data.copy()
        if self._moves is not None:
            to, source = self._moves
            data[to] = data[source]
        if self._twice is not None:
            places, heads = self._twice
            np.add.at(data, heads, data[places])
        return data if self._kept is None else data[self._kept]

    def matrix(self, data: Array, sparse: Any) -> Any:
        """Return the matrix with these entries; all of them share their places, which SciPy looks at once."""
        if self._matrix is None:
            size = math.prod(self.shape), self.root.size
            self._matrix = sparse.csr_array((data, self.indices, self.indptr), shape=size, copy=False)
            self._matrix.has_canonical_format = True
        a = copy.copy(self._matrix)
        a.data = data
        return a


def _apart(ops: Sequence[LinearOp | None], shape: Shape) -> bool:
    """Whether each entry of the array is read by just one of these maps, at one place."""
    if ops[0] is None and len(ops) == 1:
        return True
    size = math.prod(shape)
    if sum([size if op is None else math.prod(op.shape_out) for op in ops]) != size:
        return False
    met = np.zeros(shape, bool)
    fill(met, [(op, True) for op in ops])
    return bool(met.all())


def _changed(parts: Sequence[tuple[Any, Any]], last: Sequence[Any], apart: bool) -> Sequence[tuple[Any, Any]]:
    """Return the parts that are to be written again: arrays, numbers that are not those of last time, and what lies over such parts."""
    same = [number(v) and v == old != 0 for (_, v), old in zip(parts, last, strict=True)]  # zeros have signs
    if apart:
        return [part for part, kept in zip(parts, same, strict=True) if not kept]
    return parts[same.index(False) :] if not all(same) else ()


class Assembler:
    """
    Assembles matrices from slots and remembers their layouts; cuts are multiplied out as products of sparse matrices.

    J = Σ J_leaf + Σ J_cut · M · J_source for each cut with the matrix M of its map.
    """

    def __init__(self, sparse: Any, *, once: bool = False) -> None:
        self.sparse, self._once = sparse, once
        self._layouts: dict[Any, Layout] = {}
        self._known: dict[tuple[Root, Root], Any] = {}

    def jacobian(self, columns: dict[Root, list[Column]], shape: Shape, leaf: Root, dtype: Any) -> Any:
        """Return the matrix of slots with respect to a leaf, of shape (numbers of the result, numbers of the leaf)."""
        self.renew()
        a = self._of(columns, shape, leaf, dtype)
        self.renew()
        if a is None:
            return self.sparse.csr_array((math.prod(shape), leaf.size), dtype=dtype)
        a.sum_duplicates()
        return (a.real if np.iscomplexobj(a) and np.dtype(dtype).kind != "c" else a).astype(dtype, copy=False)

    def renew(self) -> None:
        """Forget the matrices of cuts, which belong to one evaluation."""
        self._known = {}

    def _of(self, columns: dict[Root, list[Column]], shape: Shape, leaf: Root, dtype: Any) -> Any:
        """Return the same, or None if the slots do not depend on the leaf."""
        parts = []
        for root, some in columns.items():
            if root is leaf:
                parts.append(self._slots(some, shape, root, dtype))
            else:
                source = self.source(root, leaf, dtype)
                if source is not None:
                    parts.append(matrices.product(self._slots(some, shape, root, dtype), source, self.sparse))
        return matrices.total(parts, self.sparse) if parts else None

    def source(self, root: Root, leaf: Root, dtype: Any) -> Any:
        """Return the matrix of a cut with respect to a leaf, or None if it does not depend on it."""
        if root.source is None:  # another leaf
            return None
        if (root, leaf) not in self._known:
            cut = root.source
            inner = self._of(columns_of(cut.terms), cut.op.shape_in, leaf, dtype)
            found = None if inner is None else matrices.product(matrices.matrix_of(cut, self.sparse), inner, self.sparse)
            self._known[root, leaf] = found
        return self._known[root, leaf]

    def _slots(self, columns: list[Column], shape: Shape, root: Root, dtype: Any) -> Any:
        key = (root, shape, *map(places, columns))
        layout = self._layouts.get(key)
        if layout is None:
            layout = self._layouts[key] = Layout(columns, shape, root, kept=not self._once)
        return layout.matrix(layout.values(columns, dtype), self.sparse)
