"""
The chain rule: where local partials meet tangents. One function per rule kind; any tangent space.

Parr & Howard, section 4.5: for y = f(g(x)) the Jacobians multiply, ∂y/∂x = ∂f/∂g · ∂g/∂x. A tangent is the right
factor applied to a direction; each function here multiplies one more local Jacobian on the left of it. A tangent of
None is a structural zero.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from . import large
from ._typing import Array, Shape, Tangent
from .errors import lost
from .linear_op import LinearOp
from .partial import ONE, ZERO
from .rules.rule import Elementwise, Implicit, Join, Linear, Multilinear, Weighted
from .tangents import dense, space_of

Pair = tuple[Array, Tangent | None]


def shape_of(x: Array) -> Shape:
    return getattr(x, "shape", ())


def elementwise(rule: Elementwise, primals: Sequence[Array], tangents: Sequence[Tangent | None]) -> Pair:
    """Σᵢ diag(∂ans/∂argᵢ)·tᵢ: each Jacobian is diagonal (section 4.2), broadcasting included (section 4.3)."""
    pair = large.elementwise(rule, primals, tangents)
    return evaluated(rule, primals, tangents, _combined) if pair is None else pair


Combine = Callable[[Elementwise, Array, Sequence[Array], Sequence[Tangent | None]], Tangent | None]


def evaluated(rule: Elementwise, primals: Sequence[Array], tangents: Sequence[Tangent | None], combine: Combine) -> Pair:
    """Return the value of an element-wise function, and its tangent as `combine(rule, ans, primals, tangents)` finds it."""
    ans = value(rule, primals)
    if rule.quiet is False or not (rule.quiet is True or rule.quiet(*primals)):
        return ans, combine(rule, ans, primals, tangents)
    with np.errstate(all="ignore"):
        return ans, combine(rule, ans, primals, tangents)


def value(rule: Elementwise, primals: Sequence[Array]) -> Array:
    """Return the value of an element-wise function, or raise where it has no derivative."""
    ans = rule.func(*primals)
    if rule.on_complex == "refused" and ans.dtype.kind == "c":
        raise TypeError(f"np.{rule.func.__name__} has no derivative rule for complex values; write it out, as x / abs(x)")
    return ans


def arguments(ans: Array, primals: Sequence[Array]) -> list[Array]:
    """Return the arguments for partials: a Python zero would raise ZeroDivisionError in one where NumPy answers inf."""
    dtype = ans.dtype
    return [dtype.type(p) if type(p) in (int, float) and not p and dtype.kind == "f" else p for p in primals]


def _combined(rule: Elementwise, ans: Array, primals: Sequence[Array], tangents: Sequence[Tangent | None]) -> Tangent | None:
    args = arguments(ans, primals)
    space = space_of(next((t for t in tangents if t is not None), None))
    if space.KEEPS:
        return space.elementwise(rule, ans, args, primals, tangents)
    terms: list[Term] = []
    for d, t, x in zip(rule.d, tangents, primals, strict=True):
        if t is None or d is ZERO:
            continue
        g: Any = d(ans, *args) if callable(d) else d
        terms.append((t, g, shape_of(x)))
    total = weighted_sum(terms, shape_of(ans), ans.dtype, select=rule.select)
    return None if total is None else space_of(total).settle(total, ans)


Term = tuple[Tangent, Any, Shape]


def weighted_sum(terms: Sequence[Term], shape: Shape, dtype: Any, *, select: bool) -> Tangent | None:
    """Return Σ diag(g)·t over terms (t, g, shape_in), in memory of its own: y = x + 1 must not share x's tangent."""
    total: Tangent | None = None
    shared = False
    for t, g, shape_in in terms:
        space = space_of(t)
        new = space.scale(t, g, shape_in, shape, dtype, select=select)
        if total is None:
            total, shared = new, g is ONE
        else:
            total, shared = space.add(total, new, owned=not shared), False
    return space_of(total).copy(total) if shared else total


def private(args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Sequence[Any], dict[str, Any]]:
    """Return arguments with copies of the arrays among them, which a map would hold on to: indices, masks."""
    if args and np.ndarray in map(type, args):
        args = [np.copy(a) if type(a) is np.ndarray else a for a in args]
    if kwargs and np.ndarray in map(type, kwargs.values()):
        kwargs = {k: np.copy(a) if type(a) is np.ndarray else a for k, a in kwargs.items()}
    return args, kwargs


