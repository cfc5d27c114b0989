"""Rules for the distribution functions of scipy.special: forms of the incomplete gamma and beta functions, and their inverses."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.special as sc  # type: ignore[import-untyped]

from .._typing import Array, Function
from ..linear_op import LinearOp
from .rule import POSITIVE, REAL, Composed, Domain, Edge, Implicit
from .special_entry import SPECIAL, by_size, entry, last, refused
from .special_error import PHI, log_slope_of_erfcx
from .special_gamma import BETA_D, BETA_DD, UNIT_INTERVAL, beta_x, gamma_a, psis

INF = math.inf
COUNT, TRIALS = Domain("integers", 0.0, 3.0, True), Domain("integers", 4.0, 6.0, True)
_beta_a, _beta_b = BETA_D[:2]


def composed(func: Function, body: Function) -> None:
    """Enter a function in terms of others; the value is SciPy's own."""
    SPECIAL[func] = Composed(func, body, exact=True)


def implied(func: Function, names: Sequence[str], equation: Function, slope: Function) -> None:
    """
    Enter a function whose result solves equation(ans, *args) = 0.

    `slope` is ∂equation/∂ans; the derivatives in the other arguments come from the rules of what the equation calls.
    """

    def solution(*args: Array) -> tuple[Array, LinearOp]:
        ans = func(*args)
        with np.errstate(all="ignore"):
            factor = -1 / slope(ans, *args)
        times: Callable[[Array], Array] = lambda v: v * factor
        return ans, LinearOp(ans.shape, ans.shape, times, times, bound=True, points=[(i, i) for i in range(np.ndim(ans))])

    SPECIAL[func] = Implicit(func, solution, equation, tuple(names), whole=True)


# Gamma and chi-square distributions. ---------------------------------------------------------------------------------

composed(sc.gdtr, lambda a, b, x: sc.gammainc(b, a * x))
composed(sc.gdtrc, lambda a, b, x: sc.gammaincc(b, a * x))
composed(sc.gdtrix, lambda a, b, p: sc.gammaincinv(b, p) / a)
composed(sc.gdtria, lambda p, b, x: sc.gammaincinv(b, p) / x)
implied(sc.gdtrib, ("a", "p", "x"), lambda b, a, p, x: sc.gammainc(b, a * x) - p, lambda b, a, p, x: gamma_a(b, a * x))
composed(sc.chdtr, lambda v, x: sc.gammainc(v / 2, x / 2))
composed(sc.chdtrc, lambda v, x: sc.gammaincc(v / 2, x / 2))
composed(sc.chdtri, lambda v, p: 2 * sc.gammainccinv(v / 2, p))
implied(sc.chdtriv, ("p", "x"), lambda v, p, x: sc.gammainc(v / 2, x / 2) - p, lambda v, p, x: gamma_a(v / 2, x / 2) / 2)
implied(sc.pdtrik, ("p", "m"), lambda k, p, m: sc.gammaincc(k + 1, m) - p, lambda k, p, m: -gamma_a(k + 1, m))


# Non-central chi-square, by its density (Johnson, Kotz & Balakrishnan 1995, 29.4); no closed form in the degrees. -----


def _chn(x: Array, k: Any, nc: Any) -> Array:
    """Return the density: half of exp(-(√x - √nc)²/2) (x/nc)^(k/4-1/2) times a scaled Bessel function; a limit at nc = 0."""
    central = nc == 0
    safe = np.where(central, 1, nc)
    spread = np.exp(-((np.sqrt(x) - np.sqrt(safe)) ** 2) / 2) * (x / safe) ** (k / 4 - 0.5) * sc.ive(k / 2 - 1, np.sqrt(x * safe)) / 2
    near = np.exp(sc.xlogy(k / 2 - 1, x / 2) - (x + nc) / 2 - sc.gammaln(k / 2)) / 2 * (1 + nc * x / (2 * k))
    return np.where(central, near, spread)


