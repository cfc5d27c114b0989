"""Second derivatives: directions carried through a gradient, forward over reverse."""

import functools
from collections.abc import Sequence
from typing import Any

from .._typing import Function, Tree
from ..boundary import argument_numbers
from ..forward import jvp
from ..jacobians import jacobian
from .transforms import grad


def hvp(
    f: Function,
    primals: Sequence[Tree],
    tangents: Sequence[Tree],
    *,
    argnums: int | Sequence[int] | None = None,
    has_aux: bool = False,
) -> Any:
    """
    Evaluate the product of the Hessian of a scalar function with a direction.

    Parameters
    ----------
    f : callable
        Returns one real number.
    primals : tuple or list
        The positional arguments of f. Integers become float64.
    tangents : tuple or list
        One direction for each argument of argnums: the same structure and shapes.
    argnums : int or tuple of int, optional
        The positional arguments to differentiate with respect to; all of them when left out.
    has_aux : bool
        f returns `(output, aux)`; the result is then `(product, aux)`.

    Returns
    -------
    tuple
        The product, one entry for each argument of argnums, with its structure and shapes.

    Raises
    ------
    TypeError, ValueError
        As `grad` and `dualmc.jvp`.

    Notes
    -----
    H·v is the derivative of ∇f along v: a direction carried forward through the gradient (Parr & Howard, section 4.5,
    twice). It costs a small multiple of the gradient, and the Hessian is never formed.

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> dm.reverse.hvp(lambda x: x[0] ** 2 * x[1], (np.array([1.0, 2.0]),), (np.array([1.0, 0.0]),))
    (array([4., 2.]),)

    """
    numbers = tuple(range(len(primals))) if argnums is None else argument_numbers("reverse.hvp", argnums, len(primals))
    if not numbers:
        return ((), f()[1]) if has_aux else ()
    gradient = grad(f, argnums=numbers, has_aux=has_aux)

    @functools.wraps(gradient)
    def moved(*chosen: Tree) -> Any:
        args = list(primals)
        for i, x in zip(numbers, chosen, strict=True):
            args[i] = x
        return gradient(*args)

    _, *found = jvp(moved, [primals[i] for i in numbers], tangents, has_aux=has_aux)
    return tuple(found) if has_aux else found[0]


def hessian(f: Function, *, argnums: int | Sequence[int] = 0, has_aux: bool = False, chunk_size: int | None = None) -> Function:
    """
    Return the function that evaluates the Hessian of a scalar function.

    Parameters
    ----------
    f : callable
        Returns one real number.
    argnums, has_aux
        As for `grad`.
    chunk_size : int, optional
        How many columns one pass carries, as for `dualmc.jacobian`.

    Returns
    -------
    callable
        With the arguments of f; for an input of shape T the Hessian has shape T + T. For structured inputs, the
        structure of the input with that structure again in each place; a tuple of tuples for several argnums.

    Raises
    ------
    TypeError, ValueError
        As `grad` and `dualmc.jacobian`.

    Notes
    -----
    The Jacobian of the gradient (Parr & Howard, sections 3 and 4.1): blocks of directions go forward through it.

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> dm.reverse.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])

    """
    return jacobian(grad(f, argnums=argnums, has_aux=has_aux), argnums=argnums, has_aux=has_aux, chunk_size=chunk_size)
