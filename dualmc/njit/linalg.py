"""Products of matrices, and linear systems by elimination with pivots chosen by value: what LAPACK has no code for."""

import operator
from typing import Any

import numpy as np
from numba.core import types

from .arrays import Implementation, absent, is_array, value
from .extending import overload, register_jitable
from .types import Carrier, number

# Products. -----------------------------------------------------------------------------------------------------------


def _common(a: Any, b: Any) -> Any:
    """Return the type of the entries of a product, or None if no operand has derivatives."""
    numbers = [t for t in (number(a), number(b)) if isinstance(t, Carrier)]
    arrays = all(isinstance(t, types.Array) and isinstance(t.dtype, (Carrier, types.Float, types.Integer)) for t in (a, b))
    if not numbers or not arrays:
        return None
    return numbers[0].unify(_WIDEST, numbers[-1]) if len(numbers) == 2 else numbers[0]


class _Widest:
    """The part of a typing context that `Carrier.unify` asks for."""

    @staticmethod
    def unify_types(a: Any, b: Any) -> Any:
        return a if a.bitwidth >= b.bitwidth else b


_WIDEST = _Widest()


def _inner(entry: Any) -> Any:
    def inner(a: Any, b: Any) -> Any:
        if a.shape[0] != b.shape[0]:
            raise ValueError("incompatible array sizes for a product")
        total = np.zeros(1, entry)[0]
        for k in range(a.shape[0]):
            total = total + a[k] * b[k]
        return total

    return inner


def _matrix_vector(entry: Any) -> Any:
    def matrix_vector(a: Any, b: Any) -> Any:
        if a.shape[1] != b.shape[0]:
            raise ValueError("incompatible array sizes for a product")
        out = np.zeros(a.shape[0], entry)
        for i in range(a.shape[0]):
            total = out[i]
            for k in range(a.shape[1]):
                total = total + a[i, k] * b[k]
            out[i] = total
        return out

    return matrix_vector


def _matrix_matrix(entry: Any) -> Any:
    def matrix_matrix(a: Any, b: Any) -> Any:
        if a.shape[1] != b.shape[0]:
            raise ValueError("incompatible array sizes for a product")
        out = np.zeros((a.shape[0], b.shape[1]), entry)
        for i in range(a.shape[0]):
            for k in range(a.shape[1]):
                x = a[i, k]
                for j in range(b.shape[1]):
                    out[i, j] = out[i, j] + x * b[k, j]
        return out

    return matrix_matrix


_PRODUCTS = {
    (1, 1): _inner,
    (2, 1): _matrix_vector,
    (1, 2): lambda entry: lambda a, b: np.dot(b.T, a),
    (2, 2): _matrix_matrix,
}
"""By the axes of both operands."""


def _product(a: Any, b: Any) -> Implementation:
    entry = _common(a, b)
    make = None if entry is None else _PRODUCTS.get((a.ndim, b.ndim))
    return None if make is None else make(entry)


overload(np.dot)(_product)
overload(operator.matmul)(_product)


@overload(np.dot)
def _product_into(a: Any, b: Any, out: Any) -> Implementation:
    if _common(a, b) is None or not is_array(out):
        return None

    def into(a: Any, b: Any, out: Any) -> Any:
        out[...] = np.dot(a, b)
        return out

    return into


@overload(np.vdot)
def _vdot(a: Any, b: Any) -> Implementation:
    return _product(a, b) if getattr(a, "ndim", 0) == getattr(b, "ndim", 0) == 1 else None


@overload(np.cross)
def _cross(a: Any, b: Any) -> Implementation:
    entry = _common(a, b)
    if entry is None or a.ndim > 2 or b.ndim > 2:
        return None

    def cross(a: Any, b: Any) -> Any:
        x, y = np.broadcast_arrays(a, b)
        if x.shape[-1] != 3 or y.shape[-1] != 3:
            raise ValueError("np.cross of numbers with derivatives is there for vectors of 3 entries")
        out = np.empty(x.shape, entry)
        for k in range(3):
            i, j = (k + 1) % 3, (k + 2) % 3
            out[..., k] = x[..., i] * y[..., j] - x[..., j] * y[..., i]
        return out

    return cross


