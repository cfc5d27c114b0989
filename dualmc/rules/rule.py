"""What a rule is: one small record per kind, pure data."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from .._typing import Array, Function
from ..linear_op import LinearOp
from ..partial import MINUS_ONE, ONE, ZERO, Const

__all__ = [
    "MINUS_ONE",
    "ONE",
    "ZERO",
    "Composed",
    "Const",
    "Constant",
    "Domain",
    "Edge",
    "Elementwise",
    "Implicit",
    "Join",
    "Linear",
    "Multilinear",
    "Partial",
    "Refused",
    "Rule",
    "Weighted",
]


Partial: TypeAlias = Const | Callable[..., Array]
"""A local partial: a constant, or a function of (ans, *args) written in NumPy calls."""


Complex: TypeAlias = Literal["holomorphic", "modulus", "refused"]


class Domain(NamedTuple):
    """Where an argument is sampled: open intervals inside which the function is smooth."""

    text: str
    low: float
    high: float
    integer: bool = False


REAL = Domain("ℝ", -3.0, 3.0)
SMALL = Domain("ℝ", -1.5, 1.5)
POSITIVE = Domain("x > 0", 0.2, 4.0)
NONZERO = Domain("x ≠ 0", 0.3, 3.0)
NEGATIVE = Domain("x < 0", -3.0, -0.3)
UNIT = Domain("|x| < 1", -0.9, 0.9)
ABOVE_ONE = Domain("x > 1", 1.2, 4.0)
ABOVE_MINUS_ONE = Domain("x > -1", -0.8, 3.0)
INTEGER = Domain("integers", -3.0, 3.0, True)


class Edge(NamedTuple):
    """A kink or limit point with the partials expected there; dd where the convention reaches second order, None where not."""

    args: tuple[float, ...]
    d: tuple[float, ...]
    dd: tuple[float | None, ...] | None = None


_NUMBERS: dict[Any, Callable[..., float]] = {ONE: lambda ans, x: 1.0, MINUS_ONE: lambda ans, x: -1.0}


@dataclass(frozen=True, slots=True, eq=False)
class Elementwise:
    """
    A function that acts entry by entry: its Jacobian in each argument is diagonal.

    `d[i]` is ∂ans/∂argᵢ; `dd` the upper triangle of second partials, row by row. `select` marks weights that drop
    the tangent of what was not chosen, even nan. `quiet` marks partials that divide by zero where the function
    itself is finite, so that they are evaluated without floating-point warnings; it may depend on the arguments.
    `on_complex` says what becomes of complex arguments: a holomorphic function, a real modulus, or a refusal.
    """

    func: Function
    d: tuple[Partial, ...]
    dd: tuple[Partial, ...]
    on: tuple[Domain, ...]
    edges: tuple[Edge, ...] = ()
    select: bool = False
    quiet: bool | Callable[..., bool] = False
    on_complex: Complex = "holomorphic"
    short: bool = field(init=False)
    """Whether every partial is a product and nothing else, so that the short way of arrays/dual.py is right."""
    slope: Callable[..., Array] | None = field(init=False)
    """The one partial of a function of one argument with a short way, a number in place of a constant."""

    quiet_slope: Callable[..., Array] | None = field(init=False)
    """The same where it has to be evaluated quietly."""

    constant: bool = field(init=False)
    """Whether no partial has to be computed, as of sums and differences."""

    def __post_init__(self) -> None:
        special = self.select or self.on_complex != "holomorphic" or ZERO in self.d
        quiet = self.quiet is True
        slope = None if special or len(self.d) != 1 else _NUMBERS.get(self.d[0], self.d[0])
        object.__setattr__(self, "short", not special and not quiet)
        object.__setattr__(self, "constant", all(isinstance(d, Const) for d in self.d))
        object.__setattr__(self, "slope", None if quiet else slope)
        object.__setattr__(self, "quiet_slope", slope if quiet else None)

    def second(self, i: int, j: int) -> Partial:
        """Return ∂²ans/∂argᵢ∂argⱼ, which stands in row i, column j of an upper triangle."""
        i, j = min(i, j), max(i, j)
        return self.dd[i * len(self.d) - i * (i - 1) // 2 + j - i]


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """
    A function linear in its first argument: `op(shape, *args, **kwargs)` is that map.

    `same` names the arguments, in their order behind the array, with which the map gives what `func` gives: every bit, views and
    copies, layout. It is for functions whose map is no slower.
    """

    func: Function
    op: Callable[..., LinearOp]
    same: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Multilinear:
    """
    A function linear in each of several operands: matmul, einsum.

    `split(args)` parts the positional arguments into operands and a function that puts other operands in their
    place; `bind(i, operands, args, kwargs)` is the map of operand i with the others fixed.
    """

    func: Function
    bind: Callable[..., LinearOp]
    split: Callable[[Sequence[Any]], tuple[list[Any], Callable[[Sequence[Any]], tuple[Any, ...]]]]


@dataclass(frozen=True, slots=True, eq=False)
class Weighted:
    """
    A function of its first argument that scales entries by weights, then maps them linearly: max, prod, sort.

    `terms(x, *args, **kwargs)` gives (ans, weights or None, LinearOp): what serves value and weights is found once.
    `select` as in Elementwise.
    """

    func: Function
    terms: Callable[..., tuple[Array, Array | None, LinearOp]]
    select: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Join:
    """A function that lays several arrays side by side: `ops(shapes, **kwargs)` reads each part from the result."""

    func: Function
    ops: Callable[..., list[LinearOp]]


@dataclass(frozen=True, slots=True, eq=False)
class Implicit:
    """
    A function whose result is known by an equation F(ans, *arrays) = 0: solve, inv, eigh.

    `solution(*arrays, **kwargs)` gives the result and the `LinearOp` that maps Ḟ, the tangent of the equation at fixed
    ans, to the tangent of the result; for several results a tuple of both, with None for one that is constant. One
    factorisation serves the value and all directions. `residual(ans, *arrays, **kwargs)` gives F, but for terms without
    tangents. `arrays` names the arguments that may carry one. `whole` says that `residual` leaves no term out.
    """

    func: Function
    solution: Callable[..., tuple[Any, Any]]
    residual: Callable[..., Array]
    arrays: tuple[str, ...] = ("a",)
    whole: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Composed:
    """
    A function written in terms of others: `body` has the signature of `func`.

    `exact` takes the primal from `func` itself where the composition would round differently.
    """

    func: Function
    body: Function
    exact: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A function whose derivative is zero wherever it exists: it sees primals only."""

    func: Function


@dataclass(frozen=True, slots=True, eq=False)
class Refused:
    """A function that cannot carry a derivative, with the way out."""

    func: Function
    reason: str


Rule: TypeAlias = Elementwise | Linear | Multilinear | Weighted | Join | Implicit | Composed | Constant | Refused
