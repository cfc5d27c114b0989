"""The general way of each rule kind: find the level, hand primals and tangents to the chain rule, wrap the result."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import propagate
from .._typing import Tangent
from ..errors import lost
from ..rules.rule import Composed, Constant, Elementwise, Implicit, Join, Linear, Multilinear, Refused, Weighted
from ..rules.selection import base
from ..tangents import space_of
from .creation import as_array, as_arrays, base_of, carries, foremost
from .dual import WAYS, Carrier, Way
from .hyperdual import HyperDual, by_nesting, by_slopes


def _split(args: Sequence[Any]) -> tuple[Any, list[Any], list[Tangent | None]]:
    """Return an operand of the highest level, and primals and tangents at it; whatever is lower is constant there."""
    top: Any = None
    for a in args:
        if isinstance(a, Carrier) and (top is None or a.level > top.level):
            top = a
    primals, tangents = [], []
    for a in args:
        if isinstance(a, Carrier) and a.level == top.level:
            if type(a) is not type(top):
                names = f"a {type(a).__name__} and a {type(top).__name__}"
                raise TypeError(f"{names} of one level do not go together; give them levels of their own")
            primals.append(a._primal)
            tangents.append(a.tangent)
        else:
            primals.append(a)
            tangents.append(None)
    return top, primals, tangents


def _wrap(pair: propagate.Pair, top: Any) -> Any:
    ans, t = pair
    return ans if t is None else top._like(ans, t)


def _elementwise(rule: Elementwise, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    if kwargs:
        raise TypeError(f"{rule.func.__name__} of a Dual takes no keyword {next(iter(kwargs))!r}")
    given, args = args, []
    for a in given:
        args.append(a if isinstance(a, Carrier) or type(a) in (float, int) else operand(a))
        if args[-1] is NotImplemented:
            return NotImplemented
    top, primals, tangents = _split(args)
    pair = top.chain.elementwise(rule, primals, tangents)
    return by_nesting(top, rule, args, kwargs) if pair is None else _wrap(pair, top)


def operand(x: Any) -> Any:
    """Return x as an array of numbers, or NotImplemented if its class wants to do operators itself."""
    if type(x) in (bool, complex):
        return x
    return NotImplemented if getattr(type(x), "__array_ufunc__", True) is None else as_array(x)


def _first(rule: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Any, list[Any], dict[str, Any]]:
    """Part the array that is differentiated from the other arguments; a mask among those needs no tangent."""
    x, *rest = args
    x = as_array(x)
    if not isinstance(x, Carrier):
        raise lost(f"np.{rule.func.__name__} with a Dual as another argument than the first")
    if carries(kwargs.get("where")):
        kwargs = {**kwargs, "where": base(kwargs["where"])}
    return x, rest, kwargs


def _linear(rule: Linear, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    initial = kwargs.pop("initial") if carries(kwargs.get("initial")) else None
    x, rest, kwargs = _first(rule, args, kwargs)
    result = x._like(*x.chain.linear(rule, x._primal, x.tangent, rest, kwargs))
    return result if initial is None else initial + result


def _weighted(rule: Weighted, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    x, rest, kwargs = _first(rule, args, kwargs)
    pair = x.chain.weighted(rule, x._primal, x.tangent, rest, kwargs)
    return by_slopes(x, rule, rest, kwargs) if pair is None else x._like(*pair)


def _multilinear(rule: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    operands, rebuild = rule.split(args)
    operands = [a if isinstance(a, Carrier) else operand(a) for a in operands]
    if any(a is NotImplemented for a in operands):
        return NotImplemented
    top, primals, tangents = _split([np.asarray(a) if isinstance(a, complex) else a for a in operands])
    return _wrap(top.chain.multilinear(rule, primals, tangents, rebuild, kwargs), top)


def _join(rule: Join, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    parts, *rest = args
    top, primals, tangents = _split([as_array(p) for p in parts])
    return _wrap(top.chain.join(rule, primals, tangents, rest, kwargs), top)


def _implicit(rule: Implicit, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    args = [*args, *(kwargs.pop(name) for name in rule.arrays[len(args) :])]
    arrays, rest = as_arrays(args[: len(rule.arrays)]), args[len(rule.arrays) :]
    top, primals, tangents = _split(arrays)
    if isinstance(top, HyperDual):
        return by_nesting(top, rule, [*arrays, *rest], kwargs)
    keeps = any(t is not None and space_of(t).KEEPS for t in tangents)
    ans, ops = propagate.solution(rule, primals, keeps, rest, kwargs)
    t = rule.residual(ans, *arrays, *rest, **kwargs).tangent
    if keeps:
        space_of(t).residual(t, tangents)
    if not isinstance(ans, tuple):
        return _wrap((_given(ans, keeps), propagate.implicit(ans, ops, t)), top)
    return type(ans)(*(_wrap((_given(y, keeps), propagate.implicit(y, op, t)), top) for y, op in zip(ans, ops, strict=True)))


def _given(y: Any, kept: bool) -> Any:
    """Return a result as the user gets it: one that maps hold on to as a copy."""
    return np.copy(y) if kept and not isinstance(y, np.generic) else y


def _composed(rule: Composed, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    result = rule.body(*args, **kwargs)
    if rule.exact and carries(result):
        _, plain, _ = _split([*args, *kwargs.values(), result])
        ans = rule.func(*plain[: len(args)], **dict(zip(kwargs, plain[len(args) :], strict=False)))
        return result._like(ans, space_of(result.tangent).settle(result.tangent, ans))
    return result


def stripped(x: Any) -> Any:
    """Return x with every array that carries derivatives replaced by its plain value."""
    if carries(x):
        return base_of(x)
    return type(x)(map(stripped, x)) if type(x) in (list, tuple) else x


def constant(rule: Constant, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    return rule.func(*map(stripped, args), **{k: stripped(v) for k, v in kwargs.items()})


def refused(rule: Refused, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    raise TypeError(f"{rule.func.__name__} of a Dual: {rule.reason}")


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


def _by_the_foremost(way: Way) -> Way:
    """Leave what meets an array of another kind, of an inner transform, to the class of that."""

    def general(rule: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        top = foremost((*args, *kwargs.values()) if kwargs else args)
        return way(rule, args, kwargs) if top is None or isinstance(top, Carrier) else top._evaluate(rule, args, kwargs)

    return general


WAYS.update({kind: _by_the_foremost(way) for kind, way in _GENERAL.items()})
