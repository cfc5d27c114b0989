"""
The short way from a transform to compiled code, for a function of arrays and numbers that returns one: no Duals are made.

All else goes the general way, through the hook, where there is one for Duals of plain arrays too.
"""

import contextlib
import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numba
import numpy as np
from numba.core import types
from numpy import ndarray

from ..arrays.dual import Dual
from ..tangents.dense import settle
from . import drivers, ways
from .program import WIDTH, compilable, compiled, width
from .types import Axes, Carrier, number

WIDEST = 16
"""Directions that one run of a Jacobian carries (bench/bench_njit.py)."""

BLOCK = 4, 8
"""Pairs of directions that one run of a Hessian carries."""

_NUMBERS = frozenset((float, np.float64))
_CONSTANTS = _NUMBERS | {int, bool, ndarray, np.float32, np.int64}
_REALS = frozenset((np.dtype(np.float64), np.dtype(np.float32)))


class Prepared(NamedTuple):
    """A driver for arguments of known types, and the address of the function."""

    entry: Callable[..., Any]
    address: int
    returns_number: bool
    real: Any


Sort = tuple[Any, int | None, bool]
"""Of an argument to differentiate by: its dtype or type, its number of axes (None for a number), and whether it is contiguous."""

Arranged = tuple[Any, tuple[Any, ...]]
Arrange = Callable[..., Arranged]
"""From the text of a signature, and the types of the arguments of the transform, to a driver and the types of its own arguments."""

_KEPT = "_dualmc_drivers"
"""The attribute of a dispatcher that keeps its drivers."""


def _kept(f: Any) -> dict[Any, Prepared | None]:
    kept = f.__dict__.get(_KEPT)
    if kept is None:
        kept = f.__dict__[_KEPT] = {}
    return kept  # type: ignore[no-any-return]


def _kind(x: Any) -> Any:
    """Return what a constant's type depends on."""
    if type(x) is not ndarray:
        return type(x)
    flags = x.flags
    return x.dtype, x.ndim, flags.c_contiguous, flags.f_contiguous, flags.writeable


def _sort(x: ndarray) -> Sort:
    return x.dtype, x.ndim, x.flags.c_contiguous


def _fits(f: Any, args: Sequence[Any], active: Mapping[int, Sort]) -> bool:
    """Whether no argument is left out, and all are numbers and arrays that a driver takes."""
    code = f.py_func.__code__
    known = all(type(a) in _CONSTANTS for a in args) and len(args) == code.co_argcount and not code.co_flags & inspect.CO_VARARGS
    return known and all(dtype in (_NUMBERS if ndim is None else _REALS) for dtype, ndim, _ in active.values())


def _prepare(
    f: Any, args: Sequence[Any], active: Mapping[int, Sort], sizes: Axes, arrange: Arrange, *more: Any, unwritten: bool = False
) -> Prepared | None:
    """
    Return the driver for arguments like these, or None if the general way is to be taken; arrange(text, types, *more) makes it.

    What f writes into its arguments is lost, for they are new ones; with `unwritten` there is no driver for an f that may.
    """
    if not _fits(f, args, active):
        return None
    given = [numba.typeof(a) for a in args]
    outer = given.copy()
    for i, (dtype, ndim, contiguous) in active.items():
        carrier = Carrier(types.float64 if ndim is None else numba.from_dtype(dtype), sizes)
        ways.know(carrier)
        given[i] = carrier if ndim is None else types.Array(carrier, ndim, "C")
        outer[i] = carrier.real if ndim is None else types.Array(carrier.real, ndim, "C" if contiguous else "A")
    code = _code(f, given, active, several=unwritten or (sizes[0] > 1 and any(args[i].size > sizes[-1] for i in active)))
    if unwritten and any(isinstance(t, types.Array) and t.mutable for t in map(code.signature.args.__getitem__, active)):
        return None
    result = code.signature.return_type
    if not isinstance(number(result), Carrier):
        return None
    driver, rest = arrange(drivers.described(result, tuple(code.signature.args)), outer, *more)
    signature = (types.intp, *rest)
    driver.compile(signature)
    address = code.library.get_pointer_to_function(code.fndesc.llvm_func_name)
    real = number(result).memory["words"].base.type
    return Prepared(driver.overloads[signature].entry_point, address, not isinstance(result, types.Array), real)


