"""
Claim: a Jacobian-vector product costs a small multiple of the function, and near what a derivative written by hand in
NumPy costs once arrays are large. Rows: dm.jvp and the hand-written value-and-tangent, relative to the function.
"""

import argparse

import numpy as np
from timing import interleaved

import dualmc as dm


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_by_hand(x, v):
    a, b = x[1:] - x[:-1] ** 2, 1 - x[:-1]
    da = v[1:] - 2 * x[:-1] * v[:-1]
    return np.sum(100 * a**2 + b**2), np.sum(200 * a * da - 2 * b * v[:-1])


def lorenz96(x):
    return (np.roll(x, -1) - np.roll(x, 2)) * np.roll(x, 1) - x + 8.0


def lorenz96_by_hand(x, v):
    a, b = np.roll(x, -1) - np.roll(x, 2), np.roll(x, 1)
    return a * b - x + 8.0, (np.roll(v, -1) - np.roll(v, 2)) * b + a * np.roll(v, 1) - v


def waves(x):
    return np.exp(-x * x) * np.sin(3 * x) / (1 + x * x)


def waves_by_hand(x, v):
    e, s, q = np.exp(-x * x), np.sin(3 * x), 1 + x * x
    y = e * s / q
    return y, (3 * e * np.cos(3 * x) / q - 2 * x * y * (1 + 1 / q)) * v


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    seconds = parser.parse_args().seconds
    print(f"{'':12s}{'n':>10s}{'dm.jvp':>10s}{'by hand':>10s}")
    for f, by_hand in ((rosenbrock, rosenbrock_by_hand), (lorenz96, lorenz96_by_hand), (waves, waves_by_hand)):
        for n in (10, 1000, 100_000, 1_000_000):
            x, v = np.random.default_rng(0).normal(size=(2, n))
            np.testing.assert_allclose(dm.jvp(f, (x,), (v,))[1], by_hand(x, v)[1], rtol=1e-9, atol=1e-9)
            t = interleaved(
                {
                    "f": lambda f=f, x=x: f(x),
                    "jvp": lambda f=f, x=x, v=v: dm.jvp(f, (x,), (v,)),
                    "hand": lambda g=by_hand, x=x, v=v: g(x, v),
                },
                seconds=seconds / 12,
            )
            print(f"{f.__name__:12s}{n:>10d}{t['jvp'] / t['f']:>9.2f}x{t['hand'] / t['f']:>9.2f}x")


if __name__ == "__main__":
    main()
