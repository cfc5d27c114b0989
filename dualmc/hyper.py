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

from . import large, propagate
from ._typing import Array
from .partial import MINUS_ONE, ONE, ZERO, Const
from .propagate import Pair, join, linear, shape_of
from .rules.rule import Elementwise, Multilinear, Weighted
from .tangents import dense
from .tangents.hyper import Block, HyperTangent, merged, pairing_of, settle
from .tangents.hyper import linear as mapped
from .tangents.pairing import OUTER, Pairing
from .tangents.products import Pair as Factors
from .tangents.products import Products

__all__ = ["elementwise", "join", "linear", "multilinear", "weighted"]

LEAST_PRODUCT = 1 << 15
"""Numbers of a block from which products of first-order blocks are kept as such (bench/bench_second.py)."""

DIRECTIONS_PER_PAIR = 2
"""Directions of either side for each pair of factors; fewer, and the block takes less work than the pairs."""

_RAW = frozenset({ndarray, np.float64, np.float32})
Blocks = list[tuple[int, Array]]
"""One of the three blocks of each argument that has it, with the number of the argument."""
Terms = list[tuple[int, Array, Any]]
"""The same with a partial beside it."""


# Element-wise functions. -------------------------------------------------------------------------------------


def elementwise(rule: Elementwise, primals: Sequence[Array], tangents: Sequence[HyperTangent | None]) -> Pair | None:
    """Apply the formula above entry by entry: all Jacobians and second derivatives are diagonal."""
    if not rule.dd or (rule.on_complex == "modulus" and np.result_type(*primals).kind == "c"):
        return None
    return propagate.evaluated(rule, primals, tangents, _combined)


def _combined(rule: Elementwise, ans: Array, primals: Sequence[Array], tangents: Sequence[HyperTangent | None]) -> HyperTangent | None:
    moving = [(i, t) for i, t in enumerate(tangents) if t is not None and rule.d[i] is not ZERO]
    if not moving:
        return None
    partials = _Partials(rule, ans, propagate.arguments(ans, primals))
    short = None if rule.select or type(ans) not in _RAW else _short(ans, primals, moving, partials)
    return _general(rule, ans, primals, moving, partials) if short is None else short


class _Partials:
    """The partials of a function at one point, each evaluated when it is first asked for."""

    __slots__ = ("_args", "_known", "_rule", "_size")

    def __init__(self, rule: Elementwise, ans: Array, args: Sequence[Array]) -> None:
        self._rule, self._args, self._size, self._known = rule, (ans, *args), len(args), dict[int, Any]()

    def first(self, i: int) -> Any:
        """Return ∂ans/∂argᵢ."""
        return self._evaluated(-1 - i, self._rule.d[i])

    def second(self, i: int, j: int) -> Any:
        """Return ∂²ans/∂argᵢ∂argⱼ."""
        i, j = min(i, j), max(i, j)
        return self._evaluated(self._size * i + j, self._rule.second(i, j))

    def _evaluated(self, k: int, partial: Any) -> Any:
        if not callable(partial):
            return partial
        if k not in self._known:
            self._known[k] = partial(*self._args)
        return self._known[k]


def _crosses(first: Blocks, second: Blocks, partials: _Partials, summed: Callable[[Terms], Block]) -> list[tuple[Any, ...]]:
    """
    Return (i, u, j, w), blocks whose cross products make up the second sum of the formula; no i or j for a sum of several.

    The partials go to the small blocks of first order, all those that meet the same block of the other side at once:
    u·Σⱼ ddᵢⱼ·wⱼ, so that there are as few products as one side has blocks.
    """
    few, many = (first, second) if len(first) <= len(second) else (second, first)
    found: list[tuple[Any, ...]] = []
    for i, u in few:
        met = [(j, t, partials.second(i, j)) for j, t in many]
        met = [term for term in met if term[2] is not ZERO]
        if met:
            found.append((i, u, None, summed(met)) if few is first else (None, summed(met), i, u))
    return found


# The short way: raw blocks of the shape and dtype of the result, and no infinity that could meet a zero. It agrees with
# the general way by a test; bench/bench_second.py shows what it saves.


def _short(ans: Array, primals: Sequence[Array], moving: Sequence[tuple[int, HyperTangent]], partials: _Partials) -> HyperTangent | None:
    shape, dtype = ans.shape, ans.dtype
    first: Blocks = []
    second: Blocks = []
    slopes: list[Any] = []
    terms1: list[tuple[Array, Any]] = []
    terms2: list[tuple[Array, Any]] = []
    terms: list[tuple[Any, Any]] = []
    block: Any
    e12: Any
    same = True
    for i, t in moving:
        a, b, c = t.e1, t.e2, t.second
        if primals[i].shape != shape:
            return None
        for block in (a, b, c):
            if block is not None and type(block) is not Products and (type(block) not in _RAW or block.dtype != dtype):
                return None
        g = partials.first(i)
        slopes.append(g)
        if a is not None:
            first.append((i, a))
            terms1.append((a, g))
        if b is not None:
            second.append((i, b))
            terms2.append((b, g))
        if c is not None:
            terms.append((c, g))
        same = same and b is a
    pairing = moving[0][1].pairing if len(moving) == 1 else pairing_of([t for _, t in moving])
    e1 = added(terms1) if first else None
    e2 = e1 if same else added(terms2) if second else None
    pairs = _crosses(first, second, partials, _sum)
    crosses = [(u, w) for _, u, _, w in pairs]
    e12 = None
    if terms or crosses:
        kept = _kept(terms, crosses) if pairing is OUTER else None
        e12 = combined(pairing, terms, crosses) if kept is None else Products(kept[0], kept[1] + _owned(crosses, first, second))
    # Where all blocks are there, the small ones of first order have met every partial, and show any that is infinite.
    checked = [e1] if same else [e1, e2]
    if len(first) < len(moving) or len(second) < len(moving):
        checked.append(e12)
    else:
        checked += [u if i is None else w for i, u, _, w in pairs]
    if crosses or not all(map(_is_number, slopes)):
        for block in checked:
            if block is not None and not all(map(dense.is_finite, _arrays(block))):
                return None
    tangent = HyperTangent(e1, e2, e12, pairing)
    settled = ans.ndim < 2 and all(t is None or all(b.dtype is dtype for b in _arrays(t)) for t in (e1, e2, e12))
    return tangent if settled else settle(tangent, ans)


