"""Local partials of the error function's family, and of entropies, logistic functions and losses in scipy.special."""

import math

import numpy as np
import scipy.special as sc  # type: ignore[import-untyped]

from .._typing import Array
from .rule import ABOVE_MINUS_ONE, POSITIVE, REAL, SMALL, UNIT, ZERO, Domain, Edge
from .special_entry import by_size, entry, polynomial, twin

INF = math.inf
ROOT_PI = math.sqrt(math.pi)
C = 2 / ROOT_PI
PHI = 1 / math.sqrt(2 * math.pi)
LN10 = math.log(10.0)
PROBABILITY = Domain("0 < x < 1", 0.05, 0.95)
ABOVE_ZERO_BELOW_TWO = Domain("0 < x < 2", 0.1, 1.9)
WIDE = Domain("ℝ", -4.0, 4.0)

# Named bodies for partials that need more than a line. -------------------------------------------------------


def _repeated_integrals(x: Array) -> tuple[Array, Array]:
    """
    Return the ratios i¹erfc/erfc and i²erfc/i¹erfc for x > 2.

    Their backward recurrence (DLMF 7.18.7) has positive terms only: nothing cancels, however large x is.
    """
    r: Array = 0 * x + 0.1
    for n in range(80, 2, -1):
        r = 1 / (2 * x + 2 * n * r)
    return 1 / (2 * x + 4 * r), r


def log_slope_of_erfcx(x: Array) -> Array:
    """-erfcx'(x) / (2·erfcx(x)), the first of those ratios, for any x."""
    large = np.real(x) > 2
    far = _repeated_integrals(np.where(large, x, 3))[0]
    x = np.where(large, 0, x)
    return np.where(large, far, 1 / (ROOT_PI * sc.erfcx(x)) - x)


def _erfcx_d(ans: Array, x: Array) -> Array:
    """2x·erfcx(x) - 2/√π, without cancellation (DLMF 7.18.4)."""
    large = np.real(x) > 2
    r, _ = _repeated_integrals(np.where(large, x, 3))
    return np.where(large, -2 * ans * r, 2 * np.where(large, 0, x) * ans - C)


def _erfcx_dd(ans: Array, x: Array) -> Array:
    """Return the second derivative, (-2)²·2!·exp(x²)·i²erfc(x) (DLMF 7.18.4)."""
    large = np.real(x) > 2
    r, s = _repeated_integrals(np.where(large, x, 3))
    x = np.where(large, 0, x)
    return np.where(large, 8 * ans * r * s, 2 * ans + 2 * x * (2 * x * ans - C))


_DAWSN = [math.prod(range(1, 2 * k + 2, 2)) / 2 ** (k + 1) for k in range(20)]


def _dawsn_d(ans: Array, x: Array) -> Array:
    """1 - 2x·dawsn(x); for large x its asymptotic series (DLMF 7.12.3, differentiated), which does not cancel."""
    far = lambda x: -polynomial(_DAWSN, 1 / (x * x)) / (x * x)
    return np.where(np.abs(x) < 8, 1 - 2 * x * ans, by_size(x, 8.0, lambda x: x, far))


def _dawsn_dd(ans: Array, x: Array) -> Array:
    far = lambda x: polynomial([(2 * k + 2) * c for k, c in enumerate(_DAWSN)], 1 / (x * x)) / (x * x * x)
    return np.where(np.abs(x) < 8, -2 * ans - 2 * x * (1 - 2 * x * ans), by_size(x, 8.0, lambda x: x, far))


def _zero_times(x: Array, y: Array) -> Array:
    """X / y, and 0 where both are 0."""
    zero = (x == 0) & (y == 0)
    return np.where(zero, 0, x / np.where(zero, 1, y))


def _log_ratio(ans: Array, x: Array, y: Array) -> Array:
    """log(x / y) as rel_entr has it: exact for x near y, without overflow, and -inf at x = 0."""
    zero = x == 0
    x = np.where(zero, 1, x)
    return np.where(zero, -INF, sc.rel_entr(x, np.where(zero, 1, y)) / x)


