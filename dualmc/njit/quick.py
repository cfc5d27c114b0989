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


class Prepared(NamedTuple):
    """A driver for arguments of known types, and the address of the function."""

    entry: Callable[..., Any]
    address: int
    returns_number: bool
    real: Any


Build = Callable[[str], Any]

_KEPT = "_dualmc_drivers"
"""The attribute of a dispatcher that keeps its drivers."""


def _kind(x: Any) -> Any:
    """Return what a constant's type depends on."""
    return (x.dtype, x.ndim, x.flags.c_contiguous) if type(x) is ndarray else type(x)


def _prepare(f: Any, args: Sequence[Any], at: int, sizes: Axes, build: Build, *, along: bool) -> Prepared | None:
    """Return the driver that build(text) makes for the arguments, or None if the result is not one number or array with derivatives."""
    x = args[at]
    is_array = type(x) is ndarray
    carrier = Carrier(numba.from_dtype(x.dtype) if is_array else types.float64, sizes)
    ways.know(carrier)
    given = [numba.typeof(a) for a in args]
    given[at] = types.Array(carrier, x.ndim, "C") if is_array else carrier
    code = _code(f, given, at, several=is_array and sizes != (1,) and x.size > sizes[-1])
    result = code.signature.return_type
    if not isinstance(number(result), Carrier):
        return None
    driver = build(drivers.described(result, tuple(code.signature.args)))
    address = code.library.get_pointer_to_function(code.fndesc.llvm_func_name)
    outer = [types.Array(carrier.real, x.ndim, _layout(x)) if is_array else carrier.real] * (1 + along)
    before, after = (types.Tuple.from_types(given[s]) for s in (slice(at), slice(at + 1, None)))
    signature = (types.intp, before, *outer, after)
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


def _layout(x: Any) -> str:
    return "C" if x.flags.c_contiguous else "A"


def _prepared(f: Any, args: Sequence[Any], at: int, sizes: Axes, build: Build, *, along: bool = False) -> Prepared | None:
    kept = f.__dict__.get(_KEPT)
    if kept is None:
        kept = f.__dict__[_KEPT] = {}
    key = (sizes, along, at, _kind(args[0])) if len(args) == 1 else (sizes, along, at, *map(_kind, args))
    found = kept.get(key, kept)
    if found is kept:
        found = kept[key] = _prepare(f, args, at, sizes, build, along=along)
    return found  # type: ignore[no-any-return]


def _fits(f: Any, args: Sequence[Any], at: Any) -> bool:
    """Whether the argument is an array or number to differentiate by, and the others, none left out, are constants a driver takes."""
    if type(at) is not int or not 0 <= at < len(args) or len(args) != f.py_func.__code__.co_argcount:
        return False
    for a in args:
        if type(a) not in _CONSTANTS:
            return False
    x = args[at]
    return x.dtype.char in "fd" if type(x) is ndarray else type(x) in _NUMBERS


def jacobian(f: Any, args: tuple[Any, ...], at: Any) -> tuple[Any, Any] | None:
    """Return value and Jacobian, or None where the general way is to be taken."""
    if not _fits(f, args, at) or type(args[at]) is not ndarray or not args[at].size:
        return None
    x = args[at]
    step = width(x.size, WIDEST)
    found = _prepared(f, args, at, (step,), lambda text: drivers.jacobian(text, at, step))
    if found is None:
        return None
    value, matrix = found.entry(found.address, args[:at], x, args[at + 1 :])
    if found.returns_number:
        return found.real(value), matrix.reshape(x.shape)
    return value, matrix if value.ndim == 1 == x.ndim else matrix.reshape(value.shape + x.shape)


def gradient(f: Any, args: tuple[Any, ...], at: Any) -> tuple[Any, Any] | None:
    """Return value and gradient of a function that returns one number."""
    found = jacobian(f, args, at)
    return found if found is not None and type(found[0]) is not ndarray else None


def derivative(f: Any, args: tuple[Any, ...], at: Any) -> tuple[Any, Any] | None:
    """Return value and derivative by one number."""
    return _along(f, args, at, 1.0) if type(at) is int and 0 <= at < len(args) and type(args[at]) in _NUMBERS else None


def jvp(f: Any, primals: Any, tangents: Any) -> tuple[Any, Any] | None:
    """Return value and derivative along a direction of the only argument."""
    if type(primals) is not tuple or type(tangents) is not tuple or len(primals) != 1 or len(tangents) != 1:
        return None
    return _along(f, primals, 0, tangents[0])


def _along(f: Any, args: tuple[Any, ...], at: int, t: Any) -> tuple[Any, Any] | None:
    if not _fits(f, args, at):
        return None
    x = args[at]
    is_array = type(x) is ndarray
    if is_array and (type(t) is not ndarray or t.shape != x.shape or t.dtype != x.dtype or t.flags.c_contiguous < x.flags.c_contiguous):
        return None
    if not is_array and type(t) not in (float, int, np.float64):
        return None
    found = _prepared(f, args, at, (1,), lambda text: drivers.jvp(text, at, is_array=is_array), along=True)
    if found is None:
        return None
    value, derivative = found.entry(found.address, args[:at], x, t, args[at + 1 :])
    return (found.real(value), found.real(derivative)) if found.returns_number else (value, derivative)


def hessian(f: Any, args: tuple[Any, ...], at: Any) -> Any:
    """Return the Hessian of a function that returns one number."""
    found = value_gradient_and_hessian(f, args, at)
    return None if found is None else found[2]


def value_gradient_and_hessian(f: Any, args: tuple[Any, ...], at: Any) -> tuple[Any, Any, Any] | None:
    """Return value, gradient and Hessian of a function that returns one number, or None where the general way is to be taken."""
    if not _fits(f, args, at) or type(args[at]) is not ndarray or not args[at].size:
        return None
    x = args[at]
    sizes = width(x.size, BLOCK[0]), width(x.size, BLOCK[1])
    found = _prepared(f, args, at, sizes, lambda text: drivers.hessian(text, at, *sizes))
    if found is None or not found.returns_number:
        return None
    value, gradient, matrix = found.entry(found.address, args[:at], x, args[at + 1 :])
    return found.real(value), gradient.reshape(x.shape), matrix.reshape(x.shape + x.shape)
