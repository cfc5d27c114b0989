"""LinearOp: a linear map on the trailing axes of an array, whatever axes lead it."""

import math
import string
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from ._typing import Array, Shape


class LinearOp:
    """
    A linear map from arrays of `shape_in` to arrays of `shape_out`.

    `apply` and `transpose` act on trailing axes and accept any leading ones, so that one object serves the
    primal, K directions, blocks of second-order components, index arrays, cotangents and nested duals.

    Parameters
    ----------
    shape_in, shape_out : tuple of int
        Shapes without leading axes.
    apply, transpose : callable
        `(*lead, *shape_in) -> (*lead, *shape_out)` and back; the transpose under `sum(Re(conj(u) * v))`.
    gather : bool
        Each output entry is one input entry.
    view : bool
        NumPy's own function returns a view of its argument.
    bound : bool
        The map holds an operand, which may be a Dual; such a map is applied by calling `apply` on a nested dual.
    key : hashable, optional
        Equal keys on equal `shape_in` mean equal maps.
    assign : callable, optional
        `assign(x, u)` writes u into the entries of x that `apply` reads.
    sums : tuple of int, optional
        The map is the sum over these negative axes, so that a space may multiply and sum in one pass.
    picks : bool, optional
        Each output entry is one input entry or zero: what gathers do, and masks.
    parts : tuple of LinearOp, optional
        The map is these maps, applied one after the other.
    turned : LinearOp, optional
        The map is the transpose of this one.
    points : sequence of (int, int), optional
        Axes of argument and result along which the map does not mix points, whatever it holds, as those of a stack of matrices.
    rolls : tuple of (int, int), optional
        The map is `np.roll` along these negative axes, by so much.

    """

    __slots__ = (
        "apply",
        "assign",
        "bound",
        "gather",
        "key",
        "parts",
        "picks",
        "points",
        "rolls",
        "shape_in",
        "shape_out",
        "sums",
        "transpose",
        "turned",
        "view",
    )

    def __init__(
        self,
        shape_in: Shape,
        shape_out: Shape,
        apply: Callable[[Array], Array],
        transpose: Callable[[Array], Array],
        *,
        gather: bool = False,
        view: bool = False,
        bound: bool = False,
        key: Hashable = None,
        sums: tuple[int, ...] | None = None,
        assign: Callable[[Array, Array], None] | None = None,
        picks: bool | None = None,
        parts: "tuple[LinearOp, ...]" = (),
        turned: "LinearOp | None" = None,
        points: Sequence[tuple[int, int]] = (),
        rolls: tuple[tuple[int, int], ...] = (),
    ) -> None:
        self.shape_in, self.shape_out, self.apply, self.transpose = shape_in, shape_out, apply, transpose
        self.gather, self.view, self.bound, self.key, self.sums = gather, view, bound, key, sums
        self.picks, self.parts, self.turned, self.points = gather if picks is None else picks, parts, turned, points
        self.rolls = rolls
        self.assign = self._write_through if view and assign is None else assign

    def __call__(self, x: Array) -> Array:
        """Apply the map; a nested dual takes it on each of its parts."""
        push = None if self.bound else getattr(x, "_push_linear", None)
        return self.apply(x) if push is None else push(self)

    def back(self, c: Array) -> Array:
        """Apply the transposed map; a nested dual takes it on each of its parts."""
        push = None if self.bound else getattr(c, "_push_linear", None)
        return self.transpose(c) if push is None else push(self.T)

    def __eq__(self, other: object) -> bool:
        """Whether two maps are known to be equal."""
        if self is other:
            return True
        return isinstance(other, LinearOp) and self.key is not None and self.key == other.key and self.shape_in == other.shape_in

    def __hash__(self) -> int:
        return id(self) if self.key is None else hash((self.shape_in, self.key))

    def __repr__(self) -> str:
        """Show the shapes and what is known of the map."""
        flags = " ".join(name for name in ("gather", "view", "bound") if getattr(self, name))
        return f"<LinearOp {self.shape_in} -> {self.shape_out} {flags}>"

    @property
    def T(self) -> "LinearOp":
        """The transposed map."""
        points = [(j, i) for i, j in self.points]
        return LinearOp(self.shape_out, self.shape_in, self.transpose, self.apply, bound=self.bound, turned=self, points=points)

    def batched(self, lead: Shape) -> "LinearOp":
        """Return the same map with leading axes made part of its shapes."""
        key = None if self.key is None else (lead, self.key)
        return LinearOp(
            lead + self.shape_in,
            lead + self.shape_out,
            self.apply,
            self.transpose,
            gather=self.gather,
            view=self.view,
            bound=self.bound,
            key=key,
            sums=self.sums,
            assign=self.assign,
            picks=self.picks,
            rolls=self.rolls,
        )

    def then(self, op: "LinearOp") -> "LinearOp":
        """Return the map that applies this one and then op."""

        def assign(x: Array, u: Array) -> None:
            y = self.apply(x)
            op.assign(y, u)  # type: ignore[misc]
            self.assign(x, y)  # type: ignore[misc]

        return LinearOp(
            self.shape_in,
            op.shape_out,
            lambda x: op.apply(self.apply(x)),
            lambda c: self.transpose(op.transpose(c)),
            gather=self.gather and op.gather,
            view=self.view and op.view,
            bound=self.bound or op.bound,
            key=None if self.key is None or op.key is None else ("then", self.key, op.key),
            assign=None if self.assign is None or op.assign is None else assign,
            picks=self.picks and op.picks,
            parts=(self, op),
        )

    def _write_through(self, x: Array, u: Array) -> None:
        y = self.apply(x)
        y[...] = u
        if type(x) is np.ndarray and not np.may_share_memory(x, y):  # NumPy copies where x lies in memory in no order that y can have
            whole = np.ascontiguousarray(x)
            self.apply(whole)[...] = u
            x[...] = whole


