"""Local partials of Carlson's and Legendre's incomplete elliptic integrals and of Jacobi's functions in scipy.special."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.special as sc  # type: ignore[import-untyped]

from .._typing import Array, Function
from .rule import POSITIVE, REAL, Composed, Domain, Edge, Partial
from .special_distributions import composed, implied
from .special_entry import SPECIAL, entry, output

# Carlson's integrals are ∫ t^k Π (t + zᵢ)^(-bᵢ) dt over t > 0 times a factor, and a partial raises one exponent by 1
# (Carlson 1977, DLMF 19.16 and 19.18). In log t the integrand is analytic within π of the real line, so that the
# trapezoidal rule with step h errs by exp(-2π²/h) only (Trefethen & Weideman 2014).

_STEP = 0.5
_V = np.arange(-80.0, 80.0, _STEP)


def integral(k: int, b: Sequence[float], z: Sequence[Array]) -> Array:
    """∫ t^k Π (t + zᵢ)^(-bᵢ) dt over t > 0, with one exponent in b for each zᵢ."""
    total: Any = 0
    for v in _V.tolist():
        t = math.exp(v)
        term: Any = _STEP * t ** (k + 1) * (1 + t) ** -sum(b)
        for exponent, x in zip(b, z, strict=True):
            term = term * ((t + x) / (1 + t)) ** -exponent  # of a size that single precision holds
        total = total + term
    return total


def _raised(b: Sequence[float], *places: int) -> list[float]:
    return [x + places.count(i) for i, x in enumerate(b)]


def _carlson(func: Function, factor: float, k: int, b: Sequence[float]) -> None:
    def first(i: int) -> Partial:
        return lambda ans, *z: -factor * b[i] * integral(k, _raised(b, i), z)

    def second(i: int, j: int) -> Partial:
        return lambda ans, *z: factor * b[i] * (b[j] + (i == j)) * integral(k, _raised(b, i, j), z)

    n = len(b)
    entry(func, on=[POSITIVE] * n, d=[first(i) for i in range(n)], dd=[second(i, j) for i in range(n) for j in range(i, n)], quiet=True)


_carlson(sc.elliprc, 0.5, 0, [0.5, 1.0])
_carlson(sc.elliprf, 0.5, 0, [0.5, 0.5, 0.5])
_carlson(sc.elliprd, 1.5, 0, [0.5, 0.5, 1.5])
_carlson(sc.elliprj, 1.5, 0, [0.5, 0.5, 0.5, 1.0])
_carlson(sc.elliprg, -0.25, 1, [0.5, 0.5, 0.5])
composed(sc.agm, lambda a, b: math.pi / 4 * (a + b) / sc.ellipkm1(4 * a * b / (a + b) ** 2))


# Legendre's F(φ, m) and E(φ, m): symmetric integrals of one half turn, and complete ones for the rest (DLMF 19.25). ---


def _parts(phi: Array, m: Array) -> tuple[Array, Array, Array, Array]:
    """Return sin², cos², 1 - m·sin² and the number of half turns; sine with the sign that its half turn has."""
    turns = np.round(phi / math.pi)
    s, c = np.sin(phi - turns * math.pi), np.cos(phi - turns * math.pi)
    return s, c * c, 1 - m * s * s, turns


def _whole(turns: Array, m: Array, k_d: Array) -> Array:
    return np.where(turns == 0, 0, 2 * turns * np.where(turns == 0, 1, k_d))


def _k_d(m: Array) -> Array:
    return math.pi / 8 / (1 - m) * sc.hyp2f1(0.5, 0.5, 2.0, m)


def _k_dd(m: Array) -> Array:
    return 9 * math.pi / 64 / (1 - m) ** 2 * sc.hyp2f1(0.5, 0.5, 3.0, m)


def _e_d(m: Array) -> Array:
    return -math.pi / 8 * sc.hyp2f1(0.5, 1.5, 2.0, m)


def _e_dd(m: Array) -> Array:
    return -3 * math.pi / 64 / (1 - m) * sc.hyp2f1(0.5, 1.5, 3.0, m)


def _first_m(phi: Array, m: Array) -> Array:
    s, cc, delta, turns = _parts(phi, m)
    return s**3 / 6 * sc.elliprd(cc, 1, delta) + _whole(turns, m, _k_d(m))


def _first_mm(phi: Array, m: Array) -> Array:
    s, cc, delta, turns = _parts(phi, m)
    return 0.375 * s**5 * integral(0, [0.5, 0.5, 2.5], [cc, 1.0, delta]) + _whole(turns, m, _k_dd(m))


def _second_m(phi: Array, m: Array) -> Array:
    s, cc, delta, turns = _parts(phi, m)
    return -(s**3) / 6 * sc.elliprd(cc, delta, 1) + _whole(turns, m, _e_d(m))


def _second_mm(phi: Array, m: Array) -> Array:
    s, cc, delta, turns = _parts(phi, m)
    return -(s**5) / 8 * integral(0, [0.5, 1.5, 1.5], [cc, delta, 1.0]) + _whole(turns, m, _e_dd(m))


def _delta(phi: Array, m: Array) -> Array:
    return np.sqrt(1 - m * np.sin(phi) ** 2)


_PARAMETER = Domain("m < 1", -2.0, 0.9)
entry(
    sc.ellipkinc,
    on=[REAL, _PARAMETER],
    d=[lambda ans, phi, m: 1 / _delta(phi, m), lambda ans, phi, m: _first_m(phi, m)],
    dd=[
        lambda ans, phi, m: m * np.sin(phi) * np.cos(phi) / _delta(phi, m) ** 3,
        lambda ans, phi, m: np.sin(phi) ** 2 / _delta(phi, m) ** 3 / 2,
        lambda ans, phi, m: _first_mm(phi, m),
    ],
    edges=[Edge((0.0, 0.5), (1.0, 0.0), (0.0, 0.0, 0.0)), Edge((math.pi / 2, 0.0), (1.0, math.pi / 8), (0.0, 0.5, 9 * math.pi / 64))],
    quiet=True,
)
entry(
    sc.ellipeinc,
    on=[REAL, _PARAMETER],
    d=[lambda ans, phi, m: _delta(phi, m), lambda ans, phi, m: _second_m(phi, m)],
    dd=[
        lambda ans, phi, m: -m * np.sin(phi) * np.cos(phi) / _delta(phi, m),
        lambda ans, phi, m: -(np.sin(phi) ** 2) / _delta(phi, m) / 2,
        lambda ans, phi, m: _second_mm(phi, m),
    ],
    edges=[Edge((0.0, 0.5), (1.0, 0.0), (0.0, 0.0, 0.0)), Edge((math.pi / 2, 0.0), (1.0, -math.pi / 8), (0.0, -0.5, -3 * math.pi / 64))],
    quiet=True,
)

# Jacobi's functions: the amplitude solves F(φ, m) = u, the others are functions of it (DLMF 22.16). ------------------

_amplitude = output(sc.ellipj, 3, "ellipj_ph")
implied(
    _amplitude.__wrapped__,  # type: ignore[attr-defined]
    ("u", "m"),
    lambda phi, u, m: sc.ellipkinc(phi, m) - u,
    lambda phi, u, m: 1 / _delta(phi, m),
)


def _ellipj(u: Any, m: Any) -> tuple[Array, Array, Array, Array]:
    phi = _amplitude(u, m)
    return np.sin(phi), np.cos(phi), _delta(phi, m), phi


SPECIAL[sc.ellipj] = Composed(sc.ellipj, _ellipj)
