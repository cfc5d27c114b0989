"""
Numbers of code that is being generated: Python's operators and NumPy's functions on them emit instructions.

A partial of the rule table is a formula in such operators and functions. Called with these numbers it writes itself into
the compiled function, without a pass of Numba's compiler for each.
"""

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.core.errors import TypingError
from numba.np.numpy_support import as_dtype, from_dtype

from . import fused
from .types import Carrier, zero

CONTRACT = ("contract",)
"""What LLVM may do: a multiplication and an addition as one instruction. Nothing that changes special values."""


class Emitted(np.lib.mixins.NDArrayOperatorsMixin):
    """A number, of a floating type, a Carrier, an integer or a Boolean."""

    __slots__ = ("builder", "context", "directions", "type", "value")

    def __init__(self, context: Any, builder: Any, type: Any, value: Any, directions: int = 0) -> None:
        self.context, self.builder, self.type, self.value = context, builder, type, value
        self.directions = directions

    def like(self, type: Any, value: Any) -> "Emitted":
        """Return another number of the same code."""
        return Emitted(self.context, self.builder, type, value, self.directions)

    def among(self, directions: int) -> "Emitted":
        """Return the number as part of one with so many directions."""
        return Emitted(self.context, self.builder, self.type, self.value, directions)

    def cast(self, to: Any) -> "Emitted":
        """Return the number converted."""
        if self.type == to or isinstance(to, types.Literal):
            return self
        return self.like(to, self.context.cast(self.builder, self.value, self.type, to))

    @property
    def dtype(self) -> Any:
        """The dtype of the value for NumPy, by which a formula chooses."""
        return as_dtype(self.type.real if isinstance(self.type, Carrier) else self.type)

    def astype(self, dtype: Any) -> "Emitted":
        """Return the number in the precision of a dtype."""
        real = from_dtype(dtype)
        return self.cast(self.type.of(real) if isinstance(self.type, Carrier) else real)

    def constant(self, x: Any, type: Any) -> "Emitted":
        """Return a Python number of a type."""
        if isinstance(type, Carrier):
            return self.constant(x, type.real).cast(type)
        return self.like(type, self.context.get_constant(type, x))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs:
            return NotImplemented
        return apply(ufunc, *inputs)

    def __array_function__(self, function: Any, types_: Any, args: Any, kwargs: Any) -> Any:
        return _FUNCTIONS[function](*args)

    def __bool__(self) -> bool:
        raise TypeError("a number of generated code has no truth value yet; a formula selects with np.where")


def _first(operands: Sequence[Any]) -> Emitted:
    return next(x for x in operands if isinstance(x, Emitted))


def common(*operands: Any) -> list[Emitted]:
    """Return operands of one type: Python numbers are weak, as in NumPy, and integers give way."""
    first = _first(operands)
    found = [x.type for x in operands if isinstance(x, Emitted)]
    numbers = [t for t in found if t is not types.boolean]
    carriers = [t for t in numbers if isinstance(t, Carrier)]
    floats = [t for t in numbers if isinstance(t, types.Float)]
    weak = [type(x) for x in operands if not isinstance(x, Emitted)]
    if carriers or floats:
        t = (carriers or [max(floats, key=lambda t: t.bitwidth)])[0]
    elif numbers and float not in weak:
        t = numbers[0]
    elif float in weak or numbers:
        t = types.float64
    else:
        t = types.boolean
    return [x.cast(t) if isinstance(x, Emitted) else first.constant(x, t) for x in operands]


def apply(ufunc: Any, *operands: Any) -> Any:
    """Emit a ufunc."""
    emit = _UFUNCS.get(ufunc)
    return emit(*operands) if emit is not None else called(ufunc, *operands)


def called(function: Any, *operands: Any, ufunc: Any = None) -> Any:
    """Emit the call of a function that Numba has for the types of its arguments, and that is a ufunc; Python integers stay literals."""
    first = _first(operands)
    args = [x if isinstance(x, Emitted) else _weak(x, first, operands) for x in operands]
    argument_types = tuple(x.type for x in args)
    function = fused.instead(ufunc or function, argument_types, first.directions) or function
    signature = resolved(first.context, function, argument_types)
    implementation = first.context.get_function(function, signature)
    first.context.add_linking_libs(getattr(implementation, "libs", ()))
    values = [x.cast(t).value for x, t in zip(args, signature.args, strict=True)]
    return first.like(signature.return_type, implementation(first.builder, values))


def resolved(context: Any, function: Any, argument_types: Sequence[Any]) -> Any:
    """Return the signature of a call."""
    signature = context.typing_context.resolve_function_type(function, tuple(argument_types), {})
    if signature is None:
        name = getattr(function, "__name__", str(function))
        raise TypingError(f"Numba has no {name} of {', '.join(map(str, argument_types))}, which the derivative needs")
    return signature


