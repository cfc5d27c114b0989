"""Traced: an array that notes every operation it meets, with value, local partials and derivatives so far."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from .. import propagate
from .._typing import Array, Shape
from ..linear_op import LinearOp
from ..rules.rule import Elementwise
from ..trees import Structure, flatten
from .arithmetic import Arithmetic
from .creation import carries, foremost, inner_value
from .dual import WAYS, Dual
from .methods import ArrayMethods

LARGEST = 10_000
"""Entries of a local Jacobian that is found; a larger one is only said to be there."""


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """
    One intermediate variable.

    Attributes
    ----------
    name : str
        "u1", "u2", ...; inputs are called as the arguments of the function.
    operation : str
        The name of the function that made it, as its rule has it; empty for an input.
    expression : str
        The call, as "multiply(x, u1)".
    value : ndarray
        A copy.
    parents : tuple of Variable
        What it was made of, one entry for each place in the call.
    partials : tuple of ndarray or None
        For each parent the local Jacobian of shape `value.shape + parent.value.shape`; for an element-wise operation its
        diagonal, of the shape of the value; None where it is too large, or the variable is a view that was written through.
    diagonal : bool
        Whether the partials are diagonals.
    derivative : ndarray
        The derivative so far, directions last: `value.shape + (n,)` for n directions, or the shape of the value for one.

    """

    name: str
    operation: str
    expression: str
    value: Array
    parents: tuple["Variable", ...]
    partials: tuple[Array | None, ...]
    diagonal: bool
    derivative: Array


class Log:
    """The variables of one run, in the order in which they came to be."""

    def __init__(self, level: int, below: int) -> None:
        self.level, self.below, self._count = level, below, 0
        self.variables: list[Variable] = []
        self._writes: list[tuple[Dual, Variable]] = []

    def note(self, name: str | None, operation: str, expression: str, dual: Dual, parents: Sequence[Variable] = (),
             partials: Sequence[Array | None] = (), *, diagonal: bool = False) -> Variable:  # fmt: skip
        """Add a variable with the contents of a Dual."""
        if name is None:
            self._count += 1
            name = f"u{self._count}"
        variable = Variable(name, operation, expression, np.copy(dual.primal), tuple(parents), tuple(partials), diagonal, derivative(dual))
        self.variables.append(variable)
        return variable

    def write(self, dual: Dual, expression: str, parents: Sequence[Variable], partials: Sequence[Array | None]) -> Variable:
        """Add a variable for a Dual that has been written to."""
        variable = self.note(None, "setitem", expression, dual, parents, partials)
        self._writes.append((dual, variable))
        return variable

    def view(self, dual: Dual, old: Variable) -> Variable:
        """Add a variable for a Dual that a write to shared memory has changed."""
        writers = [v for d, v in reversed(self._writes) if propagate.shares_memory(d.primal, dual.primal)][:1]
        after = f" after {writers[0].name}" if writers else ""
        return self.note(None, "view", f"{old.name}{after}", dual, (old, *writers), (None,) * (1 + len(writers)))


def derivative(dual: Dual) -> Array:
    """Return a copy of the tangent with the directions last."""
    t = dual.tangent
    return np.copy(t) if t.ndim == dual.ndim else np.moveaxis(t, 0, -1).copy()


@final
class Traced(Arithmetic, ArrayMethods):
    """
    A Dual, the variable that it is now, and the log that it writes.

    Operations are those of the Dual; what follows from them is noted. A write makes a new variable. A view that another write
    has changed becomes a new variable when it is next used.
    """

    __slots__ = ("dual", "log", "variable")
    __array_priority__ = 1000.0

    def __init__(self, dual: Dual, variable: Variable, log: Log) -> None:
        self.dual, self.variable, self.log = dual, variable, log

    def __repr__(self) -> str:
        """Show name and value."""
        return f"<{self.variable.name} = {self.primal!r}>"

    # What arrays of this library have.

    @property
    def level(self) -> int:
        """The level of the Dual."""
        return self.log.level

    @property
    def primal(self) -> Array:
        """The value."""
        return self.dual.primal

    @property
    def tangent(self) -> Array:
        """The derivative so far, directions first."""
        return self.dual.tangent

    @property
    def shape(self) -> Shape:  # type: ignore[override]
        """The shape of the value."""
        return self.dual.shape

    @property
    def ndim(self) -> int:  # type: ignore[override]
        """The number of axes of the value."""
        return self.dual.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the value."""
        return self.dual.dtype

    def _push_linear(self, op: LinearOp) -> "Traced":
        """Apply a map of trailing axes."""
        extra = self.shape[: self.ndim - len(op.shape_in)]
        full = op.batched(extra) if extra else op
        result: Traced = _noted("map", self.log, [self], lambda leaves: leaves[0]._push_linear(full), lambda: f"map({spelled(self)})")
        return result

    def _parts(self) -> tuple[Array, ...]:
        return self.dual._parts()

    def _vanishing(self) -> Array:
        return self.dual._vanishing()

    def _constant(self, value: Array) -> "Traced":
        """Return value as a variable that does not depend on the inputs."""
        dual = self.dual._constant(np.array(value))
        return Traced(dual, self.log.note(None, "constant", f"constant{np.shape(value)}", dual), self.log)

    def _updated(self, function: Any, other: Any) -> Any:
        """Write function(self, other) into this array; a NumPy scalar is replaced instead."""
        if not self._writable():
            return function(self, other)
        self[...] = function(self, other)
        return self

    def _writable(self) -> bool:
        return self.dual._writable()

    @staticmethod
    def _evaluate(rule: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        top = foremost((*args, *kwargs.values()) if kwargs else args)
        if type(top) is not Traced:
            return top._evaluate(rule, args, kwargs)
        leaves, structure = flatten((tuple(args), kwargs))

        def spell() -> str:
            given = [*map(spelled, args), *(f"{k}={spelled(v)}" for k, v in kwargs.items() if v is not None)]
            return f"{rule.func.__name__}({', '.join(given)})"

        return _noted(rule.func.__name__, top.log, leaves, _applied(rule, structure), spell, elementwise=type(rule) is Elementwise)

    def __getitem__(self, key: Any) -> "Traced":
        if carries(key) or (isinstance(key, tuple) and any(map(carries, key))):
            raise TypeError("a traced array cannot be an index; use dm.primal(x).astype(int)")
        result: Traced = _noted("getitem", self.log, [self], lambda leaves: leaves[0][key], lambda: f"{spelled(self)}[{spelled(key)}]")
        return result

    def __setitem__(self, key: Any, value: Any) -> None:
        if carries(value) and value.level > self.level:
            raise inner_value()

        def write(leaves: Sequence[Any]) -> Any:
            leaves[0][key] = leaves[1]
            return leaves[0]

        def written(leaves: Sequence[Any]) -> Any:
            z = _lifted(leaves[0], leaves[1])
            z[key] = leaves[1]
            return z

        given = [self, value]
        parents, places = _parents(given)
        partials = [_partial(written, given, i, diagonal=False, level=self.log.below) for i in places]
        write([x.dual if type(x) is Traced else x for x in given])
        expression = f"{parents[0].name} with [{spelled(key)}] = {spelled(value)}"
        self.variable = self.log.write(self.dual, expression, parents, partials)

    def __iter__(self) -> Iterator["Traced"]:
        if not self.shape:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(self.shape[0]))

    def current(self) -> Variable:
        """Return the variable that this array is now: a new one if a write to shared memory has changed it."""
        v, dual = self.variable, self.dual
        if not (np.array_equal(v.value, dual.primal, equal_nan=True) and np.array_equal(v.derivative, derivative(dual), equal_nan=True)):
            self.variable = self.log.view(dual, v)
        return self.variable


