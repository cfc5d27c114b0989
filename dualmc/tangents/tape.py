"""Linear operations as nodes of a graph: replayed forward they map tangents, transposed they map cotangents."""

import functools
import itertools
import math
import sys
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, ClassVar

import numpy as np
from numpy import ndarray

from .._typing import Array, Shape
from ..errors import freed
from ..linear_op import LinearOp, unbroadcast
from ..partial import MINUS_ONE, Const
from . import dense

number = itertools.count().__next__
"""The number of a new node; parents have lower ones. Safe between threads."""


def is_mutable(x: Any) -> bool:
    """Whether x can be overwritten: an array or a Dual, but no number."""
    return type(x) is ndarray or hasattr(type(x), "_push_linear")


def references(x: Any) -> int:
    """Count the references to an array that is given from a local variable."""
    return sys.getrefcount(x)


def _to_a_local() -> int:
    x = np.zeros(1)
    return references(x)


ALONE = _to_a_local()
"""The references to an array that nothing but a local variable sees."""


def quiet() -> Any:
    """Return a state without floating-point warnings: those are the business of the run that was recorded."""
    return np.errstate(all="ignore")


class Cotangents:
    """
    The cotangents on their way from results to inputs: sums, added in place into arrays that nothing else sees.

    If they are strict, 0·inf is 0 in each product; if not, it is nan, which stays to be seen at the inputs. If this walk is the
    `last` one, what an operation finds out for it is not kept. A sign is not multiplied in, but remembered: `minus` is that
    of the operation that is transposed now. What is the same along an axis stays one number along it, a view, while it can.
    """

    __slots__ = ("last", "minus", "strict", "sums")

    def __init__(self, *, strict: bool, last: bool = False) -> None:
        self.strict, self.last, self.minus = strict, last, False
        self.sums: dict[Node, tuple[Array, bool, bool]] = {}
        """The sum that a node has got, whether nothing else sees its memory, and whether its sign is to be changed."""

    def add(self, node: "Node", c: Array, owned: bool, flip: bool = False) -> None:
        """Add c, in memory of its own or not, or with flip -c, to the cotangent of a node; that of a real value is real."""
        dtype = node.dtype
        if c.dtype is not dtype and dtype is not None and c.dtype != dtype:
            c, owned = dense.cast(c, dtype), True
        negated = self.minus is not flip
        old = self.sums.get(node)
        if old is None:
            self.sums[node] = c, owned, negated
            return
        total, private, minus = old
        if private and type(total) is type(c) is ndarray:
            if minus is negated:
                total += c
            else:
                total -= c
        else:
            self.sums[node] = total + c if minus is negated else total - c, True, minus

    def product(self, c: Array, g: Any, select: bool = False, spare: bool = False) -> Array:
        """Return the transpose of diag(g) applied to c, in the memory of g if that is spare and fits."""
        if type(g) is not ndarray and isinstance(g, (int, float)) and g and abs(g) < math.inf:  # makes no nan
            return _scaled(c, g)
        g = g.conjugate()
        if select:
            return dense.product(c, g, select=True)
        r = np.multiply(c, g, g) if spare and type(c) is ndarray and c.dtype is g.dtype and c.shape == g.shape else c * g
        return np.where(dense.vanishing(c), 0, r) if self.strict and dense.has_nan(r) else r

    def add_through(self, node: "Node", op: LinearOp, c: Array) -> bool:
        """Add c to the entries that a map reads as a view, and say whether that was possible."""
        known = self.sums.get(node)
        if known is None:
            return False
        total, private, minus = known
        if not private or type(total) is not ndarray or type(c) not in (ndarray, np.float64) or c.dtype != total.dtype:
            return False
        y = op.apply(total)
        if type(y) is not ndarray or not y.flags.writeable or not (y is total or y.base is total):
            return False
        if minus is self.minus:
            y += c
        else:
            y -= c
        return True

    def of(self, leaf: "Node") -> Array | None:
        """Return the cotangent of an input, in memory of its own."""
        c, private, minus = self.sums.get(leaf, NOTHING)
        if minus:
            return np.negative(c, out=c) if private and type(c) is ndarray else -c
        return c if private or c is None else np.copy(c)


