"""Exponentials that LLVM vectorises: exp and its relatives, hyperbolic functions, logistic functions, erf."""

import math

import numpy as np

from ._float import (
    ROUND,
    at_least,
    at_most,
    estrin,
    fast_two_sum,
    fma,
    horner,
    magnitude,
    power_of_two,
    quotient,
    scaled,
    signed,
    two_sum,
    where,
)
from ._jit import Real, branch_free, device
from .vmath_log import log_of_sum

LOG2_E = 1.4426950408889634
LN2, LN2_LOW = 0.6931471805599453, 2.3190468138462996e-17

# (exp(r) - 1 - r - r²/2) / r³ for |r| < 0.3476; weighted least squares, 2**-55.0 of r in the result.
EXP = (
    0.16666666666666677,
    0.04166666666661687,
    0.008333333333321147,
    0.0013888888921857062,
    0.00019841269887375522,
    2.4801514553396905e-05,
    2.7557242920068887e-06,
    2.762297719287212e-07,
    2.510949868310468e-08,
)
# (sinh(x) - x) / x³ in z = x² < 1; 2**-56.3.
SINH = (
    0.16666666666666669,
    0.008333333333333135,
    0.00019841269841439825,
    2.7557319154765e-06,
    2.5052123477716892e-08,
    1.6057234854769625e-10,
    7.759462749433681e-13,
)
# erf(x) / x - 1 in z = x² < 1; 2**-55.9.
ERF = (
    0.12837916709551256,
    -0.37612638903183543,
    0.1128379167094513,
    -0.026866170643256995,
    0.005223977607269946,
    -0.0008548325982543225,
    0.00012055295112667001,
    -1.4924740785377576e-05,
    1.6447471190594618e-06,
    -1.6208829856810202e-07,
    1.3721520406351094e-08,
    -7.798543850549947e-10,
)
# log(erfc(1 + s)) for 0 < s < 5, weighted with erfc; 2**-55.8.
LOG_ERFC = (
    -1.8496055099332482,
    -2.6389675142347744,
    -0.8431072563594868,
    -0.04156109802356125,
    0.010033825163216803,
    -0.001977901117529822,
    0.00023731604488850123,
    2.6297375124214334e-05,
    -2.720095113932413e-05,
    9.67405896444351e-06,
    -2.134585285128484e-06,
    2.0671940943277644e-07,
    5.7010203325599016e-08,
    -3.3013941449174867e-08,
    8.419664887250823e-09,
    -1.3019201033622317e-09,
    1.1756291244225365e-10,
    -4.7841387941070134e-12,
)


@device
def reduced(x: Real) -> Real:
    """Return the integer k, r and r_low with x = k·log 2 + r + r_low and |r| < 0.3476 (Cody & Waite)."""
    k = fma(x, LOG2_E, ROUND) - ROUND
    a = fma(-k, LN2, x)
    r = fma(-k, LN2_LOW, a)
    return k, r, fma(-k, LN2_LOW, a - r)


@device
def bounded(x: Real) -> Real:
    """Return the nearest number whose exponential overflows or vanishes at most just so."""
    return at_least(at_most(x, 710.0), -746.0)


@device
def tail(r: Real) -> Real:
    """exp(r) - 1 - r for a reduced r."""
    return r * r * fma(r, estrin(r, EXP), 0.5)


@device
def exp_of_sum(x: Real, low: Real) -> Real:
    """exp(x + low), for a low that is at most an ulp of x; right up to overflow, and where the result is subnormal."""
    k, r, r_low = reduced(bounded(x))
    r, more = two_sum(r, low)
    return scaled(1.0 + (r + (tail(r) + (r_low + more))), k)


@device
def expm1_in_two(x: Real) -> Real:
    """exp(x) - 1 for x ≤ 710 as a sum of two words, and a factor of it: 2 close to overflow, else 1."""
    k, r, r_low = reduced(x)
    s = power_of_two(at_least(at_most(k, 1023.0), -100.0))
    a = s - 1.0
    high = fma(s, r, a)
    return high, fma(s, tail(r) + r_low, fma(s, r, a - high)), where(k > 1023.0, 2.0, 1.0)


@branch_free(np.exp)
def exp(x: Real) -> Real:
    """exp(x): argument reduction by log 2 and a polynomial of degree 11."""
    k, r, _ = reduced(bounded(x))
    return scaled(1.0 + (r + tail(r)), k)


