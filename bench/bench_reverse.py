"""
Claim: a gradient in reverse costs at most 4x the function on large arrays, and less than autograd's (extra `bench`).

Rows: the loss of a network 64-64-32 with tanh on a batch of 256, mean square error (Parr & Howard, section 6), with
respect to all weights as a tree; Rosenbrock's function of 100,000 numbers. Beside them value and gradient written out by
hand in NumPy: what is left is what recording and walking back cost. Then what recording adds to an operation on
10 numbers, in calls of np.multiply. BLAS runs in one thread, so that what else the machine does counts less, unless
OPENBLAS_NUM_THREADS says otherwise.
"""

import argparse
import os
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from timing import interleaved, report

import dualmc as dm
from dualmc.arrays.taped import Taped
from dualmc.tangents import recorded

try:
    import autograd
    import autograd.numpy as anp
except ImportError:
    autograd = anp = None

RNG = np.random.default_rng(0)
INPUTS, TARGETS = RNG.normal(size=(256, 64)), RNG.normal(size=(256, 32))
WEIGHTS = [{"w": RNG.normal(size=(m, n)) / 8, "b": RNG.normal(size=n)} for m, n in ((64, 64), (64, 32))]
POINT = RNG.normal(size=100_000)


def rosenbrock(np):
    def f(x):
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    return f


def network(np):
    def loss(weights):
        first, last = weights
        hidden = np.tanh(INPUTS @ first["w"] + first["b"])
        return np.mean((hidden @ last["w"] + last["b"] - TARGETS) ** 2)

    return loss


def rosenbrock_by_hand(x):
    """Return value and gradient as one would write them."""
    a = x[:-1]
    u, w = x[1:] - a**2, 1 - a
    value = np.sum(100 * u**2 + w**2)
    g = np.zeros_like(x)
    u *= 200
    g[1:] = u
    u *= a
    u *= 2
    w *= 2
    u += w
    g[:-1] -= u
    return value, g


def network_by_hand(weights):
    """Return value and gradient as one would write them."""
    first, last = weights
    hidden = np.tanh(INPUTS @ first["w"] + first["b"])
    r = hidden @ last["w"] + last["b"] - TARGETS
    value = np.mean(r**2)
    r *= 2 / r.size
    c = r @ last["w"].T
    c *= 1 - hidden * hidden
    return value, [{"w": INPUTS.T @ c, "b": c.sum(0)}, {"w": hidden.T @ r, "b": r.sum(0)}]


PROBLEMS = {
    "network 64-64-32, batch 256": (network, network_by_hand, WEIGHTS),
    "Rosenbrock, n = 100,000": (rosenbrock, rosenbrock_by_hand, POINT),
}


def numbers(tree):
    """Return all numbers of a gradient, to compare."""
    return np.concatenate([numbers(t) for t in tree]) if isinstance(tree, list) else (
        np.concatenate([np.ravel(tree[k]) for k in ("w", "b")]) if isinstance(tree, dict) else tree
    )  # fmt: skip


def large(seconds: float) -> bool:
    kept = True
    for name, (f, hand, at) in PROBLEMS.items():
        plain, grad = f(np), dm.reverse.grad(f(np))
        np.testing.assert_allclose(numbers(grad(at)), numbers(hand(at)[1]), rtol=1e-9, atol=1e-12)
        candidates = {
            "f": lambda plain=plain, at=at: plain(at),
            "hand": lambda hand=hand, at=at: hand(at),
            "dm": lambda grad=grad, at=at: grad(at),
        }
        if autograd is not None:
            peer = autograd.grad(f(anp))
            np.testing.assert_allclose(numbers(grad(at)), numbers(peer(at)), rtol=1e-9, atol=1e-12)
            candidates["autograd"] = lambda peer=peer, at=at: peer(at)
        t = interleaved(candidates, seconds=seconds, rounds=1001)
        rows = {"dm.reverse.grad / function": (t["dm"] / t["f"], 4.0), "by hand / function": (t["hand"] / t["f"], None)}
        if autograd is not None:
            rows["dm.reverse.grad / autograd.grad"] = (t["dm"] / t["autograd"], 1.0)
            rows["autograd.grad / function"] = (t["autograd"] / t["f"], None)
        kept &= report(name, rows)
    if autograd is None:
        print("autograd is not installed (pip install -e '.[bench]'): nothing to compare with")
    return kept


def small(seconds: float) -> None:
    x, y = RNG.random((2, 10))
    operations = {
        "x + y": lambda a, b: a + b,
        "x * y": lambda a, b: a * b,
        "2.0 * x": lambda a, b: 2.0 * a,
        "x ** 2": lambda a, b: a**2,
        "np.tanh(x)": lambda a, b: np.tanh(a),
        "x[1:]": lambda a, b: a[1:],
        "np.sum(x)": lambda a, b: np.sum(a),
    }

    def on_recorded(f):
        def call():  # fresh tangents, so that nothing piles up
            return f(Taped(x, recorded.leaf(x), 1), Taped(y, recorded.leaf(y), 1))

        return call

    candidates = {"np.multiply": lambda: np.multiply(x, y), "two inputs": on_recorded(lambda a, b: None)}
    for name, f in operations.items():
        candidates[name] = lambda f=f: f(x, y)
        candidates[f"{name} recorded"] = on_recorded(f)
    t = interleaved(candidates, seconds=seconds, rounds=301)
    unit = t["np.multiply"]
    added = {k: ((t[f"{k} recorded"] - t["two inputs"] - t[k]) / unit, None) for k in operations}
    report("n = 10, added by recording, in calls of np.multiply", added)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a limit is missed")
    arguments = parser.parse_args()
    kept = large(arguments.seconds / 3)
    small(arguments.seconds / 3)
    return 0 if kept or not arguments.check else 1


if __name__ == "__main__":
    sys.exit(main())
