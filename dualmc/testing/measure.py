"""What checks of Jacobians and Hessians measure: single columns, and, of more than can be afforded, combinations of them."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from .._typing import Array, Function
from ..forward import jvp as dual_jvp
from .finite import Truth, directional_derivative
from .report import Agreement, Claim, WrongDerivative, tolerance

__tracebackhide__ = True  # pytest shows the message and the line of the user, not ours

Method = Literal["measured", "dual"]


def truth_along(f: Function, x: Array, v: Array, method: Method) -> Truth:
    """Return the derivative of f at x along v, from values of f or from dual numbers."""
    if method == "measured":
        return directional_derivative(f, x, v)
    if method != "dual":
        raise ValueError(f'truth must be "measured" or "dual", got {method!r}')
    value = np.asarray(dual_jvp(f, (x.astype(np.result_type(x, float)),), (np.asarray(v).astype(np.result_type(v, float)),))[1])
    scale = float(np.max(np.abs(value), initial=0.0))
    return Truth(value, np.full(value.shape, tolerance(float) * scale), "dual numbers", scale or 1.0)


def stacked(truths: Sequence[Truth], shape: tuple[int, ...]) -> Truth:
    """Return several truths as one."""
    if not truths:
        return Truth(np.zeros(shape), np.zeros(shape), "measured", 1.0)
    value, bound = (np.stack([np.asarray(getattr(t, part)) for t in truths]).reshape(shape) for part in ("value", "bound"))
    methods = sorted({t.method for t in truths})
    scale, rounding = (max(getattr(t, part) for t in truths) for part in ("scale", "rounding"))
    return Truth(value, bound, " and ".join(methods), scale, any(t.kink for t in truths), rounding)


def by_columns(truths: Sequence[Truth], out: tuple[int, ...], shape: tuple[int, ...]) -> Truth:
    """Return the derivatives along all unit vectors as one, with the axes of x last."""
    whole = stacked(truths, (len(truths), *out))
    value, bound = (np.moveaxis(a, 0, -1).reshape(out + shape) for a in (whole.value, whole.bound))
    return Truth(value, bound, whole.method, whole.scale, whole.kink, whole.rounding)


def pulled(truth: Truth, u: Array) -> Truth:
    """Return u times the derivative along a direction, a number, with the bounds added up."""
    value, bound = np.sum(u * truth.value), np.sum(np.abs(u) * truth.bound)
    scale = float(np.max(np.abs(u), initial=0.0)) * truth.scale
    return Truth(np.asarray(value), np.asarray(bound), truth.method, scale, truth.kink, truth.rounding)


class Directions:
    """
    Directions that together move all entries of x.

    Up to `most` entries each is moved alone. Of more, so many drawn ones that half of the directions remain are moved alone; each of
    the others is in just one random combination, so that no column is left out.

    Parameters
    ----------
    x : ndarray
        The point.
    most : int
        The most directions; at least 2.
    seed : int
        For what is drawn.

    """

    def __init__(self, check: str, x: Array, most: int, seed: int) -> None:
        if most < 2:
            raise ValueError(f"{check}: directions must be at least 2, got {most}")
        self.x = x
        self.all = x.size <= most
        rng = np.random.default_rng(seed)
        order = np.arange(x.size) if self.all else rng.permutation(x.size)
        alone = x.size if self.all else most // 2
        self.columns = [order[k : k + 1] for k in range(alone)]
        self.columns += [] if self.all else np.array_split(order[alone:], most - alone)
        self.weights = rng.uniform(0.5, 1.5, x.size) * rng.choice([-1.0, 1.0], x.size)

    def __len__(self) -> int:
        return len(self.columns)

    def unit(self, column: int) -> Array:
        """Return the unit vector of one column."""
        v = np.zeros(self.x.size)
        v[column] = 1.0
        return v.reshape(self.x.shape)

    def __getitem__(self, k: int) -> Array:
        """Return direction k."""
        columns = self.columns[k]
        if len(columns) == 1:
            return self.unit(columns[0])
        v = np.zeros(self.x.size)
        v[columns] = self.weights[columns]
        return v.reshape(self.x.shape)

    def named(self, k: int) -> str:
        """Name direction k for a message."""
        columns = self.columns[k]
        return self.column(columns[0]) if len(columns) == 1 else f"a combination of {len(columns)} columns"

    def column(self, j: int) -> str:
        """Name one column for a message."""
        place = tuple(int(i) for i in np.unravel_index(j, self.x.shape))
        return f"column {place[0] if len(place) == 1 else list(place)}"

    def hold(self, k: int, check: Callable[[Array, str], Agreement]) -> Agreement:
        """Run a check along direction k; where a combination fails, along its columns, so that the message names one."""
        try:
            return check(self[k], self.named(k))
        except WrongDerivative:
            for j in self.columns[k] if len(self.columns[k]) > 1 else ():
                check(self.unit(j), self.column(j))
            raise


def product(matrix: Any, v: Array) -> Array:
    """Return a derivative, an array or a sparse matrix, times a direction."""
    if hasattr(matrix, "toarray"):
        return np.asarray(matrix @ v.ravel())
    return np.tensordot(matrix, v, v.ndim)


def hold_product(
    claim: Claim, got: Array, along: Directions, truths: Callable[[Array], Truth], dtype: np.dtype, rtol: float | None
) -> Agreement:
    """Hold an array of the shape of x, linear in the derivative, to numbers along directions."""
    got = np.asarray(got)
    claim.shaped(got, along.x.shape)
    if along.all:
        return claim.compare(got, stacked([truths(along[k]) for k in range(len(along))], along.x.shape), dtype, rtol)
    found: Agreement | None = None
    for k in range(len(along)):

        def check(v: Array, name: str) -> Agreement:
            here = Claim(claim.check, claim.of, claim.point, f"{claim.along}, {name}")
            return here.compare(np.sum(got * v), truths(v), dtype, rtol)

        found = along.hold(k, check).worse(found)
    return found or Agreement(17.0, 17.0)
