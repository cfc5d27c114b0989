"""The Hessian from slots: Σ Gₛᵀ·diag(d)·Gₜ over pairs of gathers, one for each two that meet in an operation with curvature."""

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from .._typing import Array, Shape
from ..partial import ONE
from . import structured
from .curved import curvatures, seen
from .gathers import NOWHERE, Gather, Root
from .structured import Family, Structured
from .tape import Tape


class Pairs:
    """
    The curvatures of a scalar function, gathered from one walk back over a tape.

    Attributes
    ----------
    blocks : dict
        For each pair of gathers (s, t) what stands between them: d in Gₛᵀ·diag(d)·Gₜ + Gₜᵀ·diag(d)·Gₛ, or in Gₛᵀ·diag(d)·Gₛ. It may be
        complex between cuts; the Hessian is the real part of the sum.
    gradient : list
        The cotangents of the leaves; None for one that the result does not depend on.

    """

    def __init__(self, tape: Tape, family: Family, cotangent: Array) -> None:
        self.blocks: dict[tuple[Gather, Gather], Any] = {}
        given = seen(tape, family.seeds(), structured)
        self.gradient = curvatures(tape, cotangent, given, self._add)

    def _add(self, tangents: Sequence[Structured], shapes: Sequence[Shape], shape: Shape, i: int, j: int, w: Any) -> None:
        """Note the second partial w by arguments i and j of an operation, whose arguments have these tangents."""
        first = _spread(tangents[i], shapes[i], shape)
        if i == j:
            slots = list(first.items())
            for k, (s, v) in enumerate(slots):
                wv = _times(w, v)
                for t, u in slots[k:]:
                    self._note(s, t, _times(wv, u))
            return
        for s, v in first.items():
            wv = _times(w, v)
            for t, u in _spread(tangents[j], shapes[j], shape).items():
                d = _times(wv, u)
                self._note(s, t, d if s is not t else 2 * d)

    def _note(self, s: Gather, t: Gather, d: Any) -> None:
        if np.iscomplexobj(d) and s.root.source is None and t.root.source is None:
            d = d.real
        key = (s, t) if (t, s) not in self.blocks else (t, s)
        old = self.blocks.get(key)
        self.blocks[key] = d if old is None else old + d


def _times(w: Any, v: Any) -> Any:
    return w if type(v) is float and v == 1.0 else w * v


def _spread(t: Structured, shape_in: Shape, shape: Shape) -> structured.Terms:
    return structured.scale(t, ONE, shape_in, shape, t.dtype).terms if shape_in != shape else t.terms


class Places:
    """Where blocks between pairs of gathers, which read leaves alone, go in the Hessian by all numbers of the leaves."""

    __slots__ = ("_dtype", "_even", "_n", "_uneven")

    def __init__(self, pairs: Iterable[tuple[Gather, Gather]], leaves: Sequence[Root], dtype: Any) -> None:
        self._dtype, self._n = np.dtype(dtype), sum(r.size for r in leaves)
        starts = dict(zip(leaves, itertools.accumulate([r.size for r in leaves], initial=0), strict=False))
        self._even: list[tuple[int, Shape, int, Shape]] = []
        """Blocks whose entries lie evenly, and apart from each other: which block, and what view of the matrix."""
        self._uneven: list[tuple[int, Shape, Array | None, Array]] = []
        """Other blocks: which, of what shape, which of its entries count, and their places in the matrix."""
        for k, (s, t) in enumerate(pairs):
            for a, b in ((s, t),) if s is t else ((s, t), (t, s)):
                line = _line(self._n, a, starts[a.root], b, starts[b.root])
                if line is None:
                    kept, rows, columns = entries(a, b)
                    self._uneven.append((k, a.shape, kept, (rows + np.intp(starts[a.root])) * self._n + columns + starts[b.root]))
                else:
                    size = self._dtype.itemsize
                    self._even.append((k, a.shape, size * line[0], tuple([size * step for step in line[1]])))

    def matrix(self, blocks: Sequence[Any]) -> Array:
        """Return the Hessian, of shape (n, n)."""
        n = self._n
        total = np.zeros(n * n, self._dtype)
        for k, shape, start, steps in self._even:
            view = ndarray(shape, self._dtype, total, start, steps)
            view += blocks[k]
        if self._uneven:
            weights = [weights_of(blocks[k], shape, kept) for k, shape, kept, _ in self._uneven]
            total += np.bincount(np.concatenate([places for *_, places in self._uneven]), np.concatenate(weights), minlength=n * n)
        return total.reshape(n, n)


def entries(s: Gather, t: Gather) -> tuple[Array | None, Array, Array]:
    """Return which entries of d count in Gₛᵀ·diag(d)·Gₜ, None for all, and their rows and columns."""
    rows, columns = s.index.reshape(-1), t.index.reshape(-1)
    if s.whole and t.whole:
        return None, rows, columns
    kept = (rows != NOWHERE) & (columns != NOWHERE)
    return kept, rows[kept], columns[kept]


def weights_of(d: Any, shape: Shape, kept: Array | None) -> Array:
    """Return the entries of d, a number or an array of this shape, that count."""
    values: Array = (d if np.shape(d) == shape else np.broadcast_to(d, shape)).reshape(-1)
    return values if kept is None else values[kept]


def _line(n: int, s: Gather, row: int, t: Gather, column: int) -> tuple[int, Shape] | None:
    """Return first entry and steps in a matrix of n columns where two gathers meet, if entries lie evenly and apart from each other."""
    one, other = s.line, t.line
    if one is None or other is None or not math.prod(s.shape):
        return None
    steps = tuple([n * i + j for i, j in zip(one[1], other[1], strict=True)])
    reach = 0
    for step, length in sorted([(abs(step), length) for step, length in zip(steps, s.shape, strict=True) if length > 1]):
        if step <= reach:
            return None
        reach += step * (length - 1)
    return (one[0] + row) * n + other[0] + column, steps
