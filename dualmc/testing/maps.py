"""Checks of linear maps: linearity, and that one is the transpose of the other."""

from collections.abc import Sequence

import numpy as np

from .._typing import Array, Function
from ..linear_op import LinearOp
from .finite import Truth, digits, unit_vectors
from .report import BY_HAND, Agreement, Claim, WrongDerivative, tolerance

__tracebackhide__ = True  # pytest shows the message and the line of the user, not ours

SMALL = 64
"""Up to this many entries a failing map is written out as a matrix, to name the first bad entry."""


def check_linear(f: Function, x: Array, *, rtol: float | None = None, seed: int = 0) -> Agreement:
    """
    Check that f is linear.

    Parameters
    ----------
    f : callable
        Takes and returns one array.
    x : array_like
        An example of what f takes; only its shape and dtype count.
    rtol : float, optional
        Error allowed relative to the largest entry; 1024 units of rounding when left out.
    seed : int
        For random arrays.

    Returns
    -------
    Agreement
        How many digits agreed, and how many could have.

    Raises
    ------
    WrongDerivative
        An AssertionError with a table; its cause is "not linear" or what the comparison shows.

    Notes
    -----
    f(a·x + b·y) = a·f(x) + b·f(y) for random arrays and numbers, of very different size too, and f(0) = 0. a and b are real.

    Examples
    --------
    >>> import numpy as np
    >>> check_linear(np.cumsum, np.zeros(5)).digits > 12
    True

    """
    x = _floating(x)
    rng = np.random.default_rng(seed)
    zero = np.asarray(f(np.zeros_like(x)))
    claim = Claim("check_linear", getattr(f, "__name__", "f"), np.zeros_like(x), "f(0) = 0")
    found = claim.compare(zero, Truth(np.zeros(zero.shape), np.zeros(zero.shape), "linearity", 1.0), x.dtype, rtol)
    for a, b in ((1.0, 1.0), (-2.0, 0.5), (1e3, -1e-3), (0.0, 3.0)):
        u, v = _drawn(rng, x), _drawn(rng, x)
        mixed = np.asarray(a * u + b * v, x.dtype)
        parts = [np.asarray(f(np.array(w))) for w in (u, v)]
        value = a * parts[0] + b * parts[1]
        size = float(np.max(np.abs(a * parts[0]) + np.abs(b * parts[1]), initial=0.0))
        coarsest = max((k for k in (x.dtype, value.dtype) if k.kind in "fc"), key=lambda k: float(np.finfo(k).eps))
        bound = np.full(value.shape, tolerance(coarsest) * size)
        claim = Claim("check_linear", getattr(f, "__name__", "f"), mixed, f"f({a:g}·x + {b:g}·y) = {a:g}·f(x) + {b:g}·f(y)")
        truth = Truth(np.asarray(value), bound, "linearity", size or 1.0)
        found = claim.compare(f(np.array(mixed)), truth, coarsest, rtol).worse(found)
    return found


