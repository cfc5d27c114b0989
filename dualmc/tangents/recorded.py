"""
The recorded space: a tangent is a handle on an immutable node of the tape.

A handle is to a node what an array is to its contents: writing puts another node in its place. A view keeps its base
and the map, reads through it, and writes to it. What a node keeps of the user's arrays is theirs until one is written
to: then the nodes that hold on to it take a copy (`replace`).
"""

import dis
import functools
import sys
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from .._typing import Array, Shape
from ..linear_op import LinearOp
from ..partial import ONE, ZERO, Const
from .curved import Curved, Opaque
from .nodes import ALONE, Absent, Bound, Diagonal, Joined, Leaf, Map, Node, Slope, Weighed, Written, is_mutable, references

KEEPS = True

Keeper = tuple["weakref.ref[Any]", int]
PUBLIC: tuple[Keeper, ...] = ()
"""Stands for the keepers of an array that the user has: all that is kept of it is a copy."""


class Recorded:
    """A tangent that remembers how it was made."""

    __slots__ = ("keepers", "node")

    node: Node
    keepers: list[Keeper] | tuple[Keeper, ...] | None

    def __init__(self, node: Node) -> None:
        self.node, self.keepers = node, None

    def __repr__(self) -> str:
        """Say what it is; it has no numbers."""
        return f"<recorded tangent of shape {self.shape}>"

    @property
    def shape(self) -> Shape:
        """The shape of the primal."""
        return self.node.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def root(self) -> "Recorded":
        """Return the handle whose array this one is a view of."""
        return self

    def read(self) -> Node:
        """Return the node that says what this tangent is now."""
        return self.node

    def write(self, op: LinearOp, new: Node | None) -> None:
        """Replace the entries that op reads by those of a node, or by zero."""
        self.node = _replaced(self.node, op, new)

    # What the dense space asks of the parts of a nested dual.

    def _parts(self) -> tuple[()]:
        return ()

    def _vanishing(self) -> Array:
        """Return where the tangent is zero whatever the input's is: everywhere or nowhere."""
        return np.full(self.shape, _is_zero(self.read()))


class View(Recorded):
    """The tangent of a view: what its map reads from its base, whenever it is asked. Views of views may go deep."""

    __slots__ = ("base", "op", "origin", "seen")

    def __init__(self, base: Recorded, op: LinearOp) -> None:
        self.base, self.op, self.keepers = base, op, None
        self.origin = base if type(base) is Recorded else base.root()
        self.seen: Node | None = None

    @property
    def shape(self) -> Shape:
        """The shape of the primal."""
        return self.op.shape_out

    def root(self) -> Recorded:
        """Return the handle whose array this one is a view of."""
        return self.origin

    def read(self) -> Node:
        """Return the node that says what this tangent is now."""
        base = self.base
        if type(base) is Recorded:  # as nearly all are
            if self.seen is not base.node:
                self.seen, self.node = base.node, Map(base.node, self.op)
            return self.node
        views: list[View] = []
        t: Recorded = self
        while isinstance(t, View):
            views.append(t)
            t = t.base
        now = t.node
        for view in reversed(views):
            if view.seen is not now:
                view.seen, view.node = now, Map(now, view.op)
            now = view.node
        return now

    def write(self, op: LinearOp, new: Node | None) -> None:
        """Replace the entries that op reads by those of a node, or by zero."""
        t: Recorded = self
        while isinstance(t, View):
            old = t.read()
            new = _replaced(old, op, new)
            if new is old:
                return
            op, t = t.op, t.base
        t.write(op, new)


def _is_zero(node: Node) -> bool:
    return type(node) is Diagonal and not node.parents


def _replaced(old: Node, op: LinearOp, new: Node | None) -> Node:
    if new is not None and _is_zero(new):
        new = None
    if _is_zero(old):
        return old if new is None else Joined((new,), (op,), old.shape, old.dtype)
    return Written((old,) if new is None else (old, new), op)


# What is kept of the user's arrays. --------------------------------------------------------------------------


_FIXED = frozenset({Const, float, int, np.float64, np.float32, np.complex128, np.complex64})
"""Types of partials that cannot be overwritten; others are looked at."""
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
        if old is not None and old.dtype == x.dtype and old.shape == x.shape and (old == x).all():
            return old
    new, key = x.copy("K"), id(x)
    _snapshots[key] = weakref.ref(x, lambda _: _snapshots.pop(key, None)), weakref.ref(new)
    return new


