"""Jacobian-vector products: jvp and linearize."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._typing import Array, Function, Tree
from .arrays.creation import carries
from .arrays.dual import Dual
from .boundary import entering, fresh_level, outputs, settled, short_ways, zero_tangent
from .recording import Kind, record
from .trees import Structure, flatten


def as_tangent(t: Any, p: Array, where: str, of: str) -> Array:
    """Return t as the tangent of p, or raise and say what does not match."""
    if not carries(t):
        t = entering(t, where)
    if t.shape != p.shape:
        raise ValueError(f"{where} must have the shape of {of}, {p.shape}; got {t.shape}")
    if t.dtype.kind == "c" and p.dtype.kind == "f":
        raise TypeError(f"{where} must be real like {of} ({p.dtype}); got {t.dtype}")
    t = t if t.dtype == p.dtype else t.astype(p.dtype)
    return settled(t, p)


def primal_leaves(name: str, primals: Any) -> tuple[list[Array], Structure, list[str]]:
    """Return the leaves of a sequence of arguments, its structure and what each leaf is called, or raise and name what does not fit."""
    _check_sequence(name, "primals", primals)
    leaves, structure = flatten(tuple(primals))
    names = list(structure.paths("primals"))
    return [entering(p, f"{name}: {n}") for p, n in zip(leaves, names, strict=True)], structure, names


def direction_leaves(name: str, option: str, given: Any, structure: Structure) -> list[Any]:
    """Return the leaves of directions, which have the structure of the primals."""
    _check_sequence(name, option, given)
    n = len(structure.children)
    if len(given) != n:
        raise ValueError(f"{name}: {option} must have one entry for each of the {n} primals; got {len(given)}")
    return structure.leaves_of(tuple(given), f"{name}: {option}", "primals")


def _check_sequence(name: str, option: str, given: Any) -> None:
    if not isinstance(given, (tuple, list)):
        raise TypeError(f"{name}: {option} must be a tuple with one entry for each argument of f; got {type(given).__name__}")


def jvp(f: Function, primals: Sequence[Tree], tangents: Sequence[Tree], *, has_aux: bool = False) -> Any:
    """
    Evaluate f and its Jacobian-vector product in one forward pass.

    Parameters
    ----------
    f : callable
        A function of arrays, or of nested tuples, lists, dicts and named tuples of arrays, that returns the like.
    primals : tuple or list
        The positional arguments of f. Integers become float64.
    tangents : tuple or list
        One direction for each argument: the same structure and shapes, real where the primal is real.
    has_aux : bool
        f returns `(output, aux)`; aux is passed on without derivative.

    Returns
    -------
    value, tangent
        f(*primals) and its derivative along the tangents, both with the structure of f's result; and aux with
        `has_aux`.

    Raises
    ------
    TypeError
        If primals or tangents are not sequences of numbers in the same structure, a tangent of a real primal is
        complex, or f returns something that is not a number or array.
    ValueError
        If the number of tangents, or a shape, does not match.

    Notes
    -----
    For y = f(x) the result is ẏ = (∂y/∂x)·ẋ, the chain rule multiplied "from x to y" (Parr & Howard, section 4.5).

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> value, tangent = dm.jvp(lambda x: np.sin(x) * x, (np.array([0.0, 1.0]),), (np.array([1.0, 1.0]),))
    >>> tangent
    array([0.        , 1.38177329])

    """
    ways = None if has_aux else short_ways(f)
    found = None if ways is None else ways.jvp(f, primals, tangents)
    if found is not None:
        return found
    ps, structure, names = primal_leaves("jvp", primals)
    ts = direction_leaves("jvp", "tangents", tangents, structure)
    checked = [as_tangent(t, p, f"jvp: {n.replace('primals', 'tangents', 1)}", n) for t, p, n in zip(ts, ps, names, strict=True)]
    level = fresh_level()
    result = f(*structure.unflatten(Dual(p, t, level) for p, t in zip(ps, checked, strict=True)))
    values, out, outer, aux = outputs(f, result, level, has_aux)
    filled = [zero_tangent(v) if t is None else t for v, t in zip(values, out, strict=True)]
    pair = outer.unflatten(iter(values)), outer.unflatten(iter(filled))
    return (*pair, aux) if has_aux else pair


def linearize(f: Function, *primals: Tree) -> tuple[Tree, Callable[..., Tree]]:
    """
    Return the value of f and its derivative as a linear function of tangents.

    Parameters
    ----------
    f : callable
        As for `jvp`.
    *primals
        The arguments of f.

    Returns
    -------
    value
        f(*primals).
    jvp_fn : callable
        `jvp_fn(*tangents)` is the derivative along one direction, given as one tangent for each argument.

    Raises
    ------
    TypeError, ValueError
        As `jvp`.

    Notes
    -----
    f(x + ẋ) = f(x) + (∂f/∂x)·ẋ + O(ẋ²) (Parr & Howard, section 4.1). f runs once; jvp_fn replays the linear operations
    that were recorded, so it costs less than f where f has branches, masks or transcendental functions.

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> value, jvp_fn = dm.linearize(lambda x: x**2, np.array([1.0, 3.0]))
    >>> jvp_fn(np.array([1.0, 0.0])), jvp_fn(np.array([0.0, 1.0]))
    (array([2., 0.]), array([0., 6.]))

    """
    leaves, structure, names = primal_leaves("linearize", primals)
    likes = [np.zeros_like(x) for x in leaves]
    values, outer, _, tape = record(f, lambda it: f(*structure.unflatten(it)), leaves, has_aux=False)
    kinds = [Kind.of(v) for v in values]

    def jvp_fn(*tangents: Tree) -> Tree:
        parts = direction_leaves("linearize", "tangents", tangents, structure)
        labels = [f"linearize: {n.replace('primals', 'tangents', 1)}" for n in names]
        ts = [as_tangent(t, p, label, n) for t, p, label, n in zip(parts, likes, labels, names, strict=True)]
        out = tape.push(ts)
        return outer.unflatten(k.zero() if t is None else t for t, k in zip(out, kinds, strict=True))

    return outer.unflatten(iter(values)), jvp_fn
