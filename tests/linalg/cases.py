"""Cases of numpy.linalg: functions of a few small arrays, turned into matrices that are far from singular."""

import numpy as np

from ..cases import named

L = np.linalg


def plain(x):
    """The array under any number of Duals."""
    while hasattr(x, "primal"):
        x = x.primal
    return x


def fit(x):
    """A matrix with singular values and eigenvalues well apart."""
    m, n = x.shape[-2:]
    return x * 0.15 + (3 * np.eye(m, n) * np.arange(1, n + 1)).astype(plain(x).dtype)


def positive(x):
    """A positive definite matrix that is not symmetric: its function has to read one triangle."""
    return x * 0.15 + (4 * np.eye(x.shape[-1]) * np.arange(1, x.shape[-1] + 1)).astype(plain(x).dtype)


def of(func, make, *shapes, **about):
    """A case that is a function of one matrix."""
    label = about.pop("label", getattr(func, "__name__", "f"))
    return [named(f"{label}{str(s).replace(' ', '')}", lambda x: func(make(x)), s, **about) for s in shapes]


def with_keywords(func, make, shape, *keywords, **about):
    """A case for each set of keywords."""
    return [named(f"{func.__name__}{str(shape).replace(' ', '')}{k}", lambda x, k=k: func(make(x), **k), shape, **about) for k in keywords]


SQUARES = [(1, 1), (3, 3), (2, 3, 3), (2, 1, 2, 2)]
ORDERS = [None, "fro", "nuc", np.inf, -np.inf, 1, -1, 2, -2]
VECTOR_ORDERS = [None, np.inf, -np.inf, 0, 1, 2, 3, 0.5, -1]


def system(name, a, b):
    return named(f"solve {name}", lambda x, y: L.solve(fit(x), y), a, b)


