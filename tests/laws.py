"""Shared by the tests of functions: what a case is, the truth it is held to, and how close it must come."""

import itertools
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import dualmc as dm
from dualmc.arrays.creation import carries
from dualmc.testing import finite

STEPS = [2.0**-k for k in (8, 9, 10, 11)]


def tolerance(dtype: Any, condition: float = 1.0) -> float:
    """Return the error allowed in a result of this dtype whose rounding errors are amplified by `condition`."""
    return 64 * float(np.finfo(dtype).eps) * max(1.0, condition)


# Cases. ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """
    A call of a NumPy function: `f(*arrays)` with arrays of the given shapes.

    `domain` is "real" or "positive". `kinds` says whether it takes real ("f") or complex values, too ("fc"). `linear`
    marks functions that are their own derivative. `alone` says which operands NumPy lets carry a tangent without the
    others. `ulps` is how far the value may be from NumPy's; 0 means the same
    bits. `smooth` marks the cases whose second derivative is tested.
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
        sizes = [int(np.prod(s)) for s in self.shapes]
        n = sum(sizes)
        values = 0.3 + 2 * (rng.permutation(n) + 0.5) / max(n, 1)
        if self.domain == "real":
            values = values * rng.choice([-1, 1], n)
        tangents = rng.uniform(-1, 1, n)
        if np.dtype(dtype).kind == "c":
            values, tangents = values + 1j * rng.uniform(-1, 1, n), tangents + 1j * rng.uniform(-1, 1, n)
        cuts = np.cumsum(sizes)[:-1]

        def parted(x: np.ndarray) -> list[np.ndarray]:
            return [p.reshape(s).astype(dtype) for p, s in zip(np.split(x, cuts), self.shapes, strict=True)]

        return parted(values), parted(tangents)


def buffer_like(xs: Sequence[Any]) -> Any:
    """Return zeros of the shape of the first array that can hold what is computed from all of them."""
    carrier = next(filter(carries, xs), xs[0])
    return np.zeros(np.shape(xs[0]), np.result_type(*xs), like=carrier if carries(carrier) else None)


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


# Truths. -----------------------------------------------------------------------------------------------------


def flat(result: Any) -> list[Any]:
    """Return the arrays in a result."""
    return [a for part in result for a in flat(part)] if isinstance(result, (tuple, list)) else [result]


def differences(f: Callable[[Any], Sequence[Any]], wide: bool = True) -> list[tuple[Any, Any]]:
    """
    Return the derivative at 0 of each result of f, and a bound of its error.

    Central differences with four steps, extrapolated to step 0 (Richardson); f gets the step in extended precision
    and should compute in it. The bound is the last change of the extrapolation and the rounding error.
    """
    kind = np.longdouble if wide else np.float64
    steps = [kind(h) for h in STEPS]
    columns = []
    for plus, minus in zip([f(h) for h in steps], [f(-h) for h in steps], strict=True):
        columns.append(list(zip(plus, minus, strict=True)))
    return [_slope(steps, pairs) for pairs in zip(*columns, strict=True)]


def extrapolated(steps: Sequence[Any], values: Sequence[Any], sample: Any, order: int, noise: float = 16) -> tuple[Any, Any]:
    """
    Return the limit of difference quotients at step 0, and a bound of its error.

    `sample` is one of the values whose differences of this order were taken; it may be off by `noise` units in the last place.
    """
    sample = np.asarray(sample)
    size = float(np.max(np.abs(sample), initial=0))
    return finite.extrapolated(steps, values, noise * float(np.finfo(sample.dtype).eps) * size, order)


def _slope(steps: Sequence[Any], pairs: Sequence[tuple[Any, Any]]) -> tuple[Any, Any]:
    plus = np.asarray(pairs[0][0])
    if plus.dtype.kind not in "fc":
        return np.zeros(plus.shape), np.zeros(plus.shape)
    values = [(np.asarray(p) - np.asarray(m)) / (2 * h) for h, (p, m) in zip(steps, pairs, strict=True)]
    return extrapolated(steps, values, plus, 1)


def derivative(case: Case, args: Sequence[Any], tangents: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Return the directional derivative of plain NumPy in extended precision, with a bound of its error."""
    wide = [np.clongdouble if np.asarray(a).dtype.kind == "c" else np.longdouble for a in args]
    xs, ts = ([np.asarray(a).astype(w) for a, w in zip(part, wide, strict=True)] for part in (args, tangents))
    return differences(lambda h: flat(case.f(*(x + h * t for x, t in zip(xs, ts, strict=True)))))


# Checks. -----------------------------------------------------------------------------------------------------


def value_and_tangent(result: Any) -> tuple[Any, Any]:
    """Return the parts of a result; the tangent of a plain one is zero."""
    return (result.primal, result.tangent) if type(result) is dm.Dual else (result, np.zeros(np.shape(result)))


def same(a: Any, b: Any) -> None:
    """Check that two arrays agree in dtype, shape and every bit, up to the sign of nan."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.dtype == b.dtype
    assert a.shape == b.shape
    assert np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    if a.dtype.kind == "f":
        assert np.array_equal(np.signbit(a) | np.isnan(a), np.signbit(b) | np.isnan(b))


def near(a: Any, b: Any, bound: Any = 0.0, condition: float = 1.0) -> None:
    """Check that a is b within the tolerance of a's dtype and the bound of b's error."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape
    if a.size:
        size = float(np.max(np.abs(b)))
        error = np.abs(a - b) - bound
        assert np.all(error <= tolerance(a.dtype, condition * max(1.0, size))), f"off by {np.max(error)}: {a} is not {b}"


def agrees(value: Any, expected: Any, ulps: int) -> None:
    """Check a value against NumPy's: bit for bit, or within some units in the last place of its largest entry."""
    if not ulps:
        same(value, expected)
        return
    value, expected = np.asarray(value), np.asarray(expected)
    assert value.dtype == expected.dtype
    assert value.shape == expected.shape
    if value.size and value.dtype.kind in "fc":
        missing = np.isnan(expected)
        assert np.array_equal(np.isnan(value), missing)
        size = np.max(np.abs(expected), where=~missing, initial=1.0)
        assert np.all(np.abs(value - expected)[~missing] <= ulps * np.finfo(value.dtype).eps * size)
    else:
        assert np.array_equal(value, expected)