def private_key(key: Any, t: Tangent) -> Any:
    """Return an index, with copies of the arrays in it if the space of t would hold on to them."""
    if not space_of(t).KEEPS:
        return key
    return tuple(private(key, {})[0]) if type(key) is tuple else private((key,), {})[0][0]


def writing(t: Tangent, *, public: bool = False) -> None:
    """Tell the space of t that the array of t is about to be written to, or with public that the user may from now on."""
    space = space_of(t)
    if space.KEEPS:
        space.release(t, public=public)


def checked(func: Any, ans: Array) -> None:
    """An integer or boolean result cannot carry a tangent."""
    if ans.dtype.kind not in "fc":
        raise lost(f"np.{func.__name__} with a result of dtype {ans.dtype}")


def shares_memory(a: Array, b: Array) -> bool:
    """Whether a view of b gave a; both may be nested duals."""
    while type(a) is not np.ndarray and hasattr(a, "_primal"):
        a = a._primal
    while type(b) is not np.ndarray and hasattr(b, "_primal"):
        b = b._primal
    return type(a) is np.ndarray and type(b) is np.ndarray and np.may_share_memory(a, b)


def linear_op(op: LinearOp, x: Array, ans: Array, t: Tangent) -> Tangent:
    """op(t), as a view or as a copy as the primals are."""
    space = space_of(t)
    new = space.linear(op, t)
    if op.view:
        return new if shares_memory(ans, x) else space.settle(space.copy(new), ans)
    return space.settle(new, ans)


def linear(rule: Linear, x: Array, t: Tangent, args: Sequence[Any], kwargs: dict[str, Any]) -> Pair:
    """A linear function is its own Jacobian: the tangent goes through the same map."""
    pair = large.reduction(rule, x, t, args, kwargs)
    if pair is not None:
        return pair
    op = known(rule, x, args, kwargs)
    if op is not None:
        ans = op.apply(x)
        return ans, linear_op(op, x, ans, t)
    if space_of(t).KEEPS:
        args, kwargs = private(args, kwargs)
    ans = rule.func(x, *args, **kwargs)
    op = rule.op(shape_of(x), *args, **kwargs)
    checked(rule.func, ans)
    if rule.same is not None:
        _note(rule, rule.same, x, args, kwargs, op)
    return ans, linear_op(op, x, ans, t)


# Maps that stand for their function, by rule, shape and arguments with their types: NumPy has taken these before.

_known: dict[Any, LinearOp] = {}
_MOST = 4096
_ATOMS = frozenset({int, bool, type(None)})
"""Types of arguments that say all in their value; 1 and True are equal keys, and so are (1,) and (1.0,)."""


def known(rule: Linear, x: Array, args: Sequence[Any], kwargs: dict[str, Any]) -> LinearOp | None:
    """Return a map that gives the value of this call, too, if NumPy has done the like before (bench/bench_structured.py: np.roll)."""
    if rule.same is None or type(x) is not np.ndarray:
        return None
    try:
        return _known.get(_key(rule, x.shape, args, kwargs))
    except TypeError:  # an argument that is no key
        return None


