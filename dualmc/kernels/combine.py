"""
Kernels of the step of second order: e12 = Σ t·g + Σ u⊗w, in one pass over blocks that stay in the cache.

They know no function: a partial g, of shape (n,), meets a block t of shape (rows, n), and blocks u and w of first order multiply
into the pairs of their directions. There are at most two terms and two products; None stands for one that is not there, and
Numba compiles it away.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ._jit import kernel

BLOCK = 1024
"""Numbers of a row that are done before the next row; rows of u and w stay in a first-level cache meanwhile (bench/bench_second.py)."""


@kernel
def outer(t: Any, g: Any, s: Any, h: Any, u: Any, w: Any, v: Any, z: Any, out: Any) -> None:
    """Write out[j·K2 + k] = t·g + s·h + u[j]·w[k] + v[j]·z[k]: the pairs of all directions."""
    rows, n = out.shape
    first, second = 1, rows
    if u is not None:
        first, second = u.shape[0], w.shape[0]
    none = out.dtype.type(-0.0)  # what changes no number that it is added to
    for start in range(0, n, BLOCK):
        stop = min(start + BLOCK, n)
        for j in range(first):
            for k in range(second):
                r = out[j * second + k, start:stop]
                if t is not None:
                    a, b = t[j * second + k, start:stop], g[start:stop]
                if s is not None:
                    c, d = s[j * second + k, start:stop], h[start:stop]
                if u is not None:
                    e, f = u[j, start:stop], w[k, start:stop]
                if v is not None:
                    p, q = v[j, start:stop], z[k, start:stop]
                for i in range(r.size):
                    x = none
                    if t is not None:
                        x += a[i] * b[i]
                    if s is not None:
                        x += c[i] * d[i]
                    if u is not None:
                        x += e[i] * f[i]
                    if v is not None:
                        x += p[i] * q[i]
                    r[i] = x


@kernel
def summed(t: Any, g: Any, s: Any, h: Any, u: Any, w: Any, v: Any, z: Any, out: Any) -> None:
    """Write out[0] = t·g + s·h + Σₖ (u[k]·w[k] + v[k]·z[k]): the sum over pairs of a direction with itself."""
    _rows, n = out.shape
    pairs = 0
    if u is not None:
        pairs = u.shape[0]
    none = out.dtype.type(-0.0)
    for start in range(0, n, BLOCK):
        stop = min(start + BLOCK, n)
        r = out[0, start:stop]
        if t is not None:
            a, b = t[0, start:stop], g[start:stop]
        if s is not None:
            c, d = s[0, start:stop], h[start:stop]
        for i in range(r.size):
            x = none
            if t is not None:
                x += a[i] * b[i]
            if s is not None:
                x += c[i] * d[i]
            r[i] = x
        for k in range(pairs):
            if u is not None:
                e, f = u[k, start:stop], w[k, start:stop]
            if v is not None:
                p, q = v[k, start:stop], z[k, start:stop]
            for i in range(r.size):
                if u is not None:
                    r[i] += e[i] * f[i]
                if v is not None:
                    r[i] += p[i] * q[i]


def examples(dtype: str) -> Iterator[tuple[str, Callable[..., Any], tuple[Any, ...]]]:
    """Yield the name of each kernel, the kernel, and arguments that make Numba compile it: for any number of terms and products."""
    g, t = np.ones(1, dtype), np.ones((1, 1), dtype)
    for terms, products in itertools.product(range(3), range(3)):
        if terms or products:
            arrays = [t, g] * terms + [None, None] * (2 - terms) + [t, t] * products + [None, None] * (2 - products)
            yield from ((name, kernel, (*arrays, t.copy())) for name, kernel in KERNELS.items())


KERNELS: dict[str, Callable[..., None]] = {"outer": outer, "summed": summed}
"""The kernel of a pairing of directions, by name."""
