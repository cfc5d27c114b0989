"""Local partials of the gamma function's family in scipy.special, parameters included where a formula is known."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special as sc  # type: ignore[import-untyped]

from .._typing import Array
from .rule import NEGATIVE, POSITIVE, Constant, Domain, Edge, Partial
from .selection import base
from .special_entry import SPECIAL, entry, ufunc_under

INF = math.inf
EULER = 0.5772156649015329
UNIT_INTERVAL = Domain("0 < x < 1", 0.05, 0.95)
zeta = ufunc_under(lambda x: sc.zeta(2.0, x))

# Polygamma functions. ----------------------------------------------------------------------------------------

_BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510]


def _hurwitz(s: int, z: Array) -> Array:
    """ζ(s, z) of complex z by Euler-Maclaurin's formula (DLMF 25.11.28), after steps that bring Re z to 15."""
    total: Any = 0
    for _ in range(max(0, math.ceil(15 - float(np.min(np.real(base(z)), initial=15))))):
        near = base(z).real < 15
        total = total + np.where(near, np.where(near, z, 1) ** -s, 0)
        z = z + near
    total = total + z ** (1 - s) / (s - 1) + z**-s / 2
    for k, b in enumerate(_BERNOULLI, 1):
        total = total + b * math.perm(s + 2 * k - 2, 2 * k - 1) / math.factorial(2 * k) * z ** (1 - s - 2 * k)
    return total


def polygamma(n: int, x: Array) -> Array:
    """Return the derivative of order n > 0 of the digamma function (DLMF 5.15.1, 25.11.12)."""
    hurwitz = _hurwitz(n + 1, x) if x.dtype.kind == "c" else zeta(float(n + 1), x).astype(x.dtype)
    return (-1) ** (n + 1) * math.factorial(n) * hurwitz


def _rgamma_d(ans: Array, x: Array) -> Array:
    """-ψ(x)/Γ(x); its limit at the poles of Γ, with the next term of the series there so that its derivative is right."""
    pole = (base(x).imag == 0) & (base(x).real <= 0) & (base(x).real == np.floor(base(x).real))
    n = np.where(pole, -base(x).real, 0)
    sign = sc.gamma(n + 1) * (1 - 2 * (n % 2))
    step = np.where(pole, x + n, 0)
    return np.where(pole, sign * (1 - 2 * sc.psi(n + 1) * step), -ans * sc.psi(np.where(pole, 1, x)))


def _rgamma_dd(ans: Array, x: Array) -> Array:
    pole = (base(x).imag == 0) & (base(x).real <= 0) & (base(x).real == np.floor(base(x).real))
    n = np.where(pole, -base(x).real, 0)
    y = np.where(pole, 1, x)
    return np.where(pole, -2 * sc.gamma(n + 1) * (1 - 2 * (n % 2)) * sc.psi(n + 1), ans * (sc.psi(y) ** 2 - polygamma(1, y)))


entry(sc.gamma, on=[POSITIVE], d=[lambda ans, x: ans * sc.psi(x)], dd=[lambda ans, x: ans * (sc.psi(x) ** 2 + polygamma(1, x))],
      edges=[Edge((1.0,), (-EULER,), (EULER**2 + math.pi**2 / 6,))])  # fmt: skip
for _log_gamma in (sc.gammaln, sc.loggamma):
    entry(_log_gamma, on=[POSITIVE], d=[lambda ans, x: sc.psi(x)], dd=[lambda ans, x: polygamma(1, x)],
          edges=[Edge((1.0,), (-EULER,), (math.pi**2 / 6,))])  # fmt: skip
entry(sc.rgamma, on=[NEGATIVE], d=[_rgamma_d], dd=[_rgamma_dd],
      edges=[Edge((0.0,), (1.0,), (2 * EULER,)), Edge((-1.0,), (-1.0,), (2 * (1 - EULER),)), Edge((1.0,), (EULER,))])  # fmt: skip
