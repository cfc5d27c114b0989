"""What would lose derivatives inside a compiled function is refused when it is compiled: conversions, and arrays without room."""

import operator
from typing import Any

from numba.core import types
from numba.core.typing.templates import AbstractTemplate, infer, infer_global

from .errors import CONVERTED, STORED, NoRoom, Refusal
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
    text = CONVERTED.format(function.__name__)
    return lambda args: Refusal(text) if len(args) == 1 and isinstance(args[0], Carrier) else None


def _stored(args: Any) -> Refusal | None:
    target, _, value = args
    plain = isinstance(target, types.Array) and target.dtype.is_precise() and not carries(target)
    return NoRoom(STORED.format(target.dtype)) if plain and isinstance(number(value), Carrier) else None


for _function in CONVERSIONS:
    _refuse(_function, _converted(_function))
_refuse(operator.setitem, _stored)