def _code(f: Any, given: list[Any], active: Iterable[int], *, several: bool) -> Any:
    """
    Return the compiled function.

    For several runs it is compiled for arrays that it must not write to, if it can be: then the arrays serve all runs.
    """
    if several:
        fixed = given.copy()
        for i in active:
            fixed[i] = given[i].copy(readonly=True) if isinstance(given[i], types.Array) else given[i]
        with contextlib.suppress(TypeError):
            compiled(f, tuple(fixed))
            return compilable(f).overloads[tuple(fixed)]
    compiled(f, tuple(given))
    return compilable(f).overloads[tuple(given)]


# By one array. -------------------------------------------------------------------------------------------------------


def _by_one(text: str, outer: Sequence[Any], at: int, driver: Callable[..., Any], *more: int) -> Arranged:
    """Return the driver by one argument."""
    before, after = (types.Tuple.from_types(outer[s]) for s in (slice(at), slice(at + 1, None)))
    return driver(text, at, *more), (before, outer[at], after)


def _prepared(f: Any, args: tuple[Any, ...], at: int, sizes: Axes, driver: Callable[..., Any]) -> Prepared | None:
    """Return the driver for arguments like these."""
    kept, sort = _kept(f), _sort(args[at])
    key = (driver, sizes, sort) if len(args) == 1 else (driver, sizes, sort, at, *map(_kind, args[:at]), *map(_kind, args[at + 1 :]))
    if key not in kept:
        kept[key] = _prepare(f, args, {at: sort}, sizes, _by_one, at, driver, *sizes)
    return kept[key]


def _run(found: Prepared, args: tuple[Any, ...], at: int) -> Any:
    if len(args) == 1:
        return found.entry(found.address, (), args[0], ())
    return found.entry(found.address, args[:at], args[at], args[at + 1 :])


def _chosen(args: tuple[Any, ...], at: Any) -> Any:
    """Return the argument of that number, if it is one."""
    return args[at] if type(at) is int and 0 <= at < len(args) else None


def jacobian(f: Any, args: tuple[Any, ...], at: Any) -> tuple[Any, Any] | None:
    """Return value and Jacobian, or None where the general way is to be taken."""
    x = _chosen(args, at)
    if type(x) is not ndarray or not x.size:
        return None
    found = _prepared(f, args, at, (width(x.size, WIDEST),), drivers.jacobian)
    if found is None:
        return None
    value, matrix = _run(found, args, at)
    if found.returns_number:
        return found.real(value), matrix.reshape(x.shape)
    return value, matrix if value.ndim == 1 == x.ndim else matrix.reshape(value.shape + x.shape)


def gradient(f: Any, args: tuple[Any, ...], at: Any) -> tuple[Any, Any] | None:
    """Return value and gradient of a function that returns one number."""
    found = jacobian(f, args, at)
    return found if found is not None and type(found[0]) is not ndarray else None


def hessian(f: Any, args: tuple[Any, ...], at: Any) -> Any:
    """Return the Hessian of a function that returns one number."""
    found = value_gradient_and_hessian(f, args, at)
    return None if found is None else found[2]


def value_gradient_and_hessian(f: Any, args: tuple[Any, ...], at: Any) -> tuple[Any, Any, Any] | None:
    """Return value, gradient and Hessian of a function that returns one number, or None where the general way is to be taken."""
    x = _chosen(args, at)
    if type(x) is not ndarray or not x.size:
        return None
    sizes = width(x.size, BLOCK[0]), width(x.size, BLOCK[1])
    found = _prepared(f, args, at, sizes, drivers.hessian)
    if found is None or not found.returns_number:
        return None
    value, gradient, matrix = _run(found, args, at)
    return found.real(value), gradient.reshape(x.shape), matrix.reshape(x.shape + x.shape)


# Along directions. ---------------------------------------------------------------------------------------------------


def derivative(f: Any, args: tuple[Any, ...], at: Any) -> tuple[Any, Any] | None:
    """Return value and derivative by one number."""
    if type(_chosen(args, at)) not in _NUMBERS:
        return None
    kept = _kept(f)
    key = (_along, at, *map(_kind, args))
    if key not in kept:
        kept[key] = _prepare(f, args, {at: _NUMBER}, (1,), _along)
    return _pair(kept[key], args, (0.0,) * at + (1.0,) + (0.0,) * (len(args) - at - 1))


def jvp(f: Any, primals: Any, tangents: Any) -> tuple[Any, Any] | None:
    """Return value and derivative along a direction."""
    if type(primals) is not tuple or type(tangents) is not tuple or len(primals) != len(tangents):
        return None
    kept = _kept(f)
    key = _direction(primals[0], tangents[0]) if len(primals) == 1 else tuple(map(_direction, primals, tangents))
    if key not in kept:
        active = dict(enumerate(map(_direction, primals, tangents)))
        kept[key] = None if None in active.values() else _prepare(f, primals, active, (1,), _along)
    return _pair(kept[key], primals, tangents)


