"""Checks of derivatives written by hand: Jacobians, gradients, Hessians, and their products with vectors."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from .._typing import Array, Function
from ..forward import jvp as dual_jvp
from .finite import Truth, directional_derivative, quiet, second_directional_derivative, unit_vectors
from .report import Agreement, Claim

__tracebackhide__ = True  # pytest shows the message and the line of the user, not ours

Method = Literal["measured", "dual"]


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
        expected = _truth(moved, x, w, truth)
        claim = Claim("check_jvp", _name(jvp, f), x, f"v = {_text(w)}")
        found = claim.compare(jvp(np.array(x), np.array(w), *args), expected, dtype, rtol).worse(found)
    return _certain(found)


def check_jacobian(
    f: Function, jac: Function, x: Array, *, args: Sequence[Any] = (), truth: Method = "measured", rtol: float | None = None
) -> Agreement:
    """
    Check a Jacobian, column by column.

    Parameters
    ----------
    f : callable
        `f(x, *args)` returns an array or a number, as the functions that SciPy takes.
    jac : callable
        `jac(x, *args)` returns ∂f/∂x of shape `f(x).shape + x.shape`; a sparse matrix (anything with `toarray`) will do.
    x, args, truth, rtol
        As in `check_jvp`.

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
    Column j of the truth is the derivative along the j-th unit vector, which takes some 40 values of f.

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
    got = got.toarray() if hasattr(got, "toarray") else got
    return Claim("check_jacobian", _name(jac, f), x, "all unit vectors").compare(got, _jacobian(moved, x, truth), dtype, rtol)


def check_gradient(
    f: Function, grad: Function, x: Array, *, args: Sequence[Any] = (), truth: Method = "measured", rtol: float | None = None
) -> Agreement:
    """
    Check the gradient of a function that returns one number.

    Parameters
    ----------
    f : callable
        `f(x, *args)` returns a number.
    grad : callable
        `grad(x, *args)` returns ∇f, of the shape of x.
    x, args, truth, rtol
        As in `check_jvp`.

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
    found = Claim("check_gradient", _name(grad, f), x, "all unit vectors")
    return found.compare(grad(np.array(x), *args), _jacobian(lambda y: np.reshape(moved(y), ()), x, truth), dtype, rtol)


def check_vjp(
    f: Function,
    vjp: Function,
    x: Array,
    u: Array | None = None,
    *,
    args: Sequence[Any] = (),
    truth: Method = "measured",
    rtol: float | None = None,
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
    jacobian = _jacobian(moved, x, truth)
    out = jacobian.value.ndim - x.ndim
    rng = np.random.default_rng(seed)
    y = np.asarray(moved(x))
    found = None
    for w in [_like(rng, y) for _ in range(3)] if u is None else [np.asarray(u)]:
        value = np.tensordot(w, jacobian.value, out)
        bound = np.tensordot(np.abs(w), jacobian.bound, out)
        expected = Truth(np.asarray(value), np.asarray(bound), jacobian.method, jacobian.scale, jacobian.kink, jacobian.rounding)
        claim = Claim("check_vjp", _name(vjp, f), x, f"u = {_text(w)}")
        found = claim.compare(vjp(np.array(x), np.array(w), *args), expected, dtype, rtol).worse(found)
    return _certain(found)


def check_hessian(f: Function, hess: Function, x: Array, *, args: Sequence[Any] = (), rtol: float | None = None) -> Agreement:
    """
    Check a Hessian, entry by entry.

    Parameters
    ----------
    f : callable
        `f(x, *args)` returns a number.
    hess : callable
        `hess(x, *args)` returns ∂²f/∂x² of shape `x.shape + x.shape`; a sparse matrix (anything with `toarray`) will do.
    x, args, rtol
        As in `check_jvp`.

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
    got = hess(np.array(x), *args)
    got = got.toarray() if hasattr(got, "toarray") else got
    units = list(unit_vectors(x))
    rows: dict[tuple[int, int], Truth] = {}
    for i, u in enumerate(units):
        for j in range(i, len(units)):
            rows[i, j] = rows[j, i] = second_directional_derivative(lambda y: np.reshape(moved(y), ()), x, u, units[j])
    whole = _stacked([rows[i, j] for i in range(x.size) for j in range(x.size)], x.shape + x.shape)
    return Claim("check_hessian", _name(hess, f), x, "all pairs of unit vectors").compare(got, whole, dtype, rtol)


def check_hvp(
    f: Function, hvp: Function, x: Array, v: Array | None = None, *, args: Sequence[Any] = (), rtol: float | None = None, seed: int = 0
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
    rng = np.random.default_rng(seed)
    found = None
    for w in [_like(rng, x) for _ in range(3)] if v is None else [np.asarray(v)]:
        entries = [second_directional_derivative(lambda y: np.reshape(moved(y), ()), x, u, w) for u in unit_vectors(x)]
        claim = Claim("check_hvp", _name(hvp, f), x, f"v = {_text(w)}")
        found = claim.compare(hvp(np.array(x), np.array(w), *args), _stacked(entries, x.shape), dtype, rtol).worse(found)
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


def _truth(f: Function, x: Array, v: Array, method: Method) -> Truth:
    if method == "measured":
        return directional_derivative(f, x, v)
    if method != "dual":
        raise ValueError(f'truth must be "measured" or "dual", got {method!r}')
    value = np.asarray(dual_jvp(f, (x.astype(np.result_type(x, float)),), (np.asarray(v).astype(np.result_type(v, float)),))[1])
    scale = float(np.max(np.abs(value), initial=0.0))
    return Truth(value, np.full(value.shape, 64 * float(np.finfo(float).eps) * scale), "dual numbers", scale or 1.0)


def _jacobian(f: Function, x: Array, method: Method) -> Truth:
    """Return the whole Jacobian, of shape out.shape + x.shape."""
    columns = [_truth(f, x, v, method) for v in unit_vectors(x)]
    if not columns:
        shape = np.asarray(f(x)).shape + x.shape
        return Truth(np.zeros(shape), np.zeros(shape), method, 1.0)
    whole = _stacked(columns, (x.size, *columns[0].value.shape))
    out = whole.value.shape[1:] + x.shape
    value, bound = (np.moveaxis(a, 0, -1).reshape(out) for a in (whole.value, whole.bound))
    return Truth(value, bound, whole.method, whole.scale, whole.kink, whole.rounding)


def _stacked(truths: Sequence[Truth], shape: tuple[int, ...]) -> Truth:
    """Return several truths as one."""
    if not truths:
        return Truth(np.zeros(shape), np.zeros(shape), "measured", 1.0)
    value, bound = (np.stack([np.asarray(getattr(t, part)) for t in truths]).reshape(shape) for part in ("value", "bound"))
    methods = sorted({t.method for t in truths})
    scale, rounding = (max(getattr(t, part) for t in truths) for part in ("scale", "rounding"))
    return Truth(value, bound, " and ".join(methods), scale, any(t.kink for t in truths), rounding)


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
