"""Vector-Jacobian products: vjp."""

from typing import Any

from .._typing import Function, Tree
from ..boundary import entering, function_name
from ..passes import pulled
from ..recording import Kind, record
from ..trees import flatten


def vjp(f: Function, *primals: Tree, has_aux: bool = False, reuse: bool = True) -> Any:
    """
    Evaluate f, and return its value with the function that pulls cotangents back.

    Parameters
    ----------
    f : callable
        A function of arrays, or of nested tuples, lists, dicts and named tuples of arrays, that returns the like.
    *primals
        The arguments of f. Integers become float64.
    has_aux : bool
        f returns `(output, aux)`; aux is passed on without derivative.
    reuse : bool
        The pullback may be called any number of times. With False it may be called once, and frees what was recorded
        as it walks back.

    Returns
    -------
    value
        f(*primals).
    pullback : callable
        `pullback(cotangent)` takes a cotangent with the structure and shapes of the value, real where the value is
        real. It returns a tuple of cotangents, one for each argument, each with its structure, shapes and dtypes.
    aux
        With `has_aux`.

    Raises
    ------
    TypeError
        If an argument or a result is not numeric, or a cotangent of a real value is complex.
    ValueError
        If the shape of a cotangent does not match.
    RuntimeError
        If a pullback with `reuse=False` is called twice.

    Notes
    -----
    For y = f(x) the pullback is x̄ = (∂y/∂x)ᵀ·ȳ, the chain rule multiplied "from y to x" (Parr & Howard, section 4.5).
    Complex values pair by Re Σ conj(u)·v, so that the gradient of a real function of z = x + iy is ∂f/∂x + i·∂f/∂y.
    f runs once; kept are the partials of its operations, and operands of products.

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> value, pullback = dm.reverse.vjp(lambda A, x: A @ x, np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 1.0]))
    >>> pullback(np.array([1.0, 0.0]))
    (array([[1., 1.],
           [0., 0.]]), array([1., 2.]))

    """
    name = "reverse.vjp"
    if not callable(f):
        raise TypeError(f"{name}: f must be a function, got {type(f).__name__}; write vjp(f, x)")
    given, structure = flatten(primals)
    leaves = [entering(p, f"{name}: {n}") for p, n in zip(given, structure.paths("primals"), strict=True)]
    values, outer, aux, tape = record(f, lambda it: f(*structure.unflatten(it)), leaves, has_aux)
    of = f"the result of {function_name(f)}"
    wanted = [Kind.of(v) for v in values]
    del given, leaves

    def pullback(cotangent: Tree) -> tuple[Tree, ...]:
        parts = outer.leaves_of(cotangent, f"{name}: the cotangent", of)
        names = zip(outer.paths(f"{name}: the cotangent"), outer.paths(of), strict=True)
        cs = [k.checked(c, *n) for c, k, n in zip(parts, wanted, names, strict=True)]
        found: tuple[Tree, ...] = structure.unflatten(iter(pulled(tape, cs, free=not reuse)))
        return found

    value = outer.unflatten(iter(values))
    return (value, pullback, aux) if has_aux else (value, pullback)