_NO_DF = refused("chndtr", "df")
entry(
    sc.chndtr,
    on=[Domain("x > 0", 0.5, 6.0), Domain("df", 2.5, 6.0), Domain("nc ≥ 0", 0.3, 3.0)],
    d=[lambda ans, x, df, nc: _chn(x, df, nc), _NO_DF, lambda ans, x, df, nc: -_chn(x, df + 2, nc)],
    dd=[
        lambda ans, x, df, nc: (_chn(x, df - 2, nc) - _chn(x, df, nc)) / 2,
        _NO_DF,
        lambda ans, x, df, nc: (_chn(x, df + 2, nc) - _chn(x, df, nc)) / 2,
        _NO_DF,
        _NO_DF,
        lambda ans, x, df, nc: (_chn(x, df + 2, nc) - _chn(x, df + 4, nc)) / 2,
    ],
    quiet=True,
)
implied(sc.chndtrix, ("p", "df", "nc"), lambda x, p, df, nc: sc.chndtr(x, df, nc) - p, lambda x, p, df, nc: _chn(x, df, nc))
implied(sc.chndtrinc, ("x", "df", "p"), lambda nc, x, df, p: sc.chndtr(x, df, nc) - p, lambda nc, x, df, p: -_chn(x, df + 2, nc))

# Beta and F distributions. -------------------------------------------------------------------------------------------


def _share(a: Array, b: Array, x: Array) -> Array:
    return a * x / (b + a * x)


def _fdtri(dfn: Array, dfd: Array, p: Array) -> Array:
    y = sc.betaincinv(dfn / 2, dfd / 2, p)
    return dfd / dfn * (y / (1 - y))


def _fdtr_dfd(dfd: Array, dfn: Array, p: Array, x: Array) -> Array:
    a, b, y = dfn / 2, dfd / 2, _share(dfn, dfd, x)
    return _beta_b(a, b, y) / 2 - beta_x(a, b, y) * y / (dfd + dfn * x)


implied(sc.btdtria, ("p", "b", "x"), lambda a, p, b, x: sc.betainc(a, b, x) - p, lambda a, p, b, x: _beta_a(a, b, x))
implied(sc.btdtrib, ("a", "p", "x"), lambda b, a, p, x: sc.betainc(a, b, x) - p, lambda b, a, p, x: _beta_b(a, b, x))
composed(sc.fdtr, lambda dfn, dfd, x: sc.betainc(dfn / 2, dfd / 2, _share(dfn, dfd, x)))
composed(sc.fdtrc, lambda dfn, dfd, x: sc.betainc(dfd / 2, dfn / 2, dfd / (dfd + dfn * x)))
composed(sc.fdtri, _fdtri)
implied(sc.fdtridfd, ("dfn", "p", "x"), lambda dfd, dfn, p, x: sc.fdtr(dfn, dfd, x) - p, _fdtr_dfd)

# Student's t, as 1/2 ± I(1/2, df/2, y)/2 at y = t²/(df + t²), with the density for the slope in t. --------------------


def _t_density(df: Array, t: Array) -> Array:
    return np.exp(-(df + 1) / 2 * np.log1p(t * t / df) - sc.betaln(0.5, df / 2)) / np.sqrt(df)


def _t_flow(df: Array, y: Array) -> Array:
    """-∂I/∂y·∂y/∂df."""
    return np.sqrt(y) * np.exp(df / 2 * np.log1p(-y) - sc.betaln(0.5, df / 2)) / df


def _stdtr_dft(df: Array, t: Array) -> Array:
    u = t * t / df
    return _t_density(df, t) * (psis((df + 1) / 2, df / 2) / 2 - 1 / (2 * df) - np.log1p(u) / 2 + (df + 1) / (2 * df) * u / (1 + u))


def _stdtr_df(df: Array, t: Array) -> Array:
    """Near 0, where √y has no slope, the integral of the mixed partial by two points of Gauss."""

    def near(t: Array) -> Array:
        return t / 2 * (_stdtr_dft(df, t * (0.5 - math.sqrt(1 / 12))) + _stdtr_dft(df, t * (0.5 + math.sqrt(1 / 12))))

    def far(t: Array) -> Array:
        y = t * t / (df + t * t)
        return np.sign(t) / 2 * (_beta_b(0.5 + 0 * y, df / 2, y) / 2 - _t_flow(df, y))

    return by_size(t, 1e-3, near, far)


def _stdtr_dfdf(df: Array, t: Array) -> Array:
    y, b = t * t / (df + t * t), df / 2
    flow, log = _t_flow(df, y), np.log1p(-y) - psis(b, b + 0.5)
    bent = flow * (log / 2 + (y - (1 - y) / df) / 2 - 1 / df)
    return np.sign(t) / 2 * ((BETA_DD[3](0.5 + 0 * y, b, y) / 2 - flow * log) / 2 - bent)


