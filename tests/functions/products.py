"""Cases: products of vectors, matrices and arrays of any number of axes."""

import numpy as np

from ..cases import each, named, with_

DOT_SHAPES = [
    ((), (3,)),
    ((2, 3), ()),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 4)),
    ((2, 3), (4, 3, 2)),
    ((2, 2, 3), (3,)),
    ((2, 2, 3), (2, 3, 2)),
    ((2, 0), (0, 3)),
]
MATMUL_SHAPES = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((5, 1, 2, 3), (4, 3, 2)),
    ((1, 2, 3), (5, 3, 4)),
    ((3,), (5, 3, 4)),
    ((5, 2, 3), (3,)),
    ((2, 0), (0, 3)),
]

EINSUM = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("ji,kj", (2, 3), (4, 2)),
    ("ij,ij", (2, 3), (2, 3)),
    ("ij->ji", (2, 3)),
    ("ba", (2, 3)),
    ("ii", (3, 3)),
    ("ii->i", (3, 3)),
    ("iij->j", (3, 3, 2)),
    ("ijij->", (2, 3, 2, 3)),
    ("ij->", (2, 3)),
    ("ij->j", (2, 3)),
    ("...ij,...jk->...ik", (5, 2, 3), (3, 4)),
    ("...ij,...jk", (5, 2, 3), (5, 3, 4)),
    ("i...->...i", (2, 3, 4)),
    ("i...,i...->...", (2, 3), (2, 4, 3)),
    ("...,...", (3, 1), (2,)),
    ("...i,i", (2, 3), (3,)),
    ("i,j,k->ijk", (2,), (3,), (4,)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
    ("ij,jk,kl", (2, 3), (3, 4), (4, 2)),
    ("ij,ik,il->jkl", (2, 3), (2, 2), (2, 4)),
    ("ii,i,i->", (3, 3), (3,), (3,)),
    ("ij,j->i", (2, 3), (3,)),
    ("ij,kl->jl", (2, 3), (4, 2)),
    ("i,i->i", (3,), (3,)),
    (",i->i", (), (3,)),
    ("ij, jk -> ik", (2, 3), (3, 4)),
    ("ij,ij->ij", (2, 1), (2, 3)),
    ("ii,ij->j", (3, 3), (3, 2)),
    ("ii,jj->ij", (2, 2), (3, 3)),
    ("iji,j->i", (2, 3, 2), (3,)),
    ("zA,Ab->zb", (2, 3), (3, 2)),
    ("...ii->...", (2, 3, 3)),
    ("ab...->b...", (2, 3, 2)),
]

LISTS = [
    ("matrix product", lambda x, y: np.einsum(x, [0, 1], y, [1, 2], [0, 2]), (2, 3), (3, 4)),
    ("implicit output", lambda x, y: np.einsum(x, [0, 1], y, [1, 2]), (2, 3), (3, 4)),
    ("diagonal", lambda x: np.einsum(x, [7, 7], [7]), (3, 3)),
    ("ellipsis", lambda x, y: np.einsum(x, [Ellipsis, 0], y, [0, 1], [Ellipsis, 1]), (2, 2, 3), (3, 4)),
    ("letters beyond z", lambda x, y: np.einsum(x, [30, 2], y, [2, 51]), (2, 3), (3, 2)),
    ("upper before lower", lambda x: np.einsum(x, [27, 1]), (2, 3)),
]

CASES = [
    *[named(f"{f.__name__} {s} {t}", f, s, t) for f in (np.dot,) for s, t in DOT_SHAPES],
    *[named(f"matmul {s} {t}", np.matmul, s, t) for s, t in MATMUL_SHAPES],
    *[named(f"@ {s} {t}", lambda x, y: x @ y, s, t) for s, t in MATMUL_SHAPES[:4]],
    *[named(f"vdot {s} {t}", np.vdot, s, t) for s, t in [((3,), (3,)), ((2, 3), (3, 2)), ((), ())]],
    *[
        named(f"inner {s} {t}", np.inner, s, t)
        for s, t in [((3,), (3,)), ((2, 3), (4, 3)), ((2, 2, 3), (3,)), ((), (2, 2)), ((2, 3), (2, 2, 3))]
    ],
    *[named(f"outer {s} {t}", np.outer, s, t) for s, t in [((3,), (2,)), ((2, 2), (3, 1)), ((), (2,))]],
    *[c for s, t in [((3,), (3,)), ((2, 3), (3,)), ((4, 1, 3), (2, 3))] for c in each(np.vecdot, [s, t])],
    *[c for s, t in [((2, 3), (3,)), ((4, 1, 2, 3), (5, 3))] for c in each(np.matvec, [s, t])],
    *[c for s, t in [((3,), (3, 2)), ((5, 3), (4, 1, 3, 2))] for c in each(np.vecmat, [s, t])],
    *each(np.vecdot, [(3, 4), (3, 4)], axis=[0, 1, -1], keepdims=[False, True]),
    *each(np.vecdot, [(3, 4), (4, 3)], axes=[[0, 1], [(0,), (-1,), ()], [1, 0]]),
    *each(np.vecdot, [(3, 4), (4, 3)], axes=[[0, 1, 0], [(0,), (-1,), (1,)]], keepdims=[True]),
    *each(np.matmul, [(3, 2, 5), (4, 3, 5)], axes=[[(1, 0), (1, 0), (0, 1)], [(-2, 0), (-2, 0), (2, 0)], [(1, 0), (1, 0), (-1, 1)]]),
    *each(np.matvec, [(3, 2, 5), (5, 3)], axes=[[(1, 0), 1, 0], [(1, 0), (1,), (-1,)]]),
    *each(np.vecmat, [(3, 5), (2, 3, 5)], axes=[[0, (1, 0), -1]]),
    *each(np.tensordot, [(2, 3, 4), (3, 4, 2)], axes=[0, 2, ([1, 2], [0, 1]), ([0], [-1]), (1, 0), [[-1, 0], [1, 2]]]),
    *each(np.tensordot, [(2, 3), (3,)], axes=[1, 0, (1, 0), [[1], [0]]]),
    *[named(f"einsum {sub} {shapes}", lambda *xs, sub=sub: np.einsum(sub, *xs), *shapes) for sub, *shapes in EINSUM],
    *[named(f"einsum lists: {name}", f, *shapes) for name, f, *shapes in LISTS],
    *[
        named(f"einsum optimize={o}", lambda x, y, z, o=o: np.einsum("ij,jk,kl->il", x, y, z, optimize=o), (2, 3), (3, 4), (4, 2))
        for o in (False, True, "greedy", "optimal", ["einsum_path", (0, 1), (0, 1)])
    ],
    named("einsum dtype", lambda x, y: np.einsum("ij,j", x, y, dtype=np.complex128, casting="same_kind", order="C"), (2, 3), (3,)),
    *[
        named(f"kron {s} {t}", np.kron, s, t)
        for s, t in [((2,), (3,)), ((2, 2), (3, 2)), ((2,), (3, 2)), ((), (2, 2)), ((2, 1, 2), (2, 3))]
    ],
    *[named(f"cross {s} {t}", np.cross, s, t) for s, t in [((3,), (3,)), ((4, 3), (3,)), ((2, 1, 3), (4, 3))]],
    *each(np.cross, [(3, 4), (3, 4)], axis=[0]),
    *each(np.cross, [(3, 4), (4, 3)], axisa=[0], axisb=[1, -1], axisc=[0, -1]),
]

CASES = [with_([c], ulps=8, smooth="dtype" not in c.name)[0] for c in CASES]
