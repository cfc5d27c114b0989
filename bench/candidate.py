"""What takes part in a problem: a call that is timed, or the reason why there is none."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def as_it_is(result: Any) -> Any:
    return result


@dataclass(frozen=True)
class Candidate:
    """A call, which is timed, and how NumPy arrays are made of what it returns, which is not: libraries have forms of their own."""

    call: Callable[[], Any]
    dense: Callable[[Any], Any] = as_it_is


class UnableError(Exception):
    """Says why a library does not take part in a problem."""
