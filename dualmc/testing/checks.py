"""Checks of derivatives written by hand: Jacobians, gradients, Hessians, and their products with vectors."""

import functools
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._typing import Array, Function
from .finite import Truth, quiet, second_derivatives_along
from .measure import Directions, Method, by_columns, hold_product, product, pulled, stacked, truth_along
from .report import Agreement, Claim

__tracebackhide__ = True  # pytest shows the message and the line of the user, not ours


def check_jvp(
    f: Function,
    jvp: Function,
    x: Array,
    v: Array | None = None,
    *,
    args: Sequence[Any] = (),
    truth: Method = "measured",
    rtol: float | None = None,
    seed: int = 0,
) -> Agreement:
    """
    Check a product of the Jacobian with a direction.

    Parameters
    ----------
    f : callable
        `f(x, *args)` returns an array or a number.
    jvp : callable
        `jvp(x, v, *args)` returns J·v, of the shape of f(x). It may be any function on arrays.
    x : array_like
        The point; real or complex, of any shape. float32 asks for the digits of float32 only.
    v : array_like, optional
        The direction; three random ones when left out.
    args : tuple
        Further arguments, which do not move.
    truth : {"measured", "dual"}
        Where the truth comes from: values of f alone, or dual numbers, if f is NumPy code and more digits are wanted.
    rtol : float, optional
        Error allowed relative to the largest entry; 1024 units of rounding when left out.
    seed : int
        For random directions.

    Returns
    -------
    Agreement
        How many digits agreed, and how many could have.

    Raises
    ------
    WrongDerivative
        An AssertionError: a table of the point, the direction, what was got and expected, and the suspected cause.
    Undecided
        A ValueError: differences of f do not settle at x.

    Notes
    -----
    J·v = d/dt f(x + t·v) at t = 0. A difference up to twice the bound of the truth, and `rtol`, is allowed.

    Examples
    --------
    >>> import numpy as np
    >>> check_jvp(np.sin, lambda x, v: np.cos(x) * v, np.array([0.5, 1.0])).digits > 12
    True

    """
    x, moved, dtype = _point(f, x, args)
    rng = np.random.default_rng(seed)
    found = None
    for w in [_like(rng, x) for _ in range(3)] if v is None else [np.asarray(v)]:
        expected = truth_along(moved, x, w, truth)
        claim = Claim("check_jvp", _name(jvp, f), x, f"v = {_text(w)}")
        found = claim.compare(jvp(np.array(x), np.array(w), *args), expected, dtype, rtol).worse(found)
    return _certain(found)


