"""Calls of numpy.linalg's decompositions, systems and norms: of matrices that are far from singular."""

import numpy as np

from ..linalg.cases import fit, positive
from .calls import Table, call

TABLE = Table()
L = np.linalg
ROUGH = {"condition": 512.0}


def square(d, side=0):
    n = d.int(side, 3)
    return d.stacks((n, n), side=0)[0]


def oblong(d, side=1):
    return d.stacks((d.int(side, 4), d.int(side, 4)), side=0)[0]


@TABLE.draws(L.inv, L.det, L.slogdet, L.eig, L.eigvals, **ROUGH)
def of_squares(d, func):
    if func in (L.eig, L.eigvals) and d.bool():
        turn = np.array([[d.int(0, 2), 3], [-3, 0]])
        return call(func, (2, 2), f=lambda x: func(x * 0.2 + turn.astype(x.dtype)))
    return call(func, square(d), f=lambda x: func(fit(x)))


@TABLE.draws(L.cholesky, L.eigh, L.eigvalsh, **ROUGH)
def of_hermitian(d, func):
    kwargs = d.some(upper=[True, False]) if func is L.cholesky else d.some(UPLO=["L", "U", "u"])
    return call(func, square(d), f=lambda x, **kw: func(positive(x), **kw), **kwargs)


@TABLE.draws(L.qr, **ROUGH)
def qr(d, func):
    shape = oblong(d)
    modes = ["reduced", "r", "complete"] if shape[-2] <= shape[-1] else ["reduced", "r"]
    return call(func, shape, f=lambda x, **kw: func(fit(x), **kw), **d.some(mode=modes))


@TABLE.draws(L.svd, **ROUGH)
def svd(d, func):
    kind = d.of("values", "hermitian", "vectors")
    if kind == "hermitian":
        return call(func, square(d, 1), f=lambda x, **kw: func(positive(x), **kw), hermitian=True, compute_uv=False)
    shape = oblong(d)
    kwargs = {"compute_uv": False} if kind == "values" else {"full_matrices": abs(shape[-2] - shape[-1]) <= 1 and d.bool()}
    return call(func, shape, f=lambda x, **kw: phaseless(func(fit(x), **kw)), **kwargs)


def phaseless(result):
    """Return singular values and the products of left and right vectors: LAPACK is free in the phase of a complex pair."""
    if not hasattr(result, "U") or result.U.dtype.kind == "f":
        return result
    p = result.S.shape[-1]
    return np.swapaxes(result.U[..., :p], -1, -2)[..., :, None] * result.Vh[..., :p, None, :], result.S


@TABLE.draws(L.svdvals, **ROUGH)
def singular_values(d, func):
    return call(func, oblong(d), f=lambda x: func(fit(x)))


@TABLE.draws(L.pinv, **ROUGH)
def pseudo_inverses(d, func):
    if d.bool():
        return call(func, square(d, 1), f=lambda x, **kw: func(positive(x), **kw), hermitian=True)
    return call(func, oblong(d), f=lambda x, **kw: func(fit(x), **kw), **d.of({}, {"rcond": 1e-6}, {"rtol": 1e-6}))


@TABLE.draws(L.solve, **ROUGH)
def systems(d, func):
    n = d.int(0, 3)
    if d.bool():
        return call(func, d.stacks((n, n), side=0)[0], (n,), f=lambda x, y: func(fit(x), y))
    return call(func, *d.stacks((n, n), (n, d.int(0, 3))), f=lambda x, y: func(fit(x), y))


@TABLE.draws(L.lstsq, **ROUGH)
def least_squares(d, func):
    m, n = d.int(1, 4), d.int(1, 4)
    return call(func, (m, n), (m, *d.of((), (1,), (3,))), f=lambda x, b, **kw: func(fit(x), b, **kw), **d.some(rcond=[None, 1e-6]))


@TABLE.draws(L.tensorsolve, **ROUGH)
def tensor_systems(d, func):
    m, n = d.int(1, 2), d.int(1, 3)
    if d.bool():
        return call(func, (m * n, m * n), (m, n), f=lambda x, b: func(fit(x).reshape(m, n, m * n), b))
    return call(
        func, (m * n, m * n), (m * n,), f=lambda x, b, **kw: func(np.moveaxis(fit(x).reshape(m * n, m, n), 1, 0), b, **kw), axes=(0, 2)
    )


@TABLE.draws(L.tensorinv, **ROUGH)
def tensor_inverses(d, func):
    m, n, ind = d.int(1, 2), d.int(1, 3), d.of(1, 2)
    shape = (m, n, m * n) if ind == 2 else (m * n, m, n)
    return call(func, (m * n, m * n), f=lambda x, *, ind: func(fit(x).reshape(shape), ind=ind), ind=ind)


@TABLE.draws(L.matrix_power, **ROUGH)
def powers(d, func):
    return call(func, square(d), f=lambda x, *, n: func(fit(x) / 4, n), n=d.of(-3, -1, 0, 1, 2, 3, 5))


@TABLE.draws(L.cond, **ROUGH)
def conditions(d, func):
    p = d.of(None, 2, -2, 1, -1, np.inf, -np.inf, "fro", "nuc")
    return call(func, oblong(d) if p in (None, 2, -2) else square(d, 1), f=lambda x, **kw: func(fit(x), **kw), p=p)


# Norms. ------------------------------------------------------------------------------------------------------

VECTOR_ORDERS = [np.inf, -np.inf, 0, 1, 2, 3, 0.5, -1, -2.5]
MATRIX_ORDERS = ["fro", np.inf, -np.inf, 1, -1]


@TABLE.draws(L.vector_norm)
def vector_norms(d, func):
    shape = d.shape(1)
    return call(func, shape, **d.reduced(len(shape)), **d.some(ord=VECTOR_ORDERS, keepdims=[True, False]))


@TABLE.draws(L.norm)
def norms(d, func):
    keep = d.some(keepdims=[True, False])
    kind = d.of("vector", "matrix", "all")
    if kind == "vector":
        shape = d.shape(1)
        return call(func, shape, axis=d.of(d.axis(len(shape)), d.axes(len(shape), 1, 1)), **keep, **d.some(ord=[None, *VECTOR_ORDERS]))
    if kind == "matrix":
        shape = d.shape(2)
        axis = {"axis": d.axes(len(shape), 2, 2)} if len(shape) > 2 or d.bool() else {}
        return call(func, shape, **axis, **keep, **d.some(ord=[None, *MATRIX_ORDERS]))
    return call(func, d.shape(side=0), **keep)


@TABLE.draws(L.matrix_norm)
def matrix_norms(d, func):
    return call(func, d.shape(2), **d.some(ord=MATRIX_ORDERS, keepdims=[True, False]))


def spectral_norms(d, func):
    """Norms by singular values, which NumPy computes in double precision."""
    shape = oblong(d)
    axis = {"axis": d.of((-2, -1), (-1, -2))} if func is L.norm else {}
    return call(func, shape, f=lambda x, **kw: func(fit(x), **kw), ord=d.of(2, -2, "nuc"), **axis, **d.some(keepdims=[True, False]))
