"""Second derivatives: Hessians, their products with directions, their diagonals and traces, in passes of HyperDuals."""

import functools
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from . import structure
from ._typing import Array, Function, Shape, Tree
from .blocks import Side, by_own_direction, derivatives, directions_together, filled, run, seeds
from .boundary import Call, argument_numbers, entering, settled, shared, short_ways
from .forward import direction_leaves, primal_leaves
from .jacobians import check_one_number, check_real
from .passes import chunks
from .structure import Strategy
from .tangents.pairing import OUTER, PAIRED, SUMMED
from .tangents.straight import Replay
from .trees import Structure

Argnums = int | Sequence[int]


def _transform(
    name: str,
    f: Function,
    solve: Callable[[Call], Any],
    argnums: Argnums,
    batch: int,
    columns: Argnums | None = None,
    short: Callable[[tuple[Any, ...]], Any] | None = None,
) -> Function:
    """
    Return the function that calls solve on each call of it, with all differentiated arguments as leaves.

    `short` is the short way for a compiled function, which gives None where arguments ask for the general way.
    """
    if not callable(f):
        raise TypeError(f"{name}: f must be a function, got {type(f).__name__}; write {name}(f)(x)")

    @functools.wraps(f)
    def transformed(*args: Any, **kwargs: Any) -> Any:
        found = short(args) if short is not None and not kwargs else None
        if found is not None:
            return found
        numbers = argnums
        if columns is not None:
            both = argument_numbers(name, argnums, len(args)) + argument_numbers(name, columns, len(args), "columns")
            numbers = tuple(dict.fromkeys(both))
        call = Call(name, f, numbers, args, kwargs, batch)
        check_real(call)
        return solve(call)

    return transformed


def _hessians(rows: Side, columns: Side, outer: Structure, matrices: Sequence[Array]) -> Tree:
    """Return matrices of shape (*S, n, m) as trees: of the output, in each place of the rows, in each place of the columns."""

    def split(matrix: Array) -> Tree:
        axis = matrix.ndim - 2
        return rows.like_inputs(iter([across(part, part.ndim - 1) for part in rows.parts(matrix, axis)]))

    def across(part: Array, axis: int) -> Tree:
        return columns.like_inputs(p[()] for p in columns.parts(part, axis))

    return outer.unflatten(map(split, matrices))


