"""What would lose derivatives inside a compiled function is refused when it is compiled: conversions, and arrays without room."""

import functools
import operator
from typing import Any

import numpy as np
from numba.core import types
from numba.core.registry import cpu_target
from numba.core.typing.templates import AbstractTemplate, infer, infer_global
from numba.np.ufunc.dufunc import DUFunc

from ..rules.registry import RULES
from ..rules.rule import Elementwise
from .errors import COMPLEX, CONVERTED, STORED, UNTYPED, NoRoom, Refusal
from .functions import IN_PLACE
from .types import Carrier, carries, number

CONVERSIONS = (float, int, complex)

FIELD = "a number with derivatives is stored into the field {0}, which was declared as {1} and has no room for them; keep it in a tuple"
UNALIGNED = (
    "a number with derivatives is stored into the field {0} of a structref, whose memory does not start where its blocks have to; "
    "keep an array of it there, or a tuple instead of the structref"
)
VECTORIZED = "{0} was made by @vectorize, which has no code for numbers with derivatives; call a function made by @njit instead"


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


# Where Numba asks nobody: it would take memory of floats for that of numbers with derivatives. -----------------------------


def _by_value(t: Any) -> bool:
    """Whether a number with derivatives is part of a value itself, and not of memory that it points to."""
    return any(map(_by_value, t)) if isinstance(t, types.BaseTuple) else isinstance(t, Carrier)


def _fields_checked(context: Any) -> None:
    """
    Have a field of a class refuse what it has no room for.

    A structref has room for any type, but memory that starts at a multiple of 16 bytes, where blocks of more numbers are taken
    to start at a multiple of their size: the processor would stop there.
    """
    usual = context.resolve_setattr

    def resolve_setattr(target: Any, attr: str, value: Any) -> Any:
        found = usual(target, attr, value)
        if found is not None and carries(value) and not carries(found.args[-1]):
            raise Refusal(FIELD.format(attr, found.args[-1]))
        if isinstance(target, types.StructRef) and _by_value(value):
            raise Refusal(UNALIGNED.format(attr))
        return found

    context.resolve_setattr = resolve_setattr


def _vectorized_checked(compile_for: Any) -> Any:
    """Have a function made by @vectorize refuse numbers with derivatives."""

    @functools.wraps(compile_for)
    def _compile_for_argtys(self: Any, argtys: Any, return_type: Any = None) -> Any:
        if any(map(carries, argtys)):
            raise Refusal(VECTORIZED.format(self.__name__))
        return compile_for(self, argtys, return_type)

    return _compile_for_argtys


_fields_checked(cpu_target.typing_context)
DUFunc._compile_for_argtys = _vectorized_checked(DUFunc._compile_for_argtys)  # noqa: SLF001
