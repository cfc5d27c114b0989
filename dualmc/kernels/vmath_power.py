"""Powers, roots and lengths that LLVM vectorises."""

import math

import numpy as np

from ._float import ROUND, SIGN_BITS, bits, floor64, fma, horner, magnitude, number, power_of_two, signed, sqrt64, two_product, where
from ._jit import Real, branch_free
from .vmath_exp import exp_of_sum
from .vmath_log import log_in_two, split

INF, NAN = math.inf, math.nan
CBRT_2, CBRT_HALF = 1.2599210498948732, 0.7937005259840998

# m**(1/3) for m in [√½, √2]; least squares, 2**-19.5.
CBRT = (
    0.4227330736100545,
    1.0507896650206363,
    -0.8257596420957911,
    0.5009464383979975,
    -0.1747590597030879,
    0.02604876398734388,
)


@branch_free(np.power)
def power(x: Real, y: Real) -> Real:
    """x**y = exp(y·log|x|) with the logarithm and the product in two words, then the cases of C99."""
    a = magnitude(x)
    log, log_low = log_in_two(a)
    p, p_low = two_product(y, log)
    p_low = where(magnitude(p) < 800.0, fma(y, log_low, p_low), 0.0)
    value = exp_of_sum(p, p_low)
    grows = (a > 1.0) == (y > 0.0)
    value = where((a == 0.0) | (a == INF), where(grows, INF, 0.0), value)
    integer = floor64(y) == y
    odd = integer & (floor64(0.5 * y) != 0.5 * y)
    value = where(odd, number(bits(value) ^ (bits(x) & SIGN_BITS)), value)
    value = where((x < 0.0) & (a < INF) & ~integer, NAN, value)
    value = where((a == 1.0) & (magnitude(y) == INF), 1.0, value)
    value = where((x != x) | (y != y), NAN, value)
    return where((x == 1.0) | (y == 0.0), 1.0, value)


@branch_free(np.sqrt)
def sqrt(x: Real) -> Real:
    """√x: the processor's instruction."""
    return sqrt64(x)


@branch_free(lambda x: 1.0 / np.sqrt(x))
def rsqrt(x: Real) -> Real:
    """1 / √x."""
    return 1.0 / sqrt64(x)


@branch_free(np.cbrt)
def cbrt(x: Real) -> Real:
    """Cube root: a polynomial of degree 5 and one step of Halley, its residual exact."""
    a = magnitude(x)
    k, m = split(a)
    third = fma(k, 1.0 / 3.0, ROUND) - ROUND
    rest = fma(-3.0, third, k)
    t = horner(m, CBRT) * where(rest == 0.0, 1.0, where(rest > 0.0, CBRT_2, CBRT_HALF))
    m = m * where(rest == 0.0, 1.0, where(rest > 0.0, 2.0, 0.5))
    s, s_low = two_product(t, t)
    residual = fma(-s, t, m) - s_low * t
    t = fma(t, residual / fma(2.0, s * t, m), t)
    return where((a > 0.0) & (a < INF), signed(t * power_of_two(third), x), x)


@branch_free(np.hypot)
def hypot(x: Real, y: Real) -> Real:
    """√(x² + y²), scaled so that nothing overflows or vanishes."""
    a, b = magnitude(x), magnitude(y)
    large, small = where(a > b, a, b), where(a > b, b, a)
    up, down = large < 2.0**-500, large > 2.0**500
    factor = where(up, 2.0**600, where(down, 2.0**-600, 1.0))
    back = where(up, 2.0**-600, where(down, 2.0**600, 1.0))
    u, v = large * factor, small * factor
    value = sqrt64(fma(u, u, v * v)) * back
    return where((a == INF) | (b == INF), INF, value)
