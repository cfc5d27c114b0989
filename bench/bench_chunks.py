"""
Claim: seed blocks of CHUNK_BYTES are near the best size of a pass: small ones repeat the overhead of each operation,
large ones leave the cache. Rows: cost of one direction relative to one evaluation of the function, by block size.
"""

import argparse

import numpy as np
from timing import interleaved

import dualmc as dm
from dualmc import passes


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def reaction(x):
    z = x.reshape(2, -1)
    u, v = z[0], z[1]
    diffusion = np.roll(z, 1, axis=1) - 2 * z + np.roll(z, -1, axis=1)
    return np.stack([1 + u * u * v - 4.4 * u, 3.4 * u - u * u * v]) + 0.02 * diffusion


def network(x):
    w = x[: x.size // 2 * 2].reshape(2, -1)
    return np.tanh(np.exp(-w * w) @ np.sin(w.T))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    seconds = parser.parse_args().seconds
    sizes = [10, 100, 1000, 10_000] if seconds > 1 else [10, 100]
    blocks = [1 << 14, 1 << 16, 1 << 17, 1 << 18, 1 << 19, 1 << 20, 1 << 22]
    print(f"{'':22s}" + "".join(f"{b // 1024:>8d}K" for b in blocks) + f"   (default {passes.CHUNK_BYTES // 1024}K)")
    for f in (rosenbrock, reaction, network):
        for n in sizes:
            x = np.random.default_rng(0).normal(size=n)
            calls = {"primal": lambda f=f, x=x: f(x)}
            lanes = {}
            for b in blocks:
                k = max(1, min(n, b // (8 * n)))
                lanes[b] = k
                seed = np.zeros((k, n))
                seed[np.arange(k), np.arange(k)] = 1
                calls[str(b)] = lambda f=f, x=x, seed=seed: f(dm.Dual(x, seed, 1))
            t = interleaved(calls, seconds=seconds / 12)
            print(f"{f.__name__:12s}{n:>10d}" + "".join(f"{t[str(b)] / lanes[b] / t['primal']:8.2f}x" for b in blocks))


if __name__ == "__main__":
    main()
