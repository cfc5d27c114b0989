"""What a user reads from a Dual: its plain value, its tangent."""

import numpy as np

from ._typing import Array
from .arrays.creation import as_array, carries
from .arrays.hyperdual import HyperDual
from .arrays.series import Series
from .boundary import zero_tangent
from .errors import NoTangentError
from .tangents import space_of

_PARTS: dict[type, str] = {
    HyperDual: "first derivatives x.e1 and x.e2 and second derivatives x.e12",
    Series: "Taylor coefficients x.coefficients",
}


def primal(x: Array) -> Array:
    """
    Return the plain value of x: what remains when every derivative is left out.

    Parameters
    ----------
    x : Dual, HyperDual or array_like
        Nested Duals are unwrapped to the innermost array.

    Returns
    -------
    ndarray or NumPy scalar
        Of the shape and dtype of x. It shares memory with x.

    Raises
    ------
    TypeError
        If x is not numeric.

    Notes
    -----
    For x + ẋ·ε this is x. It is the way to say that something is constant: whatever is computed from it carries no
    tangent (Parr & Howard, section 2, the constant rule).

    Examples
    --------
    >>> import dualmc as dm
    >>> dm.primal(dm.Dual([1.0, 2.0], [1.0, 0.0]))
    array([1., 2.])

    """
    a = as_array(x)
    while carries(a):
        a = a.primal
    return a


def tangent(x: Array) -> Array:
    """
    Return the tangent of x.

    Parameters
    ----------
    x : Dual or array_like
        Any shape.

    Returns
    -------
    ndarray, NumPy scalar or Dual
        The tangent of the innermost transform that x takes part in, of shape `(*directions, *x.shape)`; zeros of
        the shape of x for an array that is not a Dual.

    Raises
    ------
    TypeError
        If x is not numeric, or has no one tangent: a HyperDual has the blocks `x.e1`, `x.e2` and `x.e12`, and what `taylor` hands to
        its function has `x.coefficients`; or if x takes part in `linearize` or in reverse mode, where it has no tangent yet.

    Notes
    -----
    For x + ẋ·ε this is ẋ (Parr & Howard, section 4.5).

    Examples
    --------
    >>> import dualmc as dm
    >>> dm.tangent(dm.Dual([1.0, 2.0], [1.0, 0.0]) ** 2)
    array([2., 0.])

    """
    a = as_array(x)
    if type(a) in _PARTS:
        raise TypeError(f"tangent: a {type(a).__name__} has {_PARTS[type(a)]}; read these")
    if carries(a) and space_of(a.tangent).KEEPS:
        raise NoTangentError("tangent: in linearize and in reverse mode x has no tangent yet; use dm.jvp where f looks at tangents")
    return a.tangent if carries(a) else zero_tangent(np.asarray(a))
