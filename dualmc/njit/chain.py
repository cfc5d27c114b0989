"""The chain rule in generated code: partials from the rule table meet the derivatives that numbers carry."""

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba.core import types
from numba.core.errors import TypingError

from ..partial import MINUS_ONE, ONE, ZERO
from ..rules.rule import Elementwise
from .emit import Emitted, built, called, parts, power
from .types import Carrier


def elementwise(rule: Elementwise, function: Any, operands: Sequence[Any]) -> Emitted:
    """
    Emit an element-wise function of numbers, some with derivatives; Python numbers among them are literals of the program.

    The value is that of the function as the program calls it, in its own precision, or of what stands in its place (fused.py),
    which is right to 2 ulp. With several sets of directions the second order is Σ dᵢ·e12ᵢ + Σ ddᵢⱼ·e1ᵢ⊗e2ⱼ.
    """
    sizes = next(x.type.sizes for x in operands if _carries(x))
    operands = [x.among(math.prod(sizes)) if isinstance(x, Emitted) else x for x in operands]
    values = [plain(x) for x in operands]
    whole = rule.func is np.power and isinstance(values[1], int)
    ans = power(*values) if whole else called(function, *values, ufunc=rule.func)
    t = Carrier(ans.type, sizes)
    moved = [x.cast(t) if _carries(x) else None for x in operands]
    split = [None if x is None else parts(x) for x in moved]
    args = [p[0] if p is not None else _argument(x, t) for p, x in zip(split, operands, strict=True)]
    slopes = [_partial(d, ans, args) if p is not None else None for d, p in zip(rule.d, split, strict=True)]
    blocks = [None if p is None else p[1] for p in split]
    care = "selection" if rule.select else "zeros" if any(callable(d) for d in rule.d) else ""
    linear = [_sum(slopes, [None if b is None else b[i] for b in blocks], care) for i in range(len(list(t.blocks())))]
    if len(t.sizes) == 2:
        linear[2] = _added(linear[2], _curved(rule, ans, args, blocks))
    return built(ans, t, linear)


def _carries(x: Any) -> bool:
    return isinstance(x, Emitted) and isinstance(x.type, Carrier)


def plain(x: Any) -> Any:
    """Return the value of a number, without its derivatives."""
    return parts(x)[0] if _carries(x) else x


def _argument(x: Any, t: Carrier) -> Any:
    """Return a constant as a formula gets it: literals and integers as they are."""
    if not isinstance(x, Emitted) or isinstance(x.type, types.Integer):
        return x
    return x.cast(t.base)


def _partial(d: Any, ans: Emitted, args: Sequence[Any]) -> Any:
    return _number(d(ans, *args), ans) if callable(d) else d


def _number(g: Any, ans: Emitted) -> Emitted:
    """Return what a formula gave as a number of the type of the result."""
    return g.cast(ans.type) if isinstance(g, Emitted) else ans.constant(float(g), ans.type)


def _times(g: Any, block: Any, care: str) -> Any:
    """Return g·block, None for zero."""
    if g is ZERO or g is None or block is None:
        return None
    if g is ONE:
        return block
    return block.negated() if g is MINUS_ONE else block.times(g, care)


def _added(a: Any, b: Any) -> Any:
    if a is None or b is None:
        return b if a is None else a
    return a.plus(b)


def _sum(slopes: Sequence[Any], blocks: Sequence[Any], care: str) -> Any:
    """Return Σ slope·block."""
    total: Any = None
    for g, block in zip(slopes, blocks, strict=True):
        subtracted = g is MINUS_ONE and total is not None and block is not None
        total = total.minus(block) if subtracted else _added(total, _times(g, block, care))
    return total


def _curved(rule: Elementwise, ans: Emitted, args: Sequence[Any], blocks: Sequence[Any]) -> Any:
    """Return Σⱼ (Σᵢ ddᵢⱼ·e1ᵢ)⊗e2ⱼ."""
    n, care = len(args), "zeros" if any(callable(d) for d in rule.dd) else ""
    if not rule.dd:
        raise TypingError(f"np.{rule.func.__name__} has no second derivatives in the rule table (dd=), which compiled code needs")
    pairs = iter(rule.dd)
    second = {(i, j): next(pairs) for i in range(n) for j in range(i, n)}
    active = [i for i in range(n) if blocks[i] is not None]
    values = {k: _partial(second[k], ans, args) for k in second if k[0] in active and k[1] in active}
    total: Any = None
    for j in active:
        u = _sum([values[min(i, j), max(i, j)] for i in active], [blocks[i][0] for i in active], care)
        total = total if u is None else _added(total, u.outer(blocks[j][1], care))
    return total


OPERATORS = {
    operator.add: np.add,
    operator.sub: np.subtract,
    operator.mul: np.multiply,
    operator.truediv: np.divide,
    operator.floordiv: np.floor_divide,
    operator.mod: np.remainder,
    operator.pow: np.power,
    operator.iadd: np.add,
    operator.isub: np.subtract,
    operator.imul: np.multiply,
    operator.itruediv: np.divide,
    operator.ifloordiv: np.floor_divide,
    operator.imod: np.remainder,
    operator.ipow: np.power,
    operator.neg: np.negative,
    operator.pos: np.positive,
    abs: np.absolute,
}
"""Which ufunc each operator of Python is."""
