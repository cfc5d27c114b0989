"""Operations on float64 scalars that become a few vector instructions: FMA, bits, selection, polynomials, double-double."""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

from ._jit import Real, device, intrinsic

I64, F64 = ir.IntType(64), ir.DoubleType()

ROUND = 1.5 * 2.0**52  # adding it rounds to an integer, which then stands in the low bits
EXPONENT = ROUND + 1023.0  # the same, and the integer is the exponent of a float64 once it is shifted by 52 bits
ONE_BITS = 0x3FF0000000000000
SIGN_BITS = -(2**63)
MANTISSA_BITS = 2**52 - 1
MIN_NORMAL = 2.0**-1022


@intrinsic
def fma(context: Any, x: Any, y: Any, z: Any) -> Any:
    """x·y + z, rounded once."""
    return types.float64(*[types.float64] * 3), lambda context, builder, signature, arguments: builder.fma(*arguments)


@intrinsic
def bits(context: Any, x: Any) -> Any:
    """Return the representation of a float64, an int64."""
    return types.int64(types.float64), lambda context, builder, signature, arguments: builder.bitcast(arguments[0], I64)


@intrinsic
def number(context: Any, i: Any) -> Any:
    """Return the float64 that an int64 represents."""
    return types.float64(types.int64), lambda context, builder, signature, arguments: builder.bitcast(arguments[0], F64)


@intrinsic
def where(context: Any, condition: Any, x: Any, y: Any) -> Any:
    """x if condition else y, never a branch: both are evaluated."""
    t = context.unify_types(types.unliteral(x), types.unliteral(y))
    if t is None:
        return None
    return t(types.boolean, t, t), lambda context, builder, signature, arguments: builder.select(*arguments)


def _llvm(name: str, context: Any, builder: Any, arguments: Any) -> Any:
    function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(F64, [F64]), f"llvm.{name}.f64")
    return builder.call(function, arguments)


@intrinsic
def floor64(context: Any, x: Any) -> Any:
    """Round down to an integer of type float64."""
    return types.float64(types.float64), lambda context, builder, signature, arguments: _llvm("floor", context, builder, arguments)


@intrinsic
def rint64(context: Any, x: Any) -> Any:
    """Round to the nearest integer of type float64, ties to even."""
    return types.float64(types.float64), lambda context, builder, signature, arguments: _llvm("rint", context, builder, arguments)


@intrinsic
def sqrt64(context: Any, x: Any) -> Any:
    """Square root of a float64."""
    return types.float64(types.float64), lambda context, builder, signature, arguments: _llvm("sqrt", context, builder, arguments)


@intrinsic
def horner(context: Any, x: Any, coefficients: Any) -> Any:
    """Return the polynomial whose coefficients, a tuple, stand lowest first (Horner's scheme, unrolled)."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        *rest, value = cgutils.unpack_tuple(builder, arguments[1])
        for c in reversed(rest):
            value = builder.fma(value, arguments[0], c)
        return value

    return types.float64(types.float64, types.UniTuple(types.float64, len(coefficients))), emit


@intrinsic
def estrin(context: Any, x: Any, coefficients: Any) -> Any:
    """Return the same polynomial with fewer steps that wait for each other (Estrin's scheme), for small |x|: it rounds once more."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        power, terms = arguments[0], list(cgutils.unpack_tuple(builder, arguments[1]))
        while len(terms) > 1:
            pairs = [builder.fma(b, power, a) for a, b in zip(terms[::2], terms[1::2], strict=False)]
            terms = pairs + terms[2 * len(pairs) :]
            power = builder.fmul(power, power)
        return terms[0]

    return types.float64(types.float64, types.UniTuple(types.float64, len(coefficients))), emit


@device
def magnitude(x: Real) -> Real:
    """|x|."""
    return number(bits(x) & ~SIGN_BITS)


@device
def signed(x: Real, sign: Real) -> Real:
    """x, which is not negative, with the sign of the second argument added to its own."""
    return number(bits(x) ^ (bits(sign) & SIGN_BITS))


@device
def at_most(x: Real, bound: Real) -> Real:
    """Return the smaller one; nan if x is."""
    return where(x > bound, bound, x)


@device
def at_least(x: Real, bound: Real) -> Real:
    """Return the larger one; nan if x is."""
    return where(x < bound, bound, x)


@device
def power_of_two(k: Real) -> Real:
    """2**k for an integer |k| < 1023."""
    return number(bits(k + EXPONENT) << 52)


@device
def scaled(x: Real, k: Real) -> Real:
    """x·2**k for an integer |k| < 2044 and x near 1: in two steps, of which only the second may round."""
    t = fma(k, 0.5, EXPONENT)
    return x * number(bits(t) << 52) * power_of_two(k - (t - EXPONENT))


@device
def two_sum(x: Real, y: Real) -> Real:
    """x + y and its rounding error (Knuth)."""
    s = x + y
    t = s - x
    return s, (x - (s - t)) + (y - t)


@device
def fast_two_sum(x: Real, y: Real) -> Real:
    """x + y and its rounding error, for |x| ≥ |y| or x = 0 (Dekker)."""
    s = x + y
    return s, y - (s - x)


@device
def two_product(x: Real, y: Real) -> Real:
    """x·y and its rounding error."""
    p = x * y
    return p, fma(x, y, -p)


@device
def quotient(n: Real, n_low: Real, d: Real, d_low: Real) -> Real:
    """(n + n_low) / (d + d_low) in two words, with one division."""
    inverse = 1.0 / d
    q = n * inverse
    return q, (fma(-q, d, n) + fma(-q, d_low, n_low)) * inverse
