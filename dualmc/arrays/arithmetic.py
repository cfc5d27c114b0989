"""Python's operators for arrays that carry derivatives; each is the rule of the ufunc that ndarray uses for it."""

import operator
from dataclasses import replace
from typing import Any

import numpy as np

from ..rules.registry import RULES
from .protocol import NumPyProtocol

# defrule does not replace these.
_ADD, _SUBTRACT, _MULTIPLY, _DIVIDE = (RULES[f] for f in (np.add, np.subtract, np.multiply, np.divide))
_FLOOR_DIVIDE, _REMAINDER, _MATMUL = (RULES[f] for f in (np.floor_divide, np.remainder, np.matmul))
_NEGATIVE, _POSITIVE, _ABSOLUTE, _SQUARE = (RULES[f] for f in (np.negative, np.positive, np.absolute, np.square))
_POW = replace(RULES[np.power], func=operator.pow)


class Arithmetic(NumPyProtocol):
    """Operators over the one method `_evaluate` of NumPyProtocol."""

    __slots__ = ()

    def __add__(self, other: Any) -> Any:
        return self._evaluate(_ADD, (self, other), {})

    def __radd__(self, other: Any) -> Any:
        return self._evaluate(_ADD, (other, self), {})

    def __sub__(self, other: Any) -> Any:
        return self._evaluate(_SUBTRACT, (self, other), {})

    def __rsub__(self, other: Any) -> Any:
        return self._evaluate(_SUBTRACT, (other, self), {})

    def __mul__(self, other: Any) -> Any:
        return self._evaluate(_MULTIPLY, (self, other), {})

    def __rmul__(self, other: Any) -> Any:
        return self._evaluate(_MULTIPLY, (other, self), {})

    def __truediv__(self, other: Any) -> Any:
        return self._evaluate(_DIVIDE, (self, other), {})

    def __rtruediv__(self, other: Any) -> Any:
        return self._evaluate(_DIVIDE, (other, self), {})

    def __pow__(self, other: Any) -> Any:
        if type(other) in (int, float) and other == 2:
            return self._evaluate(_SQUARE, (self,), {})  # as ndarray does
        return self._evaluate(_POW, (self, other), {})

    def __rpow__(self, other: Any) -> Any:
        return self._evaluate(_POW, (other, self), {})

    def __floordiv__(self, other: Any) -> Any:
        return self._evaluate(_FLOOR_DIVIDE, (self, other), {})

    def __rfloordiv__(self, other: Any) -> Any:
        return self._evaluate(_FLOOR_DIVIDE, (other, self), {})

    def __mod__(self, other: Any) -> Any:
        return self._evaluate(_REMAINDER, (self, other), {})

    def __rmod__(self, other: Any) -> Any:
        return self._evaluate(_REMAINDER, (other, self), {})

    def __matmul__(self, other: Any) -> Any:
        return self._evaluate(_MATMUL, (self, other), {})

    def __rmatmul__(self, other: Any) -> Any:
        return self._evaluate(_MATMUL, (other, self), {})

    def __neg__(self) -> Any:
        return self._evaluate(_NEGATIVE, (self,), {})

    def __pos__(self) -> Any:
        return self._evaluate(_POSITIVE, (self,), {})

    def __abs__(self) -> Any:
        return self._evaluate(_ABSOLUTE, (self,), {})
