"""What the partials of the gamma function are made of, compiled: the digamma function and ζ(s, q)."""

import math
from typing import Any

import numpy as np
import scipy.special as sc  # type: ignore[import-untyped]
from numba.core import types
from numba.core.typing.templates import AbstractTemplate, infer, infer_global, signature

from ..rules.registry import missing
from ..rules.special_gamma import zeta
from .extending import lower_builtin, register_jitable
from .functions import by_rule

FAR = 15.0
"""From here on the asymptotic series below are exact to rounding."""

BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)


@register_jitable
def _psi_right(x: Any) -> Any:
    """ψ(x) for x > 0 by steps to the right and its asymptotic series (DLMF 5.5.2, 5.11.2)."""
    total = 0.0
    while x < FAR:
        total -= 1.0 / x
        x += 1.0
    square = 1.0 / (x * x)
    factor = square
    total += math.log(x) - 0.5 / x
    for k, b in enumerate(BERNOULLI):
        total -= b / (2 * k + 2) * factor
        factor *= square
    return total


@register_jitable
def _psi(x: Any) -> Any:
    if x > 0.0:
        return _psi_right(x)
    if x == np.floor(x):
        return -math.copysign(np.inf, x) if x == 0.0 else np.nan
    return _psi_right(1.0 - x) - math.pi / math.tan(math.pi * x)  # DLMF 5.5.4


@register_jitable
def _hurwitz(s: Any, q: Any) -> Any:
    """ζ(s, q) by steps to the right and Euler-Maclaurin's formula (DLMF 25.11.28)."""
    if q <= 0.0 and q == np.floor(q):
        return np.inf
    total = 0.0
    while q < FAR:
        total += q**-s
        q += 1.0
    total += q ** (1.0 - s) / (s - 1.0) + 0.5 * q**-s
    factor = s * q ** (-s - 1.0) / 2.0
    for k, b in enumerate(BERNOULLI):
        total += b * factor
        factor *= (s + 2 * k + 1) * (s + 2 * k + 2) / ((2 * k + 3) * (2 * k + 4) * q * q)
    return total


def _declare(function: Any, code: Any, nin: int) -> None:
    """Give Numba a function of numbers, and that of numbers with derivatives by its rule."""

    class Template(AbstractTemplate):  # type: ignore[misc]
        key = function

        def generic(self, args: Any, kws: Any) -> Any:
            return signature(args[-1], *args) if all(isinstance(t, types.Float) for t in args) else None

    infer(Template)
    infer_global(function, types.Function(Template))

    @lower_builtin(function, *[types.Float] * nin)
    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.compile_internal(builder, code, signature, args)

    by_rule(function, missing(function))


_declare(sc.psi, _psi, 1)
_declare(zeta, _hurwitz, 2)
