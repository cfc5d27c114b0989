"""Functions of scipy.special that convert their argument to a plain array, written so that they carry tangents."""

import math
from typing import Any

import numpy as np
import scipy.special as sc  # type: ignore[import-untyped]

from .._typing import Array, Function
from .registry import dispatching
from .rule import Domain, Elementwise
from .special_entry import SPECIAL, last
from .special_gamma import polygamma as _derivative_of_psi
from .special_gamma import zeta

__all__ = ["comb", "factorial", "multigammaln", "polygamma", "spherical_in", "spherical_jn", "spherical_kn", "spherical_yn"]


def _array(x: Any) -> Any:
    """Return x as an array; a Dual stays what it is."""
    return x if hasattr(x, "dtype") else np.asarray(x)


def _plain(func: str, name: str, x: Any) -> Any:
    """Return an argument that has no derivative as a plain array."""
    if hasattr(type(x), "_push_linear"):
        raise TypeError(
            f"dualmc.special.{func} has no derivative in its argument {name!r}; pass it without a tangent, as dm.primal({name})"
        )
    return np.asarray(x)


def polygamma(n: Any, x: Any) -> Array:
    """
    Return the derivative of order n of the digamma function, as scipy.special.polygamma does, with tangents.

    Parameters
    ----------
    n : array_like of int
        Orders, 0 or greater; plain numbers that broadcast with `x`.
    x : array_like
        Real numbers; a Dual, or anything that NumPy takes.

    Returns
    -------
    array
        ψ⁽ⁿ⁾(x), of the broadcast shape.

    Raises
    ------
    TypeError
        If `n` carries a tangent.

    Notes
    -----
    ψ⁽ⁿ⁾(x) = (-1)ⁿ⁺¹ n! ζ(n+1, x), and its derivative is ψ⁽ⁿ⁺¹⁾(x) (DLMF 5.15.1, 25.11.12).

    Examples
    --------
    >>> import dualmc as dm, dualmc.special
    >>> float(dm.derivative(lambda x: dm.special.polygamma(1, x))(2.0).round(12))
    -0.404113806319

    """
    n, x = _plain("polygamma", "n", n), _array(x)
    if n.ndim == 0 and n > 0 and n == int(n) and x.dtype.kind == "f":
        return _derivative_of_psi(int(n), x)
    high = np.where(n > 0, n, 1)
    return np.where(n == 0, sc.psi(x), (-1.0) ** (high + 1) * sc.gamma(high + 1.0) * zeta(high + 1.0, x))


def multigammaln(a: Any, d: int) -> Array:
    """
    Return the logarithm of the multivariate gamma function, as scipy.special.multigammaln does, with tangents.

    Parameters
    ----------
    a : array_like
        Real numbers above (d-1)/2; a Dual, or anything that NumPy takes.
    d : int
        The dimension of the space of integration.

    Returns
    -------
    array
        log Γ_d(a), of the shape of `a`.

    Raises
    ------
    ValueError
        If `d` is not a positive integer, or an entry of `a` is not above (d-1)/2.

    Notes
    -----
    log Γ_d(a) = d(d-1)/4·log π + Σ log Γ(a - j/2) for j from 0 to d-1 (DLMF 35.3.4); the derivative is the sum of ψ(a - j/2).

    Examples
    --------
    >>> import dualmc as dm, dualmc.special
    >>> float(dm.derivative(lambda a: dm.special.multigammaln(a, 1))(1.0).round(12))
    -0.577215664902

    """
    if np.ndim(d) != 0 or math.floor(d) != d or d < 1:
        raise ValueError(f"multigammaln: d must be a positive integer (dimension); got {d!r}")
    a = _array(a)
    if np.any(a <= 0.5 * (d - 1)):
        raise ValueError(f"multigammaln: a must be above (d-1)/2 = {0.5 * (d - 1):g}")
    total: Any = d * (d - 1) * 0.25 * math.log(math.pi)
    for j in range(int(d)):
        total = total + sc.gammaln(a - 0.5 * j)
    return total


