"""What a refusal says: the reason, and the line to change, before the report of Numba."""

import re
from typing import Any

from numba.core import ir

STORED = (
    "a number with derivatives is stored into an array of {0}, which has no room for them; "
    "allocate it as np.zeros(n, dtype=x.dtype) or np.zeros_like(x)"
)
CONVERTED = "{0}(x) of a number with derivatives would lose them; leave the conversion out, or compute with x itself"

UNTYPED = "a number with derivatives is put into a {0} that was made for numbers without; make it as {1}, whose type follows from its use"
COMPLEX = "complex numbers with derivatives are not there in compiled code; compute with real and imaginary parts"


class Refusal(Exception):  # noqa: N818
    """
    Raised while types are inferred, where derivatives would be lost.

    It is no error of Numba's, for those end up in a report of all that was tried, and are kept for the next attempt.
    """


class NoRoom(Refusal):
    """A number with derivatives is stored into an array without room for them."""


_CAST = re.compile(r"Casting \w*Dual\([^)]*\) to (\w+) directly is unsupported")


_ABSENT = re.compile(r"No implementation of function Function\((.*?)\) found for signature")

INSTEAD = "write it as a loop, or call {}.py_func, which goes through NumPy functions"


def refusal(dispatcher: Any, error: Exception) -> TypeError:
    """Return the error for a function that does not compile for numbers with derivatives."""
    name, report = getattr(dispatcher, "__name__", "the function"), str(error)
    cast = _CAST.search(report)
    if isinstance(error, Refusal) or cast:
        reason = CONVERTED.format(f"np.{cast[1]}") if cast else report
        return TypeError(f"{name}{_place(error)}: {reason}")
    called = _ABSENT.search(report)
    absent = f": {_written(called[1])} is not there for them in compiled code; {INSTEAD.format(name)}" if called else ""
    if called and "impl_append" in called[1]:
        return TypeError(f"{name}{_place(error)}: {UNTYPED.format('list', 'List()')}")
    return TypeError(f"{name}{_place(error)} cannot be compiled for numbers with derivatives{absent}.\n{report}")


def _written(function: str) -> str:
    """Return how a program calls a function that a report of Numba names."""
    return next((m[1] for m in (re.match(r"<(?:built-in )?(?:function|ufunc) '?([\w.]+)", function),) if m), function)


def _place(error: Exception) -> str:
    """Return the line of the program that types were inferred for when the error was raised."""
    found, step = None, error.__traceback__
    while step is not None:
        loc = getattr(step.tb_frame.f_locals.get("self"), "loc", None)
        found = loc if isinstance(loc, ir.Loc) else found
        step = step.tb_next
    found = found or getattr(error, "loc", None)
    return f" ({found.filename}, line {found.line})" if found is not None else ""
