"""Linear maps as sparse matrices, and their products, with every entry that can be other than zero."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._typing import Array, Shape
from ..linear_op import LinearOp
from ..tangents.structured import Cut, is_complex_linear

PROBED = 1 << 22
"""Numbers that a block of probes holds at most."""


def matrix_of(cut: Cut, sparse: Any) -> Any:
    """Return the CSR matrix of the map of a cut, of shape (numbers of the result, numbers of the argument)."""
    return _matrix(cut.op, cut.pattern, sparse)


def _matrix(op: LinearOp, pattern: Callable[[], LinearOp] | None, sparse: Any) -> Any:
    if op.parts and pattern is None:
        a = _composed(op.parts, sparse)
        return _probed(op, None, sparse) if a is None else a
    m, n = math.prod(op.shape_out), math.prod(op.shape_in)
    turned = op.turned
    if turned is not None:
        return (
            _matrix(turned, None, sparse).conj().T.tocsr() if turned.picks or turned.sums or turned.parts else _probed(op, pattern, sparse)
        )
    if op.picks:
        index = op.apply(np.arange(1, n + 1).reshape(op.shape_in)).reshape(-1)
        rows = np.flatnonzero(index)
        return sparse.coo_array((np.ones(rows.size), (rows, index[rows] - 1)), shape=(m, n)).tocsr()
    if op.sums is not None:
        rows = op.transpose(np.arange(m).reshape(op.shape_out)).reshape(-1)
        return sparse.coo_array((np.ones(n), (rows, np.arange(n))), shape=(m, n)).tocsr()
    return _probed(op, pattern, sparse)


def _composed(parts: Sequence[LinearOp], sparse: Any) -> Any:
    """Return the matrix of maps one after the other; None if there are complex numbers between them and no complex matrix tells all."""
    first, *others = parts
    a = _matrix(first, None, sparse)
    for other in others:
        if np.iscomplexobj(a) and not is_complex_linear(other):
            return None
        a = product(_matrix(other, None, sparse), a, sparse)
    return a


# Maps that say nothing about themselves: what they make of basis vectors. ------------------------------------


def _probed(op: LinearOp, pattern: Callable[[], LinearOp] | None, sparse: Any) -> Any:
    """
    Return the matrix of any map. Along axes of independent points, such as those of a stack of matrices, one basis vector for each
    number of a point tells all.
    """
    marked = op if pattern is None else pattern()
    pairs = op.points if op.bound and pattern is None else _independent(marked)
    n, m = math.prod(op.shape_in), math.prod(op.shape_out)
    columns = _points_first(np.arange(n).reshape(op.shape_in), [i for i, _ in pairs])
    rows = _points_first(np.arange(m).reshape(op.shape_out), [j for _, j in pairs])
    points, k = columns.shape
    step = max(1, PROBED // max(1, points * max(k, rows.shape[1])))
    parts = []
    for start in range(0, k, step):
        chosen = columns[:, start : start + step]  # one column of each point moves at once
        seeds = np.zeros((chosen.shape[1], n))
        seeds[np.arange(chosen.shape[1]), chosen] = 1
        seeds = seeds.reshape(-1, *op.shape_in)
        values = op.apply(seeds).reshape(len(seeds), m)[:, rows]  # (columns, points, rows of a point)
        if pattern is not None:
            kept = marked.apply(seeds).reshape(len(seeds), m)[:, rows] != 0
        else:
            kept = np.ones(values.shape, bool) if op.bound else values != 0
        where = np.broadcast_to(rows, values.shape)[kept], np.broadcast_to(chosen.T[:, :, None], values.shape)[kept]
        parts.append((values[kept], *where))
    if not parts:
        return sparse.csr_array((m, n))
    data, i, j = (np.concatenate(x) for x in zip(*parts, strict=True))
    return sparse.coo_array((data, (i, j)), shape=(m, n)).tocsr()


def _points_first(numbers: Array, axes: Sequence[int]) -> Array:
    """Return numbers as a matrix with a row for each point."""
    points = math.prod(numbers.shape[a] for a in axes)
    moved = np.moveaxis(numbers, axes, range(len(axes)))
    return moved.reshape(points, numbers.size // points if points else 0)


def _independent(op: LinearOp) -> list[tuple[int, int]]:
    """Return the axes of argument and result along which the map commutes with any weights: it does not mix points there."""
    rng = np.random.default_rng(0)
    x = rng.uniform(1, 2, op.shape_in)
    y = op.apply(x)
    nd_in, nd_out = len(op.shape_in), len(op.shape_out)
    candidates = [(i, j) for i in range(nd_in) for j in dict.fromkeys((i, i - nd_in + nd_out)) if 0 <= j < nd_out]
    found: list[tuple[int, int]] = []
    for i, j in candidates:
        n = op.shape_in[i]
        if n < 2 or op.shape_out[j] != n or any(i == a or j == b for a, b in found):
            continue
        w = rng.uniform(1, 2, n)
        moved = op.apply(x * _along(w, i, nd_in))
        if np.allclose(moved, y * _along(w, j, nd_out), rtol=1e-10, atol=1e-12 * np.max(np.abs(y), initial=0)):
            found.append((i, j))
    return found


def _along(w: Array, axis: int, nd: int) -> Array:
    shape: Shape = tuple(len(w) if i == axis else 1 for i in range(nd))
    return w.reshape(shape)


# Products and sums that keep entries that happen to be zero. -------------------------------------------------


def product(a: Any, b: Any, sparse: Any) -> Any:
    """Return a @ b with an entry wherever one can be: SciPy leaves out those that cancel."""
    value = a @ b
    pattern = _ones(a, sparse) @ _ones(b, sparse)
    return value if value.nnz == pattern.nnz else total([value, pattern * 0.0], sparse)


def _ones(a: Any, sparse: Any) -> Any:
    return sparse.csr_array((np.ones(a.nnz), a.indices, a.indptr), shape=a.shape)


def total(parts: Sequence[Any], sparse: Any) -> Any:
    """Return the sum of matrices, with all entries of all of them."""
    if len(parts) == 1:
        return parts[0]
    coos = [p.tocoo() for p in parts]
    data, rows, columns = (np.concatenate(x) for x in zip(*((c.data, *c.coords) for c in coos), strict=True))
    return sparse.coo_array((data, (rows, columns)), shape=parts[0].shape).tocsr()


def with_mirror(a: Any, b: Any, sparse: Any) -> Any:
    """Return a, which equals the transpose of b, with an entry wherever that has one, too."""
    turned = b.T.tocsr()
    if np.array_equal(a.indptr, turned.indptr) and np.array_equal(a.indices, turned.indices):
        return a
    return total([a, _ones(turned, sparse) * 0.0], sparse).astype(a.dtype, copy=False)