def spelled(x: Any) -> str:
    """Return how an operand is written in an expression."""
    if type(x) is Traced:
        return x.variable.name
    if isinstance(x, (tuple, list)):
        return ", ".join(map(spelled, x))
    if isinstance(x, slice):
        return ":".join("" if i is None else str(i) for i in (x.start, x.stop, *([] if x.step is None else [x.step])))
    if x is Ellipsis:
        return "..."
    if isinstance(x, (np.ndarray, np.generic)):
        return f"{x.item():.6g}" if x.size == 1 and x.dtype.kind == "f" else str(x.item()) if x.size == 1 else f"array{x.shape}"
    return getattr(x, "__name__", None) or f"{x!r:.40}"


def _applied(rule: Any, structure: Structure) -> Callable[[Sequence[Any]], Any]:
    def apply(leaves: Sequence[Any]) -> Any:
        args, kwargs = structure.unflatten(iter(leaves))
        return WAYS[type(rule)](rule, args, kwargs)

    return apply


def _parents(leaves: Sequence[Any]) -> tuple[list[Variable], list[int]]:
    """Return the variables among the leaves of a call, and where they are."""
    places = [i for i, x in enumerate(leaves) if type(x) is Traced]
    return [leaves[i].current() for i in places], places


def _noted(
    name: str, log: Log, leaves: Sequence[Any], apply: Callable[[Sequence[Any]], Any], spell: Callable[[], str],
    *, elementwise: bool = False,
) -> Any:  # fmt: skip
    """Apply an operation to the Duals of its operands; each result that is a Dual becomes a variable."""
    parents, places = _parents(leaves)
    expression = spell()
    result = apply([x.dual if type(x) is Traced else x for x in leaves])
    if result is NotImplemented:
        return result
    results, outer = flatten(result)
    found = []
    for k, y in enumerate(results):
        if type(y) is not Dual or y.level != log.level:
            found.append(y)
            continue
        one = apply if outer.kind is None else lambda leaves, k=k: flatten(apply(leaves))[0][k]
        partials = [_partial(one, leaves, i, diagonal=elementwise, level=log.below) for i in places]
        label = expression if outer.kind is None else f"{expression}[{k}]"
        found.append(Traced(y, log.note(None, name, label, y, parents, partials, diagonal=elementwise), log))
    return outer.unflatten(iter(found))


def _partial(apply: Callable[[Sequence[Any]], Any], leaves: Sequence[Any], i: int, *, diagonal: bool, level: int) -> Array | None:
    """Return the local Jacobian by operand i alone, or its diagonal; None if it is too large."""
    x = leaves[i].primal
    plain = [j.primal if type(j) is Traced else j for j in leaves]
    if diagonal:
        seed = np.ones_like(x)
    elif x.size**2 > LARGEST:
        return None
    else:
        seed = np.eye(x.size, dtype=x.dtype).reshape((x.size, *x.shape))
    plain[i] = Dual(np.copy(x) if isinstance(x, np.ndarray) else x, seed, level)
    with np.errstate(all="ignore"):  # the run itself has warned
        y = apply(plain)
    if type(y) is not Dual:
        return np.zeros(np.shape(y)) if diagonal else np.zeros(np.shape(y) + np.shape(x))
    if y.size * (1 if diagonal else x.size) > LARGEST:
        return None
    t = y.tangent
    return np.copy(t) if diagonal else np.moveaxis(t, 0, -1).reshape(y.shape + x.shape).copy()


def _lifted(z: Any, like: Any) -> Any:
    """Return a copy of z that can carry the tangent of like."""
    if carries(z):
        return z
    return np.array(z, like=like) if carries(like) else np.copy(z)
