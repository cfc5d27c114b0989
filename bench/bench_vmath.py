"""
Claim: on ten thousand numbers a loop over a function of dualmc.kernels.vmath costs, relative to NumPy's function, in float64: exp
and log at most 1.7x where NumPy vectorises them (AVX-512), functions that NumPy leaves to libm at most 0.6x; and a sine with its
cosine at most 1.3x of a sine.
"""

import argparse
import math
import sys

import numba
import numpy as np
import scipy.special as sc
from timing import interleaved, report

from dualmc.kernels import vmath

N = 10_000
WIDE, POSITIVE, UNIT = (-5.0, 5.0), (0.01, 50.0), (-0.99, 0.99)
# Where the arguments lie, NumPy's function or the shortest way to write it, and the limit.
UNARY = {
    "exp": (WIDE, np.exp, 1.7),
    "exp2": (WIDE, np.exp2, 1.7),
    "expm1": (WIDE, np.expm1, 0.6),
    "log": (POSITIVE, np.log, 1.7),
    "log2": (POSITIVE, np.log2, 1.7),
    "log10": (POSITIVE, np.log10, 0.6),
    "log1p": ((-0.9, 9.0), np.log1p, 0.6),
    "sin": (WIDE, np.sin, 0.6),
    "cos": (WIDE, np.cos, 0.6),
    "tan": (WIDE, np.tan, 0.6),
    "sinh": (WIDE, np.sinh, 0.6),
    "cosh": (WIDE, np.cosh, 0.6),
    "tanh": (WIDE, np.tanh, 1.7),
    "arcsin": (UNIT, np.arcsin, 0.6),
    "arccos": (UNIT, np.arccos, 0.6),
    "arctan": (WIDE, np.arctan, 0.6),
    "arcsinh": (WIDE, np.arcsinh, 0.6),
    "arccosh": ((1.0, 50.0), np.arccosh, 0.6),
    "arctanh": (UNIT, np.arctanh, 0.6),
    "erf": (WIDE, sc.erf, 0.6),
    "sigmoid": (WIDE, sc.expit, 0.6),
    "softplus": (WIDE, lambda x: np.logaddexp(0.0, x), 0.6),
    "cbrt": (WIDE, np.cbrt, 0.6),
    "sqrt": (POSITIVE, np.sqrt, None),
    "rsqrt": (POSITIVE, lambda x: 1.0 / np.sqrt(x), None),
}
BINARY = {
    "power": (POSITIVE, np.power, 1.7),
    "arctan2": (WIDE, np.arctan2, 0.6),
    "hypot": (WIDE, np.hypot, 0.6),
}


def loop_of_one(f):
    @numba.njit(error_model="numpy")
    def loop(x, y, out):
        for i in range(len(x)):
            out[i] = f(x[i])

    return loop


def loop_of_two(f):
    @numba.njit(error_model="numpy")
    def loop(x, y, out):
        for i in range(len(x)):
            out[i] = f(x[i], y[i])

    return loop


@numba.njit(error_model="numpy")
def sin_and_cos(x, y, out):
    for i in range(len(x)):
        v = x[i]
        y[i], out[i] = vmath.sin(v), vmath.cos(v)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a limit is missed")
    parser.add_argument("--dtype", choices=["float64", "float32"], default="float64")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    functions = {**UNARY, **BINARY}
    rows, nanoseconds, loops = {}, {}, {}
    for name, (domain, theirs, limit) in functions.items():
        x = rng.uniform(*domain, N).astype(arguments.dtype)
        y = rng.uniform(*WIDE, N).astype(arguments.dtype)
        out = np.empty_like(x)
        args = (x,) if name in UNARY else (x, y)
        loop = loops[name] = (loop_of_one if name in UNARY else loop_of_two)(getattr(vmath, name))
        calls = {"ours": lambda f=loop, a=(x, y, out): f(*a), "numpy": lambda f=theirs, a=args, o=out: f(*a, out=o)}
        if not isinstance(theirs, np.ufunc):
            calls["numpy"] = lambda f=theirs, a=args: f(*a)
        t = interleaved(calls, seconds=arguments.seconds / len(functions))
        nanoseconds[name] = t["ours"] / N * 1e9, t["numpy"] / N * 1e9
        rows[name] = t["ours"] / t["numpy"], limit if arguments.dtype == "float64" else None
    x, y = rng.uniform(*WIDE, N), np.empty(N)
    out = np.empty(N)
    t = interleaved({"sin": lambda: loops["sin"](x, y, out), "both": lambda: sin_and_cos(x, y, out)}, seconds=arguments.seconds / 20)
    rows["sin and cos, relative to sin"] = t["both"] / t["sin"], 1.3
    kept = report(f"n = {N}, {arguments.dtype}, ratio to NumPy's function", rows)
    print(f"geometric mean {math.exp(sum(math.log(r) for r, _ in rows.values()) / len(rows)):.2f}; nanoseconds a number, ours and theirs:")
    print("  " + ", ".join(f"{name} {a:.2f} {b:.2f}" for name, (a, b) in nanoseconds.items()))
    return 0 if kept or not arguments.check else 1


if __name__ == "__main__":
    sys.exit(main())
