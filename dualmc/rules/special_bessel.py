"""Local partials of Bessel, Airy, Struve, hypergeometric, elliptic and exponential integrals in scipy.special."""

import math
from typing import Any

import numpy as np
import scipy.special as sc  # type: ignore[import-untyped]

from .._typing import Array, Function
from .rule import POSITIVE, REAL, ZERO, Complex, Domain, Edge
from .special_entry import by_size, entry, last, output, outputs, polynomial, ufunc_under
from .special_error import log_slope, log_slope_d

INF = math.inf
ORDER = Domain("order", 0.3, 3.0)
WHOLE = Domain("integers", 1.0, 4.0, True)
WIDE = Domain("x > 0", 0.2, 12.0)

# Bessel functions: slopes by the recurrences DLMF 10.6.1 and 10.29.1, which are right at 0 and exact for any order. ----

for _bessel in (sc.jv, sc.yv, sc.hankel1, sc.hankel2):
    _parts = last(
        _bessel.__name__,
        ["v"],
        lambda ans, v, z, f=_bessel: (f(v - 1, z) - f(v + 1, z)) / 2,
        lambda ans, v, z, f=_bessel: (f(v - 2, z) - 2 * ans + f(v + 2, z)) / 4,
    )
    entry(_bessel, on=[ORDER, WIDE], **_parts)
for _bessel, _sign in ((sc.iv, 1), (sc.kv, -1)):
    _parts = last(
        _bessel.__name__,
        ["v"],
        lambda ans, v, z, f=_bessel, s=_sign: s * (f(v - 1, z) + f(v + 1, z)) / 2,
        lambda ans, v, z, f=_bessel: (f(v - 2, z) + 2 * ans + f(v + 2, z)) / 4,
    )
    entry(_bessel, on=[ORDER, WIDE], **_parts)

entry(sc.j0, on=[WIDE], d=[lambda ans, x: -sc.j1(x)], dd=[lambda ans, x: (sc.jv(2.0, x) - ans) / 2], edges=[Edge((0.0,), (0.0,), (-0.5,))])
entry(sc.j1, on=[WIDE], d=[lambda ans, x: (sc.j0(x) - sc.jv(2.0, x)) / 2], dd=[lambda ans, x: (sc.jv(3.0, x) - 3 * ans) / 4],
      edges=[Edge((0.0,), (0.5,), (0.0,))])  # fmt: skip
entry(sc.y0, on=[WIDE], d=[lambda ans, x: -sc.y1(x)], dd=[lambda ans, x: (sc.yv(2.0, x) - ans) / 2])
entry(sc.y1, on=[WIDE], d=[lambda ans, x: (sc.y0(x) - sc.yv(2.0, x)) / 2], dd=[lambda ans, x: (sc.yv(3.0, x) - 3 * ans) / 4])
entry(sc.i0, on=[REAL], d=[lambda ans, x: sc.i1(x)], dd=[lambda ans, x: (ans + sc.iv(2.0, x)) / 2], edges=[Edge((0.0,), (0.0,), (0.5,))])
entry(sc.i1, on=[REAL], d=[lambda ans, x: (sc.i0(x) + sc.iv(2.0, x)) / 2], dd=[lambda ans, x: (sc.iv(3.0, x) + 3 * ans) / 4],
      edges=[Edge((0.0,), (0.5,), (0.0,))])  # fmt: skip
entry(sc.k0, on=[WIDE], d=[lambda ans, x: -sc.k1(x)], dd=[lambda ans, x: (ans + sc.kv(2.0, x)) / 2])
entry(sc.k1, on=[WIDE], d=[lambda ans, x: -(sc.k0(x) + sc.kv(2.0, x)) / 2], dd=[lambda ans, x: (sc.kv(3.0, x) + 3 * ans) / 4])


# Scaled ones. exp(-|x|) has a kink at 0, where its slope counts as 0; what SciPy scales by |Re z| or |Im z| is not
# holomorphic, so complex values are refused.


def _ive_d(ans: Array, v: Any, x: Array) -> Array:
    return (sc.ive(v - 1, x) + sc.ive(v + 1, x)) / 2 - np.sign(x) * ans


