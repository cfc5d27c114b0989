"""What whole arrays of numbers with derivatives have beside element-wise expressions, which Numba makes loops of by itself."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core import types
from numba.core.typing.templates import signature as typed

from ..rules.registry import RULES
from ..rules.rule import Elementwise
from .emit import Emitted, parts, where
from .extending import intrinsic, lower_builtin, overload
from .types import PLAIN, Carrier, carries, number
from .ways import method

Implementation = Callable[..., Any] | None


def is_array(t: Any, *dims: int) -> bool:
    """Whether a type is that of an array of numbers with derivatives; of so many axes, if that is said."""
    return isinstance(t, types.Array) and isinstance(t.dtype, Carrier) and (not dims or t.ndim in dims)


def is_number(t: Any) -> bool:
    """Whether a type is that of a number, with derivatives or without."""
    return isinstance(types.unliteral(t), (*PLAIN, Carrier))


def absent(*options: Any) -> bool:
    """Whether options are left out, or None."""
    return all(t is None or isinstance(t, (types.NoneType, types.Omitted)) for t in options)


@intrinsic
def value(context: Any, x: Any) -> Any:
    """Return the value of a number, without derivatives of any order."""
    if not isinstance(x, Carrier):
        return x(x), lambda context, builder, signature, args: args[0]

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        found = Emitted(context, builder, x, args[0])
        while isinstance(found.type, Carrier):
            found = parts(found)[0]
        return found.value

    return x.real(x), emit


@intrinsic
def uniform(context: Any, xs: Any) -> Any:
    """Return a tuple of numbers as one of numbers of the same type."""
    common = context.unify_types(*map(types.unliteral, xs))
    result = types.UniTuple(common, len(xs))

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        items = [context.cast(builder, builder.extract_value(args[0], i), t, common) for i, t in enumerate(xs)]
        return context.make_tuple(builder, result, items)

    return typed(result, xs), emit


def both(name: str, function: Any) -> Callable[[Any], Any]:
    """Declare a function of arrays, and the method of that name; in old versions of Numba the function calls the method."""

    def decorate(declared: Any) -> Any:
        def stub(a: Any, axis: Any = None) -> Any:
            """Stand for the method."""

        overload(function)(declared)
        overload(stub)(declared)
        method(name, stub)
        return declared

    return decorate


# Making arrays. ------------------------------------------------------------------------------------------------------


@overload(np.array)
def _array(object: Any, dtype: Any = None) -> Implementation:
    if not carries(object) or not absent(dtype):
        return None
    if isinstance(object, types.BaseTuple):
        return _of_tuple(object)
    if not isinstance(object, (types.List, types.ListType)):
        return None
    inner = object.dtype
    if isinstance(inner, Carrier):

        def of_list(object: Any, dtype: Any = None) -> Any:
            out = np.empty(len(object), inner)
            for i in range(len(object)):
                out[i] = object[i]
            return out

        return of_list
    if isinstance(inner, (types.List, types.UniTuple)) and isinstance(inner.dtype, Carrier):
        entry = inner.dtype

        def of_lists(object: Any, dtype: Any = None) -> Any:
            out = np.empty((len(object), len(object[0])), entry)
            for i in range(len(object)):
                for j in range(len(object[i])):
                    out[i, j] = object[i][j]
            return out

        return of_lists
    return None


def _of_tuple(t: Any) -> Implementation:
    if not all(map(is_number, t)):
        return None

    def of_tuple(object: Any, dtype: Any = None) -> Any:
        return _filled(uniform(object))

    return of_tuple


def _filled(items: Any) -> Any:
    """Return an array of a tuple of numbers of the same type."""


@overload(_filled)
def _fill(items: Any) -> Implementation:
    entry, n = items.dtype, len(items)

    def fill(items: Any) -> Any:
        out = np.empty(n, entry)
        for i in range(n):
            out[i] = items[i]
        return out

    return fill


@overload(np.where)
def _where(condition: Any, x: Any, y: Any) -> Implementation:
    given = [number(t) for t in (x, y)]
    carrier = next((t for t in given if isinstance(t, Carrier)), None)
    if carrier is None or not all(map(is_number, given)):
        return None
    if not any(isinstance(t, types.Array) for t in (condition, x, y)):
        return lambda condition, x, y: x if condition else y

    def choose(condition: Any, x: Any, y: Any) -> Any:
        c, a, b = np.asarray(condition), as_array(x), as_array(y)
        shape = np.broadcast_shapes(c.shape, a.shape, b.shape)
        c, a, b = np.broadcast_to(c, shape), np.broadcast_to(a, shape), np.broadcast_to(b, shape)
        out = np.empty(shape, carrier)
        for i in np.ndindex(shape):
            if c[i]:
                out[i] = a[i]
            else:
                out[i] = b[i]
        return out

    return choose


def as_array(x: Any) -> Any:
    """Return a number as an array of one entry, an array as it is."""


@overload(as_array)
def _of_any(x: Any) -> Implementation:
    if isinstance(x, types.Array):
        return lambda x: x
    t = types.unliteral(x)

    def single(x: Any) -> Any:
        out = np.empty(1, t)
        out[0] = x
        return out

    return single


@overload(np.clip)
def _clip(a: Any, a_min: Any, a_max: Any) -> Implementation:
    if not any(isinstance(number(t), Carrier) for t in (a, a_min, a_max)):
        return None
    if absent(a_min):
        return lambda a, a_min, a_max: np.minimum(a, a_max)
    if absent(a_max):
        return lambda a, a_min, a_max: np.maximum(a, a_min)
    return lambda a, a_min, a_max: np.minimum(np.maximum(a, a_min), a_max)


@overload(abs)
def _abs(x: Any) -> Implementation:
    return (lambda x: np.abs(x)) if is_array(x) else None  # noqa: PLW0108


@overload(operator.truth)
def _truth(x: Any) -> Implementation:
    return (lambda x: value(x) != 0.0) if isinstance(x, Carrier) else None


@lower_builtin(bool, Carrier)
def _bool(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    return (Emitted(context, builder, signature.args[0], args[0]) != 0.0).value


@overload(divmod)
def _divmod(x: Any, y: Any) -> Implementation:
    return (lambda x, y: (x // y, x % y)) if carries(x) or carries(y) else None


def _chosen(choose: Any) -> Any:
    """Return the declaration of Python's max or min of several numbers."""

    def declared(*xs: Any) -> Implementation:
        if not any(isinstance(t, Carrier) for t in xs) or not all(map(is_number, xs)):
            return None
        return lambda *xs: choose(xs)

    return declared