def _excess(delta: Array, r: Array) -> Array:
    """(h - δ) / h for h = √(δ² + r²), without cancellation or overflow."""
    h = np.hypot(delta, r)
    return r / h * (r / (h + delta))


_EXPREL_D = [(k + 1) / math.factorial(k + 2) for k in range(20)]
_EXPREL_DD = [(k + 1) * (k + 2) / math.factorial(k + 3) for k in range(20)]


def exprel_d(x: Array) -> Array:
    """(eˣ - exprel(x)) / x, and its series near 0."""
    return by_size(x, 1.0, lambda x: polynomial(_EXPREL_D, x), lambda x: (np.exp(x) - sc.exprel(x)) / x)


def exprel_dd(x: Array) -> Array:
    return by_size(x, 1.0, lambda x: polynomial(_EXPREL_DD, x), lambda x: (np.exp(x) - 2 * exprel_d(x)) / x)


_G = [(-1) ** k / (k + 1) for k in range(34)]


def log_slope(u: Array) -> Array:
    """g(u) = log(1+u) / u."""
    return by_size(u, 0.25, lambda u: polynomial(_G, u), lambda u: np.log1p(u) / u)


def log_slope_d(u: Array) -> Array:
    """g'(u)."""
    near = [k * c for k, c in enumerate(_G)][1:]
    return by_size(u, 0.25, lambda u: polynomial(near, u), lambda u: (1 / (1 + u) - np.log1p(u) / u) / u)


def log_slope_dd(u: Array) -> Array:
    """g''(u)."""
    near = [k * (k - 1) * c for k, c in enumerate(_G)][2:]
    far = lambda u: (-1 / (1 + u) ** 2 - 2 * (1 / (1 + u) - np.log1p(u) / u) / u) / u
    return by_size(u, 0.25, lambda u: polynomial(near, u), far)


# The error function and the normal distribution. -------------------------------------------------------------

entry(sc.erf, on=[REAL], d=[lambda ans, x: C * np.exp(-x * x)], dd=[lambda ans, x: -2 * C * x * np.exp(-x * x)],
      edges=[Edge((0.0,), (C,), (0.0,)), Edge((30.0,), (0.0,), (0.0,))])  # fmt: skip
entry(sc.erfc, on=[REAL], d=[lambda ans, x: -C * np.exp(-x * x)], dd=[lambda ans, x: 2 * C * x * np.exp(-x * x)],
      edges=[Edge((0.0,), (-C,), (0.0,))])  # fmt: skip
entry(sc.erfcx, on=[WIDE], d=[_erfcx_d], dd=[_erfcx_dd],
      edges=[Edge((0.0,), (-C,), (2.0,)), Edge((1e10,), (-1e-20 / ROOT_PI,), (2e-30 / ROOT_PI,))])  # fmt: skip
entry(sc.erfi, on=[REAL], d=[lambda ans, x: C * np.exp(x * x)], dd=[lambda ans, x: 2 * C * x * np.exp(x * x)],
      edges=[Edge((0.0,), (C,), (0.0,))])  # fmt: skip
entry(sc.dawsn, on=[Domain("ℝ", -12.0, 12.0)], d=[_dawsn_d], dd=[_dawsn_dd],
      edges=[Edge((0.0,), (1.0,), (0.0,)), Edge((1e8,), (-0.5e-16,), (1e-24,))])  # fmt: skip
entry(sc.wofz, on=[REAL], d=[lambda ans, z: 1j * C - 2 * z * ans],
      dd=[lambda ans, z: -2 * ans - 2 * z * (1j * C - 2 * z * ans)])  # fmt: skip