def lead_of(x: Array, nd: int) -> Shape:
    """Return the shape of x without its nd trailing axes."""
    shape: Shape = x.shape
    return shape[: len(shape) - nd]


def negative_axes(axis: Any, nd: int) -> tuple[int, ...]:
    """Return axis as a tuple of negative numbers, all axes for None; errors are NumPy's own."""
    if axis is None:
        return tuple(range(-nd, 0))
    return tuple(a - nd for a in np.lib.array_utils.normalize_axis_tuple(axis, nd))


def sum_of_products(t: Array, w: Array, axes: tuple[int, ...]) -> Array:
    """Return Σ t·w over negative axes of w in one pass, no product in memory; axes that lead t stay."""
    nd = w.ndim
    letters = string.ascii_letters[:nd]
    kept = "".join(k for i, k in enumerate(letters) if i - nd not in axes)
    total: Array = np.einsum(f"...{letters},{letters}->...{kept}", t, w)
    return total


def _row_sums(c: Array, shape: Shape) -> Array:
    """Return the sum over the axes in front of shape: BLAS does in half the time, or less, what NumPy does row by row."""
    rows: Array = c.reshape(-1, math.prod(shape))
    return np.ones(len(rows), c.dtype).dot(rows).reshape(shape)


def unbroadcast(c: Array, shape: Shape, nd_out: int) -> Array:
    """Transpose broadcasting from shape to nd_out trailing axes: sum what was repeated."""
    extra, b = nd_out - len(shape), c.ndim - nd_out
    if extra:
        plain = type(c) is np.ndarray and not b and shape and c.size and c.dtype.char in "fdFD" and c.flags.c_contiguous
        c = _row_sums(c, c.shape[extra:]) if plain else c.sum(axis=tuple(range(b, b + extra)))
    axes = tuple(b + i for i, n in enumerate(shape) if n == 1 and c.shape[b + i] != 1)
    return c.sum(axis=axes, keepdims=True) if axes else c