def check_jacobian(
    f: Function,
    jac: Function,
    x: Array,
    *,
    args: Sequence[Any] = (),
    truth: Method = "measured",
    rtol: float | None = None,
    directions: int = 64,
    seed: int = 0,
) -> Agreement:
    """
    Check a Jacobian, column by column.

    Parameters
    ----------
    f : callable
        `f(x, *args)` returns an array or a number, as the functions that SciPy takes.
    jac : callable
        `jac(x, *args)` returns ∂f/∂x of shape `f(x).shape + x.shape`; a sparse matrix (anything with `toarray`) will do.
    x, args, truth, rtol, seed
        As in `check_jvp`.
    directions : int
        Along how many directions f is measured at most. A larger x has half of them for single columns, which are drawn; each other
        column is in one of as many random combinations, and one that fails is searched for the column.

    Returns
    -------
    Agreement
        How many digits agreed, and how many could have.

    Raises
    ------
    WrongDerivative
        An AssertionError with a table.
    Undecided
        A ValueError: differences of f do not settle at x.
    ValueError
        If `directions` is less than 2.

    Notes
    -----
    Column j of the truth is the derivative along the j-th unit vector. A direction takes some 65 values of f, and twice as many where
    f is not smooth nearby.

    Examples
    --------
    >>> import numpy as np
    >>> A = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> check_jacobian(lambda x: A @ x, lambda x: A.T, np.ones(2))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    dualmc.testing.report.WrongDerivative: check_jacobian: <lambda>, as the derivative of <lambda>, is wrong in 2 of 4 entries
      point      [1., 1.]
      direction  all unit vectors
      first bad  index [0, 1]
      got        3
      expected   2
      bound      ...
      digits     0.6 agree of 12.6 that can be told
      suspected  transposed
       index  got  expected    error    bound
      [0, 1]    3         2  1.0e+00  9.1e-13
      [1, 0]    2         3  1.0e+00  9.1e-13

    """
    x, moved, dtype = _point(f, x, args)
    got = jac(np.array(x), *args)
    claim, along = Claim("check_jacobian", _name(jac, f), x, "all unit vectors"), Directions("check_jacobian", x, directions, seed)
    if along.all:
        columns = [truth_along(moved, x, along[k], truth) for k in range(len(along))]
        out = np.shape(columns[0].value if columns else moved(x))
        return claim.compare(got.toarray() if hasattr(got, "toarray") else got, by_columns(columns, out, x.shape), dtype, rtol)
    claim.shaped(got if hasattr(got, "toarray") else np.asarray(got), np.shape(moved(x)) + x.shape)

    def check(v: Array, name: str) -> Agreement:
        claim = Claim("check_jacobian", _name(jac, f), x, name)
        return claim.compare(product(got, v), truth_along(moved, x, v, truth), dtype, rtol)

    return min((along.hold(k, check) for k in range(len(along))), key=lambda a: a.digits)


def check_gradient(
    f: Function,
    grad: Function,
    x: Array,
    *,
    args: Sequence[Any] = (),
    truth: Method = "measured",
    rtol: float | None = None,
    directions: int = 64,
    seed: int = 0,
) -> Agreement:
    """
    Check the gradient of a function that returns one number.

    Parameters
    ----------
    f : callable
        `f(x, *args)` returns a number.
    grad : callable
        `grad(x, *args)` returns ∇f, of the shape of x.
    x, args, truth, rtol, seed
        As in `check_jvp`.
    directions : int
        As in `check_jacobian`.

    Returns
    -------
    Agreement
        How many digits agreed, and how many could have.

    Raises
    ------
    WrongDerivative
        An AssertionError with a table.
    Undecided
        A ValueError: differences of f do not settle at x.
    ValueError
        If f returns more than one number.

    Notes
    -----
    Entry j of the truth is the derivative along the j-th unit vector.

    Examples
    --------
    >>> import numpy as np
    >>> check_gradient(lambda x: np.sum(x**2), lambda x: 2 * x, np.array([1.0, -3.0])).digits > 12
    True

    """
    x, moved, dtype = _point(f, x, args)
    _one_number("check_gradient", moved(x))
    claim, along = Claim("check_gradient", _name(grad, f), x, "all unit vectors"), Directions("check_gradient", x, directions, seed)
    number = _number(moved)
    return hold_product(claim, grad(np.array(x), *args), along, lambda v: truth_along(number, x, v, truth), dtype, rtol)