entry(sc.erfinv, on=[UNIT], d=[lambda ans, x: np.exp(ans * ans) / C], dd=[lambda ans, x: 2 * ans * np.exp(2 * ans * ans) / C**2],
      edges=[Edge((0.0,), (1 / C,), (0.0,)), Edge((1.0,), (INF,)), Edge((-1.0,), (INF,))])  # fmt: skip
entry(sc.erfcinv, on=[ABOVE_ZERO_BELOW_TWO], d=[lambda ans, x: -np.exp(ans * ans) / C],
      dd=[lambda ans, x: 2 * ans * np.exp(2 * ans * ans) / C**2], edges=[Edge((1.0,), (-1 / C,), (0.0,)),
             Edge((0.0,), (-INF,))])  # fmt: skip
entry(sc.ndtr, on=[REAL], d=[lambda ans, x: PHI * np.exp(-x * x / 2)], dd=[lambda ans, x: -PHI * x * np.exp(-x * x / 2)],
      edges=[Edge((0.0,), (PHI,), (0.0,))])  # fmt: skip
entry(sc.ndtri, on=[PROBABILITY], d=[lambda ans, x: np.exp(ans * ans / 2) / PHI],
      dd=[lambda ans, x: ans * np.exp(ans * ans) / PHI**2], edges=[Edge((0.5,), (1 / PHI,), (0.0,)), Edge((0.0,), (INF,))])  # fmt: skip
entry(
    sc.log_ndtr,
    on=[WIDE],
    d=[lambda ans, x: 2 * PHI / sc.erfcx(-x * 0.5**0.5)],
    dd=[lambda ans, x: -2 * PHI / sc.erfcx(-x * 0.5**0.5) * 2**0.5 * log_slope_of_erfcx(-x * 0.5**0.5)],
    edges=[Edge((0.0,), (2 * PHI,), (-4 * PHI**2,)), Edge((-1e9,), (1e9,), (-1.0,)), Edge((100.0,), (0.0,), (0.0,))],
    quiet=True,
)

# The logistic function. --------------------------------------------------------------------------------------

entry(sc.expit, on=[REAL], d=[lambda ans, x: ans * sc.expit(-x)], dd=[lambda ans, x: -ans * sc.expit(-x) * np.tanh(x / 2)],
      edges=[Edge((0.0,), (0.25,), (0.0,)), Edge((1e3,), (0.0,), (0.0,)), Edge((-1e3,), (0.0,), (0.0,)),
             Edge((100.0,), (math.exp(-100.0),), (-math.exp(-100.0),))])  # fmt: skip
entry(sc.logit, on=[PROBABILITY], d=[lambda ans, x: 1 / (x * (1 - x))], dd=[lambda ans, x: (2 * x - 1) / (x * (1 - x)) ** 2],
      edges=[Edge((0.5,), (4.0,), (0.0,)), Edge((0.0,), (INF,)), Edge((1.0,), (INF,))], quiet=True)  # fmt: skip
entry(sc.log_expit, on=[REAL], d=[lambda ans, x: sc.expit(-x)], dd=[lambda ans, x: -sc.expit(x) * sc.expit(-x)],
      edges=[Edge((0.0,), (0.5,), (-0.25,)), Edge((-1e3,), (1.0,), (0.0,)), Edge((1e3,), (0.0,), (0.0,))])  # fmt: skip

# Entropies. --------------------------------------------------------------------------------------------------