NOTHING = None, False, False


def _scaled(c: Array, g: float) -> Array:
    """Return c·g; what is the same along an axis is multiplied once."""
    if type(c) is not ndarray or c.size < _MANY or 0 not in c.strides:
        return c * g
    one = c[tuple([slice(None) if s else slice(0, 1) for s in c.strides])]
    return np.broadcast_to(one * g, c.shape)


_MANY = 4096  # numbers; fewer are multiplied in the time that it takes to find out whether they are alike, or where they may go


class Node:
    """
    A linear operation on the tangents of its parents.

    `push(tangents)` applies it to those of the parents; `pull(c, owned, sums)` adds its transpose of c, which it may
    overwrite if it is owned, to the cotangents of the parents. Both take any leading axes.
    """

    __slots__ = ("__weakref__", "curved", "dtype", "number", "parents", "shape")

    parents: Sequence["Node"]
    shape: Shape
    dtype: Any
    number: int
    curved: bool
    """Whether the operations of this tape keep what their second derivatives take."""
    bends: ClassVar[bool] = False
    """Whether an operation of this kind may have a second derivative."""

    def push(self, tangents: Sequence[Any], space: Any = dense) -> Any:
        raise NotImplementedError

    def pull(self, c: Array, owned: bool, sums: Cotangents) -> None:
        raise NotImplementedError


# Constructors assign at most three attributes at once: more are packed into a tuple first, a seventh of the time of a Diagonal.


class Leaf(Node):
    """The tangent of an input."""

    __slots__ = ()

    def __init__(self, shape: Shape, dtype: Any, curved: bool = False) -> None:
        self.parents, self.shape, self.dtype = (), shape, dtype
        self.number, self.curved = number(), curved


class Diagonal(Node):
    """Σ diag(gᵢ)·tᵢ, each term broadcast from the shape of tᵢ; without terms it is zero."""

    __slots__ = ("partials", "select")

    def __init__(
        self, parents: Sequence[Node], partials: list[Any], shape: Shape, dtype: Any, select: bool = False, curved: bool = False
    ) -> None:
        self.parents, self.partials, self.select = parents, partials, select
        self.shape, self.dtype = shape, dtype
        self.number, self.curved = number(), curved

    def replace(self, i: int, copy: Any = None) -> None:
        """Keep a copy of partial i, which may be overwritten."""
        self.partials[i] = np.copy(self.partials[i]) if copy is None else copy

    def push(self, tangents: Sequence[Any], space: Any = dense) -> Any:
        total: Any = None
        for t, g, parent in zip(tangents, self.partials, self.parents, strict=True):
            new = space.scale(t, g, parent.shape, self.shape, t.dtype if self.dtype is None else self.dtype, select=self.select)
            total = new if total is None else space.add(total, new, owned=total is not tangents[0])
        return total

    def pull(self, c: Array, owned: bool, sums: Cotangents) -> None:
        alone = owned and len(self.parents) == 1
        for parent, g in zip(self.parents, self.partials, strict=True):
            d, mine = c, alone
            if type(g) is not Const:
                d = sums.product(c, g, self.select)
                mine = getattr(d, "base", None) is None
            if parent.shape != self.shape:
                d, mine = unbroadcast(d, parent.shape, len(self.shape)), True
            sums.add(parent, d, mine, g is MINUS_ONE)