def hessian(
    f: Function,
    *,
    argnums: Argnums = 0,
    columns: Argnums | None = None,
    has_aux: bool = False,
    chunk_size: int | None = None,
    batch: int = 0,
    strategy: Strategy = "auto",
) -> Function:
    """
    Return the function that evaluates the Hessian of f.

    Parameters
    ----------
    f : callable
        A function of real arrays, or of nested tuples, lists, dicts and named tuples of them, that returns the like.
    argnums : int or tuple of int
        The positional arguments to differentiate with respect to, twice.
    columns : int or tuple of int, optional
        The arguments of the second differentiation, if they are others than those of the first: with `argnums=0,
        columns=1` the result is ∂²f/∂x∂y alone.
    has_aux : bool
        f returns `(output, aux)`; the result is then `(hessian, aux)`.
    chunk_size : int, optional
        How many directions each side of a block has; chosen from the size of the inputs when left out.
    batch : int
        How many leading axes of each input, and of each output, count points that are independent of each other, as
        the loop dimensions of a ufunc do. Each direction then moves all points at once.
    strategy : {"auto", "dense", "structured"}
        "dense" carries blocks of pairs of directions through f. "structured" runs a scalar f once, and gathers the curvature of
        its operations on a walk back, from slots or along directions. "auto" does so from 24 input numbers on, unless a chunk_size or
        columns are given. Where the tape does not hold the second derivative of an operation, as of solve or prod, it is "dense".

    Returns
    -------
    callable
        With the arguments of f. For an output of shape S and inputs of shapes T and U the result has the shape S + T + U.
        For structured inputs, their structure with the structure again in each place; tuples for several argnums. The
        axes of points are not repeated, so that T and U are the shapes at one point.

    Raises
    ------
    TypeError
        If an input or output is not numeric, or an input is complex.
    ValueError
        If argnums, columns, chunk_size or strategy do not fit, or an input or output does not have the axes of points.

    Notes
    -----
    Entry [i, j] is ∂²f/∂xᵢ∂xⱼ, the Jacobian of the gradient (Parr & Howard, sections 3 and 4.1). Each pass carries a
    block of pairs of basis directions through f; of the symmetric matrix only the blocks on and above the diagonal. A
    pass holds about `(1 + chunk_size)**2` numbers for each number of an intermediate result.

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> dm.hessian(lambda x: x[0] ** 2 * x[1] + np.exp(x[1]))(np.array([1.0, 0.0]))
    array([[0., 2.],
           [2., 1.]])

    """
    chosen = structure.checked_strategy("hessian", strategy, chunk_size if columns is None else 0)
    known: dict[Any, Replay] = {}

    def solve(call: Call) -> Any:
        rows = Side(call, argnums)
        other = rows if columns is None else Side(call, columns)
        found = _structured(call, chosen, has_aux, known)
        _, _, matrices, outer, aux = found or derivatives(call, rows, other, chunk_size, has_aux)
        result = _hessians(rows, other, outer, matrices)
        return (result, aux) if has_aux else result

    ways = None if has_aux or chunk_size is not None or batch or columns is not None or strategy == "structured" else short_ways(f)
    short = None if ways is None else lambda args: ways.hessian(f, args, argnums)
    return _transform("hessian", f, solve, argnums, batch, columns, short)


def _structured(call: Call, strategy: Strategy, has_aux: bool, known: dict[Any, Replay]) -> Any:
    """Return what `derivatives` returns, from one recorded run; None if that does not apply."""
    run = lambda: structure.hessian(call, has_aux, shared(known, call, Replay))
    found = structure.attempt(call, strategy, structure.LEAST_HESSIAN, run)
    return found and ([found.value], [found.gradient], [found.hessian], found.outer, found.aux)


def value_gradient_and_hessian(
    f: Function,
    *,
    argnums: Argnums = 0,
    has_aux: bool = False,
    chunk_size: int | None = None,
    batch: int = 0,
    strategy: Strategy = "auto",
) -> Function:
    """
    Return the function that evaluates a scalar function, its gradient and its Hessian in the same passes.

    Parameters
    ----------
    f : callable
        Returns one real number; with `batch`, one for each point.
    argnums, has_aux, chunk_size, batch, strategy
        As for `hessian`.

    Returns
    -------
    callable
        With the arguments of f; returns `(value, gradient, hessian)`, or `((value, aux), gradient, hessian)` with `has_aux`.

    Raises
    ------
    TypeError
        If f does not return one real number, or an input is not real.
    ValueError
        As `hessian`.

    Notes
    -----
    The gradient is what blocks on the diagonal carry in first order (Parr & Howard, section 3).

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> value, g, H = dm.value_gradient_and_hessian(lambda x: x @ x)(np.array([1.0, 2.0]))
    >>> float(value), g
    (5.0, array([2., 4.]))
    >>> H
    array([[2., 0.],
           [0., 2.]])

    """
    chosen = structure.checked_strategy("value_gradient_and_hessian", strategy, chunk_size)
    known: dict[Any, Replay] = {}

    def solve(call: Call) -> Any:
        side = Side(call, argnums)
        found = _structured(call, chosen, has_aux, known)
        values, slopes, matrices, outer, aux = found or derivatives(call, side, side, chunk_size, has_aux)
        check_one_number(call, values, outer, "dm.hessian")
        gradient = side.like_inputs(p[()] for p in side.parts(slopes[0], slopes[0].ndim - 1))
        value = (values[0], aux) if has_aux else values[0]
        return value, gradient, _hessians(side, side, outer, matrices)

    ways = None if has_aux or chunk_size is not None or batch or strategy == "structured" else short_ways(f)
    short = None if ways is None else lambda args: ways.value_gradient_and_hessian(f, args, argnums)
    return _transform("value_gradient_and_hessian", f, solve, argnums, batch, short=short)