entry(
    sc.xlogy,
    on=[REAL, POSITIVE],
    d=[lambda ans, x, y: np.log(y), lambda ans, x, y: _zero_times(x, y)],
    dd=[ZERO, lambda ans, x, y: 1 / y, lambda ans, x, y: -_zero_times(x, y * y)],
    edges=[Edge((0.0, 0.0), (-INF, 0.0), (0.0, INF, 0.0)), Edge((0.0, 1.0), (0.0, 0.0)), Edge((2.0, 0.0), (-INF, INF))],
    quiet=True,
)
entry(
    sc.xlog1py,
    on=[REAL, ABOVE_MINUS_ONE],
    d=[lambda ans, x, y: np.log1p(y), lambda ans, x, y: _zero_times(x, 1 + y)],
    dd=[ZERO, lambda ans, x, y: 1 / (1 + y), lambda ans, x, y: -_zero_times(x, (1 + y) ** 2)],
    edges=[Edge((0.0, -1.0), (-INF, 0.0), (0.0, INF, 0.0)), Edge((3.0, 0.0), (0.0, 3.0), (0.0, 1.0, -3.0))],
    quiet=True,
)
entry(sc.entr, on=[POSITIVE], d=[lambda ans, x: -np.log(x) - 1], dd=[lambda ans, x: -1 / x],
      edges=[Edge((0.0,), (INF,)), Edge((1.0,), (-1.0,), (-1.0,))], quiet=True)  # fmt: skip
entry(
    sc.rel_entr,
    on=[POSITIVE, POSITIVE],
    d=[lambda ans, x, y: _log_ratio(ans, x, y) + 1, lambda ans, x, y: -_zero_times(x, y)],
    dd=[lambda ans, x, y: 1 / x, lambda ans, x, y: -1 / y, lambda ans, x, y: _zero_times(x, y * y)],
    edges=[Edge((0.0, 0.0), (-INF, 0.0)), Edge((0.0, 2.0), (-INF, 0.0)), Edge((1.0, 1.0), (1.0, -1.0), (1.0, -1.0, 1.0))],
    quiet=True,
)
entry(
    sc.kl_div,
    on=[POSITIVE, POSITIVE],
    d=[_log_ratio, lambda ans, x, y: np.where(x == 0, 1, _zero_times(y - x, y))],
    dd=[lambda ans, x, y: 1 / x, lambda ans, x, y: -1 / y, lambda ans, x, y: _zero_times(x, y * y)],
    edges=[Edge((0.0, 0.0), (-INF, 1.0)), Edge((0.0, 2.0), (-INF, 1.0)), Edge((1.0, 1.0), (0.0, 0.0), (1.0, -1.0, 1.0))],
    quiet=True,
)

# Losses. -----------------------------------------------------------------------------------------------------

entry(
    sc.huber,
    on=[POSITIVE, REAL],
    d=[lambda ans, delta, r: np.maximum(np.abs(r) - delta, 0), lambda ans, delta, r: np.clip(r, -delta, delta)],
    dd=[
        lambda ans, delta, r: -1.0 * (np.abs(r) > delta),
        lambda ans, delta, r: (np.abs(r) > delta) * np.sign(r),
        lambda ans, delta, r: 1.0 * (np.abs(r) <= delta),
    ],
    edges=[Edge((1.0, 0.0), (0.0, 0.0), (0.0, 0.0, 1.0)), Edge((1.0, 1.0), (0.0, 1.0)), Edge((1.0, -3.0), (2.0, -1.0), (-1.0, -1.0, 0.0))],
)
entry(
    sc.pseudo_huber,
    on=[POSITIVE, REAL],
    d=[lambda ans, delta, r: _excess(delta, r) ** 2 * np.hypot(delta, r), lambda ans, delta, r: delta * (r / np.hypot(delta, r))],
    dd=[
        lambda ans, delta, r: -(_excess(delta, r) ** 2) * (2 + delta / np.hypot(delta, r)),
        lambda ans, delta, r: (r / np.hypot(delta, r)) ** 3,
        lambda ans, delta, r: (delta / np.hypot(delta, r)) ** 3,
    ],
    edges=[Edge((1.0, 0.0), (0.0, 0.0), (0.0, 0.0, 1.0)), Edge((1.0, 1e200), (1e200, 1.0))],
)

# Twins of NumPy's functions, differences that do not cancel, powers. -----------------------------------------

