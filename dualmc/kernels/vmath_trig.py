"""Trigonometric functions and their inverses that LLVM vectorises."""

import numpy as np

from ._float import (
    ROUND,
    SIGN_BITS,
    at_most,
    bits,
    fast_two_sum,
    fma,
    horner,
    magnitude,
    number,
    quotient,
    signed,
    sqrt64,
    two_sum,
    where,
)
from ._jit import Real, branch_free, device

INF, NAN = np.inf, np.nan
TWO_OVER_PI = 0.6366197723675814
# π/2 in parts of 33 bits, whose products with integers below 2**20 are exact, and the rest.
HALF_PI_1, HALF_PI_2, HALF_PI_3 = 1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21
HALF_PI, HALF_PI_LOW, HALF_PI_LOWEST = 1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33
PI, PI_LOW = 3.141592653589793, 1.2246467991473532e-16
QUARTER_PI, QUARTER_PI_LOW = 0.7853981633974483, 3.061616997868383e-17
TAN_PI_8, TAN_3PI_8 = 0.41421356237309503, 2.414213562373095

# (sin(r) - r) / r³ in z = r² < 0.625; weighted least squares, 2**-56.3.
SIN = (
    -0.16666666666666627,
    0.008333333333321466,
    -0.00019841269829058844,
    2.755731343223695e-06,
    -2.5050717232492382e-08,
    1.5894405732196186e-10,
)
# (cos(r) - 1 + z/2) / z²; 2**-59.9.
COS = (
    0.04166666666666659,
    -0.0013888888888872585,
    2.4801587288540473e-05,
    -2.7557314083127965e-07,
    2.087568685192718e-09,
    -1.1357763959395116e-11,
)
# (arctan(t) - t) / t³ in z = t² < 0.1717; 2**-57.8.
ARCTAN = (
    -0.33333333333333187,
    0.19999999999951487,
    -0.1428571428000972,
    0.11111110774982694,
    -0.09090897532714387,
    0.07692056476336083,
    -0.06663064000592937,
    0.058476127574892754,
    -0.05038115518701018,
    0.03803559569795575,
    -0.017876686148611338,
)
# (arcsin(s) - s) / s³ in z = s² < 0.25; 2**-58.4.
ARCSIN = (
    0.1666666666666676,
    0.07499999999970997,
    0.04464285717430074,
    0.030381942726351436,
    0.02237221439686639,
    0.017351623457583357,
    0.013980676388246932,
    0.011400132004304689,
    0.010773256451690326,
    0.0037332587328423017,
    0.021641408484405354,
    -0.020904939185592837,
    0.03256950285085093,
)


@device
def octant(x: Real) -> Real:
    """Return the integer q and r, r_low with x = q·π/2 + r + r_low and |r| < 0.79 (Cody & Waite, 159 bits of π/2)."""
    t = fma(x, TWO_OVER_PI, ROUND)
    k = t - ROUND
    a = fma(-k, HALF_PI, x)
    w = k * HALF_PI_LOW
    r, low = two_sum(a, -w)
    r, low = fast_two_sum(r, low - fma(k, HALF_PI_LOWEST, fma(k, HALF_PI_LOW, -w)))
    return bits(t), r, low


@device
def sin_rest(r: Real, low: Real) -> Real:
    """sin(r + low) - r for |r| < 0.79."""
    z = r * r
    return fma(z * r, horner(z, SIN), low * fma(z, -0.5, 1.0))


@device
def cos_in_two(r: Real, low: Real) -> Real:
    """cos(r + low) for |r| < 0.79 as a sum of two words."""
    z = r * r
    c = fma(z, -0.5, 1.0)
    return c, fma(z * z, horner(z, COS), fma(z, -0.5, 1.0 - c) - r * low)


@device
def quarter(x: Real) -> Real:
    """Return the integer q and r with x = q·π/2 + r and |r| < 0.79, for |x| up to 1e5 (Cody & Waite 1980)."""
    t = fma(x, TWO_OVER_PI, ROUND)
    k = t - ROUND
    return bits(t), fma(-k, HALF_PI_3, fma(-k, HALF_PI_2, fma(-k, HALF_PI_1, x)))


@device
def both(r: Real) -> Real:
    """sin(r) and cos(r) for |r| < 0.79."""
    z = r * r
    return fma(z * r, horner(z, SIN), r), fma(z * z, horner(z, COS), fma(z, -0.5, 1.0))


@branch_free(np.sin)
def sin(x: Real) -> Real:
    """sin(x): reduction by multiples of π/2, and both polynomials, one of which is selected."""
    q, r = quarter(x)
    s, c = both(r)
    value = where((q & 1) != 0, c, s)
    return where(x == 0.0, x, number(bits(value) ^ ((q << 62) & SIGN_BITS)))


