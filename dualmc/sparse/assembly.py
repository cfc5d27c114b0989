"""From slots to CSR: where the entries go is found once for each set of slots, and values are written there."""

import math
from typing import Any

import numpy as np

from .._typing import Array, Shape
from ..tangents.gathers import NOWHERE, Gather, Root
from ..tangents.structured import Terms
from . import matrices


class Layout:
    """
    The CSR structure of Σ diag(v)·G for slots of one root.

    Slot j of every row stands in column j of a table; where slots are sorted by the offset that they read at, nearly all rows are
    sorted, and the others are sorted one by one.
    """

    __slots__ = ("_kept", "_mended", "_starts", "indices", "indptr", "root", "shape", "slots")

    def __init__(self, slots: tuple[Gather, ...], shape: Shape, root: Root) -> None:
        self.slots, self.shape, self.root = sorted(slots, key=lambda s: s.offset), shape, root
        m, w = math.prod(shape), len(slots)
        table = np.empty((w, m), root.index.dtype)
        for row, s in zip(table, self.slots, strict=True):
            row.reshape(shape)[...] = s.index
        self._mended, self._kept, self._starts = None, None, None
        wrong = np.flatnonzero((table[1:] < table[:-1]).any(axis=0))
        if wrong.size:
            order = np.argsort(table[:, wrong], axis=0, kind="stable")
            table[:, wrong] = table[order, wrong]
            self._mended = order, wrong
        absent = None if all(s.whole for s in slots) else table == NOWHERE
        same = table[1:] == table[:-1]
        if absent is not None:
            same &= ~absent[1:]
        indices = np.ascontiguousarray(table.T).reshape(-1)
        counts: Any = w
        if absent is not None:
            self._kept = np.flatnonzero(~absent.T)
            indices = indices[self._kept]
            counts = w - absent.sum(axis=0)
        if same.any():
            first = np.ones((m, w), bool)
            first[:, 1:] = ~same.T
            self._starts = np.flatnonzero(first.reshape(-1) if self._kept is None else first.reshape(-1)[self._kept])
            indices = indices[self._starts]
            counts = counts - same.sum(axis=0)
        self.indices, self.indptr = indices, np.zeros(m + 1, indices.dtype)
        np.cumsum(np.broadcast_to(counts, m), out=self.indptr[1:])

    def values(self, terms: Terms, dtype: Any) -> Array:
        """Return the entries."""
        dtype = np.result_type(dtype, *[np.complex64 for v in terms.values() if np.iscomplexobj(v)])
        table = np.empty((len(self.slots), math.prod(self.shape)), dtype)
        for row, s in zip(table, self.slots, strict=True):
            row.reshape(self.shape)[...] = terms[s]
        if self._mended is not None:
            order, wrong = self._mended
            table[:, wrong] = table[order, wrong]
        data = np.ascontiguousarray(table.T).reshape(-1)
        if self._kept is not None:
            data = data[self._kept]
        return data if self._starts is None else np.add.reduceat(data, self._starts)

    def matrix(self, data: Array, sparse: Any) -> Any:
        """Return the matrix with these entries."""
        size = math.prod(self.shape), self.root.size
        a = sparse.csr_array((data, self.indices, self.indptr), shape=size, copy=False)
        a.has_canonical_format = True
        return a


class Assembler:
    """
    Assembles matrices from slots and remembers their layouts; cuts are multiplied out as products of sparse matrices.

    J = Σ J_leaf + Σ J_cut · M · J_source for each cut with the matrix M of its map.
    """

    def __init__(self, sparse: Any) -> None:
        self.sparse = sparse
        self._layouts: dict[Any, Layout] = {}
        self._known: dict[tuple[Root, Root], Any] = {}

    def jacobian(self, terms: Terms, shape: Shape, leaf: Root, dtype: Any) -> Any:
        """Return the matrix of slots with respect to a leaf, of shape (numbers of the result, numbers of the leaf)."""
        self.renew()
        a = self._of(terms, shape, leaf, dtype)
        self.renew()
        if a is None:
            return self.sparse.csr_array((math.prod(shape), leaf.size), dtype=dtype)
        a.sum_duplicates()
        return (a.real if np.iscomplexobj(a) and np.dtype(dtype).kind != "c" else a).astype(dtype, copy=False)

    def renew(self) -> None:
        """Forget the matrices of cuts, which belong to one evaluation."""
        self._known = {}

    def _of(self, terms: Terms, shape: Shape, leaf: Root, dtype: Any) -> Any:
        """Return the same, or None if the slots do not depend on the leaf."""
        by_root: dict[Root, Terms] = {}
        for s, v in terms.items():
            by_root.setdefault(s.root, {})[s] = v
        parts = []
        for root, some in by_root.items():
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
            inner = self._of(cut.terms, cut.op.shape_in, leaf, dtype)
            found = None if inner is None else matrices.product(matrices.matrix_of(cut, self.sparse), inner, self.sparse)
            self._known[root, leaf] = found
        return self._known[root, leaf]

    def _slots(self, terms: Terms, shape: Shape, root: Root, dtype: Any) -> Any:
        key = (root, shape, frozenset(terms))
        layout = self._layouts.get(key)
        if layout is None:
            layout = self._layouts[key] = Layout(tuple(terms), shape, root)
        return layout.matrix(layout.values(terms, dtype), self.sparse)