def hessian_diagonal(
    f: Function, *, argnums: Argnums = 0, has_aux: bool = False, chunk_size: int | None = None, batch: int = 0
) -> Function:
    """
    Return the function that evaluates the diagonal of the Hessian of f.

    Parameters
    ----------
    f, argnums, has_aux, batch
        As for `hessian`.
    chunk_size : int, optional
        How many directions one pass carries; chosen from the size of the inputs when left out.

    Returns
    -------
    callable
        With the arguments of f. For an output of shape S and an input of shape T the result has the shape S + T, in the
        structure of the input.

    Raises
    ------
    TypeError, ValueError
        As `hessian`.

    Notes
    -----
    Entry [i] is ∂²f/∂xᵢ² (Parr & Howard, section 4.1). The cost of n entries is that of n directions, where the Hessian
    costs that of n²/2 pairs.

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> dm.hessian_diagonal(lambda x: np.sum(x**3) * x[0])(np.array([1.0, 2.0]))
    array([12., 12.])

    """

    def solve(call: Call) -> Any:
        side = Side(call, argnums)
        blocks, outer, aux = by_own_direction(call, side, PAIRED, chunk_size, has_aux)
        diagonals = (np.moveaxis(np.concatenate(parts), 0, -1) for parts in blocks)
        result = outer.unflatten(side.like_inputs(p[()] for p in side.parts(d, d.ndim - 1)) for d in diagonals)
        return (result, aux) if has_aux else result

    return _transform("hessian_diagonal", f, solve, argnums, batch)


def laplacian(f: Function, *, argnums: Argnums = 0, has_aux: bool = False, chunk_size: int | None = None, batch: int = 0) -> Function:
    """
    Return the function that evaluates the Laplacian of f, the trace of its Hessian.

    Parameters
    ----------
    f, argnums, has_aux, batch
        As for `hessian`.
    chunk_size : int, optional
        How many directions one pass carries; chosen from the size of the inputs when left out.

    Returns
    -------
    callable
        With the arguments of f; the Laplacian has the structure and shapes of f's result.

    Raises
    ------
    TypeError, ValueError
        As `hessian`.

    Notes
    -----
    Δf = Σᵢ ∂²f/∂xᵢ², over the numbers of all differentiated inputs. The sum is carried in place of its terms, so that
    second order costs what one direction costs: the forward Laplacian (Li et al., "A computational framework for neural
    network-based variational Monte Carlo with Forward Laplacian", arXiv:2307.08214).

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> dm.laplacian(lambda r: np.sum(r**3, axis=-1), batch=1)(np.array([[1.0, 2.0], [0.0, 3.0]]))
    array([18., 18.])

    """

    def solve(call: Call) -> Any:
        blocks, outer, aux = by_own_direction(call, Side(call, argnums), SUMMED, chunk_size, has_aux)
        result = outer.unflatten(functools.reduce(operator.add, parts)[()] for parts in blocks)
        return (result, aux) if has_aux else result

    return _transform("laplacian", f, solve, argnums, batch)


