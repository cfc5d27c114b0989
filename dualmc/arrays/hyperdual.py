"""HyperDual: a primal with blocks of first and second derivatives, and how it unfolds into nested Duals."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, final

import numpy as np

from .. import hyper
from .._typing import Array
from ..linear_op import lead_of
from ..rules.rule import Weighted
from ..tangents import dense
from ..tangents.hyper import Block, HyperTangent, pairing_of, settle
from ..tangents.pairing import OUTER, PAIRED, Pairing
from .creation import as_array
from .dual import WAYS, Carrier, Dual

_BY_HAND = 2  # above the level of Duals made by hand, so that the two nest; the level below is free for unfolding


@final
class HyperDual(Carrier):
    """
    An array that carries first derivatives along two sets of directions, and second derivatives along their pairs.

    Parameters
    ----------
    primal : array_like
        The value, of any shape S, real or complex; integers become float64.
    e1, e2 : array_like, optional
        Its derivatives along K1 and K2 directions, of shape (K1, *S) and (K2, *S), or along one direction each, of shape
        S. None, the default, is zero. With the same array for both the first-order work is done once.
    e12 : array_like, optional
        Its second derivatives along all pairs of directions, of shape (K1, K2, *S); of shape S for one direction each.
    level : int, optional
        Which transform the tangents belong to; left out for HyperDuals made by hand, which share one level.

    Attributes
    ----------
    primal, e1, e2, e12, level
        As given. Any of them may be a Dual or HyperDual of a lower level: that is how derivatives nest.

    Raises
    ------
    ValueError
        If a block does not have the shape that the others ask for.
    TypeError
        If primal or blocks are not numbers, or a block of a real primal is complex.

    Notes
    -----
    f(x + e1·ε₁ + e2·ε₂ + e12·ε₁ε₂) = f(x) + f'(x)·e1·ε₁ + f'(x)·e2·ε₂ + (f'(x)·e12 + f''(x)·e1·e2)·ε₁ε₂ with
    ε₁² = ε₂² = 0 (Fike & Alonso, "The Development of Hyper-Dual Numbers for Exact Second-Derivative Calculations", 2011).

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> x = dm.HyperDual(2.0, 1.0, 1.0)
    >>> x**3
    HyperDual(primal=np.float64(8.0), e1=np.float64(12.0), e2=np.float64(12.0), e12=np.float64(12.0))

    """

    __slots__ = ()
    chain: ClassVar[Any] = hyper

    def __init__(self, primal: Array, e1: Array = None, e2: Array = None, e12: Array = None, level: int | None = None) -> None:
        self._primal, self.tangent = _checked_blocks(primal, e1, e2, e12)
        self.level = _BY_HAND if level is None else level

    @classmethod
    def of(cls, primal: Array, tangent: HyperTangent, level: int) -> "HyperDual":
        """Return the HyperDual of parts that fit together."""
        x = cls.__new__(cls)
        x._primal, x.tangent, x.level = primal, tangent, level
        return x

    @property
    def e1(self) -> Array | None:
        """First derivatives along the first directions, or None for zero."""
        return self.tangent.e1

    @property
    def e2(self) -> Array | None:
        """First derivatives along the second directions, or None for zero."""
        return self.tangent.e2

    @property
    def e12(self) -> Array | None:
        """Second derivatives along pairs of directions, or None for zero."""
        return self.tangent.e12

    def __repr__(self) -> str:
        """Show the primal and all blocks."""
        return self._shown(primal=self._primal, e1=self.e1, e2=self.e2, e12=self.e12)

    def __reduce__(self) -> tuple[Any, ...]:
        return HyperDual.of, (self._primal, self.tangent, self.level)

    def _like(self, primal: Array, tangent: HyperTangent) -> "HyperDual":
        return HyperDual.of(primal, tangent, self.level)

    def _parts(self) -> tuple[Array, ...]:
        return (self._primal, *(b for b in self.tangent.blocks if b is not None))


def _checked_blocks(primal: Any, e1: Any, e2: Any, e12: Any) -> tuple[Array, HyperTangent]:
    """Return primal and blocks as floating arrays that fit together, or raise and name the one that does not."""
    p = _floating(primal)
    first = None if e1 is None else _floating(e1)
    second, both = first if e2 is e1 else None if e2 is None else _floating(e2), None if e12 is None else _floating(e12)
    single = all(b is None or b.ndim == p.ndim for b in (first, second, both))
    for name, block, count in (("e1", first, 1), ("e2", second, 1), ("e12", both, 2)):
        if block is None:
            continue
        if block.ndim != p.ndim + (0 if single else count) or lead_of(block, p.ndim) + p.shape != block.shape:
            wanted = ", ".join(["K", "K1, K2"][count - 1 : count] if not single else [])
            raise ValueError(f"HyperDual: {name} must have shape ({wanted}, *{p.shape}), got {block.shape}")
        if block.dtype.kind == "c" and p.dtype.kind == "f":
            raise TypeError(f"HyperDual: {name} of a real primal must be real, got dtype {block.dtype}")
    if both is not None and not single:
        for name, block, k in (("e1", first, both.shape[0]), ("e2", second, both.shape[1])):
            if block is not None and block.shape[0] != k:
                raise ValueError(f"HyperDual: {name} has {block.shape[0]} directions, but e12 {k}")
    empty = first is None and second is None and both is None
    return p, settle(HyperTangent(first, second, both, PAIRED if single and not empty else OUTER), p)


def _floating(x: Any) -> Array:
    a = as_array(x)
    return a if a.dtype.kind in "fc" else a.astype(np.float64)


# Weights that depend on their argument. -----------------------------------------------------------------------


def by_slopes(x: HyperDual, rule: Weighted, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """
    Do a function y = op(w(x)·x) of weights that depend on x: a Dual of the level below gives their slopes along e1.

    Then ∂²y/∂a∂b = op(w·∂²x/∂a∂b + ∂w/∂a·∂x/∂b), whatever the pairing. A map that holds x itself has slopes that do not
    show; that is left to nested Duals.
    """
    e1, e2, e12 = x.tangent.blocks
    pairing, below = x.tangent.pairing, x.level - 1
    ans, weights, op = rule.terms(x._primal if e1 is None else Dual(x._primal, e1, below), *args, **kwargs)
    if op.bound or rule.select or weights is None:
        return by_nesting(x, rule, [x, *args], kwargs)
    (value, first), (w, slope) = _split(ans, below), _split(weights, below)

    def weighed(block: Block) -> Block:
        return None if block is None else dense.weigh(block, w, op, value.dtype)

    both = weighed(e12)
    if slope is not None and e2 is not None:
        product = op(hyper.strong_cross(pairing, slope, e2))
        both = product if both is None else both + product
    return x._like(value, settle(HyperTangent(first, first if e2 is e1 else weighed(e2), both, pairing), value))


# Unfolding: what nested Duals know how to do. ----------------------------------------------------------------
#
# HyperDual(p, e1, e2, e12) of level L is Dual(Dual(p, e1), Dual(e2, e12)) with levels L - 1 inside and L outside: the
# tangent that level L - 1 adds to e2, of shape (K2, *S), has its directions in front, (K1, K2, *S), as e12 has. Nothing
# is copied. Other pairings are taken apart into hyper-duals of one pair of directions each.


def by_nesting(top: HyperDual, rule: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Do an operation with nested Duals in the place of the HyperDuals of top's level."""
    held = list(_held([args, kwargs], top.level))
    pairing = pairing_of([x.tangent for x in held])
    same = all(x.e2 is x.e1 for x in held)
    first = next((lead_of(b, x.ndim) for x in held for b in (x.e1, x.e2) if b is not None), None)
    count = pairing.count(first, next((lead_of(x.e12, x.ndim) for x in held if x.e12 is not None), None))
    lanes = range(1) if count is None else range(count)
    results = []
    for k in lanes:
        taken, named = _replaced([list(args), kwargs], top.level, pairing, None if count is None else k)
        results.append(WAYS[type(rule)](rule, taken, dict(named)))
    return _folded(results, top, pairing, same, count)


def _held(x: Any, level: int) -> Iterator[HyperDual]:
    """Return the HyperDuals of a level among arguments."""
    if isinstance(x, HyperDual) and x.level == level:
        yield x
    elif isinstance(x, (list, tuple)):
        for part in x:
            yield from _held(part, level)
    elif isinstance(x, dict):
        yield from _held(list(x.values()), level)


def _replaced(x: Any, level: int, pairing: Pairing, k: int | None) -> Any:
    """Return arguments with nested Duals in the place of HyperDuals; the k-th ones unless that is None."""
    if isinstance(x, HyperDual) and x.level == level:
        blocks = x.tangent.blocks if k is None else pairing.lane(k, *x.tangent.blocks)
        return _unfolded(x._primal, blocks, level, 1 if k is None and pairing is OUTER else 0)
    if type(x) in (list, tuple):
        return type(x)(_replaced(part, level, pairing, k) for part in x)
    return {name: _replaced(part, level, pairing, k) for name, part in x.items()} if isinstance(x, dict) else x


def _unfolded(p: Array, blocks: Sequence[Block], level: int, axes: int) -> Array:
    """Return the nested Dual of blocks; e1 has so many axes of directions."""
    e1, e2, e12 = blocks
    if e12 is not None:
        e2 = Dual(np.zeros(e12.shape[axes:], e12.dtype) if e2 is None else e2, e12, level - 1)
    inner = p if e1 is None else Dual(p, e1, level - 1)
    return inner if e2 is None else Dual(inner, e2, level)


def _split(x: Any, level: int) -> tuple[Array, Array | None]:
    return (x._primal, x.tangent) if type(x) is Dual and x.level == level else (x, None)


def _folded(results: Sequence[Any], top: HyperDual, pairing: Pairing, same: bool, count: int | None) -> Any:
    """Return the HyperDual that nested Duals, one or one for each lane, stand for; several results one by one."""
    if isinstance(results[0], (tuple, list)):
        parts = [_folded(list(lane), top, pairing, same, count) for lane in zip(*results, strict=True)]
        kind = type(results[0])
        return kind(*parts) if hasattr(kind, "_fields") else kind(parts)
    lanes = []
    for y in results:
        inner, second = _split(y, top.level)
        primal, e1 = _split(inner, top.level - 1)
        lanes.append((primal, e1, *_split(second, top.level - 1)))
    ans = lanes[0][0]
    blocks = [[lane[i] for lane in lanes] for i in (1, 2, 3)]
    if all(b is None for part in blocks for b in part):
        return ans
    if count is None:
        e1, e2, e12 = (part[0] for part in blocks)
    else:
        e1, e2 = (_stacked(part, np.stack) for part in blocks[:2])
        e12 = _stacked(blocks[2], pairing.gathered)
    return HyperDual.of(ans, settle(HyperTangent(e1, e1 if same else e2, e12, pairing), ans), top.level)


def _stacked(parts: Sequence[Array | None], gather: Any) -> Array | None:
    some = next((p for p in parts if p is not None), None)
    return None if some is None else gather([np.zeros(some.shape, some.dtype) if p is None else p for p in parts])
