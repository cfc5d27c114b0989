"""
Claim: the Hessian of 100 numbers, with value and gradient, comes at least 1.5x faster from hyper-duals than from nested
Duals in blocks of the same size, and 5x faster than from nested Duals with one direction each; the Laplacian of a function
of ten numbers costs at most 40x the function, at 10,000 points in one batch. The last table shows what the rule of
`blocks.side_length` goes by: the time of one pair of directions by the length of a block's side; the rule divides evenly what
eight megabytes hold. Larger blocks repeat fewer calls, and from 32 on products of blocks of first order stay products.
"""

import argparse
import sys

import numpy as np
from timing import interleaved, report

import dualmc as dm
from dualmc import blocks
from dualmc.boundary import Call
from dualmc.tangents.pairing import OUTER


def ackley(x):
    return -20 * np.exp(-0.2 * np.sqrt(np.mean(x * x))) - np.exp(np.mean(np.cos(2 * np.pi * x))) + 20 + np.e


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def energies(x):
    """A smooth function of ten numbers, at many points."""
    r = np.sqrt(1 + np.sum(x * x, axis=-1))
    return np.exp(-0.3 * r) * np.sum(np.sin(x) * x, axis=-1) + np.log1p(r)


def nested(f, x, step):
    """Value, gradient and Hessian as dm.value_gradient_and_hessian finds them, with nested Duals for hyper-duals."""
    n = x.size
    eye = np.eye(n)
    gradient, hessian = np.empty(n), np.empty((n, n))
    for i in range(0, n, step):
        for j in range(i, n, step):
            a, b = eye[i : i + step], eye[j : j + step]
            zero = np.zeros((len(a), len(b), n))
            y = f(dm.Dual(dm.Dual(x.copy(), a.copy(), 1), dm.Dual(b.copy(), zero, 1), 2))
            hessian[i : i + step, j : j + step] = y.tangent.tangent
            hessian[j : j + step, i : i + step] = y.tangent.tangent.T
            if i == j:
                gradient[i : i + step] = y.primal.tangent
    return y.primal.primal, gradient, hessian


def one_row(f, x):
    """One row of the Hessian, one pair of directions at a time."""
    e = np.zeros(x.size)
    e[0] = 1
    return dm.jvp(dm.gradient(f, chunk_size=1), (x,), (e,))[1]


def hessians(f, seconds):
    """Return whether the claims about one function of 100 numbers are kept."""
    x = np.random.default_rng(0).normal(size=100)
    step = blocks.side_length(Call("", f, 0, (x,), {}), 100, None)
    value, gradient, hessian = dm.value_gradient_and_hessian(f)(x)
    for a, b in zip((value, gradient, hessian), nested(f, x, step), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-9 * np.max(np.abs(b)))
    t = interleaved(
        {
            "function": lambda: f(x),
            "hyper": lambda: dm.value_gradient_and_hessian(f)(x),
            "nested": lambda: nested(f, x, step),
            "8": lambda: dm.value_gradient_and_hessian(f, chunk_size=8)(x),
            "nested 8": lambda: nested(f, x, 8),
            "row": lambda: one_row(f, x),
        },
        seconds=seconds,
    )
    kept = report(
        f"{f.__name__}, n = 100: time of hyper-duals relative to that of",
        {
            f"nested Duals, blocks of {step} x {step}": (t["hyper"] / t["nested"], 1 / 1.5),
            "nested Duals, both in blocks of 8 x 8": (t["8"] / t["nested 8"], 1 / 1.5),
            "nested Duals, one direction each": (t["hyper"] / (100 * t["row"]), 1 / 5),
        },
    )
    report("", {"function evaluations that the Hessian costs": (t["hyper"] / t["function"], None)})
    return kept


def laplacian(seconds):
    x = np.random.default_rng(0).normal(size=(10_000, 10))
    t = interleaved({"function": lambda: energies(x), "laplacian": lambda: dm.laplacian(energies, batch=1)(x)}, seconds=seconds)
    return report("10,000 points of ten numbers", {"Laplacian, relative to the function": (t["laplacian"] / t["function"], 40.0)})


def one_pass(call, side, k):
    given = blocks.seeds(call, side, (0, k), side, (0, k))
    return lambda: blocks.run(call, given, OUTER)


def by_side(seconds):
    """Print the time of one pair of directions by the length of a block's side."""
    sides = [4, 8, 16, 32, 50, 64, 100]
    print("microseconds for one pair of directions, by length of a side" + "".join(f"{k:>8d}" for k in sides) + "    rule")
    for f in (ackley, rosenbrock):
        for n in (10, 100, 1000):
            x = np.random.default_rng(0).normal(size=n)
            call = Call("", f, 0, (x,), {})
            side = blocks.Side(call, 0)
            lengths = [min(k, n) for k in sides if min(k, n) ** 2 * n < 3e6]
            passes = {str(k): one_pass(call, side, k) for k in sorted(set(lengths))}
            t = interleaved(passes, seconds=seconds / 6, rounds=9)
            row = "".join(f"{1e6 * t[str(k)] / k**2:8.2f}" for k in lengths)
            print(f"  {f.__name__:12s}{n:>8d}{'':37s}{row:56s}{blocks.side_length(call, n, None):>8d}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a limit is missed")
    arguments = parser.parse_args()
    kept = all([hessians(ackley, arguments.seconds / 4), hessians(rosenbrock, arguments.seconds / 4), laplacian(arguments.seconds / 4)])
    by_side(arguments.seconds / 4)
    return 0 if kept or not arguments.check else 1


if __name__ == "__main__":
    sys.exit(main())