SPECIAL[sc.gammasgn] = Constant(sc.gammasgn)
entry(sc.psi, on=[POSITIVE], d=[lambda ans, x: polygamma(1, x)], dd=[lambda ans, x: polygamma(2, x)],
      edges=[Edge((1.0,), (math.pi**2 / 6,)), Edge((1e300,), (1e-300,))])  # fmt: skip


# The zeta functions. -----------------------------------------------------------------------------------------


def zeta_s(order: int, s: Array, q: Array) -> Array:
    """∂ζ(s, q)/∂s or its derivative, by Euler-Maclaurin's formula (DLMF 25.11.28) differentiated; nan for s < 0."""
    total: Any = 0
    for n in range(12):
        total = total + (-np.log(q + n)) ** order * (q + n) ** -s
    w = q + 12
    u, pole = -np.log(w), 1 / (s - 1)
    p0: Any = pole * w
    p1: Any = -pole * p0
    p2: Any = -2 * pole * p1
    rising = (s, 1 + 0 * s, 0 * s)  # (s)_{2k-1} with two derivatives
    p0 = p0 + 0.5
    for k, b in enumerate(_BERNOULLI, 1):
        c = b / math.factorial(2 * k) * w ** (1 - 2 * k)
        p0, p1, p2 = (p + c * r for p, r in zip((p0, p1, p2), rising, strict=True))
        for j in (2 * k - 1, 2 * k):
            r0, r1, r2 = rising
            rising = (r0 * (s + j), r1 * (s + j) + r0, r2 * (s + j) + 2 * r1)
    tail = p1 + u * p0 if order == 1 else p2 + 2 * u * p1 + u * u * p0
    return np.where(s >= 0, total + w**-s * tail, np.nan)


# ∂ζ(s, q)/∂q = -s·ζ(s+1, q), DLMF 25.11.17.
entry(
    zeta,
    on=[Domain("s > 1", 1.5, 4.0), POSITIVE],
    d=[lambda ans, s, q: zeta_s(1, s, q), lambda ans, s, q: -s * zeta(s + 1, q)],
    dd=[
        lambda ans, s, q: zeta_s(2, s, q),
        lambda ans, s, q: -zeta(s + 1, q) - s * zeta_s(1, s + 1, q),
        lambda ans, s, q: s * (s + 1) * zeta(s + 2, q),
    ],
    on_complex="refused",
)
riemann_zeta = ufunc_under(sc.zeta)
entry(
    riemann_zeta,
    on=[Domain("s > 1", 1.5, 6.0)],
    d=[lambda ans, s: zeta_s(1, s, 1.0)],
    dd=[lambda ans, s: zeta_s(2, s, 1.0)],
    edges=[Edge((0.0,), (-0.9189385332046727,), (-2.0063564559085849,)), Edge((0.5,), (-3.9226461392091518,))],
    on_complex="refused",
)

entry(sc.zetac, on=[Domain("s > 1", 1.5, 6.0)], d=[lambda ans, s: zeta_s(1, s, 1.0)], dd=[lambda ans, s: zeta_s(2, s, 1.0)], quiet=True)

# Beta functions and binomial coefficients: f·(∂ log f), f·(∂ log f · ∂ log f + ∂² log f). ---------------------------


def psis(x: Array, y: Array) -> Array:
    return sc.psi(x) - sc.psi(y)


