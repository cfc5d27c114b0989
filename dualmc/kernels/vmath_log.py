"""Logarithms that LLVM vectorises, and the inverse hyperbolic functions, which are logarithms."""

import math

import numpy as np

from ._float import (
    MANTISSA_BITS,
    MIN_NORMAL,
    ONE_BITS,
    at_most,
    bits,
    estrin,
    fast_two_sum,
    fma,
    horner,
    magnitude,
    number,
    power_of_two,
    quotient,
    signed,
    sqrt64,
    two_product,
    two_sum,
    where,
)
from ._jit import Real, branch_free, device

INF, NAN = math.inf, math.nan
LN2, LN2_LOW = 0.6931471805599453, 2.3190468138462996e-17
LN2_SHORT, LN2_REST = 0.6931471803691238, 1.9082149292705877e-10  # 32 bits, whose products with exponents are exact
LOG2_E, LOG2_E_LOW = 1.4426950408889634, 2.0355273740931033e-17
LOG10_E, LOG10_E_LOW = 0.4342944819032518, 1.098319650216765e-17
LOG10_2_SHORT, LOG10_2_REST = 0.301029995663157, 8.241712586023572e-13
TWO_THIRDS, TWO_THIRDS_LOW = 0.6666666666666666, 3.700743415417188e-17
SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
TWO52_BITS = 0x4330000000000000

# (log((1 + s)/(1 - s)) - 2s) / s³ in z = s² < 0.02945; weighted least squares, 2**-58.1.
LOG = (
    0.6666666666666736,
    0.39999999999403496,
    0.28571428744521193,
    0.22222198376873564,
    0.18183573736114841,
    0.15313824139408538,
    0.14798110329054243,
)
# The same without its first term 2/3, over z; 2**-64.4.
LOG_TAIL = (
    0.40000000000002384,
    0.2857142857004844,
    0.22222222527968025,
    0.1818178373275356,
    0.15386784086523722,
    0.1325624046668229,
    0.13201339658058714,
)


@device
def split_normal(x: Real) -> Real:
    """Return the integer k and m in [√½, √2) with x = m·2**k, for a positive normal x."""
    i = bits(x) + (ONE_BITS - SQRT_HALF_BITS)
    k = number(((i >> 52) & 0x7FF) | TWO52_BITS) - (2.0**52 + 1023.0)
    return k, number((i & MANTISSA_BITS) + SQRT_HALF_BITS)


@device
def split(x: Real) -> Real:
    """Return the integer k and m in [√½, √2) with x = m·2**k, for a positive x."""
    tiny = x < MIN_NORMAL
    k, m = split_normal(where(tiny, x * 2.0**54, x))
    return k - where(tiny, 54.0, 0.0), m


@device
def log_rest(f: Real) -> Real:
    """log(1 + f) - f for 1 + f in [√½, √2): with s = f/(2 + f), it is s·(f²/2 + s²·P(s²)) - f²/2 (the scheme of fdlibm)."""
    s = f / (2.0 + f)
    z = s * s
    h = 0.5 * f * f
    return fma(s, fma(z, estrin(z, LOG), h), -h)


@device
def with_edges(x: Real, value: Real) -> Real:
    """Return the value of a logarithm with those at 0, ∞ and below 0."""
    return where(x > 0.0, where(x < INF, value, INF), where(x == 0.0, -INF, NAN))


@device
def log_of_sum(x: Real, low: Real, k0: Real) -> Real:
    """k0·log 2 + log(x + low) for a positive normal x and a low that is at most an ulp of it; precise also near 1."""
    k, m = split_normal(x)
    f = m - 1.0
    low = low * power_of_two(-at_most(k, 1000.0)) * fma(f, f - 1.0, 1.0)
    k = k + k0
    return fma(k, LN2, f + (log_rest(f) + fma(k, LN2_LOW, low)))


