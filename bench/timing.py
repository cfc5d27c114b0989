"""Interleaved timing: A B C A B C ..., medians, so that noise meets every candidate alike. Only ratios are reported."""

import statistics
import time
from collections.abc import Callable, Mapping

LEAST = 3
"""Samples that a slow candidate has at least, unless one call takes more than PATIENCE times the time for all."""

PATIENCE = 5


def interleaved(
    candidates: Mapping[str, Callable[[], object]], *, seconds: float = 2.0, rounds: int = 41, called: bool = False
) -> dict[str, float]:
    """
    Return the median seconds of one call of each candidate, all measured in one run.

    Nothing is warmed up that has been `called` before. A candidate that has had all the time for itself sits out, so that one
    that takes a thousand times as long as the others does not keep them.
    """
    repeats: dict[str, int] = {}
    times: dict[str, list[float]] = {}
    for name, call in candidates.items():
        if not called:
            call()
        once = _seconds(call)
        repeats[name] = max(1, int(2e-4 / max(once, 1e-9)))
        times[name] = [once] if once > seconds else []
    begin = time.perf_counter()
    for k in range(rounds):
        for name, call in candidates.items():
            if not _had_its_time(times[name], repeats[name], seconds):
                times[name].append(_seconds(call, repeats[name]))
        if time.perf_counter() - begin > seconds and k >= 4:
            break
    return {name: statistics.median(ts) for name, ts in times.items()}


def _seconds(call: Callable[[], object], repeats: int = 1) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats


def _had_its_time(times: list[float], repeats: int, seconds: float) -> bool:
    return repeats == 1 and sum(times) > seconds and (len(times) >= LEAST or times[0] > PATIENCE * seconds)


def report(title: str, rows: Mapping[str, tuple[float, float | None]]) -> bool:
    """Print name, ratio and limit for each row; return whether all limits are kept."""
    print(title)
    kept = True
    for name, (ratio, limit) in rows.items():
        verdict = "" if limit is None else f"   at most {limit:g}x: {'kept' if ratio <= limit else 'MISSED'}"
        kept &= limit is None or ratio <= limit
        print(f"  {name:44s} {ratio:8.2f}x{verdict}")
    return kept
