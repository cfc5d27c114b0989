"""
The short way from a transform to compiled code, for a function of one array or number and constants that returns one: no Duals are made.

All else goes the general way, through the hook.
"""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numba
import numpy as np
from numba.core import types
from numpy import ndarray

from . import drivers, ways
from .active import width
from .program import compilable, compiled
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


Build = Callable[[str], Any]
Sort = tuple[Any, int | None, bool]
"""Of the argument to differentiate by: its dtype or type, its number of axes (None for a number), and whether it is contiguous."""

_KEPT = "_dualmc_drivers"
"""The attribute of a dispatcher that keeps its drivers."""

_MISSING = object()


def _kind(x: Any) -> Any:
    """Return what a constant's type depends on."""
    if type(x) is not ndarray:
        return type(x)
    flags = x.flags
    return x.dtype, x.ndim, flags.c_contiguous, flags.f_contiguous, flags.writeable


def _prepared(f: Any, args: Sequence[Any], at: int, sort: Sort, sizes: Axes, driver: Callable[..., Any], *more: Any) -> Prepared | None:
    """Return the driver for arguments like these, or None if the general way is to be taken; driver(text, at, *more) makes it."""
    kept = f.__dict__.get(_KEPT)
    if kept is None:
        kept = f.__dict__[_KEPT] = {}
    key = (driver, sizes, sort) if len(args) == 1 else (driver, sizes, sort, at, *map(_kind, args[:at]), *map(_kind, args[at + 1 :]))
    found = kept.get(key, _MISSING)
    if found is _MISSING:
        found = kept[key] = _prepare(f, args, at, sort, sizes, lambda text: driver(text, at, *more)) if _fits(f, args, sort) else None
    return found  # type: ignore[no-any-return]


def _fits(f: Any, args: Sequence[Any], sort: Sort) -> bool:
    """Whether no argument is left out, and all are numbers and arrays that a driver takes."""
    number = sort[1] is None
    known = all(type(a) in _CONSTANTS for a in args) and len(args) == f.py_func.__code__.co_argcount
    return known and sort[0] in (_NUMBERS if number else _REALS)


def _prepare(f: Any, args: Sequence[Any], at: int, sort: Sort, sizes: Axes, build: Build) -> Prepared | None:
    dtype, ndim, contiguous = sort
    carrier = Carrier(types.float64 if ndim is None else numba.from_dtype(dtype), sizes)
    ways.know(carrier)
    given = [numba.typeof(a) for a in args]
    given[at] = carrier if ndim is None else types.Array(carrier, ndim, "C")
    code = _code(f, given, at, several=ndim is not None and sizes != (1,) and args[at].size > sizes[-1])
    result = code.signature.return_type
    if not isinstance(number(result), Carrier):
        return None
    driver = build(drivers.described(result, tuple(code.signature.args)))
    address = code.library.get_pointer_to_function(code.fndesc.llvm_func_name)
    outer = carrier.real if ndim is None else types.Array(carrier.real, ndim, "C" if contiguous else "A")
    before, after = (types.Tuple.from_types(given[s]) for s in (slice(at), slice(at + 1, None)))
    signature = (types.intp, before, *[outer] * (driver.py_func.__code__.co_argcount - 3), after)
    driver.compile(signature)
    real = number(result).memory["words"].base.type
    return Prepared(driver.overloads[signature].entry_point, address, not isinstance(result, types.Array), real)


def _code(f: Any, given: list[Any], at: int, *, several: bool) -> Any:
    """
    Return the compiled function.

    For several runs it is compiled for an array that it must not write to, if it can be: then the array serves all runs.
    """
    if several:
        fixed = given.copy()
        fixed[at] = given[at].copy(readonly=True)
        with contextlib.suppress(TypeError):
            compiled(f, tuple(fixed))
            return compilable(f).overloads[tuple(fixed)]
    compiled(f, tuple(given))
    return compilable(f).overloads[tuple(given)]


def _chosen(args: tuple[Any, ...], at: Any) -> Any:
    """Return the argument of that number, if it is one."""
    return args[at] if type(at) is int and 0 <= at < len(args) else None


def jacobian(f: Any, args: tuple[Any, ...], at: Any) -> tuple[Any, Any] | None:
    """Return value and Jacobian, or None where the general way is to be taken."""
    x = _chosen(args, at)
    if type(x) is not ndarray or not x.size:
        return None
    step = width(x.size, WIDEST)
    found = _prepared(f, args, at, (x.dtype, x.ndim, x.flags.c_contiguous), (step,), drivers.jacobian, step)
    if found is None:
        return None
    entry, address, returns_number, real = found
    value, matrix = entry(address, (), x, ()) if len(args) == 1 else entry(address, args[:at], x, args[at + 1 :])
    if returns_number:
        return real(value), matrix.reshape(x.shape)
    return value, matrix if value.ndim == 1 == x.ndim else matrix.reshape(value.shape + x.shape)


def gradient(f: Any, args: tuple[Any, ...], at: Any) -> tuple[Any, Any] | None:
    """Return value and gradient of a function that returns one number."""
    found = jacobian(f, args, at)
    return found if found is not None and type(found[0]) is not ndarray else None


def derivative(f: Any, args: tuple[Any, ...], at: Any) -> tuple[Any, Any] | None:
    """Return value and derivative by one number."""
    return _along(f, args, at, 1.0) if type(_chosen(args, at)) in _NUMBERS else None


def jvp(f: Any, primals: Any, tangents: Any) -> tuple[Any, Any] | None:
    """Return value and derivative along a direction of the only argument."""
    if type(primals) is not tuple or type(tangents) is not tuple or len(primals) != 1 or len(tangents) != 1:
        return None
    return _along(f, primals, 0, tangents[0])


def _along(f: Any, args: tuple[Any, ...], at: int, t: Any) -> tuple[Any, Any] | None:
    x = args[at]
    if type(x) is type(t) is ndarray:
        if t.dtype is not x.dtype or t.shape != x.shape:
            return None
        sort: Sort = x.dtype, x.ndim, x.flags.c_contiguous and t.flags.c_contiguous
    elif type(x) in _NUMBERS and type(t) in _TANGENTS:
        sort = float, None, True
    else:
        return None
    found = _prepared(f, args, at, sort, _ONE, drivers.jvp, sort[1] is not None)
    if found is None:
        return None
    entry, address, returns_number, real = found
    value, derivative = entry(address, (), x, t, ()) if len(args) == 1 else entry(address, args[:at], x, t, args[at + 1 :])
    return (real(value), real(derivative)) if returns_number else (value, derivative)


_TANGENTS = _NUMBERS | {int}
_ONE = (1,)


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
    found = _prepared(f, args, at, (x.dtype, x.ndim, x.flags.c_contiguous), sizes, drivers.hessian, *sizes)
    if found is None or not found.returns_number:
        return None
    value, gradient, matrix = found.entry(found.address, args[:at], x, args[at + 1 :])
    return found.real(value), gradient.reshape(x.shape), matrix.reshape(x.shape + x.shape)
