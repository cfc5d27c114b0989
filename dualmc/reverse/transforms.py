"""Gradients and Jacobians in reverse: one walk back for each block of rows."""

from collections.abc import Sequence
from typing import Any

from .. import structure
from .._typing import Function
from ..boundary import Call, shared
from ..jacobians import check_holomorphic, check_one_number, check_real, transform
from ..passes import pulled, rows
from ..recording import record_call
from ..tangents.straight import Replay

# Gradients. --------------------------------------------------------------------------------------------------


def _grad(name: str, f: Function, argnums: Any, has_aux: bool, with_value: bool) -> Function:
    replays: dict[Any, Replay] = {}

    def solve(call: Call) -> tuple[Any, Any, Any]:
        check_real(call)
        values, outer, aux, tape = record_call(call, has_aux)
        check_one_number(call, values, outer, "dm.reverse.jacobian")
        found = structure.stepped(call, tape, values[0], shared(replays, call, Replay)) if call.is_plain else None
        if found is None:
            found = pulled(tape, [structure.one(values[0])], free=True)
        return values[0], call.like_inputs(iter(found)), aux

    return transform(name, f, argnums, has_aux, with_value, solve)


def grad(f: Function, *, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """
    Return the function that evaluates the gradient of a scalar function in reverse.

    Parameters
    ----------
    f : callable
        Returns one real number.
    argnums : int or tuple of int
        The positional arguments to differentiate with respect to.
    has_aux : bool
        f returns `(output, aux)`; the result is then `(gradient, aux)`.

    Returns
    -------
    callable
        With the arguments of f; the gradient has the structure, shapes and dtypes of the differentiated arguments.

    Raises
    ------
    TypeError
        If f returns anything but one real number, or an input is complex.
    ValueError
        If argnums do not fit.

    Notes
    -----
    ∇f = (∂f/∂x)ᵀ (Parr & Howard, section 3), from one run of f and one walk back, whatever the number of inputs.

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> dm.reverse.grad(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    array([ 3., 12.])

    """
    return _grad("reverse.grad", f, argnums, has_aux, with_value=False)


def value_and_grad(f: Function, *, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """
    Return the function that evaluates a scalar function and its gradient in the same run.

    Parameters
    ----------
    f, argnums, has_aux
        As for `grad`.

    Returns
    -------
    callable
        With the arguments of f; returns `(value, gradient)`, or `((value, aux), gradient)` with `has_aux`.

    Raises
    ------
    TypeError, ValueError
        As `grad`.

    Notes
    -----
    The value is that of the run that is walked back (Parr & Howard, section 3, for the gradient).

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> value, g = dm.reverse.value_and_grad(lambda x: x @ x)(np.array([1.0, 2.0]))
    >>> float(value), g
    (5.0, array([2., 4.]))

    """
    return _grad("reverse.value_and_grad", f, argnums, has_aux, with_value=True)


# Jacobians. --------------------------------------------------------------------------------------------------


def _jacobian(name: str, f: Function, argnums: Any, has_aux: bool, chunk_size: int | None, holomorphic: bool, with_value: bool) -> Function:
    def solve(call: Call) -> tuple[Any, Any, Any]:
        check_holomorphic(name, call.leaves, holomorphic)
        values, outer, aux, tape = record_call(call, has_aux)
        trees = (call.like_inputs(iter(rows(tape, values, i, chunk_size, holomorphic))) for i in range(len(values)))
        return outer.unflatten(iter(values)), outer.unflatten(trees), aux

    return transform(name, f, argnums, has_aux, with_value, solve)


def jacobian(
    f: Function, *, argnums: int | Sequence[int] = 0, has_aux: bool = False, chunk_size: int | None = None, holomorphic: bool = False
) -> Function:
    """
    Return the function that evaluates the Jacobian of f by rows.

    Parameters
    ----------
    f : callable
        A function of arrays, or of nested tuples, lists, dicts and named tuples of arrays, that returns the like.
    argnums : int or tuple of int
        The positional arguments to differentiate with respect to.
    has_aux : bool
        f returns `(output, aux)`; the result is then `(jacobian, aux)`.
    chunk_size : int, optional
        How many rows one walk back carries; chosen from the sizes of outputs and inputs when left out.
    holomorphic : bool
        Inputs are complex and f is holomorphic; the Jacobian is ∂f/∂z.

    Returns
    -------
    callable
        With the arguments of f. Shapes and structures are those of `dualmc.jacobian`: S + T for an output of shape S
        and an input of shape T.

    Raises
    ------
    TypeError
        If an input or output is not numeric, or an input is complex without `holomorphic`.
    ValueError
        If argnums or chunk_size do not fit.

    Notes
    -----
    Row i of the Jacobian is ∇fᵢ (Parr & Howard, section 4.1). f runs once, and blocks of rows of the identity are
    pulled back; it pays where there are fewer outputs than inputs.

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> dm.reverse.jacobian(lambda x: np.stack([np.sum(x), np.prod(x)]))(np.array([2.0, 3.0, 5.0]))
    array([[ 1.,  1.,  1.],
           [15., 10.,  6.]])

    """
    return _jacobian("reverse.jacobian", f, argnums, has_aux, chunk_size, holomorphic, with_value=False)


def value_and_jacobian(
    f: Function, *, argnums: int | Sequence[int] = 0, has_aux: bool = False, chunk_size: int | None = None, holomorphic: bool = False
) -> Function:
    """
    Return the function that evaluates f and its Jacobian in the same run.

    Parameters
    ----------
    f, argnums, has_aux, chunk_size, holomorphic
        As for `jacobian`.

    Returns
    -------
    callable
        With the arguments of f; returns `(value, jacobian)`, or `((value, aux), jacobian)` with `has_aux`.

    Raises
    ------
    TypeError, ValueError
        As `jacobian`.

    Notes
    -----
    The value is that of the run that is walked back (Parr & Howard, section 4.1, for the layout).

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> value, J = dm.reverse.value_and_jacobian(np.square)(np.array([1.0, 3.0]))
    >>> J
    array([[2., 0.],
           [0., 6.]])

    """
    return _jacobian("reverse.value_and_jacobian", f, argnums, has_aux, chunk_size, holomorphic, with_value=True)
