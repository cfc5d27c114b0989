"""Linear operations as nodes of a graph: pushed forward they map tangents, transposed they map cotangents."""

import copy
import functools
import itertools
import math
import sys
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy import ndarray

from .._typing import Array, Shape
from ..linear_op import LinearOp, unbroadcast
from ..partial import MINUS_ONE, Const
from . import dense
from .cotangents import MANY, Cotangents

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


@functools.cache
def is_pure(formula: Any) -> bool:
    """Whether a formula depends on its arguments alone: those of the table do, of those of users it is not known."""
    return str(getattr(formula, "__module__", "")).startswith(f"{__name__.partition('.')[0]}.")


def quiet() -> Any:
    """Return a state without floating-point warnings: those are the business of the run that was recorded."""
    return np.errstate(all="ignore")


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

    def deed(self) -> Any:
        """Return what it does with what it holds; equal for operations that do the same. Where that cannot be told, no two are equal."""
        return object()

    def held(self) -> Sequence[Any]:
        """Return the arrays and numbers that it holds."""
        return ()

    def holding(self, held: list[Any], parents: Sequence["Node"]) -> "Node":
        """Return the same operation on other tangents, with other arrays and numbers."""
        twin = copy.copy(self)
        twin.parents, twin.number = parents, number()
        return twin

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

    def deed(self) -> Any:
        return Diagonal, self.shape, self.dtype, self.select

    def held(self) -> Sequence[Any]:
        return self.partials

    def holding(self, held: list[Any], parents: Sequence[Node]) -> Node:
        return Diagonal(parents, held, self.shape, self.dtype, self.select, self.curved)

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

    def deed(self) -> Any:
        return Slope, self.d if is_pure(self.d) else object(), self.shape, self.dtype

    def held(self) -> Sequence[Any]:
        return self.kept if self.g is None else (self.g,)

    def holding(self, held: list[Any], parents: Sequence[Node]) -> Node:
        twin = Slope(parents[0], self.d, None, None, self)
        twin.kept, twin.g = (held, None) if self.g is None else ([], held[0])
        return twin

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
                spare = type(g) is ndarray and g.size >= MANY and g.base is None and references(g) <= ALONE
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

    def deed(self) -> Any:
        return Map, self.op, self.dtype

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

    def deed(self) -> Any:
        return object()  # what the map holds is not told

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

    def deed(self) -> Any:
        bind = self.bind
        if type(bind) is not functools.partial or not is_pure(bind.func) or ndarray in map(type, bind.keywords["args"]):
            return object()
        return Bound, bind.func, bind.args, bind.keywords, self.places, self.varying, self.shape, self.dtype

    def held(self) -> Sequence[Any]:
        return [p for p in self.operands if type(p) is not Absent]

    def holding(self, held: list[Any], parents: Sequence[Node]) -> Node:
        left = iter(held)
        operands = [p if type(p) is Absent else next(left) for p in self.operands]
        twin = Bound(parents, self.bind, self.places, operands, self.shape, self.dtype)
        twin.varying = self.varying
        return twin

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


class Absent:
    """Stands for the only operand with a tangent, of which only the shape is needed."""

    __slots__ = ("ndim", "shape")

    def __init__(self, shape: Shape) -> None:
        self.shape, self.ndim = shape, len(shape)


class Written(Node):
    """The first parent with the entries that op reads replaced by the second one, or by zero where there is none."""

    __slots__ = ("op",)

    def __init__(self, parents: tuple[Node, ...], op: LinearOp) -> None:
        self.parents, self.op, self.shape, self.dtype, self.number = parents, op, parents[0].shape, parents[0].dtype, number()
        self.curved = any([p.curved for p in parents])  # noqa: C419

    def deed(self) -> Any:
        return Written, self.op

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

    def deed(self) -> Any:
        return Joined, self.ops, self.shape, self.dtype

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
