"""
Loops over blocks of directions, compiled: seeds in, the user's function called by its address, derivatives out.

A driver is compiled for types alone, so that its code on disk serves every function with such arguments and results.
"""

import functools
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.core import cgutils, types
from numba.core.typing.templates import signature as typed
from numba.np.arrayobj import _empty_nd_impl, make_array, populate_array, store_item

from .extending import DIGEST, intrinsic, literal_intrinsic, overload, register_jitable
from .types import Carrier, number, zero

SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {}
"""What a text in a driver stands for: the type of a function's result, and those of its arguments."""


def described(result: Any, arguments: tuple[Any, ...]) -> str:
    """Return a text for a signature; being a constant of the driver, it is what that is filed under on disk."""
    text = f"{arguments} -> {result}, {DIGEST}"
    SIGNATURES[text] = result, arguments
    return text


# Operations of drivers. ----------------------------------------------------------------------------------------------


@literal_intrinsic
def _call(context: Any, text: Any, address: Any, args: Any) -> Any:
    """Call the function at an address with the arguments in a tuple; what it raises goes on to the caller."""
    if not isinstance(text, types.StringLiteral):
        return None
    result, arguments = SIGNATURES[text.literal_value]

    def emit(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        pointer = builder.inttoptr(given[1], context.call_conv.get_function_type(result, arguments).as_pointer())
        values = [
            context.cast(builder, builder.extract_value(given[2], i), t, to) for i, (t, to) in enumerate(zip(args, arguments, strict=True))
        ]
        status, value = context.call_conv.call_function(builder, pointer, result, arguments, values)
        with cgutils.if_unlikely(builder, status.is_error):
            context.call_conv.return_status_propagate(builder, status)
        return value

    return typed(result, text, types.intp, args), emit


@intrinsic
def _words(context: Any, array: Any) -> Any:
    """Return a C-contiguous array of numbers with derivatives as one of words, a row for each number."""
    carrier = array.dtype
    real = types.Array(carrier.real, 2, "C")

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source, target = make_array(array)(context, builder, args[0]), make_array(real)(context, builder)
        size = context.get_constant(types.intp, carrier.real.bitwidth // 8)
        shape = [source.nitems, context.get_constant(types.intp, carrier.words)]
        strides = [source.itemsize, size]
        data = builder.bitcast(source.data, target.data.type)
        populate_array(target, data, shape, strides, size, source.meminfo, source.parent)
        context.nrt.incref(builder, real, target._getvalue())  # noqa: SLF001
        return target._getvalue()  # noqa: SLF001

    return real(array), emit


@literal_intrinsic
def _room(context: Any, text: Any, at: Any, like: Any) -> Any:
    """Return an array of the shape of another one for the argument of that number, not filled."""
    array = SIGNATURES[text.literal_value][1][at.literal_value].copy(readonly=False)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        shape = make_array(like)(context, builder, args[2]).shape
        return _empty_nd_impl(context, builder, array, cgutils.unpack_tuple(builder, shape, like.ndim))._getvalue()  # noqa: SLF001

    return typed(array, text, at, like), emit


@literal_intrinsic
def _number(context: Any, text: Any, at: Any, x: Any, t: Any) -> Any:
    """Return the number for the argument of that number, of value x with one derivative t."""
    carrier = SIGNATURES[text.literal_value][1][at.literal_value]

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        made = zero(context, carrier)
        for i, part in enumerate(args[2:]):
            made = builder.insert_value(made, part, i)
        return made

    return typed(carrier, text, at, carrier.base, carrier.base), emit


@literal_intrinsic
def _read(context: Any, text: Any, at: Any, words: Any) -> Any:
    """Return the number for the argument of that number that lies in memory as these words."""
    carrier = SIGNATURES[text.literal_value][1][at.literal_value]

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        model = context.data_model_manager[carrier]
        data = make_array(words)(context, builder, args[2]).data
        return model.load_from_data_pointer(builder, builder.bitcast(data, model.get_data_type().as_pointer()), 1)

    return typed(carrier, text, at, words), emit


@intrinsic
def _alone(context: Any, x: Any) -> Any:
    """Return an array of one number."""
    array = types.Array(x, 1, "C")

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        made = _empty_nd_impl(context, builder, array, [context.get_constant(types.intp, 1)])
        store_item(context, builder, array, args[0], made.data)
        return made._getvalue()  # noqa: SLF001

    return array(x), emit


def _rows(y: Any) -> Any:
    """Return the words of a result, one row for each number in it."""


@overload(_rows)
def _rows_of(y: Any) -> Any:
    if isinstance(y, Carrier):
        return lambda y: _words(_alone(y))
    if y.layout == "C":
        return lambda y: _words(y)  # noqa: PLW0108 - an overload returns a function of Python
    return lambda y: _words(y.copy())


def _column(y: Any, rows: Any, k: int) -> Any:
    """Return one word of each number, in the shape of the result."""


@overload(_column)
def _column_of(y: Any, rows: Any, k: Any) -> Any:
    if isinstance(y, Carrier):
        return lambda y, rows, k: rows[0, k]

    def column(y: Any, rows: Any, k: int) -> Any:
        out = np.empty(y.shape, rows.dtype)
        flat = out.reshape(out.size)
        for i in range(flat.size):
            flat[i] = rows[i, k]
        return out

    return column


@register_jitable
def _start(words: Any, x: Any) -> None:
    """Write values without derivatives."""
    words[:] = 0.0
    for i, p in enumerate(x.flat):
        words[i, 0] = p


def _may_be_written(text: str, at: int) -> bool:
    """Whether the function may write to the argument of that number, so that each run needs a new one."""
    return bool(SIGNATURES[text][1][at].mutable)


def _real(text: str) -> Any:
    """Return the scalar type of the numbers in a result."""
    return number(SIGNATURES[text][0]).memory["words"].base.type


def _driver(function: Callable[..., Any]) -> Any:
    return numba.njit(cache=True, error_model="numpy", nogil=True)(function)


# Drivers: address of the function; arguments before the one by which it is differentiated, this one, arguments after it. --


def _layout(text: str, at: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return where blocks start in the numbers of the argument, and in those of the result."""
    result, arguments = SIGNATURES[text]
    return number(arguments[at]).starts, number(result).starts


def _moving(text: str, xs: Any, ts: Any) -> Any:
    """Return the arguments as the function takes them: the last ones of its arguments, of values xs, with derivatives ts."""


@overload(_moving, prefer_literal=True)
def _moving_of(text: Any, xs: Any, ts: Any) -> Any:
    if not len(xs):
        return lambda text, xs, ts: ()
    key = text.literal_value
    arguments = SIGNATURES[key][1]
    at = len(arguments) - len(xs)
    if not isinstance(number(arguments[at]), Carrier):
        return lambda text, xs, ts: (xs[0], *_moving(key, xs[1:], ts[1:]))
    if not isinstance(arguments[at], types.Array):
        return lambda text, xs, ts: (_number(key, at, xs[0], ts[0]), *_moving(key, xs[1:], ts[1:]))

    def moving(text: Any, xs: Any, ts: Any) -> Any:
        numbers = _room(key, at, xs[0])
        words = _words(numbers)
        for i, p in enumerate(xs[0].flat):
            words[i, 0] = p
        for i, q in enumerate(ts[0].flat):
            words[i, 1] = q
        return (numbers, *_moving(key, xs[1:], ts[1:]))

    return moving


@functools.cache
def jvp(text: str) -> Any:
    """Return the driver of a product of Jacobian and vector: it gives the value and the derivative along ts, which are 0 for constants."""

    def run(address: int, xs: Any, ts: Any) -> Any:
        y = _call(text, address, _moving(text, xs, ts))
        rows = _rows(y)
        return _column(y, rows, 0), _column(y, rows, 1)

    return _driver(run)


def _carrying(text: str, xs: Any, ts: Any, start: int, k: int) -> Any:
    """Return the last arguments of the function, of values xs, with k derivatives of those in the rows of ts, from row `start` on."""


@overload(_carrying, prefer_literal=True)
def _carrying_of(text: Any, xs: Any, ts: Any, start: Any, k: Any) -> Any:
    if not len(xs):
        return lambda text, xs, ts, start, k: ()
    key = text.literal_value
    arguments = SIGNATURES[key][1]
    at = len(arguments) - len(xs)
    carrier = number(arguments[at])
    if not isinstance(carrier, Carrier):
        return lambda text, xs, ts, start, k: (xs[0], *_carrying(key, xs[1:], ts[1:], start, k))
    seed, size = carrier.starts

    def of_number(text: Any, xs: Any, ts: Any, start: Any, k: Any) -> Any:
        words = np.zeros(size, ts[0].dtype)
        words[0] = xs[0]
        for j in range(k):
            words[seed + j] = ts[0][start + j, 0]
        return (_read(key, at, words), *_carrying(key, xs[1:], ts[1:], start, k))

    def of_array(text: Any, xs: Any, ts: Any, start: Any, k: Any) -> Any:
        numbers = _room(key, at, xs[0])
        words = _words(numbers)
        _start(words, xs[0])
        for i in range(words.shape[0]):
            for j in range(k):
                words[i, seed + j] = ts[0][start + j, i]
        return (numbers, *_carrying(key, xs[1:], ts[1:], start, k))

    return of_array if isinstance(arguments[at], types.Array) else of_number


@functools.cache
def push(text: str, width: int) -> Any:
    """Return the driver of products with n directions: it gives the value, and a row of derivatives for each row of ts."""
    real, found = _real(text), number(SIGNATURES[text][0]).starts[0]

    def run(address: int, n: int, xs: Any, ts: Any) -> Any:
        out = np.empty((0, 0), real)
        for start in range(0, n, width):
            k = min(width, n - start)
            y = _call(text, address, _carrying(text, xs, ts, start, k))
            rows = _rows(y)
            if start == 0:
                out = np.empty((n, rows.shape[0]), real)
            for i in range(rows.shape[0]):
                for j in range(k):
                    out[start + j, i] = rows[i, found + j]
        return _column(y, rows, 0), out

    return _driver(run)


@functools.cache
def jacobian(text: str, at: int, width: int) -> Any:
    """Return the driver of a Jacobian by an array: it gives the value, and the Jacobian with a row for each number in it."""
    again, real = _may_be_written(text, at), _real(text)
    (seed, _), (found, _) = _layout(text, at)

    def run(address: int, before: Any, x: Any, after: Any) -> Any:
        n = x.size
        numbers = _room(text, at, x)
        words = _words(numbers)
        out = np.empty((0, n), real)
        for start in range(0, max(n, 1), width):
            k = min(width, n - start)
            if again or start == 0:
                _start(words, x)
            else:
                for j in range(width):
                    words[start - width + j, seed + j] = 0.0
            for j in range(k):
                words[start + j, seed + j] = 1.0
            y = _call(text, address, (*before, numbers, *after))
            rows = _rows(y)
            if start == 0:
                out = np.empty((rows.shape[0], n), real)
            for i in range(rows.shape[0]):
                for j in range(k):
                    out[i, start + j] = rows[i, found + j]
        return _column(y, rows, 0), out

    return _driver(run)


@functools.cache
def hvp(text: str, width: int) -> Any:
    """Return the driver of a product of Hessian and vector, for a function of one array that returns one number."""
    again, real = _may_be_written(text, 0), _real(text)
    (seed, along, _, _), (_, _, found, _) = _layout(text, 0)

    def run(address: int, x: Any, v: Any) -> Any:
        n = x.size
        numbers = _room(text, 0, x)
        words = _words(numbers)
        out = np.empty(n, real)
        for start in range(0, n, width):
            if again or start == 0:
                _start(words, x)
                for i, q in enumerate(v.flat):
                    words[i, along] = q
            else:
                for j in range(width):
                    words[start - width + j, seed + j] = 0.0
            k = min(width, n - start)
            for j in range(k):
                words[start + j, seed + j] = 1.0
            rows = _rows(_call(text, address, (numbers,)))
            for j in range(k):
                out[start + j] = rows[0, found + j]
        return out

    return _driver(run)


@functools.cache
def hessian(text: str, at: int, height: int, width: int) -> Any:
    """Return the driver of a Hessian by an array, for a function that returns one number: it gives value, gradient and Hessian."""
    again, real = _may_be_written(text, at), _real(text)
    (first, second, _, _), (_, slope, curvature, _) = _layout(text, at)

    def run(address: int, before: Any, x: Any, after: Any) -> Any:
        n = x.size
        numbers = _room(text, at, x)
        words = _words(numbers)
        gradient, out = np.empty(n, real), np.empty((n, n), real)
        for p in range(0, max(n, 1), height):
            for q in range(p // width * width, max(n, 1), width):
                rows_, columns = min(height, n - p), min(width, n - q)
                if again or p == q == 0:
                    _start(words, x)
                for i in range(rows_):
                    words[p + i, first + i] = 1.0
                for j in range(columns):
                    words[q + j, second + j] = 1.0
                y = _call(text, address, (*before, numbers, *after))
                rows = _rows(y)
                for j in range(columns):
                    gradient[q + j] = rows[0, slope + j]
                    for i in range(rows_):
                        entry = rows[0, curvature + i * width + j]
                        out[p + i, q + j] = entry
                        out[q + j, p + i] = entry
                if not again:
                    for i in range(rows_):
                        words[p + i, first + i] = 0.0
                    for j in range(columns):
                        words[q + j, second + j] = 0.0
        return _column(y, rows, 0), gradient, out

    return _driver(run)
