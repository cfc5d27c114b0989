"""Local partials of scaled Bessel and Airy, Kelvin, parabolic cylinder and Wright functions, and of integrals, in scipy.special."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special as sc  # type: ignore[import-untyped]

from .._typing import Array, Function
from .rule import POSITIVE, REAL, SMALL, Composed, Constant, Domain, Edge, Partial
from .special_bessel import ORDER, WHOLE, WIDE
from .special_distributions import composed
from .special_entry import SPECIAL, by_size, entry, last, output, outputs, polynomial, refused

# Scaled and integer-order Bessel functions. SciPy scales jve and yve by exp(-|Im z|), which is 1 for real z and not
# holomorphic for others; hankel1e and hankel2e by exp(∓iz). ------------------------------------------------------------

for _scaled in (sc.jve, sc.yve):
    _parts = last(
        _scaled.__name__,
        ["v"],
        lambda ans, v, z, f=_scaled: (f(v - 1, z) - f(v + 1, z)) / 2,
        lambda ans, v, z, f=_scaled: (f(v - 2, z) - 2 * ans + f(v + 2, z)) / 4,
    )
    entry(_scaled, on=[ORDER, WIDE], **_parts, on_complex="refused")
for _scaled, _turn in ((sc.hankel1e, 1j), (sc.hankel2e, -1j)):
    _parts = last(
        _scaled.__name__,
        ["v"],
        lambda ans, v, z, f=_scaled, i=_turn: (f(v - 1, z) - f(v + 1, z)) / 2 - i * ans,
        lambda ans, v, z, f=_scaled, i=_turn: (f(v - 2, z) - 6 * ans + f(v + 2, z)) / 4 - i * (f(v - 1, z) - f(v + 1, z)),
    )
    entry(_scaled, on=[ORDER, WIDE], **_parts)
entry(sc.yn, on=[WHOLE, WIDE], **last("yn", ["n"], lambda ans, n, x: (sc.yv(n - 1, x) - sc.yv(n + 1, x)) / 2,
      lambda ans, n, x: (sc.yv(n - 2, x) - 2 * ans + sc.yv(n + 2, x)) / 4))  # fmt: skip
entry(sc.kn, on=[WHOLE, WIDE], **last("kn", ["n"], lambda ans, n, x: -(sc.kv(n - 1, x) + sc.kv(n + 1, x)) / 2,
      lambda ans, n, x: (sc.kv(n - 2, x) + 2 * ans + sc.kv(n + 2, x)) / 4))  # fmt: skip


def _root(z: Array) -> tuple[Array, Array]:
    """Return √z and its slope where z > 0, else 0: the exponent 2/3·z√z is imaginary there."""
    positive = z > 0
    root = np.where(positive, np.sqrt(np.where(positive, z, 1)), 0)
    return root, np.where(positive, 0.5 / np.where(positive, root, 1), 0)


def _scaled_airy(sign: int, first: Array, second: Array, z: Array) -> tuple[Array, Array, Array, Array]:
    """Return d and dd of a scaled Airy function and of its scaled derivative, from their values."""
    r, q = _root(z)
    r, q = sign * r, sign * q
    d0, d1 = second + r * first, z * first + r * second
    return d0, d1 + q * first + r * d0, d1, first + z * d0 + q * second + r * d1


_eai, _eaip, _ebi, _ebip = _airye = [output(sc.airye, i, f"airye_{name}") for i, name in enumerate(("ai", "aip", "bi", "bip"))]


def _airye_part(sign: int, which: int) -> Partial:
    pair = (_eai, _eaip) if sign > 0 else (_ebi, _ebip)
    return lambda ans, z: _scaled_airy(sign, pair[0](z), pair[1](z), z)[which]


outputs(
    sc.airye, _airye, [(_airye_part(s, i), _airye_part(s, i + 1)) for s in (1, -1) for i in (0, 2)], [POSITIVE] * 4, on_complex="refused"
)


# Kelvin functions: f'' + f'/x is the companion (DLMF 10.61.2). ------------------------------------------------------


def _over(f: Array, x: Array, limit: float) -> Array:
    """Return f / x, and its limit at 0."""
    zero = x == 0
    return np.where(zero, limit, f / np.where(zero, 1, x))


def _kelvin(f: Any, fp: Any, g: Any, gp: Any, sign: int, limit: float, third: float) -> None:
    """Enter f with f'' = sign·g - f'/x and its derivative; `limit` is f''(0) and `third` that of f'''."""

    def curved(x: Array) -> Array:
        return np.where(x == 0, limit, sign * g(x) - _over(fp(x), x, 0))

    entry(f, on=[POSITIVE], d=[lambda ans, x: fp(x)], dd=[lambda ans, x: curved(x)], quiet=True)
    entry(
        fp,
        on=[POSITIVE],
        d=[lambda ans, x: curved(x)],
        dd=[lambda ans, x: np.where(x == 0, third, sign * gp(x) - _over(curved(x) - _over(ans, x, 0), x, 0))],
        quiet=True,
    )


_kelvin(sc.ber, sc.berp, sc.bei, sc.beip, -1, 0.0, 0.0)
_kelvin(sc.bei, sc.beip, sc.ber, sc.berp, 1, 0.5, 0.0)
_kelvin(sc.ker, sc.kerp, sc.kei, sc.keip, -1, math.inf, -math.inf)
_kelvin(sc.kei, sc.keip, sc.ker, sc.kerp, 1, math.inf, -math.inf)
SPECIAL[sc.kelvin] = Composed(
    sc.kelvin,
    lambda x: (sc.ber(x) + 1j * sc.bei(x), sc.ker(x) + 1j * sc.kei(x), sc.berp(x) + 1j * sc.beip(x), sc.kerp(x) + 1j * sc.keip(x)),
)

# Integrals: the partial is the integrand. ----------------------------------------------------------------------------


def _excess(sign: int) -> tuple[Callable[[Array], Array], Callable[[Array], Array]]:
    """Return (I₀(x) - 1)/x and its derivative, or (1 - J₀(x))/x for sign -1; by the power series near 0."""
    terms = [sign ** (k + 1) / (4**k * math.factorial(k) ** 2) for k in range(1, 14)]
    slopes = [(2 * k + 1) * c for k, c in enumerate(terms)]
    f, g = (sc.i0, sc.i1) if sign > 0 else (sc.j0, sc.j1)

    def far(x: Array) -> Array:
        return sign * (f(x) - 1) / x

    return (
        lambda x: by_size(x, 2.0, lambda x: x * polynomial(terms, x * x), far),
        lambda x: by_size(x, 2.0, lambda x: polynomial(slopes, x * x), lambda x: (g(x) - far(x)) / x),
    )


def _itself(partial: Any) -> Partial:
    return lambda ans, x: partial(x)


def _integrals(func: Any, name: str, slopes: Any) -> None:
    """Enter a function whose outputs are integrals of x: each integrand and its derivative."""
    parts = [output(func, i, f"{name}_{i}") for i in range(len(slopes))]
    outputs(func, parts, [(_itself(d), _itself(dd)) for d, dd in slopes], [POSITIVE] * len(slopes))


def _airy(i: int, sign: int) -> tuple[Any, Any]:
    return lambda x: sc.airy(sign * x)[i], lambda x: sign * sc.airy(sign * x)[i + 1]


_integrals(sc.itj0y0, "itj0y0", [(sc.j0, lambda x: -sc.j1(x)), (sc.y0, lambda x: -sc.y1(x))])
_integrals(sc.iti0k0, "iti0k0", [(sc.i0, sc.i1), (sc.k0, lambda x: -sc.k1(x))])
_integrals(sc.it2j0y0, "it2j0y0", [_excess(-1), (lambda x: -sc.y0(x) / x, lambda x: (sc.y1(x) + sc.y0(x) / x) / x)])
_integrals(sc.it2i0k0, "it2i0k0", [_excess(1), (lambda x: -sc.k0(x) / x, lambda x: (sc.k1(x) + sc.k0(x) / x) / x)])
_integrals(sc.itairy, "itairy", [_airy(0, 1), _airy(2, 1), _airy(0, -1), _airy(2, -1)])
_STRUVE_D = 2 / math.pi  # H₀' = 2/π - H₁, L₀' = 2/π + L₁ (DLMF 11.4.27, 11.4.28)
entry(sc.itstruve0, on=[POSITIVE], d=[lambda ans, x: sc.struve(0.0, x)], dd=[lambda ans, x: _STRUVE_D - sc.struve(1.0, x)], quiet=True)
entry(sc.itmodstruve0, on=[POSITIVE], d=[lambda ans, x: sc.modstruve(0.0, x)], dd=[lambda ans, x: _STRUVE_D + sc.modstruve(1.0, x)],
      quiet=True)  # fmt: skip
entry(sc.it2struve0, on=[POSITIVE], d=[lambda ans, x: -_over(sc.struve(0.0, x), x, _STRUVE_D)],
      dd=[lambda ans, x: (_over(sc.struve(0.0, x), x, _STRUVE_D) - _STRUVE_D + sc.struve(1.0, x)) / x], quiet=True)  # fmt: skip


def _fresnel(func: Any, name: str, sign: int) -> None:
    """Enter F(x) = ∫ exp(±it²) dt from x on, and K(x) = exp(∓i(x² + π/4))·F(x)/√π."""
    f, k = output(func, 0, f"{name}_f"), output(func, 1, f"{name}_k")
    start = -np.exp(-0.25j * sign * math.pi) / math.sqrt(math.pi)

    def slope(ans: Array, x: Array) -> Array:
        return start - 2j * sign * x * ans

    wave: Callable[[Array], Array] = lambda x: np.exp(1j * sign * x * x)
    curved: Partial = lambda ans, x: -2j * sign * (ans + x * slope(ans, x))
    outputs(func, [f, k], [(lambda ans, x: -wave(x), lambda ans, x: -2j * sign * x * wave(x)), (slope, curved)], [SMALL, SMALL])


_fresnel(sc.modfresnelp, "modfresnelp", 1)
_fresnel(sc.modfresnelm, "modfresnelm", -1)

# Parabolic cylinder functions: y'' = w·y, with the derivative as second output (DLMF 12.2). ----------------------------


def _parabolic(func: Any, name: str, w: Any, w_x: Any, parameter: str) -> None:
    y, yp = output(func, 0, name), output(func, 1, f"{name}_p")
    outputs(
        func,
        [y, yp],
        [
            (lambda ans, v, x: yp(v, x), lambda ans, v, x: w(v, x) * ans),
            (lambda ans, v, x: w(v, x) * y(v, x), lambda ans, v, x: w_x(x) * y(v, x) + w(v, x) * ans),
        ],
        [SMALL, SMALL],
        parameter=(parameter, ORDER),
    )


_parabolic(sc.pbdv, "pbdv", lambda v, x: x * x / 4 - v - 0.5, lambda x: x / 2, "v")
_parabolic(sc.pbvv, "pbvv", lambda v, x: x * x / 4 - v - 0.5, lambda x: x / 2, "v")
_parabolic(sc.pbwa, "pbwa", lambda a, x: a - x * x / 4, lambda x: -x / 2, "a")

# Wright's Bessel function, and an integral over a Bessel function. ------------------------------------------------------

_A = Domain("> 0", 0.3, 2.0)
entry(
    sc.wright_bessel,
    on=[_A, _A, POSITIVE],
    **last(
        "wright_bessel",
        ["a", "b"],
        lambda ans, a, b, x: sc.wright_bessel(a, a + b, x),
        lambda ans, a, b, x: sc.wright_bessel(a, 2 * a + b, x),
    ),
)


def _enter_log_wright(log_wright: Function) -> None:
    def ratio(ans: Array, k: int, a: Any, b: Any, x: Array) -> Array:
        return np.exp(log_wright(a, k * a + b, x) - ans)

    parts = last(
        "log_wright_bessel",
        ["a", "b"],
        lambda ans, a, b, x: ratio(ans, 1, a, b, x),
        lambda ans, a, b, x: ratio(ans, 2, a, b, x) - ratio(ans, 1, a, b, x) ** 2,
    )
    entry(log_wright, on=[_A, _A, POSITIVE], **parts)


if hasattr(sc, "log_wright_bessel"):  # from SciPy 1.14 on
    _enter_log_wright(sc.log_wright_bessel)

_NO_LAMBDA, _NO_NU = refused("besselpoly", "lmb"), refused("besselpoly", "nu")


def _besselpoly_d(ans: Array, a: Array, lmb: Any, nu: Any) -> Array:
    """∂/∂a of ∫ t^λ J_ν(2at) dt over the unit interval, by J_ν' = ν/z·J_ν - J_{ν+1} (DLMF 10.6.2)."""
    return nu / a * ans - 2 * sc.besselpoly(a, lmb + 1, nu + 1)


