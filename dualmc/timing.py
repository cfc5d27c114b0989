"""What a call costs: interleaved timing, A B C A B C ..., so that noise meets every candidate alike, and the peak of its memory."""

import time
import tracemalloc
from collections.abc import Callable, Mapping

import numpy as np

LEAST = 5
"""Samples of each candidate, and fewer of those that take longer for a call than there is time for all."""

SHORT = 0.01
"""Seconds of a call that the caches matter to: it is made once before it is timed, as others have filled them."""


def interleaved(
    candidates: Mapping[str, Callable[[], object]],
    *,
    seconds: float = 2.0,
    rounds: int = 41,
    prepare: Mapping[str, Callable[[], object] | None] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """
    Return the median seconds of one call of each candidate, all measured in one run.

    Each has the same share of the time, so that slow candidates have fewer turns, spread over all rounds. With `prepare`, which
    says what to do before a turn of some, all have been called before, and are not warmed up.

    `clock=time.process_time` takes the time on a core, of all threads. Where others want the core, a call of some milliseconds
    waits in half of its turns and a short one in few, and the ratio of their medians by the wall clock is several times too large.
    """
    repeats: dict[str, int] = {}
    turns: dict[str, int] = {}
    times: dict[str, list[float]] = {}
    warm: set[str] = set()
    ready = {name: (prepare or {}).get(name) or (lambda: None) for name in candidates}
    for name, call in candidates.items():
        ready[name]()
        if prepare is None:
            call()
        once = _seconds(call, clock)
        if once < SHORT:
            once = _seconds(call, clock)
            warm.add(name)
        repeats[name] = max(1, int(2e-4 / max(once, 1e-9)))
        turns[name] = _turns(once, (repeats[name] + (name in warm)) * once, seconds, seconds / len(candidates), rounds)
        times[name] = [once] if once > seconds else []
    total = max(turns.values())
    for k in range(total):
        for name, call in candidates.items():
            if (k + 1) * turns[name] // total > k * turns[name] // total:
                ready[name]()
                if name in warm:
                    call()
                times[name].append(_seconds(call, clock, repeats[name]))
    return {name: float(np.median(ts)) for name, ts in times.items()}


def _seconds(call: Callable[[], object], clock: Callable[[], float], repeats: int = 1) -> float:
    start = clock()
    for _ in range(repeats):
        call()
    return (clock() - start) / repeats


def _turns(once: float, sample: float, seconds: float, share: float, rounds: int) -> int:
    """Return how many samples are taken: 5 at least, but 2 or none beside the first call, which counts then, if one is so long."""
    if once > seconds:
        return 2 if once < 5 * seconds else 0
    return max(LEAST, min(rounds, int(share / max(sample, 1e-9))))


def peak_bytes(call: Callable[[], object]) -> int:
    """Return how many bytes one call allocates at its peak, beyond what there was before."""
    started = not tracemalloc.is_tracing()
    if started:
        tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if started:
            tracemalloc.stop()
