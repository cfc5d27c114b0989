"""Second-order blocks that are kept as sums of products of first-order blocks, for as long as that is cheaper."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._typing import Array
from ..linear_op import LinearOp
from ..partial import MINUS_ONE, ONE

Pair = tuple[Array, Array]

MOST_PER_CALL = 1 << 18
"""Multiplications up to which OpenBLAS does a product of matrices in the thread that asks for it."""


class Products:
    """
    The block of second order Σ u⊗w + block for all pairs of K1 directions of u and K2 directions of w, entry by entry.

    It stands for K1·K2 numbers for each entry of the primal and takes K1 + K2 of them for each pair. A sum over entries
    then is a product of matrices, with nothing of the size of the block in memory (bench/bench_second.py). Nothing
    writes to its arrays. `block`, of shape (K1, K2, *S), may be None.
    """

    __slots__ = ("block", "pairs")

    def __init__(self, block: Array | None, pairs: Sequence[Pair]) -> None:
        self.block, self.pairs = block, pairs

    def arrays(self) -> list[Array]:
        """Return all arrays that this is made of."""
        return [*([] if self.block is None else [self.block]), *(t for pair in self.pairs for t in pair)]

    def dense(self) -> Array:
        """Return the block as one array."""
        (u, w), *rest = self.pairs
        total: Array = u[:, None] * w[None]
        for u, w in rest:
            total += u[:, None] * w[None]
        return total if self.block is None else np.add(total, self.block, out=total)

    def entrywise(self, f: Callable[[Array], Array]) -> "Products":
        """Return f of the block, for f that moves, repeats, drops or copies entries and does nothing else."""
        return Products(None if self.block is None else f(self.block), [(f(u), f(w)) for u, w in self.pairs])

    def scaled(self, g: Any) -> list[Pair]:
        """Return the pairs of diag(g) times this block."""
        if g is ONE:
            return list(self.pairs)
        return [(-u if g is MINUS_ONE else u * g, w) for u, w in self.pairs]

    def mapped(self, op: LinearOp) -> "Products | Array":
        """Return op of the block."""
        if op.gather:
            return self.entrywise(op)
        return op(self.dense()) if op.sums is None else self._summed(op, op.sums)

    def _summed(self, op: LinearOp, axes: tuple[int, ...]) -> Array:
        """Return the sum over axes: for each entry that is left, uᵀ·w of those that are summed."""
        nd = len(op.shape_in)
        kept = [i for i in range(-nd, 0) if i not in axes]
        total = None if self.block is None else op(self.block)
        for u, w in self.pairs:
            a, b = (np.transpose(t, [*(nd + 1 + i for i in kept), 0, *(nd + 1 + i for i in axes)]) for t in (u, w))
            a, b = (t.reshape(*t.shape[: len(kept) + 1], -1) for t in (a, b))
            product = np.moveaxis(_matmul(a, np.swapaxes(b, -1, -2)), (-2, -1), (0, 1)).reshape(len(u), len(w), *op.shape_out)
            total = product if total is None else total + product
        assert total is not None
        return total


def _matmul(a: Array, b: Array) -> Array:
    """Return a @ b by a few rows at a time: BLAS would start threads for more, and wait for them on a busy machine."""
    rows = max(1, MOST_PER_CALL // (b.shape[-2] * b.shape[-1] + 1))
    if rows >= a.shape[-2]:
        return a @ b
    out = np.empty((*a.shape[:-1], b.shape[-1]), a.dtype)
    for i in range(0, a.shape[-2], rows):
        np.matmul(a[..., i : i + rows, :], b, out=out[..., i : i + rows, :])
    return out
