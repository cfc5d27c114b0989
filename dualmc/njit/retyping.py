"""
Arrays that a function allocates without a dtype, and then stores derivatives into: `np.zeros(n)` becomes an array that holds them.

A function is compiled as it stands first. Only where that fails for a number stored into an array without room for its
derivatives, it is compiled again with such allocations given the dtype of the arguments.
"""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
from numba.core import ir, types
from numba.core.errors import NumbaError
from numba.core.ir_utils import find_callname, get_definition, guard, mk_unique_var
from numba.core.rewrites import Rewrite, register_rewrite

from .errors import NoRoom, Refusal
from .types import Carrier, number

ALLOCATIONS = {"zeros": 1, "empty": 1, "ones": 1, "full": 2}
"""Functions of NumPy whose dtype is float64 if nothing else is said, and how many arguments stand before it."""

PLAIN = (float, np.float64)
"""How a program says float64."""

_STATE = threading.local()


@contextlib.contextmanager
def _retyping() -> Iterator[None]:
    _STATE.on = True
    try:
        yield
    finally:
        _STATE.on = False


def compiled(dispatcher: Any, argument_types: tuple[Any, ...]) -> Any:
    """Return the compiled function for arguments of these types."""
    try:
        return dispatcher.compile(argument_types)
    except NoRoom as error:
        with _retyping():
            try:
                return dispatcher.compile(argument_types)
            except (NumbaError, Refusal):
                raise error from None


def _carrier(argument_types: Any) -> Any:
    for t in argument_types:
        if isinstance(t, types.BaseTuple):
            found = _carrier(t)
            if found is not None:
                return found
        if isinstance(number(t), Carrier):
            return number(t)
    return None


@register_rewrite("before-inference")
class Retype(Rewrite):  # type: ignore[misc]
    """Give allocations of float64 the type of the arguments with derivatives."""

    def __init__(self, state: Any) -> None:
        super().__init__(state)
        self.carrier = _carrier(state.args or ()) if getattr(_STATE, "on", False) else None

    def match(self, func_ir: Any, block: Any, typemap: Any, calltypes: Any) -> bool:
        """Find allocations; typemap and calltypes are empty before inference."""
        if self.carrier is None:
            return False
        self.block, self.func_ir = block, func_ir
        self.found = [a for a in block.find_insts(ir.Assign) if self._is_allocation(a.value)]
        return bool(self.found)

    def _is_allocation(self, call: Any) -> bool:
        if not isinstance(call, ir.Expr) or call.op != "call" or call.vararg is not None:
            return False
        places = self._places(call)
        dtypes = [v for k, v in call.kws if k == "dtype"] + list(call.args[places:])
        return places > 0 and len(dtypes) == max(0, len(call.args) - places) + len(call.kws) and all(map(self._is_plain, dtypes))

    def _places(self, call: Any) -> int:
        """Return how many arguments stand before the dtype; 0 if the function is not an allocation."""
        name, module = guard(find_callname, self.func_ir, call) or ("", "")
        return ALLOCATIONS.get(name, 0) if module == "numpy" else 0

    def _is_plain(self, dtype: Any) -> bool:
        """Whether a variable is float64, said as np.float64 or float."""
        found = guard(get_definition, self.func_ir, dtype)
        if isinstance(found, (ir.Global, ir.FreeVar)):
            return found.value in PLAIN
        return isinstance(found, ir.Expr) and found.op == "getattr" and found.attr == "float64"

    def apply(self) -> Any:
        """Return the block with another dtype in each of the calls."""
        new = self.block.copy()
        new.clear()
        for statement in self.block.body:
            if statement in self.found:
                call, loc = statement.value, statement.loc
                dtype = ir.Var(statement.target.scope, mk_unique_var("$dtype"), loc)
                new.append(ir.Assign(ir.Global("dtype", self.carrier, loc), dtype, loc))
                kept, named = list(call.args[: self._places(call)]), [kw for kw in call.kws if kw[0] != "dtype"]
                call = ir.Expr.call(call.func, kept, (*named, ("dtype", dtype)), loc)
                new.append(ir.Assign(call, statement.target, loc))
            else:
                new.append(statement)
        return new
