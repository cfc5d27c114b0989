"""
The recorded space: a tangent is a handle on an immutable node of the tape.

A handle is to a node what an array is to its contents: writing puts another node in its place. A view keeps its base
and the map, reads through it, and writes to it. What a node keeps of the user's arrays is theirs until one is written
to: then the nodes that hold on to it take a copy (`secure`).
"""

import weakref
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Union

import numpy as np
from numpy import ndarray

from .._typing import Array, Shape
from ..linear_op import LinearOp
from ..partial import ONE
from .tape import Bound, Diagonal, Joined, Leaf, Map, Node, Written, is_mutable

KEEPS = True

Keeper = tuple["weakref.ref[Any]", int]


class Recorded:
    """A tangent that remembers how it was made."""

    __slots__ = ("base", "keepers", "node", "op", "public", "seen", "shape")

    def __init__(self, node: Node, base: Union["Recorded", None] = None, op: LinearOp | None = None) -> None:
        self.node, self.base, self.op, self.shape = node, base, op, node.shape
        self.keepers: list[Keeper] | None = None
        self.public = False
        self.seen = None if base is None else base.read()

    def __repr__(self) -> str:
        """Say what it is; it has no numbers."""
        return f"<recorded tangent of shape {self.shape}>"

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def root(self) -> "Recorded":
        """Return the handle whose array this one is a view of."""
        t = self
        while t.base is not None:
            t = t.base
        return t

    def read(self) -> Node:
        """Return the node that says what this tangent is now."""
        if self.base is not None:
            now = self.base.read()
            if now is not self.seen:
                self.seen, self.node = now, Map(now, self.op)  # type: ignore[arg-type]
        return self.node

    def write(self, op: LinearOp, new: Node | None) -> None:
        """Replace the entries that op reads by those of a node, or by zero."""
        old = self.read()
        changed = _replaced(old, op, new)
        if self.base is None:
            self.node = changed
        elif changed is not old:
            self.base.write(self.op, changed)  # type: ignore[arg-type]

    # What the dense space asks of the parts of a nested dual.

    def _parts(self) -> tuple[()]:
        return ()

    def _vanishing(self) -> Array:
        """Return where the tangent is zero whatever the input's is: everywhere or nowhere."""
        return np.full(self.shape, _is_zero(self.read()))


def _is_zero(node: Node) -> bool:
    return type(node) is Diagonal and not node.parents


def _replaced(old: Node, op: LinearOp, new: Node | None) -> Node:
    if new is not None and _is_zero(new):
        new = None
    if _is_zero(old):
        return old if new is None else Joined((new,), (op,), old.shape, old.dtype)
    return Written((old,) if new is None else (old, new), op)


# What is kept of the user's arrays. --------------------------------------------------------------------------


class Lent(NamedTuple):
    """The array of a Dual, with the tangent through which all writes to it go."""

    array: Array
    tangent: Recorded


_SMALL = 512  # numbers; below, a copy costs less than to find and compare an earlier one
_snapshots: dict[int, tuple[Any, Any]] = {}
"""By the number of an array: weak references to it and to a copy of its contents."""


def snapshot(x: Any) -> Any:
    """Return the contents of an array that the user may overwrite: a copy, shared while it is in use and x unchanged."""
    if not is_mutable(x):
        return x
    if type(x) is not ndarray:
        return np.copy(x)
    if x.size <= _SMALL:
        return x.copy("K")
    if x.base is None and not x.flags.writeable:
        return x
    known = _snapshots.get(id(x))
    if known is not None and known[0]() is x:
        old = known[1]()
        if old is not None and old.dtype == x.dtype and np.array_equal(old, x):
            return old
    new, key = x.copy("K"), id(x)
    _snapshots[key] = weakref.ref(x, lambda _: _snapshots.pop(key, None)), weakref.ref(new)
    return new


def held(g: Any, primals: Sequence[Array], tangents: Sequence[Recorded | None]) -> Any:
    """Return g so that it can be kept: an operand that is the user's own array as a copy, that of a Dual as lent."""
    if is_mutable(g):
        for p, t in zip(primals, tangents, strict=True):
            if g is p:
                return snapshot(g) if t is None or t.root().public else Lent(g, t)
    return g


def _lent(node: Any, i: int, t: Recorded) -> None:
    root = t.root()
    if root.keepers is None:
        root.keepers = []
    root.keepers.append((weakref.ref(node), i))


