"""
Compiled loops, and when they run. Numba is imported here, once enough numbers have passed to pay for it.

Measured: importing Numba takes some 0.3 s, compiling a kernel about 1 s, loading one from disk 6 ms; a kernel saves 1 to
15 ns a number (bench/bench_kernels.py).
"""

import importlib
from collections import Counter
from pathlib import Path
from typing import Any

from ..settings import config

IMPORT_AFTER = 10**8
"""Numbers that large operations have handled, in all, before Numba is imported: some 0.5 s of work."""

COMPILE_AFTER = 10**8
"""Numbers that one operation has handled before its kernel is compiled."""

LOAD_AFTER = 10**6
"""The same for a kernel that `python -m dualmc warmup` has compiled before."""

WARM = Path(__file__).with_name("__pycache__") / "warm"
"""A file that names what the kernels on disk were compiled from."""


class Switch:
    """Which kernels are in use; one object serves the process."""

    def __init__(self) -> None:
        self.found: dict[Any, Any] = {}
        """The kernel of each operation, None where NumPy does it; an element-wise one is a rule and which arguments move."""
        self.passed = 0
        self.uses: Counter[Any] = Counter()
        self.after = COMPILE_AFTER
        self.fused: Any = None
        self.reduce: Any = None
        self.mode = config.kernels
        config.watch(self.changed)

    def changed(self) -> None:
        """Read the settings again."""
        self.mode = config.kernels
        self.found.clear()

    def kernel(self, operation: Any, size: int) -> Any:
        """Return the kernel for an operation on size numbers, or None where NumPy is to do it."""
        kernel = self.found.get(operation, self)
        return kernel if kernel is not self else self._decide(operation, size)

    def _decide(self, operation: Any, size: int) -> Any:
        if self.mode == "auto" and not self._paid(operation, size):
            return None
        kernel = None
        if self.mode != "never":
            self.load()
            kernel = self.fused.compiled(*operation) if isinstance(operation, tuple) else self.reduce.KERNELS.get(operation)
        self.found[operation] = kernel
        return kernel

    def _paid(self, operation: Any, size: int) -> bool:
        """Count numbers, and return whether there were enough of them."""
        self.passed += size
        self.uses[operation] += size
        if self.passed < IMPORT_AFTER:
            return False
        self.load()
        return self.uses[operation] >= self.after

    def load(self) -> None:
        """Import Numba and what is compiled with it."""
        if self.fused is None:
            self.fused, self.reduce = (importlib.import_module(name, __name__) for name in (".fused", ".reduce"))
            self.after = LOAD_AFTER if WARM.is_file() and WARM.read_text() == self.fused.state() else COMPILE_AFTER


switch = Switch()
