"""Cases: functions that reshape, join, split, repeat and pad."""

import numpy as np

from ..cases import each, named, with_

A, B, V, S = (2, 3, 4), (3, 3), (5,), ()

RESHAPING = [
    *each(np.reshape, [A], shape=[(4, 6), -1, (2, -1), (2, 1, 12)], order=["C", "F"]),
    *each(np.reshape, [V], shape=[5, (5, 1)], copy=[None, True]),
    *each(np.ravel, [A], order=["C", "F"]),
    *each(np.ravel, [S]),
    *each(np.transpose, [A], axes=[None, (0, 2, 1), (-1, 0, 1), [2, 0, 1]]),
    *each(np.matrix_transpose, [A]),
    *each(np.moveaxis, [A], source=[0, -1], destination=[2, -2]),
    *each(np.moveaxis, [A], source=[(0, 1)], destination=[(-1, -2), (1, 0)]),
    *each(np.rollaxis, [A], axis=[2, -1, 0], start=[0, 1, 3]),
    *each(np.swapaxes, [A], axis1=[0, -1], axis2=[1, 2]),
    *each(np.squeeze, [(1, 3, 1)], axis=[None, 0, -1, (0, 2)]),
    *each(np.expand_dims, [B], axis=[0, -1, (0, -1), [1, 2]]),
    *each(np.broadcast_to, [(3, 1)], shape=[(3, 2), (4, 3, 2), (3, 1)]),
    *each(np.broadcast_to, [S], shape=[(), 3, (2, 2)]),
    *each(np.broadcast_arrays, [(3, 1), (2,)]),
    *each(np.broadcast_arrays, [S, A]),
    *[c for f in (np.atleast_1d, np.atleast_2d, np.atleast_3d) for s in (S, V, B, A, (1, 2, 3, 1)) for c in each(f, [s])],
    *each(np.atleast_2d, [S, V, B]),
    *each(np.flip, [A], axis=[None, 0, -1, (0, 2)]),
    *each(np.fliplr, [A]),
    *each(np.flipud, [A]),
    *each(np.flipud, [V]),
    *each(np.rot90, [A], k=[0, 1, 2, 3, -1, 5], axes=[(0, 1), (2, 1), (-1, 0)]),
    *each(np.roll, [A], shift=[1, -2, 7, 0], axis=[None, 0, -1]),
    *each(np.roll, [A], shift=[(1, 2)], axis=[(0, 1), (2, -1), 1, (0, 0)]),
    *each(np.roll, [A], shift=[2], axis=[(0, 2)]),
    *each(np.copy, [A], order=["K", "C", "F"]),
    *[named(f"astype {t.__name__} copy={c}", lambda x, t=t, c=c: np.astype(x, t, copy=c), B, kinds=kinds)
      for t, kinds in ((np.float64, "f"), (np.float32, "f"), (np.complex128, "fc"), (np.complex64, "fc")) for c in (True, False)],
    *each(np.real, [B]),
    *each(np.imag, [B]),
    *each(np.conjugate, [B]),
]  # fmt: skip

REPEATING = [
    *each(np.tile, [B], reps=[2, (2,), (1, 2), (2, 1, 2), 0]),
    *each(np.repeat, [B], repeats=[2, 0], axis=[None, 0, -1]),
    *each(np.repeat, [B], repeats=[[1, 0, 3], np.array([2, 1, 0])], axis=[0, 1]),
    *each(np.resize, [B], new_shape=[(2, 2), 7, (4, 5), ()]),
    *each(np.delete, [A], obj=[1, [0, 1], slice(0, 1), np.array([True, False])], axis=[0]),
    *each(np.delete, [V], obj=[1, -1, [0, 0, 3], slice(None, None, 2), []], axis=[None]),
    *each(np.diag, [V], k=[0, 1, -2]),
    *each(np.diag, [B], k=[0, 1, -2]),
    *each(np.diagflat, [B], k=[0, 1, -1]),
    *each(np.diagonal, [A], offset=[0, 1, -1], axis1=[0], axis2=[1, -1]),
    *each(np.diagonal, [B], offset=[0, 2, 5]),
    *each(np.tril, [A], k=[0, 1, -1]),
    *each(np.triu, [A], k=[0, 1, -1]),
    *each(np.tril, [V]),
]  # fmt: skip

