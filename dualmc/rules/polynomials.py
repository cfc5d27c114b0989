"""Convolution, and polynomials given by their coefficients, the highest power first."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._typing import Array, Function, Shape
from ..errors import not_supported
from ..linear_op import LinearOp, lead_of
from .indexing import zeros_as
from .registry import dispatching, register
from .rule import Composed, Multilinear
from .selection import base

# Convolution: bilinear. --------------------------------------------------------------------------------------


def _full(a: Array, v: Array) -> Array:
    """The full convolution of two vectors."""
    return np.convolve(a, v)


_convolved = dispatching(_full)


def _rows(f: Function, x: Array, out: Shape) -> Array:
    """Return f of each vector along the last axis."""
    lead = lead_of(x, 1)
    rows = [f(r) for r in np.reshape(x, (-1, x.shape[-1]))]
    return np.reshape(np.stack(rows), lead + out) if rows else zeros_as(lead + out, x)


def _convolve_bind(i: int, operands: Sequence[Array], args: Any, kwargs: Any) -> LinearOp:
    """Return the map that convolves with the other vector; its transpose correlates with it."""
    fixed, shape = operands[1 - i], operands[i].shape
    m, out = fixed.shape[0], (operands[0].shape[0] + operands[1].shape[0] - 1,)
    mirrored = np.flip(np.conjugate(fixed))

    def transpose(c: Array) -> Array:
        return _rows(lambda r: _convolved(r, mirrored), c, (out[0] + m - 1,))[..., m - 1 : m - 1 + shape[0]]

    return LinearOp(shape, out, lambda x: _rows(lambda r: _convolved(r, fixed), x, out), transpose, bound=True)


register(Multilinear(_convolved, _convolve_bind, lambda args: (list(args), tuple)), under=_full)


def _vectors(name: str, a: Any, v: Any) -> list[Array]:
    vectors = [np.atleast_1d(x) if name == "convolve" else _array(x) for x in (a, v)]
    for x in vectors:
        if x.ndim != 1:
            raise ValueError(f"{name}: the arrays must have one dimension, got shape {x.shape}")
        if not len(x):
            raise ValueError(f"{name}: the vectors cannot be empty")
    return vectors


_MODES = {"valid": "valid", "same": "same", "full": "full", 0: "valid", 1: "same", 2: "full"}


def _mode(name: str, mode: Any) -> str:
    known = _MODES.get(mode)
    if known is None:
        raise ValueError(f"{name}: mode must be one of 'valid', 'same', or 'full', got {mode!r}")
    return known


def _cut(full: Array, n: int, m: int, mode: str, start: int) -> Array:
    """Return the part of a full convolution of n and m entries, m <= n, that the mode keeps; `same` begins at start."""
    return full if mode == "full" else full[start : start + n] if mode == "same" else full[m - 1 : n]


def convolve(a: Any, v: Any, mode: Any = "full") -> Array:
    a, v = _vectors("convolve", a, v)
    n, m = max(len(a), len(v)), min(len(a), len(v))
    return _cut(_convolved(a, v), n, m, _mode("convolve", mode), (m - 1) // 2)


def correlate(a: Any, v: Any, mode: Any = "valid") -> Array:
    a, v = _vectors("correlate", a, v)
    n, m = max(len(a), len(v)), min(len(a), len(v))
    return _cut(_convolved(a, np.flip(np.conjugate(v))), n, m, _mode("correlate", mode), (m - 1) // 2 if len(a) >= len(v) else m // 2)


# Polynomials. ------------------------------------------------------------------------------------------------


def _array(x: Any) -> Array:
    return x if hasattr(x, "dtype") else np.asarray(x)


def polyval(p: Any, x: Any) -> Array:
    """Horner's scheme."""
    x = _array(x)
    y: Array = np.zeros(np.shape(x), x.dtype)
    for c in _array(p):
        y = y * x + c
    return y


def _aligned(a1: Any, a2: Any) -> tuple[Array, Array]:
    """Return two vectors of coefficients, the shorter one filled with zeros at the front."""
    a, b = (np.atleast_1d(_array(x)) for x in (a1, a2))
    a, b = (np.concatenate([np.zeros(max(len(other) - len(x), 0), x.dtype), x]) for x, other in ((a, b), (b, a)))
    return a, b


def polyadd(a1: Any, a2: Any) -> Array:
    a, b = _aligned(a1, a2)
    return a + b


def polysub(a1: Any, a2: Any) -> Array:
    a, b = _aligned(a1, a2)
    return a - b


def _trimmed(p: Any) -> Array:
    """Return coefficients without leading zeros, as np.poly1d holds them."""
    p = np.atleast_1d(_array(p))
    kept = np.flatnonzero(base(p))
    return p[kept[0] :] if len(kept) else p[-1:]


def polymul(a1: Any, a2: Any) -> Array:
    return convolve(_trimmed(a1), _trimmed(a2))


