"""
Kernels of reductions: value and tangents in one pass over rows of contiguous numbers.

Sums, norms and extremes stay with NumPy: its pairwise order keeps the rounding of sums small, and BLAS and the search for
the largest entry are as quick as a kernel (bench/bench_reductions.py).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ._jit import Real, kernel, reassociating

LANES = 32
"""Products that are carried side by side, so that no multiplication waits for the one before."""

BLOCK = 1024
"""Numbers that are summed in any order before their sum is added to the rest; it bounds the rounding error."""


@kernel
def prod(x: Any, t: Any, n: int, parameter: float, ans: Any, out: Any) -> None:
    """Write Πxᵢ and its tangent: (p, ṗ)·(x, ẋ) = (p·x, ṗ·x + p·ẋ), with no division."""
    rows = ans.size
    p, d = np.empty(LANES, x.dtype), np.empty(LANES, x.dtype)
    whole = n - n % LANES
    for k in range(out.size):
        row = k % rows
        a, b = x[row * n : row * n + n], t[k * n : k * n + n]
        p[:] = 1
        d[:] = 0
        for start in range(0, whole, LANES):
            u, v = a[start : start + LANES], b[start : start + LANES]
            for i in range(LANES):
                d[i] = d[i] * u[i] + p[i] * v[i]
                p[i] = p[i] * u[i]
        value, slope = p[0], d[0]
        for i in range(1, LANES):
            slope = slope * p[i] + value * d[i]
            value = value * p[i]
        for i in range(whole, n):
            slope = slope * a[i] + value * b[i]
            value = value * a[i]
        ans[row], out[k] = value, slope


@reassociating
def _sum(x: Any) -> Real:
    total = x.dtype.type(0)
    for i in range(x.size):
        total += x[i]
    return total


@reassociating
def _squares(x: Any, center: float) -> Real:
    total = x.dtype.type(0)
    for i in range(x.size):
        total += (x[i] - center) * (x[i] - center)
    return total


@reassociating
def _moments(x: Any, center: float, t: Any) -> Real:
    total = x.dtype.type(0)
    for i in range(x.size):
        total += (x[i] - center) * t[i]
    return total


@kernel
def variance(x: Any, t: Any, n: int, ddof: float, ans: Any, out: Any) -> None:
    """Write Σ(xᵢ - x̄)²/(n - ddof) and its tangent 2Σ(xᵢ - x̄)·ẋᵢ/(n - ddof)."""
    rows = ans.size
    one = x.dtype.type(1)
    for row in range(rows):
        a = x[row * n : row * n + n]
        center = 0 * one
        for s in range(0, n, BLOCK):
            center += _sum(a[s : s + BLOCK])
        center /= x.dtype.type(n)
        total = 0 * one
        for s in range(0, n, BLOCK):
            total += _squares(a[s : s + BLOCK], center)
        ans[row] = total / x.dtype.type(n - ddof)
        for k in range(row, out.size, rows):
            b = t[k * n : k * n + n]
            slope = 0 * one
            for s in range(0, n, BLOCK):
                slope += _moments(a[s : s + BLOCK], center, b[s : s + BLOCK])
            out[k] = 2 * slope / x.dtype.type(n - ddof)


KERNELS: dict[str, Callable[..., None]] = {"prod": prod, "variance": variance}
"""The kernel of a reduction, by the name of its function."""