def _ive_dd(ans: Array, v: Any, x: Array) -> Array:
    curved = (sc.ive(v - 2, x) + 2 * ans + sc.ive(v + 2, x)) / 4
    return curved - np.sign(x) * (sc.ive(v - 1, x) + sc.ive(v + 1, x)) + np.sign(x) ** 2 * ans


def _kve_d(ans: Array, v: Any, x: Array) -> Array:
    return ans - (sc.kve(v - 1, x) + sc.kve(v + 1, x)) / 2


def _kve_dd(ans: Array, v: Any, x: Array) -> Array:
    return (sc.kve(v - 2, x) + 6 * ans + sc.kve(v + 2, x)) / 4 - sc.kve(v - 1, x) - sc.kve(v + 1, x)


_REFUSED: Complex = "refused"
entry(sc.ive, on=[ORDER, WIDE], **last("ive", ["v"], _ive_d, _ive_dd), on_complex=_REFUSED)
entry(sc.kve, on=[ORDER, WIDE], **last("kve", ["v"], _kve_d, _kve_dd))
entry(sc.i0e, on=[WIDE], d=[lambda ans, x: _ive_d(ans, 0.0, x)], dd=[lambda ans, x: _ive_dd(ans, 0.0, x)], edges=[Edge((0.0,), (0.0,))])
entry(sc.i1e, on=[WIDE], d=[lambda ans, x: _ive_d(ans, 1.0, x)], dd=[lambda ans, x: _ive_dd(ans, 1.0, x)],
      edges=[Edge((0.0,), (0.5,), (0.0,))])  # fmt: skip
entry(sc.k0e, on=[WIDE], d=[lambda ans, x: _kve_d(ans, 0.0, x)], dd=[lambda ans, x: _kve_dd(ans, 0.0, x)])
entry(sc.k1e, on=[WIDE], d=[lambda ans, x: _kve_d(ans, 1.0, x)], dd=[lambda ans, x: _kve_dd(ans, 1.0, x)])


# Airy functions: w'' = z·w (DLMF 9.2.1). -------------------------------------------------------------------------

_ai, _aip, _bi, _bip = (output(sc.airy, i, f"airy_{name}") for i, name in enumerate(("ai", "aip", "bi", "bip")))
outputs(
    sc.airy,
    [_ai, _aip, _bi, _bip],
    [
        (lambda ans, z: _aip(z), lambda ans, z: z * ans),
        (lambda ans, z: z * _ai(z), lambda ans, z: _ai(z) + z * ans),
        (lambda ans, z: _bip(z), lambda ans, z: z * ans),
        (lambda ans, z: z * _bi(z), lambda ans, z: _bi(z) + z * ans),
    ],
    [REAL] * 4,
)


# Struve functions (DLMF 11.4.27 and 11.4.28). ------------------------------------------------------------------------


def _struve_d(f: Function, sign: int, v: Any, z: Array) -> Array:
    return (f(v - 1, z) - sign * f(v + 1, z) + (z / 2) ** v * sc.rgamma(v + 1.5) / math.sqrt(math.pi)) / 2


def _struve_dd(f: Function, sign: int, v: Any, z: Array) -> Array:
    rest = v / 2 * (z / 2) ** (v - 1) * sc.rgamma(v + 1.5) / math.sqrt(math.pi)
    return (_struve_d(f, sign, v - 1, z) - sign * _struve_d(f, sign, v + 1, z) + rest) / 2


for _struve, _sign in ((sc.struve, 1), (sc.modstruve, -1)):
    _parts = last(
        _struve.__name__,
        ["v"],
        lambda ans, v, z, f=_struve, s=_sign: _struve_d(f, s, v, z),
        lambda ans, v, z, f=_struve, s=_sign: _struve_dd(f, s, v, z),
    )
    entry(_struve, on=[ORDER, POSITIVE], **_parts)

# Hypergeometric functions in z (DLMF 15.5.1, 13.3.15, 13.3.22). -------------------------------------------------------