class Slope(Node):
    """diag(∂ans/∂x)·t for a function of one array; the partial is found when it is first used, from what it takes: ans, x."""

    __slots__ = ("d", "g", "kept")

    def __init__(self, parent: Node, d: Callable[[Array, Array], Array], ans: Array | None, x: Array | None, like: Array) -> None:
        self.parents, self.d = (parent,), d
        self.kept, self.g = [ans, x], None
        self.shape, self.dtype = like.shape, like.dtype
        self.number, self.curved = number(), False

    def replace(self, i: int, copy: Any = None) -> None:
        """Keep a copy of the result or the argument, which may be overwritten."""
        if self.kept:
            self.kept[i] = np.copy(self.kept[i]) if copy is None else copy  # type: ignore[arg-type]

    def _partial(self) -> Array:
        if self.g is None:
            self.g = self.d(*self.kept)
            self.kept = []
        return self.g

    def push(self, tangents: Sequence[Any], space: Any = dense) -> Any:
        return space.product(tangents[0], self._partial(), select=False)

    def pull(self, c: Array, owned: bool, sums: Cotangents) -> None:
        g, spare = self.g, False
        if g is None:
            g = self.d(*self.kept)
            if sums.last:
                spare = type(g) is ndarray and g.size >= _MANY and g.base is None and references(g) <= ALONE
            else:
                self.g, self.kept = g, []
        sums.add(self.parents[0], sums.product(c, g, False, spare), True)


class Map(Node):
    """op(t)."""

    __slots__ = ("op",)

    def __init__(self, parent: Node, op: LinearOp, dtype: Any = None) -> None:
        self.parents, self.op = (parent,), op
        self.shape, self.dtype = op.shape_out, dtype
        self.number, self.curved = number(), parent.curved

    def push(self, tangents: Sequence[Any], space: Any = dense) -> Any:
        return space.linear(self.op, tangents[0])

    def pull(self, c: Array, owned: bool, sums: Cotangents) -> None:
        op, parent = self.op, self.parents[0]
        if op.view and op.gather and sums.add_through(parent, op, c):
            return
        d = op.back(c)
        sums.add(parent, d, getattr(d, "base", c) is None and d is not c)


class Weighed(Map):
    """op(diag(g)·t), where g and op may hold on to arrays of the user; `anew` finds both from copies."""

    __slots__ = ("anew", "g", "select")
    bends = True

    def __init__(self, parent: Node, g: Array | None, op: LinearOp, anew: Callable[[], Any] | None, dtype: Any, *, select: bool) -> None:
        Map.__init__(self, parent, op, dtype)
        self.g, self.anew, self.select = g, anew, select

    @property
    def is_piecewise_linear(self) -> bool:
        """Whether it picks entries, so that its second derivative is zero; weights, and what else maps hold, may vary with the input."""
        return self.select or (self.g is None and self.op.picks)

    def replace(self, i: int, copy: Any = None) -> None:
        """Hold on to nothing that may be overwritten."""
        if self.anew is not None:
            _, self.g, self.op = self.anew()
            self.anew = None

    def push(self, tangents: Sequence[Any], space: Any = dense) -> Any:
        (t,) = tangents
        return space.linear(self.op, t) if self.g is None else space.weigh(t, self.g, self.op, self.dtype, select=self.select)

    def pull(self, c: Array, owned: bool, sums: Cotangents) -> None:
        if self.g is None:
            Map.pull(self, c, owned, sums)
            return
        d = self.op.back(c)
        d = d if d.dtype == self.dtype else dense.cast(d, self.dtype)
        sums.add(self.parents[0], sums.product(d, self.g, self.select), True)


