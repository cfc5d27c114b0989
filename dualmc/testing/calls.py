"""Calls with several arguments and results: what their derivatives are by their own values, and whether an array is what it should be."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .._typing import Array, Function
from .finite import Truth, differences, second_differences
from .report import Agreement, Claim, tolerance

__tracebackhide__ = True  # pytest shows the message and the line of the user, not ours


def flat(result: Any) -> list[Any]:
    """Return the arrays in a result."""
    return [a for part in result for a in flat(part)] if isinstance(result, (tuple, list)) else [result]


def is_inexact(x: Any) -> bool:
    """Whether an array can carry a derivative."""
    return np.asarray(x).dtype.kind in "fc"


def check_close(got: Array, expected: Array, bound: Any = 0.0, condition: float = 1.0) -> Agreement:
    """
    Check that one array is another, up to rounding amplified by `condition` and twice the bound of an error.

    What is allowed is relative to the largest entry, or absolute if that is below 1, in the precision of `got`.
    """
    got, expected = np.asarray(got), np.asarray(expected)
    size = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    dtype = got.dtype if is_inexact(got) else np.dtype(float)
    truth = Truth(expected, np.broadcast_to(np.asarray(bound, float), expected.shape), "what is given", size)
    error = tolerance(dtype, condition * size)
    return Claim("check_close", "a result", expected, "the expected array").compare(got, truth, dtype, rtol=0.0, atol=error)


def derivatives(f: Function, xs: Sequence[Array], ts: Sequence[Array], reach: float = 1.0, ulps: float = 4.0) -> list[Truth]:
    """
    Measure the derivatives of all results of f(*xs) as the arguments move along ts, by up to reach/8.

    They are 0 for results that are not inexact. `ulps` is how many units in the last place f may be off in a way that does not show as
    noise.
    """
    short = [reach * t for t in ts]
    return [_times(1 / reach, truth) for truth in _parted(f, xs, lambda line: differences(line(short), np.zeros(()), np.ones(()), ulps))]


def second_derivatives(
    f: Function, xs: Sequence[Array], ts: Sequence[Array], us: Sequence[Array], reach: float = 1.0, ulps: float = 4.0
) -> list[Truth]:
    """Measure the second derivatives of all results of f(*xs) along ts and us, as `derivatives` does."""
    (u, v), short = np.eye(2), [[reach * t for t in part] for part in (ts, us)]
    return [_times(reach**-2, truth) for truth in _parted(f, xs, lambda line: second_differences(line(*short), np.zeros(2), u, v, ulps))]


def _parted(f: Function, xs: Sequence[Array], measured: Callable[[Callable[..., Function]], Truth]) -> list[Truth]:
    """Measure all inexact results as one vector, and take that apart."""

    def line(*tangents: Sequence[Array]) -> Function:
        def along(t: Array) -> Array:
            steps = t if np.ndim(t) else [t]
            given = [_moved(x, steps, [part[i] for part in tangents]) for i, x in enumerate(map(np.asarray, xs))]
            parts = [np.ravel(r) for r in flat(f(*given)) if is_inexact(r)]
            return np.concatenate(parts) if parts else np.zeros(0)

        return along

    results = list(map(np.asarray, flat(f(*map(np.copy, xs)))))
    ends = iter(np.cumsum([0, *(r.size for r in results if is_inexact(r))]))
    truth, start = measured(line), next(ends)
    found = []
    for r in results:
        if not is_inexact(r):
            found.append(Truth(np.zeros(r.shape), np.zeros(r.shape), "no derivative", 1.0))
            continue
        end = next(ends)
        value, bound = (a[start:end].reshape(r.shape) for a in (truth.value, truth.bound))
        value = value if r.dtype.kind == "c" else value.real
        found.append(Truth(value, bound, truth.method, truth.scale, truth.kink, truth.rounding))
        start = end
    return found


def _moved(x: Array, steps: Sequence[Array], tangents: Sequence[Array]) -> Array:
    if x.dtype.kind not in "fc":
        return np.copy(x)
    for h, t in zip(steps, tangents, strict=True):
        kind = np.result_type(x, t, h)
        x = np.asarray(x.astype(kind) + h * np.asarray(t).astype(kind))
    return x


def apart(shapes: Sequence[tuple[int, ...]], rng: np.random.Generator, dtype: Any = float, *, positive: bool = False) -> Iterator[Array]:
    """Yield arrays of which no two entries, and none and 0, are closer than 0.02, so that no kink of a selection is near."""
    sizes = [int(np.prod(s)) for s in shapes]
    n = sum(sizes)
    values = 0.3 + 2 * (rng.permutation(n) + 0.5) / max(n, 1)
    values = values if positive else values * rng.choice([-1, 1], n)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * rng.uniform(-1, 1, n)
    for part, shape in zip(np.split(values, np.cumsum(sizes)[:-1]), shapes, strict=True):
        yield part.reshape(shape).astype(dtype)


def _times(a: float, truth: Truth) -> Truth:
    return Truth(a * truth.value, a * truth.bound, truth.method, a * truth.scale, truth.kink, truth.rounding)