_A, _B, _LOWER = Domain("a", 0.3, 2.0), Domain("b", 0.4, 2.0), Domain("c > 0", 0.6, 3.0)
entry(
    sc.hyp2f1,
    on=[_A, _B, _LOWER, Domain("z < 1", -0.8, 0.8)],
    **last(
        "hyp2f1",
        ["a", "b", "c"],
        lambda ans, a, b, c, z: a * b / c * sc.hyp2f1(a + 1, b + 1, c + 1, z),
        lambda ans, a, b, c, z: a * (a + 1) * b * (b + 1) / (c * (c + 1)) * sc.hyp2f1(a + 2, b + 2, c + 2, z),
    ),
)
entry(
    sc.hyp1f1,
    on=[_A, _LOWER, REAL],
    **last(
        "hyp1f1",
        ["a", "b"],
        lambda ans, a, b, z: a / b * sc.hyp1f1(a + 1, b + 1, z),
        lambda ans, a, b, z: a * (a + 1) / (b * (b + 1)) * sc.hyp1f1(a + 2, b + 2, z),
    ),
)
entry(
    sc.hyp0f1,
    on=[_LOWER, REAL],
    **last(
        "hyp0f1",
        ["v"],
        lambda ans, v, z: sc.hyp0f1(v + 1, z) / v,
        lambda ans, v, z: sc.hyp0f1(v + 2, z) / (v * (v + 1)),
    ),
)
entry(
    sc.hyperu,
    on=[_A, _LOWER, POSITIVE],
    **last(
        "hyperu",
        ["a", "b"],
        lambda ans, a, b, x: -a * sc.hyperu(a + 1, b + 1, x),
        lambda ans, a, b, x: a * (a + 1) * sc.hyperu(a + 2, b + 2, x),
    ),
)

# Complete elliptic integrals, by their series in m with the pole at 1 taken out (DLMF 19.5.1, 19.5.2, 15.8.1). ----------

_PI = math.pi
_PARAMETER = Domain("m < 1", -3.0, 0.95)
entry(
    sc.ellipk,
    on=[_PARAMETER],
    d=[lambda ans, m: _PI / 8 / (1 - m) * sc.hyp2f1(0.5, 0.5, 2.0, m)],
    dd=[lambda ans, m: 9 * _PI / 64 / (1 - m) ** 2 * sc.hyp2f1(0.5, 0.5, 3.0, m)],
    edges=[Edge((0.0,), (_PI / 8,), (9 * _PI / 64,)), Edge((1.0,), (INF,))],
    quiet=True,
)
entry(
    sc.ellipkm1,
    on=[Domain("p > 0", 0.05, 4.0)],
    d=[lambda ans, p: -_PI / 8 / p * sc.hyp2f1(0.5, 0.5, 2.0, 1 - p)],
    dd=[lambda ans, p: 9 * _PI / 64 / p**2 * sc.hyp2f1(0.5, 0.5, 3.0, 1 - p)],
    edges=[Edge((1.0,), (-_PI / 8,), (9 * _PI / 64,)), Edge((1e-100,), (-0.5e100,)), Edge((0.0,), (-INF,))],
    quiet=True,
)
entry(
    sc.ellipe,
    on=[_PARAMETER],
    d=[lambda ans, m: -_PI / 8 * sc.hyp2f1(0.5, 1.5, 2.0, m)],
    dd=[lambda ans, m: -3 * _PI / 64 / (1 - m) * sc.hyp2f1(0.5, 1.5, 3.0, m)],
    edges=[Edge((0.0,), (-_PI / 8,), (-3 * _PI / 64,))],
    quiet=True,
)

# Exponential, sine and cosine integrals. -----------------------------------------------------------------------------


def _expn(p: Array, x: Array) -> Array:
    """E_p(x) for integer p >= -2: the recurrence DLMF 8.19.12 below 0, where SciPy has none."""
    low = np.minimum(p, 0)
    e0 = np.exp(-x) / x
    e1 = e0 * (1 + 1 / x)
    e2 = e0 * (1 + 2 / x * (1 + 1 / x))
    return np.where(p > 0, sc.expn(np.maximum(p, 1), x), np.where(low == 0, e0, np.where(low == -1, e1, e2)))


