"""
Claim: from order 3 on `dm.taylor` takes less time than nested `dm.jvp` with NumPy alone, for one number, a thousand and a hundred
thousand, and the more so the higher the order. Nested passes give the derivative of that order alone, which is the least that they can
do; what they would take a minute for is left out. The ratios to one jvp show how the time grows with the order. With compiled kernels,
which nested passes use for what they do with plain arrays, there is no limit: sines are quicker nested up to order 3. The last table
shows that operations on many numbers are done part by part (`series_rules.PART`).
"""

import argparse
import functools
import sys

import numpy as np
from timing import interleaved, report

import dualmc as dm
from dualmc.arrays import series_rules

SIZES = (1, 1_000, 100_000)
ORDERS = (1, 2, 3, 4, 5, 6, 10)
LONGEST = 7e6  # numbers times 2^order, above which nested passes are left out


def composite(x):
    return np.exp(np.sin(x) * x) / (1 + x * x)


def system(x):
    """A tridiagonal product and a reduction: what is not element-wise."""
    y = x[1:] * np.sin(x[:-1]) - x[:-1]
    return np.sum(y * y) / (1 + np.max(x))


PROGRAMS = {"sin(x)": np.sin, "tanh(x)": np.tanh, "x**2.5": lambda x: x**2.5, "exp(x·sin x)/(1+x²)": composite, "sums": system}


def nested(f, x, v, order):
    """The derivative of one order along v by as many passes inside each other."""
    for _ in range(order):
        f = functools.partial(_slope, f, v)
    return f(x)


def _slope(f, v, x):
    return dm.jvp(f, (x,), (v,))[1]


def measure(f, n, orders, seconds):
    """Return the ratios of taylor to nested passes and to one jvp, by order."""
    rng = np.random.default_rng(0)
    x, v = rng.uniform(0.5, 1.5, n), rng.normal(size=n)
    to_nested, to_one = {}, {}
    for k in orders:
        calls = {"taylor": functools.partial(dm.taylor, f, x, v, k), "jvp": functools.partial(nested, f, x, v, 1)}
        if n * 2**k <= LONGEST:
            calls["nested"] = functools.partial(nested, f, x, v, k)
        t = interleaved(calls, seconds=seconds / len(orders), rounds=201)
        to_one[f"order {k}"] = t["taylor"] / t["jvp"]
        if "nested" in calls:
            to_nested[f"order {k}"] = t["taylor"] / t["nested"]
    return to_nested, to_one


def in_parts(x, v, size):
    series_rules.PART = size
    dm.taylor(composite, x, v, 10)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=150.0)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a limit is missed")
    arguments = parser.parse_args()
    share = arguments.seconds / (len(PROGRAMS) * (len(SIZES) + 1))
    dm.config.kernels = "never"
    kept = True
    for name, f in PROGRAMS.items():
        for n in SIZES[f is system :]:
            to_nested, to_one = measure(f, n, ORDERS, share)
            limits = {f"order {k}": 1.0 for k in ORDERS if k > 2}
            kept &= report(f"{name}, n = {n}: taylor, ratio to nested jvp", {k: (r, limits.get(k)) for k, r in to_nested.items()})
            report("  taylor, ratio to one jvp", {k: (r, None) for k, r in to_one.items()})
    dm.config.kernels = "always"
    for name, f in PROGRAMS.items():
        to_nested, _ = measure(f, SIZES[-1], (2, 3, 4, 5), share)
        report(f"{name}, n = {SIZES[-1]}, kernels: taylor, ratio to nested jvp", {k: (r, None) for k, r in to_nested.items()})
    many = 1_000_000
    parts = {size: functools.partial(in_parts, np.linspace(0.5, 1.5, many), np.ones(many), size) for size in (1024, 8192, 65536, many)}
    t = interleaved(parts, seconds=3 * share, rounds=201)
    report(
        f"exp(x·sin x)/(1+x²), order 10, n = {many}: parts, ratio to all at once",
        {f"{k} numbers": (s / t[many], None) for k, s in t.items()},
    )
    return 0 if kept or not arguments.check else 1


if __name__ == "__main__":
    sys.exit(main())
