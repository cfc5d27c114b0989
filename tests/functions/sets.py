"""Cases: functions that pick entries by value or mask, and functions that write entries."""

import numpy as np

from ..cases import each, named, with_
from ..laws import buffer_like

A, B, V, S = (2, 3, 4), (3, 4), (6,), ()
MASK = np.array([[True, False, True, True], [True, True, False, True], [False, True, True, True]])
ORDER = np.array([[2, 0, 1], [0, 0, 3], [1, 3, 2]])


def written(f):
    """Return the function whose result is its first argument after f wrote into it."""

    def call(x, *args):
        y = buffer_like([x, *args])
        y[...] = x
        f(y, *args)
        return y

    return call


def parts(y, kth, axis):
    """Return what partition promises: the entries at kth, and those on either side in any order."""
    axis = 0 if axis is None else axis
    cuts = np.sort(np.ravel(kth) % y.shape[axis])
    return [np.sort(p, axis=axis) for k in cuts for p in np.split(y, [k, k + 1], axis=axis)]


PICKING = [
    *[
        named(f"partition {s} {k} {axis}", lambda x, k=k, axis=axis: parts(np.partition(x, k, axis), k, axis), s)
        for s, k, axis in ((A, 1, -1), (A, -1, -1), (A, 1, 0), (A, 5, None), ((30,), 7, 0), ((30,), [3, 20], -1))
    ],
    *each(np.unique, [B], return_index=[False, True], return_inverse=[False, True], return_counts=[False, True]),
    named("unique repeated", lambda x: np.unique(x[[0, 1, 0, 2, 2]]), V),
    *each(np.unique, [B], axis=[0, 1], equal_nan=[True, False]),
    *[named(f"{f.__name__}", lambda x, f=f: f(x[[1, 0, 1, 2]]), V) for f in (np.unique_all, np.unique_counts, np.unique_inverse)],
    named("union1d", lambda x, y: np.union1d(x, np.concatenate([y, y])), V, (2,)),
    named("intersect1d", lambda x: np.intersect1d(x, x[[3, 1]]), V),
    named("intersect1d indices", lambda x: np.intersect1d(x, x[[3, 1]], assume_unique=True, return_indices=True), V),
    named("setdiff1d", lambda x: np.setdiff1d(x, x[[3, 1]]), V),
    named("setdiff1d unique", lambda x, y: np.setdiff1d(x, y, assume_unique=True), V, (3,)),
    named("setxor1d", lambda x, y: np.setxor1d(np.concatenate([x, y]), x), V, (3,)),
    named("setxor1d unique", lambda x, y: np.setxor1d(np.concatenate([x, y]), x, assume_unique=True), V, (3,)),
    *each(np.sort_complex, [B]),
]
TAKING = [
    *[named(f"compress axis={axis}", lambda x, axis=axis: np.compress([True, False, True], x, axis=axis), B) for axis in (None, 0, 1)],
    named("extract", lambda x: np.extract(MASK, x), B),
    *[named(f"trim_zeros {t}", lambda x, t=t: np.trim_zeros(x * np.array([0, 1, 0, 1, 0, 0]), t), V) for t in ("fb", "f", "b")],
    *[named(f"trim_zeros axis={a}", lambda x, a=a: np.trim_zeros(x * np.array([0, 0, 1, 0]), axis=a), B) for a in (None, 0, 1)],
    named("ix_", np.ix_, V, (2,)),
    *each(np.meshgrid, [(3,), (2,)], indexing=["xy", "ij"], sparse=[False, True], copy=[True, False]),
    *each(np.meshgrid, [(3,), (2,), S]),
    *each(np.meshgrid, [V]),
]
WRITING = [
    *[named(f"put mode={m}", written(lambda y, v, m=m: np.put(y, [1, 5, 5, 0, 3], v, m)), V, (3,)) for m in ("raise", "clip", "wrap")],
    *[named(f"put outside mode={m}", written(lambda y, v, m=m: np.put(y, [[-9, 25]], v, mode=m)), B, S) for m in ("clip", "wrap")],
    named("put negative", written(lambda y, v: np.put(y, -1, v)), B, (2,)),
    named("put one entry", written(lambda y, v: np.put(y, [0, -1, 0], v)), S, (3,)),
    named("put nothing", written(lambda y, v: np.put(y, [0], v)), V, (0,)),
    named("put nowhere", written(lambda y, v: np.put(y, [], v)), V, (2,)),
    named("place in one entry", written(lambda y, v: np.place(y, True, v)), S, (2,)),
    named("place", written(lambda y, v: np.place(y, MASK, v)), B, (2,)),
    named("place few", written(lambda y, v: np.place(y, [0, 1, 0, 0, 1, 0], v)), V, (5,)),
    named("putmask", written(lambda y, v: np.putmask(y, MASK, v)), B, B),
    named("putmask repeated", written(lambda y, v: np.putmask(y, MASK, v)), B, (5,)),
    named("put_along_axis", written(lambda y, v: np.put_along_axis(y, ORDER, v, 1)), B, (3, 1)),
    named("put_along_axis 0", written(lambda y, v: np.put_along_axis(y, np.array([[2, 0, 1, -1]]), v, axis=0)), B, S),
    named("put_along_axis flat", written(lambda y, v: np.put_along_axis(y, np.array([11, 0, -5]), v, None)), B, (3,)),
    *[named(f"fill_diagonal {s} {w}", written(lambda y, v, w=w: np.fill_diagonal(y, v, w)), s, (2,))
      for s in ((3, 3), (7, 2), (2, 5), (3, 3, 3)) for w in (False, True)],
    named("fill_diagonal number", written(lambda y: np.fill_diagonal(y, 2.5)), B),
]  # fmt: skip

CASES = [*with_(PICKING, kinds="f"), *TAKING, *WRITING]
