"""Quantiles, covariances and counts in bins; in terms of other functions."""

import math
from typing import Any

import numpy as np

from .._typing import Array, Function
from ..errors import not_supported
from .composed import merged_axes
from .linear import scatter
from .registry import register
from .rule import Composed
from .selection import base

# Quantiles. --------------------------------------------------------------------------------------------------


def _carries(x: Any) -> bool:
    return hasattr(type(x), "_push_linear")


def _positions(n: int, q: Any, method: Any) -> Array:
    """Return where NumPy reads the quantiles of n sorted entries: the quantiles of the numbers 0 to n-1."""
    return np.asarray(np.quantile(np.arange(float(max(n, 1))), q, method=method))


def _quantile(a: Array, q: Any, axis: Any, method: Any, keepdims: Any, weights: Any, *, name: str, skip_nan: bool) -> Array:
    if _carries(q):
        not_supported(name, "q", "Dual", "sort and use np.interp, which has a slope in the position")
    if weights is not None:
        return _weighted_quantile(a, q, axis, method, keepdims, base(weights), skip_nan=skip_nan)
    dtype = np.quantile(np.zeros(1, a.dtype), q, method=method).dtype
    flat, kept = merged_axes(a, axis)
    missing = np.isnan(base(flat))
    length = missing.shape[-1]
    if length == 0:
        raise IndexError(f"{name}: the quantile of no entries is not defined")
    count = np.sum(~missing, axis=-1) if skip_nan else np.full(missing.shape[:-1], length)
    sizes, inverse = np.unique(count, return_inverse=True)
    table = np.stack([_positions(int(n), q, method) for n in sizes], axis=-1)
    position = table[..., inverse.reshape(count.shape)]
    low = np.floor(position).astype(np.intp)
    share = (position - low).astype(np.finfo(dtype).dtype)
    s = np.sort(flat if flat.dtype == dtype else flat.astype(dtype), axis=-1)
    key = tuple(np.expand_dims(i, tuple(range(np.ndim(q)))) for i in np.indices(count.shape, sparse=True))
    below, above = s[(*key, low)], s[(*key, np.minimum(low + 1, length - 1))]
    result = np.where(share == 0, below, below + (above - below) * share)
    bad = np.all(missing, axis=-1) if skip_nan else np.any(missing, axis=-1)
    result = np.where(bad, np.nan, result) if np.any(bad) else result
    result = (result if result.dtype == dtype else result.astype(dtype))[()]
    return np.reshape(result, np.shape(q) + kept) if keepdims else result


def _weighted_quantile(a: Array, q: Any, axis: Any, method: Any, keepdims: Any, weights: Array, *, skip_nan: bool) -> Array:
    """Return the entries that the cumulated weights choose; the choice is a step function of the weights."""
    plain: Any = np.nanquantile if skip_nan else np.quantile
    chosen = plain(base(a), q, axis=axis, method=method, weights=weights)
    flat, kept = merged_axes(a, axis)
    w = merged_axes(weights, axis)[0] if weights.shape == a.shape else weights
    place = np.argmax((base(flat) == chosen[..., None]) & (w > 0), axis=-1)
    rows = np.indices(flat.shape[:-1], sparse=True)
    key = tuple(np.expand_dims(i, tuple(range(np.ndim(q)))) for i in rows)
    result = np.where(np.isnan(chosen), np.nan, flat[(*key, place)]).astype(chosen.dtype)[()]
    return np.reshape(result, np.shape(q) + kept) if keepdims else result


def quantile(
    a: Array, q: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, method: str = "linear", keepdims: Any = False,
    *, weights: Any = None,
) -> Array:  # fmt: skip
    return _quantile(a, q, axis, method, keepdims, weights, name="quantile", skip_nan=False)


def nanquantile(
    a: Array, q: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, method: str = "linear", keepdims: Any = False,
    *, weights: Any = None,
) -> Array:  # fmt: skip
    return _quantile(a, q, axis, method, keepdims, weights, name="nanquantile", skip_nan=True)


