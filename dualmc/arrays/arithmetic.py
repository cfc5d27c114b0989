"""Python's operators for arrays that carry derivatives: the rules of the ufuncs that ndarray uses, and a class that evaluates them."""

import operator
from dataclasses import replace
from typing import Any

import numpy as np

from ..rules.registry import RULES
from .protocol import NumPyProtocol

# defrule does not replace these.
ADD, SUBTRACT, MULTIPLY, DIVIDE = (RULES[f] for f in (np.add, np.subtract, np.multiply, np.divide))
FLOOR_DIVIDE, REMAINDER, MATMUL = (RULES[f] for f in (np.floor_divide, np.remainder, np.matmul))
NEGATIVE, POSITIVE, ABSOLUTE, SQUARE = (RULES[f] for f in (np.negative, np.positive, np.absolute, np.square))
POW = replace(RULES[np.power], func=operator.pow)


class Arithmetic(NumPyProtocol):
    """Operators over the one method `_evaluate` of NumPyProtocol."""

    __slots__ = ()

    def __add__(self, other: Any) -> Any:
        return self._evaluate(ADD, (self, other), {})

    def __radd__(self, other: Any) -> Any:
        return self._evaluate(ADD, (other, self), {})

    def __sub__(self, other: Any) -> Any:
        return self._evaluate(SUBTRACT, (self, other), {})

    def __rsub__(self, other: Any) -> Any:
        return self._evaluate(SUBTRACT, (other, self), {})

    def __mul__(self, other: Any) -> Any:
        return self._evaluate(MULTIPLY, (self, other), {})

    def __rmul__(self, other: Any) -> Any:
        return self._evaluate(MULTIPLY, (other, self), {})

    def __truediv__(self, other: Any) -> Any:
        return self._evaluate(DIVIDE, (self, other), {})

    def __rtruediv__(self, other: Any) -> Any:
        return self._evaluate(DIVIDE, (other, self), {})

    def __pow__(self, other: Any) -> Any:
        if type(other) in (int, float) and other == 2:
            return self._evaluate(SQUARE, (self,), {})  # as ndarray does
        return self._evaluate(POW, (self, other), {})

    def __rpow__(self, other: Any) -> Any:
        return self._evaluate(POW, (other, self), {})

    def __floordiv__(self, other: Any) -> Any:
        return self._evaluate(FLOOR_DIVIDE, (self, other), {})

    def __rfloordiv__(self, other: Any) -> Any:
        return self._evaluate(FLOOR_DIVIDE, (other, self), {})

    def __mod__(self, other: Any) -> Any:
        return self._evaluate(REMAINDER, (self, other), {})

    def __rmod__(self, other: Any) -> Any:
        return self._evaluate(REMAINDER, (other, self), {})

    def __matmul__(self, other: Any) -> Any:
        return self._evaluate(MATMUL, (self, other), {})

    def __rmatmul__(self, other: Any) -> Any:
        return self._evaluate(MATMUL, (other, self), {})

    def __neg__(self) -> Any:
        return self._evaluate(NEGATIVE, (self,), {})

    def __pos__(self) -> Any:
        return self._evaluate(POSITIVE, (self,), {})

    def __abs__(self) -> Any:
        return self._evaluate(ABSOLUTE, (self,), {})
