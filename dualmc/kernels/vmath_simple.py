"""Choices, signs and tests of scalars, which are a few instructions anyway."""

import math
from typing import Any

import numpy as np

from ._float import floor64, magnitude, rint64, signed, where
from ._jit import Real, branch_free, device, intrinsic

INF = math.inf

__all__ = ["where"]


@intrinsic
def ones_like(context: Any, x: Any) -> Any:
    """1 of the type of x."""
    return x(x), lambda context, builder, signature, arguments: context.get_constant(signature.return_type, 1)


@intrinsic
def zeros_like(context: Any, x: Any) -> Any:
    """0 of the type of x."""
    return x(x), lambda context, builder, signature, arguments: context.get_constant(signature.return_type, 0)


@device
def ndim(x: Real) -> int:
    """1: a number in a kernel is an entry of an array."""
    return 1


@device
def sign(x: Real) -> Real:
    """-1, 0 or 1; nan for nan."""
    one, zero = ones_like(x), zeros_like(x)
    return where(x > 0, one, where(x < 0, -one, where(x == 0, zero, x)))


@device
def absolute(x: Real) -> Real:
    """|x|."""
    return abs(x)


@device
def add(x: Real, y: Real) -> Real:
    """x + y."""
    return x + y


@device
def subtract(x: Real, y: Real) -> Real:
    """x - y."""
    return x - y


@device
def multiply(x: Real, y: Real) -> Real:
    """x·y."""
    return x * y


@device
def divide(x: Real, y: Real) -> Real:
    """x / y."""
    return x / y


@device
def negative(x: Real) -> Real:
    """-x."""
    return -x


@device
def square(x: Real) -> Real:
    """x·x."""
    return x * x


@device
def reciprocal(x: Real) -> Real:
    """1 / x."""
    return ones_like(x) / x


@device
def conjugate(x: Real) -> Real:
    """x: of a real number, itself."""
    return x


positive = real = conjugate


@branch_free(np.degrees)
def degrees(x: Real) -> Real:
    """x·180/π."""
    return x * (180.0 / math.pi)


@branch_free(np.radians)
def radians(x: Real) -> Real:
    """x·π/180."""
    return x * (math.pi / 180.0)


@device
def heaviside(x: Real, at_zero: Real) -> Real:
    """0 below 0, 1 above, at_zero at 0; nan for nan."""
    zero = zeros_like(x)
    return where(x < 0, zero, where(x > 0, ones_like(x), where(x == 0, at_zero, x)))


@device
def maximum(x: Real, y: Real) -> Real:
    """Return the larger one; nan if either is."""
    return where((x >= y) | (x != x), x, y)


@device
def minimum(x: Real, y: Real) -> Real:
    """Return the smaller one; nan if either is."""
    return where((x <= y) | (x != x), x, y)


@device
def fmax(x: Real, y: Real) -> Real:
    """Return the larger one; the other if one is nan."""
    return where((x >= y) | (y != y), x, y)


@device
def fmin(x: Real, y: Real) -> Real:
    """Return the smaller one; the other if one is nan."""
    return where((x <= y) | (y != y), x, y)


@device
def clip(x: Real, low: Real, high: Real) -> Real:
    """Return min(max(x, low), high), as NumPy orders them."""
    return minimum(maximum(x, low), high)


@device
def isnan(x: Real) -> Real:
    """Whether x is nan."""
    return x != x


@device
def isinf(x: Real) -> Real:
    """Whether x is ∞ or -∞."""
    return (x == INF) | (x == -INF)


@device
def isfinite(x: Real) -> Real:
    """Whether x is neither infinite nor nan."""
    return (x < INF) & (x > -INF)


@branch_free(np.copysign)
def copysign(x: Real, y: Real) -> Real:
    """|x| with the sign bit of y."""
    return signed(magnitude(x), y)


@branch_free(np.floor)
def floor(x: Real) -> Real:
    """Round down to an integer."""
    return floor64(x)


@branch_free(np.rint)
def rint(x: Real) -> Real:
    """Round to the nearest integer, ties to even."""
    return rint64(x)