def _hundredth(q: Any) -> Any:
    return q / 100 if isinstance(q, (int, float)) or _carries(q) else np.asarray(q) / 100


def percentile(
    a: Array, q: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, method: str = "linear", keepdims: Any = False,
    *, weights: Any = None,
) -> Array:  # fmt: skip
    return _quantile(a, _hundredth(q), axis, method, keepdims, weights, name="percentile", skip_nan=False)


def nanpercentile(
    a: Array, q: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, method: str = "linear", keepdims: Any = False,
    *, weights: Any = None,
) -> Array:  # fmt: skip
    return _quantile(a, _hundredth(q), axis, method, keepdims, weights, name="nanpercentile", skip_nan=True)


# Covariances. ------------------------------------------------------------------------------------------------


def _as_rows(x: Any, rowvar: bool) -> Array:
    x = np.atleast_2d(x)
    return x if rowvar or x.shape[0] == 1 else x.T


def cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None, fweights: Any = None, aweights: Any = None,
    *, dtype: Any = None,
) -> Array:  # fmt: skip
    if ddof is not None and ddof != int(ddof):
        raise ValueError("cov: ddof must be integer")
    m = m if hasattr(m, "dtype") else np.asarray(m)
    if m.ndim > 2 or np.ndim(y) > 2:
        raise ValueError("cov: m and y have at most 2 dimensions")
    kind = np.result_type(m.dtype, np.float64, *([] if y is None else [base(y)])) if dtype is None else np.dtype(dtype)
    x = (m.T if not rowvar and m.ndim == 2 else np.atleast_2d(m)).astype(kind)
    if y is not None:
        x = np.concatenate([x, _as_rows(y, rowvar).astype(kind)], axis=0)
    ddof = (0 if bias else 1) if ddof is None else ddof
    w: Any = None
    if fweights is not None:
        if _carries(fweights):
            raise TypeError("cov: fweights are integers and carry no tangent; use aweights")
        w = np.asarray(fweights)
        if np.any(w != np.around(w)) or np.any(w < 0) or w.shape != x.shape[1:]:
            raise ValueError("cov: fweights must be non-negative integers, one for each observation")
    if aweights is not None:
        aweights = (aweights if hasattr(aweights, "dtype") else np.asarray(aweights)).astype(np.finfo(kind).dtype)
        if np.any(aweights < 0) or np.shape(aweights) != x.shape[1:]:
            raise ValueError("cov: aweights must be non-negative, one for each observation")
        w = aweights if w is None else w * aweights
    total = x.shape[1] if w is None else np.sum(w)
    center = np.mean(x, axis=1) if w is None else np.sum(x * w, axis=1) / total
    factor = total - ddof if w is None or ddof == 0 or aweights is None else total - ddof * np.sum(w * aweights) / total
    x = x - center[:, None]
    result = np.matmul(x, np.conjugate((x if w is None else x * w).T))
    return np.squeeze(result / (factor if type(factor) is int else factor.astype(np.finfo(kind).dtype)))


def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Array:
    c = cov(x, y, rowvar, dtype=dtype)
    if np.ndim(c) == 0:
        return c / c
    deviation = np.sqrt(np.real(np.diagonal(c)))
    c = c / deviation[:, None] / deviation[None, :]
    real = np.clip(np.real(c), -1, 1)
    return real + 1j * np.clip(np.imag(c), -1, 1) if c.dtype.kind == "c" else real


# Counts in bins. ---------------------------------------------------------------------------------------------


def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Array:
    index = base(x)
    if weights is None:
        return np.bincount(index, minlength=minlength)
    weights = weights if hasattr(weights, "dtype") else np.asarray(weights)
    n = len(np.bincount(index, minlength=minlength))
    if len(index) != len(weights):
        raise ValueError("bincount: the weights and list don't have the same length.")
    return scatter(weights.astype(np.float64), index, n)