class Bound(Node):
    """The product rule, Σᵢ f(x₁, ..., tᵢ, ..., xₙ) over some places i; the maps are built when they are first used."""

    __slots__ = ("bind", "operands", "ops", "places", "varying")
    bends = True

    def __init__(
        self, parents: Sequence[Node], bind: Callable[..., LinearOp], places: Sequence[int], operands: list[Any], shape: Shape, dtype: Any
    ) -> None:
        self.parents, self.bind, self.places, self.operands = parents, bind, places, operands
        self.ops: Sequence[LinearOp] = ()
        self.varying = places
        """The operands whose zeros are not zeros for good."""
        self.shape, self.dtype, self.number, self.curved = shape, dtype, number(), parents[0].curved

    def replace(self, j: int, copy: Any = None) -> None:
        """Keep a copy of operand j, which may be overwritten."""
        self.operands[j], self.ops = np.copy(self.operands[j]) if copy is None else copy, ()

    def _maps(self) -> Sequence[LinearOp]:
        if not self.ops:
            self.ops = [self.bind(i, self.operands) for i in self.places]
        return self.ops

    def push(self, tangents: Sequence[Any], space: Any = dense) -> Any:
        terms = zip(self._maps(), tangents, self.places, strict=True)
        first, *others = [space.bound(op, t, self.bind, i, self.operands, varying=self.varying) for op, t, i in terms]
        return functools.reduce(functools.partial(space.add, owned=True), others, first)

    def pull(self, c: Array, owned: bool, sums: Cotangents) -> None:
        for op, parent, i in zip(self._maps(), self.parents, self.places, strict=True):
            d = dense.bound(op, c, self.bind, i, self.operands, transposed=True) if sums.strict else op.back(c)
            sums.add(parent, d, getattr(d, "base", c) is None and d is not c)


class Written(Node):
    """The first parent with the entries that op reads replaced by the second one, or by zero where there is none."""

    __slots__ = ("op",)

    def __init__(self, parents: tuple[Node, ...], op: LinearOp) -> None:
        self.parents, self.op, self.shape, self.dtype, self.number = parents, op, parents[0].shape, parents[0].dtype, number()
        self.curved = any([p.curved for p in parents])  # noqa: C419

    def push(self, tangents: Sequence[Any], space: Any = dense) -> Any:
        return self.replaced(space.copy(tangents[0]), tangents[1:], space)

    def replaced(self, z: Any, new: Sequence[Any], space: Any) -> Any:
        """Return z with the new entries, written in place where it can hold them."""
        u = new[0] if new else None
        z = z if u is None else space.lift(z, u)
        space.assign(z, self.op, u)
        return z

    def pull(self, c: Array, owned: bool, sums: Cotangents) -> None:
        z = c if owned and not isinstance(c, np.generic) else np.copy(c)
        if len(self.parents) == 2:
            sums.add(self.parents[1], _received(self.op, z), True)
        dense.assign(z, self.op, None)
        sums.add(self.parents[0], z, True)


class Joined(Node):
    """What has the parents where the maps read, and zeros elsewhere."""

    __slots__ = ("ops",)

    def __init__(self, parents: tuple[Node, ...], ops: Sequence[LinearOp], shape: Shape, dtype: Any) -> None:
        self.parents, self.ops, self.shape, self.dtype, self.number = parents, ops, shape, dtype, number()
        self.curved = any([p.curved for p in parents])  # noqa: C419

    def push(self, tangents: Sequence[Any], space: Any = dense) -> Any:
        return space.join(self.ops, tangents, self.shape, self.dtype)

    def pull(self, c: Array, owned: bool, sums: Cotangents) -> None:
        for parent, op in zip(self.parents, self.ops, strict=True):
            sums.add(parent, op(c) if op.view else _received(op, c), not op.view)


def _received(op: LinearOp, c: Array) -> Array:
    """Return the transpose of writing through op: of entries that are written several times the last one counts."""
    u = np.copy(op(c))
    if not op.view:
        numbers, places = np.arange(math.prod(op.shape_out)).reshape(op.shape_out), np.zeros(op.shape_in, int)
        op.assign(places, numbers)  # type: ignore[misc]
        lasting = op.apply(places) == numbers
        if not lasting.all():
            return np.where(lasting, u, 0)
    return u