def _weak(x: Any, first: Emitted, operands: Sequence[Any]) -> Emitted:
    if isinstance(x, int) and not isinstance(x, bool):
        return first.like(types.literal(x), first.context.get_constant(types.int64, x))
    return common(*operands)[[o is x for o in operands].index(True)]


# Instructions. -------------------------------------------------------------------------------------------------------


def _is_float(x: Emitted) -> bool:
    return isinstance(x.type, types.Float)


def _arithmetic(operator_: Any, name: str, integer: str | None = None) -> Callable[..., Any]:
    def emit(a: Any, b: Any) -> Any:
        x, y = common(a, b)
        if x.type is types.boolean and integer is not None:
            x, y = x.cast(types.int64), y.cast(types.int64)
        if _is_float(x):
            return x.like(x.type, getattr(x.builder, name)(x.value, y.value, flags=CONTRACT))
        if isinstance(x.type, types.Integer) and integer is not None:
            return x.like(x.type, getattr(x.builder, integer)(x.value, y.value))
        if isinstance(x.type, (types.Integer, types.Boolean)):
            return emit(x.cast(types.float64), y.cast(types.float64))
        return called(operator_, a, b)

    return emit


def _comparison(operator_: Any, sign: str) -> Callable[..., Any]:
    def emit(a: Any, b: Any) -> Any:
        x, y = common(a, b)
        while isinstance(x.type, Carrier):
            x, y = (z.like(z.type.base, z.builder.extract_value(z.value, 0)) for z in (x, y))
        floating = x.builder.fcmp_unordered if sign == "!=" else x.builder.fcmp_ordered
        compare = floating if _is_float(x) else x.builder.icmp_signed
        return x.like(types.boolean, compare(sign, x.value, y.value))

    return emit


def _logical(name: str) -> Callable[..., Any]:
    def emit(a: Any, b: Any) -> Any:
        x, y = common(a, b)
        return x.like(types.boolean, getattr(x.builder, name)(x.value, y.value))

    return emit


def _negative(x: Emitted) -> Any:
    return x.like(x.type, x.builder.fneg(x.value)) if _is_float(x) else called(np.negative, x)


def where(condition: Any, a: Any, b: Any) -> Any:
    """Emit a selection; both are evaluated."""
    if not isinstance(condition, Emitted):
        return a if condition else b
    operands = [x for x in (a, b) if isinstance(x, Emitted)]
    x, y = common(a, b) if operands else [condition.constant(float(v), types.float64) for v in (a, b)]
    if not isinstance(condition.type, types.Boolean):
        condition = condition != 0
    return x.like(x.type, x.builder.select(condition.value, x.value, y.value))


MOST_MULTIPLIED = 64
"""Literal exponents up to this become multiplications."""


def power(a: Any, b: Any) -> Any:
    """Emit a power; that of an integer by multiplications."""
    if isinstance(b, int) and abs(b) <= MOST_MULTIPLIED and isinstance(a.type, types.Float):
        return _multiplied(a, b) if b >= 0 else 1.0 / _multiplied(a, -b)
    integer = isinstance(b, int) or (isinstance(b, Emitted) and isinstance(b.type, types.Integer))
    return called(operator.pow if integer else np.power, a, b)


def _multiplied(x: Emitted, n: int) -> Emitted:
    """Return the power by squaring and multiplying, as Numba does it."""
    result = None
    while n:
        if n & 1:
            result = x if result is None else result * x
        n >>= 1
        x = x * x if n else x
    return x.constant(1.0, x.type) if result is None else result


def _square(x: Emitted) -> Any:
    return x * x


def _isinf(x: Emitted) -> Any:
    return (x == np.inf) | (x == -np.inf)


_UFUNCS: dict[Any, Callable[..., Any]] = {
    np.add: _arithmetic(np.add, "fadd", "add"),
    np.subtract: _arithmetic(np.subtract, "fsub", "sub"),
    np.multiply: _arithmetic(np.multiply, "fmul", "mul"),
    np.divide: _arithmetic(np.divide, "fdiv"),
    np.negative: _negative,
    np.positive: lambda x: x,
    np.square: _square,
    np.power: power,
    np.conjugate: lambda x: x,
    np.isnan: lambda x: x != x,  # noqa: PLR0124 - nan differs from itself
    np.isinf: _isinf,
    np.less: _comparison(np.less, "<"),
    np.less_equal: _comparison(np.less_equal, "<="),
    np.greater: _comparison(np.greater, ">"),
    np.greater_equal: _comparison(np.greater_equal, ">="),
    np.equal: _comparison(np.equal, "=="),
    np.not_equal: _comparison(np.not_equal, "!="),
    np.bitwise_and: _logical("and_"),
    np.bitwise_or: _logical("or_"),
    np.logical_and: _logical("and_"),
    np.logical_or: _logical("or_"),
    np.invert: lambda x: x.like(types.boolean, x.builder.not_(x.value)),
    np.logical_not: lambda x: x.like(types.boolean, x.builder.not_(x.value)),
}
"""Ufuncs that are an instruction or two."""

