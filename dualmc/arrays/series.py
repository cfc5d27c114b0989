"""Series: the Taylor coefficients of an array along a line. NumPy's protocols; the calculus is in series_rules and lazy."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, final

import numpy as np
from numpy import ndarray

from .. import propagate
from .._typing import Array, Shape
from ..errors import inner_value
from ..linear_op import LinearOp
from ..rules.indexing import getitem_op
from ..tangents import dense
from .arithmetic import Arithmetic
from .creation import as_array, base_of, carries, foremost, replace_part
from .methods import ArrayMethods

_ALL = slice(None)

Way = Callable[[Any, Sequence[Any], dict[str, Any]], Any]
WAYS: dict[type, Way] = {}
"""How each rule kind acts on series; series_rules.py fills it."""


@final
class Series(Arithmetic, ArrayMethods):
    """
    An array x(t) = x₀ + x₁·t + x₂·t² + ..., cut off after some order.

    `coefficients` has the shape `(order + 1, *shape)` and may be a Dual of a lower level; `scalar` says that NumPy has
    a scalar in the place of the array, which is not written to but replaced. `memo` is a call with this series and what it gave, for
    as long as series_rules finds one order after the other.
    """

    __slots__ = ("coefficients", "level", "memo", "scalar")
    __array_priority__ = 1000.0

    def __init__(self, coefficients: Array, level: int, *, scalar: bool = False) -> None:
        self.coefficients, self.level, self.scalar = coefficients, level, scalar
        self.memo: Any = None

    @property
    def primal(self) -> Array:
        """The value at t = 0."""
        c = self.coefficients
        return c[0] if self.scalar or c.ndim > 1 else c[0, ...]

    _primal = primal

    @property
    def shape(self) -> Shape:  # type: ignore[override]
        """The shape of the value."""
        return self.coefficients.shape[1:]  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:  # type: ignore[override]
        """The number of axes of the value."""
        return self.coefficients.ndim - 1  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the value, and of all coefficients."""
        return self.coefficients.dtype  # type: ignore[no-any-return]

    @property
    def order(self) -> int:
        """The power of t of the last coefficient."""
        return self.coefficients.shape[0] - 1  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        """Show the coefficients."""
        return f"Series({self.coefficients!r})".replace("\n", "\n" + " " * 7)

    # What arrays of this library have.

    def _push_linear(self, op: LinearOp) -> "Series":
        """Apply a map of trailing axes to all coefficients."""
        new = op(self.coefficients)
        return Series(new, self.level, scalar=new.ndim == 1 and not op.view)

    def _parts(self) -> tuple[Array]:
        return (self.coefficients,)

    def _settled(self, ans: Array) -> "Series":
        """Return the same with coefficients laid out in memory as the plain array ans is."""
        return Series(dense.settle(self.coefficients, ans), self.level, scalar=self.scalar)

    def _vanishing(self) -> Array:
        """Return where all coefficients are zero."""
        return dense.vanishing(self.coefficients).all(axis=0)

    def _constant(self, value: Array) -> "Series":
        """Return value as a series of this order that does not depend on t."""
        z = dense.settle(dense.buffer((self.order + 1, *value.shape), value.dtype, self.coefficients), value)
        z[0] = value
        return Series(z, self.level)

    def _updated(self, function: Any, other: Any) -> Any:
        """Write function(self, other) into this array; a NumPy scalar is replaced instead."""
        if self.scalar:
            return function(self, other)
        self[...] = function(self, other)
        return self

    def _writable(self) -> bool:
        return not self.scalar

    # NumPy's protocols.

    @staticmethod
    def _evaluate(rule: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        top = foremost((*args, *kwargs.values()) if kwargs else args)
        return WAYS[type(rule)](rule, args, kwargs) if type(top) is Series else top._evaluate(rule, args, kwargs)

    # Indexing: basic keys give views that share the coefficients with this array.

    def __getitem__(self, key: Any) -> "Series":
        if carries(key) or (isinstance(key, tuple) and any(map(carries, key))):
            raise TypeError("a Series cannot be an index; use dm.primal(x).astype(int)")
        c = self.coefficients
        short = type(c) is ndarray and type(key) in (slice, int)
        new = c[_ALL, key] if short else getitem_op(self.shape, key)(c)
        if new.ndim > 1:
            return Series(new, self.level)
        scalar = not isinstance(base_of(self.primal[key]), ndarray)
        return Series(np.copy(new) if scalar else new, self.level, scalar=scalar)  # a NumPy scalar is a copy

    def __setitem__(self, key: Any, value: Any) -> None:
        if self.scalar:
            raise TypeError("this Series is a NumPy scalar, which cannot be written to; start from np.array(x, like=x)")
        value = as_array(value)
        if carries(value) and value.level > self.level:
            raise inner_value()
        op = getitem_op(self.shape, key)
        while value.ndim > len(op.shape_out) and value.shape[0] == 1:
            value = value[0]
        same = type(value) is Series and value.level == self.level
        first, rest = (value.primal, value.coefficients[1:]) if same else (value, None)
        if carries(first):
            self._lift(first)
        self.primal[key] = first
        if rest is not None:
            rest = propagate.broadcasted(rest, first.shape, op.shape_out, self.dtype)
        dense.assign(self.coefficients[1:], op, rest)

    def _lift(self, like: Array) -> None:
        """Make this array able to hold duals of a lower level, if nothing else looks into its memory."""
        lifted = dense.lift(self.coefficients, like)
        if lifted is not self.coefficients:
            replace_part(self, "coefficients", lifted)

    def __iter__(self) -> Iterator["Series"]:
        if not self.shape:
            raise TypeError("iteration over a 0-d Series")
        return (self[i] for i in range(self.shape[0]))