CASES = [
    system("vector", (3, 3), (3,)),
    system("one side", (3, 3), (3, 1)),
    system("sides", (3, 3), (3, 2)),
    system("vector for no systems", (0, 2, 3, 3), (3,)),
    system("vector for a batch", (2, 3, 3), (3,)),
    system("batches", (2, 3, 3), (2, 3, 2)),
    system("batch of sides", (3, 3), (4, 3, 2)),
    system("broadcast", (2, 1, 3, 3), (4, 3, 2)),
    named("solve keywords", lambda x, y: L.solve(b=y, a=fit(x)), (2, 2), (2,)),
    *of(L.inv, fit, *SQUARES),
    *of(L.det, fit, *SQUARES),
    *of(L.slogdet, fit, *SQUARES),
    *of(L.cholesky, positive, *SQUARES, kinds="fc"),
    *with_keywords(L.cholesky, positive, (2, 3, 3), {"upper": True}),
    *of(L.qr, fit, (3, 3), (4, 2), (2, 4), (2, 3, 2)),
    *with_keywords(L.qr, fit, (2, 4), {"mode": "complete"}),
    *with_keywords(L.qr, fit, (4, 2), {"mode": "r"}),
    *of(L.eigh, positive, *SQUARES),
    *with_keywords(L.eigh, positive, (2, 3, 3), {"UPLO": "U"}),
    *of(L.eigvalsh, positive, (3, 3), (2, 2, 2)),
    *with_keywords(L.eigvalsh, positive, (3, 3), {"UPLO": "U"}),
    *of(L.eig, fit, *SQUARES),
    *of(L.eigvals, fit, (3, 3), (2, 2, 2)),
    named("eigvals complex pair", lambda x: L.eigvals(x * 0.2 + np.array([[0, 3], [-3, 0]], plain(x).dtype)), (2, 2)),
    named("eig complex pair", lambda x: L.eig(x * 0.2 + np.array([[1, 3], [-3, 0]], plain(x).dtype)), (2, 2)),
    *of(L.svd, fit, (3, 3), (3, 2), (2, 3), (2, 3, 3), (1, 1), kinds="f"),
    *with_keywords(L.svd, fit, (4, 2), {"full_matrices": False}, kinds="f"),
    *with_keywords(L.svd, fit, (2, 2, 4), {"full_matrices": False}, kinds="f"),
    *with_keywords(L.svd, fit, (4, 2), {"compute_uv": False}),
    *with_keywords(L.svd, positive, (2, 3, 3), {"hermitian": True}, {"hermitian": True, "compute_uv": False}),
    *of(L.svdvals, fit, (3, 3), (2, 3, 2)),
    *of(L.pinv, fit, (3, 3), (4, 2), (2, 2, 4)),
    *with_keywords(L.pinv, fit, (4, 2), {"rcond": 1e-8}, {"rtol": 1e-8}),
    *with_keywords(L.pinv, positive, (3, 3), {"hermitian": True}),
    *[c for p in ORDERS for c in with_keywords(L.norm, fit, (3, 3), {"ord": p})],
    *[
        c
        for p in ORDERS
        for c in with_keywords(L.norm, fit, (2, 3, 2), {"ord": p, "axis": (2, 1)}, {"ord": p, "axis": (-2, -1), "keepdims": True})
    ],
    *[
        c
        for p in VECTOR_ORDERS
        for c in with_keywords(L.norm, lambda x: x, (2, 3), {"ord": p, "axis": 0}, {"ord": p, "axis": -1, "keepdims": True})
    ],
    *[
        c
        for p in VECTOR_ORDERS[1:]
        for c in with_keywords(L.vector_norm, lambda x: x, (2, 3), {"ord": p}, {"ord": p, "axis": 1, "keepdims": True})
    ],
    *[c for p in ORDERS[1:] for c in with_keywords(L.matrix_norm, fit, (2, 3, 3), {"ord": p})],
    named("norm vector", lambda x: L.norm(x), (4,)),
    named("norm of three axes", lambda x: L.norm(x), (2, 3, 2)),
    *[c for p in (None, 1, -1, 2, -2, np.inf, "fro") for c in with_keywords(L.cond, fit, (3, 3), {"p": p})],
    *of(L.cond, fit, (2, 3, 2)),
    *[c for n in (0, 1, 2, 5, -1, -3) for c in of(lambda a, n=n: L.matrix_power(a / 4, n), fit, (3, 3), (2, 2, 2), label=f"power {n} ")],
    named("multi_dot", lambda a, b, c: L.multi_dot([a, b, c]), (2, 3), (3, 4), (4, 2)),
    named("multi_dot of vectors", lambda a, b, c, d: L.multi_dot([a, b, c, d]), (3,), (3, 2), (2, 3), (3,)),
    named("lstsq", lambda x, b: L.lstsq(fit(x), b), (4, 2), (4,)),
    named("lstsq sides", lambda x, b: L.lstsq(fit(x), b, rcond=1e-10), (4, 2), (4, 3)),
    named("lstsq wide", lambda x, b: L.lstsq(fit(x), b), (2, 4), (2,)),
    named("tensorsolve", lambda x, b: L.tensorsolve(fit(x).reshape(2, 3, 6), b), (6, 6), (2, 3)),
    named("tensorsolve axes", lambda x, b: L.tensorsolve(fit(x).reshape(2, 3, 6), b, axes=(0, 1)), (6, 6), (6,)),
    named("tensorinv", lambda x: L.tensorinv(fit(x).reshape(2, 3, 6), ind=2), (6, 6)),
    named("tensorinv 1", lambda x: L.tensorinv(fit(x).reshape(6, 2, 3), ind=1), (6, 6)),
    named("linalg.matmul", lambda a, b: L.matmul(a, b), (2, 3), (3, 2)),
    named("linalg.outer", lambda a, b: L.outer(a, b), (2,), (3,)),
    named("linalg.cross", lambda a, b: L.cross(a, b, axis=0), (3, 2), (3, 2)),
    named("linalg.vecdot", lambda a, b: L.vecdot(a, b, axis=0), (3, 2), (3, 2)),
    named("linalg.tensordot", lambda a, b: L.tensordot(a, b, axes=1), (2, 3), (3, 2)),
    named("linalg.matrix_transpose", lambda a: L.matrix_transpose(a), (2, 3, 2)),
    named("linalg.trace", lambda a: L.trace(a, offset=1), (2, 3, 3)),
    named("linalg.diagonal", lambda a: L.diagonal(a, offset=-1), (2, 3, 3)),
]
