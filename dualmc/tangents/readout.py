"""Columns of the Jacobian that structured tangents say, whatever roots they go through."""

from typing import Any

import numpy as np

from .._typing import Array, Shape
from .gathers import NOWHERE, Gather, Root
from .structured import Terms, number


class Columns:
    """Pushes a block of directions of the leaves through slots and cuts; each cut is applied once."""

    def __init__(self, seeds: dict[Root, Array], lead: Shape) -> None:
        self.lead, self.known = lead, dict(seeds)

    def of(self, terms: Terms, shape: Shape, dtype: Any) -> Array:
        """Return the tangents of what has these slots, of shape (*lead, *shape)."""
        total = np.zeros((*self.lead, *shape), dtype)
        for s, v in terms.items():
            total += v * _read(s, self._root(s.root, dtype)) if not (number(v) and v == 1.0) else _read(s, self._root(s.root, dtype))
        return total

    def _root(self, root: Root, dtype: Any) -> Array:
        known = self.known.get(root)
        if known is None:
            op, terms, _ = root.source
            known = self.known[root] = op.apply(self.of(terms, op.shape_in, dtype))
        return known


def _read(s: Gather, x: Array) -> Array:
    """Return what a gather reads from x, which has leading axes before those of the root."""
    if s is s.root.identity:
        return x
    lead = x.shape[: x.ndim - len(s.root.shape)]
    flat = x.reshape(*lead, s.root.size)
    index = s.index
    if s.whole:
        return np.take(flat, index, axis=-1)
    return np.where(index == NOWHERE, 0, np.take(flat, np.maximum(index, 0), axis=-1))
