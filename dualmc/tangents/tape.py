"""The tape: linear operations between inputs and results, pushed forward with tangents, walked back with cotangents."""

import itertools
from collections.abc import Iterator, Sequence
from operator import attrgetter, methodcaller
from typing import Any, TypeAlias

import numpy as np

from .._typing import Array
from ..errors import freed
from . import dense
from .cotangents import NOTHING, Cotangents
from .nodes import Node, Written, quiet

Signature: TypeAlias = tuple[list[Any], ...]
_PARENTS, _NUMBER, _DEED, _HELD = attrgetter("parents"), attrgetter("number"), methodcaller("deed"), methodcaller("held")


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
        self.nodes: list[Node] | None = sorted(found.difference(leaves), key=_NUMBER)
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

    def signature(self) -> "Signature":
        """Return what is equal for tapes that do the same with what they hold: what operations do, and what they take, by its number."""
        nodes, first = self.kept(), self.leaves[0].number if self.leaves else 0
        parents = list(map(_PARENTS, nodes))
        given = itertools.chain(self.leaves, itertools.chain.from_iterable(parents))  # they name all nodes but roots
        roots = [None if r is None else r.number - first for r in self.roots]
        return list(map(_DEED, nodes)), list(map(len, parents)), list(map((-first).__add__, map(_NUMBER, given))), roots

    def held(self) -> list[Any]:
        """Return the arrays and numbers that operations hold."""
        return list(itertools.chain.from_iterable(map(_HELD, self.kept())))

    def holding(self, held: Iterator[Any]) -> "Tape":
        """Return a tape of the same operations that hold other arrays and numbers."""
        twins: dict[Node, Node] = {leaf: leaf for leaf in self.leaves}
        for n in self.kept():
            twins[n] = n.holding([next(held) for _ in n.held()], [twins[p] for p in n.parents])
        return Tape(self.leaves, [None if r is None else twins[r] for r in self.roots])

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
