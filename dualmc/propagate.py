"""
The chain rule: where local partials meet tangents. One function per rule kind; any tangent space.

Parr & Howard, section 4.5: for y = f(g(x)) the Jacobians multiply, ∂y/∂x = ∂f/∂g · ∂g/∂x. A tangent is the right
factor applied to a direction; each function here multiplies one more local Jacobian on the left of it. A tangent of
None is a structural zero.
"""

from collections.abc import Callable, Sequence
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


def _shape(x: Array) -> Shape:
    return getattr(x, "shape", ())


def elementwise(rule: Elementwise, primals: Sequence[Array], tangents: Sequence[Tangent | None]) -> Pair:
    """Σᵢ diag(∂ans/∂argᵢ)·tᵢ: each Jacobian is diagonal (section 4.2), broadcasting included (section 4.3)."""
    pair = large.elementwise(rule, primals, tangents)
    if pair is not None:
        return pair
    ans = value(rule, primals)
    if rule.quiet is False or not (rule.quiet is True or rule.quiet(*primals)):
        return ans, _combined(rule, ans, primals, tangents)
    with np.errstate(all="ignore"):
        return ans, _combined(rule, ans, primals, tangents)


def value(rule: Elementwise, primals: Sequence[Array]) -> Array:
    """Return the value of a function that has a derivative there."""
    ans = rule.func(*primals)
    if rule.on_complex == "refused" and ans.dtype.kind == "c":
        raise TypeError(f"np.{rule.func.__name__} has no derivative rule for complex values; write it out, as x / abs(x)")
    return ans


def safe_arguments(args: Sequence[Any], dtype: Any) -> list[Any]:
    """Return args for partials; a Python zero would raise ZeroDivisionError where NumPy answers inf."""
    return [dtype.type(p) if type(p) in (int, float) and not p and dtype.kind == "f" else p for p in args]


def _combined(rule: Elementwise, ans: Array, primals: Sequence[Array], tangents: Sequence[Tangent | None]) -> Tangent | None:
    shape, dtype = _shape(ans), ans.dtype
    args = safe_arguments(primals, dtype)
    total: Tangent | None = None
    shared = False
    for d, t, x in zip(rule.d, tangents, primals, strict=True):
        if t is None or d is ZERO:
            continue
        space = space_of(t)
        g: Any = d(ans, *args) if callable(d) else d
        if space.KEEPS and (g is ans or any(g is p for p in primals)):
            g = np.copy(g)  # the user may overwrite that array before the space uses it
        new = space.scale(t, g, _shape(x), shape, dtype, select=rule.select)
        if total is None:
            total, shared = new, g is ONE
        else:
            total, shared = space.add(total, new, owned=not shared), False
    if total is None:
        return None
    space = space_of(total)
    return space.settle(space.copy(total) if shared else total, ans)  # y = x + 1 must not share x's tangent


def checked(func: Any, ans: Array) -> None:
    """An integer or boolean result cannot carry a tangent."""
    if ans.dtype.kind not in "fc":
        raise lost(f"np.{func.__name__} with a result of dtype {ans.dtype}")


def shares_memory(a: Array, b: Array) -> bool:
    """Whether a view of b gave a; both may be nested duals."""
    while type(a) is not np.ndarray and hasattr(a, "primal"):
        a = a.primal
    while type(b) is not np.ndarray and hasattr(b, "primal"):
        b = b.primal
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
    ans = rule.func(x, *args, **kwargs)
    op = rule.op(_shape(x), *args, **kwargs)
    checked(rule.func, ans)
    return ans, linear_op(op, x, ans, t)


def multilinear(
    rule: Multilinear,
    primals: Sequence[Array],
    tangents: Sequence[Tangent | None],
    rebuild: Callable[[Sequence[Any]], tuple[Any, ...]],
    kwargs: dict[str, Any],
) -> Pair:
    """The product rule: Σᵢ f(x₁, ..., tᵢ, ..., xₙ)."""
    args = rebuild(primals)
    ans = rule.func(*args, **kwargs)
    total: Tangent | None = None
    for i, t in enumerate(tangents):
        if t is None:
            continue
        space = space_of(t)
        operands = [np.copy(p) if space.KEEPS and j != i else p for j, p in enumerate(primals)]
        new = space.linear(rule.bind(i, operands, args, kwargs), t)
        if space is dense and dense.has_nan(new):
            new = strong_product(rule, i, operands, args, kwargs, t, new)
        total = new if total is None else space.add(total, new, owned=True)
    return ans, None if total is None else space_of(total).settle(total, ans)


def strong_product(
    rule: Multilinear, i: int, operands: Sequence[Array], args: Sequence[Any], kwargs: dict[str, Any], t: Array, new: Array
) -> Array:
    """Return `new` with 0·inf = 0: finite entries of the other operands, unless a non-zero tangent meets the rest."""
    finite = [p if j == i else np.where(np.isfinite(p), p, 0) for j, p in enumerate(operands)]
    marked = [p if j == i else 1.0 * ~np.isfinite(p) for j, p in enumerate(operands)]
    met = rule.bind(i, marked, args, kwargs)(1.0 * ~dense.vanishing(t))
    return np.where(met > 0, new, rule.bind(i, finite, args, kwargs)(t))


def weighted(rule: Weighted, x: Array, t: Tangent, args: Sequence[Any], kwargs: dict[str, Any]) -> Pair:
    """Weights that come from primals, then a linear map."""
    pair = large.reduction(rule, x, t, args, kwargs)
    if pair is not None:
        return pair
    space = space_of(t)
    ans, weights, op = rule.terms(np.copy(x) if space.KEEPS else x, *args, **kwargs)
    if space.KEEPS:
        ans = np.copy(ans)  # the user may overwrite the result before the space uses the weights
    new = space.linear(op, t) if weights is None else space.weigh(t, weights, op, ans.dtype, select=rule.select)
    return ans, space.settle(new, ans)


def join(rule: Join, parts: Sequence[Array], tangents: Sequence[Tangent | None], args: Sequence[Any], kwargs: dict[str, Any]) -> Pair:
    """Parts side by side: the Jacobian is the stack of theirs (section 4.1)."""
    ans = rule.func(list(parts), *args, **kwargs)
    checked(rule.func, ans)
    ops = rule.ops([_shape(p) for p in parts], *args, **kwargs)
    some = next(t for t in tangents if t is not None)
    return ans, space_of(some).settle(space_of(some).join(ops, tangents, _shape(ans), ans.dtype), ans)


def solution(rule: Implicit, primals: Sequence[Array], keeps: bool, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """Return the results of an implicit function and their maps, which hold on to primals and results."""
    if not keeps:
        return rule.solution(*primals, *args, **kwargs)
    ans, ops = rule.solution(*map(np.copy, primals), *args, **kwargs)
    return (type(ans)(*map(np.copy, ans)) if isinstance(ans, tuple) else np.copy(ans)), ops


def implicit(ans: Array, op: LinearOp | None, t: Tangent) -> Tangent | None:
    """-(∂F/∂ans)⁻¹ applied to Ḟ, the tangent of the equation at fixed ans."""
    return None if op is None else space_of(t).settle(space_of(t).linear(op, t), ans)


def broadcasted(t: Tangent, shape_in: Shape, shape: Shape, dtype: Any) -> Tangent:
    """Return t as the tangent of its primal broadcast to shape, with the given dtype."""
    return space_of(t).scale(t, ONE, shape_in, shape, dtype)
