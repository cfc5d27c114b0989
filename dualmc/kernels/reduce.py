"""
Kernels of reductions: value and tangents in one pass over rows of contiguous numbers.

Extremes stay with NumPy: a search in lanes and a second pass for ties take as long as its search and a gather.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types

from ._float import where
from ._jit import Real, ask_ahead, device, intrinsic, kernel, reassociating
from .vmath_exp import exp

LANES = 32
"""Products that are carried side by side, so that no multiplication waits for the one before."""

BLOCK = 1024
"""Numbers that are summed in any order before their sum is added to the rest; it bounds the rounding error."""


# Sums, in the order of NumPy's: halves of halves, down to leaves of at most 128 numbers, each added up in eight lanes. ---

LEAF, WIDTH, DEPTH = 128, 8, 64


@intrinsic
def _lanes(context: Any, x: Any, start: Any, n: Any) -> Any:
    """Return the sum of n numbers from start on, n a positive multiple of WIDTH, in lanes that are then added in pairs."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        vector, word, lane = ir.VectorType(data.type.pointee, WIDTH), ir.IntType(64), ir.IntType(32)
        size = context.get_abi_sizeof(data.type.pointee)

        def part(i: Any) -> Any:
            place = builder.gep(data, [builder.add(arguments[1], i)])
            ask_ahead(builder, place)
            return builder.load(builder.bitcast(place, vector.as_pointer()), align=size)

        total = cgutils.alloca_once_value(builder, part(word(0)))
        with cgutils.for_range_slice(builder, word(WIDTH), arguments[2], word(WIDTH), inc=True) as (i, _):
            builder.store(builder.fadd(builder.load(total), part(i)), total)
        lanes = [builder.extract_element(builder.load(total), lane(k)) for k in range(WIDTH)]
        while len(lanes) > 1:
            lanes = [builder.fadd(a, b) for a, b in zip(lanes[::2], lanes[1::2], strict=True)]
        return lanes[0]

    return x.dtype(x, types.int64, types.int64), emit


@device
def _leaf(x: Any, start: int, n: int) -> Real:
    whole = n - n % WIDTH
    total = x.dtype.type(-0.0)
    if whole:
        total = _lanes(x, start, whole)
    for i in range(start + whole, start + n):
        total += x[i]
    return total


@device
def _halves(x: Any, start: int, n: int, left: Any, right: Any) -> Real:
    """Return the sum of n numbers from start on; left holds sums of left halves, right the sizes of right ones to come, else 0."""
    depth = 0
    while True:
        while n > LEAF:
            half = n // 2
            half -= half % WIDTH
            right[depth] = n - half
            depth, n = depth + 1, half
        total = _leaf(x, start, n)
        start += n
        while depth > 0 and right[depth - 1] == 0:
            depth -= 1
            total = left[depth] + total
        if depth == 0:
            return total
        left[depth - 1], n, right[depth - 1] = total, right[depth - 1], 0


@kernel
def total(x: Any, t: Any, n: int, parameter: float, ans: Any, out: Any) -> None:
    """Write Σxᵢ and Σẋᵢ; as in NumPy's, each starts from 0, so that -0 and -0 make 0."""
    left, right = np.empty(DEPTH, x.dtype), np.empty(DEPTH, np.int64)
    zero = x.dtype.type(0)
    for row in range(ans.size):
        ans[row] = zero + _halves(x, row * n, n, left, right)
    for row in range(out.size):
        out[row] = zero + _halves(t, row * n, n, left, right)


# Running sums: each is a chain of additions, but those of value and tangents need not wait for each other. -------------


