"""The Jacobian as an operator for iterative solvers: products with it and its transpose, and no matrix."""

import math
from typing import Any

import numpy as np

from ._typing import Array, Function
from .arrays.creation import carries
from .boundary import entering, function_name
from .extras import optional
from .recording import Kind, record


def jacobian_operator(f: Function, x: Array) -> Any:
    """
    Return the Jacobian of f at x as an operator of SciPy, for its iterative solvers.

    Parameters
    ----------
    f : callable
        A function of one real array that returns one real array, of any shapes.
    x : array
        Where to linearise. Integers become float64; float32 stays.

    Returns
    -------
    scipy.sparse.linalg.LinearOperator
        Of shape (outputs, inputs), both counted in the order of `ravel`. `matvec` and `matmat` carry all columns forward in one
        pass, `rmatvec` and `rmatmat` pull them back; its dtype is that of the values of f.

    Raises
    ------
    ImportError
        If SciPy is missing (extra `scipy`).
    TypeError
        If f is not a function or does not return one real array, or x is not real or carries a tangent.

    Notes
    -----
    f runs once. J·v and Jᵀ·u are replays of the linear operations that it did (Parr & Howard, section 4.5, in both orders of
    multiplication), so that a product costs less than a finite difference and is exact.

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> J = dm.jacobian_operator(lambda x: x[1:] * x[:-1], np.array([1.0, 2.0, 3.0]))
    >>> J.shape, J @ np.array([1.0, 0.0, 0.0]), J.T @ np.array([1.0, 0.0])
    ((2, 3), array([2., 0.]), array([2., 1., 0.]))

    """
    name = "jacobian_operator"
    make = optional("scipy.sparse.linalg", "scipy", name).LinearOperator
    if not callable(f):
        raise TypeError(f"{name}: f must be a function, got {type(f).__name__}; write {name}(f, x)")
    leaf = entering(x, f"{name}: x")
    if carries(leaf) or leaf.dtype.kind == "c":
        got = f"a {type(leaf).__name__}" if carries(leaf) else f"dtype {leaf.dtype}"
        raise TypeError(f"{name}: x must be a real array without a tangent, got {got}")
    inside = Kind.of(leaf)
    values, outer, _, tape = record(f, lambda it: f(next(it)), [leaf], has_aux=False)
    if outer.kind is not None or values[0].dtype.kind not in "fbiu":
        got = f"a {outer.kind.__name__}" if outer.kind is not None else f"dtype {values[0].dtype}"
        raise TypeError(f"{name}: {function_name(f)} must return one real array, got {got}")
    outside = Kind.of(values[0])
    m, n = math.prod(outside.shape), math.prod(inside.shape)
    dtype = outside.zero().dtype
    del values

    def columns(given: Array, kind: Kind, replay: Any, other: int) -> Array:
        """Return the map of the columns of a matrix, with axes of columns leading while it is applied."""
        if given.dtype.kind == "c":
            return columns(given.real, kind, replay, other) + 1j * columns(given.imag, kind, replay, other)
        rows = np.ascontiguousarray(given.T, kind.zero().dtype).reshape((-1, *kind.shape))
        (found,) = replay([rows])
        return np.zeros((other, len(rows)), dtype) if found is None else np.reshape(found, (len(rows), other)).T

    def matmat(v: Array) -> Array:
        return columns(v, inside, tape.push, m)

    def rmatmat(u: Array) -> Array:
        return columns(u, outside, tape.pull, n)

    return make(
        (m, n),
        matvec=lambda v: matmat(np.reshape(v, (n, 1)))[:, 0],
        rmatvec=lambda u: rmatmat(np.reshape(u, (m, 1)))[:, 0],
        matmat=matmat,
        rmatmat=rmatmat,
        dtype=dtype,
    )
