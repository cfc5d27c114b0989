"""Taylor coefficients of a function along a line, to any order."""

from typing import Any

import numpy as np

from ._typing import Array, Function, Tree
from .arrays.creation import base_of, carries
from .arrays.series import Series
from .boundary import entering, fresh_level, function_name, leaving
from .forward import as_tangent
from .tangents.dense import buffer, settle
from .trees import flatten


def taylor(f: Function, x: Tree, v: Tree, order: int) -> Tree:
    """
    Return the Taylor coefficients of f along a line through x, in one pass.

    Parameters
    ----------
    f : callable
        A function of one array, or of nested tuples, lists, dicts and named tuples of arrays, that returns the like.
    x : array or tree of arrays
        The point, of any shapes. Integers become float64.
    v : array or tree of arrays
        The direction of the line: the same structure and shapes, real where x is real.
    order : int
        The highest power of t, at least 0.

    Returns
    -------
    array or tree of arrays
        The structure of f's result, with an array of shape `(order + 1, *out.shape)` for each array of shape `out.shape`:
        entry k is the coefficient of tᵏ in f(x + t·v), which is the k-th derivative along v divided by k!.

    Raises
    ------
    TypeError
        If order is not an integer, x or v are not numbers in the same structure, the direction of a real x is complex,
        or f returns something that is not a number or array.
    ValueError
        If order is negative, or a shape does not match.

    Notes
    -----
    cₖ = (1/k!)·dᵏ/dtᵏ f(x + t·v) at t = 0. Every operation maps series to series, cut off after `order` (Griewank & Walther,
    *Evaluating Derivatives*, chapter 13). For y = φ(x) entry by entry the chain rule ẏ = φ'(x)·ẋ (Parr & Howard,
    section 4.5) compares coefficients: k·yₖ = Σⱼ j·xⱼ·sₖ₋ⱼ for j from 1 to k, where s is the series of the slope
    φ'(x(t)). The slope is the one in the table of rules, evaluated on series; so an operation takes some multiple of order²
    multiplications, where nested derivatives take 2^order.

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> dm.taylor(np.exp, 0.0, 1.0, 4)
    array([1.        , 1.        , 0.5       , 0.16666667, 0.04166667])
    >>> dm.taylor(lambda x: x[0] * x[1], np.array([2.0, 3.0]), np.array([1.0, 1.0]), 3)
    array([6., 5., 1., 0.])

    """
    if not isinstance(order, (int, np.integer)) or isinstance(order, bool):
        raise TypeError(f"taylor: order must be an integer, got {type(order).__name__} {order!r:.60}")
    if order < 0:
        raise ValueError(f"taylor: order must be at least 0, got {order}")
    leaves, structure = flatten(x)
    names = list(structure.paths("x"))
    points = [entering(p, f"taylor: {n}") for p, n in zip(leaves, names, strict=True)]
    given = structure.leaves_of(v, "taylor: v", "x")
    lines = [as_tangent(t, p, f"taylor: v{n[1:]}", n) for t, p, n in zip(given, points, names, strict=True)]
    level = fresh_level()
    result = f(structure.unflatten(_line(p, t, int(order), level) for p, t in zip(points, lines, strict=True)))
    outputs, outer = flatten(result)
    where = outer.paths(f"the result of {function_name(f)}")
    return outer.unflatten(_coefficients(y, w, int(order), level) for y, w in zip(outputs, where, strict=True))


def _line(p: Array, t: Array, order: int, level: int) -> Any:
    """Return p + t·v as a series."""
    parts = [p, t][: order + 1]
    if any(map(carries, parts)):
        rest = np.zeros((order + 1 - len(parts), *p.shape), p.dtype)
        block = np.concatenate([np.stack(parts), rest])
    else:
        block = np.zeros((order + 1, *p.shape), p.dtype)
        for k, part in enumerate(parts):
            block[k] = part
    return Series(settle(block, p), level, scalar=not isinstance(base_of(p), np.ndarray))


def _coefficients(y: Any, where: str, order: int, level: int) -> Array:
    """Return the coefficients of a result, or raise and say what came out."""
    if type(y) is Series and y.level == level:
        return y.coefficients
    value, _ = leaving(y, where, level)
    dtype = value.dtype if value.dtype.kind in "fc" else np.dtype(np.float64)
    block = buffer((order + 1, *value.shape), dtype, value)
    block[0] = value
    return block