_NUMBER: Sort = (float, None, True)


def _direction(x: Any, t: Any) -> Any:
    """Return what sort of an argument is moved along t; None if it is no number or array, or they do not match."""
    if type(x) is type(t) is ndarray:
        if t.dtype is not x.dtype or t.shape != x.shape:
            return None
        return x.dtype, x.ndim, x.flags.c_contiguous and t.flags.c_contiguous
    return _NUMBER if type(x) in _NUMBERS and type(t) in _DIRECTIONS else None


_DIRECTIONS = _NUMBERS | {int}


def _along(text: str, outer: Sequence[Any]) -> Arranged:
    """Return the driver along a direction, which is a number for each constant."""
    _, arguments = drivers.SIGNATURES[text]
    moved = [t if isinstance(number(a), Carrier) else types.float64 for t, a in zip(outer, arguments, strict=True)]
    return drivers.jvp(text), (types.Tuple.from_types(outer), types.Tuple.from_types(moved))


def _pair(found: Prepared | None, args: tuple[Any, ...], directions: tuple[Any, ...]) -> tuple[Any, Any] | None:
    if found is None:
        return None
    entry, address, returns_number, real = found
    value, derivative = entry(address, args, directions)
    return (real(value), real(derivative)) if returns_number else (value, derivative)


def hvp(f: Any, primals: Any, tangents: Any) -> tuple[Any] | None:
    """Return the product of the Hessian and a direction, for a function of one array that returns one number."""
    if type(primals) is not tuple or type(tangents) is not tuple or len(primals) != 1 or len(tangents) != 1:
        return None
    (x,), (v,) = primals, tangents
    sort = _direction(x, v)
    if sort is None or not sort[1] or not x.size:
        return None
    kept, step = _kept(f), width(x.size, WIDTH)
    key = _product, step, sort
    if key not in kept:
        kept[key] = _prepare(f, primals, {0: sort}, (step, 1), _product, step)
    found = kept[key]
    if found is None or not found.returns_number:
        return None
    product = found.entry(found.address, x, v)
    return (product if x.ndim == 1 else product.reshape(x.shape),)


def _product(text: str, outer: Sequence[Any], step: int) -> Arranged:
    """Return the driver of products of the Hessian and a direction."""
    return drivers.hvp(text, step), (outer[0], outer[0])


# Calls with Duals. ---------------------------------------------------------------------------------------------------


def push(f: Any, args: tuple[Any, ...]) -> Dual | None:
    """Return the result for Duals of plain arrays and numbers, of one level, if f does not write to its arguments."""
    first = next((a for a in args if type(a) is Dual), None)
    if first is None:
        return None
    level, lead = first.level, np.shape(first.tangent)[: np.ndim(first.tangent) - first.ndim]
    n = math.prod(lead)
    kinds: list[Any] = []
    values: list[Any] = []
    tangents: list[Any] = []
    for a in args:
        if type(a) is not Dual:
            kinds.append(_kind(a))
            values.append(a)
            tangents.append(0.0)
            continue
        x, t = a._primal, a.tangent
        if a.level != level or type(x) not in _PLAIN or type(t) not in _PLAIN or t.dtype is not x.dtype or not n * x.size:
            return None
        kinds.append(_sort(x) if type(x) is ndarray else _NUMBER)
        values.append(x)
        tangents.append(np.ascontiguousarray(t).reshape(n, x.size))
    kept, step = _kept(f), width(n, WIDEST)
    key = (_pushed, step, *kinds)
    if key not in kept:
        active = {i: kinds[i] for i, a in enumerate(args) if type(a) is Dual}
        kept[key] = _prepare(f, values, active, (step,), _pushed, step, unwritten=True)
    found = kept[key]
    if found is None:
        return None
    entry, address, returns_number, real = found
    value, derivatives = entry(address, n, tuple(values), tuple(tangents))
    ans = real(value) if returns_number else value
    return Dual(ans, settle(derivatives.reshape(lead + ans.shape), ans), level)


_PLAIN = frozenset((ndarray, np.float64))


def _pushed(text: str, outer: Sequence[Any], step: int) -> Arranged:
    """Return the driver for Duals."""
    _, arguments = drivers.SIGNATURES[text]
    moved = [types.Array(number(a).real, 2, "C") if isinstance(number(a), Carrier) else types.float64 for a in arguments]
    return drivers.push(text, step), (types.intp, types.Tuple.from_types(outer), types.Tuple.from_types(moved))