entry(
    sc.betaln,
    on=[POSITIVE, POSITIVE],
    d=[lambda ans, a, b: psis(a, a + b), lambda ans, a, b: psis(b, a + b)],
    dd=[
        lambda ans, a, b: polygamma(1, a) - polygamma(1, a + b),
        lambda ans, a, b: -polygamma(1, a + b),
        lambda ans, a, b: polygamma(1, b) - polygamma(1, a + b),
    ],
)
entry(
    sc.beta,
    on=[POSITIVE, POSITIVE],
    d=[lambda ans, a, b: ans * psis(a, a + b), lambda ans, a, b: ans * psis(b, a + b)],
    dd=[
        lambda ans, a, b: ans * (psis(a, a + b) ** 2 + polygamma(1, a) - polygamma(1, a + b)),
        lambda ans, a, b: ans * (psis(a, a + b) * psis(b, a + b) - polygamma(1, a + b)),
        lambda ans, a, b: ans * (psis(b, a + b) ** 2 + polygamma(1, b) - polygamma(1, a + b)),
    ],
)
entry(
    sc.binom,
    on=[Domain("n > k", 4.0, 7.0), Domain("k > -1", 0.3, 3.0)],
    d=[lambda ans, n, k: ans * psis(n + 1, n - k + 1), lambda ans, n, k: ans * psis(n - k + 1, k + 1)],
    dd=[
        lambda ans, n, k: ans * (psis(n + 1, n - k + 1) ** 2 + polygamma(1, n + 1) - polygamma(1, n - k + 1)),
        lambda ans, n, k: ans * (psis(n + 1, n - k + 1) * psis(n - k + 1, k + 1) + polygamma(1, n - k + 1)),
        lambda ans, n, k: ans * (psis(n - k + 1, k + 1) ** 2 - polygamma(1, n - k + 1) - polygamma(1, k + 1)),
    ],
)
entry(
    sc.poch,
    on=[POSITIVE, POSITIVE],
    d=[lambda ans, a, m: ans * psis(a + m, a), lambda ans, a, m: ans * sc.psi(a + m)],
    dd=[
        lambda ans, a, m: ans * (psis(a + m, a) ** 2 + polygamma(1, a + m) - polygamma(1, a)),
        lambda ans, a, m: ans * (psis(a + m, a) * sc.psi(a + m) + polygamma(1, a + m)),
        lambda ans, a, m: ans * (sc.psi(a + m) ** 2 + polygamma(1, a + m)),
    ],
)

# Incomplete gamma and beta functions. ------------------------------------------------------------------------
# The derivative in a parameter is the integral of the differentiated integrand, from 0 to x or from x to the end,
# whichever is the smaller part. With t = x·exp(∓v) the integrand decays as exp(-v·something); the double exponential
# rule v = σ·exp(u - exp(-u)) then converges to full precision (Takahasi & Mori 1974).

_U = np.arange(-3.6, 7.0, 0.05)
_NODES = np.exp(_U - np.exp(-_U))
_WEIGHTS = 0.05 * _NODES * (1 + np.exp(-_U))


def _integral(integrand: Callable[[Array], Array], width: Array) -> Array:
    """∫ integrand(v) dv over v > 0, for an integrand that decays over the given width."""
    shape = (-1,) + (1,) * np.ndim(width)
    return np.sum(integrand(_NODES.reshape(shape) * width) * (_WEIGHTS.reshape(shape) * width), axis=0)


def _inside(x: Array, other: Array, end: float) -> tuple[Array, Array]:
    """Return where 0 < x < end, and x with 1/2 in the place of all else, as wide as other."""
    inside = (x > 0) & (x < end) & ~np.isnan(other)
    return inside, np.where(inside, x, 0.5)


def _gamma_moment(a: Array, x: Array, weight: Callable[[Array], Array]) -> Array:
    """∫₀ˣ weight(log t - ψ(a)) t^(a-1) exp(-t) dt / Γ(a), where the whole integral is 0."""
    inside, x = _inside(x, a, INF)
    a0, x0 = base(a) * 1.0, base(x)
    below = x0 < a0
    side: Array = np.where(below, -1.0, 1.0)
    width: Array = 1 / (np.abs(a0 - x0) + np.sqrt(x0) + np.where(below, 0, 0.5))

    def integrand(v: Array) -> Array:
        log_t = np.log(x) + side * v
        return weight(log_t - sc.psi(a)) * np.exp(a * log_t - x * np.exp(side * v) - sc.gammaln(a))

    with np.errstate(all="ignore"):
        return np.where(inside, -side * _integral(integrand, width), 0)


