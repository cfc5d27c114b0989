"""Settings that a program may change while it runs."""

import os
from collections.abc import Callable
from typing import Literal, TypeAlias, cast, get_args

Kernels: TypeAlias = Literal["auto", "always", "never"]

ENVIRONMENT = "DUALMC_KERNELS"


class Config:
    """
    Settings of dualmc, for the whole process; the one object is `dualmc.config`.

    Attributes
    ----------
    kernels : {"auto", "always", "never"}
        When compiled kernels do the element-wise and reduction work of large arrays. "auto", the default: once enough
        numbers have passed to pay for importing Numba and for compiling; "always": at once; "never": NumPy does all.
        The environment variable DUALMC_KERNELS sets the value that a process starts with.

    Raises
    ------
    ValueError
        If a setting is given a value that it does not have.

    Notes
    -----
    Results of kernels and of NumPy agree to rounding, and bit for bit where an operation is linear. Kernels emit no
    floating-point warnings. `python -m dualmc warmup` compiles them ahead of time and keeps them on disk.

    Examples
    --------
    >>> import dualmc as dm
    >>> dm.config.kernels
    'auto'
    >>> dm.config.kernels = "never"
    >>> dm.config.kernels = "auto"

    """

    def __init__(self) -> None:
        self._watchers: list[Callable[[], None]] = []
        self._kernels: Kernels = "auto"
        self.kernels = cast("Kernels", os.environ.get(ENVIRONMENT, "auto"))

    @property
    def kernels(self) -> Kernels:
        """When compiled kernels run."""
        return self._kernels

    @kernels.setter
    def kernels(self, value: Kernels) -> None:
        if value not in get_args(Kernels):
            raise ValueError(f"config.kernels (or {ENVIRONMENT}) must be one of {', '.join(get_args(Kernels))}; got {value!r}")
        self._kernels = value
        for notify in self._watchers:
            notify()

    def watch(self, notify: Callable[[], None]) -> None:
        """Call notify whenever a setting changes."""
        self._watchers.append(notify)

    def __repr__(self) -> str:
        """Show all settings."""
        return f"Config(kernels={self.kernels!r})"


config = Config()