def _choosing(op: Any) -> Any:
    @intrinsic
    def choose(context: Any, xs: Any) -> Any:
        common = context.unify_types(*map(types.unliteral, xs))

        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            best, *others = (Emitted(context, builder, t, builder.extract_value(args[0], i)).cast(common) for i, t in enumerate(xs))
            for x in others:
                best = where(op(x, best), x, best)
            return best.value

        return typed(common, xs), emit

    return choose


overload(max)(_chosen(_choosing(operator.gt)))
overload(min)(_chosen(_choosing(operator.lt)))


# Sums and the like. --------------------------------------------------------------------------------------------------


@both("sum", np.sum)
def _sum(a: Any, axis: Any = None) -> Implementation:
    if not is_array(a):
        return None
    carrier = a.dtype
    if not absent(axis):
        return _sum_along(a, axis)

    def sum(a: Any, axis: Any = None) -> Any:
        total = np.zeros(1, carrier)[0]
        for x in a.flat:
            total = total + x
        return total

    return sum


def _sum_along(a: Any, axis: Any) -> Implementation:
    """Return the sum along one axis as a loop over what the other axes leave."""
    if not isinstance(types.unliteral(axis), types.Integer) or a.ndim > 4:
        return None
    carrier, nd = a.dtype, a.ndim

    def along(a: Any, axis: Any = None) -> Any:
        moved = _last(a, axis % nd)
        shape = moved.shape[:-1]
        out = np.empty(shape, carrier)
        for i in np.ndindex(shape):
            out[i] = np.sum(moved[i])
        return out

    return (lambda a, axis=None: np.sum(a)) if nd == 1 else along


def _last(a: Any, axis: int) -> Any:
    """Return the array with that axis last."""


@overload(_last)
def _moved(a: Any, axis: Any) -> Implementation:
    if a.ndim == 2:
        return lambda a, axis: a if axis == 1 else np.ascontiguousarray(a.T)
    if a.ndim == 3:
        orders3 = ((1, 2, 0), (0, 2, 1), (0, 1, 2))
        return lambda a, axis: np.transpose(a, orders3[axis])
    orders4 = ((1, 2, 3, 0), (0, 2, 3, 1), (0, 1, 3, 2), (0, 1, 2, 3))
    return lambda a, axis: np.transpose(a, orders4[axis])


@both("mean", np.mean)
def _mean(a: Any, axis: Any = None) -> Implementation:
    return (lambda a, axis=None: np.sum(a) / a.size) if is_array(a) and absent(axis) else None


