"""
Arrays that a function allocates without a dtype, and then stores derivatives into: `np.zeros(n)` becomes an array that holds them.

A function is compiled as it stands first. Only where that fails for a number stored into an array without room for its
derivatives, it is compiled again with such allocations given the dtype of the arguments.
"""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from numba.core import ir, types
from numba.core.errors import NumbaError
from numba.core.ir_utils import find_callname, mk_unique_var
from numba.core.rewrites import Rewrite, register_rewrite

from .errors import NoRoom, Refusal
from .types import Carrier, number

ALLOCATIONS = {"zeros", "empty", "ones"}
"""Functions of NumPy whose dtype is float64 if nothing else is said."""

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
    """Give allocations without a dtype that of the arguments with derivatives."""

    def match(self, func_ir: Any, block: Any, typemap: Any, calltypes: Any) -> bool:
        """Find allocations; typemap and calltypes are empty before inference."""
        if not getattr(_STATE, "on", False):
            return False
        self.carrier = _carrier(self.arguments)
        if self.carrier is None:
            return False
        self.block, self.found = block, []
        for assignment in block.find_insts(ir.Assign):
            call = assignment.value
            if isinstance(call, ir.Expr) and call.op == "call" and len(call.args) == 1 and not call.kws and not call.vararg:
                name = find_callname(func_ir, call)
                if name is not None and name[1] == "numpy" and name[0] in ALLOCATIONS:
                    self.found.append(assignment)
        return bool(self.found)

    def __init__(self, state: Any) -> None:
        super().__init__(state)
        self.arguments = state.args

    def apply(self) -> Any:
        """Return the block with a second argument in each of the calls."""
        new = self.block.copy()
        new.clear()
        for statement in self.block.body:
            if statement in self.found:
                call, loc = statement.value, statement.loc
                dtype = ir.Var(statement.target.scope, mk_unique_var("$dtype"), loc)
                new.append(ir.Assign(ir.Global("dtype", self.carrier, loc), dtype, loc))
                call = ir.Expr.call(call.func, [*call.args, dtype], (), loc)
                new.append(ir.Assign(call, statement.target, loc))
            else:
                new.append(statement)
        return new