def _gamma_x(a: Array, x: Array) -> Array:
    finite = x < INF
    x = np.where(finite, x, 1)
    return np.where(finite, np.exp(sc.xlogy(a - 1, x) - x - sc.gammaln(a)), 0)


def gamma_a(a: Array, x: Array) -> Array:
    return _gamma_moment(a, x, lambda u: u)


def _gamma_aa(a: Array, x: Array) -> Array:
    return _gamma_moment(a, x, lambda u: u * u - polygamma(1, a))


def _gamma_ax(a: Array, x: Array) -> Array:
    return _gamma_x(a, x) * (np.log(x) - sc.psi(a))


def _gamma_xx(a: Array, x: Array) -> Array:
    return _gamma_x(a, x) * ((a - 1) / x - 1)


_GAMMA_DOMAIN = [Domain("a > 0", 0.3, 6.0), Domain("x > 0", 0.2, 8.0)]
entry(
    sc.gammainc,
    on=_GAMMA_DOMAIN,
    d=[lambda ans, a, x: gamma_a(a, x), lambda ans, a, x: _gamma_x(a, x)],
    dd=[lambda ans, a, x: _gamma_aa(a, x), lambda ans, a, x: _gamma_ax(a, x), lambda ans, a, x: _gamma_xx(a, x)],
    edges=[Edge((1.0, 0.0), (0.0, 1.0)), Edge((2.0, 0.0), (0.0, 0.0)), Edge((2.0, INF), (0.0, 0.0)), Edge((0.5, 0.0), (0.0, INF))],
    quiet=True,
)
entry(
    sc.gammaincc,
    on=_GAMMA_DOMAIN,
    d=[lambda ans, a, x: -gamma_a(a, x), lambda ans, a, x: -_gamma_x(a, x)],
    dd=[lambda ans, a, x: -_gamma_aa(a, x), lambda ans, a, x: -_gamma_ax(a, x), lambda ans, a, x: -_gamma_xx(a, x)],
    edges=[Edge((1.0, 0.0), (0.0, -1.0)), Edge((2.0, INF), (0.0, 0.0))],
    quiet=True,
)


def _beta_moment(a: Array, b: Array, x: Array, weight: Callable[[Array, Array], Array]) -> Array:
    """∫₀ˣ weight(log t - ψ(a) + ψ(a+b), log(1-t) - ψ(b) + ψ(a+b)) t^(a-1) (1-t)^(b-1) dt / B(a, b)."""
    inside, x = _inside(x, a + b, 1.0)
    below = base(x) * base(a + b) < base(a)
    side: Array = np.where(below, 1.0, -1.0)
    p: Array = np.where(below, a, b)
    q: Array = np.where(below, b, a)
    y: Array = np.where(below, x, 1 - x)
    p0, q0, y0 = base(p), base(q), base(y)
    width: Array = 1 / (np.abs(p0 - q0 * y0 / (1 - y0)) + np.sqrt(q0 * y0) / (1 - y0))

    def integrand(v: Array) -> Array:
        log_s, log_r = np.log(y) - v, np.log((1 - y) - y * np.expm1(-v))
        u, w = log_s - psis(p, p + q), log_r - psis(q, p + q)
        return weight(np.where(below, u, w), np.where(below, w, u)) * np.exp(p * log_s + (q - 1) * log_r - sc.betaln(p, q))

    with np.errstate(all="ignore"):
        return np.where(inside, side * _integral(integrand, width), 0)


def beta_x(a: Array, b: Array, x: Array) -> Array:
    return np.exp(sc.xlogy(a - 1, x) + sc.xlog1py(b - 1, -x) - sc.betaln(a, b))