entry(sc.expi, on=[POSITIVE], d=[lambda ans, x: np.exp(x) / x], dd=[lambda ans, x: np.exp(x) / x * (1 - 1 / x)])
entry(sc.exp1, on=[POSITIVE], d=[lambda ans, x: -np.exp(-x) / x], dd=[lambda ans, x: np.exp(-x) / x * (1 + 1 / x)])
entry(
    sc.expn,
    on=[WHOLE, POSITIVE],
    **last("expn", ["n"], lambda ans, n, x: -_expn(n - 1, x), lambda ans, n, x: _expn(n - 2, x)),
    quiet=True,
)


def _over_x(sign: int, f: Function, x: Array) -> Array:
    """sin(x)/x or sinh(x)/x (sign -1 or 1)."""
    series = [sign**k / math.factorial(2 * k + 1) for k in range(11)]
    return by_size(x, 1.0, lambda x: polynomial(series, x * x), lambda x: f(x) / x)


def _over_x_d(sign: int, f: Function, g: Function, x: Array) -> Array:
    """Return the derivative of that."""
    series = [2 * k * sign**k / math.factorial(2 * k + 1) for k in range(1, 12)]
    return by_size(x, 1.0, lambda x: x * polynomial(series, x * x), lambda x: (g(x) - f(x) / x) / x)


_si, _ci = output(sc.sici, 0, "sici_si"), output(sc.sici, 1, "sici_ci")
_shi, _chi = output(sc.shichi, 0, "shichi_shi"), output(sc.shichi, 1, "shichi_chi")
_s, _c = output(sc.fresnel, 0, "fresnel_s"), output(sc.fresnel, 1, "fresnel_c")
outputs(
    sc.sici,
    [_si, _ci],
    [
        (lambda ans, x: _over_x(-1, np.sin, x), lambda ans, x: _over_x_d(-1, np.sin, np.cos, x)),
        (lambda ans, x: np.cos(x) / x, lambda ans, x: -(np.sin(x) + np.cos(x) / x) / x),
    ],
    [REAL, POSITIVE],
)
outputs(
    sc.shichi,
    [_shi, _chi],
    [
        (lambda ans, x: _over_x(1, np.sinh, x), lambda ans, x: _over_x_d(1, np.sinh, np.cosh, x)),
        (lambda ans, x: np.cosh(x) / x, lambda ans, x: (np.sinh(x) - np.cosh(x) / x) / x),
    ],
    [REAL, POSITIVE],
)
outputs(
    sc.fresnel,
    [_s, _c],
    [
        (lambda ans, x: np.sin(_PI / 2 * x * x), lambda ans, x: _PI * x * np.cos(_PI / 2 * x * x)),
        (lambda ans, x: np.cos(_PI / 2 * x * x), lambda ans, x: -_PI * x * np.sin(_PI / 2 * x * x)),
    ],
    [REAL, REAL],
)

# The dilogarithm and the inverse of w·exp(w). ------------------------------------------------------------------------

entry(sc.spence, on=[POSITIVE], d=[lambda ans, z: -log_slope(z - 1)], dd=[lambda ans, z: -log_slope_d(z - 1)],
      edges=[Edge((1.0,), (-1.0,), (0.5,)), Edge((0.0,), (-INF,))], quiet=True)  # fmt: skip
lambertw = ufunc_under(sc.lambertw)
entry(
    lambertw,
    on=[POSITIVE, Domain("branches", 0.0, 0.0, True), Domain("tolerance", 1e-8, 2e-8)],
    d=[lambda ans, z, k, tol: np.exp(-ans) / (1 + ans), ZERO, ZERO],
    dd=[lambda ans, z, k, tol: -np.exp(-2 * ans) * (2 + ans) / (1 + ans) ** 3, ZERO, ZERO, ZERO, ZERO, ZERO],
)
entry(sc.wrightomega, on=[REAL], d=[lambda ans, z: ans / (1 + ans)], dd=[lambda ans, z: ans / (1 + ans) ** 3],
      edges=[Edge((1.0,), (0.5,), (0.125,))])  # fmt: skip