# Systems. ------------------------------------------------------------------------------------------------------------


@register_jitable
def _eliminated(a: Any, b: Any) -> Any:
    """Turn a into its triangular factors and b into the solution of what is left, and return the sign of the permutation; 0 if singular."""
    n, sign = a.shape[0], 1.0
    for k in range(n):
        p = k
        for i in range(k + 1, n):
            if abs(value(a[i, k])) > abs(value(a[p, k])):
                p = i
        if value(a[p, k]) == 0.0:
            return 0.0
        if p != k:
            sign = -sign
            for j in range(n):
                a[k, j], a[p, j] = a[p, j], a[k, j]
            for j in range(b.shape[1]):
                b[k, j], b[p, j] = b[p, j], b[k, j]
        for i in range(k + 1, n):
            factor = a[i, k] / a[k, k]
            for j in range(k + 1, n):
                a[i, j] = a[i, j] - factor * a[k, j]
            for j in range(b.shape[1]):
                b[i, j] = b[i, j] - factor * b[k, j]
    return sign


@register_jitable
def _solved(a: Any, b: Any) -> Any:
    """Write the solution of a·x = b into b; a is overwritten."""
    n = a.shape[0]
    if a.shape[1] != n or b.shape[0] != n:
        raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square.")
    if _eliminated(a, b) == 0.0:
        raise np.linalg.LinAlgError("Matrix is singular to machine precision.")
    for j in range(b.shape[1]):
        for i in range(n - 1, -1, -1):
            x = b[i, j]
            for k in range(i + 1, n):
                x = x - a[i, k] * b[k, j]
            b[i, j] = x / a[i, i]


@overload(np.linalg.solve)
def _solve(a: Any, b: Any) -> Implementation:
    entry = _common(a, b)
    if entry is None or a.ndim != 2 or b.ndim > 2:
        return None

    def solve_vector(a: Any, b: Any) -> Any:
        left, right = np.empty(a.shape, entry), np.empty((b.shape[0], 1), entry)
        left[...] = a
        right[:, 0] = b
        _solved(left, right)
        return right[:, 0].copy()

    def solve_matrix(a: Any, b: Any) -> Any:
        left, right = np.empty(a.shape, entry), np.empty(b.shape, entry)
        left[...] = a
        right[...] = b
        _solved(left, right)
        return right

    return solve_vector if b.ndim == 1 else solve_matrix


@overload(np.linalg.inv)
def _inv(a: Any) -> Implementation:
    if not is_array(a, 2):
        return None
    entry = a.dtype

    def inv(a: Any) -> Any:
        right = np.zeros(a.shape, entry)
        for i in range(a.shape[0]):
            right[i, i] = 1.0
        _solved(a.copy(), right)
        return right

    return inv


@overload(np.linalg.det)
def _det(a: Any) -> Implementation:
    if not is_array(a, 2):
        return None
    entry = a.dtype

    def det(a: Any) -> Any:
        factors = a.copy()
        sign = _eliminated(factors, np.empty((a.shape[0], 0), entry))
        if sign == 0.0:
            return _without_division(a)
        total = np.zeros(1, entry)[0] + sign
        for i in range(a.shape[0]):
            total = total * factors[i, i]
        return total

    return det


@register_jitable
def _without_division(a: Any) -> Any:
    """Return the determinant, also of a singular matrix (Bird, "A simple division-free algorithm for computing determinants", 2011)."""
    n = a.shape[0]
    f = a.copy()
    for _ in range(n - 1):
        m = np.zeros_like(a)
        for i in range(n - 1, -1, -1):
            for j in range(i + 1, n):
                m[i, j] = f[i, j]
            for j in range(i + 1, n):
                m[i, i] = m[i, i] - f[j, j]
        f = np.dot(m, a)
    return f[0, 0] if n % 2 else -f[0, 0]


