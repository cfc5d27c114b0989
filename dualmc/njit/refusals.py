"""What would lose derivatives inside a compiled function is refused when it is compiled: conversions, and arrays without room."""

import operator
from typing import Any

import numpy as np
from numba.core import types
from numba.core.typing.templates import AbstractTemplate, infer, infer_global

from ..rules.registry import RULES
from ..rules.rule import Elementwise
from .errors import COMPLEX, CONVERTED, STORED, UNTYPED, NoRoom, Refusal
from .functions import IN_PLACE
from .types import Carrier, carries, number

CONVERSIONS = (float, int, complex)


def _refuse(function: Any, check: Any) -> None:
    """Have Numba's type inference raise what check(args) returns, if it returns an error."""

    class Template(AbstractTemplate):  # type: ignore[misc]
        key = function

        def generic(self, args: Any, kws: Any) -> None:
            error = check(args)
            if error is not None:
                raise error

    infer(Template)
    infer_global(function, types.Function(Template))


def _converted(function: Any) -> Any:
    text = COMPLEX if function is complex else CONVERTED.format(function.__name__)
    return lambda args: Refusal(text) if any(isinstance(t, Carrier) for t in args) else None


def _has_no_room(target: Any) -> bool:
    return isinstance(target, types.Array) and target.dtype.is_precise() and not carries(target)


def _stored(args: Any) -> Refusal | None:
    target, *_, value = args
    if isinstance(target, types.DictType) and target.is_precise() and not carries(target.value_type) and carries(value):
        return Refusal(UNTYPED.format("dictionary", "Dict()"))
    return NoRoom(STORED.format(target.dtype)) if _has_no_room(target) and isinstance(number(value), Carrier) else None


def _written_to(nin: int) -> Any:
    """Return the check of a function that is given an array to write to, after its operands."""

    def check(args: Any) -> Refusal | None:
        return _stored((args[-1], *args[:-1])) or _stored((args[-1], args[0])) if len(args) == nin + 1 else None

    return check


def _complex(args: Any) -> Refusal | None:
    given = [number(t) for t in args]
    mixed = any(isinstance(t, types.Complex) for t in given) and any(isinstance(t, Carrier) for t in given)
    return Refusal(COMPLEX) if mixed else None


for _function in CONVERSIONS:
    _refuse(_function, _converted(_function))
for _store in (operator.setitem, *IN_PLACE):
    _refuse(_store, _stored)
for _ufunc, _rule in RULES.items():
    if isinstance(_rule, Elementwise) and isinstance(_ufunc, np.ufunc):
        _refuse(_ufunc, _written_to(_ufunc.nin))
_refuse(np.dot, _written_to(2))
for _operator in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow):
    _refuse(_operator, _complex)
