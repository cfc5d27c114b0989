"""Interleaved timing: A B C A B C ..., medians, so that noise meets every candidate alike. Only ratios are reported."""

import statistics
import time
from collections.abc import Callable, Mapping


def interleaved(candidates: Mapping[str, Callable[[], object]], *, seconds: float = 2.0, rounds: int = 41) -> dict[str, float]:
    """Return the median seconds of one call of each candidate, all measured in one run."""
    repeats = {}
    for name, call in candidates.items():
        call()
        start = time.perf_counter()
        call()
        repeats[name] = max(1, int(2e-4 / max(time.perf_counter() - start, 1e-9)))
    times: dict[str, list[float]] = {name: [] for name in candidates}
    begin = time.perf_counter()
    for k in range(rounds):
        for name, call in candidates.items():
            start = time.perf_counter()
            for _ in range(repeats[name]):
                call()
            times[name].append((time.perf_counter() - start) / repeats[name])
        if time.perf_counter() - begin > seconds and k >= 4:
            break
    return {name: statistics.median(ts) for name, ts in times.items()}


def report(title: str, rows: Mapping[str, tuple[float, float | None]]) -> bool:
    """Print name, ratio and limit for each row; return whether all limits are kept."""
    print(title)
    kept = True
    for name, (ratio, limit) in rows.items():
        verdict = "" if limit is None else f"   at most {limit:g}x: {'kept' if ratio <= limit else 'MISSED'}"
        kept &= limit is None or ratio <= limit
        print(f"  {name:44s} {ratio:8.2f}x{verdict}")
    return kept
