"""Norms, least squares and products of numpy.linalg, written in terms of other functions."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._typing import Array, Function
from ..linear_op import LinearOp
from .linear import sum_op
from .registry import dispatching, register
from .rule import Composed, Weighted
from .selection import base, weighted_sum_op

# Norms. ------------------------------------------------------------------------------------------------------


def _array(x: Any) -> Array:
    x = x if hasattr(x, "dtype") else np.asarray(x)
    return x if x.dtype.kind in "fc" else x.astype(np.float64)


def _scale(x: Array, axes: Any, p: float) -> Array:
    """Return powers of two by which powers p of x can be summed without over- or underflow; 1 where none is needed."""
    top = np.max(np.abs(base(x)), axis=axes, keepdims=True, initial=0)
    limits = np.finfo(top.dtype)
    usual = np.isfinite(top) & (top > 0)
    exponent = np.frexp(np.where(usual, top, 1))[1]
    safe = np.abs(exponent * p) < limits.maxexp / 2 - 32
    return np.ldexp(np.ones((), top.dtype), np.where(safe | ~usual, 0, np.maximum(exponent, limits.minexp + 2)))


def _modulus(x: Array) -> Array:
    """Return |x|, with a second derivative for complex values, too."""
    return np.hypot(np.real(x), np.imag(x)) if x.dtype.kind == "c" else np.abs(x)


def _squares(x: Array) -> Array:
    return np.real(x * np.conjugate(x)) if x.dtype.kind == "c" else x * x


def _power_norm(x: Array, p: float, axes: Any, keepdims: bool) -> Array:
    """Return (Σ |x|ᵖ)^(1/p); 0 with derivative 0 where the sum is 0."""
    scale = _scale(x, axes, p)
    y = x / scale if np.any(scale != 1) else x
    total = np.sum(_modulus(y) ** p, axis=axes, keepdims=keepdims)
    zero = base(total) == 0
    root = (np.where(zero, 1, total) if np.any(zero) else total) ** (1 / p)
    root = root * (scale if keepdims else np.squeeze(scale, axis=axes)) if np.any(scale != 1) else root
    return np.where(zero, 0, root) if np.any(zero) else root


def root_of_squares(x: Array, axes: Any, keepdims: bool) -> Array:
    """Return √Σ|x|² along axes, without overflow and underflow."""
    return _root_of_squares(x, axes, keepdims)[0]


def _plain_root(x: Array, axes: Any) -> Array:
    """Return √Σ|x|² along axes of length 1 in the result."""
    if type(x) is np.ndarray and x.dtype.kind == "f" and len(axes) == x.ndim and x.flags.c_contiguous:
        flat = x.reshape(-1)
        return np.reshape(np.sqrt(np.dot(flat, flat)), (1,) * x.ndim)
    return np.sqrt(np.sum(_squares(x), axis=axes, keepdims=True))


def _root_of_squares(x: Array, axes: Any, keepdims: bool) -> tuple[Array, Array | None, LinearOp]:
    """Return ∂‖x‖/∂xᵢ = conj(xᵢ)/‖x‖, and 0 where the norm is 0; x is scaled where its squares leave the range of numbers."""
    with np.errstate(over="ignore", invalid="ignore"):
        root = _plain_root(x, axes)
    size, limits = base(root), np.finfo(root.dtype)
    if np.all((size > limits.tiny**0.5 / limits.eps) & (size < limits.max**0.5)):
        return _shaped(root, axes, keepdims), None, weighted_sum_op(x, root, axes, keepdims)
    scale = _scale(x, axes, 2)
    y = x / scale
    total = np.sum(_squares(y), axis=axes, keepdims=True)
    zero = base(total) == 0
    y, root = np.where(zero, 0, y), np.sqrt(np.where(zero, 1, total))
    ans = np.where(zero, 0, root * scale)
    with np.errstate(invalid="ignore"):
        weights = np.conjugate(y) / root
    return _shaped(ans, axes, keepdims), weights, sum_op(x.shape, axes, keepdims=keepdims)


def _shaped(x: Array, axes: Any, keepdims: bool) -> Array:
    """Return x, whose reduced axes have length 1, with or without them."""
    return x if keepdims else np.squeeze(x, axis=axes)[()]


register(Weighted(root_of_squares, _root_of_squares))
_two_norm = dispatching(root_of_squares)


def _vector_norm(x: Array, p: Any, axes: Any, keepdims: bool) -> Array:
    if p is None or p == 2:
        return _two_norm(x, axes, keepdims)
    if isinstance(p, str):
        raise ValueError(f"Invalid norm order '{p}' for vectors")
    if p in (math.inf, -math.inf):
        return (np.max if p > 0 else np.min)(_modulus(x), axis=axes, keepdims=keepdims)
    if p == 0:
        return np.sum((base(x) != 0).astype(np.abs(base(x)).dtype), axis=axes, keepdims=keepdims)
    if p == 1:
        return np.sum(_modulus(x), axis=axes, keepdims=keepdims)
    return _power_norm(x, p, axes, keepdims)


def _matrix_norm(x: Array, p: Any, axes: tuple[int, int], keepdims: bool) -> Array:
    if p in (None, "fro", "f"):
        return _two_norm(x, axes, keepdims)
    row, column = axes
    if p in (1, -1, math.inf, -math.inf):
        summed, rest = (row, column) if abs(p) == 1 else (column, row)
        sums = np.sum(_modulus(x), axis=summed, keepdims=True)
        result = (np.max if p > 0 else np.min)(sums, axis=rest, keepdims=True)
    elif p in (2, -2, "nuc"):
        s = np.linalg.svdvals(np.moveaxis(x, axes, (-2, -1)))
        result = np.sum(s, axis=-1) if p == "nuc" else s[..., 0 if p == 2 else -1]
        result = np.expand_dims(result, axes)
    else:
        raise ValueError("Invalid norm order for matrices.")
    return result if keepdims else np.squeeze(result, axis=axes)[()]


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Array:
    x = _array(x)
    nd = x.ndim
    if axis is None and (ord is None or (ord in ("f", "fro") and nd == 2) or (ord == 2 and nd == 1)):
        return _two_norm(x, tuple(range(nd)), keepdims)
    axes = tuple(range(nd)) if axis is None else np.lib.array_utils.normalize_axis_tuple(axis, nd)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes, keepdims)
    if len(axes) != 2:
        raise ValueError("Improper number of dimensions to norm.")
    return _matrix_norm(x, ord, (axes[0], axes[1]), keepdims)


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Array:
    return norm(x, ord, (-2, -1), keepdims)


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Array:
    x = _array(x)
    axes = tuple(range(x.ndim)) if axis is None else np.lib.array_utils.normalize_axis_tuple(axis, x.ndim)
    if ord in (1, 2, 0, math.inf, -math.inf) or len(axes) < 2:
        return _vector_norm(x, ord, axes, keepdims)
    return _power_norm(x, ord, axes, keepdims)


def cond(x: Any, p: Any = None) -> Array:
    x = _array(x)
    if p in (None, 2, -2):
        s = np.linalg.svdvals(x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return norm(x, p, (-2, -1)) * norm(np.linalg.inv(x), p, (-2, -1))


# Systems. ----------------------------------------------------------------------------------------------------


def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """Return what np.linalg.lstsq does: x = pinv(a)·b, for a whose rank does not change along its tangent."""
    a, b = _array(a), _array(b)
    m, n = a.shape
    _, _, rank, s = np.linalg.lstsq(base(a), base(b), rcond)
    x = np.linalg.pinv(a) @ b if rcond is None else np.linalg.pinv(a, rcond=max(rcond, 0)) @ b
    r = b - a @ x
    squares = np.sum(_squares(r), axis=0) if rank == n and m > n else np.zeros(0, s.dtype)
    return x, squares if squares.ndim or b.ndim > 1 else squares[None], rank, np.linalg.svdvals(a)


def tensorsolve(a: Any, b: Any, axes: Any = None) -> Array:
    a, b = _array(a), _array(b)
    if axes is not None:
        a = np.moveaxis(a, axes, range(a.ndim - len(axes), a.ndim))
    rest = a.shape[b.ndim - a.ndim :] if a.ndim > b.ndim else ()
    n = math.prod(rest)
    if a.size != n * n:
        raise np.linalg.LinAlgError("Input arrays must satisfy the requirement prod(a.shape[b.ndim:]) == prod(a.shape[:b.ndim])")
    return np.reshape(np.linalg.solve(np.reshape(a, (n, n)), np.ravel(b)), rest)


def tensorinv(a: Any, ind: int = 2) -> Array:
    a = _array(a)
    if ind <= 0:
        raise ValueError("Invalid ind argument.")
    n = math.prod(a.shape[ind:])
    return np.reshape(np.linalg.inv(np.reshape(a, (n, -1))), a.shape[ind:] + a.shape[:ind])


# Products. ---------------------------------------------------------------------------------------------------


def matrix_power(a: Any, n: int) -> Array:
    a = _array(a)
    if n == 0:
        return np.copy(np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape))
    square, n = (a if n > 0 else np.linalg.inv(a)), abs(n)
    result: Any = None
    while n:
        if n % 2:
            result = square if result is None else result @ square
        n //= 2
        square = square @ square if n else square
    return +result


def multi_dot(arrays: Sequence[Any], *, out: None = None) -> Array:
    """Return the product of all arrays in the order with the fewest multiplications."""
    parts = [_array(x) for x in arrays]
    first, last = parts[0].ndim == 1, parts[-1].ndim == 1
    if len(parts) < 2:
        raise ValueError("Expecting at least two arrays.")
    parts[0] = parts[0][None, :] if first else parts[0]
    parts[-1] = parts[-1][:, None] if last else parts[-1]
    sizes = [parts[0].shape[0], *(p.shape[1] for p in parts)]
    product = _chain(parts, sizes)
    return product[(0 if first else slice(None), 0 if last else slice(None))]


def _chain(parts: Sequence[Array], sizes: Sequence[int]) -> Array:
    """Return the product by dynamic programming over the place of the last multiplication."""
    n = len(parts)
    cost = {(i, i): (0, i) for i in range(n)}
    for length, i in itertools.product(range(1, n), range(n)):
        j = i + length
        if j < n:
            cost[i, j] = min((cost[i, k][0] + cost[k + 1, j][0] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j))

    def product(i: int, j: int) -> Array:
        return parts[i] if i == j else product(i, cost[i, j][1]) @ product(cost[i, j][1] + 1, j)

    return product(0, n - 1)


def matmul(x1: Any, x2: Any, /) -> Array:
    return np.matmul(x1, x2)


def outer(x1: Any, x2: Any, /) -> Array:
    if np.ndim(x1) != 1 or np.ndim(x2) != 1:
        raise ValueError(f"Input arrays must be one-dimensional, but they are x1.ndim={np.ndim(x1)} and x2.ndim={np.ndim(x2)}.")
    return np.outer(x1, x2)


def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Array:
    if np.shape(x1)[axis] != 3 or np.shape(x2)[axis] != 3:
        raise ValueError(f"Both input arrays must be (arrays of) 3-dimensional vectors, got {np.shape(x1)} and {np.shape(x2)}")
    return np.cross(x1, x2, axis=axis)


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Array:
    product: Any = np.vecdot
    return product(x1, x2, axis=axis)


def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Array:
    return np.tensordot(x1, x2, axes=axes)


def matrix_transpose(x: Any, /) -> Array:
    return np.matrix_transpose(x)


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Array:
    return np.trace(x, offset, -2, -1, dtype)


def diagonal(x: Any, /, *, offset: int = 0) -> Array:
    return np.diagonal(x, offset, -2, -1)


_L = np.linalg
_BODIES: dict[Any, Function] = {
    _L.norm: norm, _L.matrix_norm: matrix_norm, _L.vector_norm: vector_norm, _L.cond: cond, _L.lstsq: lstsq,
    _L.tensorsolve: tensorsolve, _L.tensorinv: tensorinv, _L.matrix_power: matrix_power, _L.multi_dot: multi_dot,
    _L.matmul: matmul, _L.outer: outer, _L.cross: cross, _L.vecdot: vecdot, _L.tensordot: tensordot,
    _L.matrix_transpose: matrix_transpose, _L.trace: trace, _L.diagonal: diagonal,
}  # fmt: skip

for _func, _body in _BODIES.items():
    register(Composed(_func, _body))
