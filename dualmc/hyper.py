"""
The chain rule to second order: where local partials of first and second order meet the blocks of a HyperDual.

For y = f(x₁, ..., xₙ) and directions a and b, ∂y/∂a = Σᵢ dᵢ·∂xᵢ/∂a, ∂y/∂b alike, and

    ∂²y/∂a∂b = Σᵢ dᵢ·∂²xᵢ/∂a∂b + Σᵢⱼ ddᵢⱼ·∂xᵢ/∂a·∂xⱼ/∂b

with the first and second partials dᵢ and ddᵢⱼ of f (Fike & Alonso, "The Development of Hyper-Dual Numbers", 2011). One
function per rule kind, as in propagate.py; None instead of a result says that nested Duals have to find it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from . import propagate
from ._typing import Array
from .partial import MINUS_ONE, ONE, ZERO, Const
from .propagate import Pair, join, linear, shape_of
from .rules.rule import Elementwise, Multilinear, Weighted
from .tangents import dense
from .tangents.hyper import Block, HyperTangent, merged, pairing_of, settle
from .tangents.hyper import linear as mapped
from .tangents.pairing import Pairing

__all__ = ["elementwise", "join", "linear", "multilinear", "weighted"]

_RAW = frozenset({ndarray, np.float64, np.float32})
Blocks = dict[int, Array]
"""One of the three blocks of each argument that has it."""
Partials = dict[Any, Any]


# Element-wise functions. -------------------------------------------------------------------------------------


def elementwise(rule: Elementwise, primals: Sequence[Array], tangents: Sequence[HyperTangent | None]) -> Pair | None:
    """Apply the formula above entry by entry: all Jacobians and second derivatives are diagonal."""
    if not rule.dd or (rule.on_complex == "modulus" and np.result_type(*primals).kind == "c"):
        return None
    return propagate.evaluated(rule, primals, tangents, _combined)


def _combined(rule: Elementwise, ans: Array, primals: Sequence[Array], tangents: Sequence[HyperTangent | None]) -> HyperTangent | None:
    held = {i: t.blocks for i, t in enumerate(tangents) if t is not None and rule.d[i] is not ZERO}
    if not held:
        return None
    pairing = pairing_of(tangents)
    first, second, both = ({i: b[k] for i, b in held.items() if b[k] is not None} for k in range(3))
    same = all(b[1] is b[0] for b in held.values())
    args = propagate.arguments(ans, primals)
    d: Partials = {i: _evaluated(rule.d[i], ans, args) for i in {**first, **second, **both}}
    dd: Partials = {}
    for k, partial in enumerate(rule.dd):
        i, j = _place(k, len(args))
        if partial is not ZERO and ((i in first and j in second) or (j in first and i in second)):
            dd[i, j] = dd[j, i] = _evaluated(partial, ans, args)
    way = _short if not rule.select and _is_plain(ans, [primals[i] for i in d], (first, second, both), d, dd) else _general
    return way(rule, ans, primals, pairing, (first, second, both), same, d, dd)


def _evaluated(partial: Any, ans: Array, args: Sequence[Array]) -> Any:
    return partial(ans, *args) if callable(partial) else partial


def _place(k: int, n: int) -> tuple[int, int]:
    """Return row and column of entry k of the upper triangle of an n x n matrix."""
    i = 0
    while k >= n - i:
        k -= n - i
        i += 1
    return i, i + k


def _sides(first: Blocks, second: Blocks, dd: Partials, summed: Callable[[list[tuple[int, Array, Any]]], Block]) -> list[tuple[Any, ...]]:
    """
    Return pairs (i, uᵢ, j, wⱼ) of blocks whose cross products make up the second sum of the formula.

    The partials go to the small blocks of first order, all those that meet the same block of the other side at once:
    u·Σⱼ ddᵢⱼ·wⱼ, so that there are as few products as one side has blocks.
    """
    if len(first) <= len(second):
        rows = ((i, u, summed([(j, w, dd[i, j]) for j, w in second.items() if (i, j) in dd])) for i, u in first.items())
        return [(i, u, None, w) for i, u, w in rows if w is not None]
    columns = ((j, summed([(i, u, dd[i, j]) for i, u in first.items() if (i, j) in dd]), w) for j, w in second.items())
    return [(None, u, j, w) for j, u, w in columns if u is not None]


def _is_plain(ans: Array, moving: Sequence[Array], blocks: Sequence[Blocks], d: Partials, dd: Partials) -> bool:
    """Whether blocks are raw arrays of the result's shape and dtype, and nothing infinite could meet a zero."""
    shape, dtype = ans.shape, ans.dtype
    if any(p.shape != shape for p in moving):
        return False
    for part in blocks:
        for t in part.values():
            if type(t) not in _RAW or t.dtype != dtype:
                return False
    return (
        type(ans) in _RAW
        and all(_is_finite(g) for g in (*d.values(), *dd.values()))
        and all(_is_finite(t) for part in blocks[:2] for t in part.values())
    )


def _is_finite(t: Any) -> bool:
    """Whether all entries are finite raw numbers; also False where their squares overflow, which costs time alone."""
    if type(t) is ndarray and t.dtype.kind in "fc":
        flat = t if t.ndim == 1 else t.ravel("K")
        s = flat.dot(flat)
        return bool(s - s == 0)
    return isinstance(t, Const) or (isinstance(t, (float, int, np.floating)) and bool(t - t == 0))


