"""The general way of each rule kind: find the level, hand primals and tangents to the chain rule, wrap the result."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import propagate
from .._typing import Array, Tangent
from ..errors import lost
from ..rules.rule import Composed, Constant, Elementwise, Implicit, Join, Linear, Multilinear, Refused, Weighted
from ..rules.selection import base
from ..tangents import space_of
from .creation import as_array, as_arrays, carries, foremost
from .dual import WAYS, Dual, Way, base_of


def _split(args: Sequence[Any]) -> tuple[int, list[Any], list[Tangent | None]]:
    """Return the highest level among args, and primals and tangents at it; whatever is lower is constant there."""
    level = max((a.level for a in args if type(a) is Dual), default=-1)
    primals, tangents = [], []
    for a in args:
        if type(a) is Dual and a.level == level:
            primals.append(a.primal)
            tangents.append(a.tangent)
        else:
            primals.append(a)
            tangents.append(None)
    return level, primals, tangents


def _wrap(ans: Array, t: Tangent | None, level: int) -> Any:
    return ans if t is None else Dual(ans, t, level)


def _elementwise(rule: Elementwise, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    if kwargs:
        raise TypeError(f"{rule.func.__name__} of a Dual takes no keyword {next(iter(kwargs))!r}")
    args = [a if type(a) is Dual or type(a) in (float, int) else operand(a) for a in args]
    if any(a is NotImplemented for a in args):
        return NotImplemented
    level, primals, tangents = _split(args)
    ans, t = propagate.elementwise(rule, primals, tangents)
    return _wrap(ans, t, level)


def operand(x: Any) -> Any:
    """Return x as an array of numbers, or NotImplemented if its class wants to do operators itself."""
    if type(x) in (bool, complex):
        return x
    return NotImplemented if getattr(type(x), "__array_ufunc__", True) is None else as_array(x)


def _first(rule: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Any, list[Any], dict[str, Any]]:
    """Part the array that is differentiated from the other arguments; a mask among those needs no tangent."""
    x, *rest = args
    x = as_array(x)
    if type(x) is not Dual:
        raise lost(f"np.{rule.func.__name__} with a Dual as another argument than the first")
    if carries(kwargs.get("where")):
        kwargs = {**kwargs, "where": base(kwargs["where"])}
    return x, rest, kwargs


def _linear(rule: Linear, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    initial = kwargs.pop("initial") if carries(kwargs.get("initial")) else None
    x, rest, kwargs = _first(rule, args, kwargs)
    ans, t = propagate.linear(rule, x.primal, x.tangent, rest, kwargs)
    result = Dual(ans, t, x.level)
    return result if initial is None else initial + result


def _weighted(rule: Weighted, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    x, rest, kwargs = _first(rule, args, kwargs)
    ans, t = propagate.weighted(rule, x.primal, x.tangent, rest, kwargs)
    return Dual(ans, t, x.level)


def _multilinear(rule: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    operands, rebuild = rule.split(args)
    operands = [a if type(a) is Dual else operand(a) for a in operands]
    if any(a is NotImplemented for a in operands):
        return NotImplemented
    level, primals, tangents = _split([np.asarray(a) if isinstance(a, complex) else a for a in operands])
    ans, t = propagate.multilinear(rule, primals, tangents, rebuild, kwargs)
    return _wrap(ans, t, level)


def _join(rule: Join, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    parts, *rest = args
    level, primals, tangents = _split([as_array(p) for p in parts])
    ans, t = propagate.join(rule, primals, tangents, rest, kwargs)
    return _wrap(ans, t, level)


def _implicit(rule: Implicit, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    args = [*args, *(kwargs.pop(name) for name in rule.arrays[len(args) :])]
    arrays, rest = as_arrays(args[: len(rule.arrays)]), args[len(rule.arrays) :]
    level, primals, tangents = _split(arrays)
    keeps = any(t is not None and space_of(t).KEEPS for t in tangents)
    ans, ops = propagate.solution(rule, primals, keeps, rest, kwargs)
    t = rule.residual(ans, *arrays, *rest, **kwargs).tangent
    if not isinstance(ans, tuple):
        return _wrap(ans, propagate.implicit(ans, ops, t), level)
    return type(ans)(*(_wrap(y, propagate.implicit(y, op, t), level) for y, op in zip(ans, ops, strict=True)))


def _composed(rule: Composed, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    result = rule.body(*args, **kwargs)
    if rule.exact and type(result) is Dual:
        _, plain, _ = _split([*args, *kwargs.values(), result])
        ans = rule.func(*plain[: len(args)], **dict(zip(kwargs, plain[len(args) :], strict=False)))
        return Dual(ans, space_of(result.tangent).settle(result.tangent, ans), result.level)
    return result


def stripped(x: Any) -> Any:
    """Return x with every array that carries a tangent replaced by its plain value."""
    if carries(x):
        return base_of(x)
    return type(x)(map(stripped, x)) if type(x) in (list, tuple) else x


def _constant(rule: Constant, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    return rule.func(*map(stripped, args), **{k: stripped(v) for k, v in kwargs.items()})


def _refused(rule: Refused, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    raise TypeError(f"{rule.func.__name__} of a Dual: {rule.reason}")


_GENERAL: dict[type, Way] = {
    Elementwise: _elementwise,
    Linear: _linear,
    Weighted: _weighted,
    Multilinear: _multilinear,
    Join: _join,
    Implicit: _implicit,
    Composed: _composed,
    Constant: _constant,
    Refused: _refused,
}


def _by_the_foremost(way: Way) -> Way:
    """Leave what meets an array of another class, of an inner transform, to that class."""

    def general(rule: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        top = foremost((*args, *kwargs.values()))
        return way(rule, args, kwargs) if top is None or type(top) is Dual else top._evaluate(rule, args, kwargs)

    return general


WAYS.update({kind: _by_the_foremost(way) for kind, way in _GENERAL.items()})
