"""
Compiled loops, and when they run. Numba is imported here, once enough numbers have passed to pay for it.

Measured: importing Numba takes some 0.3 s, compiling a kernel about 1 s, loading one from disk 10 to 50 ms; a kernel saves 1 to
15 ns a number (python -m bench).
"""

import importlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from ..settings import config

IMPORT_AFTER = 10**8
"""Numbers that large operations have handled, in all, before Numba is imported: some 0.5 s of work."""

COMPILE_AFTER = 10**8
"""Numbers that one operation has handled before its kernel is compiled."""

LEAST = 500
"""Numbers in a tangent from which an operation counts towards these, and may get a kernel."""

LOAD_AFTER = 10**7
"""The same for a kernel that `python -m dualmc warmup` has compiled before."""

LARGEST_KEPT = 2**25 - 2**15
"""Bytes of the largest array that glibc may keep when it is freed: DEFAULT_MMAP_THRESHOLD_MAX, less what it adds itself."""

WARM = Path(__file__).with_name("__pycache__") / "warm"
"""A file that names what the kernels on disk were compiled from."""

Kind: TypeAlias = tuple[tuple[bool, ...], str]
"""Which arguments of an element-wise function carry a tangent, none of them for other operations; and the code of the dtype."""


def keep_freed_memory() -> None:
    """
    Have the allocator keep what is freed, as it does after any program has freed an array of 32 MB; nothing is written to.

    glibc gives freed arrays back to the system and asks for them anew, page by page, until the largest one that was ever
    freed tells it what to expect. A chain of operations on 6 MB takes a third of the time after it (bench, chain k=8).
    """
    np.empty(LARGEST_KEPT, np.uint8)


def compiled(name: str) -> Any:
    """Return a module of kernels; it imports Numba."""
    return importlib.import_module(f".{name}", __name__)


class Switch:
    """Which kernels are in use; one object serves the process."""

    def __init__(self) -> None:
        self.found: dict[Any, dict[Any, Any]] = {}
        """By kind of kernel (`Kind`), and in it by rule or name: the kernel, or None where NumPy is to do the work."""
        self.unary: dict[Any, Any] = {}
        """The kernels of functions of one array in double precision once more, by ufunc."""
        self.passed = 0
        self.uses: Counter[Any] = Counter()
        self.after = COMPILE_AFTER
        self.fused: Any = None
        self.others: list[Any] = []
        self.named: dict[str, Any] = {}
        """Kernels of operations that are not entries of the rule table."""
        self.changed()
        config.watch(self.changed)

    def changed(self) -> None:
        """Read the settings."""
        self.mode = config.kernels
        self.least = 1 if self.mode == "always" else LEAST
        for kernels in (self.unary, *self.found.values()):
            kernels.clear()

    def of(self, kind: Kind) -> dict[Any, Any]:
        """Return the kernels of one kind that are in use; it stays the same object."""
        return self.found.setdefault(kind, {})

    def kernel(self, kind: Kind, operation: Any, size: int) -> Any:
        """Return the kernel for an operation on size numbers, or None where NumPy is to do it."""
        kernel = self.of(kind).get(operation, self)
        return kernel if kernel is not self else self._decide(kind, operation, size)

    def _decide(self, kind: Kind, operation: Any, size: int) -> Any:
        if not self.uses:
            keep_freed_memory()
        self.uses[kind, operation] += size
        if self.mode == "auto" and not self._paid((kind, operation), size):
            return None
        kernel = None
        if self.mode != "never":
            self.load()
            active, char = kind
            kernel = self.fused.compiled(operation, active, char) if active else self.named.get(operation)
        self.of(kind)[operation] = kernel
        if kernel is not None and kind == ((True,), "d"):
            self.unary[operation.func] = kernel
        return kernel

    def _paid(self, use: Any, size: int) -> bool:
        """Count numbers, and return whether there were enough of them."""
        self.passed += size
        if self.passed < IMPORT_AFTER:
            return False
        self.load()
        return self.uses[use] >= self.after

    def load(self) -> None:
        """Import Numba and what is compiled with it."""
        if self.fused is None:
            self.fused, *self.others = (compiled(name) for name in ("fused", "reduce", "combine"))
            self.named = {name: kernel for module in self.others for name, kernel in module.KERNELS.items()}
            self.after = LOAD_AFTER if WARM.is_file() and WARM.read_text() == self.fused.state() else COMPILE_AFTER

    def examples(self, dtype: str) -> Iterator[tuple[str, Any, tuple[Any, ...]]]:
        """Yield the name of each kernel that is not an entry of the rule table, the kernel, and arguments that it compiles for."""
        for module in self.others:
            yield from module.examples(dtype)


switch = Switch()