def _keep(node: Any, i: int, x: Any, t: Recorded | None) -> None:
    """Let a node keep x, its part i: the user's own array as a copy, that of a Dual until it is written to."""
    if t is None:
        node.replace(i, snapshot(x))
    else:
        _lend(t, node, i)


def _lend(t: Recorded, node: Any, i: int) -> None:
    """Note that part i of a node is the array of t."""
    root = t if type(t) is Recorded else t.origin  # type: ignore[attr-defined]
    keepers = root.keepers
    if keepers is None:
        root.keepers = [(weakref.ref(node), i)]
    elif keepers is PUBLIC:
        node.replace(i)
    else:
        keepers.append((weakref.ref(node), i))  # type: ignore[union-attr]


def release(t: Recorded, *, public: bool = False) -> None:
    """Make nodes copy what they keep of the array of t, which is about to be written, or becomes the user's for good."""
    root = t.root()
    keepers = root.keepers
    root.keepers = PUBLIC if public or keepers is PUBLIC else None
    for ref, i in keepers or ():
        node = ref()
        if node is not None:
            node.replace(i)


# The interface of tangent spaces. ----------------------------------------------------------------------------


def elementwise(
    rule: Any, ans: Array, args: Sequence[Any], primals: Sequence[Array], tangents: Sequence[Recorded | None]
) -> Recorded | None:
    """Return Σ diag(∂ans/∂argᵢ)·tᵢ as one node; operands and results that it keeps stay as they are until they are written to."""
    partials = rule.d
    places = [i for i, t in enumerate(tangents) if t is not None and partials[i] is not ZERO]
    if not places:
        return None
    parents = [tangents[i].read() for i in places]  # type: ignore[union-attr]
    curved = any([p.curved for p in parents])  # noqa: C419
    if curved and not _is_straight(rule, tuple(places)):
        return _curved(rule, ans, args, tangents)
    kept = [d if type(d := partials[i]) is Const else d(ans, *args) for i in places]
    new = Recorded(node := Diagonal(parents, kept, ans.shape, ans.dtype, rule.select, curved))
    for i, g in enumerate(kept):
        if type(g) not in _FIXED:
            for p, t in zip((ans, *primals), (new, *tangents), strict=True):
                if g is p:
                    _keep(node, i, g, t)
                    break
    return new


def binary(rule: Any, ans: Array, p: Array, q: Array, u: Recorded | None, v: Recorded | None) -> Recorded:
    """
    Do the same for a short rule of two arguments, at least one of which has a tangent.

    Without loops it takes a twelfth less time of a gradient of 1000 numbers (bench/bench_structured.py).
    """
    d, e = rule.d
    x = None if u is None else u.node if type(u) is Recorded else u.read()
    y = None if v is None else v.node if type(v) is Recorded else v.read()
    curved = y.curved if x is None else x.curved  # type: ignore[union-attr]
    if not rule.constant:
        if curved and not _is_straight(rule, (1,) if x is None else (0,) if y is None else (0, 1)):
            return _curved(rule, ans, (p, q), (u, v))  # type: ignore[return-value]
        if x is not None and type(d) is not Const:
            d = d(ans, p, q)
        if y is not None and type(e) is not Const:
            e = e(ans, p, q)
    if y is None:
        node = Diagonal([x], [d], ans.shape, ans.dtype, False, curved)  # type: ignore[list-item]
    elif x is None:
        node = Diagonal([y], [e], ans.shape, ans.dtype, False, curved)
    else:
        node = Diagonal([x, y], [d, e], ans.shape, ans.dtype, False, curved)
    new = Recorded(node)
    if not rule.constant:
        if x is not None and type(d) not in _FIXED:
            _hold(new, node, 0, d, ans, p, q, u, v)
        if y is not None and type(e) not in _FIXED:
            _hold(new, node, 0 if x is None else 1, e, ans, p, q, u, v)
    return new


@functools.lru_cache(4096)
def _is_straight(rule: Any, places: tuple[int, ...]) -> bool:
    """Whether a function is linear in the arguments at these places taken together, so that it has no curvature."""
    return bool(rule.dd) and rule.on_complex != "modulus" and all(rule.second(i, j) is ZERO for i in places for j in places)


