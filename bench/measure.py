"""One problem: every candidate is checked against a reference, then all take turns."""

import time
import warnings
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from . import ours
from .candidate import Candidate, UnableError
from .problems import Problem
from .timing import interleaved

TOLERANCE = 1e-8


class WrongError(AssertionError):
    """A result that differs from the reference."""


def truth(problem: Problem):
    """Return the derivative by hand, or by central differences extrapolated from two steps."""
    if problem.hand is not None:
        return ours.by_hand(problem).call()
    f = problem.f(np)
    slopes = []
    for h in (1e-3, 5e-4):
        slopes.append((f(problem.x + h * problem.v) - f(problem.x - h * problem.v)) / (2 * h))
    return f(problem.x), (4 * slopes[1] - slopes[0]) / 3


def check(name: str, problem: Problem, got, expected) -> None:
    """Raise if a result is wrong: nothing wrong is timed."""
    if not isinstance(expected, tuple):
        got, expected = (got,), (expected,)
    if len(got) != len(expected):
        raise WrongError(f"{problem.name}: {name} returns {len(got)} results instead of {len(expected)}")
    for a, b in zip(got, expected, strict=True):
        if np.shape(a) != np.shape(b):
            raise WrongError(f"{problem.name}: {name} has the shape {np.shape(a)} instead of {np.shape(b)}")
        error, scale = np.max(np.abs(np.asarray(a) - b)), max(np.max(np.abs(b)), 1e-300)
        if not error <= TOLERANCE * scale:
            raise WrongError(f"{problem.name}: {name} is wrong by {error / scale:.1e} of its size")


def first_call(name: str, build: Callable[[Problem], Candidate], problem: Problem, expected) -> tuple[Candidate, float]:
    """Return a candidate whose result is right, and the seconds of its first call with all that has to be set up."""
    if name in problem.skip:
        raise UnableError(problem.skip[name])
    start = time.perf_counter()
    candidate = build(problem)
    result = candidate.call()
    seconds = time.perf_counter() - start
    check(name, problem, candidate.dense(result), expected)
    return candidate, seconds


def measure(problem: Problem, peers: Mapping[str, Callable[[Problem], Candidate]], seconds: float) -> dict:
    """Return the seconds of a call and of a first call by name, and why others have none."""
    expected = truth(problem)
    calls, prepare, first, notes = {"NumPy": ours.primal(problem).call}, {}, {}, {}
    calls["NumPy"]()
    for name, build in (ours.ways(problem) | dict(peers)).items():
        try:
            with warnings.catch_warnings():
                if name in peers:
                    warnings.simplefilter("ignore")
                candidate, first[name] = first_call(name, build, problem, expected)
            calls[name], prepare[name] = candidate.call, candidate.prepare
        except UnableError as reason:
            notes[name] = str(reason)
        except Exception as error:
            if name not in peers:
                raise
            notes[name] = _in_a_line(error)
    if problem.least is not None:
        calls["least"] = partial(problem.least, problem.x, problem.v)
    timed = interleaved(calls, seconds=seconds, rounds=201, prepare=prepare)
    return {"task": problem.task, "seconds": timed, "first": first, "notes": notes, "limit": problem.limit}


def _in_a_line(error: Exception) -> str:
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {text[:100]}".removesuffix(": ")