def _short(
    rule: Elementwise, ans: Array, primals: Any, pairing: Pairing, blocks: Sequence[Blocks], same: bool, d: Partials, dd: Partials
) -> HyperTangent:
    """Take the short way of raw arrays; it agrees with the general one by a test."""
    first, second, both = blocks

    def summed(terms: Sequence[tuple[int, Array, Any]]) -> Block:
        return added([(t, g) for _, t, g in terms]) if terms else None

    def slope(part: Blocks) -> Block:
        return dense.settle(added([(t, d[i]) for i, t in part.items()]), ans) if part else None

    e1 = slope(first)
    crosses = [(u, w) for _, u, _, w in _sides(first, second, dd, summed)]
    terms = [(t, d[i]) for i, t in both.items()]
    e12 = dense.settle(combined(pairing, terms, crosses), ans) if terms or crosses else None
    return HyperTangent(e1, e1 if same else slope(second), e12, pairing)


def added(terms: Sequence[tuple[Array, Any]]) -> Array:
    """Return Σ t·g of raw arrays in memory of its own."""
    (t, g), *rest = terms
    total = t.copy() if g is ONE else -t if g is MINUS_ONE else t * g
    for t, g in rest:
        total = _add(total, t, g)
    return total


def _add(total: Array, t: Array, g: Any) -> Array:
    """Return total + t·g in the memory of total."""
    if g is MINUS_ONE:
        total -= t
    else:
        total += t if g is ONE else t * g
    return total


def combined(pairing: Pairing, terms: Sequence[tuple[Array, Any]], crosses: Sequence[tuple[Array, Array]]) -> Array:
    """Return Σ t·g + Σ cross(u, w) of raw arrays in memory of its own: the second-order block of a result."""
    if not crosses:
        return added(terms)
    (u, w), *rest = crosses
    total = pairing.cross(u, w)
    for u, w in rest:
        total += pairing.cross(u, w)
    for t, g in terms:
        total = _add(total, t, g)
    return total


def _general(
    rule: Elementwise, ans: Array, primals: Any, pairing: Pairing, blocks: Sequence[Blocks], same: bool, d: Partials, dd: Partials
) -> HyperTangent:
    """Take the general way: blocks that broadcast, of any dtype, with strong zeros; components that are duals themselves."""
    first, second, both = blocks
    shape, dtype = shape_of(ans), ans.dtype
    shapes = [shape_of(p) for p in primals]

    def summed(terms: Sequence[tuple[int, Array, Any]]) -> Block:
        return propagate.weighted_sum([(t, g, shapes[i]) for i, t, g in terms], shape, dtype, select=rule.select)

    def slope(part: Blocks) -> Block:
        return summed([(i, t, d[i]) for i, t in part.items()])

    def spread(i: int | None, t: Array) -> Array:
        return t if i is None else dense.aligned(t, shapes[i], shape)

    e1, e12 = slope(first), slope(both)
    for i, u, j, w in _sides(first, second, dd, summed):
        product = dense.scale(_strong_cross(pairing, spread(i, u), spread(j, w)), ONE, shape, shape, dtype)
        e12 = product if e12 is None else dense.add(e12, product, owned=True)
    return settle(HyperTangent(e1, e1 if same else slope(second), e12, pairing), ans)


def _strong_cross(pairing: Pairing, u: Array, w: Array) -> Array:
    """Return the products of paired directions, 0 where either factor is."""
    u, w = pairing.aligned(u, w)
    product = u * w
    if dense.has_nan(product):
        product = np.where(dense.vanishing(u) | dense.vanishing(w), 0, product)
    return pairing.reduced(product)


# Other kinds. ------------------------------------------------------------------------------------------------


def weighted(rule: Weighted, x: Array, t: HyperTangent, args: Sequence[Any], kwargs: dict[str, Any]) -> Pair | None:
    """Without weights the map is a choice that primals make; with them it depends on x."""
    ans, weights, op = rule.terms(x, *args, **kwargs)
    return None if op.bound or weights is not None else (ans, settle(mapped(op, t), ans))


def multilinear(
    rule: Multilinear,
    primals: Sequence[Array],
    tangents: Sequence[HyperTangent | None],
    rebuild: Callable[[Sequence[Any]], tuple[Any, ...]],
    kwargs: dict[str, Any],
) -> Pair:
    """Leibniz' rule: Σᵢ f(..., ∂²xᵢ, ...) + Σᵢⱼ f(..., ∂xᵢ/∂a, ..., ∂xⱼ/∂b, ...) over i ≠ j."""
    args = rebuild(primals)
    ans = rule.func(*args, **kwargs)
    pairing = pairing_of(tangents)

    def along(blocks: Sequence[Block]) -> Block:
        return _total([propagate.along(rule, i, primals, args, kwargs, b) for i, b in enumerate(blocks) if b is not None])

    def product(i: int, j: int, u: Array, w: Array) -> Array:
        def fixed(direction: Array) -> Callable[[Array], Array]:
            operands = [direction if k == i else p for k, p in enumerate(primals)]
            return lambda b: propagate.along(rule, j, operands, args, kwargs, b)

        return pairing.bilinear(fixed, u, w, len(shape_of(primals[i])))

    t = merged(tangents, along)
    held = {i: t.blocks for i, t in enumerate(tangents) if t is not None}
    same = all(b[1] is b[0] for b in held.values())
    crosses = []
    for i, (u, _, _) in held.items():
        for j, (_, w, _) in held.items():
            if i != j and u is not None and w is not None and not (same and j < i):
                crosses.append(product(i, j, u, w))
                if same:
                    crosses.append(pairing.mirrored(crosses[-1]))
    e12 = _total([*crosses, *(b for b in [t.e12] if b is not None)])
    return ans, settle(HyperTangent(t.e1, t.e2, e12, t.pairing), ans)


def _total(blocks: Sequence[Array]) -> Block:
    """Return the sum of blocks; None if there are none."""
    total = None
    for block in blocks:
        total = block if total is None else total + block
    return total