def check_transpose(
    apply: Function | LinearOp,
    transpose: Function | None = None,
    x: Array | None = None,
    *,
    rtol: float | None = None,
    seed: int = 0,
) -> Agreement:
    """
    Check that one linear map is the transpose of another.

    Parameters
    ----------
    apply : callable or LinearOp
        Takes and returns one array. A `dm.LinearOp` brings its transpose and its shape.
    transpose : callable, optional
        The map back, from the shape of apply(x) to that of x.
    x : array_like, optional
        An example of what `apply` takes; only its shape and dtype count.
    rtol : float, optional
        Error allowed relative to the sum of the sizes of all terms; 1024 units of rounding when left out.
    seed : int
        For random arrays.

    Returns
    -------
    Agreement
        How many digits agreed, and how many could have.

    Raises
    ------
    WrongDerivative
        An AssertionError with a table; for maps of up to 64 entries it names the first bad entry of the matrix.
    TypeError
        If a function comes without its transpose or an example.

    Notes
    -----
    The dot test: Re Σ conj(u)·A(v) = Re Σ conj(Aᵀ(u))·v for random u and v (Claerbout, *Earth Soundings Analysis*, chapter 1).

    Examples
    --------
    >>> import numpy as np
    >>> check_transpose(np.cumsum, lambda u: np.cumsum(u[::-1])[::-1], np.zeros(4)).digits > 12
    True

    """
    if isinstance(apply, LinearOp):
        op = apply
        apply, transpose = op.apply, op.transpose
        x = np.zeros(op.shape_in) if x is None else x
    if transpose is None or x is None:
        raise TypeError("check_transpose: give apply, transpose and x, an example of what apply takes; or a dm.LinearOp")
    x = _floating(x)
    rng = np.random.default_rng(seed)
    y = np.asarray(apply(np.zeros_like(x)))
    name = getattr(transpose, "__name__", "transpose")
    found: Agreement | None = None
    for _ in range(3):
        v, u = _drawn(rng, x), _drawn(rng, y if y.dtype.kind in "fc" else y.astype(x.dtype))
        there, back = np.asarray(apply(np.array(v))), np.asarray(transpose(np.array(u)))
        if back.shape != x.shape:
            nothing = Truth(np.zeros(x.shape), np.zeros(x.shape), "transposition", 1.0)
            Claim("check_transpose", name, u, "u").compare(back, nothing, x.dtype)
        (a, size_a), (b, size_b) = inner(u, there), inner(back, v)
        coarsest = max((x.dtype, u.dtype), key=lambda k: float(np.finfo(k).eps))
        scale = max(size_a, size_b, float(np.sum(np.abs(back))), np.finfo(float).tiny)
        allowed = (tolerance(coarsest, BY_HAND) if rtol is None else rtol) * scale
        if not abs(a - b) <= allowed:
            _by_entries(apply, transpose, x, u, name)
            raise WrongDerivative(
                f"check_transpose: {name} is not the transpose\n  u · A(v)   {a:.12g}\n  Aᵀ(u) · v  {b:.12g}\n"
                f"  allowed    {allowed:.2g}\n  suspected  unknown; call it with fewer than {SMALL} entries to see the matrix",
                "unknown",
            )
        possible = digits(np.asarray(float(np.finfo(coarsest).eps) * scale), scale)
        found = Agreement(min(digits(np.asarray(a - b), scale), possible), possible).worse(found)
    return found or Agreement(17.0, 17.0)


def inner(u: Array, v: Array) -> tuple[float, float]:
    """Return Re Σ conj(u)·v, and the sum of the sizes of its terms."""
    u, v = np.asarray(u), np.asarray(v)
    terms = np.real(np.conjugate(u.astype(np.result_type(u, float))) * v)
    return float(terms.sum()), float(np.abs(terms).sum())


def _by_entries(apply: Function, transpose: Function, x: Array, u: Array, name: str) -> None:
    """Raise with the first bad entry of the matrix of a small map."""
    if max(x.size, u.size) > SMALL or "c" in (x.dtype.kind, u.dtype.kind):
        return
    rows = [np.ravel(transpose(w.astype(u.dtype))) for w in unit_vectors(u)]
    columns = [np.ravel(apply(w.astype(x.dtype))) for w in unit_vectors(x)]
    if not (rows and columns):
        return
    matrix = np.stack(columns, axis=1)
    size = float(np.max(np.abs(matrix), initial=0.0))
    claim = Claim("check_transpose", name, u, "rows: Aᵀ of unit vectors; expected: the matrix of A")
    claim.compare(np.stack(rows), Truth(matrix, np.zeros(matrix.shape), "the map itself", size or 1.0), x.dtype)


def _floating(x: Array) -> Array:
    a = np.asarray(x)
    return a if a.dtype.kind in "fc" else a.astype(float)


def _drawn(rng: np.random.Generator, like: Array) -> Array:
    v = rng.uniform(-1, 1, like.shape)
    v = v + 1j * rng.uniform(-1, 1, like.shape) if like.dtype.kind == "c" else v
    return np.asarray(v).astype(like.dtype)


def shapes_that_broadcast(n: int) -> Sequence[tuple[tuple[int, ...], ...]]:
    """Return lists of n shapes that broadcast, for checks of functions that act entry by entry."""
    full, row, column = (2, 3), (3,), (2, 1)
    if n == 1:
        return [((),), ((3,),), ((2, 3),), ((0,),), ((2, 0, 1),)]
    rotated = [(full, row), (column, row), (full, ()), ((), ()), ((0,), (1,)), (row, full)]
    return [tuple(pair[i % 2] for i in range(n)) for pair in rotated]
