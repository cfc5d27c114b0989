"""Taped: a Dual whose tangent is recorded. Its short ways are those of recorded tangents; the general ways are those of all Duals."""

from collections.abc import Sequence
from typing import Any

from numpy import ndarray

from .. import propagate
from .._typing import Array, Tangent
from ..rules.indexing import getitem_op
from ..rules.rule import Elementwise, Linear, Multilinear
from ..tangents import recorded
from .arithmetic import ADD, DIVIDE, MULTIPLY, NEGATIVE, POSITIVE, POW, SQUARE, SUBTRACT
from .dual import RAW, WAYS, Carrier, Dual, product, rule_of
from .protocol import NumPyProtocol

_NUMBERS = frozenset({float, int})
_BASIC = frozenset({slice, int, type(None), type(Ellipsis)})
"""Types of what keys consist of that give views."""


def _unary(rule: Any, a: Any) -> Any:
    """Take the short way of a function of one raw array."""
    p = a._primal
    if rule.slope is not None and type(p) in RAW:
        return Taped(ans := rule.func(p), recorded.unary(rule, ans, p, a.tangent), a.level)
    return WAYS[Elementwise](rule, (a,), {})


def _binary(rule: Any, a: Any, b: Any) -> Any:
    """Take the short way for raw arrays of any shapes, and numbers but 0; the general way agrees by a test."""
    if type(a) is Taped:
        p, u, level = a._primal, a.tangent, a.level
        if type(b) is Taped:
            q, v, other = b._primal, b.tangent, b.level
        else:
            q, v, other = b, None, level
    else:
        p, u, level = a, None, b.level
        q, v, other = b._primal, b.tangent, level
    raw = (type(p) in RAW or (type(p) in _NUMBERS and p)) and (type(q) in RAW or (type(q) in _NUMBERS and q))
    if raw and rule.short and level == other:
        quiet = rule.quiet
        if quiet is False or not quiet(p, q):
            ans = rule.func(p, q)
            if ans.dtype is (q if u is None else p).dtype:
                return Taped(ans, recorded.binary(rule, ans, p, q, u, v), level)
    return WAYS[Elementwise](rule, (a, b), {})


def _operators(rule: Any) -> Any:
    """Return the operator of a rule, and the same with operands turned."""
    return lambda self, other: _binary(rule, self, other), lambda self, other: _binary(rule, other, self)


class Taped(Dual):
    """A Dual of a run that is recorded. All Duals of such a level are of this class."""

    __slots__ = ()

    def _like(self, primal: Array, tangent: Tangent) -> "Taped":
        return Taped(primal, tangent, self.level)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if not kwargs and method == "__call__":
            rule = rule_of(ufunc)
            if type(rule) is Elementwise:
                if len(inputs) == 1:
                    return _unary(rule, self)
                if len(inputs) == 2:
                    return _binary(rule, inputs[0], inputs[1])
            elif type(rule) is Multilinear and len(inputs) == 2:
                return product(rule, *inputs)
        return NumPyProtocol.__array_ufunc__(self, ufunc, method, *inputs, **kwargs)

    def __array_function__(self, func: Any, types: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        if args and args[0] is self:
            rule = rule_of(func)
            if type(rule) is Linear:
                p = self._primal
                op = propagate.known(rule, p, args[1:], kwargs)
                if op is not None:
                    ans = op.apply(p)
                    return Taped(ans, recorded.part(self.tangent, op, ans), self.level)
        return Carrier.__array_function__(self, func, types, args, kwargs)

    def __getitem__(self, key: Any) -> "Taped":
        p = self._primal
        if type(p) is ndarray and (type(key) is slice or type(key) is int or (type(key) is tuple and _BASIC.issuperset(map(type, key)))):
            ans = p[key]
            return Taped(ans, recorded.part(self.tangent, getitem_op(p.shape, key), ans), self.level)
        return Carrier.__getitem__(self, key)

    __setitem__ = Carrier.__setitem__

    # Operators whose rules have short ways; the rest are those of all Duals.

    __add__, __radd__ = _operators(ADD)
    __sub__, __rsub__ = _operators(SUBTRACT)
    __mul__, __rmul__ = _operators(MULTIPLY)
    __truediv__, __rtruediv__ = _operators(DIVIDE)

    def __pow__(self, other: Any) -> Any:
        return _unary(SQUARE, self) if type(other) in _NUMBERS and other == 2 else _binary(POW, self, other)

    def __rpow__(self, other: Any) -> Any:
        return _binary(POW, other, self)

    def __neg__(self) -> Any:
        return _unary(NEGATIVE, self)

    def __pos__(self) -> Any:
        return _unary(POSITIVE, self)


Taped.__name__ = Dual.__name__  # what texts and messages call it