def release(t: Recorded, *, public: bool = False) -> None:
    """Make nodes copy what they keep of the array of t, which is about to be written, or becomes the user's for good."""
    root = t.root()
    keepers, root.keepers = root.keepers, None
    root.public |= public
    for ref, i in keepers or ():
        node = ref()
        if node is not None:
            node.secure(i)


# The interface of tangent spaces. ----------------------------------------------------------------------------


def scale(t: Recorded, g: Any, shape_in: Shape, shape: Shape, dtype: Any, *, select: bool = False) -> Recorded:
    """Return diag(g)·t broadcast to shape."""
    lent = type(g) is Lent
    node = Diagonal((t.read(),), [g.array if lent else g], (shape_in,), shape, dtype, select)
    if lent:
        _lent(node, 0, g.tangent)
    return Recorded(node)


def add(a: Recorded, b: Recorded, *, owned: bool = False) -> Recorded:
    """Return a + b."""
    x, y = a.read(), b.read()
    return Recorded(Diagonal((x, y), [ONE, ONE], (x.shape, y.shape), a.shape, x.dtype if x.dtype == y.dtype else None))


def linear(op: LinearOp, t: Recorded) -> Recorded:
    """Return op(t), a view where op is one."""
    node = t.read()
    return Recorded(Map(node, op), t, op) if op.view else Recorded(Map(node, op))


def bound(
    t: Recorded, bind: Callable[..., LinearOp], i: int, primals: Sequence[Array], tangents: Sequence[Recorded | None], ans: Array
) -> Recorded:
    """Return the multilinear function with t in the place of operand i."""
    operands = [Absent(p.shape) if j == i else held(p, primals, tangents) for j, p in enumerate(primals)]
    node = Bound(t.read(), bind, i, [x.array if type(x) is Lent else x for x in operands], ans.shape, ans.dtype)
    for j, x in enumerate(operands):
        if type(x) is Lent:
            _lent(node, j, x.tangent)
    return Recorded(node)


class Absent:
    """Stands for the operand that a map takes, of which only the shape is needed."""

    __slots__ = ("ndim", "shape")

    def __init__(self, shape: Shape) -> None:
        self.shape, self.ndim = shape, len(shape)


def weigh(t: Recorded, g: Array, op: LinearOp, dtype: Any, *, select: bool = False) -> Recorded:
    """Return op(diag(g)·t)."""
    return linear(op, scale(t, g, op.shape_in, op.shape_in, dtype, select=select))


def assign(t: Recorded, op: LinearOp, u: Recorded | None) -> None:
    """Write u, or zero, into the entries of t that op reads."""
    t.write(op, None if u is None else u.read())


def join(ops: Sequence[LinearOp], parts: Sequence[Recorded | None], shape: Shape, dtype: Any) -> Recorded:
    """Return the tangent whose part read by ops[i] is parts[i]."""
    given = [(op, p.read()) for op, p in zip(ops, parts, strict=True) if p is not None]
    return Recorded(Joined(tuple(p for _, p in given), [op for op, _ in given], shape, dtype))


def zeros(t: Recorded, nd_in: int, shape: Shape, dtype: Any) -> Recorded:
    """Return the zero tangent of a new array."""
    return Recorded(Diagonal((), [], (), shape, dtype))


def copy(t: Recorded) -> Recorded:
    """Return a tangent that later writes to t do not change."""
    return Recorded(t.read())


def settle(t: Recorded, ans: Array) -> Recorded:
    """Return t with the dtype of its primal; what its node keeps of that is lent until the primal is written to."""
    node = t.read()
    if node.dtype is None:
        node.dtype = ans.dtype
    elif node.dtype is not ans.dtype and node.dtype != ans.dtype:
        return Recorded(Diagonal((node,), [ONE], (t.shape,), t.shape, ans.dtype))
    if type(node) is Diagonal and is_mutable(ans):
        for i, g in enumerate(node.partials):
            if g is ans:
                _lent(node, i, t)
    return t


def lift(t: Recorded, like: Array) -> Recorded:
    """Return t, which can hold parts of any kind."""
    return t


def leaf(x: Array) -> Recorded:
    """Return the tangent of an input."""
    return Recorded(Leaf(x.shape, x.dtype))
