"""Functions of scipy.special that convert their argument to a plain array, written so that they carry tangents. No SciPy."""

import math
from typing import Any

import numpy as np

from .._typing import Array
from .reductions import REDUCTIONS
from .selection import base

__all__ = ["log_softmax", "logsumexp", "softmax"]


def _array(x: Any) -> Array:
    """Return x as a floating array; a Dual stays what it is."""
    x = x if hasattr(x, "dtype") else np.asarray(x)
    return x if x.dtype.kind in "fc" else x.astype(np.float64)


def _top(x: Array, axis: Any) -> Array:
    """Return the largest entry along axis, kept as an axis, and 0 where it is infinite or nan."""
    top = np.max(base(x), axis=axis, keepdims=True, initial=-math.inf)
    return np.where(np.isfinite(top), top, 0).astype(x.dtype)


def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False) -> Any:
    """
    Return the logarithm of a sum of exponentials, as scipy.special.logsumexp does, with tangents.

    Parameters
    ----------
    a : array_like
        Real exponents; a Dual, or anything that NumPy takes.
    axis : int or tuple of int, optional
        The axes that are summed; all when left out.
    b : array_like, optional
        Real weights that broadcast with `a`; where one is 0 its exponent does not count, even if it is nan.
    keepdims : bool
        Keep the summed axes, with length 1.
    return_sign : bool
        Return the pair of log|sum| and the sign of the sum.

    Returns
    -------
    array or pair of arrays
        log Σ b·exp(a); nan where the sum is negative and `return_sign` is not set.

    Raises
    ------
    TypeError
        If `a` or `b` is complex.

    Notes
    -----
    The gradient of log Σ exp(aᵢ) is softmax(a). Where all entries are -inf, the tangent is the mean of theirs.

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> from dualmc.rules.special_sums import logsumexp
    >>> dm.gradient(logsumexp)(np.array([1000.0, 1000.0, -np.inf]))
    array([0.5, 0.5, 0. ])

    """
    a = _array(a)
    b = None if b is None else _array(b)
    if a.dtype.kind == "c" or (b is not None and b.dtype.kind == "c"):
        raise TypeError("logsumexp: a and b must be real")
    if b is None:
        result = REDUCTIONS[np.logaddexp](a, axis=axis, keepdims=keepdims)
        return (result, np.where(base(result) == -math.inf, 0.0, 1.0).astype(result.dtype)[()]) if return_sign else result
    counts = base(b) != 0
    a = np.where(counts, a, -math.inf)
    top = _top(a, axis)
    with np.errstate(divide="ignore", invalid="ignore"):
        total = np.sum(b * np.exp(a - top), axis=axis, keepdims=True)
        sign = np.sign(base(total))
        result = np.log(np.abs(total)) + top
    if not return_sign:
        result = np.where(sign < 0, math.nan, result)
    if not keepdims:
        result, sign = np.squeeze(result, axis=axis), np.squeeze(sign, axis=axis)
    return (result[()], sign[()]) if return_sign else result[()]


def softmax(x: Any, axis: Any = None) -> Array:
    """
    Return exp(x) divided by its sum, as scipy.special.softmax does, with tangents.

    Parameters
    ----------
    x : array_like
        Real or complex numbers; a Dual, or anything that NumPy takes.
    axis : int or tuple of int, optional
        The axes that are summed; all when left out.

    Returns
    -------
    array
        An array of the shape of `x` whose sums along `axis` are 1.

    Notes
    -----
    The Jacobian is diag(s) - s·sᵀ for s = softmax(x).

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> from dualmc.rules.special_sums import softmax
    >>> dm.jacobian(softmax)(np.array([0.0, 0.0]))
    array([[ 0.25, -0.25],
           [-0.25,  0.25]])

    """
    x = _array(x)
    e = np.exp(x - _top(x, axis))
    return e / np.sum(e, axis=axis, keepdims=True)


def log_softmax(x: Any, axis: Any = None) -> Array:
    """
    Return the logarithm of softmax, as scipy.special.log_softmax does, with tangents.

    Parameters
    ----------
    x : array_like
        Real or complex numbers; a Dual, or anything that NumPy takes.
    axis : int or tuple of int, optional
        The axes that are summed; all when left out.

    Returns
    -------
    array
        x - logsumexp(x, axis), without overflow.

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> from dualmc.rules.special_sums import log_softmax
    >>> dm.jvp(log_softmax, (np.array([0.0, 1000.0]),), (np.array([1.0, 0.0]),))[1]
    array([1., 0.])

    """
    x = _array(x)
    shifted = x - _top(x, axis)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))