_DF = Domain("df > 0", 0.8, 8.0)
entry(
    sc.stdtr,
    on=[_DF, REAL],
    d=[lambda ans, df, t: _stdtr_df(df, t), lambda ans, df, t: _t_density(df, t)],
    dd=[
        lambda ans, df, t: _stdtr_dfdf(df, t),
        lambda ans, df, t: _stdtr_dft(df, t),
        lambda ans, df, t: -_t_density(df, t) * (df + 1) * t / (df + t * t),
    ],
    edges=[Edge((1.0, 0.0), (0.0, 1 / math.pi), (0.0, (math.log(2) - 0.5) / math.pi, 0.0))],
    quiet=True,
)
implied(sc.stdtrit, ("df", "p"), lambda t, df, p: sc.stdtr(df, t) - p, lambda t, df, p: _t_density(df, t))
implied(sc.stdtridf, ("p", "t"), lambda df, p, t: sc.stdtr(df, t) - p, lambda df, p, t: _stdtr_df(df, t))


# Binomial, negative binomial and Poisson: counts are whole numbers, which carry no tangent. --------------------------


def _beta_xx(a: Array, b: Array, x: Array) -> Array:
    return beta_x(a, b, x) * ((a - 1) / x - (b - 1) / (1 - x))


def _binomial(k: Array, n: Array, p: Array) -> tuple[Array, Array]:
    """Return the slope and the curvature of bdtr in p."""
    k = np.floor(k)
    certain = k >= n
    a = np.where(certain, 1, n - k)
    return np.where(certain, 0, -beta_x(a, k + 1, 1 - p)), np.where(certain, 0, _beta_xx(a, k + 1, 1 - p))


def _negative_binomial(k: Array, n: Array, p: Array) -> tuple[Array, Array]:
    return beta_x(n, k + 1, p), _beta_xx(n, k + 1, p)


def _poisson(k: Array, m: Array) -> tuple[Array, Array]:
    k = np.floor(k)
    slope = -np.exp(sc.xlogy(k, m) - m - sc.gammaln(k + 1))
    return slope, slope * (k / m - 1)


def _counting(cdf: Function, sf: Function, inverse: Function, counts: Sequence[str], slopes: Function, on: Sequence[Domain]) -> None:
    """Enter a distribution of counts, its tail and its inverse in the last argument."""
    for f, sign in ((cdf, 1), (sf, -1)):
        parts = last(f.__name__, counts, lambda ans, *args, s=sign: s * slopes(*args)[0], lambda ans, *args, s=sign: s * slopes(*args)[1])
        entry(f, on=on, **parts, quiet=True)
    parts = last(
        inverse.__name__,
        counts,
        lambda ans, *args: 1 / slopes(*args[:-1], ans)[0],
        lambda ans, *args: -slopes(*args[:-1], ans)[1] / slopes(*args[:-1], ans)[0] ** 3,
    )
    entry(inverse, on=[*on[:-1], UNIT_INTERVAL], **parts, quiet=True)


_counting(sc.bdtr, sc.bdtrc, sc.bdtri, ["k", "n"], _binomial, [COUNT, TRIALS, UNIT_INTERVAL])
_counting(sc.nbdtr, sc.nbdtrc, sc.nbdtri, ["k", "n"], _negative_binomial, [COUNT, TRIALS, UNIT_INTERVAL])
_counting(sc.pdtr, sc.pdtrc, sc.pdtri, ["k"], _poisson, [COUNT, POSITIVE])
# Their inverses in a count are real numbers: the incomplete beta function interpolates.
implied(sc.bdtrik, ("y", "n", "p"), lambda k, y, n, p: sc.betaincc(k + 1, n - k, p) - y,
        lambda k, y, n, p: _beta_b(k + 1, n - k, p) - _beta_a(k + 1, n - k, p))  # fmt: skip
implied(sc.bdtrin, ("k", "y", "p"), lambda n, k, y, p: sc.betaincc(k + 1, n - k, p) - y, lambda n, k, y, p: -_beta_b(k + 1, n - k, p))
implied(sc.nbdtrik, ("y", "n", "p"), lambda k, y, n, p: sc.betainc(n, k + 1, p) - y, lambda k, y, n, p: _beta_b(n, k + 1, p))
implied(sc.nbdtrin, ("k", "y", "p"), lambda n, k, y, p: sc.betainc(n, k + 1, p) - y, lambda n, k, y, p: _beta_a(n, k + 1, p))

# The normal distribution and its relatives. --------------------------------------------------------------------------

composed(sc.nrdtrimn, lambda p, std, x: x - std * sc.ndtri(p))
composed(sc.nrdtrisd, lambda mn, p, x: (x - mn) / sc.ndtri(p))
composed(sc.voigt_profile, lambda x, sigma, gamma: np.real(sc.wofz((x + 1j * gamma) / (2**0.5 * sigma))) * PHI / sigma)


