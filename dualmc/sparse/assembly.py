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

    Slot j of all rows is row j of a table; where slots are sorted by the offset that they read at, nearly all its columns are sorted,
    and only the others have to be.
    """

    __slots__ = ("_places", "_starts", "indices", "indptr", "root", "shape", "slots")

    def __init__(self, slots: tuple[Gather, ...], shape: Shape, root: Root) -> None:
        self.slots, self.shape, self.root = sorted(slots, key=lambda s: s.offset), shape, root
        m, w = math.prod(shape), len(slots)
        table = np.empty((w, m), root.index.dtype)
        for row, s in zip(table, self.slots, strict=True):
            row.reshape(shape)[...] = s.index
        places = np.add.outer(np.arange(m), np.arange(0, w * m, max(m, 1))[:w])
        wrong = np.flatnonzero((table[1:] < table[:-1]).any(axis=0))
        if wrong.size:
            order = np.argsort(table[:, wrong].T, axis=1, kind="stable")
            places[wrong] = order * m + wrong[:, None]
        self._places = places.reshape(-1)
        indices = table.reshape(-1).take(self._places, mode="clip")
        counts: Any = w
        if not all(s.whole for s in slots):
            present = indices != NOWHERE
            indices, self._places = indices[present], self._places[present]
            counts = (table != NOWHERE).sum(axis=0)
        self.indptr = np.zeros(m + 1, indices.dtype)
        np.cumsum(np.broadcast_to(counts, m), out=self.indptr[1:])
        self._starts: Array | None = None
        again = indices[1:] == indices[:-1]
        heads = self.indptr[(self.indptr > 0) & (self.indptr < indices.size)]
        again[heads - 1] = False  # the first entry of a row is its own, whatever the last one of the row before
        if again.any():
            self._starts = np.flatnonzero(np.append(True, ~again))
            self.indptr = np.searchsorted(self._starts, self.indptr).astype(indices.dtype)
            indices = indices[self._starts]
        self.indices = indices

    def values(self, terms: Terms, dtype: Any) -> Array:
        """Return the entries."""
        dtype = np.result_type(dtype, *[np.complex64 for v in terms.values() if np.iscomplexobj(v)])
        table = np.empty((len(self.slots), math.prod(self.shape)), dtype)
        for row, s in zip(table, self.slots, strict=True):
            row.reshape(self.shape)[...] = terms[s]
        data = table.reshape(-1).take(self._places, mode="clip")
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
