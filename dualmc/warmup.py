"""Compile all kernels, and the loops around compiled functions, ahead of time, so that later processes load them from disk."""

import functools
import importlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .kernels import WARM, compiled, switch
from .rules.registry import RULES
from .rules.rule import Elementwise

DTYPES = ("float64", "float32")


def _kernels(dtypes: Sequence[str]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield the name of each kernel and a function that compiles it."""
    for dtype in dtypes:
        char = np.dtype(dtype).char
        for rule in RULES.values():
            if type(rule) is Elementwise:
                for active in itertools.product((True, False), repeat=len(rule.d)):
                    if switch.fused.has_kernel(rule, active):
                        yield f"{dtype} {rule.func.__name__}", functools.partial(switch.fused.compiled, rule, active, char)
        for name, kernel, arguments in switch.examples(dtype):
            yield f"{dtype} {name}", functools.partial(kernel, *arguments)
        for name, compile_it in importlib.import_module("dualmc.njit.examples").examples(dtype):
            yield f"{dtype} {name}", compile_it
    for name, kernel, arguments in compiled("coloring").examples():
        yield f"coloring {name}", functools.partial(kernel, *arguments)


def warmup(dtypes: Sequence[str] = DTYPES[:1], report: Callable[[str], Any] = lambda line: None) -> int:
    """
    Compile every kernel for the given precisions and keep it on disk.

    With them go the loops over directions for functions compiled by Numba that take one vector.

    Parameters
    ----------
    dtypes : sequence of str
        "float64", "float32" or both.
    report : callable
        Is called with one line of text for each kernel.

    Returns
    -------
    int
        How many kernels were compiled or found.

    Raises
    ------
    ValueError
        If there are no kernels for a dtype.

    Examples
    --------
    >>> from dualmc.warmup import warmup
    >>> warmup(["int64"])
    Traceback (most recent call last):
    ValueError: warmup: dtypes must be among float64, float32; got 'int64'

    """
    for dtype in dtypes:
        if dtype not in DTYPES:
            raise ValueError(f"warmup: dtypes must be among {', '.join(DTYPES)}; got {dtype!r}")
    switch.load()
    count = 0
    for name, compile_it in _kernels(dtypes):
        compile_it()
        count += 1
        report(name)
    if WARM.parent.is_dir():
        WARM.write_text(switch.fused.state())
    return count
