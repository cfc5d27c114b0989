"""
The structured space: a tangent is a sum of slots diag(v)·G, where G gathers entries of an input.

An element-wise function has a diagonal Jacobian (Parr & Howard, section 4.2), which scales v; slices, rolls, transposes and
joins move entries, which composes G. Slots with equal gathers are one slot. Any other linear map (a sum, a product of
matrices) is a cut: its result becomes a root of its own, which remembers the map and the tangent that it was applied to.

These tangents are values: they are pushed through a tape, as blocks of directions are, and no array carries them.
"""

import itertools
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy import ndarray

from .._typing import Array, Shape
from ..linear_op import LinearOp
from ..partial import MINUS_ONE, ONE
from . import dense
from .gathers import NOWHERE, Gather, Root

KEEPS = False

Terms = dict[Gather, Any]
"""Slots: what stands before each gather, a number or an array of the shape of the primal."""


class SlotLimitError(Exception):
    """A tangent has more slots than its family allows."""


class UnstructuredError(Exception):
    """An operation has no structured form, as the conjugate of a complex variable."""


Piece = tuple[LinearOp | None, Gather | None, Any]
"""A slot in a part of an array: the map that reads the part, or None for all; what it gathers, or None for nothing; what stands before."""

Column = Sequence[Piece]
"""
A slot in pieces, later ones written over earlier ones; what no piece covers gathers nothing. The maps of pieces are the same in all
columns of one root.
"""


Parts = Sequence[tuple[LinearOp | None, Any]]
"""What an array is written from: maps that read a part of it, or None for all of it, and what is there."""


class Cut(NamedTuple):
    """Where a root comes from: the map, how it was bound, and the tangent that it was applied to."""

    op: LinearOp
    terms: Terms
    pattern: Callable[[], LinearOp] | None
    """Makes the map with ones for whatever may change, to tell which entries of its matrix are zero for good."""


class Family:
    """
    The roots of one evaluation. Evaluated again, it hands out the same roots in the same order, so that equal patterns are equal objects.

    `limit` is how many slots a tangent may have; `strict` says that a zero stays zero even times infinity.
    """

    __slots__ = ("cuts", "leaves", "limit", "most", "strict", "used")

    def __init__(self, leaves: Sequence[Array], limit: int | None = None) -> None:
        self.leaves = [Root(np.shape(x), is_complex=x.dtype.kind == "c") for x in leaves]
        self.cuts: list[Root] = []
        self.limit, self.used, self.most, self.strict = limit, 0, 0, False

    def seeds(self, *, strict: bool = False) -> list["Structured"]:
        """Return the tangents of the leaves, for one evaluation."""
        self.used, self.most, self.strict = 0, 0, strict
        return [Structured(self, r.shape, {r.identity: 1.0}) for r in self.leaves]

    def cut(self, shape: Shape, source: Cut) -> Root:
        """Return the next root that is not a leaf."""
        if self.used < len(self.cuts) and self.cuts[self.used].shape == shape:
            root = self.cuts[self.used]
        else:
            del self.cuts[self.used :]
            root = Root(shape)
            self.cuts.append(root)
        self.used += 1
        root.source = source
        return root

    def release(self) -> None:
        """Let go of the numbers of an evaluation; its roots stay."""
        for root in self.cuts:
            root.source = None

    def count(self, n: int) -> None:
        """Note how many slots there are, or raise."""
        if n > self.most:
            self.most = n
            if self.limit is not None and n > self.limit:
                raise SlotLimitError