class Tape:
    """The operations between leaves and roots, in the order in which they were done; what no root depends on is dropped."""

    __slots__ = ("ends", "leaves", "nodes", "roots")

    def __init__(self, leaves: Sequence[Node], roots: Sequence[Node | None]) -> None:
        self.leaves, self.roots = leaves, roots
        found: set[Node] = set()
        todo: list[Node] = [r for r in roots if r is not None]
        pop, note, extend = todo.pop, found.add, todo.extend
        while todo:
            node = pop()
            if node not in found:
                note(node)
                extend(node.parents)
        self.nodes: list[Node] | None = sorted(found.difference(leaves), key=attrgetter("number"))
        self.ends: dict[Node, list[Node]] | None = None

    def push(self, tangents: Sequence[Any], space: Any = dense, seen: "dict[Node, Sequence[Any]] | None" = None) -> list[Any]:
        """
        Return the tangents of the roots, given those of the leaves, all of one space; None for a root that does not depend on them.

        For each operation in `seen` the tangents that enter it are noted there.
        """
        nodes, ends = self.kept(), self._ends()
        values: dict[Node, Any] = dict(zip(self.leaves, tangents, strict=True))
        like, nd = _widest(tangents, self.leaves)
        owned: set[Node] = set()
        writes = any([type(node) is Written for node in nodes])  # noqa: C419 - a generator takes twice the time
        with quiet():
            for node in nodes:
                parents = node.parents
                given = [values[p] for p in parents]
                if seen is not None and node in seen:
                    seen[node] = given
                    owned.difference_update(parents)
                if not parents:
                    t = space.zeros(like, nd, node.shape, node.dtype)
                elif writes and type(node) is Written and parents[0] in owned and parents[0] in ends.get(node, ()):
                    t = node.replaced(given[0], given[1:], space)
                    owned.add(node)
                else:
                    t, dtype = node.push(given, space), node.dtype
                    if dtype is not None and t.dtype is not dtype and t.dtype != dtype:
                        t = space.cast(t, dtype)
                    if writes:
                        if space.owns(t, given):
                            owned.add(node)
                        else:
                            owned.difference_update(parents)
                values[node] = t
                for p in ends.get(node, ()):
                    del values[p]
        return [None if r is None else values[r] for r in self.roots]

    def _ends(self) -> "dict[Node, list[Node]]":
        """Return, for each operation, the parents that no later one needs."""
        if self.ends is None:
            self.ends = {}
            last = {p: node for node in self.kept() for p in node.parents}
            for p, node in last.items():
                if p not in self.roots:
                    self.ends.setdefault(node, []).append(p)
        return self.ends

    def pull(self, cotangents: Sequence[Array | None], *, free: bool = False, strict: bool = True) -> list[Array | None]:
        """
        Return the cotangents of the leaves, given those of the roots; None for a leaf that the roots do not depend on.

        With `free` each operation is forgotten once it is transposed, and the tape can be used no more. Without `strict` 0·inf is nan.
        """
        if free or not strict:
            return self._pulled(cotangents, free=free, strict=strict)
        found = self._pulled(cotangents, free=False, strict=False)  # bench/bench_reverse.py shows what this saves
        strict = any(c is not None and dense.has_nan(c) for c in found)
        return self._pulled(cotangents, free=False, strict=True) if strict else found

    def _pulled(self, cotangents: Sequence[Array | None], *, free: bool, strict: bool) -> list[Array | None]:
        nodes = self.kept()
        sums = Cotangents(strict=strict, last=free)
        for root, c in zip(self.roots, cotangents, strict=True):
            if root is not None and c is not None:
                sums.add(root, c, False)
        root = None
        if free:
            self.nodes, self.roots, self.ends = None, (), None
        else:
            nodes = nodes.copy()
        take = sums.sums.pop
        with quiet():
            while nodes:
                node = nodes.pop()
                c, owned, sums.minus = take(node, NOTHING)
                if c is not None:
                    node.pull(c, owned, sums)
        return [sums.of(k) for k in self.leaves]

    def kept(self) -> list[Node]:
        """Return the operations, or raise if they are freed."""
        if self.nodes is None:
            raise freed()
        return self.nodes


def _widest(tangents: Sequence[Any], leaves: Sequence[Node]) -> tuple[Any, int]:
    """Return the tangent of the highest level, which zeros can be like that hold what any of them makes, and the axes of its primal."""
    if not tangents:
        return np.zeros(()), 0
    t, leaf = max(zip(tangents, leaves, strict=True), key=lambda pair: getattr(pair[0], "level", -1))
    return t, len(leaf.shape)