@device
def log_in_two(x: Real) -> Real:
    """log(x) for a positive x as a sum of two words, right to 2**-64."""
    k, m = split(x)
    d, d_low = fast_two_sum(1.0, m)
    s, s_low = quotient(m - 1.0, 0.0, d, d_low)
    z, z_low = two_product(s, s)
    z_low = fma(2.0 * s, s_low, z_low)
    c, c_low = two_product(z, s)
    c_low += fma(z, s_low, z_low * s)
    t, t_low = two_product(c, TWO_THIRDS)
    t_low += fma(c, TWO_THIRDS_LOW, c_low * TWO_THIRDS)
    high, low = fast_two_sum(2.0 * s, t)
    low += fma(2.0, s_low, fma(c * z, horner(z, LOG_TAIL), t_low))
    high, more = fast_two_sum(k * LN2_SHORT, high)
    return fast_two_sum(high, more + fma(k, LN2_REST, low))


@branch_free(np.log)
def log(x: Real) -> Real:
    """log(x): exponent and a polynomial in s = f/(2 + f), f = m - 1."""
    k, m = split(x)
    f = m - 1.0
    return with_edges(x, fma(k, LN2, f + fma(k, LN2_LOW, log_rest(f))))


@branch_free(np.log2)
def log2(x: Real) -> Real:
    """log2(x): as log, the mantissa's part times 1/log 2 in two words."""
    k, m = split(x)
    f = m - 1.0
    h, low = two_product(f, LOG2_E)
    s, more = fast_two_sum(k, h)
    return with_edges(x, s + (more + (low + fma(f, LOG2_E_LOW, log_rest(f) * LOG2_E))))


@branch_free(np.log10)
def log10(x: Real) -> Real:
    """log10(x): as log2, with the exponent's part in two words too."""
    k, m = split(x)
    f = m - 1.0
    h, low = two_product(f, LOG10_E)
    s, more = fast_two_sum(k * LOG10_2_SHORT, h)
    low += fma(f, LOG10_E_LOW, log_rest(f) * LOG10_E)
    return with_edges(x, s + (more + fma(k, LOG10_2_REST, low)))


@branch_free(np.log1p)
def log1p(x: Real) -> Real:
    """log(1 + x): the logarithm of the sum in two words."""
    u, low = two_sum(1.0, x)
    return where(x == 0.0, x, with_edges(u, log_of_sum(u, low, 0.0)))


@branch_free(np.arcsinh)
def arcsinh(x: Real) -> Real:
    """arcsinh(x) = log(|x| + √(x² + 1)), the argument in two words; log(2|x|) from 2**28."""
    a = magnitude(x)
    large, small = a > 2.0**28, a < 2.0**-28
    s, s_low = two_product(a, a)
    s, more = two_sum(1.0, s)
    r = sqrt64(s)
    r_low = (fma(-r, r, s) + (more + s_low)) / (2.0 * r)
    u, low = two_sum(a, r)
    value = log_of_sum(where(large, a, u), where(large, 0.0, low + r_low), where(large, 1.0, 0.0))
    return signed(where(small, fma(-a * a, a / 6.0, a), where(a < INF, value, a)), x)


@branch_free(np.arccosh)
def arccosh(x: Real) -> Real:
    """arccosh(x) = log(x + √(x² - 1)), the argument in two words; log(2x) from 2**28."""
    large = x > 2.0**28
    s, s_low = two_product(x, x)
    s, more = two_sum(s, -1.0)
    s, s_low = fast_two_sum(s, more + s_low)
    r = sqrt64(s)
    r_low = where(s > 0.0, (fma(-r, r, s) + s_low) / (2.0 * r), 0.0)
    u, low = two_sum(x, r)
    value = log_of_sum(where(large, x, u), where(large, 0.0, low + r_low), where(large, 1.0, 0.0))
    return where(x >= 1.0, where(x < INF, value, INF), NAN)


@branch_free(np.arctanh)
def arctanh(x: Real) -> Real:
    """arctanh(x) = log(1 + 2|x|/(1 - |x|)) / 2, the argument in two words."""
    a = magnitude(x)
    d, d_low = two_sum(1.0, -a)
    q, q_low = quotient(2.0 * a, 0.0, d, d_low)
    u, low = two_sum(1.0, q)
    value = where(a < 2.0**-28, fma(a * a, a / 3.0, a), 0.5 * log_of_sum(u, low + q_low, 0.0))
    return signed(where(a < 1.0, value, where(a == 1.0, INF, NAN)), x)
