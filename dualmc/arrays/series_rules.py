"""How each rule kind acts on series: element-wise functions by lazy nodes, linear maps on all coefficients at once."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from .. import propagate
from .._typing import Array
from ..errors import lost
from ..linear_op import LinearOp
from ..partial import ONE, ZERO, Const
from ..rules.rule import Composed, Constant, Elementwise, Implicit, Join, Linear, Multilinear, Refused, Weighted
from ..rules.selection import base
from ..tangents import dense
from .creation import as_array, as_arrays, base_of, carries
from .dual import WAYS as DUAL_WAYS
from .dual import Dual
from .lazy import PRIMITIVE, Graph, Lazy, Rows, Unlazy, trace
from .operations import constant, operand, refused
from .series import WAYS, Series, Way


def _split(args: Sequence[Any]) -> tuple[int, int, list[Any], list[Array | None]]:
    """Return level and order, values at t = 0 and coefficients at the highest level; whatever is lower is constant there."""
    level = max(a.level for a in args if type(a) is Series)
    order = min(a.order for a in args if type(a) is Series and a.level == level)
    primals: list[Any] = []
    blocks: list[Array | None] = []
    for a in args:
        moving = type(a) is Series and a.level == level
        if type(a) is Lazy:  # a formula that holds on to the series itself
            raise Unlazy
        primals.append(a.primal if moving else a)
        blocks.append(None if not moving else a.coefficients if a.order == order else a.coefficients[: order + 1])
    return level, order, primals, blocks


def _wrapped(block: Array, ans: Array, level: int) -> Series:
    """Return the series with the memory layout of its value."""
    return Series(dense.settle(block, ans), level, scalar=_is_scalar(ans))


def _is_scalar(x: Array) -> bool:
    return not x.ndim and not isinstance(base_of(x), ndarray)


def _stacked(rows: Rows) -> Array:
    """Return coefficients one by one as a block."""
    return np.stack(rows) if any(map(carries, rows)) else np.array(rows)


def _headed(ans: Array, block: Array) -> Array:
    """Return a block of one's own with ans as its first coefficient."""
    if type(block) is ndarray and not carries(ans) and block.dtype == ans.dtype:
        block[0] = ans
        return block
    return np.concatenate([ans[None], block[1:]])


def _rows(block: Array) -> Rows:
    return list(block) if type(block) is ndarray else [block[k] for k in range(block.shape[0])]


# Element-wise functions. -------------------------------------------------------------------------------------