def second_derivative(f: Function, *, argnums: int = 0, has_aux: bool = False) -> Function:
    """
    Return the function that evaluates the second derivative of a function of one number.

    Parameters
    ----------
    f : callable
        Takes a real number; returns a number, an array, or tuples, lists and dicts of them.
    argnums : int
        The positional argument to differentiate with respect to.
    has_aux : bool
        f returns `(output, aux)`; the result is then `(second derivative, aux)`.

    Returns
    -------
    callable
        With the arguments of f; the second derivative has the structure and shapes of f's result.

    Raises
    ------
    TypeError
        If the input is not one real number.
    ValueError
        If argnums do not fit.

    Notes
    -----
    d²f/dx² (Parr & Howard, section 2, for the rules that f' follows, twice), in one pass without an axis of directions.

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> dm.second_derivative(lambda x: x**4)(2.0)
    np.float64(48.0)

    """

    def solve(call: Call) -> Any:
        if len(call.leaves) != 1 or call.leaves[0].shape != ():
            got = f"shape {call.leaves[0].shape}" if len(call.leaves) == 1 else f"{len(call.leaves)} numbers"
            raise TypeError(f"second_derivative: the input must be one number, got {got}; use dm.hessian or dm.hessian_diagonal")
        x = call.leaves[0]
        one = settled(np.ones((), x.dtype)[()], x)
        values, tangents, outer, aux = run(call, [(one, one)], PAIRED, has_aux)
        result = outer.unflatten(filled(t and t.e12, v, ())[()] for v, t in zip(values, tangents, strict=True))
        return (result, aux) if has_aux else result

    return _transform("second_derivative", f, solve, argnums, 0)


# Products with directions. -----------------------------------------------------------------------------------


def _direct(name: str, f: Function, primals: Any) -> tuple[Call, Side, Structure, list[str]]:
    """Return the call f(*primals), differentiated by all arguments."""
    leaves, tree, names = primal_leaves(name, primals)
    call = Call(name, f, tuple(range(len(primals))), tuple(tree.unflatten(iter(leaves))), {})
    check_real(call)
    return call, Side(call, tuple(range(len(primals)))), tree, names


def _directions(call: Call, tree: Structure, names: Sequence[str], option: str, given: Any) -> Iterator[Array]:
    """Return the leaves of directions as real arrays whose last axes are those of the primals."""
    ts = direction_leaves(call.name, option, given, tree)
    for t, p, of in zip(ts, call.leaves, names, strict=True):
        where = f"{call.name}: {of.replace('primals', option, 1)}"
        a = entering(t, where)
        if a.shape[a.ndim - p.ndim :] != p.shape or a.ndim < p.ndim:
            raise ValueError(f"{where} must have the shape of {of}, {p.shape}, or more axes in front; got {a.shape}")
        if a.dtype.kind == "c":
            raise TypeError(f"{where} must be real like {of} ({p.dtype}); got {a.dtype}")
        yield settled(a if a.dtype == p.dtype else a.astype(p.dtype), p)