BETA_D: list[Callable[..., Array]] = [
    lambda a, b, x: _beta_moment(a, b, x, lambda u, w: u),
    lambda a, b, x: _beta_moment(a, b, x, lambda u, w: w),
    beta_x,
]
BETA_DD: list[Callable[..., Array]] = [
    lambda a, b, x: _beta_moment(a, b, x, lambda u, w: u * u - polygamma(1, a) + polygamma(1, a + b)),
    lambda a, b, x: _beta_moment(a, b, x, lambda u, w: u * w + polygamma(1, a + b)),
    lambda a, b, x: beta_x(a, b, x) * (np.log(x) - psis(a, a + b)),
    lambda a, b, x: _beta_moment(a, b, x, lambda u, w: w * w - polygamma(1, b) + polygamma(1, a + b)),
    lambda a, b, x: beta_x(a, b, x) * (np.log1p(-x) - psis(b, a + b)),
    lambda a, b, x: beta_x(a, b, x) * ((a - 1) / x - (b - 1) / (1 - x)),
]


def _signed(bodies: list[Callable[..., Array]], sign: int) -> list[Partial]:
    return [lambda ans, a, b, x, f=f: sign * f(a, b, x) for f in bodies]


_BETA_DOMAIN = [Domain("a > 0", 0.3, 5.0), Domain("b > 0", 0.3, 5.0), UNIT_INTERVAL]
entry(sc.betainc, on=_BETA_DOMAIN, d=_signed(BETA_D, 1), dd=_signed(BETA_DD, 1), quiet=True,
      edges=[Edge((1.0, 1.0, 0.0), (0.0, 0.0, 1.0)), Edge((2.0, 2.0, 1.0), (0.0, 0.0, 0.0))])  # fmt: skip
entry(sc.betaincc, on=_BETA_DOMAIN, d=_signed(BETA_D, -1), dd=_signed(BETA_DD, -1), quiet=True,
      edges=[Edge((1.0, 1.0, 0.0), (0.0, 0.0, -1.0))])  # fmt: skip

# Their inverses: from F(p, x) = y follow x_y = 1/F_x and x_p = -F_p/F_x, and the second derivatives from those. ------


def _inverse(n: int, sign: int, d: list[Callable[..., Array]], dd: list[Callable[..., Array]]) -> dict[str, Any]:
    """Return d and dd of the x with sign·F(p, x) = y + constant, for n parameters p, from those of F(p, x)."""
    order = [(i, j) for i in range(n + 1) for j in range(i, n + 1)]

    def slope(i: int) -> Callable[..., Array]:
        return lambda ans, *args: (sign if i == n else -d[i](*args[:n], ans)) / d[n](*args[:n], ans)

    def second(i: int, j: int) -> Partial:
        def partial(ans: Array, *args: Array) -> Array:
            at = (*args[:n], ans)
            x_i, x_j = slope(i)(ans, *args), slope(j)(ans, *args)
            total = dd[-1](*at) * x_i * x_j
            total = total + (dd[order.index((i, j))](*at) if j < n else 0)
            total = total + (dd[order.index((i, n))](*at) * x_j if i < n else 0) + (dd[order.index((j, n))](*at) * x_i if j < n else 0)
            return -total / d[n](*at)

        return partial

    return {"d": [slope(i) for i in range(n + 1)], "dd": [second(i, j) for i, j in order]}


_GAMMA_D: list[Callable[..., Array]] = [gamma_a, _gamma_x]
_GAMMA_DD: list[Callable[..., Array]] = [_gamma_aa, _gamma_ax, _gamma_xx]
_SHAPE = Domain("a > 0", 0.5, 5.0)
entry(sc.gammaincinv, on=[_SHAPE, UNIT_INTERVAL], **_inverse(1, 1, _GAMMA_D, _GAMMA_DD), quiet=True)
entry(sc.gammainccinv, on=[_SHAPE, UNIT_INTERVAL], **_inverse(1, -1, _GAMMA_D, _GAMMA_DD), quiet=True)
entry(sc.betaincinv, on=[_SHAPE, _SHAPE, UNIT_INTERVAL], **_inverse(2, 1, BETA_D, BETA_DD), quiet=True)
entry(sc.betainccinv, on=[_SHAPE, _SHAPE, UNIT_INTERVAL], **_inverse(2, -1, BETA_D, BETA_DD), quiet=True)