@branch_free(np.exp2)
def exp2(x: Real) -> Real:
    """2**x: the fraction times log 2 in two words, then as exp."""
    x = at_least(at_most(x, 1025.0), -1080.0)
    k = (x + ROUND) - ROUND
    f = x - k
    r = f * LN2
    low = fma(f, LN2, -r) + f * LN2_LOW
    return scaled(1.0 + (r + (tail(r) + low)), k)


@branch_free(np.expm1)
def expm1(x: Real) -> Real:
    """exp(x) - 1: as exp, with 2**k - 1 added to the polynomial in two words."""
    high, low, factor = expm1_in_two(bounded(x))
    return where(x == 0.0, x, (high + low) * factor)


@device
def half_exp(x: Real) -> Real:
    """exp(x) / 2 for x ≥ 0, without overflow where only exp(x) overflows."""
    k, r, r_low = reduced(at_most(x, 711.5))
    return scaled(1.0 + (r + (tail(r) + r_low)), k - 1.0)


@branch_free(np.sinh)
def sinh(x: Real) -> Real:
    """sinh(x): a polynomial below 1, else exp(x)/2 - 1/(2 exp(x))."""
    a = magnitude(x)
    e = half_exp(a)
    z = a * a
    return signed(where(a < 1.0, fma(a * z, horner(z, SINH), a), e - 0.25 / e), x)


@branch_free(np.cosh)
def cosh(x: Real) -> Real:
    """cosh(x) = exp(x)/2 + 1/(2 exp(x))."""
    e = half_exp(magnitude(x))
    return e + 0.25 / e


@branch_free(np.tanh)
def tanh(x: Real) -> Real:
    """tanh(x) = e / (e + 2) for e = exp(2x) - 1, in two words."""
    e, e_low, _ = expm1_in_two(2.0 * at_most(magnitude(x), 20.0))
    d, d_low = two_sum(2.0, e)
    d, d_low = fast_two_sum(d, d_low + e_low)
    q, q_low = quotient(e, e_low, d, d_low)
    return signed(q + q_low, x)


@branch_free(lambda x: np.exp(min(x, 0.0)) / (1.0 + np.exp(-abs(x))))
def sigmoid(x: Real) -> Real:
    """1 / (1 + exp(-x)): with exp(-|x|) in two words, so that nothing overflows."""
    k, r, _ = reduced(bounded(-magnitude(x)))
    p, p_low = fast_two_sum(1.0, r + tail(r))
    e, e_low = scaled(p, k), scaled(p_low, k)
    d, d_low = fast_two_sum(1.0, e)
    q, q_low = quotient(where(x < 0.0, e, 1.0), where(x < 0.0, e_low, 0.0), d, d_low + e_low)
    return q + q_low


@device
def log1p_below_one(e: Real) -> Real:
    """log(1 + e) for 0 ≤ e ≤ 1."""
    u, low = two_sum(1.0, e)
    return where(e < 1e-17, e, log_of_sum(u, low, 0.0))


@branch_free(lambda x: max(x, 0.0) + np.log1p(np.exp(-abs(x))))
def softplus(x: Real) -> Real:
    """log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|))."""
    return at_least(x, 0.0) + log1p_below_one(exp(-magnitude(x)))


@branch_free(np.logaddexp)
def logaddexp(x: Real, y: Real) -> Real:
    """log(exp(x) + exp(y)) = max(x, y) + log(1 + exp(-|x - y|)); an ulp of the larger term, as NumPy's."""
    return where(x == y, x + LN2, where(x > y, x, y) + log1p_below_one(exp(-magnitude(x - y))))


@branch_free(np.logaddexp2)
def logaddexp2(x: Real, y: Real) -> Real:
    """log2(2**x + 2**y), as logaddexp."""
    return where(x == y, x + 1.0, where(x > y, x, y) + LOG2_E * log1p_below_one(exp2(-magnitude(x - y))))


@branch_free(math.erf)
def erf(x: Real) -> Real:
    """erf(x): a polynomial below 1, else 1 - exp of a polynomial that stands for log(erfc(x))."""
    a = at_most(magnitude(x), 6.0)
    z = a * a
    k, r, _ = reduced(horner(a - 1.0, LOG_ERFC))
    far = 1.0 - (1.0 + (r + tail(r))) * power_of_two(k)
    return signed(where(a < 1.0, fma(a, horner(z, ERF), a), far), x)
