"""What takes part in a problem: a call that is timed, or the reason why there is none."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def as_it_is(result: Any) -> Any:
    return result


@dataclass(frozen=True)
class Candidate:
    """
    A call, which is timed, and what is not: how NumPy arrays are made of its result, since libraries have forms of their own, and
    what is set up before a series of calls.
    """

    call: Callable[[], Any]
    dense: Callable[[Any], Any] = as_it_is
    prepare: Callable[[], Any] | None = None


class UnableError(Exception):
    """Says why a library does not take part in a problem."""
