"""
Claim: a chain of operations on eight directions of 100,000 numbers takes at most half the time if the allocator keeps what is freed
(`kernels.keep_freed_memory`). Fresh processes take turns; the row of the passes alone is what operations one by one read and write
of the tangents, without arithmetic, beside the function in plain NumPy.
"""

import argparse
import json
import statistics
import subprocess
import sys

import numpy as np

import dualmc as dm
from bench.problems import chain, chain_passes
from dualmc import kernels
from dualmc.timing import interleaved

WAYS = ("kept", "given back")


def once(way: str, seconds: float) -> None:
    """Print the seconds of the chain, of its passes over memory and of NumPy's function, in this process."""
    if way == "given back":
        kernels.keep_freed_memory = lambda: None
    dm.config.kernels = "always"
    rng = np.random.default_rng(0)
    x, v = rng.uniform(0.5, 2.0, 100_000), rng.normal(size=(8, 100_000))
    f, dual = chain(np), dm.Dual(x, v)
    t = interleaved({"NumPy": lambda: f(x), "chain": lambda: f(dual), "passes": lambda: chain_passes(x, v)}, seconds=seconds)
    print(json.dumps(t))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a limit is missed")
    parser.add_argument("--way", choices=WAYS, help="measure one way, in this process")
    arguments = parser.parse_args()
    if arguments.way:
        once(arguments.way, arguments.seconds)
        return 0
    turns = 3
    times: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for _ in range(turns):
        for way in WAYS:
            command = [sys.executable, "-m", "bench.bench_memory", "--way", way, "--seconds", str(arguments.seconds / turns / 2)]
            found = subprocess.run(command, check=True, capture_output=True, text=True)
            times[way].append(json.loads(found.stdout))
    median = {way: {name: statistics.median(t[name] for t in ts) for name in ts[0]} for way, ts in times.items()}
    print("chain of twelve operations, n = 100,000, k = 8, times the function in plain NumPy")
    for way, t in median.items():
        print(f"  freed memory {way:12s} chain {t['chain'] / t['NumPy']:6.2f}x   passes alone {t['passes'] / t['NumPy']:6.2f}x")
    ratio = median["kept"]["chain"] / median["given back"]["chain"]
    print(f"  chain, kept relative to given back {ratio:.2f}x   at most 0.5x: {'kept' if ratio <= 0.5 else 'MISSED'}")
    return 0 if ratio <= 0.5 or not arguments.check else 1


if __name__ == "__main__":
    sys.exit(main())