def _elementwise(rule: Elementwise, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    if kwargs:
        raise TypeError(f"{rule.func.__name__} of a Series takes no keyword {next(iter(kwargs))!r}")
    args = [a if type(a) in (Series, float, int) else operand(a) for a in args]
    if any(a is NotImplemented for a in args):
        return NotImplemented
    level, order, primals, blocks = _split(args)
    ans = propagate.value(rule, primals)
    moving = [(d, b) for d, b in zip(rule.d, blocks, strict=True) if b is not None and d is not ZERO]
    if not moving:
        return ans
    if order == 0:
        block = ans[None]
    elif all(isinstance(d, Const) for d, _ in moving):
        block = _scaled(moving, ans)
    elif (found := _by_constant(rule, primals, blocks, ans)) is not None:
        block = found
    else:
        try:
            block = _by_nodes(rule, primals, blocks, ans, order, level, strict=False)
            if dense.has_nan(block[1:]):
                block = _by_nodes(rule, primals, blocks, ans, order, level, strict=True)
        except Unlazy:
            return _by_rates(rule, args, kwargs)
    return _wrapped(block, ans, level)


class _Nodes:
    """The lazy nodes of one operation, which find its coefficients one after the other."""

    def __init__(self, rule: Elementwise, level: int, order: int, *, strict: bool) -> None:
        self.rule, self.order = rule, order
        self.graph = Graph(level, order, strict=strict)

    def __call__(self, primals: Sequence[Any], blocks: Sequence[Array | None], ans: Array) -> Array:
        """Return all coefficients; the nodes of the last call serve again if they do not depend on its numbers."""
        distinct = {id(b): b for b in blocks if b is not None}
        rows = [_rows(b) for b in distinct.values()]
        if self.graph.made and not self.graph.seen:
            self.graph.restart([*rows, [ans]])
        else:
            self.graph.close()
            leaves = dict(zip(distinct, map(self.graph.leaf, rows), strict=True))
            args = [p if b is None else leaves[id(b)] for p, b in zip(primals, blocks, strict=True)]
            self.root = self.graph.root(self.rule, args, ans)
            fixed = None if self.rule.func in PRIMITIVE else trace(self.root, self.rule, args)
            if fixed is not None:
                self.graph.seen = True
                whole = {id(leaves[i]): b for i, b in distinct.items()}
                return _scaled([(g, whole[id(x)]) for g, x in fixed], ans, select=self.rule.select)
        for k in range(1, self.order + 1):
            self.root.reach(k)
        return _stacked(self.root.known)


def _by_nodes(
    rule: Elementwise, primals: Sequence[Any], blocks: Sequence[Array | None], ans: Array, order: int, level: int, *, strict: bool
) -> Array:
    """Return the coefficients by lazy nodes; those of many numbers part by part, which stay in the cache."""
    nodes = _Nodes(rule, level, order, strict=strict)
    try:
        with np.errstate(all="ignore"):
            if not _separable(primals, blocks, ans):
                return nodes(primals, blocks, ans)
            out = np.empty((order + 1, ans.size), ans.dtype)
            flat = [None if b is None else b.reshape(order + 1, -1) for b in blocks]
            values = ans.reshape(-1)
            for start in range(0, ans.size, PART):
                cut = slice(start, start + PART)
                parts = {id(b): b[:, cut] for b in flat if b is not None}
                out[:, cut] = nodes(primals, [None if b is None else parts[id(b)] for b in flat], values[cut])
            return out.reshape(order + 1, *ans.shape)
    finally:
        nodes.graph.close()


PART = 8192
"""Numbers in a part: its temporaries stay in the cache, and are not given back to the system (bench/bench_taylor.py)."""


def _separable(primals: Sequence[Any], blocks: Sequence[Array | None], ans: Array) -> bool:
    """Whether many numbers can be dealt with part by part: plain arrays of one shape, and numbers."""
    return (
        type(ans) is ndarray
        and ans.size > 2 * PART
        and ans.flags.c_contiguous
        and all(
            isinstance(p, (int, float, np.generic))
            if b is None
            else type(b) is ndarray and b.shape[1:] == ans.shape and b.flags.c_contiguous
            for p, b in zip(primals, blocks, strict=True)
        )
    )


def _scaled(terms: Sequence[tuple[Any, Array]], ans: Array, *, select: bool = False) -> Array:
    """Return Σ diag(g)·block with ans as the value."""
    total: Any = None
    for g, block in terms:
        term = dense.scale(block, g, block.shape[1:], ans.shape, ans.dtype, select=select)
        total = (np.copy(term) if g is ONE else term) if total is None else total + term
    return _headed(ans, total)


def _by_constant(rule: Elementwise, primals: Sequence[Any], blocks: Sequence[Array | None], ans: Array) -> Array | None:
    """Return a product with a constant, or a quotient by one, of all coefficients at once; None for anything else."""
    if rule.func is np.multiply and any(b is None for b in blocks):
        x, y = blocks
        return _scaled([(primals[1], x) if y is None else (primals[0], y)], ans)
    if rule.func is np.divide and blocks[1] is None:
        block: Any = blocks[0]
        block = block.reshape((len(block),) + (1,) * (ans.ndim + 1 - block.ndim) + block.shape[1:])
        quotient = block / primals[1]
        quotient = np.where(dense.vanishing(block), 0, quotient) if dense.has_nan(quotient) else quotient
        return _headed(ans, dense.scale(quotient, ONE, quotient.shape[1:], ans.shape, ans.dtype))
    return None


# Other kinds. ------------------------------------------------------------------------------------------------


def _first(rule: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Series, list[Any], dict[str, Any]]:
    """Part the array that is differentiated from the other arguments; a mask among those needs no derivative."""
    x, *rest = args
    x = as_array(x)
    if carries(kwargs.get("where")):
        kwargs = {**kwargs, "where": base(kwargs["where"])}
    if type(x) is not Series or any(type(a) is Series and a.level >= x.level for a in (*rest, *kwargs.values())):
        raise lost(f"np.{rule.func.__name__} with a Dual as another argument than the first")
    return x, rest, kwargs


def _linear(rule: Linear, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    initial = kwargs.pop("initial") if carries(kwargs.get("initial")) else None
    x, rest, kwargs = _first(rule, args, kwargs)
    ans = rule.func(x.primal, *rest, **kwargs)
    propagate.checked(rule.func, ans)
    op = rule.op(x.shape, *rest, **kwargs)
    result = _mapped(op, x.coefficients, ans, x)
    return result if initial is None else initial + result


def _mapped(op: LinearOp, block: Array, ans: Array, x: Series) -> Series:
    """Return the series of a linear map of x: a view where NumPy has one."""
    new = op(block)
    if op.view:
        if not propagate.shares_memory(ans, x.primal):
            return _wrapped(np.copy(new), ans, x.level)
        return Series(new, x.level)
    return _wrapped(new if op.gather else _headed(ans, new), ans, x.level)


def _weighted(rule: Weighted, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    x, rest, kwargs = _first(rule, args, kwargs)
    ans, weights, op = rule.terms(x.primal, *rest, **kwargs)
    if not x.order:
        return _wrapped(ans[None], ans, x.level)
    if weights is None and not op.bound:
        return _wrapped(_headed(ans, op(x.coefficients)), ans, x.level)
    return _by_rates(rule, (x, *rest), kwargs)


def _multilinear(rule: Multilinear, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    operands, rebuild = rule.split(args)
    operands = [a if type(a) is Series else operand(a) for a in operands]
    if any(a is NotImplemented for a in operands):
        return NotImplemented
    level, order, primals, blocks = _split([np.asarray(a) if isinstance(a, complex) else a for a in operands])
    args = rebuild(primals)
    ans = rule.func(*args, **kwargs)
    *others, last = [i for i, b in enumerate(blocks) if b is not None]
    total: Any = None
    for powers in _exponents(len(others), order):
        fixed, k = list(primals), sum(powers)
        for i, j in zip(others, powers, strict=True):
            fixed[i] = blocks[i][j]  # type: ignore[index]
        part = propagate.along(rule, last, fixed, args, kwargs, blocks[last][: order + 1 - k])  # type: ignore[index]
        total = part if total is None else _added(total, part, k)
    return _wrapped(_headed(ans, total), ans, level)


def _exponents(n: int, order: int) -> Iterator[tuple[int, ...]]:
    """Yield n numbers from 0 on whose sum is at most order."""
    if n == 0:
        yield ()
        return
    for j in range(order + 1):
        yield from ((j, *rest) for rest in _exponents(n - 1, order - j))


def _added(total: Array, part: Array, k: int) -> Array:
    """Return total + tᵏ·part, in the memory of total."""
    if type(total) is type(part) is ndarray and total.dtype == part.dtype:
        total[k:] += part
        return total
    return np.concatenate([total[:k], total[k:] + part]) if k else total + part


def _join(rule: Join, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    parts, *rest = args
    level, order, primals, blocks = _split([as_array(p) for p in parts])
    ans = rule.func(list(primals), *rest, **kwargs)
    propagate.checked(rule.func, ans)
    ops = rule.ops([np.shape(p) for p in primals], *rest, **kwargs)
    tangents = [None if b is None else b[1:] for b in blocks]
    if not order:
        return _wrapped(ans[None], ans, level)
    return _wrapped(np.concatenate([ans[None], dense.join(ops, tangents, ans.shape, ans.dtype)]), ans, level)


def _composed(rule: Composed, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    result = rule.body(*args, **kwargs)
    if rule.exact and type(result) is Series:
        given = (*args, *kwargs.values())
        plain = [a.primal if type(a) is Series and a.level == result.level else a for a in given]
        ans = rule.func(*plain[: len(args)], **dict(zip(kwargs, plain[len(args) :], strict=True)))
        return _wrapped(_headed(ans, np.copy(result.coefficients)), ans, result.level)
    return result


def _implicit(rule: Implicit, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    args = [*args, *(kwargs.pop(name) for name in rule.arrays[len(args) :])]
    arrays, rest = as_arrays(args[: len(rule.arrays)]), args[len(rule.arrays) :]
    level, order, primals, blocks = _split(arrays)
    if order and not rule.whole:
        return _by_rates(rule, (*arrays, *rest), kwargs)
    ans, op = rule.solution(*primals, *rest, **kwargs)
    if isinstance(ans, tuple):
        return type(ans)(*(_wrapped(y[None], y, level) for y in ans))
    rows = [ans]
    for k in range(1, order + 1):
        known = Series(_stacked([*rows, np.zeros_like(ans)]), level)
        cut = [p if b is None else Series(b[: k + 1], level) for p, b in zip(primals, blocks, strict=True)]
        rows.append(op(rule.residual(known, *cut, *rest, **kwargs).coefficients[k]))
    return _wrapped(_stacked(rows), ans, level)


# Any kind: the derivative as a series of one order less, by the rule of Duals. --------------------------------


def _by_rates(rule: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """
    Return what the rule of Duals gives for x(t) with the tangent x'(t), both of one order less, integrated.

    Right for every kind. A rule asks its own function for the lower order; so the orders are found one after the other, and
    each series remembers the result of the last (`Series.memo`).
    """
    level, order, primals, blocks = _split(args)
    for a in args:
        if type(a) is Series and a.memo is not None and _same(a.memo[0], (rule, args, kwargs)):
            return a.memo[1]
    result: Any = None
    for k in range(1, order + 1):
        cut = {id(b): Series(b[:k], level, scalar=_is_scalar(p)) for p, b in zip(primals, blocks, strict=True) if b is not None}
        lower = [a if b is None else cut[id(b)] for a, b in zip(args, blocks, strict=True)]
        for x in cut.values():
            x.memo = None if k == 1 else ((rule, lower, kwargs), result)
        moving = [a if b is None else _with_rate(cut[id(b)], b[1 : k + 1], level + 1) for a, b in zip(args, blocks, strict=True)]
        result = DUAL_WAYS[type(rule)](rule, moving, kwargs)
        several = isinstance(result, tuple)
        result = type(result)(*(_integrated(y, level, k) for y in result)) if several else _integrated(result, level, k)
        for x in cut.values():
            x.memo = None
    return result


def _same(a: Any, b: Any) -> bool:
    """Whether two calls are the same for certain."""
    if type(a) in (list, tuple):
        return type(b) in (list, tuple) and len(a) == len(b) and all(map(_same, a, b))
    if type(a) is dict:
        return type(b) is dict and _same([*a.items()], [*b.items()])
    return a is b or (type(a) is type(b) and type(a) in (int, float, bool, str) and a == b)


def _powers(order: int, like: Array) -> Array:
    """Return the numbers from 1 to order, to scale coefficients of arrays like one."""
    return np.arange(1.0, order + 1).astype(np.finfo(like.dtype).dtype).reshape((order,) + (1,) * like.ndim)


def _with_rate(x: Series, rest: Array, level: int) -> Dual:
    """Return x and its derivative, from the coefficients after the first; what the rule makes of them ends in it, whatever the level."""
    return Dual(x, Series(rest * _powers(len(rest), x), x.level, scalar=x.scalar), level)


def _integrated(y: Any, level: int, order: int) -> Any:
    """Return the series of a value and its derivative, or what is left of a constant."""
    if type(y) is not Dual or y.level != level + 1:
        return _value(y, level)
    ans, rate = _value(y.primal, level), y.tangent
    if type(rate) is not Series or rate.level != level:
        rate = np.concatenate([rate[None], np.zeros((order - 1, *rate.shape), rate.dtype)])
    else:
        rate = rate.coefficients
    return _wrapped(np.concatenate([ans[None], rate / _powers(order, ans)]), ans, level)


def _value(x: Any, level: int) -> Any:
    return x.primal if type(x) is Series and x.level == level else x


_GENERAL: dict[type, Way] = {
    Elementwise: _elementwise,
    Linear: _linear,
    Weighted: _weighted,
    Multilinear: _multilinear,
    Join: _join,
    Implicit: _implicit,
    Composed: _composed,
    Constant: constant,
    Refused: refused,
}

WAYS.update(_GENERAL)