twin(sc.log1p, np.log1p)
twin(sc.expm1, np.expm1)
twin(sc.cbrt, np.cbrt)
twin(sc.exp2, np.exp2)
entry(sc.exp10, on=[SMALL], d=[lambda ans, x: ans * LN10], dd=[lambda ans, x: ans * LN10**2])
# Angles in degrees.
_SHARP = Domain("0° < x < 90°", 5.0, 85.0)
_DEGREE = math.pi / 180
entry(
    sc.sindg, on=[_SHARP], d=[lambda ans, x: _DEGREE * sc.cosdg(x)], dd=[lambda ans, x: -(_DEGREE**2) * ans], edges=[Edge((90.0,), (0.0,))]
)
entry(
    sc.cosdg,
    on=[_SHARP],
    d=[lambda ans, x: -_DEGREE * sc.sindg(x)],
    dd=[lambda ans, x: -(_DEGREE**2) * ans],
    edges=[Edge((180.0,), (0.0,))],
)
entry(sc.tandg, on=[_SHARP], d=[lambda ans, x: _DEGREE * (1 + ans**2)], dd=[lambda ans, x: 2 * _DEGREE**2 * ans * (1 + ans**2)])
entry(sc.cotdg, on=[_SHARP], d=[lambda ans, x: -_DEGREE * (1 + ans**2)], dd=[lambda ans, x: 2 * _DEGREE**2 * ans * (1 + ans**2)])
entry(sc.cosm1, on=[REAL], d=[lambda ans, x: -np.sin(x)], dd=[lambda ans, x: -np.cos(x)], edges=[Edge((0.0,), (0.0,), (-1.0,))])
entry(sc.exprel, on=[REAL], d=[lambda ans, x: exprel_d(x)], dd=[lambda ans, x: exprel_dd(x)],
      edges=[Edge((0.0,), (0.5,), (1 / 3,)), Edge((-1e-20,), (0.5,), (1 / 3,))])  # fmt: skip
# With u = λ·log x, boxcox(x, λ) = log x · exprel(u).
for _boxcox, _log, _base, _on in (
    (sc.boxcox, np.log, lambda x: x, POSITIVE),
    (sc.boxcox1p, np.log1p, lambda x: 1 + x, ABOVE_MINUS_ONE),
):
    entry(
        _boxcox,
        on=[_on, REAL],
        d=[
            lambda ans, x, lam, base=_base: base(x) ** (lam - 1),
            lambda ans, x, lam, log=_log: log(x) ** 2 * exprel_d(lam * log(x)),
        ],
        dd=[
            lambda ans, x, lam, base=_base: (lam - 1) * base(x) ** (lam - 2),
            lambda ans, x, lam, base=_base, log=_log: log(x) * base(x) ** (lam - 1),
            lambda ans, x, lam, log=_log: log(x) ** 3 * exprel_dd(lam * log(x)),
        ],
    )
for _inverse, _shift in ((sc.inv_boxcox, 0.0), (sc.inv_boxcox1p, 1.0)):
    # With u = λ·y and g(u) = log(1+u)/u, inv_boxcox(y, λ) = exp(y·g(u)).
    entry(
        _inverse,
        on=[UNIT, UNIT],
        d=[
            lambda ans, y, lam, s=_shift: (ans + s) / (1 + lam * y),
            lambda ans, y, lam, s=_shift: (ans + s) * y * y * log_slope_d(lam * y),
        ],
        dd=[
            lambda ans, y, lam, s=_shift: (ans + s) * (1 - lam) / (1 + lam * y) ** 2,
            lambda ans, y, lam, s=_shift: (ans + s) * y * (y * log_slope_d(lam * y) - 1 / (1 + lam * y)) / (1 + lam * y),
            lambda ans, y, lam, s=_shift: (ans + s) * y**3 * (y * log_slope_d(lam * y) ** 2 + log_slope_dd(lam * y)),
        ],
        edges=[Edge((0.0, 0.0), (1.0, 0.0), (1.0, 0.0, 0.0)), Edge((1.0, 0.0), (math.e, -math.e / 2))],
    )
