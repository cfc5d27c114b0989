"""Local partials of the orthogonal polynomials and Legendre functions of scipy.special in their argument."""

from typing import Any

import numpy as np
import scipy.special as sc  # type: ignore[import-untyped]

from .._typing import Array, Function
from .rule import SMALL, UNIT, Domain
from .special_distributions import composed
from .special_entry import entry, last

DEGREE = Domain("degree", 0.0, 5.0, True)
_SHAPE = Domain("> -1/2", 0.3, 2.0)


def lower(f: Function, k: int, n: Any, *args: Any) -> Array:
    """F of degree n - k, and 0 where k derivatives of a polynomial of degree n leave nothing."""
    n = np.asarray(n)
    nothing = (n < k) & (n == np.floor(n)) & (n >= 0)
    return np.where(nothing, 0, f(np.where(nothing, k, n) - k, *args))


# Derivatives raise the parameters and lower the degree (DLMF 18.9.15 to 18.9.28). -----------------------------------

entry(
    sc.eval_jacobi,
    on=[DEGREE, _SHAPE, _SHAPE, UNIT],
    **last(
        "eval_jacobi",
        ["n", "alpha", "beta"],
        lambda ans, n, a, b, x: (n + a + b + 1) / 2 * lower(sc.eval_jacobi, 1, n, a + 1, b + 1, x),
        lambda ans, n, a, b, x: (n + a + b + 1) * (n + a + b + 2) / 4 * lower(sc.eval_jacobi, 2, n, a + 2, b + 2, x),
    ),
)
entry(
    sc.eval_gegenbauer,
    on=[DEGREE, _SHAPE, SMALL],
    **last(
        "eval_gegenbauer",
        ["n", "alpha"],
        lambda ans, n, a, x: 2 * a * lower(sc.eval_gegenbauer, 1, n, a + 1, x),
        lambda ans, n, a, x: 4 * a * (a + 1) * lower(sc.eval_gegenbauer, 2, n, a + 2, x),
    ),
)
entry(
    sc.eval_genlaguerre,
    on=[DEGREE, _SHAPE, SMALL],
    **last(
        "eval_genlaguerre",
        ["n", "alpha"],
        lambda ans, n, a, x: -lower(sc.eval_genlaguerre, 1, n, a + 1, x),
        lambda ans, n, a, x: lower(sc.eval_genlaguerre, 2, n, a + 2, x),
    ),
)


def _ultraspherical(func: Function, first: Function, second: Function, alpha: float) -> None:
    """Enter a polynomial whose derivatives are Gegenbauer polynomials of parameters alpha and alpha + 1."""
    parts = last(
        func.__name__,
        ["n"],
        lambda ans, n, x: first(n) * lower(sc.eval_gegenbauer, 1, n, alpha, x),
        lambda ans, n, x: second(n) * lower(sc.eval_gegenbauer, 2, n, alpha + 1, x),
    )
    entry(func, on=[DEGREE, SMALL], **parts)


_ultraspherical(sc.eval_legendre, lambda n: 1, lambda n: 3, 1.5)
_ultraspherical(sc.eval_chebyt, lambda n: n, lambda n: 2 * n, 1.0)
_ultraspherical(sc.eval_chebyu, lambda n: 2, lambda n: 8, 2.0)
entry(sc.eval_laguerre, on=[DEGREE, SMALL], **last(
    "eval_laguerre", ["n"], lambda ans, n, x: -lower(sc.eval_genlaguerre, 1, n, 1.0, x),
    lambda ans, n, x: lower(sc.eval_genlaguerre, 2, n, 2.0, x)))  # fmt: skip
for _hermite, _factor in ((sc.eval_hermite, 2), (sc.eval_hermitenorm, 1)):
    _parts = last(
        _hermite.__name__,
        ["n"],
        lambda ans, n, x, f=_hermite, c=_factor: c * n * lower(f, 1, n, x),
        lambda ans, n, x, f=_hermite, c=_factor: c * c * n * (n - 1) * lower(f, 2, n, x),
    )
    entry(_hermite, on=[DEGREE, SMALL], **_parts)


# The same on other intervals. ----------------------------------------------------------------------------------------


def _sh_jacobi(n: Any, p: Any, q: Any, x: Array) -> Array:
    return sc.eval_jacobi(n, p - q, q - 1, 2 * x - 1) / sc.binom(2 * n + p - 1, n)


composed(sc.eval_chebyc, lambda n, x: 2 * sc.eval_chebyt(n, x / 2))
composed(sc.eval_chebys, lambda n, x: sc.eval_chebyu(n, x / 2))
composed(sc.eval_sh_legendre, lambda n, x: sc.eval_legendre(n, 2 * x - 1))
composed(sc.eval_sh_chebyt, lambda n, x: sc.eval_chebyt(n, 2 * x - 1))
composed(sc.eval_sh_chebyu, lambda n, x: sc.eval_chebyu(n, 2 * x - 1))
composed(sc.eval_sh_jacobi, _sh_jacobi)


# Associated Legendre functions (DLMF 14.10.5 and Legendre's equation 14.2.2). ------------------------------------------


def _lpmv_d(ans: Array, m: Any, v: Any, x: Array) -> Array:
    return ((v + m) * sc.lpmv(m, v - 1, x) - v * x * ans) / (1 - x * x)


def _lpmv_dd(ans: Array, m: Any, v: Any, x: Array) -> Array:
    return (2 * x * _lpmv_d(ans, m, v, x) - (v * (v + 1) - m * m / (1 - x * x)) * ans) / (1 - x * x)


entry(sc.lpmv, on=[Domain("order", 0.0, 2.0, True), Domain("degree", 1.0, 4.0, True), UNIT],
      **last("lpmv", ["m", "v"], _lpmv_d, _lpmv_dd), quiet=True)  # fmt: skip