def _besselpoly_dd(ans: Array, a: Array, lmb: Any, nu: Any) -> Array:
    next_one = sc.besselpoly(a, lmb + 1, nu + 1)
    return nu / a * (_besselpoly_d(ans, a, lmb, nu) - ans / a) - 2 * _besselpoly_d(next_one, a, lmb + 1, nu + 1)


entry(sc.besselpoly, on=[_A, _A, ORDER], d=[_besselpoly_d, _NO_LAMBDA, _NO_NU],
      dd=[_besselpoly_dd, _NO_LAMBDA, _NO_NU, _NO_LAMBDA, _NO_LAMBDA, _NO_NU])  # fmt: skip

# Powers, angles, roundings. ------------------------------------------------------------------------------------------

entry(
    sc.powm1,
    on=[POSITIVE, REAL],
    d=[lambda ans, x, y: y * x ** (y - 1), lambda ans, x, y: (ans + 1) * np.log(x)],
    dd=[
        lambda ans, x, y: y * (y - 1) * x ** (y - 2),
        lambda ans, x, y: x ** (y - 1) * (1 + y * np.log(x)),
        lambda ans, x, y: (ans + 1) * np.log(x) ** 2,
    ],
    edges=[Edge((1.0, 2.0), (2.0, 0.0), (2.0, 1.0, 0.0))],
    quiet=True,
)
composed(sc.radian, lambda d, m, s: (d + m / 60 + s / 3600) * (math.pi / 180))
SPECIAL[sc.round] = Constant(sc.round)