class Structured:
    """
    Σ diag(v)·G. Immutable but for writes that wait to be done together.

    Attributes
    ----------
    family : Family
        The roots it may gather from.
    shape : tuple of int
        The shape of the primal.

    """

    __slots__ = ("_terms", "_writes", "dtype", "family", "shape")

    def __init__(self, family: Family, shape: Shape, terms: Terms, dtype: Any = None) -> None:
        self.family, self.shape, self._terms, self.dtype = family, shape, terms, dtype
        self._writes: list[tuple[LinearOp, Structured | None]] | None = None

    @classmethod
    def joined(cls, family: Family, shape: Shape, parts: "Sequence[tuple[LinearOp, Structured | None]]", dtype: Any) -> "Structured":
        """Return what has the parts where the maps read, and zeros elsewhere."""
        new = cls(family, shape, {}, dtype)
        new._writes = [(op, None if u is None else u.copy()) for op, u in parts]
        return new

    def __repr__(self) -> str:
        """Say how many slots there are."""
        return f"<structured tangent of shape {self.shape}, {len(self.terms)} slots>"

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def terms(self) -> Terms:
        """The slots."""
        if self._writes:
            self._terms = _written(self._terms, self._writes, self.shape)
            self.family.count(len(self._terms))
            self._writes = None
        return self._terms

    def columns(self) -> dict[Root, list[Column]]:
        """Return the slots of each root for who puts the pieces together in memory of his own: writes that wait are not done for it."""
        if not self._writes or any(op.key is None for op, _ in self._writes):
            return columns_of(self.terms)
        found = _columns(self._terms, self._writes)
        self.family.count(sum(map(len, found.values())))
        return found

    def write(self, op: LinearOp, u: "Structured | None") -> None:
        """Write u, or zero, into the entries that op reads; it is done when the slots are next asked for."""
        if self._writes is None:
            self._writes = []
        self._writes.append((op, None if u is None else u.copy()))

    def copy(self) -> "Structured":
        """Return a tangent that later writes do not change."""
        new = Structured(self.family, self.shape, self._terms, self.dtype)
        new._writes = None if self._writes is None else self._writes.copy()
        return new


def number(v: Any) -> bool:
    """Whether what stands before a gather is one number for all entries."""
    return type(v) is float or isinstance(v, (np.generic, complex, int))


def _array(v: Any) -> Array:
    """Return what stands before a gather as an array."""
    return v if hasattr(v, "ndim") else np.asarray(v)


# Element-wise functions: v is scaled. ------------------------------------------------------------------------


def product(t: Structured, g: Array, *, select: bool = False) -> Structured:
    """Return diag(g)·t."""
    return scale(t, g, t.shape, t.shape, t.dtype, select=select)


def scale(t: Structured, g: Any, shape_in: Shape, shape: Shape, dtype: Any, *, select: bool = False) -> Structured:
    """Return diag(g)·t broadcast to shape."""
    grow = shape_in != shape
    if g is ONE and not grow:
        return t
    strict = select or t.family.strict
    terms: Terms = {}
    for s, v in t.terms.items():
        if g is ONE:
            w = v
        elif g is MINUS_ONE:
            w = -v
        elif type(v) is float and v == 1.0 and not select:
            w = g
        else:
            w = dense.product(_array(v), g, select=select) if strict else v * g
        terms[s.spread(shape) if grow else s] = w if type(w) is float else _before(w, shape)
    return Structured(t.family, shape, terms, dtype)


def _before(w: Any, shape: Shape) -> Any:
    """Return w as what stands before a gather: an array of the shape of the primal, or a floating number."""
    if number(w):
        return w.item() if isinstance(w, np.generic) else w * 1.0
    if w.shape == shape:
        return w
    return w.item() if type(w) is ndarray and not w.ndim else np.broadcast_to(w, shape)


def add(a: Structured, b: Structured, *, owned: bool = False) -> Structured:
    """Return a + b: equal slots are added up."""
    x, y = a.terms, b.terms
    terms = x.copy()
    for s, v in y.items():
        terms[s] = terms[s] + v if s in terms else v
    if len(terms) > len(x):
        a.family.count(len(terms))
    return Structured(a.family, a.shape, terms, a.dtype)


# Linear maps: entries are moved, or a new root begins. -------------------------------------------------------


_PARTS = frozenset({"real", "imag", "conj"})
"""Maps of complex numbers that are linear over the reals: they act on v, if what is gathered is real."""


def linear(op: LinearOp, t: Structured) -> Structured:
    """Return op(t)."""
    if op.picks:
        old = t.terms
        terms = {s.then(op): v if number(v) else op(v) for s, v in old.items()}
        return Structured(t.family, op.shape_out, terms if len(terms) == len(old) else _merged(old, op), t.dtype)
    if op.key in _PARTS:
        if any(s.root.is_complex for s in t.terms):
            raise UnstructuredError
        return Structured(t.family, op.shape_out, {s: _before(op(_array(v)), t.shape) for s, v in t.terms.items()}, None)
    return _cut(op, t, None)


