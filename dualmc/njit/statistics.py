"""Statistics: what leaves out nan, quantiles, covariances, and convolutions, which are running sums of products."""

import operator
from typing import Any

import numpy as np
from numba.core import types

from .arrays import Implementation, is_array, value
from .extending import overload, register_jitable
from .types import carries

# Without nan. --------------------------------------------------------------------------------------------------------


@register_jitable
def _present(a: Any) -> Any:
    """Return the entries that are numbers."""
    out = np.empty(a.size, a.dtype)
    n = 0
    for x in a.flat:
        if not np.isnan(value(x)):
            out[n] = x
            n += 1
    return out[:n]


def _leaving_out(function: Any) -> Any:
    """Return the declaration of a function of what is not nan."""

    def declared(a: Any) -> Implementation:
        return (lambda a: function(_present(a))) if is_array(a) else None

    return declared


for _name in ("sum", "prod", "mean", "var", "std"):
    overload(getattr(np, "nan" + _name))(_leaving_out(getattr(np, _name)))


def _extreme(function: Any) -> Any:
    """Return the same for a maximum or minimum, which is nan where nothing is left."""

    def declared(a: Any) -> Implementation:
        if not is_array(a):
            return None

        def extreme(a: Any) -> Any:
            if a.size == 0:
                raise ValueError("zero-size array to reduction operation which has no identity")
            found = _present(a)
            return function(found) if found.size else a.flat[0]

        return extreme

    return declared


overload(np.nanmax)(_extreme(np.max))
overload(np.nanmin)(_extreme(np.min))


def _running(function: Any, neutral: float) -> Any:
    def declared(a: Any) -> Implementation:
        if not is_array(a):
            return None

        def running(a: Any) -> Any:
            out = a.flatten()
            for i in range(out.size):
                if np.isnan(value(out[i])):
                    out[i] = neutral
            return function(out)

        return running

    return declared


overload(np.nancumsum)(_running(np.cumsum, 0.0))
overload(np.nancumprod)(_running(np.cumprod, 1.0))


def _position(better: Any) -> Any:
    def declared(a: Any) -> Implementation:
        if not is_array(a):
            return None

        def position(a: Any) -> Any:
            best, at = np.nan, -1
            for i, x in enumerate(a.flat):
                v = value(x)
                if not np.isnan(v) and (at < 0 or better(v, best)):
                    best, at = v, i
            if at < 0:
                raise ValueError("All-NaN slice encountered")
            return at

        return position

    return declared


overload(np.nanargmax)(_position(operator.gt))
overload(np.nanargmin)(_position(operator.lt))

# Quantiles. ----------------------------------------------------------------------------------------------------------


@register_jitable
def _between(ordered: Any, q: float) -> Any:
    """Return the quantile of ordered numbers, on the chord of two of them."""
    if not 0.0 <= q <= 1.0:
        raise ValueError("Quantiles must be in the range [0, 1]")
    h = q * (ordered.size - 1)
    low = min(int(h), ordered.size - 1)
    high = min(low + 1, ordered.size - 1)
    return ordered[low] + (h - low) * (ordered[high] - ordered[low])


def _quantiles(scale: float) -> Any:
    def declared(a: Any, q: Any) -> Implementation:
        if not is_array(a) or carries(q):
            return None
        if isinstance(q, types.Number):

            def single(a: Any, q: Any) -> Any:
                return _between(np.sort(a.flatten()), q / scale)

            return single

        def several(a: Any, q: Any) -> Any:
            ordered = np.sort(a.flatten())
            out = np.empty(q.size, a.dtype)
            for i in range(q.size):
                out[i] = _between(ordered, q[i] / scale)
            return out

        return several if isinstance(q, types.Array) and q.ndim == 1 else None

    return declared


overload(np.quantile)(_quantiles(1.0))
overload(np.percentile)(_quantiles(100.0))

# Covariances and convolutions. -------------------------------------------------------------------------------------------


@overload(np.cov)
def _cov(m: Any) -> Implementation:
    if not is_array(m, 2):
        return None

    def cov(m: Any) -> Any:
        d = m.copy()
        for i in range(m.shape[0]):
            d[i] = m[i] - np.mean(m[i])
        return np.dot(d, d.T) / (m.shape[1] - 1)

    return cov


@overload(np.corrcoef)
def _corrcoef(x: Any) -> Implementation:
    if not is_array(x, 2):
        return None

    def corrcoef(x: Any) -> Any:
        c = np.cov(x)
        d = np.sqrt(np.diag(c))
        for i in range(c.shape[0]):
            for j in range(c.shape[1]):
                c[i, j] = c[i, j] / d[i] / d[j]
        return c

    return corrcoef


def _mode(t: Any, default: str) -> Any:
    """Return the mode of a convolution, which has to be a literal."""
    return default if isinstance(t, (types.Omitted, str)) else getattr(t, "literal_value", None)


@overload(np.convolve, prefer_literal=True)
def _convolve(a: Any, v: Any, mode: Any = "full") -> Implementation:
    carrier = next((t.dtype for t in (a, v) if is_array(t, 1)), None)
    if carrier is None or not all(isinstance(t, types.Array) and t.ndim == 1 for t in (a, v)):
        return None
    chosen = _mode(mode, "full")

    def full(a: Any, v: Any, mode: Any = "full") -> Any:
        return _products(a, v, np.zeros(a.size + v.size - 1, carrier))

    def same(a: Any, v: Any, mode: Any = "full") -> Any:
        whole = _products(a, v, np.zeros(a.size + v.size - 1, carrier))
        start = (min(a.size, v.size) - 1) // 2
        return whole[start : start + max(a.size, v.size)]

    def valid(a: Any, v: Any, mode: Any = "full") -> Any:
        whole = _products(a, v, np.zeros(a.size + v.size - 1, carrier))
        start = min(a.size, v.size) - 1
        return whole[start : whole.size - start]

    return {"full": full, "same": same, "valid": valid}.get(chosen)


@register_jitable
def _products(a: Any, v: Any, out: Any) -> Any:
    if a.size == 0 or v.size == 0:
        raise ValueError("a and v cannot be empty")
    for i in range(a.size):
        for j in range(v.size):
            out[i + j] = out[i + j] + a[i] * v[j]
    return out


@overload(np.correlate, prefer_literal=True)
def _correlate(a: Any, v: Any, mode: Any = "valid") -> Implementation:
    if not (is_array(a, 1) or is_array(v, 1)):
        return None
    chosen = _mode(mode, "valid")
    implementations = {
        "full": lambda a, v, mode="valid": np.convolve(a, v[::-1], "full"),
        "same": lambda a, v, mode="valid": np.convolve(a, v[::-1], "same"),
        "valid": lambda a, v, mode="valid": np.convolve(a, v[::-1], "valid"),
    }
    return implementations.get(chosen)