def _hold(new: Recorded, node: Diagonal, i: int, g: Array, ans: Array, p: Array, q: Array, u: Recorded | None, v: Recorded | None) -> None:
    """See to it that partial i stays as it is, where it is the result or an operand."""
    if g is q and v is not None:
        _lend(v, node, i)
    elif g is p and u is not None:
        _lend(u, node, i)
    elif g is ans:
        _lend(new, node, i)
    elif g is p or g is q:
        node.replace(i, snapshot(g))


def _curved(rule: Any, ans: Array, args: Sequence[Any], tangents: Sequence[Recorded | None]) -> Recorded | None:
    """Return the same as a node that keeps ans and the arguments, for both orders."""
    parents: list[Node] = []
    places: list[int] = []
    for i, t in enumerate(tangents):
        if t is not None and rule.d[i] is not ZERO:
            parents.append(t.node if type(t) is Recorded else t.read())
            places.append(i)
    if not places:
        return None
    node = Curved(rule, parents, places, [ans, *args], ans)
    new = Recorded(node)
    if type(ans) not in _FIXED:
        _lend(new, node, 0)
    for i, x in enumerate(args):
        if type(x) not in _FIXED and is_mutable(x):
            _keep(node, i + 1, x, tangents[i])
    return new


def opaque(t: Recorded) -> Recorded:
    """Return t as the tangent of a function whose second derivative the tape does not know."""
    node = t.read()
    return Recorded(Opaque(node)) if node.curved else t


def residual(t: Recorded, tangents: Sequence[Recorded | None]) -> None:
    """Note that t is the tangent of an equation in arrays with these tangents: what it multiplies them by may be results, which vary."""
    stop = {u.read() for u in tangents if u is not None}
    todo = [t.read()]
    while todo:
        node = todo.pop()
        if node not in stop:
            todo.extend(node.parents)
            if type(node) is Bound:
                node.varying = range(len(node.operands))


def unary(rule: Any, ans: Array, x: Array, t: Recorded) -> Recorded:
    """Do the same for a function of one array with a short way; a partial that is no constant is found when it is used."""
    d, parent = rule.slope, t.node if type(t) is Recorded else t.read()
    if rule.constant:
        return Recorded(Diagonal([parent], [*rule.d], ans.shape, ans.dtype, False, parent.curved))
    if parent.curved:
        curved = not _is_straight(rule, (0,))
        return _curved(rule, ans, (x,), (t,)) if curved else elementwise(rule, ans, (x,), (x,), (t,))  # type: ignore[return-value]
    takes_ans, takes_x = _taken(d)
    new = Recorded(node := Slope(parent, d, ans if takes_ans else None, x if takes_x else None, ans))
    if takes_ans and type(ans) is ndarray:
        _lend(new, node, 0)
    if takes_x and type(x) is ndarray:
        _lend(t, node, 1)
    return new


@functools.cache
def _taken(d: Callable[[Array, Array], Array]) -> tuple[bool, bool]:
    """Return whether the formula d(ans, x) reads ans, and whether it reads x; what it does not read need not be kept."""
    code = getattr(d, "__code__", None)
    if code is None or code.co_argcount != 2:
        return True, True
    read = {*code.co_cellvars}
    for step in dis.get_instructions(code):  # one instruction may load two
        read.update(step.argval if isinstance(step.argval, tuple) else (step.argval,))
    ans, x = code.co_varnames[:2]
    return ans in read, x in read


def scale(t: Recorded, g: Any, shape_in: Shape, shape: Shape, dtype: Any, *, select: bool = False) -> Recorded:
    """Return diag(g)·t broadcast to shape."""
    node = t.read()
    return Recorded(Diagonal([node], [g], shape, dtype, select, node.curved))


def add(a: Recorded, b: Recorded, *, owned: bool = False) -> Recorded:
    """Return a + b."""
    x, y = a.read(), b.read()
    dtype = None if x.dtype is None or y.dtype is None else np.result_type(x.dtype, y.dtype)
    return Recorded(Diagonal([x, y], [ONE, ONE], a.shape, dtype, curved=x.curved or y.curved))


def linear(op: LinearOp, t: Recorded) -> Recorded:
    """Return op(t), a view where op is one."""
    return View(t, op) if op.view else Recorded(Map(t.read(), op))