def polydiv(u: Any, v: Any) -> tuple[Array, Array]:
    """Divide step by step; the remainder loses the leading entries that NumPy drops."""
    u, v = np.atleast_1d(_array(u)), np.atleast_1d(_array(v))
    kind = np.result_type(base(u), base(v), np.float16)
    u, v = u.astype(kind), v.astype(kind)
    plain: Any = np.polydiv(base(u), base(v))
    n, r, steps = len(v), u, []
    for k in range(len(u) - n + 1):
        steps.append(r[k] / v[0])
        tail = [r[:k], r[k : k + n] - steps[-1] * v, r[k + n :]]
        r = np.concatenate(tail)
    q = np.stack(steps) if steps else np.zeros(1, plain[0].dtype)
    return q, r[len(r) - len(plain[1]) :]


def polyder(p: Any, m: int = 1) -> Array:
    if m < 0:
        raise ValueError("polyder: order of derivative must be positive (see polyint)")
    p = _array(p)
    for _ in range(int(m)):
        n = len(p) - 1
        p = p[:-1] * np.arange(max(n, 0), 0, -1)
    return p


def polyint(p: Any, m: int = 1, k: Any = None) -> Array:
    if m < 0:
        raise ValueError("polyint: order of integral must be positive (see polyder)")
    p, m = _array(p), int(m)
    constants: Any = np.zeros(m) if k is None else np.atleast_1d(_array(k))
    if len(constants) == 1 and m > 1:
        constants = np.broadcast_to(constants, m)
    if len(constants) < m:
        raise ValueError("polyint: k must be a scalar or a rank-1 array of length 1 or >m.")
    for i in range(m):
        p = np.concatenate([p / np.arange(len(p), 0, -1), constants[i : i + 1]])
    return p


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Array:
    x = _array(x)
    if x.ndim != 1:
        raise ValueError("vander: x must be a one-dimensional array or sequence.")
    x = x.astype(np.result_type(x.dtype, np.int64))
    columns = [np.ones(len(x), x.dtype)]
    for _ in range(1, len(x) if N is None else N):
        columns.append(columns[-1] * x)
    columns = columns[: len(x) if N is None else N]
    if not columns:
        return np.zeros((len(x), 0), x.dtype)
    return np.stack(columns if increasing else columns[::-1], axis=1)


def polyfit(x: Any, y: Any, deg: Any, rcond: Any = None, full: bool = False, w: Any = None, cov: Any = False) -> Any:
    """Least squares with the columns of the Vandermonde matrix scaled to length 1, as NumPy has it."""
    if np.ndim(deg) != 0:
        not_supported("polyfit", "deg", deg, "take np.linalg.lstsq of the wanted columns of np.vander(x)")
    x, y = (_array(a) + 0.0 for a in (x, y))
    if deg < 0 or np.ndim(x) != 1 or not len(x) or np.ndim(y) not in (1, 2) or len(x) != len(y):
        raise TypeError("polyfit: x must be a non-empty vector, y a vector or matrix of as many rows, deg at least 0")
    left, right = vander(x, deg + 1), y
    if w is not None:
        w = _array(w) + 0.0
        if np.shape(w) != np.shape(x):
            raise TypeError("polyfit: x and w must have the same length")
        left, right = left * w[:, None], right * (w[:, None] if np.ndim(right) == 2 else w)
    scale = np.sqrt(np.sum(left * left, axis=0))
    rcond = len(x) * np.finfo(x.dtype).eps if rcond is None else rcond
    c, residuals, rank, s = np.linalg.lstsq(left / scale, right, rcond=rcond)
    c = (c.T / scale).T
    if full:
        return c, residuals, rank, s, rcond
    if rank != deg + 1:
        warnings.warn("Polyfit may be poorly conditioned", np.exceptions.RankWarning, stacklevel=2)
    return (c, _covariance(left / scale, scale, residuals, len(x) - deg - 1, cov, single=np.ndim(y) == 1)) if cov else c


def _covariance(left: Array, scale: Array, residuals: Array, freedom: int, cov: Any, *, single: bool) -> Array:
    """Return (leftᵀ·left)⁻¹ in the scale of the coefficients, times the mean square of the residuals."""
    covariance = np.linalg.inv(left.T @ left) / np.outer(scale, scale)
    covariance = covariance if single else covariance[..., None]
    if cov == "unscaled":
        return covariance
    if freedom <= 0:
        raise ValueError("polyfit: the number of data points must exceed order to scale the covariance matrix")
    return covariance * (residuals / freedom)


_BODIES: dict[Any, Function] = {
    np.convolve: convolve, np.correlate: correlate, np.polyval: polyval, np.polyadd: polyadd, np.polysub: polysub,
    np.polymul: polymul, np.polydiv: polydiv, np.polyder: polyder, np.polyint: polyint, np.vander: vander,
    np.polyfit: polyfit,
}  # fmt: skip

for _func, _body in _BODIES.items():
    register(Composed(_func, _body))