def _edges(a: Array, bins: Any, range_: Any, weights: Any) -> Array:
    """Return the edges of the bins; they carry the tangents of the ends that they lie between."""
    if np.ndim(bins) == 1 and not isinstance(bins, str):
        np.histogram_bin_edges(base(a), base(bins))
        return bins if hasattr(bins, "dtype") else np.asarray(bins)
    values = base(a)
    plain = np.histogram_bin_edges(
        values, bins, None if range_ is None else tuple(map(base, range_)), weights if weights is None else base(weights)
    )
    ends: tuple[Any, Any] = (np.min(a), np.max(a)) if range_ is None and values.size else (range_ or (0.0, 1.0))
    if not any(map(_carries, ends)) or base(ends[0]) == base(ends[1]):
        return plain
    return np.linspace(*ends, len(plain)).astype(plain.dtype)


def _bin_of(values: Array, edges: Array) -> Array:
    """Return the number of each value's bin, -1 for values outside; the last bin is closed."""
    index: Any = np.searchsorted(edges, values, side="right") - 1
    index = np.where(values == edges[-1], len(edges) - 2, index)
    return np.where((values < edges[0]) | (values > edges[-1]) | np.isnan(values), -1, index)


def histogram(a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> tuple[Array, Array]:
    if weights is not None and np.shape(weights) != np.shape(a):
        raise ValueError("histogram: weights should have the same shape as a.")
    a = np.ravel(a)
    edges = _edges(a, bins, range, weights)
    index = _bin_of(base(a), base(edges))
    inside, n = index >= 0, len(edges) - 1
    counts: Any
    if weights is None:
        counts = np.bincount(index[inside], minlength=n)
    else:
        weights = weights if hasattr(weights, "dtype") else np.asarray(weights)
        counts = scatter(np.ravel(weights)[inside], index[inside], n)
    return (counts / np.diff(edges).astype(np.float64) / np.sum(counts) if density else counts), edges


def histogramdd(sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> tuple[Array, Any]:
    columns = list(sample) if not hasattr(sample, "ndim") else list(sample.T) if sample.ndim == 2 else [sample]
    fixed = range is not None or (isinstance(bins, (list, tuple)) and all(np.ndim(b) == 1 for b in bins))
    if any(map(_carries, columns)) and not fixed:
        raise TypeError("histogramdd: the edges would follow a Dual sample; pass bins as edges, or range=, or dm.primal(sample)")
    points = np.stack([base(c) for c in columns], axis=-1)
    _, edges = np.histogramdd(points, bins, range)
    index = [_bin_of(points[:, i], e) for i, e in enumerate(edges)]
    inside = np.all([i >= 0 for i in index], axis=0)
    shape = tuple(len(e) - 1 for e in edges)
    flat = np.ravel_multi_index(tuple(i[inside] for i in index), shape)
    kept = np.ones(len(points)) if weights is None else weights if hasattr(weights, "dtype") else np.asarray(weights)
    counts = np.reshape(scatter(kept.astype(np.float64)[inside], flat, math.prod(shape)), shape)
    if density:
        for i, e in enumerate(edges):
            counts = counts / np.reshape(np.diff(e), tuple(-1 if i == j else 1 for j, _ in enumerate(edges)))
        counts = counts / _total(counts, edges)
    return counts, edges


def _total(counts: Array, edges: Any) -> Array:
    """Return the integral of a density over all bins."""
    total: Any = counts
    for e in edges[::-1]:
        total = np.sum(total * np.diff(e), axis=-1)
    return total


def histogram2d(x: Any, y: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> tuple[Array, Array, Array]:
    if hasattr(bins, "__len__") and len(bins) not in (1, 2):
        bins = [bins, bins]
    counts, edges = histogramdd([x, y], bins, range, density, weights)
    return counts, edges[0], edges[1]


_BODIES: dict[Any, Function] = {
    np.quantile: quantile, np.percentile: percentile, np.nanquantile: nanquantile, np.nanpercentile: nanpercentile,
    np.cov: cov, np.corrcoef: corrcoef,
    np.bincount: bincount, np.histogram: histogram, np.histogramdd: histogramdd, np.histogram2d: histogram2d,
}  # fmt: skip

for _func, _body in _BODIES.items():
    register(Composed(_func, _body))