_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.where: where,
    np.real: lambda x: x,
    np.ndim: lambda x: 1,  # a formula looks at arrays, of which this is one entry
    np.ones_like: lambda x: x.constant(1, x.type),
    np.zeros_like: lambda x: x.constant(0, x.type),
    np.clip: lambda x, low, high: np.minimum(np.maximum(x, low), high),
}
"""Functions that are no ufuncs."""


# Blocks: vectors of derivatives. -------------------------------------------------------------------------------------


@functools.cache
def _indices(numbers: tuple[int, ...]) -> Any:
    return ir.Constant(ir.VectorType(ir.IntType(32), len(numbers)), list(numbers))


def shuffled(builder: Any, x: Any, numbers: Sequence[int]) -> Any:
    """Return the entries of a vector with these numbers."""
    return builder.shuffle_vector(x, ir.Constant(x.type, ir.Undefined), _indices(tuple(numbers)))


def splat(builder: Any, x: Any, n: int) -> Any:
    """Return a vector of n times the same number."""
    start = ir.Constant(ir.VectorType(x.type, n), ir.Undefined)
    return shuffled(builder, builder.insert_element(start, x, ir.Constant(ir.IntType(32), 0)), [0] * n)


class Vector:
    """A block of the code that is being generated: n derivatives, where n > 1."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value
        self.n = value.type.count

    def plus(self, other: "Vector") -> "Vector":
        """Add."""
        return Vector(self.builder, self.builder.fadd(self.value, other.value, flags=CONTRACT))

    def minus(self, other: "Vector") -> "Vector":
        """Subtract."""
        return Vector(self.builder, self.builder.fsub(self.value, other.value, flags=CONTRACT))

    def negated(self) -> "Vector":
        """Return -x."""
        return Vector(self.builder, self.builder.fneg(self.value))

    def times(self, g: Emitted, care: str) -> "Vector":
        """Return g·x; with care the product with a derivative of 0 is 0, and with the care of a selection that with a weight of 0, too."""
        b = self.builder
        product = b.fmul(splat(b, g.value, self.n), self.value, flags=CONTRACT)
        nothing = ir.Constant(self.value.type, None)
        if care == "zeros":
            product = b.select(b.fcmp_unordered("!=", self.value, nothing), product, nothing)
        elif care == "selection":
            product = b.select((g != 0.0).value, product, nothing)
        return Vector(b, product)

    def outer(self, other: Any, care: str) -> "Vector":
        """Return the products of all pairs, row by row; with care those with a derivative of 0 in the other block are 0."""
        b, n, m = self.builder, self.n, other.n if isinstance(other, Vector) else 1
        rows = shuffled(b, self.value, [i // m for i in range(n * m)])
        columns = shuffled(b, other.value, [i % m for i in range(n * m)]) if isinstance(other, Vector) else splat(b, other.value, n)
        product, nothing = b.fmul(rows, columns, flags=CONTRACT), ir.Constant(rows.type, None)
        return Vector(b, b.select(b.fcmp_unordered("!=", columns, nothing), product, nothing) if care else product)


class Single:
    """A block of one derivative, which is a number of the code."""

    n = 1

    def __init__(self, number: Emitted) -> None:
        self.number, self.value = number, number.value

    def plus(self, other: "Single") -> "Single":
        """Add."""
        return Single(self.number + other.number)

    def minus(self, other: "Single") -> "Single":
        """Subtract."""
        return Single(self.number - other.number)

    def negated(self) -> "Single":
        """Return -x."""
        return Single(-self.number)

    def times(self, g: Emitted, care: str) -> "Single":
        """As that of a vector."""
        product = g * self.number
        if isinstance(self.number.type, Carrier):
            return Single(product)
        if care == "zeros":
            product = where(self.number != 0.0, product, 0.0)
        elif care == "selection":
            product = where(g != 0.0, product, 0.0)
        return Single(product)

    def outer(self, other: Any, care: str) -> Any:
        """As that of a vector."""
        return other.times(self.number, "zeros" if care else "")


def parts(x: Emitted) -> tuple[Emitted, list[Any]]:
    """Return value and blocks of a number with derivatives."""
    b, t = x.builder, x.type
    blocks: list[Any] = []
    for i, axes in enumerate(t.blocks(), 1):
        value = b.extract_value(x.value, i)
        blocks.append(Single(x.like(t.base, value)) if t.size(axes) == 1 else Vector(b, value))
    return x.like(t.base, b.extract_value(x.value, 0)), blocks


def built(value: Emitted, t: Carrier, blocks: Sequence[Any]) -> Emitted:
    """Return the number of these parts; a block of None is zero."""
    b = value.builder
    result = b.insert_value(zero(value.context, t), value.cast(t.base).value, 0)
    for i, block in enumerate(blocks, 1):
        if block is not None:
            result = b.insert_value(result, block.value, i)
    return value.like(t, result)
