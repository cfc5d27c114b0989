"""
Straight-line programs: the steps that a walk over a tape takes on the numbers of one run, noted to be taken on those of another.

A walk decides much: what a cotangent is broadcast to, which terms are alike, what is added to what. All of it follows from operations,
shapes and constants, none of it from numbers. So where a run does the operations of an earlier one, the calls of NumPy that were left in
the end are enough. They are found by the walk itself, on a tape whose arrays are `Noted`: it is the only place that knows the calculus.
"""

import collections
import contextvars
import itertools
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy import ndarray

from .._typing import Array, Shape
from ..linear_op import LinearOp
from ..partial import Const
from .nodes import quiet
from .tape import Signature, Tape


class UndecidedError(Exception):
    """What is to be done depends on numbers, which are others in another run, or is nothing that a program can do."""


class Step(NamedTuple):
    """A call, the arrays and constants that it gets, and what stands for its result; None if that is nothing, or one of the arrays."""

    function: Callable[..., Any]
    args: Sequence[Any]
    kwargs: dict[str, Any]
    result: "Noted | None"


class Notes:
    """The steps of one walk, in their order."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.count = 0

    def given(self, value: Array) -> "Noted":
        """Return what stands for an array that is given."""
        self.count += 1
        return Noted(self, self.count - 1, value)

    def call(self, function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """Note a call, and return what stands for its result."""
        value = function(*_shown(args), **_shown(kwargs))
        if isinstance(value, tuple):
            whole = self._noted(function, args, kwargs, value)
            return tuple([self._noted(operator.getitem, (whole, i), {}, v) for i, v in enumerate(value)])
        return self._noted(function, args, kwargs, value)

    def _noted(self, function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], value: Any) -> Any:
        if value is not None and not isinstance(value, (ndarray, np.generic, tuple)):
            raise UndecidedError
        # What gives back an array that it was given may have written into it, and who compares arrays has to see that it is the same one.
        same = next((x for x in _arrays_in((args, kwargs)) if x.value is value), None)
        result = None if value is None or same is not None else self.given(value)
        self.steps.append(Step(function, args, kwargs, result))
        return result if same is None else same


def _shown(x: Any) -> Any:
    """Return arguments with the arrays of the run that is noted in place of what stands for them."""
    if type(x) is Noted:
        return x.value
    if type(x) is dict:
        return {k: _shown(v) for k, v in x.items()}
    return type(x)(map(_shown, x)) if type(x) in (list, tuple) else x


_ABOUT = frozenset({np.shape, np.ndim, np.size, np.iscomplexobj, np.isrealobj, np.result_type, np.can_cast, np.may_share_memory})
"""Functions of shapes, dtypes and memory alone."""
_WRITERS = frozenset({np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis})
"""Functions that write into their first argument."""
_PARTS = {name: operator.attrgetter(name) for name in ("T", "imag", "mT", "real")}


class Noted(np.lib.mixins.NDArrayOperatorsMixin):
    """
    Stands for an array of a run that is noted: what is done to it is done to that array, and written down.

    Shape, dtype and the like are those of the array; what asks for its numbers gets an `UndecidedError`. Linear maps and the calculus
    take it as they take a Dual of a lower level.
    """

    __slots__ = ("name", "notes", "value")
    __array_priority__ = 2000.0

    def __init__(self, notes: Notes, name: int, value: Any) -> None:
        self.notes, self.name, self.value = notes, name, value

    def __repr__(self) -> str:
        """Say what it stands for."""
        return f"<noted array of shape {self.shape}>"

    @property
    def shape(self) -> Shape:
        """The shape of the array."""
        return self.value.shape  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of entries."""
        return int(self.value.size)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the array."""
        return self.value.dtype  # type: ignore[no-any-return]

    @property
    def strides(self) -> Shape:
        """The steps in memory."""
        return self.value.strides  # type: ignore[no-any-return]

    @property
    def base(self) -> Any:
        """What the array is a view of; of use to see whether there is anything."""
        return self.value.base

    def __getattr__(self, name: str) -> Any:
        """Return a method of arrays that is noted when it is called, or a part of the array."""
        if name in _PARTS:
            return self.notes.call(_PARTS[name], (self,), {})
        method = getattr(type(self.value), name)
        if not callable(method):
            raise UndecidedError
        return lambda *args, **kwargs: self.notes.call(method, (self, *args), kwargs)

    def conjugate(self) -> "Noted":
        """Return the complex conjugate."""
        return self.notes.call(np.conjugate, (self,), {}) if self.dtype.kind == "c" else self

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, key: Any) -> Any:
        return self.notes.call(operator.getitem, (self, key), {})

    def __setitem__(self, key: Any, value: Any) -> None:
        self.notes.call(operator.setitem, (self, key, value), {})

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def _undecided(self, *_: Any, **__: Any) -> Any:
        raise UndecidedError

    __bool__ = __float__ = __int__ = __complex__ = __index__ = __array__ = _undecided

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        written = inputs[:1] if method == "at" else kwargs.get("out", ())
        if any(type(x) is not Noted for x in written):
            raise UndecidedError  # an array that is the same in all runs would not stay so
        return self.notes.call(ufunc if method == "__call__" else getattr(ufunc, method), inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        if func in _ABOUT:
            return func(*_shown(args), **_shown(kwargs))
        out = kwargs.get("out")
        if (func in _WRITERS and type(args[0]) is not Noted) or (out is not None and type(out) is not Noted):
            raise UndecidedError
        return self.notes.call(func, args, kwargs)

    # What the calculus asks of a nested dual.

    def _push_linear(self, op: LinearOp) -> Any:
        return self.notes.call(op.apply, (self,), {})

    def _parts(self) -> tuple[()]:
        return ()

    def _with_added(self, op: LinearOp, c: Any, minus: bool) -> Any:
        """Return the array, which nothing else sees, with c added to the entries that a map reads, or with minus taken from them."""
        return self.notes.call(_added(op, minus), (self, c), {})

    def _vanishing(self) -> Any:
        return self == 0

    @property
    def _primal(self) -> Array:
        raise UndecidedError


def _added(op: LinearOp, minus: bool) -> Callable[[Array, Array], Array]:
    """Return the function that adds to what a map reads: in place where that is a view, which layouts in memory decide on."""

    def added(total: Array, c: Array) -> Array:
        y = op.apply(total)
        if y is not total and y.base is not total:
            return total - op.transpose(c) if minus else total + op.transpose(c)
        if minus:
            y -= c
        else:
            y += c
        return total

    return added


_SIGNS: dict[Any, str] = {
    np.add: "+", np.subtract: "-", np.multiply: "*", np.true_divide: "/", np.floor_divide: "//", np.remainder: "%", np.matmul: "@",
    np.less: "<", np.less_equal: "<=", np.greater: ">", np.greater_equal: ">=", np.equal: "==", np.not_equal: "!=",
}  # fmt: skip
"""Operators of Python, which take less time than the ufuncs that they call."""


def needed(steps: Sequence[Step], results: Sequence[Any]) -> list[Step]:
    """Return the steps that results take, in their order: all that may write into an array, others if their result is taken."""
    names = {r.name for r in results if type(r) is Noted}
    found = []
    for step in reversed(steps):
        if step.result is None or step.result.name in names:
            found.append(step)
            names.update([x.name for x in _arrays_in((step.args, step.kwargs))])
    return found[::-1]


def _arrays_in(x: Any) -> Iterator[Noted]:
    if type(x) is Noted:
        yield x
    elif type(x) in (list, tuple, dict):
        for e in x.values() if type(x) is dict else x:
            yield from _arrays_in(e)


_quiet = contextvars.Context()
"""A context without floating-point warnings: to run in a copy of it takes a tenth of the time of `np.errstate`."""
_quiet.run(lambda: np.seterr(all="ignore"))


class Program:
    """
    The steps of a walk as one function of the arrays that it was given.

    `program(arrays)` takes as many arrays as were given, of the same shapes and dtypes, and returns the results, in memory that nothing
    else sees as far as they did when the walk was noted. `beside` is what else the walk found, which is the same for all runs. Nothing
    is multiplied by one, and where an operand is not needed any more, sums and products are formed in its memory.
    """

    def __init__(self, notes: Notes, given: Sequence[Noted], results: Sequence[Any], beside: Any) -> None:
        self.beside = beside
        steps = needed(notes.steps, results)
        self._constants: dict[str, Any] = {}
        self._names = {x.name: f"v{x.name}" for x in given}
        self._uses = collections.Counter([x.name for x in _arrays_in([results, *[(s.args, s.kwargs) for s in steps]])])
        self._fresh: set[int] = set()
        """Arrays that an operator made."""
        lines = [f"v{x.name} = a[{i}]" for i, x in enumerate(given)]
        lines += [line for s in steps if (line := self._line(s)) is not None]
        returned = ", ".join([f"{self._text(r)}.copy()" if type(r) is ndarray else self._text(r) for r in results])
        text = "def run(a):\n    " + "\n    ".join([*lines, f"return [{returned}]"])
        exec(compile(text, "<steps of a walk>", "exec"), self._constants)  # noqa: S102 - made of names and signs from here alone
        self._run: Callable[[Sequence[Array]], list[Any]] = self._constants["run"]

    def __call__(self, arrays: Sequence[Array]) -> list[Any]:
        """Take the steps."""
        return _quiet.copy().run(self._run, arrays)

    def _line(self, step: Step) -> str | None:
        """Return the line of a step, and give its result a name; None if nothing is to be done."""
        function, args, kwargs, result = step
        sign = _SIGNS.get(function) if len(args) == 2 and not kwargs else None
        if sign is None or result is None:
            given = [self._text(x) for x in args] + [f"{k}={self._text(x)}" for k, x in kwargs.items()]
            call = f"{self._constant(function)}({', '.join(given)})"
            return call if result is None else f"{self._named(result)} = {call}"
        self._fresh.add(result.name)
        for x, y in (args, args[::-1]) if sign in "+*" else (args,):
            if sign in "+-*/" and self._is_spent(x, result):
                self._names[result.name] = self._names[x.name]
                return None if sign == "*" and _is_one(y) else f"{self._text(x)} {sign}= {self._text(y)}"
        return f"{self._named(result)} = {self._text(args[0])} {sign} {self._text(args[1])}"

    def _is_spent(self, x: Any, result: Noted) -> bool:
        """Whether the result of an operator can take the memory of an operand, which another one made for it alone."""
        return type(x) is Noted and x.name in self._fresh and self._uses[x.name] == 1 and (x.shape, x.dtype) == (result.shape, result.dtype)

    def _named(self, result: Noted) -> str:
        self._names[result.name] = name = f"v{result.name}"
        return name

    def _text(self, x: Any) -> str:
        if type(x) is Noted:
            return self._names[x.name]
        if type(x) is list:
            return f"[{', '.join(map(self._text, x))}]"
        if type(x) is tuple:
            return f"({''.join([self._text(e) + ', ' for e in x])})"
        return self._constant(_kept(x) if type(x) is ndarray else x)

    def _constant(self, x: Any) -> str:
        name = f"k{len(self._constants)}"
        self._constants[name] = x
        return name


def _kept(x: Array) -> Array:
    """Return a copy; what is the same along an axis stays one number along it."""
    one = x[tuple([slice(None) if step else slice(0, 1) for step in x.strides])]
    return one.copy() if one.shape == x.shape else np.broadcast_to(one.copy(), x.shape)


def _is_one(x: Any) -> bool:
    return type(x) is not Noted and bool(np.all(np.equal(x, 1)))


Found: TypeAlias = tuple[list[Any], Any]
"""What a walk finds: arrays, and whatever does not depend on the numbers of a run."""


def noted(walk: Callable[[list[Any]], Found], arrays: Sequence[Array]) -> Program | None:
    """Return a walk as a program, noted with these arrays; None if it depends on their numbers, or a formula takes none that is `Noted`."""
    notes = Notes()
    given = [notes.given(x) for x in arrays]
    try:
        with quiet():
            return Program(notes, given, *walk(list(given)))
    except Exception:  # noqa: BLE001 - formulas are anybody's; what is wrong with one, the walk itself will tell
        return None


# Which program is for which tape. ----------------------------------------------------------------------------

ALIKE = 16
"""Runs that do the same before a program is made: that takes what some ten of them save (bench/bench_structured.py)."""
PATIENCE = 8
"""Runs in a row that do something else than the one before, after which no other is looked at."""
_ARRAYS = frozenset({ndarray, np.float64, np.float32, np.complex128, np.complex64})
_CONSTANTS = frozenset({Const, type(None), float, int, complex})
_KIND = operator.attrgetter("shape", "dtype", "strides")
"""What the steps of a walk follow from; strides say what is a view and what a copy."""


class _Known:
    """What a run did, and the program for runs that do the same."""

    __slots__ = ("arrays", "constants", "is_array", "is_constant", "kinds", "left", "program", "signature")

    def __init__(self, signature: Signature, held: Sequence[Any], left: int) -> None:
        self.signature, self.left = signature, left
        self.kinds = list(map(type, held))
        self.is_array = [k in _ARRAYS for k in self.kinds]
        self.is_constant = [k in _CONSTANTS for k in self.kinds]
        self.arrays = list(map(_KIND, itertools.compress(held, self.is_array)))
        self.constants = list(itertools.compress(held, self.is_constant))
        self.program: Program | None = None

    @property
    def is_told(self) -> bool:
        """Whether runs that do the same can be told: not by arrays of an outer transform, nor by zeros, which may differ in sign."""
        return all(map(operator.or_, self.is_array, self.is_constant)) and 0 not in self.constants

    def same(self, signature: Signature, held: Sequence[Any]) -> list[Array] | None:
        """Return the arrays among what the operations of another run hold, or None if it did something else."""
        if self.signature != signature or self.kinds != list(map(type, held)):
            return None
        if self.constants != list(itertools.compress(held, self.is_constant)):
            return None
        arrays = list(itertools.compress(held, self.is_array))
        return arrays if list(map(_KIND, arrays)) == self.arrays else None

    def noted(self, tape: Tape, walk: Callable[[Tape], Found], held: Sequence[Any], arrays: Sequence[Array]) -> Program | None:
        """Return the program of a walk, if there is one."""

        def taken(given: list[Any]) -> Found:
            numbers = iter(given)
            return walk(tape.holding(iter([next(numbers) if is_array else x for x, is_array in zip(held, self.is_array, strict=True)])))

        return noted(taken, arrays)


class Replay:
    """
    Takes one walk over the tapes of many runs of a function, by a program as soon as `alike` runs in a row have done the same.

    Runs do the same if their operations are equal, and the constants in them, and shapes, dtypes and strides of all arrays.
    """

    __slots__ = ("_alike", "_known", "_missed")

    def __init__(self, alike: int | None = None) -> None:
        self._alike, self._missed = ALIKE if alike is None else alike, 0
        self._known: _Known | None = None

    def __call__(self, tape: Tape, walk: Callable[[Tape], Found]) -> Found | None:
        """Return what walk(tape) returns, or None if there is no program for such a tape."""
        if self._missed > PATIENCE:
            return None
        known, signature, held = self._known, tape.signature(), tape.held()
        arrays = None if known is None else known.same(signature, held)
        if known is None or arrays is None:
            self._missed += 1
            known = _Known(signature, held, self._alike)
            self._known = known if known.is_told and self._missed <= PATIENCE else None
            return None
        program = known.program
        if program is None:
            known.left -= 1
            if known.left > 0:
                return None
            program = known.program = known.noted(tape, walk, held, arrays)
            if program is None:
                self._missed, self._known = PATIENCE + 1, None
                return None
            self._missed = 0
        return program(arrays), program.beside
