"""Taped: a Dual whose tangent is recorded. Its short ways are those of recorded tangents; the general ways are those of all Duals."""

import functools
from collections.abc import Sequence
from typing import Any

from numpy import ndarray

from .. import propagate
from .._typing import Array, Tangent
from ..rules.indexing import getitem_op
from ..rules.rule import Elementwise, Join, Linear, Multilinear
from ..tangents import recorded
from .arithmetic import ADD, DIVIDE, MULTIPLY, NEGATIVE, POSITIVE, POW, SQUARE, SUBTRACT
from .dual import RAW, WAYS, Carrier, Dual, product, rule_of
from .protocol import NumPyProtocol

_NUMBERS = frozenset({float, int})
_binary, _recorded_unary, _part = recorded.binary, recorded.unary, recorded.part
_BASIC = frozenset({slice, int, type(None), type(Ellipsis)})
"""Types of what keys consist of that give views."""


def _unary(rule: Any, a: Any) -> Any:
    """Take the short way of a function of one raw array."""
    p = a._primal
    if rule.slope is not None and type(p) in RAW:
        ans = rule.func(p)
        return Taped(ans, _recorded_unary(rule, ans, p, a.tangent), a.level)
    return WAYS[Elementwise](rule, (a,), {})


@functools.cache
def _operators(rule: Any) -> Any:
    """
    Return the short way of a function of a Taped and another operand, and of another operand and a Taped.

    It is for raw arrays of any shapes, and numbers but 0; the general way agrees by a test.
    """
    if not rule.short:
        return lambda a, b: WAYS[Elementwise](rule, (a, b), {}), lambda b, a: WAYS[Elementwise](rule, (a, b), {})
    func, quiet = rule.func, rule.quiet

    def operator(a: Any, b: Any) -> Any:
        p, level = a._primal, a.level
        if type(b) is Taped:
            q, v = b._primal, b.tangent
            raw = type(p) in RAW and type(q) in RAW and b.level == level
        else:
            q, v = b, None
            raw = type(p) in RAW and (type(q) in RAW or (type(q) in _NUMBERS and q))
        if raw and (quiet is False or not quiet(p, q)):
            ans = func(p, q)
            if ans.dtype is p.dtype:
                return Taped(ans, _binary(rule, ans, p, q, a.tangent, v), level)
        return WAYS[Elementwise](rule, (a, b), {})

    def turned(b: Any, a: Any) -> Any:
        q = b._primal
        if type(q) in RAW and (type(a) in RAW or (type(a) in _NUMBERS and a)) and (quiet is False or not quiet(a, q)):
            ans = func(a, q)
            if ans.dtype is q.dtype:
                return Taped(ans, _binary(rule, ans, a, q, None, b.tangent), b.level)
        return WAYS[Elementwise](rule, (a, b), {})

    return operator, turned


class Taped(Dual):
    """A Dual of a run that is recorded. All Duals of such a level are of this class."""

    __slots__ = ()

    def __init__(self, primal: Array, tangent: Tangent, level: int) -> None:
        self._primal, self.tangent, self.level = primal, tangent, level

    def _like(self, primal: Array, tangent: Tangent) -> "Taped":
        return Taped(primal, tangent, self.level)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if not kwargs and method == "__call__":
            rule = rule_of(ufunc)
            if type(rule) is Elementwise:
                if len(inputs) == 1:
                    return _unary(rule, self)
                if len(inputs) == 2:
                    a, b = inputs
                    operator, turned = _operators(rule)
                    return operator(a, b) if type(a) is Taped else turned(b, a)
            elif type(rule) is Multilinear and len(inputs) == 2:
                return product(rule, *inputs)
        return NumPyProtocol.__array_ufunc__(self, ufunc, method, *inputs, **kwargs)

    def __array_function__(self, func: Any, types: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        rule = rule_of(func)
        if type(rule) is Linear and args and args[0] is self:
            p = self._primal
            op = propagate.known(rule, p, args[1:], kwargs)
            if op is not None:
                ans = op.apply(p)
                return Taped(ans, _part(self.tangent, op, ans), self.level)
        elif type(rule) is Join and len(args) < 3 and not kwargs and type(args[0]) in (list, tuple):
            primals, tangents = [], []
            for a in args[0]:
                if type(a) is not Taped or a.level != self.level or type(a._primal) is not ndarray:
                    break
                primals.append(a._primal)
                tangents.append(a.tangent)
            else:
                return Taped(*propagate.join(rule, primals, tangents, args[1:], kwargs), self.level)
        return Carrier.__array_function__(self, func, types, args, kwargs)

    def __getitem__(self, key: Any) -> "Taped":
        p = self._primal
        if type(p) is ndarray and (type(key) is slice or type(key) is int or (type(key) is tuple and _BASIC.issuperset(map(type, key)))):
            ans = p[key]
            return Taped(ans, _part(self.tangent, getitem_op(p.shape, key), ans), self.level)
        return Carrier.__getitem__(self, key)

    __setitem__ = Carrier.__setitem__

    # Operators whose rules have short ways; the rest are those of all Duals.

    __add__, __radd__ = _operators(ADD)
    __sub__, __rsub__ = _operators(SUBTRACT)
    __mul__, __rmul__ = _operators(MULTIPLY)
    __truediv__, __rtruediv__ = _operators(DIVIDE)
    _power, __rpow__ = _operators(POW)

    def __pow__(self, other: Any) -> Any:
        return _unary(SQUARE, self) if type(other) in _NUMBERS and other == 2 else self._power(other)

    def __neg__(self) -> Any:
        return _unary(NEGATIVE, self)

    def __pos__(self) -> Any:
        return _unary(POSITIVE, self)


Taped.__name__ = Dual.__name__  # what texts and messages call it