@branch_free(np.cos)
def cos(x: Real) -> Real:
    """cos(x): as sin, a quarter turn on."""
    q, r = quarter(x)
    s, c = both(r)
    value = where((q & 1) != 0, s, c)
    return number(bits(value) ^ (((q + 1) << 62) & SIGN_BITS))


@device
def sincos(x: Real) -> Real:
    """sin(x) and cos(x): LLVM finds what they share."""
    return sin(x), cos(x)


@branch_free(np.tan)
def tan(x: Real) -> Real:
    """tan(x): the quotient of sine and cosine in two words."""
    q, r, low = octant(x)
    c, c_low = cos_in_two(r, low)
    s, s_low = r, sin_rest(r, low)
    odd = (q & 1) != 0
    d, d_low = fast_two_sum(where(odd, s, c), where(odd, s_low, c_low))
    t, t_low = quotient(where(odd, c, s), where(odd, c_low, s_low), d, d_low)
    return where(x == 0.0, x, number(bits(t + t_low) ^ ((q << 63) & SIGN_BITS)))


@device
def angle(n: Real, d: Real, behind: Real) -> Real:
    """arctan(n / d) for n, d ≥ 0 and finite, or π minus it if behind: reduction by multiples of π/4 to |t| < tan(π/8)."""
    far, near = n > TAN_3PI_8 * d, n < TAN_PI_8 * d
    difference, difference_low = two_sum(n, -d)
    total, total_low = two_sum(n, d)
    top = where(far, -d, where(near, n, difference))
    top_low = where(far | near, 0.0, difference_low)
    bottom = where(far, n, where(near, d, total))
    bottom_low = where(far | near, 0.0, total_low)
    t, t_low = quotient(top, top_low, bottom, bottom_low)
    base = where(far, HALF_PI, where(near, where(behind, PI, 0.0), where(behind, 3 * QUARTER_PI, QUARTER_PI)))
    base_low = where(far, HALF_PI_LOW, where(near, where(behind, PI_LOW, 0.0), where(behind, 3 * QUARTER_PI_LOW, QUARTER_PI_LOW)))
    t, t_low = where(behind, -t, t), where(behind, -t_low, t_low)
    z = t * t
    high, low = fast_two_sum(base, t)
    return high + (low + fma(z * t, horner(z, ARCTAN), t_low + base_low))


@branch_free(np.arctan)
def arctan(x: Real) -> Real:
    """arctan(x): reduction to |t| < tan(π/8) with one division, and an odd polynomial of degree 23."""
    return signed(angle(at_most(magnitude(x), 2.0**64), 1.0, False), x)


@branch_free(np.arctan2)
def arctan2(y: Real, x: Real) -> Real:
    """Angle of the point (x, y): as arctan, of |y| / |x|, then the quadrant."""
    n, d = magnitude(y), magnitude(x)
    largest = where(n > d, n, d)
    factor = where(largest > 2.0**1020, 0.25, where(largest < 2.0**-900, 2.0**150, 1.0))
    infinite = largest == INF
    n, d = where(infinite, where(n == INF, 1.0, 0.0), n * factor), where(infinite, where(d == INF, 1.0, 0.0), d * factor)
    value = angle(n, where(largest == 0.0, 1.0, d), bits(x) < 0)
    return where((x != x) | (y != y), NAN, signed(value, y))


@device
def arcsin_parts(x: Real) -> Real:
    """Whether a = |x| > ½, and s and arcsin(s) - s for s = √((1 - a)/2) there, else s = a."""
    a = magnitude(x)
    large = a > 0.5
    h = fma(a, -0.5, 0.5)
    z = where(large, h, a * a)
    s = where(large, sqrt64(h), a)
    return large, s, s * z * horner(z, ARCSIN)


@branch_free(np.arcsin)
def arcsin(x: Real) -> Real:
    """arcsin(x): an odd polynomial of degree 27 up to ½, else π/2 - 2 arcsin(√((1 - |x|)/2))."""
    large, s, rest = arcsin_parts(x)
    top, top_low = fast_two_sum(HALF_PI, -2.0 * s)
    return signed(where(large, top + (top_low + fma(-2.0, rest, HALF_PI_LOW)), s + rest), x)


@branch_free(np.arccos)
def arccos(x: Real) -> Real:
    """arccos(x) = π/2 - arcsin(x) up to ½, else 2 arcsin(√((1 - |x|)/2)), or π minus it."""
    large, s, rest = arcsin_parts(x)
    negative = bits(x) < 0
    base = where(large, where(negative, PI, 0.0), HALF_PI)
    base_low = where(large, where(negative, PI_LOW, 0.0), HALF_PI_LOW)
    factor = where(large, 2.0, 1.0) * where(large != negative, 1.0, -1.0)
    top, top_low = fast_two_sum(base, factor * s)
    return top + (top_low + fma(factor, rest, base_low))
