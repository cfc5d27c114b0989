"""The Hessian from slots: Σ Gₛᵀ·diag(d)·Gₜ over pairs of gathers, one for each two that meet in an operation with curvature."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

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


def entries(s: Gather, t: Gather, d: Any) -> tuple[Array, Array, Array]:
    """Return rows, columns and values of Gₛᵀ·diag(d)·Gₜ."""
    rows, columns = s.index.reshape(-1), t.index.reshape(-1)
    values = (d if np.shape(d) == s.shape else np.broadcast_to(d, s.shape)).reshape(-1)
    if s.whole and t.whole:
        return rows, columns, values
    kept = (rows != NOWHERE) & (columns != NOWHERE)
    return rows[kept], columns[kept], values[kept]


def matrix(pairs: Pairs, leaves: Sequence[Root], dtype: Any) -> Array:
    """Return the Hessian by all numbers of the leaves, of shape (n, n); the gathers read leaves alone."""
    n = sum(r.size for r in leaves)
    at, starts = 0, {}
    for r in leaves:
        starts[r] = at
        at += r.size
    total = np.zeros(n * n, dtype)
    places, weights = [], []
    for (s, t), d in pairs.blocks.items():
        for a, b in ((s, t),) if s is t else ((s, t), (t, s)):
            view = _even(total, n, a, starts[a.root], b, starts[b.root])
            if view is not None:
                view += d
                continue
            rows, columns, values = entries(a, b, d)
            places.append((rows + np.intp(starts[a.root])) * n + columns + starts[b.root])
            weights.append(values)
    if places:
        total += np.bincount(np.concatenate(places), np.concatenate(weights), minlength=n * n)
    return total.reshape(n, n)


def _even(total: Array, n: int, s: Gather, row: int, t: Gather, column: int) -> Array | None:
    """Return the view of the entries of a matrix of n columns that two gathers meet in, if those lie evenly and apart from each other."""
    one, other = s.line, t.line
    if one is None or other is None or not math.prod(s.shape):
        return None
    steps = [n * i + j for i, j in zip(one[1], other[1], strict=True)]
    reach = 0
    for step, length in sorted([(abs(step), length) for step, length in zip(steps, s.shape, strict=True) if length > 1]):
        if step <= reach:
            return None
        reach += step * (length - 1)
    size = total.itemsize
    start = (one[0] + row) * n + other[0] + column
    return np.ndarray(s.shape, total.dtype, total, start * size, [step * size for step in steps])
