"""
Calls of compiled functions with Duals: Numba asks what type they are, and is given their result instead of compiled code.

A dispatcher is a C object. For arguments of a type that it has no code for, it calls its own method `_compile_for_args` and
then what that returns, which has to be a C function: here one that returns what was found already.
"""

import ctypes
import functools
from collections.abc import Callable
from typing import Any

from numba.core import types
from numba.core.dispatcher import Dispatcher, OmittedArg

from ..arrays.creation import carries

Evaluate = Callable[[Any, tuple[Any, ...]], Any]

ACTIVE = types.Opaque("array with derivatives")
"""What Numba is told a Dual is: a type that no function has code for."""

_VARARGS, _KEYWORDS = 1, 2


class _Method(ctypes.Structure):
    """PyMethodDef of Python's C interface."""

    _fields_ = (("name", ctypes.c_char_p), ("function", ctypes.c_void_p), ("flags", ctypes.c_int), ("doc", ctypes.c_char_p))


_itself = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object, ctypes.c_void_p, ctypes.c_void_p)(lambda result, _, __: result)
_method = _Method(b"result", ctypes.cast(_itself, ctypes.c_void_p), _VARARGS | _KEYWORDS, None)
_new = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)(("PyCFunction_NewEx", ctypes.pythonapi))


def returning(result: Any) -> Any:
    """Return a C function that takes any arguments and returns the result."""
    return _new(ctypes.byref(_method), result, None)


def holds(x: Any) -> bool:
    """Whether an argument is an array with derivatives, or contains one."""
    return any(map(holds, x)) if isinstance(x, (tuple, list)) else carries(x)


def install(evaluate: Evaluate) -> None:
    """Have calls with Duals go to evaluate(dispatcher, args)."""
    compiled = Dispatcher._compile_for_args  # noqa: SLF001

    @functools.wraps(compiled)
    def _compile_for_args(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not any(map(holds, args)):
            return compiled(self, *args, **kwargs)
        self._types_active_call.clear()
        return returning(evaluate(self, tuple([a.value if isinstance(a, OmittedArg) else a for a in args])))

    Dispatcher._compile_for_args = _compile_for_args  # noqa: SLF001
