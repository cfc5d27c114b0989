"""
Claim: a colouring of a five-point grid takes the time of some ten passes over its entries, and sets of colours held as bits are quicker
than a look at all neighbours of neighbours.

Rows: the time of a colouring, and of reading the matrix from its products, relative to one conversion of the pattern from CSR to CSC;
how many colours each order takes, and in what time; the kernel beside the plain algorithm; and the peer, on a smaller grid.
"""

import argparse
import importlib
import importlib.util
from typing import get_args

import numpy as np
import scipy.sparse as sp
from timing import interleaved

import dualmc as dm
from dualmc.kernels import _jit
from dualmc.sparse.coloring import Order

KINDS = ("columns", "symmetric")


def five_points(side):
    """Return the pattern of the Laplacian on a periodic grid of side × side points."""
    ones = np.ones((5, side))
    steps = sp.diags_array(ones[:4], offsets=[-1, 1, side - 1, 1 - side], shape=(side, side))
    return (sp.kronsum(steps, steps) + sp.eye_array(side * side)).tocsr() != 0


@_jit.kernel
def by_neighbours(ptr, idx, back_ptr, back_idx, colors):
    """Colour columns greedily by a look at all columns with which one shares a row."""
    taken_by = np.full(colors.size + 1, -1, np.int64)
    colors[:] = -1
    for j in range(colors.size):
        for p in range(ptr[j], ptr[j + 1]):
            for q in range(back_ptr[idx[p]], back_ptr[idx[p] + 1]):
                if colors[back_idx[q]] >= 0:
                    taken_by[colors[back_idx[q]]] = j
        c = 0
        while taken_by[c] == j:
            c += 1
        colors[j] = c


def kernels(pattern):
    """Return both ways to colour columns, without what surrounds them."""
    columns, kernel = pattern.tocsc(), importlib.import_module("dualmc.kernels.coloring").disjoint
    graph = (columns.indptr, columns.indices, pattern.indptr, pattern.indices)
    order, colors = np.arange(pattern.shape[1]), np.empty(pattern.shape[1], np.int64)
    by_neighbours(*graph, colors)
    expected = colors.copy()
    kernel(*graph, order, colors)
    assert np.array_equal(colors, expected)
    return {"bits": lambda: kernel(*graph, order, colors), "neighbours": lambda: by_neighbours(*graph, colors)}


def peers(pattern):
    """Return the colourings of asdex, which takes those with most neighbours first, and ours in that order."""
    if importlib.util.find_spec("asdex") is None:
        return {}
    asdex, places = importlib.import_module("asdex"), pattern.tocoo()
    sparsity = asdex.SparsityPattern.from_coo(places.row.astype(np.int32), places.col.astype(np.int32), pattern.shape)
    return {
        "columns": lambda: dm.coloring(pattern, "columns", "largest_first").count,
        "columns, asdex": lambda: int(asdex.color_cols(sparsity)[1]),
        "symmetric": lambda: dm.coloring(pattern, "symmetric", "largest_first").count,
        "symmetric, asdex": lambda: int(asdex.color_symmetric(sparsity)[1]),
    }


def show(title, calls, seconds, base, counts):
    timed = interleaved(calls, seconds=seconds)
    print(title)
    for name in calls:
        print(f"  {name:32s}{timed[name] / timed[base]:9.2f}x{counts.get(name, ''):>12}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--side", type=int, default=512)
    options = parser.parse_args()
    side = options.side if options.seconds > 1 else 32
    pattern = five_points(side)
    values = np.random.default_rng(0).normal(size=pattern.shape[0])

    calls = {"pass": pattern.tocsc, "sum of the indices": pattern.indices.sum}
    for kind in KINDS:
        c = dm.coloring(pattern, kind)
        products = np.tile(values, (c.count, 1))
        calls[kind] = lambda kind=kind: dm.coloring(pattern, kind)
        calls[f"decompress, {kind}"] = lambda c=c, products=products: c.decompress(products)
    show(f"{side} × {side} points, {pattern.nnz} entries; a pass is a conversion to CSC", calls, options.seconds / 4, "pass", {})

    for kind in KINDS:
        calls = {order: lambda kind=kind, order=order: dm.coloring(pattern, kind, order) for order in get_args(Order)}
        counts = {order: f"{call().count} colours" for order, call in calls.items()}
        show(f"{kind}, by order", calls, options.seconds / 4, "natural", counts)

    show("the kernel of columns alone", {"pass": pattern.tocsc, **kernels(pattern)}, options.seconds / 4, "pass", {})

    small = five_points(min(side, 64))
    calls = peers(small)
    if calls:
        counts = {name: f"{call()} colours" for name, call in calls.items()}
        show(f"{min(side, 64)} × {min(side, 64)} points", calls, options.seconds / 4, "columns", counts)


if __name__ == "__main__":
    main()
