"""Linear algebra as equations: F(ans, a) = 0 at fixed ans gives Ḟ, and a linear map takes Ḟ to the tangent of ans."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .._typing import Array, Function, Shape
from ..errors import not_supported
from ..linear_op import LinearOp
from .factor import Factored, adjoint, routines
from .registry import dispatching, register
from .rule import Composed, Constant, Implicit
from .selection import base

Map = Callable[[Array], Array]


def _op(shape_in: Shape, shape_out: Shape, apply: Map, transpose: Map, *, by_columns: bool = False) -> LinearOp:
    points = stacked(len(shape_in))
    if by_columns and len(shape_in) > 1:
        points.append((len(shape_in) - 1, len(shape_out) - 1))
    return LinearOp(shape_in, shape_out, apply, transpose, bound=True, points=points)


def stacked(nd: int) -> list[tuple[int, int]]:
    """Return the axes of a stack of matrices, which no function of matrices mixes."""
    return [(i, i) for i in range(nd - 2)]


def _itself(ans: Any, a: Array, *args: Any, **kwargs: Any) -> Array:
    """The equation a = (an expression of ans)."""
    return a


@functools.cache
def _mask(n: int, upper: bool) -> Any:
    return np.triu(np.ones((n, n), bool), 1) if upper else np.tril(np.ones((n, n), bool), -1)


def _with_diagonal(strict: Array, a: Array) -> Array:
    diagonal = np.real(a) if a.dtype.kind == "c" else a
    return np.where(np.eye(a.shape[-1], dtype=bool), diagonal, strict)


def from_triangle(a: Array, upper: bool = False) -> Array:
    """Return the Hermitian matrix whose lower, or upper, triangle is that of a."""
    strict = np.where(_mask(a.shape[-1], upper), a, 0)
    return _with_diagonal(strict + adjoint(strict), a)


def to_triangle(c: Array, upper: bool = False) -> Array:
    """Return the transpose of `from_triangle`."""
    return _with_diagonal(np.where(_mask(c.shape[-1], upper), c + adjoint(c), 0), c)


def _trace_of_product(x: Array, v: Array) -> Array:
    """Return the trace of xᵀv."""
    return np.sum(x * v, axis=(-2, -1))


def _times_identity(c: Array) -> Array:
    return c[..., None, None]


# Systems and inverses. ---------------------------------------------------------------------------------------


def _solve(a: Array, b: Array) -> tuple[Array, LinearOp]:
    """Return x = a⁻¹b; the equation b - a·x = 0 has ẋ = a⁻¹Ḟ (Parr & Howard's chain rule at fixed x)."""
    factored = Factored(a)
    if factored.factors is None or type(b) is not np.ndarray:
        x = np.linalg.solve(a, b)
    else:
        x = factored.columns(b[:, None])[:, 0] if b.ndim == 1 else factored.many(b)
    solve = factored.vectors if b.ndim == 1 else factored.many
    return x, _op(x.shape, x.shape, solve, lambda c: solve(c, transposed=True), by_columns=b.ndim > 1)


def _solve_residual(x: Array, a: Array, b: Array) -> Array:
    return b - (np.matmul(a, x[..., None])[..., 0] if b.ndim == 1 else np.matmul(a, x))


def _inv(a: Array) -> tuple[Array, LinearOp]:
    """Return x = a⁻¹; the equation a = x⁻¹ has ẋ = -x·ȧ·x."""
    x = Factored(a).inverse()
    xh = adjoint(x)
    return x, _op(x.shape, x.shape, lambda v: -(x @ v @ x), lambda c: -(xh @ c @ xh))


def _pinv(a: Array, rcond: Any, rtol: Any) -> tuple[Array, LinearOp]:
    """
    Return the pseudo-inverse p (Golub & Pereyra 1973, equation 4.12).

    ṗ = -p·ȧ·p + p·pᴴ·ȧᴴ·(1 - a·p) + (1 - p·a)·ȧᴴ·pᴴ·p, where the rank does not change along ȧ. Of full rank one of the
    last two terms is zero. A direction that changes the rank has (1 - a·p)·ȧ·(1 - p·a) ≠ 0 and no derivative: nan.
    """
    p = np.linalg.pinv(a, **({"rtol": rtol} if rcond is None else {"rcond": rcond}))
    m, n = a.shape[-2:]
    tol = rtol if rcond is None else rcond
    noise = max(m, n) * np.finfo(a.dtype).eps
    rank = np.linalg.matrix_rank(base(a), rtol=base(noise if tol is None else tol))
    if tol is not None and np.any(rank != np.linalg.matrix_rank(base(a), rtol=noise)):
        raise np.linalg.LinAlgError("pinv: no derivative where rcond or rtol cuts off singular values that are not zero")
    full = not np.any(rank < min(m, n))
    ph = adjoint(p)
    left = np.eye(m, dtype=p.dtype) - a @ p if m > n or not full else None
    right = np.eye(n, dtype=p.dtype) - p @ a if n > m or not full else None

    def apply(v: Array) -> Array:
        vh = adjoint(v)
        total = -(p @ v @ p)
        total = total if left is None else total + p @ ph @ vh @ left
        total = total if right is None else total + right @ vh @ ph @ p
        if left is None or right is None:
            return total
        leaving, size = (np.max(np.abs(base(x)), axis=(-2, -1), keepdims=True, initial=0) for x in (left @ v @ right, v))
        return np.where(leaving > np.sqrt(noise) * size, np.nan, total)

    def transpose(c: Array) -> Array:
        ch = adjoint(c)
        total = -(ph @ c @ ph)
        total = total if left is None else total + left @ ch @ p @ ph
        return total if right is None else total + ph @ p @ ch @ right

    return p, _op(a.shape, p.shape, apply, transpose)


def pinv(a: Array, rcond: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Array:
    return _plain_pinv(from_triangle(a) if hermitian else a, rcond, rtol)


# Determinants. -----------------------------------------------------------------------------------------------


def _slogdet(a: Array) -> tuple[Any, tuple[LinearOp | None, LinearOp]]:
    """Return sign and log|det a|; the derivative of log det is the trace of a⁻¹ȧ."""
    kind = type(np.linalg.slogdet(np.ones((0, 0))))
    factored = Factored(a)
    sign, log = factored.slogdet()
    x = factored.inverse(transposed=True)
    xh, shape = x.conj(), sign.shape
    phase = _op(
        a.shape,
        shape,
        lambda v: 1j * sign * np.imag(_trace_of_product(x, v)),
        lambda c: _times_identity(np.multiply(1j, np.imag(np.conjugate(sign) * c))) * xh,
    )
    size = _op(a.shape, shape, lambda v: np.real(_trace_of_product(x, v)), lambda c: _times_identity(c) * xh)
    return kind(sign, log), (phase if a.dtype.kind == "c" else None, size)


def slogdet(a: Array) -> Any:
    """Return sign and log|det a|; where det a is 0 the logarithm has the tangent of log(det a), inf times that of det."""
    try:
        return _regular_slogdet(a)
    except np.linalg.LinAlgError:
        singular = np.linalg.slogdet(base(a)).logabsdet == -np.inf
        each, eye = singular[..., None, None], np.eye(a.shape[-1], dtype=a.dtype)
        result = _regular_slogdet(np.where(each, eye, a))
        with np.errstate(divide="ignore", invalid="ignore"):
            log = np.real(np.log(np.where(singular, np.linalg.det(np.where(each, a, eye)), 1)))
        return type(result)(np.where(singular, 0, result[0])[()], np.where(singular, log, result[1])[()])


def _regular_det(a: Array) -> tuple[Array, LinearOp]:
    det = np.linalg.det(a)
    x = np.swapaxes(np.linalg.inv(a), -1, -2)
    xh = x.conj()
    return det, _op(a.shape, det.shape, lambda v: det * _trace_of_product(x, v), lambda c: _times_identity(c * np.conjugate(det)) * xh)


def _bird(a: Array) -> Array:
    """Return det a by n - 1 matrix products and no division (Bird 2011, A simple division-free algorithm)."""
    n = a.shape[-1]
    x = a
    for _ in range(n - 1):
        d = np.diagonal(x, axis1=-2, axis2=-1)
        below = np.cumsum(d[..., ::-1], axis=-1)[..., ::-1] - d
        x = (np.triu(x, 1) - below[..., None] * np.eye(n, dtype=a.dtype)) @ a
    return (-1) ** (n - 1) * x[..., 0, 0]


_WELL = 1e3  # where a⁻¹ is used for det; the second derivative loses the square of it


def det(a: Array) -> Array:
    """
    Return det a, right for singular matrices at every order.

    With U and V of the singular value decomposition as constants, m = Uᴴ·a·V has the small singular values in its last
    k rows and columns. det m = det(m₁₁)·det(m₂₂ - m₂₁·m₁₁⁻¹·m₁₂), and the small second matrix is dealt with in the same
    way; what is zero, or has two rows, by a polynomial.
    """
    return _peeled(a, None)


def _peeled(a: Array, noise: Any) -> Array:
    u, s, vh = np.linalg.svd(base(a))
    n = s.shape[-1]
    if noise is None:
        noise = n * np.finfo(s.dtype).eps * s[..., :1]
    elif n <= 2 or np.all(s[..., :1] <= noise):
        return _bird(a)
    k = int(np.max(np.sum(s * _WELL <= s[..., :1], axis=-1), initial=0)) if n else 0
    if not k:
        return _det(a)
    phase = np.linalg.det(u) * np.linalg.det(vh)
    m, r = adjoint(u) @ a @ adjoint(vh), n - k
    if not r:
        return phase * _bird(m)
    first, rest = m[..., :r, :r], m[..., r:, r:]
    return phase * _det(first) * _peeled(rest - m[..., r:, :r] @ np.linalg.solve(first, m[..., :r, r:]), noise)


# Triangular factors. -----------------------------------------------------------------------------------------


def _cholesky(a: Array) -> tuple[Array, LinearOp]:
    """Return the lower factor; L̇ = L·Φ(L⁻¹·Ȧ·L⁻ᴴ), Φ the lower triangle with half the diagonal (Murray 2016, eq. 8)."""
    low = np.linalg.cholesky(a)
    lapack = routines(low, "sygst" if low.dtype.kind == "f" else "hegst", "trmm")
    memo: list[Array] = []

    def inverse() -> Array:
        if not memo:
            memo.append(np.linalg.inv(low))
        return memo[0]

    def half(x: Array) -> Array:
        return np.where(_mask(x.shape[-1], False), x, 0) + np.where(np.eye(x.shape[-1], dtype=bool), x / 2, 0)

    def large(v: Array) -> Array:
        """Return the same by LAPACK: half the work, as it reads and writes one triangle; transposes are its memory order."""
        w, _ = lapack[0](v.T, low.T, lower=0)
        w = np.where(_mask(len(v), True), 0, w.T)
        w.reshape(-1)[:: len(v) + 1] /= 2
        return lapack[1](1.0, low.T, w.T, side=1, lower=0, overwrite_b=1).T

    def apply(v: Array) -> Array:
        if lapack is not None and type(v) is np.ndarray and v.dtype == low.dtype:
            return large(v) if v.ndim == 2 else np.reshape([large(x) for x in v.reshape(-1, *low.shape)], v.shape)
        t = inverse()
        return low @ half(t @ from_triangle(v) @ adjoint(t))

    def transpose(c: Array) -> Array:
        t = inverse()
        return to_triangle(adjoint(t) @ half(adjoint(low) @ c) @ t)

    return low, _op(low.shape, low.shape, apply, transpose)


def cholesky(a: Array, /, *, upper: bool = False) -> Array:
    return adjoint(_lower(adjoint(a))) if upper else _lower(a)


def _rotation(b: Array) -> Array:
    """Return the skew-Hermitian matrix with the strict lower triangle of b and the imaginary part of its diagonal."""
    low = np.tril(b, -1)
    skew = low - adjoint(low)
    return skew + 1j * np.imag(b) * np.eye(b.shape[-1], dtype=b.dtype) if b.dtype.kind == "c" else skew


def _rotation_transposed(b: Array) -> Array:
    low = np.tril(b - adjoint(b), -1)
    return low + 1j * np.imag(b) * np.eye(b.shape[-1], dtype=b.dtype) if b.dtype.kind == "c" else low


def _qr(a: Array) -> tuple[Any, tuple[LinearOp, LinearOp]]:
    """Return Q and R; the diagonal of R stays real, as LAPACK has it (Walter & Lehmann 2010)."""
    result = np.linalg.qr(a)
    q, r = result
    m, n = a.shape[-2:]
    p = min(m, n)
    qh, t = adjoint(q), np.linalg.inv(r[..., :p])
    th, pad = adjoint(t), np.eye(p, n, dtype=q.dtype)

    def q_dot(v: Array) -> Array:
        w = v[..., :p] @ t
        c = qh @ w
        turned = q @ _rotation(c)
        return turned if m == p else w - q @ c + turned

    def q_back(c: Array) -> Array:
        b = qh @ c
        g = q @ _rotation_transposed(b)
        return (g if m == p else c - q @ b + g) @ th @ pad

    def r_dot(v: Array) -> Array:
        b = qh @ v
        return np.triu(b - _rotation(b[..., :p] @ t) @ r)

    def r_back(c: Array) -> Array:
        c = np.triu(c)
        return q @ (c - _rotation_transposed(c @ adjoint(r)) @ th @ pad)

    return result, (_op(a.shape, q.shape, q_dot, q_back), _op(a.shape, r.shape, r_dot, r_back))


def qr(a: Array, mode: str = "reduced") -> Any:
    if mode == "complete" and a.shape[-2] > a.shape[-1]:
        not_supported("linalg.qr", "mode", mode, "the columns that complete Q are an arbitrary basis; use mode='reduced'")
    if mode not in ("reduced", "complete", "r"):
        not_supported("linalg.qr", "mode", mode, "its Householder vectors have no rule; use mode='reduced'")
    return _reduced_qr(a)[1] if mode == "r" else _reduced_qr(a)


# Reading of arguments, and the table. ------------------------------------------------------------------------


def _private(func: Function, name: str) -> Function:
    def call(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)

    call.__name__ = name
    call.__module__ = __name__
    return call


def implicit(func: Function, name: str, solution: Any, residual: Any = _itself) -> Function:
    """Enter a rule under a name of its own, for a function whose own keywords are dealt with before."""
    call = _private(func, name)
    register(Implicit(call, solution, residual))
    return dispatching(call)


_plain_pinv = implicit(lambda a, rcond, rtol: np.linalg.pinv(a, rcond, rtol=rtol), "_plain_pinv", _pinv)
_regular_slogdet = implicit(np.linalg.slogdet, "_regular_slogdet", _slogdet)
_det = implicit(np.linalg.det, "_det", _regular_det)
_lower = implicit(np.linalg.cholesky, "_lower", _cholesky)
_reduced_qr = implicit(np.linalg.qr, "_reduced_qr", _qr)

register(Implicit(np.linalg.solve, _solve, _solve_residual, ("a", "b"), whole=True))
register(Implicit(np.linalg.inv, _inv, _itself))
register(Composed(np.linalg.slogdet, slogdet))
register(Composed(np.linalg.det, det, exact=True))
register(Composed(np.linalg.pinv, pinv))
register(Composed(np.linalg.cholesky, cholesky))
register(Composed(np.linalg.qr, qr))
register(Constant(np.linalg.matrix_rank))