@overload(np.linalg.slogdet)
def _slogdet(a: Any) -> Implementation:
    if not is_array(a, 2):
        return None
    entry = a.dtype

    def slogdet(a: Any) -> Any:
        factors = a.copy()
        sign = _eliminated(factors, np.empty((a.shape[0], 0), entry))
        total = np.zeros(1, entry)[0]
        if sign == 0.0:
            return 0.0, total - np.inf
        for i in range(a.shape[0]):
            sign *= np.sign(value(factors[i, i]))
            total = total + np.log(abs(factors[i, i]))
        return sign, total

    return slogdet


@overload(np.linalg.cholesky)
def _cholesky(a: Any) -> Implementation:
    if not is_array(a, 2):
        return None

    def cholesky(a: Any) -> Any:
        n = a.shape[0]
        if a.shape[1] != n:
            raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square.")
        out = np.zeros_like(a)
        for j in range(n):
            for i in range(j, n):
                x = a[i, j]
                for k in range(j):
                    x = x - out[i, k] * out[j, k]
                if i > j:
                    out[i, j] = x / out[j, j]
                elif value(x) > 0.0:
                    out[j, j] = np.sqrt(x)
                else:
                    raise np.linalg.LinAlgError("Matrix is not positive definite.")
        return out

    return cholesky


@overload(np.linalg.matrix_power)
def _matrix_power(a: Any, n: Any) -> Implementation:
    if not is_array(a, 2) or not isinstance(n, types.Integer):
        return None

    def matrix_power(a: Any, n: Any) -> Any:
        base, k = (np.linalg.inv(a), -n) if n < 0 else (a.copy(), n)
        result = np.zeros_like(base)
        for i in range(a.shape[0]):
            result[i, i] = 1.0
        while k:
            if k & 1:
                result = np.dot(result, base)
            k >>= 1
            if k:
                base = np.dot(base, base)
        return result

    return matrix_power


# Norms. --------------------------------------------------------------------------------------------------------------


@overload(np.linalg.norm)
def _norm(a: Any, ord: Any = None) -> Implementation:
    if is_array(a, 1):
        return _euclidean if absent(ord) else _of_vector if isinstance(types.unliteral(ord), types.Number) else None
    if is_array(a, 2):
        return _euclidean if absent(ord) else _of_matrix if isinstance(types.unliteral(ord), types.Number) else None
    return None


def _euclidean(a: Any, ord: Any = None) -> Any:
    return _length(a)


def _of_vector(a: Any, ord: Any = None) -> Any:
    if ord == 2:
        return _length(a)
    if ord == np.inf:
        return np.max(np.abs(a))
    if ord == -np.inf:
        return np.min(np.abs(a))
    if ord == 1:
        return np.sum(np.abs(a))
    if ord == 0:
        return np.sum(a * 0.0) + np.count_nonzero(a)
    return np.sum(np.abs(a) ** ord) ** (1.0 / ord)


def _of_matrix(a: Any, ord: Any = None) -> Any:
    if ord == np.inf:
        return np.max(np.sum(np.abs(a), axis=1))
    if ord == -np.inf:
        return np.min(np.sum(np.abs(a), axis=1))
    if ord == 1:
        return np.max(np.sum(np.abs(a), axis=0))
    if ord == -1:
        return np.min(np.sum(np.abs(a), axis=0))
    raise ValueError("np.linalg.norm of a matrix with derivatives is there for ord = None, 1, -1, inf and -inf")


@register_jitable
def _length(a: Any) -> Any:
    """Return the root of the sum of squares, of any size."""
    largest = 0.0
    for x in a.flat:
        largest = max(largest, abs(value(x)))
    if largest in (0.0, np.inf):
        return np.sum(a * 0.0) + largest
    total = a.flat[0] * 0.0
    for x in a.flat:
        total = total + (x / largest) * (x / largest)
    return np.sqrt(total) * largest