@both("prod", np.prod)
def _prod(a: Any, axis: Any = None) -> Implementation:
    if not is_array(a) or not absent(axis):
        return None
    carrier = a.dtype

    def prod(a: Any, axis: Any = None) -> Any:
        total = np.zeros(1, carrier)[0] + 1.0
        for x in a.flat:
            total = total * x
        return total

    return prod


@both("var", np.var)
def _var(a: Any, axis: Any = None) -> Implementation:
    if not is_array(a) or not absent(axis):
        return None

    def var(a: Any, axis: Any = None) -> Any:
        d = a - np.mean(a)
        return np.sum(d * d) / a.size

    return var


@both("std", np.std)
def _std(a: Any, axis: Any = None) -> Implementation:
    return (lambda a, axis=None: np.sqrt(np.var(a))) if is_array(a) and absent(axis) else None


@both("cumsum", np.cumsum)
def _cumsum(a: Any, axis: Any = None) -> Implementation:
    return _running(a, operator.add) if is_array(a) and absent(axis) else None


@both("cumprod", np.cumprod)
def _cumprod(a: Any, axis: Any = None) -> Implementation:
    return _running(a, operator.mul) if is_array(a) and absent(axis) else None


def _running(a: Any, op: Any) -> Implementation:
    carrier = a.dtype

    def running(a: Any, axis: Any = None) -> Any:
        out = np.empty(a.size, carrier)
        for k, x in enumerate(a.flat):
            out[k] = op(out[k - 1], x) if k else x
        return out

    return running


def _extreme(better: Any) -> Any:
    """Return the declaration of a maximum or minimum: its derivative is the mean over equal entries."""

    def declared(a: Any, axis: Any = None) -> Implementation:
        if not is_array(a) or not absent(axis):
            return None

        def extreme(a: Any, axis: Any = None) -> Any:
            if a.size == 0:
                raise ValueError("zero-size array to reduction operation which has no identity")
            best = a.flat[0]
            for x in a.flat:
                if value(x) != value(x):
                    return x
                if better(value(x), value(best)):
                    best = x
            excess, n = best - best, 0
            for x in a.flat:
                if value(x) == value(best):
                    excess, n = excess + (x - best), n + 1
            return best + excess / n

        return extreme

    return declared


both("max", np.max)(_extreme(operator.gt))
both("min", np.min)(_extreme(operator.lt))


@overload(np.median)
def _median(a: Any) -> Implementation:
    if not is_array(a):
        return None

    def median(a: Any) -> Any:
        x = np.sort(a.ravel())
        middle = x.size // 2
        return x[middle] if x.size % 2 else 0.5 * (x[middle - 1] + x[middle])

    return median


@overload(np.trace)
def _trace(a: Any) -> Implementation:
    if not is_array(a, 2):
        return None
    carrier = a.dtype

    def trace(a: Any) -> Any:
        total = np.zeros(1, carrier)[0]
        for i in range(min(a.shape)):
            total = total + a[i, i]
        return total

    return trace


# In place. -----------------------------------------------------------------------------------------------------------


def _in_place(op: Any) -> Any:
    def declared(a: Any, b: Any) -> Implementation:
        if not is_array(a) or not is_number(number(b)):
            return None

        def write(a: Any, b: Any) -> Any:
            a[...] = op(a, b)
            return a

        return write

    return declared


for _name, _ufunc in (
    ("add", np.add),
    ("sub", np.subtract),
    ("mul", np.multiply),
    ("truediv", np.divide),
    ("floordiv", np.floor_divide),
    ("mod", np.remainder),
    ("pow", np.power),
):
    overload(getattr(operator, "i" + _name))(_in_place(_ufunc))


def _with_out(ufunc: Any) -> None:
    """Declare a ufunc that is given an array to write to."""

    def unary(x: Any, out: Any) -> Implementation:
        if not is_array(out) or not is_number(number(x)):
            return None

        def write(x: Any, out: Any) -> Any:
            out[...] = ufunc(x)
            return out

        return write

    def binary(x: Any, y: Any, out: Any) -> Implementation:
        if not is_array(out) or not all(is_number(number(t)) for t in (x, y)):
            return None

        def write(x: Any, y: Any, out: Any) -> Any:
            out[...] = ufunc(x, y)
            return out

        return write

    overload(ufunc)(unary if ufunc.nin == 1 else binary)


for _function, _rule in RULES.items():
    if isinstance(_rule, Elementwise) and isinstance(_function, np.ufunc):
        _with_out(_function)