def comb(N: Any, k: Any, *, exact: bool = False, repetition: bool = False) -> Array:
    """
    Return the number of combinations, as scipy.special.comb does, with tangents by its continuation to real numbers.

    Parameters
    ----------
    N, k : array_like
        Things, and how many of them are taken; Duals, or anything that NumPy takes.
    exact : bool
        Must be False: exact values are integers, which carry no tangent.
    repetition : bool
        Things may be taken more than once.

    Returns
    -------
    array
        The binomial coefficient of N and k, and 0 where k > N or one is negative.

    Raises
    ------
    TypeError
        If `exact` is set.

    Notes
    -----
    C = Γ(N+1) / (Γ(k+1)·Γ(N-k+1)), with ∂C/∂N = C·(ψ(N+1) - ψ(N-k+1)) and ∂C/∂k = C·(ψ(N-k+1) - ψ(k+1)).

    Examples
    --------
    >>> import dualmc as dm, dualmc.special
    >>> float(dm.derivative(lambda n: dm.special.comb(n, 2))(4.0).round(12))
    3.5

    """
    if exact:
        raise TypeError("dualmc.special.comb: exact=True gives integers, which carry no tangent; use exact=False, or scipy.special.comb")
    N, k = _array(N), _array(k)
    if repetition:
        nothing = (k == 0) & (N >= 0)  # one way to take nothing; binom(-1, 0) is another convention
        return np.where(nothing, 1.0, sc.binom(np.where(nothing, 1, N + k - 1), k))[()]
    some = (k <= N) & (N >= 0) & (k >= 0)
    return np.where(some, sc.binom(np.where(some, N, 1), np.where(some, k, 0)), 0.0)[()]


def factorial(n: Any, exact: bool = False, extend: str = "zero") -> Array:
    """
    Return n!, as scipy.special.factorial does, with tangents by the gamma function.

    Parameters
    ----------
    n : array_like
        Real numbers; a Dual, or anything that NumPy takes.
    exact : bool
        Must be False: exact values are integers, which carry no tangent.
    extend : str
        Must be "zero": negative numbers give 0.

    Returns
    -------
    array
        Γ(n+1), and 0 where n < 0.

    Raises
    ------
    TypeError
        If `exact` is set.
    ValueError
        If `extend` is another than "zero".

    Notes
    -----
    The derivative is Γ(n+1)·ψ(n+1).

    Examples
    --------
    >>> import dualmc as dm, dualmc.special
    >>> float(dm.derivative(dm.special.factorial)(0.0).round(12))
    -0.577215664902

    """
    if exact:
        raise TypeError(
            "dualmc.special.factorial: exact=True gives integers, which carry no tangent; use exact=False, or scipy.special.factorial"
        )
    if extend != "zero":
        raise ValueError(f"dualmc.special.factorial: extend must be 'zero', got {extend!r}; use scipy.special.gamma(n + 1)")
    n = _array(n)
    negative = n < 0
    return np.where(negative, 0.0, sc.gamma(np.where(negative, 0, n) + 1.0))[()]


# Spherical Bessel functions: slopes by DLMF 10.51.2 and 10.51.5, which are right at 0. --------------------------------

_DEGREE, _ARGUMENT = Domain("integers", 0.0, 4.0, True), Domain("z > 0", 0.5, 8.0)


def _spherical(func: Function, below: int, above: int) -> tuple[Function, Function]:
    """Enter f with (2n+1)·f_n' = below·n·f_(n-1) + above·(n+1)·f_(n+1); return it and its derivative, for Duals."""
    f = dispatching(func)

    def slope(n: Any, z: Array) -> Array:
        n = np.asarray(n)
        return (below * n * f(np.maximum(n - 1, 0), z) + above * (n + 1) * f(n + 1, z)) / (2 * n + 1)

    def curvature(n: Any, z: Array) -> Array:
        n = np.asarray(n)
        return (below * n * slope(np.maximum(n - 1, 0), z) + above * (n + 1) * slope(n + 1, z)) / (2 * n + 1)

    parts = last(func.__name__, ["n"], lambda ans, n, z: slope(n, z), lambda ans, n, z: curvature(n, z))
    SPECIAL[func] = Elementwise(f, parts["d"], parts["dd"], (_DEGREE, _ARGUMENT), (), False, True)
    return f, slope


_JN, _YN, _IN, _KN = (
    _spherical(f, below, above)
    for f, below, above in ((sc.spherical_jn, 1, -1), (sc.spherical_yn, 1, -1), (sc.spherical_in, 1, 1), (sc.spherical_kn, -1, -1))
)


