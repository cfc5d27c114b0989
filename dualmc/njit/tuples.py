"""Tuples of numbers of which some have derivatives: to programs they are tuples of one type, as they are without derivatives."""

import operator
from typing import Any

from numba.core import types
from numba.core.typing.templates import AbstractTemplate, infer, infer_global, signature

from .types import PLAIN, Carrier


def _uniform(context: Any, t: Any) -> Any:
    """Return the type of a tuple whose numbers all have derivatives, or None where it is none."""
    if not isinstance(t, types.Tuple) or not any(isinstance(x, Carrier) for x in t):
        return None
    if not all(isinstance(types.unliteral(x), (*PLAIN, Carrier)) for x in t):
        return None
    return types.UniTuple(context.unify_types(*map(types.unliteral, t)), len(t))


@infer
class _Iterated(AbstractTemplate):  # type: ignore[misc]
    key = "getiter"

    def generic(self, args: Any, kws: Any) -> Any:
        """Return the iterator of a tuple of one type."""
        uniform = _uniform(self.context, args[0])
        return None if uniform is None else signature(types.UniTupleIter(uniform), uniform)


@infer_global(operator.getitem)
class _Indexed(AbstractTemplate):  # type: ignore[misc]
    key = operator.getitem

    def generic(self, args: Any, kws: Any) -> Any:
        """Return the entry of a tuple of one type."""
        t, index = args
        uniform = _uniform(self.context, t)
        if uniform is None or not isinstance(index, types.Integer) or isinstance(index, types.IntegerLiteral):
            return None
        return signature(uniform.dtype, uniform, types.intp)