def _merged(old: Terms, op: LinearOp) -> Terms:
    """Return op(t) for slots of which some become equal: those are added up."""
    sums: Terms = {}
    for s, v in old.items():
        g, w = s.then(op), v if number(v) else op(v)
        sums[g] = sums[g] + w if g in sums else w
    return sums


def bound(
    op: LinearOp,
    t: Structured,
    bind: Callable[[int, Sequence[Array]], LinearOp],
    i: int,
    operands: Sequence[Array],
    *,
    varying: Sequence[int],
) -> Structured:
    """Return the multilinear function of operand i; which of the others vary with the inputs says where its matrix is zero for good."""

    def pattern() -> LinearOp:
        return bind(i, [np.ones(np.shape(p)) if j in varying and j != i else p for j, p in enumerate(operands)])

    return _cut(op, t, pattern)


def _cut(op: LinearOp, t: Structured, pattern: Callable[[], LinearOp] | None) -> Structured:
    if not t.terms:
        return Structured(t.family, op.shape_out, {})
    if any(s.root.is_complex for s in t.terms):
        raise UnstructuredError  # a map of complex variables may be linear over the reals only
    weights = any(map(np.iscomplexobj, t.terms.values()))
    if weights and not is_complex_linear(op):
        re = Structured(t.family, t.shape, {s: np.real(v) for s, v in t.terms.items()})
        im = Structured(t.family, t.shape, {s: np.imag(v) for s, v in t.terms.items() if np.iscomplexobj(v)})
        return add(_cut(op, re, pattern), _cut(_turned(op), im, None if pattern is None else lambda: _turned(pattern())))
    root = t.family.cut(op.shape_out, Cut(op, t.terms, pattern))
    root.is_complex = weights or (t.dtype is not None and np.dtype(t.dtype).kind == "c")
    return Structured(t.family, op.shape_out, {root.identity: 1.0}, t.dtype)


def is_complex_linear(op: LinearOp) -> bool:
    """Whether a map of complex numbers commutes with i, as that of `irfft` does not."""
    x = np.random.default_rng(0).uniform(1, 2, op.shape_in)
    return bool(np.allclose(op.apply(1j * x), 1j * op.apply(x + 0j), rtol=1e-10))


def _turned(op: LinearOp) -> LinearOp:
    """Return the map op(i·x) of real numbers."""
    return LinearOp(op.shape_in, op.shape_out, lambda x: op.apply(1j * x), lambda c: np.imag(op.transpose(c)), bound=op.bound)


def weigh(t: Structured, g: Array, op: LinearOp, dtype: Any, *, select: bool = False) -> Structured:
    """Return op(diag(g)·t)."""
    return linear(op, scale(t, g, op.shape_in, op.shape_in, dtype, select=select))


# Writes: rows of one tangent take the place of rows of another. -----------------------------------------------


def assign(t: Structured, op: LinearOp, u: Structured | None) -> None:
    """Write u, or zero, into the entries of t that op reads."""
    t.write(op, u)


def join(ops: Sequence[LinearOp], parts: Sequence[Structured | None], shape: Shape, dtype: Any) -> Structured:
    """Return the tangent whose part read by ops[i] is parts[i]."""
    given = [(op, p) for op, p in zip(ops, parts, strict=True) if p is not None]
    return Structured.joined(given[0][1].family, shape, given, dtype)


def _written(base: Terms, writes: Sequence[tuple[LinearOp, Structured | None]], shape: Shape) -> Terms:
    """Return slots after writes."""
    terms: Terms = {}
    known = all(op.key is not None for op, _ in writes)
    for root, columns in _columns(base, writes).items():
        make = _Joining(root, shape, columns)
        gathers = root.remembered((shape, *map(places, columns)), make) if known else make()
        for g, column in zip(gathers, columns, strict=True):
            v = _values(shape, column)
            terms[g] = terms[g] + v if g in terms else v
    return terms


