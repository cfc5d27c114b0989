"""Sparse Jacobians and their patterns, from one run of a function with structured tangents."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._typing import Function
from ..boundary import Call
from ..jacobians import transform
from .evaluator import Evaluator, Strategy


def _sparse(
    evaluator: Evaluator, f: Function, argnums: Any, has_aux: bool, with_value: bool, of_matrix: Callable[[Any], Any] | None = None
) -> Function:
    def solve(call: Call) -> tuple[Any, Any, Any]:
        values, rows, outer, aux, _ = evaluator(call, has_aux)
        if of_matrix is not None:
            rows = [list(map(of_matrix, row)) for row in rows]
        return outer.unflatten(iter(values)), outer.unflatten(call.like_inputs(iter(row)) for row in rows), aux

    return transform(evaluator.name, f, argnums, has_aux, with_value, solve)


def sparse_jacobian(
    f: Function,
    *,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    prepare: bool = False,
    strategy: Strategy = "auto",
    pattern: Any = None,
) -> Function:
    """
    Return the function that evaluates the Jacobian of f as a sparse matrix.

    Parameters
    ----------
    f : callable
        A function of real arrays, or of nested tuples, lists, dicts and named tuples of arrays, that returns the like.
    argnums : int or tuple of int
        The positional arguments to differentiate with respect to.
    has_aux : bool
        f returns `(output, aux)`; the result is then `(jacobian, aux)`.
    prepare : bool
        For many evaluations: the structure that the first one finds is kept for each set of input shapes, and later ones write values
        into it. The matrices then share their `indices` and `indptr`. If f takes another way, its structure is found anew; with colours
        one more direction tells so.
    strategy : {"auto", "structured", "colored"}
        How prepared evaluations go: by the slots of structured tangents, or by one dense direction for each colour of the pattern.
        "auto" takes colours where there are 2.5 times as many slots; the first evaluation goes by slots.
    pattern : array or matrix of scipy.sparse, optional
        The places of all entries that can be other than zero, for all outputs below each other and all inputs side by side. If it is
        given, all evaluations go by colours, and by one direction more that tells whether it lacks entries.

    Returns
    -------
    callable
        With the arguments of f. For an output of m numbers and an input of n it returns a `scipy.sparse.csr_array` of shape (m, n), both
        counted in the order of `ravel`; for structured outputs and inputs, the structure of the output with the structure of the
        input in each place, a tuple for several argnums. Entries that can be other than zero are there even where they are zero.

    Raises
    ------
    ImportError
        If SciPy is missing (extra `scipy`).
    TypeError
        If an input or output is not numeric, an input is complex, or carries a tangent of another transform.
    ValueError
        If argnums, strategy or pattern do not fit, or the pattern lacks an entry that is other than zero.

    Notes
    -----
    A tangent is Σ diag(v)·G: element-wise functions have diagonal Jacobians, which scale v (Parr & Howard, section 4.2), and what
    moves entries composes the gathers G. So one run gives all entries, and their number is the work. Sums and products of
    matrices start new variables, which are eliminated by products of sparse matrices: J = Σ J_cut · M · J_source. See the page
    `structured.md` of the documentation.

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> J = dm.sparse_jacobian(lambda u: u[2:] - 2 * u[1:-1] + u[:-2] ** 2)(np.arange(6.0))
    >>> J.shape, J.nnz
    ((4, 6), 12)
    >>> J.toarray()
    array([[ 0., -2.,  1.,  0.,  0.,  0.],
           [ 0.,  2., -2.,  1.,  0.,  0.],
           [ 0.,  0.,  4., -2.,  1.,  0.],
           [ 0.,  0.,  0.,  6., -2.,  1.]])

    """
    evaluator = Evaluator("sparse_jacobian", prepare=prepare, strategy=strategy, pattern=pattern)
    return _sparse(evaluator, f, argnums, has_aux, with_value=False)


def value_and_sparse_jacobian(
    f: Function,
    *,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    prepare: bool = False,
    strategy: Strategy = "auto",
    pattern: Any = None,
) -> Function:
    """
    Return the function that evaluates f and its sparse Jacobian in the same run.

    Parameters
    ----------
    f, argnums, has_aux, prepare, strategy, pattern
        As for `sparse_jacobian`.

    Returns
    -------
    callable
        With the arguments of f; returns `(value, jacobian)`, or `((value, aux), jacobian)` with `has_aux`.

    Raises
    ------
    ImportError, TypeError, ValueError
        As `sparse_jacobian`.

    Notes
    -----
    The value is that of the run whose slots are the entries (Parr & Howard, section 4.1, for the layout).

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> value, J = dm.value_and_sparse_jacobian(np.square)(np.array([1.0, 3.0]))
    >>> value, J.toarray()
    (array([1., 9.]), array([[2., 0.],
           [0., 6.]]))

    """
    evaluator = Evaluator("value_and_sparse_jacobian", prepare=prepare, strategy=strategy, pattern=pattern)
    return _sparse(evaluator, f, argnums, has_aux, with_value=True)


def jacobian_sparsity(f: Function, *, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """
    Return the function that finds which entries of the Jacobian of f can be other than zero.

    Parameters
    ----------
    f, argnums, has_aux
        As for `sparse_jacobian`.

    Returns
    -------
    callable
        With the arguments of f; as `sparse_jacobian`, with the boolean pattern in place of each matrix.

    Raises
    ------
    ImportError, TypeError, ValueError
        As `sparse_jacobian`.

    Notes
    -----
    The pattern is that of the operations which f did at this point, whatever their values: an entry that happens to be zero is
    in it, one behind a branch that was not taken is not (Parr & Howard, section 4.2, for diagonal Jacobians).

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> pattern = dm.jacobian_sparsity(lambda x: x[1:] * x[:-1])(np.zeros(3))
    >>> pattern.toarray()
    array([[ True,  True, False],
           [False,  True,  True]])

    """
    evaluator = Evaluator("jacobian_sparsity", prepare=False, strategy="structured")
    return _sparse(evaluator, f, argnums, has_aux, with_value=False, of_matrix=_pattern)


def _pattern(matrix: Any) -> Any:
    return type(matrix)((np.ones(matrix.nnz, bool), matrix.indices, matrix.indptr), shape=matrix.shape)
