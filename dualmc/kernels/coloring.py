"""
Kernels of colourings, of the places that they give entries, and of the orders in which vertices are coloured.

A graph is a pair of lists of lists: `ptr, idx` name the rows of each column, `back_ptr, back_idx` the columns of each row, as a
matrix by columns and the same by rows have them. Two columns are neighbours if they share a row. In a symmetric pattern, columns
j and k are neighbours if there is an entry (j, k): there each column is given as one row, itself.

Sets of colours are bits of numbers: a column asks its rows, or its neighbours, for the colours that they have seen, and need not
look at what lies behind them (bench/bench_coloring.py).
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ._jit import device, kernel

BITS = 63
"""Colours in one number: the sign stays free."""

FULL = np.int64(2**BITS - 1)
ONE = np.int64(1)


@device
def _lowest(taken: Any) -> int:
    """Return the lowest bit that is not set."""
    c = 0
    while taken >> c & ONE:
        c += 1
    return c


@kernel
def disjoint(ptr: Any, idx: Any, back_ptr: Any, back_idx: Any, order: Any, colors: Any) -> int:
    """Give each column, in that order, the first colour that no column has with which it shares a row; return how many there are."""
    n = colors.size
    seen = np.zeros(back_ptr.size - 1, np.int64)
    taken_by = np.full(n + 1, -1, np.int64)  # colours from BITS on
    colors[:] = -1
    count = 0
    for j in order:
        taken = np.int64(0)
        for p in range(ptr[j], ptr[j + 1]):
            taken |= seen[idx[p]]
        if taken != FULL:
            c = _lowest(taken)
            for p in range(ptr[j], ptr[j + 1]):
                seen[idx[p]] |= ONE << c
        else:
            for p in range(ptr[j], ptr[j + 1]):
                for q in range(back_ptr[idx[p]], back_ptr[idx[p] + 1]):
                    if colors[back_idx[q]] >= BITS:
                        taken_by[colors[back_idx[q]]] = j
            c = BITS
            while taken_by[c] == j:
                c += 1
        colors[j] = c
        count = max(count, c + 1)
    return count


@device
def _has(sets: Any, v: int, c: int) -> bool:
    return bool(sets[v, c // BITS] >> (c % BITS) & ONE)


@device
def _add(sets: Any, v: int, c: int) -> None:
    sets[v, c // BITS] |= ONE << (c % BITS)


@device
def _allowed(ptr: Any, idx: Any, colors: Any, seen: Any, twice: Any, blocked: Any, v: int) -> int:
    """Return the first colour with which v makes no path of four vertices in two colours."""
    for word in range(seen.shape[1]):
        taken = np.int64(0)
        for p in range(ptr[v], ptr[v + 1]):
            w = idx[p]
            c = colors[w]
            if w != v and c >= 0:
                if c // BITS == word:
                    taken |= ONE << (c % BITS)
                taken |= seen[w, word] if _has(twice, v, c) else blocked[w, word]
        if taken != FULL:
            return BITS * word + _lowest(taken)
    return -1


@kernel
def stars(ptr: Any, idx: Any, order: Any, colors: Any, words: int) -> int:
    """
    Give each vertex of a symmetric pattern, in that order, the first colour that leaves a star colouring.

    Returns how many colours there are, or -1 if sets of BITS·words colours are too small.

    Of each vertex w are kept: the colours that its neighbours have, `seen`; those that two or more of them have, `twice`, which makes w
    the hub of a star; and the colours of hubs of which it is a leaf, `blocked`. A vertex v may not have the colour of a neighbour w; nor
    one that w has seen, if another neighbour has the colour of w, since v would be inside of a path; nor one of `blocked[w]`, since it
    would be the end of one.
    """
    n = colors.size
    seen, twice, blocked = np.zeros((n, words), np.int64), np.zeros((n, words), np.int64), np.zeros((n, words), np.int64)
    colors[:] = -1
    count = 0
    for v in order:
        c = _allowed(ptr, idx, colors, seen, twice, blocked, v)
        if c < 0:
            return -1
        colors[v] = c
        count = max(count, c + 1)
        for p in range(ptr[v], ptr[v + 1]):
            w = idx[p]
            if w != v:
                if _has(seen, w, c):
                    if colors[w] >= 0:
                        _add(blocked, v, colors[w])
                    if not _has(twice, w, c):
                        _add(twice, w, c)
                        if colors[w] >= 0:
                            for q in range(ptr[w], ptr[w + 1]):
                                if idx[q] != w and colors[idx[q]] == c:
                                    _add(blocked, idx[q], colors[w])
                else:
                    _add(seen, w, c)
                if colors[w] >= 0 and _has(twice, v, colors[w]):
                    _add(blocked, w, c)
    return count


@kernel
def places(ptr: Any, idx: Any, colors: Any, count: int, out: Any) -> None:
    """
    Write where each entry (i, j) stands by itself in the flattened products with the sums of columns of a colour.

    That is row i of the product of the colour of j; or, where i has another entry in a column of that colour, the matrix being symmetric,
    row j of the product of the colour of i.
    """
    m = ptr.size - 1
    met_in, alike_in = np.full(count, -1, np.int64), np.full(count, -1, np.int64)
    for i in range(m):
        for p in range(ptr[i], ptr[i + 1]):
            c = colors[idx[p]]
            if met_in[c] == i:
                alike_in[c] = i
            met_in[c] = i
        for p in range(ptr[i], ptr[i + 1]):
            c = colors[idx[p]]
            out[p] = c * m + i if alike_in[c] != i else colors[i] * m + idx[p]


@kernel
def degrees(ptr: Any, idx: Any, back_ptr: Any, back_idx: Any, out: Any) -> None:
    """Write how many neighbours each column has."""
    met_by = np.full(out.size, -1, np.int64)
    for j in range(out.size):
        met_by[j] = j
        out[j] = 0
        for p in range(ptr[j], ptr[j + 1]):
            for q in range(back_ptr[idx[p]], back_ptr[idx[p] + 1]):
                k = back_idx[q]
                if met_by[k] != j:
                    met_by[k] = j
                    out[j] += 1


@device
def _push(heads: Any, before: Any, after: Any, j: int, key: int) -> None:
    before[j], after[j] = -1, heads[key]
    if heads[key] >= 0:
        before[heads[key]] = j
    heads[key] = j


@device
def _pull(heads: Any, before: Any, after: Any, j: int, key: int) -> None:
    if before[j] >= 0:
        after[before[j]] = after[j]
    else:
        heads[key] = after[j]
    if after[j] >= 0:
        before[after[j]] = before[j]


@kernel
def peeled(ptr: Any, idx: Any, back_ptr: Any, back_idx: Any, keys: Any, out: Any) -> None:
    """Take one column after the other, always one whose key is least, and lower the keys of its neighbours by one; write which."""
    n = keys.size
    heads = np.full(keys.max() + 1 if n else 1, -1, np.int64)
    before, after = np.empty(n, np.int64), np.empty(n, np.int64)
    for j in range(n - 1, -1, -1):
        _push(heads, before, after, j, keys[j])
    met_at = np.full(n, -1, np.int64)
    least = 0
    for step in range(n):
        while heads[least] < 0:
            least += 1
        j = heads[least]
        _pull(heads, before, after, j, least)
        out[step], met_at[j] = j, n
        for p in range(ptr[j], ptr[j + 1]):
            for q in range(back_ptr[idx[p]], back_ptr[idx[p] + 1]):
                k = back_idx[q]
                if met_at[k] < step:
                    met_at[k] = step
                    _pull(heads, before, after, k, keys[k])
                    keys[k] -= 1
                    _push(heads, before, after, k, keys[k])
        least = max(least - 1, 0)


def examples() -> Iterator[tuple[str, Callable[..., Any], tuple[Any, ...]]]:
    """Yield the name of each kernel, the kernel, and arguments that make Numba compile it: for the indices of SciPy."""
    graph = tuple(np.array(x, np.int32) for x in ([0, 1], [0], [0, 1], [0]))
    order, out = np.zeros(1, np.int64), np.zeros(1, np.int64)
    yield "disjoint", disjoint, (*graph, order, out)
    yield "stars", stars, (*graph[:2], order, out, 1)
    yield "places", places, (*graph[:2], np.zeros(1, np.int64), 1, out)
    yield "degrees", degrees, (*graph, out)
    yield "peeled", peeled, (*graph, np.zeros(1, np.int64), out)
