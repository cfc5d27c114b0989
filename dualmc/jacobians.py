"""Derivatives, gradients and Jacobians: blocks of directions carried through a function in passes."""

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from . import structure
from ._typing import Array, Function, Shape
from .arrays.dual import Dual
from .boundary import Call, fresh_level, function_name, outputs, settled, shared, short_ways, zero_tangent
from .passes import CHUNK_BYTES, basis, checked_chunk_size, chunks, fresh
from .rules.selection import base
from .structure import Strategy
from .tangents.straight import Replay
from .trees import Structure

# Passes. -----------------------------------------------------------------------------------------------------


def _chunk_size(call: Call, chunk_size: int | None) -> int:
    """Return how many directions one pass takes: as given, or as many as a seed block of CHUNK_BYTES holds."""
    if chunk_size is not None:
        return checked_chunk_size(chunk_size)
    itemsize = max((base(x).itemsize for x in call.leaves), default=8)
    return max(1, min(directions(call), CHUNK_BYTES // max(1, call.size * itemsize)))


def passes(call: Call) -> int:
    """Return how many passes a Jacobian takes."""
    return sum(1 for _ in chunks(directions(call), _chunk_size(call, None)))


def directions(call: Call) -> int:
    """Return how many numbers each point has."""
    return sum(map(math.prod, call.shapes))


def _seeds(call: Call, start: int, stop: int, level: int) -> Iterator[Any]:
    """Return each leaf as a Dual whose directions are basis vectors start to stop; leaves outside are constants."""
    at = 0
    for x, shape in zip(call.leaves, call.shapes, strict=True):
        seed = basis(x, shape, at, start, stop)
        yield fresh(x) if seed is None else Dual(fresh(x), seed, level)
        at += math.prod(shape)


def _passes(call: Call, chunk_size: int | None, has_aux: bool) -> tuple[list[Array], list[Array], Structure, Any]:
    """Return values and Jacobians (output shape + (n,)) of every output leaf for the flat basis of all input leaves."""
    columns: list[list[Array]] = []
    for start, stop in chunks(directions(call), _chunk_size(call, chunk_size)):
        level = fresh_level()
        result = call.run(_seeds(call, start, stop, level))
        values, tangents, structure, aux = outputs(call.f, result, level, has_aux)
        call.check_points(values)
        blocks = [_block(v, t, stop - start) for v, t in zip(values, tangents, strict=True)]
        columns.append(blocks)
    jacobians = [np.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0] for parts in zip(*columns, strict=True)]
    return values, jacobians, structure, aux


def _single_passes(call: Call, has_aux: bool) -> tuple[list[Array], list[list[Array]], Structure, Any]:
    """Return values and, for each input number, the derivatives of all outputs: one pass each, no axis of directions."""
    columns = []
    for i, x in enumerate(call.leaves):
        level = fresh_level()
        one = settled(np.ones((), x.dtype)[()], x)
        seeded = (Dual(fresh(p), one, level) if j == i else fresh(p) for j, p in enumerate(call.leaves))
        values, tangents, structure, aux = outputs(call.f, call.run(seeded), level, has_aux)
        columns.append([zero_tangent(v) if t is None else t for v, t in zip(values, tangents, strict=True)])
    return values, columns, structure, aux


def _block(value: Array, t: Array | None, k: int) -> Array:
    """Return the tangents of k directions with the directions last."""
    return np.repeat(zero_tangent(value)[..., None], k, axis=-1) if t is None else np.moveaxis(t, 0, -1)


def split_columns(jacobian: Array, shapes: Sequence[Shape]) -> Iterator[Array]:
    """Return the Jacobian with respect to each input leaf: output shape + input shape."""
    at, lead = 0, np.shape(jacobian)[:-1]
    for s in shapes:
        size = math.prod(s)
        yield np.reshape(jacobian[..., at : at + size], lead + s)[()]
        at += size


# Transforms. -------------------------------------------------------------------------------------------------


def _returned(value: Any, derivative: Any, aux: Any, with_value: bool, has_aux: bool) -> Any:
    """Return what the four combinations of value and aux ask for, as JAX does."""
    if with_value:
        return ((value, aux), derivative) if has_aux else (value, derivative)
    return (derivative, aux) if has_aux else derivative


Solver = Callable[[Call], tuple[Any, Any, Any]]
Short = Callable[[tuple[Any, ...]], tuple[Any, Any] | None]
"""The short way for a compiled function: value and derivative for its arguments, or None where they ask for the general way."""


def transform(
    name: str, f: Function, argnums: Any, has_aux: bool, with_value: bool, solve: Solver, batch: int = 0, short: Short | None = None
) -> Function:
    """Return the function that calls solve on each call of it, after short if there is one."""
    if not callable(f):
        raise TypeError(f"{name}: f must be a function, got {type(f).__name__}; write {name}(f)(x)")

    @functools.wraps(f)
    def transformed(*args: Any, **kwargs: Any) -> Any:
        found = short(args) if short is not None and not kwargs else None
        if found is not None:
            return found if with_value else found[1]
        call = Call(name, f, argnums, args, kwargs, batch)
        value, derivative, aux = solve(call)
        return _returned(value, derivative, aux, with_value, has_aux)

    return transformed


def _jacobian(
    name: str,
    f: Function,
    argnums: Any,
    has_aux: bool,
    chunk_size: int | None,
    holomorphic: bool,
    with_value: bool,
    batch: int,
    strategy: Strategy,
) -> Function:
    chosen = structure.checked_strategy(name, strategy, chunk_size)

    def solve(call: Call) -> tuple[Any, Any, Any]:
        check_holomorphic(name, call.leaves, holomorphic)
        limit = structure.most_slots(call) if strategy == "auto" else None
        found = structure.attempt(call, chosen, structure.LEAST_JACOBIAN, lambda: structure.jacobian(call, has_aux, limit))
        values, jacobians, outer, aux = found or _passes(call, chunk_size, has_aux)
        trees = (call.like_inputs(split_columns(j, call.shapes)) for j in jacobians)
        return outer.unflatten(iter(values)), outer.unflatten(trees), aux

    ways = None if has_aux or chunk_size is not None or holomorphic or batch or strategy == "structured" else short_ways(f)
    short = None if ways is None else lambda args: ways.jacobian(f, args, argnums)
    return transform(name, f, argnums, has_aux, with_value, solve, batch, short)


def check_holomorphic(name: str, leaves: Sequence[Array], holomorphic: bool) -> None:
    complex_leaves = [x.dtype for x in leaves if x.dtype.kind == "c"]
    if complex_leaves and not holomorphic:
        raise TypeError(
            f"{name}: an input has dtype {complex_leaves[0]}; a complex function has a complex derivative only if it is "
            "holomorphic: pass holomorphic=True, or differentiate with respect to real and imaginary part"
        )
    if holomorphic and len(complex_leaves) != len(leaves):
        raise TypeError(f"{name}: holomorphic=True needs complex inputs, got {[str(x.dtype) for x in leaves]}")


def jacobian(
    f: Function,
    *,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    chunk_size: int | None = None,
    holomorphic: bool = False,
    batch: int = 0,
    strategy: Strategy = "auto",
) -> Function:
    """
    Return the function that evaluates the Jacobian of f.

    Parameters
    ----------
    f : callable
        A function of arrays, or of nested tuples, lists, dicts and named tuples of arrays, that returns the like.
    argnums : int or tuple of int
        The positional arguments to differentiate with respect to.
    has_aux : bool
        f returns `(output, aux)`; the result is then `(jacobian, aux)`.
    chunk_size : int, optional
        How many directions one pass of f carries; chosen from the size of the inputs when left out.
    holomorphic : bool
        Inputs are complex and f is holomorphic; the Jacobian is ∂f/∂z.
    batch : int
        How many leading axes of each input, and of each output, count points that are independent of each other, as
        the loop dimensions of a ufunc do. Each direction then moves all points at once.
    strategy : {"auto", "dense", "structured"}
        "dense" carries blocks of directions through f. "structured" runs f once with structured tangents, whose slots are the entries
        that can be other than zero; where f sums, rows are pulled back. "auto" tries structure from 192 input numbers on, unless a
        chunk_size is given, and carries directions where there is a slot for each four inputs, or sums and not many inputs for
        each output.

    Returns
    -------
    callable
        With the arguments of f. For an output of shape S and an input of shape T the result has shape S + T:
        entry [i, j] is ∂fᵢ/∂xⱼ; the axes of points are not repeated, so that T is the shape at one point. For
        structured outputs and inputs, the structure of the output with the structure of the input in each place; a
        tuple for several argnums.

    Raises
    ------
    TypeError
        If an input or output is not numeric, an input is complex without `holomorphic`, or strategy is "structured" and an input is
        complex, carries a tangent, or has axes of points.
    ValueError
        If argnums, chunk_size or strategy do not fit, or an input or output does not have the axes of points.

    Notes
    -----
    Rows are outputs and columns inputs, the numerator layout of Parr & Howard, section 4.1. Each pass carries a
    block of columns of the identity through f. Whether an output at one point depends on another point cannot be seen
    from shapes; where it does, its derivatives by all points are added up.

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> dm.jacobian(lambda x: np.array([3 * x[0] ** 2 * x[1], 2 * x[0] + x[1] ** 8], like=x))(np.array([1.0, 2.0]))
    array([[  12.,    3.],
           [   2., 1024.]])

    """
    return _jacobian("jacobian", f, argnums, has_aux, chunk_size, holomorphic, False, batch, strategy)


def value_and_jacobian(
    f: Function,
    *,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    chunk_size: int | None = None,
    holomorphic: bool = False,
    batch: int = 0,
    strategy: Strategy = "auto",
) -> Function:
    """
    Return the function that evaluates f and its Jacobian in the same passes.

    Parameters
    ----------
    f, argnums, has_aux, chunk_size, holomorphic, batch, strategy
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
    The value is the primal of the last pass, so it costs nothing extra (Parr & Howard, section 4.1, for the layout).

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> value, J = dm.value_and_jacobian(np.square)(np.array([1.0, 3.0]))
    >>> J
    array([[2., 0.],
           [0., 6.]])

    """
    return _jacobian("value_and_jacobian", f, argnums, has_aux, chunk_size, holomorphic, True, batch, strategy)


def check_real(call: Call) -> None:
    """Raise if an input is complex."""
    for x in () if call.is_plain else call.leaves:
        if x.dtype.kind == "c":
            raise TypeError(f"{call.name}: an input has dtype {x.dtype}; differentiate with respect to its real and imaginary part")


def check_one_number(call: Call, values: Sequence[Array], outer: Structure, cure: str) -> None:
    """Raise unless f returned one real number, for each point if there are several."""
    if outer.kind is not None or values[0].shape != call.points or values[0].dtype.kind == "c":
        got = "a " + outer.kind.__name__ if outer.kind is not None else f"shape {values[0].shape}, dtype {values[0].dtype}"
        wanted = f"one real number for each of the points, of shape {call.points}" if call.points else "one real number"
        raise TypeError(f"{call.name}: {function_name(call.f)} must return {wanted}, got {got}; use {cure} for anything else")


def _gradient(
    name: str, f: Function, argnums: Any, has_aux: bool, chunk_size: int | None, with_value: bool, batch: int, strategy: Strategy
) -> Function:
    chosen = structure.checked_strategy(name, strategy, chunk_size)
    replays: dict[Any, Replay] = {}

    def solve(call: Call) -> tuple[Any, Any, Any]:
        check_real(call)
        run = lambda: structure.gradient(call, has_aux, shared(replays, call, Replay))
        found = structure.attempt(call, chosen, structure.LEAST_GRADIENT, run)
        if found is not None:
            return found.values[0], call.like_inputs(iter(found.derivatives)), found.aux
        values, jacobians, outer, aux = _passes(call, chunk_size, has_aux)
        check_one_number(call, values, outer, "dm.jacobian")
        return values[0], call.like_inputs(split_columns(jacobians[0], call.shapes)), aux

    ways = None if has_aux or chunk_size is not None or batch or strategy == "structured" else short_ways(f)
    short = None if ways is None else lambda args: ways.gradient(f, args, argnums)
    return transform(name, f, argnums, has_aux, with_value, solve, batch, short)


def gradient(
    f: Function,
    *,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    chunk_size: int | None = None,
    batch: int = 0,
    strategy: Strategy = "auto",
) -> Function:
    """
    Return the function that evaluates the gradient of a scalar function.

    Parameters
    ----------
    f : callable
        Returns one real number; with `batch`, one for each point.
    argnums, has_aux, chunk_size, batch
        As for `jacobian`.
    strategy : {"auto", "dense", "structured"}
        "dense" carries blocks of directions through f, in memory that does not grow with the work that f does. "structured" runs f
        once and walks back over the operations that it did, in work and memory of a few runs of f, whatever the number of inputs.
        "auto" does so from 48 input numbers on, unless a chunk_size is given.

    Returns
    -------
    callable
        With the arguments of f; the gradient has the structure, shapes and dtypes of the differentiated arguments.

    Raises
    ------
    TypeError
        If f does not return one real number, or an input is not real.
    ValueError
        If argnums, chunk_size or strategy do not fit.

    Notes
    -----
    ∇f = [∂f/∂x₁, ..., ∂f/∂xₙ] (Parr & Howard, section 3).

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> dm.gradient(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    array([ 3., 12.])

    """
    return _gradient("gradient", f, argnums, has_aux, chunk_size, False, batch, strategy)


def value_and_gradient(
    f: Function,
    *,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    chunk_size: int | None = None,
    batch: int = 0,
    strategy: Strategy = "auto",
) -> Function:
    """
    Return the function that evaluates a scalar function and its gradient in the same passes.

    Parameters
    ----------
    f, argnums, has_aux, chunk_size, batch, strategy
        As for `gradient`.

    Returns
    -------
    callable
        With the arguments of f; returns `(value, gradient)`, or `((value, aux), gradient)` with `has_aux`.

    Raises
    ------
    TypeError, ValueError
        As `gradient`.

    Notes
    -----
    The value is the primal of the last pass (Parr & Howard, section 3, for the gradient).

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> value, g = dm.value_and_gradient(lambda x: x @ x)(np.array([1.0, 2.0]))
    >>> float(value), g
    (5.0, array([2., 4.]))

    """
    return _gradient("value_and_gradient", f, argnums, has_aux, chunk_size, True, batch, strategy)


def _derivative(name: str, f: Function, argnums: Any, has_aux: bool, holomorphic: bool, with_value: bool) -> Function:
    def solve(call: Call) -> tuple[Any, Any, Any]:
        check_holomorphic(name, call.leaves, holomorphic)
        if not call.leaves:
            raise TypeError(f"{name}: the input must be one number, got an empty container")
        for x in call.leaves:
            if x.shape != ():
                raise TypeError(f"{name}: the input must be one number, got shape {x.shape}; use dm.jacobian or dm.gradient")
        values, columns, outer, aux = _single_passes(call, has_aux)
        trees = (call.like_inputs(iter(by_input)) for by_input in zip(*columns, strict=True))
        return outer.unflatten(iter(values)), outer.unflatten(trees), aux

    ways = None if has_aux or holomorphic else short_ways(f)
    short = None if ways is None else lambda args: ways.derivative(f, args, argnums)
    return transform(name, f, argnums, has_aux, with_value, solve, short=short)


def derivative(f: Function, *, argnums: int | Sequence[int] = 0, has_aux: bool = False, holomorphic: bool = False) -> Function:
    """
    Return the function that evaluates the derivative of a function of one number.

    Parameters
    ----------
    f : callable
        Takes a number; returns a number, an array, or tuples, lists and dicts of them.
    argnums, has_aux, holomorphic
        As for `jacobian`.

    Returns
    -------
    callable
        With the arguments of f; the derivative has the structure and shapes of f's result.

    Raises
    ------
    TypeError
        If the input is not one number, or is complex without `holomorphic`.
    ValueError
        If argnums do not fit.

    Notes
    -----
    df/dx for f: ℝ → ℝ, and the column ∂f/∂x for f: ℝ → ℝᵐ (Parr & Howard, sections 2 and 4.3).

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> dm.derivative(dm.derivative(lambda x: x**4))(2.0)
    np.float64(48.0)

    """
    return _derivative("derivative", f, argnums, has_aux, holomorphic, with_value=False)


def value_and_derivative(f: Function, *, argnums: int | Sequence[int] = 0, has_aux: bool = False, holomorphic: bool = False) -> Function:
    """
    Return the function that evaluates a function of one number and its derivative in one pass.

    Parameters
    ----------
    f, argnums, has_aux, holomorphic
        As for `derivative`.

    Returns
    -------
    callable
        With the arguments of f; returns `(value, derivative)`, or `((value, aux), derivative)` with `has_aux`.

    Raises
    ------
    TypeError, ValueError
        As `derivative`.

    Notes
    -----
    f(x + ε) = f(x) + f'(x)·ε with ε² = 0 (Parr & Howard, section 2, for the rules that f'(x) follows).

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> dm.value_and_derivative(np.square)(3.0)
    (np.float64(9.0), np.float64(6.0))

    """
    return _derivative("value_and_derivative", f, argnums, has_aux, holomorphic, with_value=True)