def part(t: Recorded, op: LinearOp, ans: Array) -> Recorded:
    """Return the tangent of ans, to which a map takes an array: a view if that gives views and ans is no number, else a copy."""
    return View(t, op) if op.view and type(ans) is ndarray else Recorded(Map(t.read(), op, ans.dtype))


def bound(bind: Callable[..., LinearOp], primals: Sequence[Array], tangents: Sequence[Recorded | None], ans: Array) -> Recorded:
    """Return the sum of a multilinear function of primals with each tangent in the place of its operand."""
    parents: list[Node] = []
    places: list[int] = []
    for i, t in enumerate(tangents):
        if t is not None:
            parents.append(t.read())
            places.append(i)
    operands = list(primals)
    alone = places[0] if len(places) == 1 else None
    if alone is not None:
        operands[alone] = Absent(primals[alone].shape)
    node = Bound(parents, bind, places, operands, ans.shape, ans.dtype)
    for j, p in enumerate(primals):
        if j != alone:
            _keep(node, j, p, tangents[j])
    return Recorded(node)


Terms = tuple[Array, Array | None, LinearOp]


def weighted(terms: Callable[[Array], Terms], x: Array, t: Recorded, select: bool) -> tuple[Array, Recorded]:
    """
    Return the value of a function of x and op(diag(g)·t), with terms(x) = (value, g, op).

    Whether g and op hold on to x or to the value, the references to those tell. If they do, the terms are found anew, from
    a copy of x, before either is written to; there is no copy as long as nothing is.
    """
    if type(x) is not ndarray:  # the parts of a nested dual may be held instead of it
        ans, g, op = terms(np.copy(x))
        return np.copy(ans), Recorded(Weighed(t.read(), g, op, None, ans.dtype, select=select))
    owner = x if x.base is None else x.base
    before = sys.getrefcount(x), sys.getrefcount(owner)
    ans, g, op = terms(x)
    if type(ans) is ndarray and ans.base is not None:
        ans = np.copy(ans)
    held = (sys.getrefcount(x), sys.getrefcount(owner)) != before or (type(ans) is ndarray and references(ans) > ALONE)
    node = Weighed(t.read(), g, op, functools.partial(_anew, terms, x) if held else None, ans.dtype, select=select)
    new = Recorded(node)
    if held:
        _lend(t, node, 0)
        _lend(new, node, 1)
    return ans, new


def _anew(terms: Callable[[Array], Terms], x: Array) -> Terms:
    return terms(x.copy("K"))


def assign(t: Recorded, op: LinearOp, u: Recorded | None) -> None:
    """Write u, or zero, into the entries of t that op reads."""
    t.write(op, None if u is None else u.read())


def join(ops: Sequence[LinearOp], parts: Sequence[Recorded | None], shape: Shape, dtype: Any) -> Recorded:
    """Return the tangent whose part read by ops[i] is parts[i]."""
    given = [(op, p.read()) for op, p in zip(ops, parts, strict=True) if p is not None]
    return Recorded(Joined(tuple(p for _, p in given), [op for op, _ in given], shape, dtype))


def zeros(t: Recorded, nd_in: int, shape: Shape, dtype: Any) -> Recorded:
    """Return the zero tangent of a new array."""
    return Recorded(Diagonal((), [], shape, dtype, curved=t.read().curved))


def copy(t: Recorded) -> Recorded:
    """Return a tangent that later writes to t do not change."""
    return Recorded(t.read())


def settle(t: Recorded, ans: Array) -> Recorded:
    """Return t with the dtype of its primal."""
    node = t.read()
    if node.dtype is None:
        node.dtype = ans.dtype
    elif node.dtype is not ans.dtype and node.dtype != ans.dtype:
        return Recorded(Diagonal([node], [ONE], t.shape, ans.dtype, curved=node.curved))
    return t


def lift(t: Recorded, like: Array) -> Recorded:
    """Return t, which can hold parts of any kind."""
    return t


TYPES = frozenset({Recorded, View})
"""The types of tangents of this space."""


def leaf(x: Array, *, curved: bool = False) -> Recorded:
    """Return the tangent of an input; `curved` operations on it keep what second derivatives take."""
    return Recorded(Leaf(x.shape, x.dtype, curved))
