"""
Claim: one factorisation serves the value of a linear algebra function and all its directions. Rows: dm.jvp relative to
the plain function with one thread, and the Jacobian of solve in its right-hand side relative to inv.

Not every limit is within reach of every machine. inv takes two matrix products for its tangent, which a fast inverse
does not hide; slogdet takes the inverse from its factors, three times the work of the value at best; svd of a small
matrix waits for some forty NumPy calls; solve is near its limit with SciPy installed, and at 2 without it.
"""

import argparse
import os
import sys

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from timing import interleaved, report

import dualmc as dm

RNG = np.random.default_rng(0)


def square(n):
    return RNG.normal(size=(n, n)) + n * np.eye(n)


def symmetric(n):
    a = RNG.normal(size=(n, n))
    return (a + a.T) / 2 + np.diag(np.arange(n, 2 * n))


def row(f, args, tangents):
    return {"f": lambda: f(*args), "jvp": lambda: dm.jvp(f, args, tangents)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="time for each row")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a limit is missed")
    options = parser.parse_args()
    a, s, b = square(200), symmetric(200), RNG.normal(size=200)
    e, r, m = symmetric(100), RNG.normal(size=(60, 40)), square(500)
    rows = {
        "solve 200": (row(np.linalg.solve, (a, b), (square(200), b)), 1.4),
        "inv 200": (row(np.linalg.inv, (a,), (square(200),)), 1.5),
        "slogdet 200": (row(lambda x: tuple(np.linalg.slogdet(x)), (a,), (square(200),)), 3.0),
        "cholesky 200": (row(np.linalg.cholesky, (s,), (symmetric(200),)), 6.0),
        "eigh 100": (row(lambda x: tuple(np.linalg.eigh(x)), (e,), (symmetric(100),)), 2.0),
        "svd 60 x 40, reduced": (row(lambda x: tuple(np.linalg.svd(x, full_matrices=False)), (r,), (r[::-1],)), 2.0),
        "matmul 500": (row(np.matmul, (m, m), (m, m)), 3.1),
        "jacobian of solve in b, 200, over inv": (
            {"f": lambda: np.linalg.inv(a), "jvp": lambda: dm.jacobian(lambda y: np.linalg.solve(a, y))(b)},
            None,
        ),
    }
    ratios = {}
    for name, (candidates, limit) in rows.items():
        t = interleaved(candidates, seconds=options.seconds)
        ratios[name] = (t["jvp"] / t["f"], limit)
    kept = report("cost of dm.jvp relative to the function", ratios)
    return 0 if kept or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
