"""
Arrays that carry derivatives of several transforms, taken apart into plain blocks, and results built from such blocks again.

Each set of directions is an axis: a level of Duals has one, a level of HyperDuals has two, and a level whose tangents are
recorded has one for the columns of the Jacobian. Axes are numbered from the lowest level up. A block belongs to some of
the axes: it is the derivative once along each of them, and has them in front, in this order. The value is that of none.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, chain, combinations
from typing import Any

import numpy as np

from .._typing import Shape, Tangent
from ..arrays.creation import carries
from ..arrays.dual import Dual
from ..arrays.hyperdual import HyperDual
from ..arrays.taped import Taped
from ..linear_op import lead_of
from ..tangents import dense, space_of
from ..tangents.hyper import HyperTangent, settle
from ..tangents.pairing import Pairing
from .types import Axes

Blocks = dict[Axes, Any]
"""What an array consists of, by the axes that the derivative is along; what is not there is zero."""


def subsets(axes: Axes) -> Iterator[Axes]:
    """Return all selections of axes."""
    return chain.from_iterable(combinations(axes, k) for k in range(len(axes) + 1))


def without(axes: Axes, others: Axes) -> Axes:
    """Return the axes that are not among others."""
    return tuple(a for a in axes if a not in others)


class Level:
    """One transform: how its arrays are taken apart and built, and the shape of the directions of each of its axes."""

    count = 1

    def __init__(self, level: int) -> None:
        self.level = level
        self.axes: Axes = ()
        self.leads: list[Shape] = []

    def takes(self, x: Any) -> bool:
        """Whether an array is of this level."""
        return carries(x) and bool(x.level == self.level)

    def split(self, axes: Axes, x: Any) -> Iterator[tuple[Axes, Any]]:
        """Yield the blocks of an array of this level that is itself the block of these axes."""
        raise NotImplementedError

    def built(self, axes: Axes, of: Callable[[Axes], Any]) -> Any:
        """Return the array of this level that is the block of these axes, which are of higher levels."""
        raise NotImplementedError

    def _lead(self, i: int, shape: Shape) -> None:
        if i >= len(self.leads):
            self.leads += [()] * (i + 1 - len(self.leads))
        self.leads[i] = self.leads[i] or shape


class First(Level):
    """Duals with dense tangents."""

    def split(self, axes: Axes, x: Any) -> Iterator[tuple[Axes, Any]]:
        """Yield value and tangent."""
        self._lead(0, lead_of(x.tangent, x.ndim))
        yield axes, x._primal
        yield self.axes + axes, x.tangent

    def built(self, axes: Axes, of: Callable[[Axes], Any]) -> Any:
        """Return the Dual."""
        ans = of(axes)
        return Dual(ans, dense.settle(of(self.axes + axes), ans), self.level)


class Second(Level):
    """
    HyperDuals.

    Where directions go in pairs, all pairs are carried, of which those on the diagonal of e12 are the ones asked for.
    """

    count = 2

    def __init__(self, level: int, pairing: Pairing) -> None:
        super().__init__(level)
        self.pairing, self.same = pairing, True
        self.lanes: int | None = None

    def split(self, axes: Axes, x: Any) -> Iterator[tuple[Axes, Any]]:
        """Yield value, both tangents and the second derivatives."""
        first, second = self.axes
        leads = [None if b is None else lead_of(b, x.ndim) for b in x.tangent.blocks]
        self.same &= x.e1 is x.e2
        self.lanes = self.lanes or self.pairing.count(leads[0] if leads[0] is not None else leads[1], leads[2])
        yield axes, x._primal
        for block, own, at in ((x.e1, (first,), 0), (x.e2, (second,), 1)):
            if block is not None:
                self._lead(at, leads[at] or ())
                yield own + axes, block
        if x.e12 is not None:
            e12 = x.e12 if self.lanes is None else self._spread(x.e12, self.lanes)
            for at in (0, 1):
                self._lead(at, e12.shape[at : at + 1] if e12.ndim > x.ndim else ())
            yield self.axes + axes, e12

    def _spread(self, e12: Any, n: int) -> Any:
        """Return second derivatives of pairs on the diagonal of all."""
        own: list[Any] = [self.pairing.lane(k, None, None, e12)[2] for k in range(n)]
        zero = 0.0 * next(e for e in own if e is not None)
        rows = [[own[k] if j == k and own[k] is not None else zero for j in range(n)] for k in range(n)]
        return np.stack([np.stack(row) for row in rows])

    def built(self, axes: Axes, of: Callable[[Axes], Any]) -> Any:
        """Return the HyperDual."""
        first, second = self.axes
        ans, e1, e12 = of(axes), of((first, *axes)), of(self.axes + axes)
        e2 = e1 if self.same else of((second, *axes))
        if self.lanes is not None:
            e12 = self.pairing.gathered([e12[k, k] for k in range(self.lanes)])
        return HyperDual.of(ans, settle(HyperTangent(e1, e2, e12, self.pairing), ans), self.level)


class Recorded(Level):
    """
    Duals whose tangents are recorded: the Jacobian is the map that is recorded, and its columns are directions of their own.

    A tangent may be that of any block of an argument: δx_T. The block S of the result changes by Σ_T (column of S without T)·δx_T.
    """

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.tangents: list[dict[Axes, Any]] = []
        self.spans: list[slice] = []

    def split(self, axes: Axes, x: Any) -> Iterator[tuple[Axes, Any]]:
        """Yield the value, and keep the tangent."""
        self.tangents[-1][axes] = Taped(np.zeros(np.shape(x), x.dtype)[()], x.tangent, self.level)
        yield axes, x._primal

    def seeds(self, values: Sequence[Any]) -> Iterator[Any]:
        """Return for each argument the directions of the columns, or None if it has no tangent."""
        sizes = [np.size(x) if t else 0 for x, t in zip(values, self.tangents, strict=True)]
        ends = accumulate(sizes)
        self.spans = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
        n = sum(sizes)
        self.leads = [(n,)]
        for x, span, t in zip(values, self.spans, self.tangents, strict=True):
            yield np.eye(n, dtype=np.asarray(x).dtype)[:, span].reshape((n, *np.shape(x))) if t else None

    def built(self, axes: Axes, of: Callable[[Axes], Any]) -> Any:
        """Return the Dual whose tangent is the sum of the columns applied to the tangents of the arguments."""
        ans = of(axes)
        total: Tangent | None = None
        for given, span in zip(self.tangents, self.spans, strict=True):
            for inside, change in given.items():
                if not set(inside) <= set(axes):
                    continue
                product = self._applied(of(self.axes + without(axes, inside))[span], change, axes, inside, np.ndim(ans)).tangent
                total = product if total is None else space_of(total).add(total, product, owned=True)
        if total is None:
            return ans
        space = space_of(total)
        return Taped(ans, space.settle(space.opaque(total), ans), self.level)  # the columns depend on the arguments, too

    def _applied(self, columns: Any, change: Any, axes: Axes, inside: Axes, nd: int) -> Any:
        """Return the columns of some block applied to the change of another one, in the order of axes."""
        n, rest = columns.shape[0], columns.shape[1:]
        lead = self.directions(inside)
        flat = np.reshape(np.moveaxis(columns, 0, -1), (-1, n))
        if not inside:
            return np.reshape(flat @ np.reshape(change, (-1,)), rest)
        product = np.reshape(flat @ np.reshape(change, (math.prod(lead), n)).T, rest + lead)
        places: dict[int, list[int]] = {}
        at = 0
        for a in (*without(axes, inside), None, *inside):
            step = nd - len(self.directions(axes)) if a is None else len(self.directions((a,)))
            places[-1 if a is None else a] = list(range(at, at + step))
            at += step
        return np.transpose(product, [i for a in (*axes, -1) for i in places[a]])

    directions: Callable[[Axes], Shape] = staticmethod(lambda axes: ())
    """Returns the shape of the directions of some axes."""


KINDS = {True: Recorded, False: First}
"""Levels of Duals, by whether the tangents hold on to what an operation did."""


def _found(x: Any, levels: dict[int, Level], refuse: Callable[[Any], TypeError]) -> None:
    """Add the levels in an array."""
    if not carries(x):
        return
    if isinstance(x, HyperDual):
        levels.setdefault(x.level, Second(x.level, x.tangent.pairing))
        inside = [x._primal, *x.tangent.blocks]
    elif isinstance(x, Dual):
        kept = bool(space_of(x.tangent).KEEPS)
        levels.setdefault(x.level, KINDS[kept](x.level))
        inside = [x._primal] if kept else [x._primal, x.tangent]
    else:
        raise refuse(x)
    for part in inside:
        _found(part, levels, refuse)


class Orders:
    """The levels that arguments carry, and the arguments as blocks of plain arrays."""

    def __init__(self, leaves: Sequence[Any], refuse: Callable[[Any], TypeError]) -> None:
        found: dict[int, Level] = {}
        for x in leaves:
            _found(x, found, refuse)
        self.levels = [found[n] for n in sorted(found)]
        at = 0
        for level in self.levels:
            level.axes = tuple(range(at, at + level.count))
            at += level.count
        self.axes = tuple(range(at))
        blocks = [self._split(x) for x in leaves]
        for level in self.recorded:
            for b, seed in zip(blocks, level.seeds([b[()] for b in blocks]), strict=True):
                if seed is not None:
                    b[level.axes] = seed
            level.directions = self._directions
        self.leads = [lead for level in self.levels for lead in [*level.leads, (), ()][: level.count]]
        self.blocks = [self._flat(b) for b in blocks]

    @property
    def recorded(self) -> list[Recorded]:
        """The levels whose tangents are recorded."""
        return [level for level in self.levels if isinstance(level, Recorded)]

    def _split(self, x: Any) -> Blocks:
        blocks: Blocks = {(): x}
        for level in reversed(self.levels):
            if isinstance(level, Recorded):
                level.tangents.append({})
            split: list[Iterable[tuple[Axes, Any]]] = [
                level.split(axes, b) if level.takes(b) else [(axes, b)] for axes, b in blocks.items()
            ]
            blocks = dict(chain.from_iterable(split))
        return blocks

    def _directions(self, axes: Axes) -> Shape:
        return tuple(chain.from_iterable(self.leads[a] for a in axes))

    def sizes(self, axes: Axes) -> Shape:
        """Return how many directions each axis has."""
        return tuple(math.prod(self.leads[a]) for a in axes)

    def _flat(self, blocks: Blocks) -> Blocks:
        """Return blocks with one axis for each set of directions."""
        shape = np.shape(blocks[()])
        return {axes: np.reshape(b, self.sizes(axes) + shape) if axes else b for axes, b in blocks.items()}

    def built(self, blocks: Blocks) -> Any:
        """Return a result of these blocks."""
        shape = np.shape(blocks[()])
        parts = {axes: np.reshape(b, self._directions(axes) + shape)[()] for axes, b in blocks.items()}
        axes = self.axes
        for level in self.levels:
            axes = axes[level.count :]
            parts = {higher: level.built(higher, parts.__getitem__) for higher in subsets(axes)}
        return parts[()]
