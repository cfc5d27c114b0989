"""
Measure dualmc: `python -m bench [--only NAME] [--peers] [--json FILE] [--markdown FILE] [--plot DIR] [--seconds S] [--check]`.

Each result is checked against the derivative by hand, or a difference quotient, before it is timed; candidates take turns,
and medians are reported, as ratios to the function in plain NumPy.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np

import dualmc as dm

from . import peers, tables
from .problems import PROBLEMS, Problem
from .timing import interleaved


def machine() -> str:
    """Describe what the figures are of."""
    cpu = next((line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), platform.processor())
    return (
        f"{cpu}, {os.cpu_count()} cores, one thread; {platform.system()}; Python {platform.python_version()}, "
        f"NumPy {np.__version__}, Numba {version('numba')}, dualmc {dm.__version__}"
    )


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).is_file() else []


def truth(problem: Problem):
    """Return the derivative by hand, or by central differences extrapolated from two steps."""
    if problem.hand is not None:
        return peers.by_hand(problem)()
    f = problem.f(np)
    slopes = []
    for h in (1e-3, 5e-4):
        slopes.append((f(problem.x + h * problem.v) - f(problem.x - h * problem.v)) / (2 * h))
    return f(problem.x), (4 * slopes[1] - slopes[0]) / 3


def check(name: str, problem: Problem, got, expected) -> None:
    """Raise if a result is wrong: nothing wrong is timed."""
    pairs = zip(got, expected, strict=True) if problem.task in ("push", "jvp") else [(got, expected)]
    for a, b in pairs:
        scale = np.max(np.abs(b))
        if not np.max(np.abs(np.asarray(a) - b)) <= 1e-8 * max(scale, 1e-300):
            raise AssertionError(f"{problem.name}: {name} is wrong by {np.max(np.abs(np.asarray(a) - b)) / scale:.1e} of its size")


def measure(problem: Problem, others, seconds: float) -> dict:
    """Return seconds of a call by name, and of first calls."""
    expected = truth(problem)
    candidates, first = {"NumPy": peers.primal(problem)}, {}
    hand = peers.by_hand(problem)
    if hand is not None:
        candidates["by hand"] = hand
    for mode, label in (("never", "dualmc"), ("always", "dualmc, kernels")):
        candidates[label] = _in_mode(mode, peers.dualmc(problem))
    notes = []
    for name, peer in others.items():
        if name in problem.skip:
            notes.append(f"{name}: not tried, {problem.skip[name]}")
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                call = peer(problem)
                start = time.perf_counter()
                check(name, problem, call(), expected)
                first[name] = time.perf_counter() - start
            candidates[name] = call
        except Exception as error:
            notes.append(f"{name}: {type(error).__name__} {str(error).splitlines()[0][:80] if str(error) else ''}")
    for label in ("dualmc", "dualmc, kernels"):
        start = time.perf_counter()
        check(label, problem, candidates[label](), expected)
        first[label] = time.perf_counter() - start
    return {"seconds": interleaved(candidates, seconds=seconds, rounds=201), "first": first, "notes": notes, "limit": problem.limit}


def _in_mode(mode: str, call):
    def run():
        dm.config.kernels = mode
        return call()

    def switched():
        if dm.config.kernels != mode:
            dm.config.kernels = mode
        return call()

    run()
    return switched


def import_times() -> dict[str, float]:
    """Return the seconds of a fresh interpreter that imports each library, less those of an empty one."""

    def fresh(code: str) -> float:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
            times.append(time.perf_counter() - start)
        return sorted(times)[2]

    empty = fresh("")
    names = ["numpy", "dualmc", *(m for n, m in peers.MODULES.items() if n in peers.available()[0])]
    return {name: fresh(f"import {name}") - empty for name in names}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.split("\n\n")[1])
    parser.add_argument("--only", metavar="NAME", help="problems whose name contains this")
    parser.add_argument("--peers", action="store_true", help="also time the peers that are installed (extra bench)")
    parser.add_argument("--seconds", type=float, default=2.0, help="time for each problem")
    parser.add_argument("--json", metavar="FILE", help="write all figures")
    parser.add_argument("--markdown", metavar="FILE", help="put the tables into a page, between its markers")
    parser.add_argument("--plot", metavar="DIR", help="write curves of cost over n and over directions as PNG")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a limit is missed")
    options = parser.parse_args()
    others, missing = peers.available() if options.peers else ({}, [])
    if missing:
        print(f"not installed, so not measured: {', '.join(missing)} (pip install 'dualmc[bench]')", file=sys.stderr)
    chosen = [p for p in PROBLEMS if options.only is None or options.only in p.name]
    if not chosen:
        parser.error(f"no problem has {options.only!r} in its name")
    if options.seconds < 0.5:
        chosen = [p for p in chosen if np.size(p.x) < 10**7]
    results = {}
    for i, problem in enumerate(chosen, 1):
        print(f"\r[{i}/{len(chosen)}] {problem.name:40s}", end="", file=sys.stderr, flush=True)
        results[problem.name] = measure(problem, others, options.seconds)
    print("\r" + " " * 60 + "\r", end="", file=sys.stderr)
    dm.config.kernels = "auto"
    report = {"machine": machine(), "results": results, "imports": import_times() if options.peers else {}}
    print(tables.text(report))
    if options.json:
        Path(options.json).write_text(json.dumps(report, indent=1))
    if options.markdown:
        tables.write_markdown(report, Path(options.markdown))
    if options.plot:
        tables.plot(Path(options.plot), lambda problem: measure(problem, others, 0.5))
    return 1 if options.check and any(tables.missed(r) for r in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
