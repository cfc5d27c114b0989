"""Which pairs of directions a block of second derivatives holds, and how two first-order blocks multiply into it."""

from collections.abc import Callable, Sequence

import numpy as np

from .._typing import Array, Shape

Fixed = Callable[[Array], Callable[[Array], Array]]
"""A bilinear function of a single direction of the first block: the linear map of the second one."""


class Pairing:
    """
    One way of pairing the K1 directions of e1 with the K2 directions of e2.

    `cross(a, b)` multiplies blocks entry by entry; `bilinear(fixed, a, b)` does it for any function linear in both, as
    `fixed(a[k])(b)`. `lead` is the shape of the directions of e12. `count`, `lane` and `gathered` say how a hyper-dual
    is made of those whose directions all pair with each other, which nested Duals can carry.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> str:
        return self.name

    def lead(self, first: Shape, second: Shape) -> Shape:
        """Return the leading axes of e12 for those of e1 and e2."""
        raise NotImplementedError

    def aligned(self, a: Array, b: Array) -> tuple[Array, Array]:
        """Return two blocks such that a * b holds the products of paired directions; their trailing axes are as many."""
        return a, b

    def reduced(self, product: Array) -> Array:
        """Return the second-order block for the products of paired directions."""
        return product

    def cross(self, a: Array, b: Array) -> Array:
        """Return the second-order block of products, in memory of its own."""
        a, b = self.aligned(a, b)
        return self.reduced(a * b)

    def mirrored(self, block: Array) -> Array:
        """Return the second-order block with the two directions of each pair exchanged."""
        return block

    def bilinear(self, fixed: Fixed, a: Array, b: Array, nd: int) -> Array:
        """Return a function linear in a direction of a, which has nd trailing axes, and one of b, for all pairs."""
        raise NotImplementedError

    def count(self, first: Shape | None, both: Shape | None) -> int | None:
        """Return how many nested Duals a hyper-dual is made of, for the leading axes of e1 or e2 and of e12; None for itself."""
        raise NotImplementedError

    def lane(self, k: int, e1: Array | None, e2: Array | None, e12: Array | None) -> tuple[Array | None, ...]:
        """Return the blocks of the k-th of them."""
        return e1 if e1 is None else e1[k], e2 if e2 is None else e2[k], self._second(k, e12)

    def _second(self, k: int, e12: Array | None) -> Array | None:
        raise NotImplementedError

    def gathered(self, blocks: Sequence[Array]) -> Array:
        """Return the second-order block made of those of each of them."""
        raise NotImplementedError


class _Outer(Pairing):
    def lead(self, first: Shape, second: Shape) -> Shape:
        return first + second

    def aligned(self, a: Array, b: Array) -> tuple[Array, Array]:
        return a[:, None], b[None]

    def mirrored(self, block: Array) -> Array:
        return np.swapaxes(block, 0, 1)

    def bilinear(self, fixed: Fixed, a: Array, b: Array, nd: int) -> Array:
        return np.stack([fixed(direction)(b) for direction in a])

    def count(self, first: Shape | None, both: Shape | None) -> int | None:
        return None


class _Paired(Pairing):
    def lead(self, first: Shape, second: Shape) -> Shape:
        return first

    def bilinear(self, fixed: Fixed, a: Array, b: Array, nd: int) -> Array:
        return fixed(a)(b) if a.ndim == nd else np.stack([fixed(u)(v) for u, v in zip(a, b, strict=True)])

    def count(self, first: Shape | None, both: Shape | None) -> int | None:
        lead = both if first is None else first
        return lead[0] if lead else None

    def _second(self, k: int, e12: Array | None) -> Array | None:
        return e12 if e12 is None else e12[k]

    def gathered(self, blocks: Sequence[Array]) -> Array:
        return np.stack(blocks)


class _Summed(Pairing):
    def lead(self, first: Shape, second: Shape) -> Shape:
        return ()

    def reduced(self, product: Array) -> Array:
        return product.sum(axis=0)

    def cross(self, a: Array, b: Array) -> Array:
        return np.einsum("k...,k...->...", a, b)  # one pass, and no product in memory; bench/bench_second.py

    def bilinear(self, fixed: Fixed, a: Array, b: Array, nd: int) -> Array:
        total, *rest = [fixed(u)(v) for u, v in zip(a, b, strict=True)]
        for term in rest:
            total = total + term
        return total

    def count(self, first: Shape | None, both: Shape | None) -> int | None:
        return first[0] if first else 1

    def _second(self, k: int, e12: Array | None) -> Array | None:
        return None if k else e12

    def gathered(self, blocks: Sequence[Array]) -> Array:
        total, *rest = blocks
        for block in rest:
            total = total + block
        return total


OUTER = _Outer("OUTER")
"""All pairs: e12 has the shape (K1, K2, *S)."""

PAIRED = _Paired("PAIRED")
"""Direction k of e1 with direction k of e2: e1, e2 and e12 have the shape (K, *S), or all of them (*S)."""

SUMMED = _Summed("SUMMED")
"""The sum over k of direction k with direction k, as the Laplacian needs it: e12 has the shape of the primal."""
