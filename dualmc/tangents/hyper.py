"""
The space of second order: the blocks e1, e2 and e12 of a HyperDual, each of them a dense tangent or None for zero.

To a linear map the blocks are three tangents like any other, so all of the interface is that of the dense space three
times over. What multiplies tangents with each other is in hyper.py, the chain rule to second order.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .._typing import Array, Shape
from ..linear_op import LinearOp, lead_of
from . import dense
from .pairing import Pairing
from .products import Products

KEEPS = False

Block = Array | None
_OWN = {"e1": "own1", "e2": "own2", "e12": "own12"}


class HyperTangent:
    """
    First-order blocks e1 and e2, the second-order block e12, and how it pairs directions.

    A view holds its base and the map that it is of it. A block that the view lacks is looked up through the base when it
    is read, and made in the base when it is written to: so writes reach base and views whether or not a block was there
    when the view was taken. `e2 is e1` where directions are the same, for views too: these find e2 through the base.
    `own1`, `own2` and `own12` are what this tangent has itself, of a base or found before; `order` says how the primal lies
    in memory, for blocks that are yet to be made.
    """

    __slots__ = ("base", "op", "order", "own1", "own2", "own12", "pairing")

    def __init__(
        self,
        e1: Block,
        e2: Block,
        e12: "Block | Products",
        pairing: Pairing,
        base: "HyperTangent | None" = None,
        op: LinearOp | None = None,
        order: tuple[int, ...] | None = None,
    ) -> None:
        self.own1, self.own2, self.own12, self.pairing, self.base, self.op, self.order = e1, e2, e12, pairing, base, op, order

    @property
    def e1(self) -> Block:
        """First derivatives along the first directions, (K1, *S), or None for zero."""
        t = self.own1
        return t if t is not None or self.base is None else self._found("own1")

    @property
    def e2(self) -> Block:
        """First derivatives along the second directions, (K2, *S), or None for zero; e1 itself if these are the same."""
        t = self.own2
        return t if t is not None or self.base is None else self._found("own2")

    @property
    def e12(self) -> Block:
        """Second derivatives along pairs of directions, or None for zero."""
        t = self.second
        if type(t) is not Products:
            return t
        block = t.dense()
        if self.base is None:
            self.own12 = block
        return block

    @property
    def second(self) -> "Block | Products":
        """The same, perhaps as products that have not been multiplied."""
        t = self.own12
        return t if t is not None or self.base is None else self._found("own12")

    @property
    def blocks(self) -> tuple[Block, Block, Block]:
        """All three blocks."""
        return self.e1, self.e2, self.e12

    def __repr__(self) -> str:
        return f"HyperTangent(e1={self.e1!r}, e2={self.e2!r}, e12={self.e12!r}, {self.pairing!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return HyperTangent, (*self.blocks, self.pairing, None, None, self.order)

    def _found(self, name: str) -> Any:
        """Look a block up in the bases, and keep the views of it on the way here."""
        views: list[HyperTangent] = []
        t = self
        while getattr(t, name) is None and t.base is not None:
            views.append(t)
            t = t.base
        block = getattr(t, name)
        if block is None:
            return None
        if name == "own2" and block is t.own1:
            return self.e1
        for view in reversed(views):
            if type(block) is Products:
                block = block.mapped(_op(view))  # not kept: the base may write to it, and has it multiplied then
            else:
                block = _op(view)(block)
                setattr(view, name, block)
        return block

    def _views(self) -> Iterator["HyperTangent"]:
        """Return this view, the view that it was taken of, and so on."""
        t = self
        while t.base is not None:
            yield t
            t = t.base

    def root(self) -> "HyperTangent":
        """Return the tangent whose memory this one is a view of."""
        t = self
        while t.base is not None:
            t = t.base
        return t

    def ready(self, name: str, like: Array, op: LinearOp) -> Array:
        """Return a block to write into through op, which reads this tangent; zeros, if there was none, that can hold what like does."""
        self.multiply()
        block = getattr(self, name)
        if block is None:
            root, shape = self.root(), op.shape_in
            for view in self._views():
                shape = _op(view).shape_in
            made = dense.buffer(lead_of(like, len(op.shape_out)) + shape, like.dtype, like)
            setattr(root, _OWN[name], _laid_out(made, root.order))
            block = getattr(self, name)
        return block

    def multiply(self) -> None:
        """Have no products that are still to be multiplied, in the base."""
        self.root().e12  # noqa: B018

    def join_sides(self) -> None:
        """Let e2 be e1 in the base."""
        root = self.root()
        root.own2 = root.own1

    def part_sides(self) -> None:
        """Give e2 memory of its own in the base, so that it can differ from e1."""
        root = self.root()
        if root.own2 is root.own1 and root.own1 is not None:
            root.own2 = dense.copy(root.own1)


def _op(view: HyperTangent) -> LinearOp:
    assert view.op is not None
    return view.op


def _laid_out(block: Array, order: tuple[int, ...] | None) -> Array:
    """Return zeros of the same shape whose trailing axes lie in memory in that order."""
    if order is None or type(block) is not np.ndarray:
        return block
    lead = block.ndim - len(order)
    perm = (*range(lead), *(lead + i for i in order))
    return np.ascontiguousarray(block.transpose(perm)).transpose(np.argsort(perm))


def each(t: HyperTangent, f: Callable[[Array], Array], second: Callable[[Products], Any] | None = None) -> HyperTangent:
    """Return the tangent whose blocks are f of those of t; `second` is f for products, which are multiplied without it."""
    e1, e2, e12 = t.e1, t.e2, t.e12 if second is None else t.second
    new = None if e1 is None else f(e1)
    both = second(e12) if second is not None and type(e12) is Products else None if e12 is None else f(e12)
    return HyperTangent(new, new if e2 is e1 else None if e2 is None else f(e2), both, t.pairing)


def merged(ts: Sequence[HyperTangent | None], f: Callable[[list[Block]], Block]) -> HyperTangent:
    """Return the tangent whose blocks are f of those of all ts; f is not called where all are zero."""
    held = [(None, None, None) if t is None else t.blocks for t in ts]

    def block(k: int) -> Block:
        parts = [b[k] for b in held]
        return None if all(p is None for p in parts) else f(parts)

    new = block(0)
    return HyperTangent(new, new if all(b[1] is b[0] for b in held) else block(1), block(2), pairing_of(ts))


def pairing_of(ts: Sequence[HyperTangent | None]) -> Pairing:
    """Return the one pairing of all operands."""
    given = [t for t in ts if t is not None]
    first = given[0].pairing
    if all(t.pairing is first for t in given):
        return first
    found = list({t.pairing: t for t in given if any(b is not None for b in t.blocks)})
    if len(found) > 1:
        raise TypeError(f"HyperDuals of one level must pair their directions alike; got {' and '.join(map(repr, found))}")
    return found[0] if found else first


# The interface. ----------------------------------------------------------------------------------------------


def scale(t: HyperTangent, g: Any, shape_in: Shape, shape: Shape, dtype: Any, *, select: bool = False) -> HyperTangent:
    """Return diag(g)·t broadcast to shape, for g without tangents."""
    return each(t, lambda block: dense.scale(block, g, shape_in, shape, dtype, select=select))


def add(a: HyperTangent, b: HyperTangent, *, owned: bool = False) -> HyperTangent:
    """Return a + b."""
    return merged([a, b], lambda blocks: _sum(*blocks, owned=owned))


def _sum(a: Block, b: Block, *, owned: bool) -> Array:
    return b if a is None else a if b is None else dense.add(a, b, owned=owned)


def linear(op: LinearOp, t: HyperTangent) -> HyperTangent:
    """Return op(t); where op gives views, a view that reads its blocks when they are asked for."""
    return HyperTangent(None, None, None, t.pairing, t, op) if op.view else each(t, op, lambda p: p.mapped(op))


def assign(t: HyperTangent, op: LinearOp, u: HyperTangent | None) -> None:
    """Write u, or zero, into the entries of t that op reads."""
    t.multiply()
    if u is None:
        for i, block in enumerate(t.blocks):
            if block is not None and not (i == 1 and block is t.e1):
                dense.assign(block, op, None)
        return
    pairing_of([t, u])
    e1, e2, e12 = u.blocks
    if e2 is not e1:
        t.part_sides()
    pairs = [("e1", e1), ("e12", e12)] if t.e2 is t.e1 and e2 is e1 else [("e1", e1), ("e2", e2), ("e12", e12)]
    for name, new in pairs:
        if new is not None or getattr(t, name) is not None:
            dense.assign(t.ready(name, new, op) if new is not None else getattr(t, name), op, new)
        if len(pairs) == 2 and name == "e1":
            t.join_sides()


def join(ops: Sequence[LinearOp], parts: Sequence[HyperTangent | None], shape: Shape, dtype: Any) -> HyperTangent:
    """Return the tangent whose part read by ops[i] is parts[i]."""
    return merged(parts, lambda blocks: dense.join(ops, blocks, shape, dtype))


def zeros(t: HyperTangent, nd_in: int, shape: Shape, dtype: Any) -> HyperTangent:
    """Return the zero tangent of a new array: no blocks."""
    return HyperTangent(None, None, None, t.pairing)


def copy(t: HyperTangent) -> HyperTangent:
    """Return a tangent that shares no memory with t."""
    return each(t, dense.copy, lambda p: p)


def lift(t: HyperTangent, like: Array) -> HyperTangent:
    """Return t itself, or a copy that can hold values of the kind of like where t cannot."""
    new = each(t, lambda block: dense.lift(block, like))
    return t if all(a is b for a, b in zip(t.blocks, new.blocks, strict=True)) else new


def settle(t: HyperTangent, ans: Array) -> HyperTangent:
    """Return t with the dtype and the memory layout of its primal, which blocks made later take, too."""
    new = each(t, lambda block: dense.settle(block, ans), lambda p: p.entrywise(lambda block: dense.settle(block, ans)))
    if type(ans) is np.ndarray and not ans.flags.c_contiguous:
        new.order = tuple(dense.slowest_first(ans))
    return new
