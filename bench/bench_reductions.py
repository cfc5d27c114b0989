"""
Claim: on a million numbers a reduction with its tangent costs, relative to NumPy's reduction alone: sum 2x, variance 2x,
running sum 2x, product 2x, maximum 2.2x, norm 4x, log-sum-exp 1.2x. Product and maximum miss it in plain NumPy.
"""

import argparse
import sys

import numpy as np
from timing import interleaved, report

import dualmc as dm
from dualmc import special

REDUCTIONS = {
    "sum": (np.sum, 2.0),
    "mean": (np.mean, None),
    "var": (np.var, 2.0),
    "std": (np.std, None),
    "cumsum": (np.cumsum, 2.0),
    "prod": (np.prod, 2.0),
    "cumprod": (np.cumprod, None),
    "max": (np.max, 2.2),
    "median": (np.median, None),
    "sort": (np.sort, None),
    "norm": (np.linalg.norm, 4.0),
    "logsumexp": (special.logsumexp, 1.2),
    "dot": (lambda x: np.dot(x, x), None),
    "logaddexp.reduce": (np.logaddexp.reduce, None),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a limit is missed")
    arguments = parser.parse_args()
    n = 1_000_000 if arguments.seconds > 1 else 10_000
    x = np.random.default_rng(0).uniform(0.9, 1.1, n)
    dual = dm.Dual(x, np.random.default_rng(1).normal(size=n))
    rows = {}
    for name, (f, limit) in REDUCTIONS.items():
        t = interleaved({"plain": lambda f=f: f(x), "dual": lambda f=f: f(dual)}, seconds=arguments.seconds / len(REDUCTIONS))
        rows[name] = (t["dual"] / t["plain"], limit)
    kept = report(f"n = {n}, one direction, ratio to NumPy's function", rows)
    return 0 if kept or not arguments.check else 1


if __name__ == "__main__":
    sys.exit(main())
