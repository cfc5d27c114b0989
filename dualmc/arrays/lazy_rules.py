"""What lazy series do under each rule kind: the steps of arithmetic, and identities that end chains of slopes."""

import operator
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from .. import propagate
from .._typing import Array
from ..rules.elementwise import chosen
from ..rules.registry import RULES
from ..rules.rule import Composed, Constant, Elementwise, Join, Linear, Refused
from ..rules.selection import base
from .creation import as_array, carries
from .lazy import PRIMITIVE, SHORTER, WAYS, Graph, Lazy, Step, Unlazy, dot, key_of, mapped
from .operations import constant, refused

# Arithmetic. -------------------------------------------------------------------------------------------------


def _squared(node: Lazy, x: Lazy) -> Step:
    """Return the step of the square, half of whose terms are the other half."""

    def step(k: int) -> Array:
        total = 2 * dot(x, x.known, x, k, 0, (k - 1) // 2)
        return total if k % 2 else total + dot(x, x.known, x, k, k // 2, k // 2)

    return step


def _multiplied(node: Lazy, x: Any, y: Any) -> Step:
    """Return the step of the product: Σ xⱼ·yₖ₋ⱼ."""
    if x is y:
        return _squared(node, x)
    if type(y) is not Lazy:
        x, y = y, x
    if type(x) is not Lazy:
        return lambda k: np.where(y.silent(k), 0, y.known[k] * x) if node.graph.strict else y.known[k] * x
    return lambda k: dot(x, x.known, y, k, 0, k)


def _divided(node: Lazy, x: Any, y: Any) -> Step:
    """Return the step of the quotient q: xₖ = Σ yⱼ·qₖ₋ⱼ, solved for qₖ."""
    if type(y) is not Lazy:
        return lambda k: np.where(x.silent(k), 0, x.known[k] / y) if node.graph.strict else x.known[k] / y

    def step(k: int) -> Array:
        rest = -dot(y, y.known, node, k, 1, k)
        rest = rest + x.known[k] if type(x) is Lazy else rest
        q = rest / y.known[0]
        return np.where(y.silent(1) & (x.silent(k) if type(x) is Lazy else True), 0, q) if node.graph.strict else q

    return step


# Products and squares could do with their slopes, for twice the work.
PRIMITIVE |= {np.multiply: _multiplied, np.divide: _divided, np.square: _squared}


# Identities that make a node from nodes that exist. ----------------------------------------------------------

_DIVIDE = cast("Elementwise", RULES[np.divide])


def _lower_power(graph: Graph, args: Sequence[Any], ans: Array) -> Any:
    """Return x**(y-1) as x**y / x, where x is not 0 and x**y keeps its digits: the slope of a power then closes a loop."""
    x, y = args
    above = graph.powers.get(id(x))
    if above is None:
        return None
    exponent, power = above
    if not (_is_less_one(y, exponent) if type(y) is Lazy else type(exponent) is not Lazy and np.array_equal(y, exponent - 1)):
        return None
    size = np.abs(base(power.primal))
    limits = np.finfo(size.dtype)
    lost = (size <= limits.tiny) | (size >= limits.max) | (base(x) == 0)
    return None if np.any(lost) else graph.call(_DIVIDE, (power, x))


def _is_less_one(y: Lazy, exponent: Any) -> bool:
    func, args = y.call
    return func is np.subtract and args[0] is exponent and type(args[1]) is int and args[1] == 1


def _negated_twice(graph: Graph, args: Sequence[Any], ans: Array) -> Any:
    """Return x for -(-x): slopes of the logistic function."""
    func, inner = args[0].call
    return inner[0] if func is np.negative else None


def _only_choice(graph: Graph, args: Sequence[Any], ans: Array) -> Any:
    """Return the argument that np.where takes everywhere, if there is one."""
    condition, *choices = args
    taken = base(condition)
    if np.all(taken) or not np.any(taken):
        choice = choices[0 if np.all(taken) else 1]
        if type(choice) is not Lazy:
            return ans
        if choice.shape == ans.shape and choice.dtype == ans.dtype:
            return choice
    return None


SHORTER |= {np.power: _lower_power, operator.pow: _lower_power, np.negative: _negated_twice, chosen: _only_choice}


# The ways of rule kinds; for others there is none. -----------------------------------------------------------


def _elementwise(rule: Elementwise, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    if kwargs:
        raise Unlazy
    graph = next(a.graph for a in args if type(a) is Lazy)
    return graph.call(rule, [a if type(a) in (Lazy, int, float, bool, complex) else as_array(a) for a in args])


def _linear(rule: Linear, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    x, *rest = args
    if type(x) is not Lazy or any(map(carries, (*rest, *kwargs.values()))):
        raise Unlazy
    ans = rule.func(x.primal, *rest, **kwargs)
    propagate.checked(rule.func, ans)
    return mapped(x, (rule.func, key_of(rest), key_of([*kwargs.items()])), ans, rule.op(x.shape, *rest, **kwargs))


def _join(rule: Join, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    parts, *rest = args
    parts = [as_array(p) for p in parts]
    graph = next(p.graph for p in parts if type(p) is Lazy)
    zeros = [np.zeros(p.shape, p.dtype) for p in parts]

    def step(k: int) -> Array:
        return rule.func([p.known[k] if type(p) is Lazy and p.step else z for p, z in zip(parts, zeros, strict=True)], *rest, **kwargs)

    ans = rule.func([p.primal if type(p) is Lazy else p for p in parts], *rest, **kwargs)
    return Lazy(graph, [ans], step, [p for p in parts if type(p) is Lazy and p.step])


def _composed(rule: Composed, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    result = rule.body(*args, **kwargs)
    if rule.exact and type(result) is Lazy and result.step is not None:
        plain = [a.primal if type(a) is Lazy else a for a in (*args, *kwargs.values())]
        ans = rule.func(*plain[: len(args)], **dict(zip(kwargs, plain[len(args) :], strict=True)))
        return Lazy(result.graph, [ans], lambda k: result.known[k], (result,))
    return result


WAYS |= {
    Elementwise: _elementwise,
    Linear: _linear,
    Join: _join,
    Composed: _composed,
    Constant: constant,
    Refused: refused,
}