def _is_number(g: Any) -> bool:
    """Whether a partial is one finite number."""
    return isinstance(g, Const) or (type(g) in (float, int) and g - g == 0)


def _arrays(block: Any) -> Sequence[Array]:
    """Return the arrays that a block, perhaps of products, is made of."""
    return block.arrays() if type(block) is Products else (block,)


def _kept(terms: list[tuple[Any, Any]], crosses: Sequence[Factors]) -> tuple[Array | None, list[Factors]] | None:
    """
    Return the block and the pairs of Σ t·g, if they and further pairs are to be kept as products: few beside the directions.

    Otherwise, products among the terms are multiplied.
    """
    lazy = [(t, g) for t, g in terms if type(t) is Products]
    if lazy or crosses:
        u, w = lazy[0][0].pairs[0] if lazy else crosses[0]
        pairs = len(crosses) + sum(len(t.pairs) for t, _ in lazy)
        if len(u) * w.size >= LEAST_PRODUCT and DIRECTIONS_PER_PAIR * pairs <= min(len(u), len(w)):
            blocks = [(t.block, g) if type(t) is Products else (t, g) for t, g in terms]
            blocks = [(t, g) for t, g in blocks if t is not None]
            return added(blocks) if blocks else None, [pair for t, g in lazy for pair in t.scaled(g)]
    if lazy:
        terms[:] = [(t.dense() if type(t) is Products else t, g) for t, g in terms]
    return None


def _owned(crosses: Sequence[Factors], first: Blocks, second: Blocks) -> list[Factors]:
    """Return pairs that nothing writes to, as may happen to blocks of first order."""
    held = {id(t) for _, t in (*first, *second)}
    return [(u.copy() if id(u) in held else u, w.copy() if id(w) in held else w) for u, w in crosses]


def _sum(terms: Terms) -> Array:
    _, t, g = terms[0]
    return t if g is ONE and len(terms) == 1 else added([(t, g) for _, t, g in terms])


def added(terms: Sequence[tuple[Array, Any]]) -> Array:
    """Return Σ t·g of raw arrays in memory of its own."""
    t, g = terms[0]
    total = t.copy() if g is ONE else -t if g is MINUS_ONE else t * g
    for t, g in terms[1:]:
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
    total = large.combined(pairing.name, terms, crosses)
    if total is not None:
        return total
    u, w = crosses[0]
    total = pairing.cross(u, w)
    for u, w in crosses[1:]:
        total += pairing.cross(u, w)
    for t, g in terms:
        total = _add(total, t, g)
    return total


# The general way: blocks that broadcast, of any dtype, with strong zeros; blocks that are duals themselves. ---


def _general(
    rule: Elementwise, ans: Array, primals: Sequence[Array], moving: Sequence[tuple[int, HyperTangent]], partials: _Partials
) -> HyperTangent:
    held = [(i, t.blocks) for i, t in moving]
    first, second, both = ([(i, b[k]) for i, b in held if b[k] is not None] for k in range(3))
    pairing = pairing_of([t for _, t in moving])
    shape, dtype = shape_of(ans), ans.dtype
    shapes = [shape_of(p) for p in primals]

    def summed(terms: Terms) -> Block:
        return propagate.weighted_sum([(t, g, shapes[i]) for i, t, g in terms], shape, dtype, select=rule.select)

    def slope(blocks: Blocks) -> Block:
        return summed([(i, t, partials.first(i)) for i, t in blocks])

    def spread(i: int | None, t: Array) -> Array:
        return t if i is None else dense.aligned(t, shapes[i], shape)

    e1, e12 = slope(first), slope(both)
    for i, u, j, w in _crosses(first, second, partials, summed):
        product = dense.scale(strong_cross(pairing, spread(i, u), spread(j, w)), ONE, shape, shape, dtype)
        e12 = product if e12 is None else dense.add(e12, product, owned=True)
    e2 = e1 if all(b[1] is b[0] for _, b in held) else slope(second)
    return settle(HyperTangent(e1, e2, e12, pairing), ans)


def strong_cross(pairing: Pairing, u: Array, w: Array) -> Array:
    """Return the second-order block of products of paired directions, 0 where either factor is."""
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