def check_vjp(
    f: Function,
    vjp: Function,
    x: Array,
    u: Array | None = None,
    *,
    args: Sequence[Any] = (),
    truth: Method = "measured",
    rtol: float | None = None,
    directions: int = 64,
    seed: int = 0,
) -> Agreement:
    """
    Check a product of a cotangent with the Jacobian.

    Parameters
    ----------
    f : callable
        `f(x, *args)` returns an array or a number.
    vjp : callable
        `vjp(x, u, *args)` returns uᵀ·J, of the shape of x.
    x : array_like
        The point, real.
    u : array_like, optional
        The cotangent, of the shape of f(x); three random ones when left out.
    args, truth, rtol, seed
        As in `check_jvp`.
    directions : int
        As in `check_jacobian`.

    Returns
    -------
    Agreement
        How many digits agreed, and how many could have.

    Raises
    ------
    WrongDerivative
        An AssertionError with a table.
    Undecided
        A ValueError: differences of f do not settle at x.

    Notes
    -----
    Entry j of the truth is Σᵢ uᵢ·∂fᵢ/∂xⱼ, with the bounds added up.

    Examples
    --------
    >>> import numpy as np
    >>> check_vjp(lambda x: np.ones((3, 1)) * x, lambda x, u: u, np.ones(2))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    dualmc.testing.report.WrongDerivative: check_vjp: <lambda>, as the derivative of <lambda>, has the wrong shape
      point      [1., 1.]
      along      u = ...
      got        shape (3, 2)
      expected   shape (2,)
      suspected  missing sum over axes that broadcasting repeated

    """
    x, moved, dtype = _point(f, x, args)
    if x.dtype.kind == "c":
        raise TypeError("check_vjp: x must be real; check a complex function with check_jvp, or with check_transpose")
    along = Directions("check_vjp", x, directions, seed)
    rng = np.random.default_rng(seed)
    y = np.asarray(moved(x))
    known: dict[bytes, Truth] = {}

    def number(w: Array, v: Array) -> Truth:
        key = v.tobytes()
        if key not in known:
            known[key] = truth_along(moved, x, v, truth)
        return pulled(known[key], w)

    found = None
    for w in [_like(rng, y) for _ in range(3)] if u is None else [np.asarray(u)]:
        claim = Claim("check_vjp", _name(vjp, f), x, f"u = {_text(w)}")
        got = vjp(np.array(x), np.array(w), *args)
        found = hold_product(claim, got, along, functools.partial(number, w), dtype, rtol).worse(found)
    return _certain(found)


def check_hessian(
    f: Function,
    hess: Function,
    x: Array,
    *,
    args: Sequence[Any] = (),
    rtol: float | None = None,
    directions: int = 16,
    seed: int = 0,
) -> Agreement:
    """
    Check a Hessian, entry by entry.

    Parameters
    ----------
    f : callable
        `f(x, *args)` returns a number.
    hess : callable
        `hess(x, *args)` returns ∂²f/∂x² of shape `x.shape + x.shape`; a sparse matrix (anything with `toarray`) will do.
    x, args, rtol, seed
        As in `check_jvp`.
    directions : int
        As in `check_jacobian`; pairs of them are measured.

    Returns
    -------
    Agreement
        How many digits agreed, and how many could have.

    Raises
    ------
    WrongDerivative
        An AssertionError with a table.
    Undecided
        A ValueError: differences of f do not settle at x.
    ValueError
        If f returns more than one number.

    Notes
    -----
    Entry (i, j) of the truth is the second derivative along two unit vectors, from values of f.

    Examples
    --------
    >>> import numpy as np
    >>> check_hessian(lambda x: x[0] ** 2 * x[1], lambda x: np.array([[2 * x[1], 2 * x[0]], [2 * x[0], 0]]), np.ones(2)).digits > 9
    True

    """
    x, moved, dtype = _point(f, x, args)
    _one_number("check_hessian", moved(x))
    got, number = hess(np.array(x), *args), _number(moved)
    claim, along = Claim("check_hessian", _name(hess, f), x, "all pairs of unit vectors"), Directions("check_hessian", x, directions, seed)
    if along.all:
        n, pairs = len(along), {}
        for i in range(n):
            second = second_derivatives_along(number, x, along[i])
            for j in range(i, n):
                pairs[i, j] = pairs[j, i] = second(along[j])
        whole = stacked([pairs[i, j] for i, j in itertools.product(range(n), repeat=2)], x.shape + x.shape)
        return claim.compare(got.toarray() if hasattr(got, "toarray") else got, whole, dtype, rtol)
    claim.shaped(got if hasattr(got, "toarray") else np.asarray(got), x.shape + x.shape)

    def check(u: Array, v: Array, name: str) -> Agreement:
        both = np.array([np.sum(u * product(got, v)), np.sum(v * product(got, u))])
        truth = second_derivatives_along(number, x, u)(v)
        return Claim("check_hessian", _name(hess, f), x, f"{name}, and transposed").compare(
            both, stacked([truth, truth], (2,)), dtype, rtol
        )

    def row(i: int, j: int) -> Agreement:
        return along.hold(i, lambda u, above: along.hold(j, lambda v, beside: check(u, v, f"{above} and {beside}")))

    return min((row(i, j) for i in range(len(along)) for j in range(i, len(along))), key=lambda a: a.digits)