def spherical_jn(n: Any, z: Any, derivative: bool = False) -> Array:
    """
    Return the spherical Bessel function of the first kind, as scipy.special.spherical_jn does, with tangents.

    Parameters
    ----------
    n : array_like of int
        Orders, 0 or greater; plain numbers that broadcast with `z`.
    z : array_like
        Real or complex numbers; a Dual, or anything that NumPy takes.
    derivative : bool
        Return the derivative in z.

    Returns
    -------
    array
        jₙ(z), or jₙ'(z), of the broadcast shape.

    Raises
    ------
    TypeError
        If `n` carries a tangent.

    Notes
    -----
    (2n+1)·jₙ' = n·jₙ₋₁ - (n+1)·jₙ₊₁ (DLMF 10.51.2).

    Examples
    --------
    >>> import dualmc as dm, dualmc.special
    >>> float(dm.derivative(lambda z: dm.special.spherical_jn(1, z))(0.0).round(12))
    0.333333333333

    """
    return _JN[bool(derivative)](_plain("spherical_jn", "n", n), z)


def spherical_yn(n: Any, z: Any, derivative: bool = False) -> Array:
    """
    Return the spherical Bessel function of the second kind, as scipy.special.spherical_yn does, with tangents.

    Parameters
    ----------
    n : array_like of int
        Orders, 0 or greater; plain numbers that broadcast with `z`.
    z : array_like
        Real or complex numbers; a Dual, or anything that NumPy takes.
    derivative : bool
        Return the derivative in z.

    Returns
    -------
    array
        yₙ(z), or yₙ'(z), of the broadcast shape.

    Raises
    ------
    TypeError
        If `n` carries a tangent.

    Notes
    -----
    (2n+1)·yₙ' = n·yₙ₋₁ - (n+1)·yₙ₊₁ (DLMF 10.51.2).

    Examples
    --------
    >>> import math, dualmc as dm, dualmc.special
    >>> float(dm.derivative(lambda z: dm.special.spherical_yn(0, z))(math.pi).round(12)) == round(-1 / math.pi**2, 12)
    True

    """
    return _YN[bool(derivative)](_plain("spherical_yn", "n", n), z)


def spherical_in(n: Any, z: Any, derivative: bool = False) -> Array:
    """
    Return the modified spherical Bessel function of the first kind, as scipy.special.spherical_in does, with tangents.

    Parameters
    ----------
    n : array_like of int
        Orders, 0 or greater; plain numbers that broadcast with `z`.
    z : array_like
        Real or complex numbers; a Dual, or anything that NumPy takes.
    derivative : bool
        Return the derivative in z.

    Returns
    -------
    array
        iₙ(z), or iₙ'(z), of the broadcast shape.

    Raises
    ------
    TypeError
        If `n` carries a tangent.

    Notes
    -----
    (2n+1)·iₙ' = n·iₙ₋₁ + (n+1)·iₙ₊₁ (DLMF 10.51.5).

    Examples
    --------
    >>> import dualmc as dm, dualmc.special
    >>> float(dm.derivative(lambda z: dm.special.spherical_in(1, z))(0.0).round(12))
    0.333333333333

    """
    return _IN[bool(derivative)](_plain("spherical_in", "n", n), z)


def spherical_kn(n: Any, z: Any, derivative: bool = False) -> Array:
    """
    Return the modified spherical Bessel function of the second kind, as scipy.special.spherical_kn does, with tangents.

    Parameters
    ----------
    n : array_like of int
        Orders, 0 or greater; plain numbers that broadcast with `z`.
    z : array_like
        Real or complex numbers; a Dual, or anything that NumPy takes.
    derivative : bool
        Return the derivative in z.

    Returns
    -------
    array
        kₙ(z), or kₙ'(z), of the broadcast shape.

    Raises
    ------
    TypeError
        If `n` carries a tangent.

    Notes
    -----
    (2n+1)·kₙ' = -n·kₙ₋₁ - (n+1)·kₙ₊₁ (DLMF 10.51.5).

    Examples
    --------
    >>> import math, dualmc as dm, dualmc.special
    >>> float(dm.derivative(lambda z: dm.special.spherical_kn(0, z))(1.0).round(12)) == round(-math.pi / math.e, 12)
    True

    """
    return _KN[bool(derivative)](_plain("spherical_kn", "n", n), z)