def hvp(
    f: Function, primals: Sequence[Tree], tangents: Sequence[Tree], *, chunk_size: int | None = None, strategy: Strategy = "auto"
) -> Tree:
    """
    Evaluate the product of the Hessian of a scalar function with one direction.

    Parameters
    ----------
    f : callable
        Returns one real number.
    primals : tuple or list
        The positional arguments of f, real; integers become float64.
    tangents : tuple or list
        The direction v: one entry for each argument, of the same structure and shapes.
    chunk_size : int, optional
        How many rows of the Hessian one pass carries; chosen from the size of the primals when left out.
    strategy : {"auto", "dense", "structured"}
        "dense" carries all basis directions through f, each paired with v. "structured" runs f once and walks back with v beside, in
        work of a few runs of f. "auto" does so from 24 input numbers on, unless a chunk_size is given.

    Returns
    -------
    tuple
        H·v, one entry for each argument, in the structure and shapes of the primals.

    Raises
    ------
    TypeError
        If f does not return one real number, or primals or tangents are not real numbers in the same structure.
    ValueError
        If the number of tangents, a shape, chunk_size or strategy does not fit.

    Notes
    -----
    H·v is the directional derivative of the gradient along v (Parr & Howard, sections 3 and 4.5). On the walk back the operation
    y = φ(u₁, u₂, ...) adds (∂f/∂y)·φ''·u̇ to the derivatives of the cotangents of its arguments.

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> dm.hvp(lambda x: np.sum(x**3), (np.array([1.0, 2.0]),), (np.array([1.0, 1.0]),))
    (array([ 6., 12.]),)

    """
    chosen = structure.checked_strategy("hvp", strategy, chunk_size)
    ways = None if chosen == "structured" or chunk_size is not None else short_ways(f)
    short = None if ways is None else ways.hvp(f, primals, tangents)
    if short is not None:
        return short
    call, side, tree, names = _direct("hvp", f, primals)
    vs = list(_directions(call, tree, names, "tangents", tangents))
    for v, p, of in zip(vs, call.leaves, names, strict=True):
        if v.shape != p.shape:
            raise ValueError(f"hvp: {of.replace('primals', 'tangents', 1)} must have the shape of {of}, {p.shape}; got {v.shape}")
    found = structure.attempt(call, chosen, structure.LEAST_HESSIAN, lambda: structure.hvp(call, vs))
    if found is not None:
        return side.like_inputs(p[()] for p in found.products)
    parts = []
    for at in chunks(side.n, directions_together(call, side.n, chunk_size)):
        given = [(e1, v[None]) for (e1, _), v in zip(seeds(call, side, at, side, at), vs, strict=True)]
        values, tangents_out, outer, _ = run(call, given, OUTER)
        check_one_number(call, values, outer, "dm.hessian")
        parts.append(filled(tangents_out[0] and tangents_out[0].e12, values[0], (at[1] - at[0], 1))[:, 0])
    product = np.concatenate(parts)
    return side.like_inputs(p[()] for p in side.parts(product, 0))


def vhv(f: Function, primals: Sequence[Tree], u: Sequence[Tree], v: Sequence[Tree]) -> Tree:
    """
    Evaluate uᵀ·H·v, the second derivative along two directions, for one pair of them or for many.

    Parameters
    ----------
    f : callable
        A function of real arrays, or of nested tuples, lists, dicts and named tuples of them, that returns the like.
    primals : tuple or list
        The positional arguments of f, real; integers become float64.
    u, v : tuple or list
        The directions: one entry for each argument, of the same structure and shapes; or each array with one more axis in
        front, of K directions, where the k-th of u goes with the k-th of v.

    Returns
    -------
    tree
        uᵀ·H·v in the structure of f's result: of its shape for one pair, with an axis of K in front for many.

    Raises
    ------
    TypeError
        If primals, u or v are not real numbers in the same structure.
    ValueError
        If a shape or the number of directions does not fit.

    Notes
    -----
    uᵀHv = Σᵢⱼ uᵢ·∂²f/∂xᵢ∂xⱼ·vⱼ (Parr & Howard, section 4.1, for the layout of H), in one pass: the cost of K pairs is that
    of K directions, whatever the size of the inputs. With the same object for u and v the first-order work is done once.

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> float(dm.vhv(lambda x: x[0] * x[1], (np.array([1.0, 2.0]),), (np.array([1.0, 0.0]),), (np.array([0.0, 1.0]),)))
    1.0

    """
    call, _, tree, names = _direct("vhv", f, primals)
    us = list(_directions(call, tree, names, "u", u))
    vs = us if v is u else list(_directions(call, tree, names, "v", v))
    leads = {d.shape[: d.ndim - p.ndim] for part in (us, vs) for d, p in zip(part, call.leaves, strict=True)}
    if len(leads) > 1 or any(len(lead) > 1 for lead in leads):
        raise ValueError(f"vhv: u and v must have the same number of directions, along one axis in front; got {sorted(leads)}")
    lead: Shape = next(iter(leads), ())
    values, tangents, outer, _ = run(call, list(zip(us, vs, strict=True)), PAIRED)
    return outer.unflatten(filled(t and t.e12, y, lead)[()] for y, t in zip(values, tangents, strict=True))