def _columns(base: Terms, writes: Sequence[tuple[LinearOp, Structured | None]]) -> dict[Root, list[Column]]:
    """
    Return slots after writes, in pieces. Column j of each root is slot j of what was there and of all that is written, so there are no
    more columns than the widest of them has.
    """
    ops = [None, *[op for op, _ in writes]] if base else [op for op, _ in writes]
    rows = [_by_root(base)] if base else []
    rows += [{} if u is None else _by_root(u.terms) for _, u in writes]
    found: dict[Root, list[Column]] = {}
    for root in dict.fromkeys(r for row in rows for r in row):
        slots = itertools.zip_longest(*[row.get(root, ()) for row in rows], fillvalue=(None, 0.0))
        found[root] = [[(op, s, v) for op, (s, v) in zip(ops, beside, strict=True)] for beside in slots]
    return found


def columns_of(terms: Terms) -> dict[Root, list[Column]]:
    """Return slots as columns of one piece each."""
    return {root: [[(None, s, v)] for s, v in slots] for root, slots in _by_root(terms).items()}


def _by_root(terms: Terms) -> dict[Root, list[tuple[Gather, Any]]]:
    """Return the slots of each root, in the order in which they read it."""
    found: dict[Root, list[tuple[Gather, Any]]] = {}
    for s, v in terms.items():
        found.setdefault(s.root, []).append((s, v))
    for column in found.values():
        if len(column) > 1:
            column.sort(key=lambda pair: pair[0].offset)
    return found


def places(column: Column) -> Hashable:
    """Return what tells where and what a column reads, if its maps have keys."""
    return tuple([(s if op is None else (op.key, op.shape_out, s)) for op, s, _ in column])


def fill(x: Array, parts: Parts) -> None:
    """Write each part into the entries of x that its map reads."""
    for op, part in parts:
        if op is None:
            x[...] = part
        else:
            dense.assign(x, op, _array(part))


def indices(column: Column) -> Parts:
    """Return the parts of the index of a column."""
    return [(op, NOWHERE if s is None else s.index) for op, s, _ in column]


def weights(column: Column) -> Parts:
    """Return the parts of what stands before a column."""
    return [(op, v) for op, _, v in column]


class _Joining(NamedTuple):
    """Makes the gathers of columns."""

    root: Root
    shape: Shape
    columns: list[Column]

    def __call__(self) -> tuple[Gather, ...]:
        return tuple(map(self._joined, self.columns))

    def _joined(self, column: Column) -> Gather:
        index = np.full(self.shape, NOWHERE, self.root.index.dtype)
        fill(index, indices(column))
        return self.root.gather(index)


def _values(shape: Shape, column: Column) -> Any:
    """Return what stands before a joined gather; one number if it is the same wherever something is gathered."""
    held = [v for _, s, v in column if s is not None]
    if all(map(number, held)) and all(v == held[0] for v in held[1:]):
        return held[0]
    like = max(held, key=lambda v: hasattr(type(v), "_push_linear"))
    values = dense.buffer(shape, np.result_type(*[type(v) if number(v) else v.dtype for v in held]), like)
    fill(values, weights(column))
    return values


def zeros(t: Structured, nd_in: int, shape: Shape, dtype: Any) -> Structured:
    """Return the zero tangent of a new array."""
    return Structured(t.family, shape, {}, dtype)


def copy(t: Structured) -> Structured:
    """Return a tangent that later writes to t do not change."""
    return t.copy()


def cast(t: Structured, dtype: Any) -> Structured:
    """Return t as dtype; the tangent of a real value is real, and a root that turns out to be complex is noted to be."""
    terms, kind = t.terms, np.dtype(dtype).kind
    if kind == "c":
        for s in terms:
            s.root.is_complex = s.root.is_complex or s.root.source is not None
    elif any(map(np.iscomplexobj, terms.values())):
        if any(s.root.is_complex for s in terms):
            raise UnstructuredError
        terms = {s: np.real(v) for s, v in terms.items()}
    return Structured(t.family, t.shape, terms, np.dtype(dtype))


def lift(t: Structured, like: Structured) -> Structured:
    """Return t, which can hold parts of any kind."""
    return t


def owns(t: Structured, given: Sequence[Structured]) -> bool:
    """Whether t is not one of what it was made from."""
    return all(t is not g for g in given)
