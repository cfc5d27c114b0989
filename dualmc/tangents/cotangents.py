"""Cotangents on their way back over a tape: sums for each operation, added in place into arrays that nothing else sees."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray

from .._typing import Array
from ..linear_op import LinearOp
from . import dense

if TYPE_CHECKING:
    from .nodes import Node


class Cotangents:
    """
    The cotangents on their way from results to inputs: sums, added in place into arrays that nothing else sees.

    If they are strict, 0·inf is 0 in each product; if not, it is nan, which stays to be seen at the inputs. If this walk is the
    `last` one, what an operation finds out for it is not kept. A sign is not multiplied in, but remembered: `minus` is that
    of the operation that is transposed now. What is the same along an axis stays one number along it, a view, while it can.
    """

    __slots__ = ("last", "minus", "strict", "sums")

    def __init__(self, *, strict: bool, last: bool = False) -> None:
        self.strict, self.last, self.minus = strict, last, False
        self.sums: dict[Node, tuple[Array, bool, bool]] = {}
        """The sum that a node has got, whether nothing else sees its memory, and whether its sign is to be changed."""

    def add(self, node: "Node", c: Array, owned: bool, flip: bool = False) -> None:
        """Add c, in memory of its own or not, or with flip -c, to the cotangent of a node; that of a real value is real."""
        dtype = node.dtype
        if c.dtype is not dtype and dtype is not None and c.dtype != dtype:
            c, owned = dense.cast(c, dtype), True
        negated = self.minus is not flip
        old = self.sums.get(node)
        if old is None:
            self.sums[node] = c, owned, negated
            return
        total, private, minus = old
        if private and type(total) is type(c) is ndarray:
            if minus is negated:
                total += c
            else:
                total -= c
        else:
            self.sums[node] = total + c if minus is negated else total - c, True, minus

    def product(self, c: Array, g: Any, select: bool = False, spare: bool = False) -> Array:
        """Return the transpose of diag(g) applied to c, in the memory of g if that is spare and fits."""
        if type(g) is not ndarray and isinstance(g, (int, float)) and g and abs(g) < math.inf:  # makes no nan
            return _scaled(c, g)
        g = g.conjugate()
        if select:
            return dense.product(c, g, select=True)
        r = np.multiply(c, g, g) if spare and type(c) is ndarray and c.dtype is g.dtype and c.shape == g.shape else c * g
        return np.where(dense.vanishing(c), 0, r) if self.strict and dense.has_nan(r) else r

    def add_through(self, node: "Node", op: LinearOp, c: Array) -> bool:
        """Add c to the entries that a map reads as a view, and say whether that was possible."""
        known = self.sums.get(node)
        if known is None:
            return False
        total, private, minus = known
        if not private or c.dtype != total.dtype:
            return False
        if type(total) is not ndarray:
            add = getattr(total, "_with_added", None)
            if add is not None:
                self.sums[node] = add(op, c, minus is not self.minus), True, minus
            return add is not None
        if type(c) is not ndarray and type(c) is not np.float64:
            return False
        y = op.apply(total)
        if type(y) is not ndarray or not y.flags.writeable or not (y is total or y.base is total):
            return False
        if minus is self.minus:
            y += c
        else:
            y -= c
        return True

    def of(self, leaf: "Node") -> Array | None:
        """Return the cotangent of an input, in memory of its own."""
        c, private, minus = self.sums.get(leaf, NOTHING)
        if minus:
            return np.negative(c, out=c) if private and type(c) is ndarray else -c
        return c if private or c is None else np.copy(c)


NOTHING = None, False, False


def _scaled(c: Array, g: float) -> Array:
    """Return c·g; what is the same along an axis is multiplied once."""
    if type(c) is not ndarray or c.size < MANY or 0 not in c.strides:
        return c * g
    one = c[tuple([slice(None) if s else slice(0, 1) for s in c.strides])]
    return np.broadcast_to(one * g, c.shape)


MANY = 4096  # numbers; fewer are multiplied in the time that it takes to find out whether they are alike, or where they may go
