"""
Arrays that a function makes without a dtype, and then stores derivatives into: `np.zeros(n)` becomes an array that holds them.

A function is compiled as it stands first. Only where that fails for a number stored into an array without room for its
derivatives, it is compiled again: allocations are given the dtype of the arguments, and what other functions of NumPy
return as a new array, `np.zeros_like(constant)` or `np.arange(6.0)`, is copied into one that holds derivatives.
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
from .extending import overload
from .types import Carrier, number

ALLOCATIONS = {"zeros": 1, "empty": 1, "ones": 1, "full": 2}
"""Functions of NumPy whose dtype is float64 if nothing else is said, and how many arguments stand before it."""

NEW = frozenset(
    ("zeros_like", "empty_like", "ones_like", "full_like", "copy", "array", "arange", "linspace", "eye", "identity", "diag", "repeat")
)
"""Functions whose result, if it is an array of floating numbers, is new, so that nothing is missed if it is replaced by a copy."""

KEPT = "$plain"
"""How the name of a variable starts that holds an array before it is copied."""

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
        assigned = list(block.find_insts(ir.Assign))
        self.found = [a for a in assigned if self._is_allocation(a.value)]
        self.new = [a for a in assigned if not a.target.name.startswith(KEPT) and self._is_new(a.value)]
        return bool(self.found or self.new)

    def _is_new(self, call: Any) -> bool:
        """Whether an expression is the call of a function, or of the method copy, that returns a new array."""
        if not isinstance(call, ir.Expr) or call.op != "call":
            return False
        function = guard(get_definition, self.func_ir, call.func)
        name, module = guard(find_callname, self.func_ir, call) or ("", "")
        return (module == "numpy" and name in NEW) or getattr(function, "attr", "") == "copy"

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
            if statement in self.new:
                self._copied(new, statement)
            elif statement in self.found:
                call, loc = statement.value, statement.loc
                dtype = self._named(new, statement, "dtype", self.carrier)
                kept, named = list(call.args[: self._places(call)]), [kw for kw in call.kws if kw[0] != "dtype"]
                call = ir.Expr.call(call.func, kept, (*named, ("dtype", dtype)), loc)
                new.append(ir.Assign(call, statement.target, loc))
            else:
                new.append(statement)
        return new

    def _named(self, block: Any, statement: Any, name: str, value: Any) -> Any:
        """Return a new variable that holds a constant."""
        variable = ir.Var(statement.target.scope, mk_unique_var(f"${name}"), statement.loc)
        block.append(ir.Assign(ir.Global(name, value, statement.loc), variable, statement.loc))
        return variable

    def _copied(self, block: Any, statement: Any) -> None:
        """Add the statement, and have its target be a copy with room of what it was."""
        loc = statement.loc
        function, dtype = self._named(block, statement, "with_room", with_room), self._named(block, statement, "dtype", self.carrier)
        first = ir.Var(statement.target.scope, mk_unique_var(KEPT), loc)
        block.append(ir.Assign(statement.value, first, loc))
        block.append(ir.Assign(ir.Expr.call(function, [first, dtype], (), loc), statement.target, loc))


def with_room(x: Any, dtype: Any) -> Any:
    """Return an array of floating numbers as one with room for derivatives; anything else as it is."""


@overload(with_room)
def _with_room(x: Any, dtype: Any) -> Any:
    if not isinstance(x, types.Array) or not isinstance(x.dtype, types.Float):
        return lambda x, dtype: x
    entry = (dtype.instance_type if isinstance(dtype, types.TypeRef) else dtype.dtype).of(x.dtype)

    def roomy(x: Any, dtype: Any) -> Any:
        out = np.empty(x.shape, entry)
        out[...] = x
        return out

    return roomy
