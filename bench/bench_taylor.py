"""
Claim: from order 3 on `dm.taylor` takes less time than nested `dm.jvp`, for one number, a thousand and a hundred thousand. Nested
passes give the derivative of that order alone, which is the least that they can do. The work of a series grows with the square of the
order, that of nested passes with its exponential: what they would take a minute for at order 10 is not measured.
"""

import argparse
import sys

import numpy as np
from timing import interleaved, report

import dualmc as dm

SIZES = (1, 1_000, 100_000)
ORDERS = (1, 2, 3, 4, 5, 6, 10)
LONGEST = 10**6  # numbers times 2^order, above which nested passes are left out


def composite(x):
    return np.exp(np.sin(x) * x) / (1 + x * x)


PROGRAMS = {"sin(x)": np.sin, "tanh(x)": np.tanh, "x**2.5": lambda x: x**2.5, "exp(x·sin x)/(1+x²)": composite}


def nested(f, x, v, order):
    """The derivative of one order along v by as many passes inside each other."""
    for _ in range(order):
        f = lambda y, f=f: dm.jvp(f, (y,), (v,))[1]
    return f(x)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a limit is missed")
    arguments = parser.parse_args()
    dm.config.kernels = "never"
    kept = True
    rng = np.random.default_rng(0)
    for name, f in PROGRAMS.items():
        for n in SIZES:
            x, v = rng.uniform(0.5, 1.5, n), rng.normal(size=n)
            orders = [k for k in ORDERS if n * 2**k <= LONGEST * 7]
            calls = {f"taylor {k}": lambda k=k: dm.taylor(f, x, v, k) for k in ORDERS}
            calls |= {f"nested {k}": lambda k=k: nested(f, x, v, k) for k in orders}
            t = interleaved(calls, seconds=arguments.seconds / len(PROGRAMS) / len(SIZES), rounds=101)
            rows = {f"order {k}": (t[f"taylor {k}"] / t[f"nested {k}"], 1.0 if k > 2 else None) for k in orders}
            kept &= report(f"{name}, n = {n}: taylor, ratio to nested jvp", rows)
            report("  taylor, ratio to one jvp", {f"order {k}": (t[f"taylor {k}"] / t["nested 1"], None) for k in ORDERS})
    return 0 if kept or not arguments.check else 1


if __name__ == "__main__":
    sys.exit(main())
