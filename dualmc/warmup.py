"""Compile all kernels ahead of time, so that later processes load them from disk."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .kernels import WARM, switch
from .rules.registry import RULES
from .rules.rule import Elementwise

DTYPES = ("float64", "float32")


def _kernels() -> Iterator[tuple[str, Callable[..., None], int]]:
    """Yield the name of each kernel, the kernel, and how many arrays it takes."""
    for rule in RULES.values():
        if type(rule) is Elementwise and len(rule.d) < 3:
            for active in itertools.product((True, False), repeat=len(rule.d)):
                kernel = switch.fused.compiled(rule, active) if any(active) else None
                if kernel is not None:
                    yield rule.func.__name__, kernel, len(active) + sum(active) + 2
    for name, kernel in switch.reduce.KERNELS.items():
        yield name, kernel, 0


def warmup(dtypes: Sequence[str] = DTYPES[:1], report: Callable[[str], Any] = lambda line: None) -> int:
    """
    Compile every kernel for the given precisions and keep it on disk.

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
    for dtype in dtypes:
        for name, kernel, arity in _kernels():
            arrays = [np.ones(1, dtype) for _ in range(arity or 4)]
            kernel(*arrays) if arity else kernel(*arrays[:2], 1, 0.0, *arrays[2:])
            count += 1
            report(f"{dtype} {name}")
    if WARM.parent.is_dir():
        WARM.write_text(switch.fused.state())
    return count
