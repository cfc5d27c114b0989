"""Rows of the tables of tests: calls of NumPy functions, at arguments that dualmc.testing draws."""

import itertools
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dualmc.testing.calls import apart


@dataclass(frozen=True)
class Case:
    """
    A call of a NumPy function: `f(*arrays)` with arrays of the given shapes.

    `domain` is "real" or "positive". `kinds` says whether it takes real ("f") or complex values, too ("fc"). `linear`
    marks functions that are their own derivative. `alone` says which operands NumPy lets carry a tangent without the
    others. `ulps` is how far the value may be from NumPy's; 0 means the same
    bits. `smooth` marks the cases whose second derivative is tested, and `reach` is how far arguments may move before a result jumps, in
    units of their tangents.
    """

    name: str
    f: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...]
    domain: str = "real"
    kinds: str = "fc"
    linear: bool = False
    ulps: int = 0
    smooth: bool = False
    alone: tuple[int, ...] | None = None
    reach: float = 1.0

    def __str__(self) -> str:
        return self.name

    def carriers(self) -> Iterator[Sequence[int]]:
        """Yield which operands carry a tangent: all of them, and each alone."""
        n = len(self.shapes)
        yield range(n)
        yield from ([i] for i in (range(n) if self.alone is None else self.alone) if n > 1)

    def sample(self, dtype: Any = np.float64) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return arguments and tangents: entries are at least 0.02 apart, and from 0, so that no kink is near."""
        rng = np.random.default_rng(zlib.crc32(self.name.encode()))
        xs = list(apart(self.shapes, rng, dtype, positive=self.domain == "positive"))
        ts = [rng.uniform(-1, 1, s) for s in self.shapes]
        if np.dtype(dtype).kind == "c":
            ts = [t + 1j * rng.uniform(-1, 1, t.shape) for t in ts]
        return xs, [np.asarray(t).astype(dtype) for t in ts]


def named(name: str, f: Callable[..., Any], *shapes: tuple[int, ...], **about: Any) -> Case:
    """Return a case written as a function of its arrays."""
    return Case(name, f, shapes, **about)


def each(func: Any, shapes: Sequence[tuple[int, ...]], about: dict[str, Any] | None = None, **options: Sequence[Any]) -> Iterator[Case]:
    """Yield `func(*arrays, **kwargs)` for every combination of the listed keyword values."""
    for values in itertools.product(*options.values()):
        kwargs = dict(zip(options, values, strict=True))
        shown = ", ".join([*(str(s).replace(" ", "") for s in shapes), *(f"{k}={_shown(v)}" for k, v in kwargs.items())])
        yield Case(f"{func.__name__}({shown})", lambda *xs, kwargs=kwargs: func(*xs, **kwargs), tuple(shapes), **(about or {}))


def _shown(value: Any) -> str:
    return f"array{value.shape}" if isinstance(value, np.ndarray) else getattr(value, "__name__", None) or repr(value)


def with_(cases: Iterable[Case], **about: Any) -> list[Case]:
    """Return the cases with something said about all of them."""
    return [Case(**{**{k: getattr(c, k) for k in Case.__dataclass_fields__}, **about}) for c in cases]