@kernel
def running(x: Any, t: Any, n: int, parameter: float, ans: Any, out: Any) -> None:
    """Write the running sums of x and ẋ along rows of n numbers, in order."""
    zero = x.dtype.type(0)
    for row in range(0, x.size, n):
        a, b, y, z = x[row : row + n], t[row : row + n], ans[row : row + n], out[row : row + n]
        s, u = zero, zero
        for i in range(n):
            s += a[i]
            u += b[i]
            y[i], z[i] = s, u
    for row in range(x.size, t.size - n, 2 * n):
        a, b, y, z = t[row : row + n], t[row + n : row + 2 * n], out[row : row + n], out[row + n : row + 2 * n]
        s, u = zero, zero
        for i in range(n):
            s += a[i]
            u += b[i]
            y[i], z[i] = s, u
    if ((t.size - x.size) // n) % 2:
        s = zero
        for i in range(t.size - n, t.size):
            s += t[i]
            out[i] = s


# Products and variances. ---------------------------------------------------------------------------------------------


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


@kernel
def root(x: Any, t: Any, n: int, parameter: float, ans: Any, out: Any) -> None:
    """Write r = √Σxᵢ² and Σxᵢ·ẋᵢ/r; where squares leave the range of numbers the tangent is nan."""
    rows = ans.size
    zero = x.dtype.type(0)
    limits = np.finfo(x.dtype)
    least, most = limits.tiny / limits.eps / limits.eps, limits.max
    for row in range(rows):
        a = x[row * n : row * n + n]
        squares = zero
        out[row::rows] = zero
        for s in range(0, n, BLOCK):
            block = a[s : s + BLOCK]
            squares += _squares(block, zero)
            for k in range(row, out.size, rows):
                out[k] += _moments(block, zero, t[k * n + s : k * n + min(s + BLOCK, n)])
        size = np.sqrt(squares)
        ans[row] = size
        for k in range(row, out.size, rows):
            out[k] = out[k] / size if least < squares < most else np.nan


@device
def _largest(x: Any) -> Real:
    """Return the largest number, or any where there is a nan, in lanes that do not wait for each other."""
    lanes = np.full(LANES, x[0])
    whole = x.size - x.size % LANES
    for start in range(0, whole, LANES):
        u = x[start : start + LANES]
        for i in range(LANES):
            lanes[i] = where(u[i] > lanes[i], u[i], lanes[i])
    top = lanes[0]
    for i in range(1, LANES):
        top = max(top, lanes[i])
    for i in range(whole, x.size):
        top = max(top, x[i])
    return top


@kernel
def log_sum(x: Any, t: Any, n: int, parameter: float, ans: Any, out: Any) -> None:
    """Write s = log Σexp(xᵢ) and Σexp(xᵢ - s)·ẋᵢ; where the largest number is infinite the tangent is nan."""
    rows = ans.size
    zero = x.dtype.type(0)
    e = np.empty(min(n, BLOCK), x.dtype)
    for row in range(rows):
        a = x[row * n : row * n + n]
        top = _largest(a)
        total = zero
        out[row::rows] = zero
        for s in range(0, n, BLOCK):
            block = a[s : s + BLOCK]
            part = e[: block.size]
            for i in range(block.size):
                part[i] = exp(block[i] - top)
            total += _sum(part)
            for k in range(row, out.size, rows):
                out[k] += _moments(part, zero, t[k * n + s : k * n + min(s + BLOCK, n)])
        ans[row] = top + np.log(total)
        for k in range(row, out.size, rows):
            out[k] = out[k] / total if abs(top) < np.inf else np.nan


# Products of vectors. ------------------------------------------------------------------------------------------------


@reassociating
def _product(a: Any, b: Any, t: Any) -> Real:
    total, slope = a.dtype.type(0), a.dtype.type(0)
    for i in range(a.size):
        total += a[i] * b[i]
        slope += t[i] * b[i]
    return total, slope


@reassociating
def _product_rule(a: Any, b: Any, t: Any, u: Any) -> Real:
    total, slope = a.dtype.type(0), a.dtype.type(0)
    for i in range(a.size):
        total += a[i] * b[i]
        slope += t[i] * b[i] + a[i] * u[i]
    return total, slope


@kernel
def inner(a: Any, b: Any, t: Any, u: Any, ans: Any, out: Any) -> None:
    """Write Σaᵢbᵢ and Σ(ȧᵢbᵢ + aᵢḃᵢ); the tangents ȧ and ḃ have a row for each direction, and ḃ may be None."""
    n, rows = a.size, t.shape[0]
    total = a.dtype.type(0)
    out[:] = total
    for s in range(0, n, BLOCK):
        m = min(BLOCK, n - s)
        p, q = a[s : s + m], b[s : s + m]
        part = total
        for k in range(rows):
            v = t[k][s : s + m]
            part, slope = _product(p, q, v) if u is None else _product_rule(p, q, v, u[k][s : s + m])
            out[k] += slope
        total += part
    ans[0] = total


def examples(dtype: str) -> Iterator[tuple[str, Callable[..., Any], tuple[Any, ...]]]:
    """Yield the name of each kernel, the kernel, and arguments that make Numba compile it."""
    one, row = np.ones(1, dtype), np.ones((1, 1), dtype)
    for name, reduction in KERNELS.items():
        if reduction is not inner:
            yield name, reduction, (one, one, 1, 0.0, one.copy(), one.copy())
    for other in (row, None):
        yield "inner", inner, (one, one, row, other, one.copy(), one.copy())


KERNELS: dict[str, Callable[..., None]] = {
    "cumsum": running,
    "inner": inner,
    "log_sum_of_exp": log_sum,
    "prod": prod,
    "root_of_squares": root,
    "sum": total,
    "variance": variance,
}
"""The kernel of a reduction, by the name of its function; `inner` is the product of two vectors."""
