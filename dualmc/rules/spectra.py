"""Eigenvalues and singular values with their vectors, as equations; repeated values by their projected perturbation."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .._typing import Array
from ..linear_op import LinearOp
from .factor import adjoint
from .linalg import from_triangle, implicit, stacked, to_triangle
from .registry import register
from .rule import Composed, Implicit
from .selection import base

Map = Callable[[Array], Array]


def _op(a: Array, ans: Array, apply: Map, transpose: Map) -> LinearOp:
    return LinearOp(a.shape, ans.shape, apply, transpose, bound=True, points=stacked(a.ndim))


# Repeated values. --------------------------------------------------------------------------------------------


def _equal(w: Array) -> Array:
    """Return which pairs of values are equal up to rounding: (*batch, n, n) from (*batch, n)."""
    w = base(w)
    gap = np.abs(w[..., None, :] - w[..., :, None])
    size = np.max(np.abs(w), axis=-1, initial=0)[..., None, None]
    return gap <= w.shape[-1] * np.finfo(w.dtype).eps * size


def _inverse_gaps(w: Array, equal: Array) -> Array:
    """Return 1 / (wⱼ - wᵢ), and 0 where they are equal."""
    return _inverse(w[..., None, :] - w[..., :, None], equal)


def _inverse(x: Array, zero: Array) -> Array:
    """Return 1 / x, and 0 where x counts as zero."""
    return 1 / (np.where(zero, np.inf, x) if np.any(zero) else x)


def _repeated(equal: Array) -> Array:
    """Return which values are not alone."""
    return np.count_nonzero(equal, axis=-1) > 1


def _undetermined(x: Array, v: Array, columns: Array) -> Array:
    """Return x with nan in columns that are no function of the matrix; but a perturbation v = 0 leaves them at 0."""
    if not np.any(columns):
        return x
    moved = np.any(base(v) != 0, axis=(-2, -1))
    return np.where(columns[..., None, :] & moved[..., None, None], np.nan, x)


def _diagonal(d: Array) -> Array:
    return np.diagonal(d, axis1=-2, axis2=-1)


def _projected(d: Array, equal: Array, *, descending: bool = False) -> Array:
    """
    Return the derivatives of sorted values from the perturbation d in the basis of their vectors.

    A value alone has the entry on the diagonal; equal ones have the eigenvalues of their block of d.
    """
    plain = np.real(_diagonal(d))
    n = equal.shape[-1]
    if not np.any(_repeated(equal)):
        return plain
    batch = equal.shape[:-2]
    results = []
    for at in np.ndindex(batch):
        here = (..., *at)
        parts, start = [], 0
        while start < n:
            stop = start + 1
            while stop < n and equal[at][stop - 1, stop]:
                stop += 1
            if stop - start == 1:
                parts.append(plain[(*here, slice(start, stop))])
            else:
                values = np.linalg.eigvalsh(d[(*here, slice(start, stop), slice(start, stop))])
                parts.append(values[..., ::-1] if descending else values)
            start = stop
        results.append(np.concatenate(parts, axis=-1))
    stacked = np.stack(results, axis=-2)
    return np.reshape(stacked, (*stacked.shape[:-2], *batch, n))


# Eigenvalues. ------------------------------------------------------------------------------------------------


def _real_where(v: Array, at: Array) -> tuple[Map, Map]:
    """Return the map that turns the phases of tangents of v so that the marked entry of each column stays real, and its transpose."""
    pivot = np.sum(np.real(v) * at, axis=-2)
    pivot = np.where(base(pivot) == 0, 1, pivot)

    def turned(x: Array) -> Array:
        return x - 1j * v * (np.sum(np.imag(x) * at, axis=-2) / pivot)[..., None, :]

    def back(c: Array) -> Array:
        return c + 1j * at * (np.imag(np.sum(np.conjugate(c) * v, axis=-2)) / pivot)[..., None, :]

    return turned, back


def _same(x: Array) -> Array:
    return x


def _eigh(a: Array, UPLO: Any = "L") -> tuple[Any, tuple[LinearOp, LinearOp]]:
    """Return eigenvalues and eigenvectors: ẇ = diag(VᴴȦV), V̇ = V(F∘VᴴȦV) with Fᵢⱼ = 1 / (wⱼ - wᵢ) (Magnus 1985)."""
    result = np.linalg.eigh(a, UPLO)
    w, v = result
    vh, equal = adjoint(v), _equal(w)
    repeated = bool(np.any(_repeated(equal)))
    turned: Map = _same
    back: Map = _same
    if v.dtype.kind == "c" and v.shape[-1]:  # LAPACK leaves one row of V real, the first or the last
        row = np.zeros((v.shape[-1], 1))
        row[0 if UPLO.upper() == "L" else -1] = 1
        if not np.any(np.sum(np.imag(base(v)) * row, axis=-2)):
            turned, back = _real_where(v, row)

    upper = UPLO.upper() == "U"

    def values(x: Array) -> Array:
        x = from_triangle(x, upper)
        return _projected(vh @ x @ v, equal) if repeated else np.real(np.sum(np.conjugate(v) * (x @ v), axis=-2))

    def vectors(x: Array) -> Array:
        x = from_triangle(x, upper)
        return _undetermined(turned(v @ (gaps() * (vh @ x @ v))), x, _repeated(equal))

    def gaps() -> Array:
        return _inverse_gaps(w, equal)

    return result, (
        _op(a, w, values, lambda c: to_triangle((v * c[..., None, :]) @ vh, upper)),
        _op(a, v, vectors, lambda c: to_triangle(v @ (gaps() * (vh @ back(c))) @ vh, upper)),
    )


def _eig(a: Array) -> tuple[Any, tuple[LinearOp, LinearOp]]:
    """Return eigenvalues and eigenvectors of norm 1, the largest entry of each real, as LAPACK has them."""
    result = np.linalg.eig(a)
    w, v = result
    left, equal = np.linalg.inv(v), _equal(w)
    lh, vh, n = adjoint(left), adjoint(v), v.shape[-1]
    turned: Map = _same
    back: Map = _same
    if v.dtype.kind == "c" and n:
        size = np.abs(base(v))
        turned, back = _real_where(v, 1.0 * (np.argmax(size, axis=-2)[..., None, :] == np.arange(n)[:, None]))

    def real(x: Array) -> Array:
        return np.real(x) if a.dtype.kind == "f" and x.dtype.kind == "c" else x

    def values(x: Array) -> Array:
        dots = np.sum(np.swapaxes(left, -1, -2) * (x @ v), axis=-2)
        return _undetermined(dots[..., None, :], x, _repeated(equal))[..., 0, :]

    def unit(x: Array) -> Array:
        return x - v * np.real(np.sum(np.conjugate(v) * x, axis=-2))[..., None, :]

    def vectors(x: Array) -> Array:
        return _undetermined(turned(unit(v @ (_inverse_gaps(w, equal) * (left @ x @ v)))), x, _repeated(equal))

    def vectors_back(c: Array) -> Array:
        return real(lh @ (np.conjugate(_inverse_gaps(w, equal)) * (vh @ unit(back(c)))) @ vh)

    return result, (
        _op(a, w, values, lambda c: real((lh * c[..., None, :]) @ vh)),
        _op(a, v, vectors, vectors_back),
    )


def eigvalsh(a: Array, UPLO: Any = "L") -> Array:
    return np.linalg.eigh(a, UPLO).eigenvalues


def eigvals(a: Array) -> Array:
    return np.linalg.eig(a).eigenvalues


# Singular values. --------------------------------------------------------------------------------------------


def _side(u: Array, s: Array, v: Array, full: Array, zero: Array, repeated: Array, f: Array) -> tuple[Map, Map]:
    """
    Return the map from Ȧ to the tangent of the left vectors, and its transpose.

    M = UᴴȦV, U̇ = U(F∘(MS + SMᴴ)) + (I - UUᴴ)ȦVS⁻¹ with Fᵢⱼ = 1 / (sⱼ² - sᵢ²) (Papadopoulo & Lourakis 2000). What
    completes U to a basis is determined for one real column only; several, or a complex one, are nan.
    """
    uh, vh = adjoint(u), adjoint(v)
    m, p = u.shape[-2:]
    is_complex = u.dtype.kind == "c"
    inverse = _inverse(s, zero)[..., None, :]
    row, column = s[..., None, :], s[..., :, None]
    extra = full[..., :, p:]
    eye = np.eye(p) if is_complex else 0
    undetermined = repeated | zero if m > p else repeated

    def apply(x: Array) -> Array:
        xv = x @ v
        b = uh @ xv
        omega = f * (b * row + column * adjoint(b))
        if is_complex:
            omega = omega + 0.5j * np.imag(b) * inverse * eye
        y = u @ omega
        if m > p:
            y = y + (xv - u @ b) * inverse
        y = _undetermined(y, x, undetermined)
        if extra.shape[-1]:
            z = -(u @ (adjoint(y) @ extra))
            z = z if extra.shape[-1] == 1 and not is_complex else _undetermined(z, x, np.ones((1,), bool))
            y = np.concatenate([y, z], axis=-1)
        return y

    def transpose(c: Array) -> Array:
        c, rest = c[..., :p], c[..., p:]
        if extra.shape[-1]:
            c = c - extra @ (adjoint(rest) @ u)
        b = uh @ c
        g = f * b
        n = g * row + adjoint(column * g)
        if is_complex:
            n = n + 0.5j * np.imag(b) * inverse * eye
        y = u @ n @ vh
        return y + ((c - u @ b) * inverse) @ vh if m > p else y

    return apply, transpose


def _svd(a: Array, full_matrices: bool) -> tuple[Any, tuple[LinearOp, LinearOp, LinearOp]]:
    """Return U, S and Vᴴ; Ṡ = Re diag(UᴴȦV), 0 where S is 0, as for abs."""
    result = np.linalg.svd(a, full_matrices=full_matrices)
    full_u, s, full_vh = result
    p = s.shape[-1]
    u, vh = full_u[..., :p], full_vh[..., :p, :]
    v, uh, equal = adjoint(vh), adjoint(u), _equal(s)
    zero = base(s) <= 4 * max(a.shape[-2:]) * np.finfo(s.dtype).eps * np.max(base(s), axis=-1, keepdims=True, initial=0)

    repeated = _repeated(equal)
    several = bool(np.any(repeated))

    def values(x: Array) -> Array:
        if several:
            b = uh @ x @ v
            plain = _projected((b + adjoint(b)) / 2, equal, descending=True)
        else:
            plain = np.real(np.sum(np.conjugate(u) * (x @ v), axis=-2))
        return np.where(zero, 0, plain) if np.any(zero) else plain

    def values_back(c: Array) -> Array:
        return (u * np.where(zero, 0, c)[..., None, :]) @ vh

    row, column = s[..., None, :], s[..., :, None]
    f = _inverse((row - column) * (row + column), equal)
    left, left_back = _side(u, s, v, full_u, zero, repeated, f)
    right, right_back = _side(v, s, u, adjoint(full_vh), zero, repeated, f)
    return result, (
        _op(a, full_u, left, left_back),
        _op(a, s, values, values_back),
        _op(a, full_vh, lambda x: adjoint(right(adjoint(x))), lambda c: adjoint(right_back(adjoint(c)))),
    )


_decomposed = implicit(np.linalg.svd, "_decomposed", _svd)


def svd(a: Array, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    if hermitian:
        return _hermitian_svd(a, compute_uv)
    return _decomposed(a, full_matrices) if compute_uv else _decomposed(a, False)[1]


def _hermitian_svd(a: Array, compute_uv: bool) -> Any:
    w, v = np.linalg.eigh(a)
    order = np.argsort(np.abs(base(w)), axis=-1)[..., ::-1]
    w = np.take_along_axis(w, order, axis=-1)
    if not compute_uv:
        return np.abs(w)
    u = np.take_along_axis(v, order[..., None, :], axis=-1)
    sign = np.where(base(w) < 0, -1.0, 1.0).astype(w.dtype)
    kind = type(np.linalg.svd(np.ones((1, 1))))
    return kind(u, np.abs(w), adjoint(u * sign[..., None, :]))


def svdvals(x: Array, /) -> Array:
    return _decomposed(x, False)[1]


register(Implicit(np.linalg.eigh, _eigh, lambda ans, a, *args, **kwargs: a))
register(Implicit(np.linalg.eig, _eig, lambda ans, a: a))
register(Composed(np.linalg.eigvalsh, eigvalsh))
register(Composed(np.linalg.eigvals, eigvals))
register(Composed(np.linalg.svd, svd))
register(Composed(np.linalg.svdvals, svdvals))