def _ndtri_exp_d(ans: Array) -> Array:
    return sc.erfcx(-ans * 0.5**0.5) / (2 * PHI)


entry(
    sc.ndtri_exp,
    on=[Domain("x < 0", -6.0, -0.1)],
    d=[lambda ans, y: _ndtri_exp_d(ans)],
    dd=[lambda ans, y: 2**0.5 * log_slope_of_erfcx(-ans * 0.5**0.5) * _ndtri_exp_d(ans) ** 2],
)


def _owens_a(h: Array, a: Array) -> Array:
    return PHI**2 * np.exp(-h * h * (1 + a * a) / 2) / (1 + a * a)


def _owens_h(h: Array, a: Array) -> Array:
    return -PHI / 2 * np.exp(-h * h / 2) * sc.erf(a * h * 0.5**0.5)


entry(
    sc.owens_t,
    on=[REAL, REAL],
    d=[lambda ans, h, a: _owens_h(h, a), lambda ans, h, a: _owens_a(h, a)],
    dd=[
        lambda ans, h, a: -h * _owens_h(h, a) - a * (1 + a * a) * _owens_a(h, a),
        lambda ans, h, a: -h * (1 + a * a) * _owens_a(h, a),
        lambda ans, h, a: -a * (h * h + 2 / (1 + a * a)) * _owens_a(h, a),
    ],
    edges=[Edge((0.0, 0.0), (0.0, PHI**2), (0.0, 0.0, 0.0))],
)


def _tukey(p: Array, lam: Any) -> tuple[Array, Array]:
    """Return the slope and the curvature of the quantile function (p^λ - (1-p)^λ)/λ."""
    return p ** (lam - 1) + (1 - p) ** (lam - 1), (lam - 1) * (p ** (lam - 2) - (1 - p) ** (lam - 2))


_NO_LAMBDA = refused("tklmbda", "lmbda")
entry(
    sc.tklmbda,
    on=[Domain("inside", -0.9, 0.9), Domain("λ", 0.2, 0.9)],
    d=[lambda ans, x, lmbda: 1 / _tukey(ans, lmbda)[0], _NO_LAMBDA],
    dd=[lambda ans, x, lmbda: -_tukey(ans, lmbda)[1] / _tukey(ans, lmbda)[0] ** 3, _NO_LAMBDA, _NO_LAMBDA],
    quiet=True,
)


# Kolmogorov's distribution: its two series, which Jacobi's theta function relates. ------------------------------------

_K = np.arange(1.0, 9.0)
_C = (2 * _K - 1) ** 2 * math.pi**2 / 8


def _kolmogorov(y: Array, near: Callable[[Any, Array], Array], far: Callable[[Any, Array], Array]) -> Array:
    small = y < 1
    low, high = np.where(small & (y > 0), y, 1), np.where(small, 1, y)
    below = sum(near(c, low) * np.exp(-c / (low * low)) for c in _C.tolist())
    above = sum((-1) ** (k - 1) * far(k, high) * np.exp(-2 * k * k * high * high) for k in range(1, 9))
    return np.where(y <= 0, 0, np.where(small, -math.sqrt(2 * math.pi) * below, 2 * above))


def _kolmogorov_d(y: Array) -> Array:
    return _kolmogorov(y, lambda c, y: (2 * c / (y * y) - 1) / (y * y), lambda k, y: -4 * k * k * y)


def _kolmogorov_dd(y: Array) -> Array:
    return _kolmogorov(
        y, lambda c, y: (2 - 10 * c / y**2 + 4 * c * c / y**4) / y**3, lambda k, y: 16 * k**4 * y * y - 4 * k * k
    )  # fmt: skip


entry(sc.kolmogorov, on=[Domain("x > 0", 0.3, 2.5)], d=[lambda ans, y: _kolmogorov_d(y)], dd=[lambda ans, y: _kolmogorov_dd(y)],
      edges=[Edge((0.0,), (0.0,), (0.0,)), Edge((-1.0,), (0.0,), (0.0,))])  # fmt: skip
entry(sc.kolmogi, on=[UNIT_INTERVAL], d=[lambda ans, p: 1 / _kolmogorov_d(ans)],
      dd=[lambda ans, p: -_kolmogorov_dd(ans) / _kolmogorov_d(ans) ** 3], quiet=True)  # fmt: skip
