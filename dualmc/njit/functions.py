"""The functions of the rule table, and Python's operators, declared to Numba for numbers with derivatives and for arrays of them."""

import importlib
import math
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import numpy as np
from numba.core import types
from numba.core.typing.templates import AbstractTemplate, infer, infer_global, signature

from ..rules.registry import RULES, complete, missing
from ..rules.rule import Constant, Elementwise
from .chain import OPERATORS, elementwise, plain
from .emit import Emitted, called
from .errors import Refusal
from .extending import lower_builtin
from .types import PLAIN, Carrier, number

MATH = {
    "acos": "arccos", "acosh": "arccosh", "asin": "arcsin", "asinh": "arcsinh", "atan": "arctan", "atan2": "arctan2",
    "atanh": "arctanh", "pow": "power",
}  # fmt: skip
"""Functions of math that NumPy calls by other names."""

CONSTANT = {math.floor, math.ceil, math.trunc, math.isnan, math.isinf, math.isfinite, round, operator.truth, np.sign}
"""Functions beside those of the table that see values only."""

COMPARISONS = (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne)

SPECIAL = {"erf": "erf", "erfc": "erfc", "gamma": "gamma", "lgamma": "gammaln"}
"""Functions of math whose partials stand in the table of scipy.special, and their names there."""

Lower = Callable[[Any, Any, Any, Any], Any]


def _rules() -> Iterator[tuple[Any, Elementwise]]:
    """Yield each function that Numba compiles and the table has the partials of."""
    for function, rule in RULES.items():
        if isinstance(rule, Elementwise) and isinstance(function, np.ufunc):
            yield function, rule
    for function, ufunc in OPERATORS.items():
        yield function, RULES[ufunc]  # type: ignore[misc]
    for name, function in vars(math).items():
        if callable(function) and not name.startswith("_"):
            found = RULES.get(getattr(np, MATH.get(name, name), None))
            if isinstance(found, Elementwise):
                yield function, found


def _values_only() -> Iterator[Any]:
    """Yield each function that sees values only."""
    yield from (f for f, rule in RULES.items() if isinstance(rule, Constant) and isinstance(f, np.ufunc) and f.nin < 3)
    yield from CONSTANT
    yield from COMPARISONS


# Types. --------------------------------------------------------------------------------------------------------------


def value_type(t: Any) -> Any:
    """Return the type of the value of a number, without its derivatives."""
    return t.base if isinstance(t, Carrier) else t


def carrier_of(argument_types: Sequence[Any]) -> Any:
    """Return the type of the numbers with derivatives among the arguments; None if there are none, or numbers of other kinds."""
    found = {number(t).of(types.float64) for t in argument_types if isinstance(number(t), Carrier)}
    numbers = all(isinstance(number(types.unliteral(t)), (*PLAIN, Carrier)) for t in argument_types)
    return found.pop() if len(found) == 1 and numbers else None


def result_type(context: Any, function: Any, argument_types: Sequence[Any], *, constant: bool) -> Any:
    """Return the type of a function of numbers with derivatives."""
    carrier = carrier_of(argument_types)
    values = [value_type(t) for t in argument_types]
    found = context.resolve_function_type(function, tuple(values), {})
    if found is None:
        return None
    return found.return_type if constant else Carrier(found.return_type, carrier.sizes)


def declare(function: Any, nin: int, *, constant: bool) -> None:
    """Tell Numba's type inference what a function gives for numbers and arrays."""

    class Template(AbstractTemplate):  # type: ignore[misc]
        key = function
        prefer_literal = True

        def generic(self, args: Any, kws: Any) -> Any:
            if kws or len(args) != nin or carrier_of(args) is None:
                return None
            dims = [t.ndim for t in args if isinstance(t, types.Array)]
            found = result_type(self.context, function, [number(t) for t in args], constant=constant)
            if found is None or (dims and not isinstance(function, np.ufunc) and function not in ARRAY_OPERATORS):
                return None
            return signature(types.Array(found, max(dims), "C") if dims else found, *args)

    infer(Template)
    infer_global(function, types.Function(Template))


IN_PLACE = {f for f in OPERATORS if getattr(f, "__name__", "").startswith("i") and f is not abs}
"""Operators that write to their first operand if it is an array."""

ARRAY_OPERATORS = {*OPERATORS, *COMPARISONS} - IN_PLACE - {abs}
"""Operators that work on whole arrays."""


# Code. ---------------------------------------------------------------------------------------------------------------


def _operands(context: Any, builder: Any, signature: Any, args: Sequence[Any]) -> list[Any]:
    """Return arguments as numbers of the code; literals of the program as Python numbers."""
    return [
        t.literal_value if isinstance(t, types.Literal) else Emitted(context, builder, t, a)
        for t, a in zip(signature.args, args, strict=True)
    ]


def _of_rule(function: Any, rule: Elementwise) -> Lower:
    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return elementwise(rule, function, _operands(context, builder, signature, args)).cast(signature.return_type).value

    return lower


def _of_special(function: Any) -> Lower:
    """Return the code of a function whose rule is looked for when it is first needed, for it is SciPy's."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        try:
            special = importlib.import_module("scipy.special")
        except ImportError:
            raise Refusal(f"the derivative of math.{function.__name__} stands in the rules of scipy.special: install SciPy") from None
        rule = missing(getattr(special, SPECIAL[function.__name__]))
        importlib.import_module(f"{__package__}.gamma")
        context.refresh()
        context.typing_context.refresh()
        return _of_rule(function, cast("Elementwise", rule))(context, builder, signature, args)

    return lower


def _of_values(function: Any) -> Lower:
    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return called(function, *map(plain, _operands(context, builder, signature, args))).cast(signature.return_type).value

    return lower


def implement(function: Any, nin: int, lower: Lower) -> None:
    """Give Numba the code of a function of numbers."""
    patterns = [(Carrier,)] if nin == 1 else [(Carrier, Carrier), (Carrier, types.Any), (types.Any, Carrier)]
    for pattern in patterns:
        lower_builtin(function, *pattern)(lower)


def by_rule(function: Any, rule: Any) -> None:
    """Declare a function that has a rule, and give its code."""
    declare(function, len(rule.d), constant=False)
    implement(function, len(rule.d), _of_rule(function, rule))


def _arity(function: Any, rule: Any = None) -> int:
    if rule is not None:
        return len(rule.d)
    return function.nin if isinstance(function, np.ufunc) else 2 if function in COMPARISONS else 1


def register() -> None:
    """Declare all functions."""
    complete()
    for function, rule in _rules():
        if len(rule.d) < 3:
            by_rule(function, rule)
    for name in SPECIAL:
        function = getattr(math, name)
        declare(function, 1, constant=False)
        implement(function, 1, _of_special(function))
    for function in _values_only():
        declare(function, _arity(function), constant=True)
        implement(function, _arity(function), _of_values(function))


register()