JOINING = [
    *[named(f"concatenate axis={axis}", lambda x, y, axis=axis: np.concatenate([x, y], axis=axis), (2, 3, 2), (2, 3, 2))
      for axis in (0, 1, -1, None)],
    named("concatenate of unequal lengths", lambda x, y, z: np.concatenate((x, y, z), axis=1), (2, 1), (2, 3), (2, 0)),
    named("concatenate dtype", lambda x, y: np.concatenate((x, y), dtype=np.complex128, casting="same_kind"), V, (2,)),
    named("concatenate flat", lambda x, y: np.concatenate((x, y), axis=None), S, B),
    named("concatenate of one array", lambda x: np.concatenate(x, axis=-1), A),
    *[named(f"stack axis={axis}", lambda x, y, axis=axis: np.stack([x, y], axis=axis), B, B) for axis in (0, 1, 2, -1, -3)],
    named("stack dtype", lambda x, y: np.stack([x, y], dtype=np.complex128, casting="same_kind"), S, S),
    named("stack of rows", np.stack, A),
    *[named(f"{f.__name__} {s}", lambda x, y, f=f: f((x, y)), s, s)
      for f in (np.hstack, np.vstack, np.dstack, np.column_stack) for s in (V, B, A)],
    *[named(f"{f.__name__} 0-d", lambda x, y, f=f: f([x, y]), S, S) for f in (np.hstack, np.vstack, np.dstack, np.column_stack)],
    named("hstack dtype", lambda x, y: np.hstack((x, y), dtype=np.complex128), V, V),
    named("vstack dtype", lambda x, y: np.vstack((x, y), dtype=np.complex128, casting="same_kind"), V, V),
    named("column_stack mixed", lambda x, y: np.column_stack([x, y]), (3,), (3, 2)),
    named("block", lambda x, y, z, w: np.block([[x, y], [z, w]]), (2, 2), (2, 1), (1, 2), (1, 1)),
    named("block flat", lambda x, y: np.block([x, y]), V, (2,)),
    named("block deep", lambda x, y: np.block([[[x], [y]]]), V, V),
    named("block broadcast", lambda x, y: np.block([[x, 2.0], [y]]), (1,), (1, 2)),
    named("block of one", lambda x: np.block(x), B),
    named("append", np.append, B, V),
    named("append axis", lambda x, y: np.append(x, y, axis=-1), (3, 2), (3, 1)),
    named("append a number", lambda x: np.append(x, 3.0), V),
    named("append a list", lambda x: np.append(x, [3.0, 4.0]), V),
    *[named(f"insert {obj}", lambda x, y, obj=obj: np.insert(x, obj, y), V, (2,)) for obj in ([1, 3], [0, 0], [-1, 5], slice(1, 3))],
    named("insert one", lambda x, y: np.insert(x, 2, y), V, S),
    named("insert many at one", lambda x, y: np.insert(x, 2, y), V, (3,)),
    named("insert row", lambda x, y: np.insert(x, 1, y, axis=0), B, (3,)),
    named("insert broadcast columns", lambda x, y: np.insert(x, [1, 2], y, axis=1), B, (3, 1)),
    named("insert numbers", lambda x: np.insert(x, 1, 7.0, axis=-1), B),
]  # fmt: skip

SPLITTING = [
    *each(np.split, [(4, 6)], indices_or_sections=[2, [1, 3], [], [2, 9], [-1]], axis=[0, 1, -1]),
    *each(np.array_split, [(4, 7)], indices_or_sections=[1, 3, 9, [1, 3], (2, -1), np.array([2, 1])], axis=[0, 1, -1]),
    *each(np.hsplit, [(4, 6)], indices_or_sections=[2, [1]]),
    *each(np.hsplit, [(4,)], indices_or_sections=[2, [1]]),
    *each(np.vsplit, [(4, 6)], indices_or_sections=[2, [1]]),
    *each(np.dsplit, [(1, 2, 6)], indices_or_sections=[3, [1, 4]]),
    *each(np.unstack, [A], axis=[0, 1, -1]),
]

PADDING = [
    *each(np.pad, [(3, 4)], pad_width=[1, (2, 1), ((1, 2), (0, 3))], mode=["constant", "edge", "reflect", "symmetric", "wrap"]),
    *each(np.pad, [(5,)], pad_width=[(7, 9)], mode=["reflect", "symmetric"], reflect_type=["even", "odd"]),
    *each(np.pad, [(3, 4)], pad_width=[((1, 2), (0, 3))], mode=["reflect", "symmetric"], reflect_type=["even", "odd"]),
    *each(np.pad, [(3, 4)], pad_width=[1, ((1, 2), (0, 3))], mode=["constant"], constant_values=[0, 2.5, (1, 2), ((1, 2), (3, 4))]),
    *each(np.pad, [(3, 4)], pad_width=[1, ((1, 2), (0, 3))], mode=["linear_ramp"], end_values=[0, 2.5, (1, 2), ((1, 2), (3, 4))]),
    *each(np.pad, [(3, 4)], pad_width=[1, ((1, 2), (0, 3))], mode=["linear_ramp"]),
    *each(np.pad, [(3, 4)], {"kinds": "f"}, pad_width=[1, ((1, 2), (0, 3))], mode=["maximum", "minimum", "median"],
          stat_length=[None, 2, (1, 3), ((2, 1), (3, 2)), 9]),
    *each(np.pad, [(3, 4)], pad_width=[1, ((1, 2), (0, 3))], mode=["mean"], stat_length=[None, 2, (1, 3), ((2, 1), (3, 2))]),
    *each(np.pad, [V], pad_width=[{0: 2}, {-1: (1, 0)}, 0]),
    *each(np.pad, [(2, 3)], pad_width=[{-1: (1, 2)}, {0: 1, 1: (0, 2)}], mode=["edge"]),
]  # fmt: skip

_AFFINE = ("append a", "insert numbers", "block broadcast")
CASES = [
    *with_(RESHAPING + REPEATING, linear=True),
    *(c if any(word in c.name for word in _AFFINE) else with_([c], linear=True)[0] for c in JOINING),
    *with_(SPLITTING, linear=True),
    *PADDING,
]
