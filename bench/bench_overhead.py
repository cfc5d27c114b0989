"""
Claim: on arrays of 10 numbers, with one direction, a product of Duals costs at most 7x np.multiply (5x with kernels), a sum 4x,
and np.exp through NumPy's protocol 6x np.exp. The rows without a limit show what the short way saves, and what its parts
cost: the same operation by the general way, the nan check behind the strong zero, the four NumPy calls themselves.
"""

import argparse
import sys

import numpy as np
from timing import interleaved, report

import dualmc as dm
from dualmc.arrays import operations
from dualmc.rules import RULES
from dualmc.tangents.dense import has_nan


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a limit is missed")
    arguments = parser.parse_args()
    seconds = arguments.seconds
    rng = np.random.default_rng(0)
    x, y, u, v = rng.random((4, 10))
    a, b = dm.Dual(x, u), dm.Dual(y, v)
    block = dm.Dual(x, rng.random((3, 10)))
    multiply = RULES[np.multiply]

    def four_calls():
        t = u * y
        t += v * x
        return x * y, t

    claimed = {
        "np.multiply": lambda: np.multiply(x, y),
        "Dual * Dual": lambda: a * b,
        "Dual + Dual": lambda: a + b,
        "np.exp": lambda: np.exp(x),
        "np.exp(Dual)": lambda: np.exp(a),
    }
    kept = True
    for kernels, limits in (("never", (7.0, 4.0, 6.0)), ("always", (5.0, 4.0, 6.0))):
        dm.config.kernels = kernels
        t = interleaved(claimed, seconds=seconds / 3, rounds=1001)
        rows = zip(("Dual * Dual", "Dual + Dual", "np.exp(Dual)"), ("np.multiply", "np.multiply", "np.exp"), limits, strict=True)
        kept &= report(
            f"n = 10, kernels {kernels}, ratio to np.multiply and np.exp", {name: (t[name] / t[base], limit) for name, base, limit in rows}
        )
    dm.config.kernels = "never"
    others = {
        "np.multiply": lambda: np.multiply(x, y),
        "x[1:]": lambda: x[1:],
        "np.sum": lambda: np.sum(x),
        "Dual * Dual, 3 directions": lambda: block * block,
        "Dual * 2.0": lambda: a * 2.0,
        "Dual * array": lambda: a * y,
        "Dual / Dual": lambda: a / b,
        "Dual ** 2": lambda: a**2,
        "np.sqrt(Dual)": lambda: np.sqrt(a),
        "Dual[1:]": lambda: a[1:],
        "Dual[3]": lambda: a[3],
        "np.sum(Dual)": lambda: np.sum(a),
        "Dual * Dual, general way": lambda: operations._elementwise(multiply, (a, b), {}),
        "four NumPy calls, no class": four_calls,
        "has_nan": lambda: has_nan(u),
    }
    t = interleaved(others, seconds=seconds / 3, rounds=201)
    report("n = 10, kernels never, ratio to np.multiply", {k: (s / t["np.multiply"], None) for k, s in t.items()})
    return 0 if kept or not arguments.check else 1


if __name__ == "__main__":
    sys.exit(main())