def _key(rule: Linear, shape: Shape, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    if kwargs:
        return (rule, shape, *args, *map(type, args), *kwargs.items(), *map(type, kwargs.values()))
    return (rule, shape, *args, *map(type, args))


def _note(rule: Linear, same: tuple[str, ...], x: Array, args: Sequence[Any], kwargs: dict[str, Any], op: LinearOp) -> None:
    """Remember the map of a call that NumPy has taken, where it gives what the function gives; of a 0-d array that may be a number."""
    plain = _ATOMS.issuperset(map(type, (*args, *kwargs.values())))
    if plain and len(args) <= len(same) and kwargs.keys() <= set(same) and type(x) is np.ndarray and x.ndim and len(_known) < _MOST:
        _known[_key(rule, x.shape, args, kwargs)] = op


def multilinear(
    rule: Multilinear,
    primals: Sequence[Array],
    tangents: Sequence[Tangent | None],
    rebuild: Callable[[Sequence[Any]], tuple[Any, ...]],
    kwargs: dict[str, Any],
) -> Pair:
    """The product rule: Σᵢ f(x₁, ..., tᵢ, ..., xₙ)."""
    pair = None if kwargs else large.inner(rule, primals, tangents)
    if pair is not None:
        return pair
    args = rebuild(primals)
    ans = rule.func(*args, **kwargs)
    space = space_of(next((t for t in tangents if t is not None), None))
    if len(primals) == 1:  # of one operand it is linear, and may be a view of it
        return ans, linear_op(rule.bind(0, primals, args, kwargs), primals[0], ans, tangents[0])
    if space.KEEPS:  # without the operands among the arguments: which of them are kept is for the space to say
        bind = partial(rule.bind, args=rebuild((None,) * len(primals)), kwargs=kwargs)
        return ans, space.bound(bind, primals, tangents, ans)
    total: Tangent | None = None
    for i, t in enumerate(tangents):
        if t is None:
            continue
        new = along(rule, i, primals, args, kwargs, t)
        total = new if total is None else space.add(total, new, owned=True)
    return ans, None if total is None else space_of(total).settle(total, ans)


def along(rule: Multilinear, i: int, operands: Sequence[Array], args: Sequence[Any], kwargs: dict[str, Any], t: Tangent) -> Tangent:
    """Return f(x₁, ..., t, ..., xₙ) with t in the place of operand i."""
    bind = partial(rule.bind, args=args, kwargs=kwargs)
    space, op = space_of(t), bind(i, operands)
    return dense.bound(op, t, bind, i, operands) if space is dense else space.linear(op, t)


def weighted(rule: Weighted, x: Array, t: Tangent, args: Sequence[Any], kwargs: dict[str, Any]) -> Pair:
    """Weights that come from primals, then a linear map."""
    pair = large.reduction(rule, x, t, args, kwargs)
    if pair is not None:
        return pair
    space = space_of(t)
    if space.KEEPS:
        args, kwargs = private(args, kwargs)
        found: Pair = space.weighted(partial(_of_first, rule.terms, args, kwargs), x, t, rule.select)
        return found
    ans, weights, op = rule.terms(x, *args, **kwargs)
    new = space.linear(op, t) if weights is None else space.weigh(t, weights, op, ans.dtype, select=rule.select)
    return ans, space.settle(new, ans)


def _of_first(f: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], x: Array) -> Any:
    return f(x, *args, **kwargs)


def join(rule: Join, parts: Sequence[Array], tangents: Sequence[Tangent | None], args: Sequence[Any], kwargs: dict[str, Any]) -> Pair:
    """Parts side by side: the Jacobian is the stack of theirs (section 4.1)."""
    ans = rule.func(list(parts), *args, **kwargs)
    checked(rule.func, ans)
    ops = rule.ops([shape_of(p) for p in parts], *args, **kwargs)
    some = next(t for t in tangents if t is not None)
    return ans, space_of(some).settle(space_of(some).join(ops, tangents, shape_of(ans), ans.dtype), ans)


def solution(rule: Implicit, primals: Sequence[Array], keeps: bool, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """
    Return the results of an implicit function and their maps, which hold on to primals and results.

    A space that keeps the maps gets those of copies, and results that cannot be written to: the user gets copies of them.
    """
    if not keeps:
        return rule.solution(*primals, *args, **kwargs)
    ans, ops = rule.solution(*map(np.copy, primals), *args, **kwargs)
    for y in ans if isinstance(ans, tuple) else (ans,):
        if type(y) is np.ndarray:
            y.flags.writeable = False
    return ans, ops


def implicit(ans: Array, op: LinearOp | None, t: Tangent) -> Tangent | None:
    """-(∂F/∂ans)⁻¹ applied to Ḟ, the tangent of the equation at fixed ans."""
    if op is None:
        return None
    space = space_of(t)
    new = space.linear(op, t)
    return space.settle(space.opaque(new) if space.KEEPS else new, ans)


def broadcasted(t: Tangent, shape_in: Shape, shape: Shape, dtype: Any) -> Tangent:
    """Return t as the tangent of its primal broadcast to shape, with the given dtype."""
    return space_of(t).scale(t, ONE, shape_in, shape, dtype)