def check_hvp(
    f: Function,
    hvp: Function,
    x: Array,
    v: Array | None = None,
    *,
    args: Sequence[Any] = (),
    rtol: float | None = None,
    directions: int = 64,
    seed: int = 0,
) -> Agreement:
    """
    Check a product of the Hessian with a direction.

    Parameters
    ----------
    f : callable
        `f(x, *args)` returns a number.
    hvp : callable
        `hvp(x, v, *args)` returns H·v, of the shape of x.
    x, v, args, rtol, seed
        As in `check_jvp`.
    directions : int
        As in `check_jacobian`.

    Returns
    -------
    Agreement
        How many digits agreed, and how many could have.

    Raises
    ------
    WrongDerivative
        An AssertionError with a table.
    Undecided
        A ValueError: differences of f do not settle at x.
    ValueError
        If f returns more than one number.

    Notes
    -----
    Entry i of the truth is the second derivative along the i-th unit vector and v.

    Examples
    --------
    >>> import numpy as np
    >>> check_hvp(lambda x: np.sum(np.exp(x)), lambda x, v: np.exp(x) * v, np.array([0.0, 1.0])).digits > 9
    True

    """
    x, moved, dtype = _point(f, x, args)
    _one_number("check_hvp", moved(x))
    number, along = _number(moved), Directions("check_hvp", x, directions, seed)
    rng = np.random.default_rng(seed)
    found = None
    for w in [_like(rng, x) for _ in range(3)] if v is None else [np.asarray(v)]:
        claim = Claim("check_hvp", _name(hvp, f), x, f"v = {_text(w)}")
        second = second_derivatives_along(number, x, w)
        found = hold_product(claim, hvp(np.array(x), np.array(w), *args), along, second, dtype, rtol).worse(found)
    return _certain(found)


def _point(f: Function, x: Array, args: Sequence[Any]) -> tuple[Array, Function, np.dtype]:
    """Return the point as a floating array, f with its further arguments, and the precision that a derivative there has."""
    x = np.asarray(x)
    x = x if x.dtype.kind in "fc" else x.astype(float)
    with quiet():
        y = np.asarray(f(np.array(x), *args))
    kinds = [a.dtype for a in (x, y) if a.dtype.kind in "fc"]
    coarsest = max(kinds, key=lambda k: float(np.finfo(k).eps))
    return x, lambda z: f(z, *args), coarsest


def _number(f: Function) -> Function:
    return lambda x: np.reshape(f(x), ())


def _like(rng: np.random.Generator, x: Array) -> Array:
    """Return a random array of the shape and dtype of x, without entries near 0."""
    v = rng.uniform(0.5, 1.5, x.shape) * rng.choice([-1.0, 1.0], x.shape)
    v = v + 1j * rng.uniform(-1, 1, x.shape) if x.dtype.kind == "c" else v
    return np.asarray(v).astype(x.dtype if x.dtype.kind in "fc" else float)


def _one_number(check: str, y: Array) -> None:
    if np.size(y) != 1:
        raise ValueError(f"{check}: f must return one number, got shape {np.shape(y)}; use check_jacobian for several")


def _certain(found: Agreement | None) -> Agreement:
    return Agreement(17.0, 17.0) if found is None else found


def _name(derivative: Any, f: Any) -> str:
    """Name a derivative, and the function that it is of."""
    own, of = (getattr(g, "__name__", None) or type(g).__name__ for g in (derivative, f))
    return f"{own}, as the derivative of {of},"


def _text(v: Array) -> str:
    return " ".join(np.array2string(np.asarray(v), precision=4, separator=", ", threshold=8, max_line_width=10_000).split())
