"""
Second order on a tape: the curvature of each operation, weighed by what its result means for a scalar.

For a scalar y the Hessian is the sum over all operations v = φ(u₁, u₂, ...) of (∂u/∂x)ᵀ·(ȳ_v·φ'')·(∂u/∂x), with the cotangent
ȳ_v = ∂y/∂v; for an element-wise φ the matrix in the middle is diagonal. So one walk back over a tape that keeps second
partials gives the Hessian, from slots or along dense directions, and no operation is differentiated by nesting.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from .._typing import Array, Shape
from ..linear_op import LinearOp, unbroadcast
from ..partial import MINUS_ONE, ONE, ZERO, Const
from . import dense
from .cotangents import NOTHING, Cotangents
from .nodes import Bound, Diagonal, Map, Node, Weighed, is_pure, number, quiet
from .tape import Tape


class CurvatureError(Exception):
    """An operation whose second derivative a tape does not hold: a rule of weights, an equation, a partial without a second one."""


class Curved(Diagonal):
    """An element-wise function that keeps what its partials of both orders take: ans and the arguments."""

    __slots__ = ("kept", "known", "places", "rule")
    bends = True

    def __init__(self, rule: Any, parents: Sequence[Node], places: Sequence[int], kept: list[Any], like: Array) -> None:
        self.rule, self.parents, self.places, self.kept = rule, parents, places, kept
        self.shape, self.dtype, self.select, self.curved = like.shape, like.dtype, rule.select, True
        self.known: list[Any] | None = None
        self.number = number()

    def deed(self) -> Any:
        return self.rule if _is_pure(self.rule) else object(), self.places, self.shape, self.dtype

    def held(self) -> Sequence[Any]:
        return self.kept

    def holding(self, held: list[Any], parents: Sequence[Node]) -> Node:
        return Curved(self.rule, parents, self.places, held, self)

    def replace(self, i: int, copy: Any = None) -> None:
        """Keep a copy of the result or an argument, which may be overwritten."""
        self.kept[i] = np.copy(self.kept[i]) if copy is None else copy

    @property
    def partials(self) -> list[Any]:  # type: ignore[override]
        """The local partials by those arguments that have a tangent."""
        if self.known is None:
            self.known = [self._of(self.rule.d[i]) for i in self.places]
        return self.known

    def _of(self, partial: Any) -> Any:
        return partial if type(partial) is Const else partial(*self.kept)

    def curvature(self) -> list[tuple[int, int, Any]]:
        """Return the second partials that are not zero: which parents i <= j, and what."""
        rule, places = self.rule, self.places
        if not rule.dd or (rule.on_complex == "modulus" and np.iscomplexobj(self.kept[1])):
            raise CurvatureError
        pairs = [(i, j, rule.second(places[i], places[j])) for i in range(len(places)) for j in range(i, len(places))]
        return [(i, j, self._of(dd)) for i, j, dd in pairs if dd is not ZERO]


@functools.cache
def _is_pure(rule: Any) -> bool:
    return all(type(d) is Const or is_pure(d) for d in (*rule.d, *rule.dd))


class Opaque(Map):
    """What stands behind a map that was made from primals: linear in the tangent, with a second derivative that nobody noted."""

    __slots__ = ()
    bends = True

    def __init__(self, parent: Node) -> None:
        shape = parent.shape
        super().__init__(parent, LinearOp(shape, shape, lambda x: x, lambda c: c, gather=True, key="opaque"), parent.dtype)


Seen = dict[Node, Sequence[Any]]
"""The tangents of the parents of nodes."""


def seen(tape: Tape, tangents: Sequence[Any], space: Any) -> Seen:
    """Push tangents of a space, and return those that enter an operation which has a curvature."""
    found: Seen = {}
    for node in tape.kept():
        if node.bends:
            if type(node) is Curved or (type(node) is Bound and len(node.parents) > 1):
                found[node] = ()
            elif type(node) is Opaque or (type(node) is Weighed and not node.is_piecewise_linear):
                raise CurvatureError
    tape.push(tangents, space, found)
    return found


def along(tape: Tape, cotangent: Array, tangents: Sequence[Array]) -> tuple[list[Array | None], list[Array | None]]:
    """
    Return the gradient of the only root and its derivative along tangents of the leaves, which may have leading axes.

    Both cotangents walk back together: that of the derivative gets ȳ_v·φ''·u̇ at each operation, and is transposed as the other one.
    """
    given = seen(tape, tangents, dense)
    first, second = Cotangents(strict=False), Cotangents(strict=False)
    root = tape.roots[0]
    if root is not None:
        first.add(root, cotangent, False)
    with quiet():
        for node in reversed(tape.kept()):
            d, owned, second.minus = second.sums.pop(node, NOTHING)
            if d is not None:
                node.pull(d, owned, second)
            c, owned, first.minus = first.sums.pop(node, NOTHING)
            if c is None:
                continue
            ts = given.get(node)
            if ts is not None:
                second.minus = first.minus
                if type(node) is Curved:
                    _bend(node, c, ts, second)
                elif type(node) is Bound:
                    _cross(node, c, ts, second)
            node.pull(c, owned, first)
    return [first.of(k) for k in tape.leaves], [second.of(k) for k in tape.leaves]


def _bend(node: Curved, c: Array, ts: Sequence[Array], sums: Cotangents) -> None:
    """Add conj(φ''·u̇)·c to the cotangents of the arguments of an element-wise function."""
    nd = len(node.shape)
    totals: dict[int, Array] = {}
    for i, j, dd in node.curvature():
        w = c if dd is ONE else -c if dd is MINUS_ONE else c * dd.conjugate()
        for to, along_ in {(i, j), (j, i)}:
            term = dense.aligned(ts[along_], node.parents[along_].shape, node.shape).conjugate() * w
            totals[to] = totals[to] + term if to in totals else term
    for i, total in totals.items():
        shape = node.parents[i].shape
        lead = ts[i].shape[: ts[i].ndim - len(shape)]
        full = total if total.shape == lead + node.shape else np.broadcast_to(total, lead + node.shape)
        sums.add(node.parents[i], full if shape == node.shape else unbroadcast(full, shape, nd), type(full) is ndarray and full is total)


def _cross(node: Bound, c: Array, ts: Sequence[Array], sums: Cotangents) -> None:
    """Add, for each two operands of a product, the transposed map of one with the tangent of the other in its place."""
    for a, i in enumerate(node.places):
        for b, j in enumerate(node.places):
            if a != b:
                for t, add in _each(ts[b], node.operands[j], sums, node.parents[a]):
                    operands = [t if k == j else p for k, p in enumerate(node.operands)]
                    add(node.bind(i, operands).back(c))


def _each(t: Array, operand: Array, sums: Cotangents, parent: Node) -> Any:
    """Yield each direction of t with what takes its result: maps hold operands without axes of directions."""
    lead = t.shape[: t.ndim - np.ndim(operand)]
    if not lead:
        yield t, lambda d: sums.add(parent, d, False)
        return
    parts: list[Array] = []
    for k in np.ndindex(*lead):
        yield t[k], parts.append
    whole = np.stack(parts) if parts else np.zeros(0, t.dtype)
    sums.add(parent, whole.reshape(*lead, *parent.shape), True)


def curvatures(
    tape: Tape, cotangent: Array, given: Seen, see: Callable[[Sequence[Any], Sequence[Shape], Shape, int, int, Array], None]
) -> list[Array | None]:
    """
    Return the gradient, and call `see(tangents, shapes, shape, i, j, w)` for each second partial.

    They are the tangents of the arguments, the shapes of those and of the result, and w = conj(ȳ_v)·φ''ᵢⱼ for arguments i <= j.
    """
    sums = Cotangents(strict=False)
    root = tape.roots[0]
    if root is not None:
        sums.add(root, cotangent, False)
    with quiet():
        for node in reversed(tape.kept()):
            c, owned, sums.minus = sums.sums.pop(node, NOTHING)
            if c is None:
                continue
            if type(node) is Curved:
                turned, shapes = c.conjugate(), [p.shape for p in node.parents]
                for i, j, dd in node.curvature():
                    w = turned if dd is ONE else -turned if dd is MINUS_ONE else turned * dd
                    see(given[node], shapes, node.shape, i, j, -w if sums.minus else w)
            elif type(node) is Bound and len(node.parents) > 1:
                raise CurvatureError
            node.pull(c, owned, sums)
    return [sums.of(k) for k in tape.leaves]
