"""From slots to CSR: where the entries go is found once for each set of slots, and values are written there."""

import math
import operator
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .._typing import Array, Shape
from ..linear_op import LinearOp
from ..tangents import dense
from ..tangents.gathers import NOWHERE, Root
from ..tangents.steps import Lines, Together
from ..tangents.straight import Noted, UndecidedError
from ..tangents.structured import Column, Parts, columns_of, fill, indices, number, places, weights
from . import matrices

MANY = 4
"""If more than one row in so many is out of order, all rows are sorted, and entries are not moved one by one."""

TOGETHER = 64
"""Rows of numbers that are written at once."""


class Layout:
    """
    The CSR structure of Σ diag(v)·G for slots of one root, given as columns.

    Slots are the columns of a table with a row for each row of the matrix. Where they are sorted by the offset that they read at, nearly
    all rows are sorted, and the table holds the entries in the order of CSR as it is. The other rows are sorted, equal places are added
    up in the first of them, and what reads nothing is left out.
    """

    __slots__ = ("_matrix", "_moves", "_present", "_twice", "indices", "indptr", "root", "shape")

    def __init__(self, columns: Sequence[Column], shape: Shape, root: Root) -> None:
        self.shape, self.root = shape, root
        m, w = math.prod(shape), len(columns)
        table = np.empty((*shape, w), np.int32 if max(root.size, m * w) < np.iinfo(np.int32).max else np.int64)
        doubtful = write_indices(table, columns)
        self._moves: tuple[Any, Array] | None = None
        """Which rows of the table are to be replaced, and by which entries."""
        self._twice: tuple[Array, Array] | None = None
        """Which entries are to be added to others, and to which."""
        self._present: Array | None = None
        """Which entries are there in the end, if not all are."""
        gone = self._sort(table.reshape(m, w), doubtful)
        self.indptr = np.arange(0, m * w + 1, w, dtype=table.dtype)
        self.indices = table.reshape(-1)
        if gone.size:
            self._present = np.ones(m * w, bool)
            self._present[gone] = False
            self.indices = self.indices[self._present]
            self.indptr[1:] -= np.cumsum(np.bincount(gone // w, minlength=m))
        self._matrix: Any = None

    def _sort(self, rows: Array, doubtful: Array | None) -> Array:
        """Sort those rows of the table that may not be, note what becomes of the entries, and return the numbers of those that leave it."""
        w = rows.shape[1]
        flat = rows.reshape(-1)
        looked = rows if doubtful is None else rows.take(doubtful, axis=0)
        wrong = _falling(looked) if doubtful is None else doubtful[_falling(looked)]
        gone = []
        if wrong.size:
            many = len(wrong) > len(rows) // MANY
            wrong = np.arange(len(rows)) if many else wrong
            to: Any = ... if many else wrong
            starts, old = wrong * w, rows if many else rows.take(wrong, axis=0)
            source = (starts[:, None] + np.argsort(old, axis=1, kind="stable")).reshape(-1)
            part = flat.take(source)
            if (part != old.reshape(-1)).any():
                rows[to] = part.reshape(-1, w)
                self._moves = to, source
            twice, heads = _repeated(part, w)
            if twice.size:
                self._twice = starts.take(twice // w) + twice % w, starts.take(heads // w) + heads % w
                gone.append(self._twice[0])
        if looked.size and looked.min() == NOWHERE:
            gone.append(np.flatnonzero(flat == NOWHERE))
        return np.concatenate(gone) if gone else np.empty(0, np.intp)

    def values(self, columns: Sequence[Column], dtype: Any) -> Array:
        """Return the entries, in memory of their own."""
        if any([type(v) is not float and np.iscomplexobj(v) for column in columns for _, _, v in column]):  # noqa: C419
            dtype = np.result_type(dtype, np.complex64)
        table = np.empty((*self.shape, len(columns)), dtype)
        write(table, list(map(weights, columns)))
        return self.finished(table)

    @property
    def adds(self) -> bool:
        """Whether entries in the same place are added up."""
        return self._twice is not None

    def finished(self, table: Array) -> Array:
        """Return the entries, given the table of what stands before the slots, which it may overwrite."""
        data = table.reshape(-1)
        if self._moves is not None:
            to, source = self._moves
            rows = table.reshape(-1, table.shape[-1])
            rows[to] = data.take(source).reshape(-1, table.shape[-1])
        if self._twice is not None:
            twice, heads = self._twice
            np.add.at(data, heads, data[twice])
        return data if self._present is None else data[self._present]

    def matrix(self, data: Array, sparse: Any) -> Any:
        """Return the matrix with these entries; all of them share their places, which SciPy looks at once."""
        if self._matrix is None:
            size = math.prod(self.shape), self.root.size
            self._matrix = sparse.csr_array((data, self.indices, self.indptr), shape=size, copy=False)
            self._matrix.has_canonical_format = True
            self._matrix.data = data[:0].copy()
        a = object.__new__(type(self._matrix))  # as copy.copy does it, in a third of the time
        a.__dict__.update(self._matrix.__dict__, data=data)
        return a


class Filling:
    """
    The entries of a matrix in many evaluations with the same slots, of which all but some arrays are the same each time.

    What stands for those is added to `varying`. What does not vary is written once, unless it is written over a part of what does. Without
    a layout there are no entries.
    """

    __slots__ = ("_empty", "_layout", "_parts", "_sparse", "_template")

    def __init__(self, sparse: Any, empty: Any, layout: Layout | None, columns: Sequence[Column], varying: list[Noted]) -> None:
        self._sparse, self._empty, self._layout = sparse, empty, layout
        self._parts: list[tuple[int, LinearOp | None, Any]] = []
        if layout is None:
            return
        if any([np.iscomplexobj(v) for column in columns for _, _, v in column]):  # noqa: C419
            raise UndecidedError
        self._template = np.empty((*layout.shape, len(columns)), empty.dtype)
        write(self._template, [[(op, 0.0 if type(v) is Noted else v) for op, v in weights(column)] for column in columns])
        if dense.has_nan(self._template):
            raise UndecidedError
        apart = _are_apart(layout.shape, [op for op, _, _ in columns[0]])
        for j, column in enumerate(columns):
            for op, v in weights(column):
                if type(v) is Noted:
                    varying.append(v)
                    self._parts.append((j, op, None))
                elif not apart:
                    self._parts.append((j, op, v))

    def matrix(self, values: Iterator[Array]) -> Any:
        """Return the matrix, given the arrays that vary; None if nan comes out."""
        layout = self._layout
        if layout is None:
            return self._empty.copy()
        table = self._template.copy()
        for j, op, v in self._parts:
            fill(table[..., j], [(op, next(values) if v is None else v)])
        data = layout.finished(table)
        return None if layout.adds and dense.has_nan(data) else layout.matrix(data, self._sparse)


def _are_apart(shape: Shape, ops: Sequence[LinearOp | None]) -> bool:
    """Whether maps read different entries of an array."""
    numbers = np.zeros(shape, np.int32)
    fill(numbers, [(op, i + 1) for i, op in enumerate(ops)])
    return int(np.count_nonzero(numbers)) == sum([math.prod(shape if op is None else op.shape_out) for op in ops])


def write_indices(table: Array, columns: Sequence[Column]) -> Array | None:
    """
    Write the index of each column, and NOWHERE where there is none; return the numbers of the rows that may be out of order, None for all.

    Where all columns of a part go in steps, and alike, their rows have the same differences, so that one of them tells the order of all.
    """
    state = np.full(table.shape[:-1], _EMPTY, "b")
    for pieces in zip(*columns, strict=True):
        op = pieces[0][0]
        lines = [x for _, s, _ in pieces if s is not None and (x := s.lines) is not None]
        part, known = (_part(table, op), _part(state[..., None], op)) if len(lines) == len(pieces) else (None, None)
        if part is None or known is None or not _in_steps(part, lines, known[..., 0]):
            write(table, [indices([piece]) for piece in pieces])
            fill(state, [(op, _DOUBTFUL)])
    if not state.all():
        table[state == _EMPTY] = NOWHERE
    doubtful = state != _SORTED
    return None if doubtful.all() else np.flatnonzero(doubtful)


_EMPTY, _DOUBTFUL, _SORTED = range(3)
"""What is known of a row of indices."""


def _in_steps(part: Array, lines: Sequence[Lines], state: Array) -> bool:
    """Write indices that go in steps into a part of a table, and say whether they go alike, and rows lie one after the other."""
    if part.ndim > 1 and part.shape[-2] > 1 and part.strides[-2] != part.shape[-1] * part.itemsize:
        return False
    together = Together(lines)
    if together.alike:
        together.write(part)
        state[...] = _DOUBTFUL
        box, row = together.orderly()
        if all(map(operator.lt, row, row[1:])):
            state[box] = _SORTED
    return together.alike


def write(table: Array, columns: Sequence[Parts]) -> None:
    """Write each column of a table from its parts; numbers of the same part together, as rows of memory (bench/bench_structured.py)."""
    for pieces in zip(*columns, strict=True):
        numbers = [v if number(v) else 0 for _, v in pieces]
        rows = _part(table, pieces[0][0]) if len(numbers) - numbers.count(0) > 1 else None
        if rows is not None and not rows.flags.c_contiguous:
            rows = None
        if rows is not None:
            repeat(rows.reshape(-1, len(numbers)), numbers)
        for j, piece in enumerate(pieces):
            if rows is None or not number(piece[1]):
                fill(table[..., j], [piece])


def _part(table: Array, op: LinearOp | None) -> Any:
    """Return the part of a table that a map of one of its columns reads, if that is a view."""
    if op is None:
        return table
    if not op.view:
        return None
    nd = table.ndim - 1
    part = op.apply(table.transpose(nd, *range(nd)))
    return part.transpose(*range(1, part.ndim), 0) if np.may_share_memory(part, table) else None


def repeat(rows: Array, row: Sequence[Any]) -> None:
    """Write the same row everywhere: many at a time, since NumPy takes long to begin with each."""
    whole = len(rows) - len(rows) % TOGETHER
    some = np.empty((TOGETHER, rows.shape[1]), rows.dtype)
    some[...] = row
    rows[:whole].reshape(-1, some.size)[...] = some.reshape(-1)
    rows[whole:] = some[: len(rows) - whole]


def _falling(rows: Array) -> Array:
    """Return the numbers of the rows that do not rise throughout."""
    w = rows.shape[1]
    flat = rows.reshape(-1)
    falls = np.zeros(flat.size, bool)
    np.less_equal(flat[1:], flat[:-1], out=falls[:-1])
    falls.reshape(rows.shape)[:, -1] = False
    found = np.flatnonzero(falls) // w
    first = np.ones(found.size, bool)
    np.not_equal(found[1:], found[:-1], out=first[1:])
    return found[first]


def _repeated(part: Array, w: int) -> tuple[Array, Array]:
    """Return which entries of sorted rows of w are equal to the one before, and the first ones that they are equal to."""
    same = np.zeros(part.size, bool)
    np.equal(part[1:], part[:-1], out=same[1:])
    same[::w] = False
    same &= part != NOWHERE
    found = np.flatnonzero(same)
    heads = found - 1
    while (more := same[heads]).any():
        heads -= more
    return found, heads


class Assembler:
    """
    Assembles matrices from slots and remembers their layouts; cuts are multiplied out as products of sparse matrices.

    J = Σ J_leaf + Σ J_cut · M · J_source for each cut with the matrix M of its map.
    """

    def __init__(self, sparse: Any) -> None:
        self.sparse = sparse
        self._layouts: dict[Any, Layout] = {}
        self._known: dict[tuple[Root, Root], Any] = {}

    def jacobian(self, columns: dict[Root, list[Column]], shape: Shape, leaf: Root, dtype: Any) -> Any:
        """Return the matrix of slots with respect to a leaf, of shape (numbers of the result, numbers of the leaf)."""
        self.renew()
        a = self._of(columns, shape, leaf, dtype)
        self.renew()
        if a is None:
            return self._empty(shape, leaf, dtype)
        a.sum_duplicates()
        return (a.real if np.iscomplexobj(a) and np.dtype(dtype).kind != "c" else a).astype(dtype, copy=False)

    def _empty(self, shape: Shape, leaf: Root, dtype: Any) -> Any:
        """Return the matrix for a result that does not depend on the leaf."""
        return self.sparse.csr_array((math.prod(shape), leaf.size), dtype=dtype)

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

    def filling(self, columns: dict[Root, list[Column]], shape: Shape, leaf: Root, dtype: Any, varying: list[Noted]) -> Filling:
        """Return how the matrix of slots, which read leaves alone, is filled each time; add to `varying` what differs."""
        some = columns.get(leaf, [])
        return Filling(self.sparse, self._empty(shape, leaf, dtype), self._layout(some, shape, leaf) if some else None, some, varying)

    def _slots(self, columns: list[Column], shape: Shape, root: Root, dtype: Any) -> Any:
        layout = self._layout(columns, shape, root)
        return layout.matrix(layout.values(columns, dtype), self.sparse)

    def _layout(self, columns: list[Column], shape: Shape, root: Root) -> Layout:
        key = (root, shape, *map(places, columns))
        layout = self._layouts.get(key)
        if layout is None:
            layout = self._layouts[key] = Layout(columns, shape, root)
        return layout
