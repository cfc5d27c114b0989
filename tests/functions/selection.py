"""Cases: functions that choose entries."""

import numpy as np

from ..cases import each, named, with_

A, B, V, S = (2, 3, 4), (3, 4), (6,), ()
MASK = np.array([[True, False, True, True], [True, True, False, True], [False, True, True, True]])
ORDER = np.array([[2, 0, 1], [0, 0, 3], [1, 3, 2]])

CASES = [
    named("where", lambda x, y: np.where(MASK, x, y), B, B),
    named("where by values", lambda x, y: np.where(x > y, x, y), B, (4,)),
    named("where with a number", lambda x: np.where(x > 0, x, 0), B),
    named("where in a column", lambda x, y: np.where(MASK, x, y), (3, 1), S),
    named("where with one argument", lambda x: x[np.where(x > 0)], B),
    named("select", lambda x, y: np.select([x > 1, x > 0], [x, y]), B, B),
    named("select default", lambda x, y, z: np.select([x > 1, x > 0], [x, y], z), B, B, S, alone=(0, 1)),
    named("select broadcast", lambda x, y: np.select([MASK, MASK[0]], [x, y], default=-1.5), (4,), S),
    *[named(f"choose mode={mode}", lambda x, y, mode=mode: np.choose([[0, 1, 1], [1, 0, 0]], [x, y], mode=mode), (2, 3), (3,))
      for mode in ("raise", "wrap", "clip")],
    *[named(f"choose outside mode={mode}", lambda x, y, mode=mode: np.choose([-3, 5, 1], (x, y), mode=mode), (2, 3), (3,))
      for mode in ("wrap", "clip")],
    named("choose rows", lambda x: np.choose([0, 1, 0, 1], x), (2, 4)),
    named("clip", lambda x: np.clip(x, -1, 1.2), B, kinds="f"),
    named("clip keywords", lambda x: np.clip(x, min=-1, max=1.2), B, kinds="f"),
    named("clip a_min", lambda x: np.clip(x, a_min=0.4, a_max=None), B, kinds="f"),
    named("clip dtype", lambda x: np.clip(x, -1, 1.2, dtype=x.dtype, casting="same_kind"), B, kinds="f"),
    named("clip dtype=float64", lambda x: np.clip(x, -1, 1.2, dtype=np.float64), B, kinds="f"),
    named("clip above", lambda x: np.clip(x, None, 0.9), B, kinds="f"),
    named("clip max", lambda x: np.clip(x, max=0.9), B, kinds="f"),
    named("clip arrays", lambda x, lo, hi: np.clip(x, lo, hi), B, (4,), (3, 1), kinds="f"),
    named("clip bounds alone", lambda lo, hi: np.clip(0.5, lo, hi), B, (4,), kinds="f"),
    *each(np.sort, [A], axis=[-1, 0, None], kind=[None, "quicksort", "stable", "heapsort"]),
    *each(np.sort, [A], axis=[1], stable=[None, True, False]),
    *each(np.take, [B], indices=[1, -1, [0, 2], np.array([[0, 1], [2, -1]]), []], axis=[0, 1, -1, None]),
    *each(np.take, [B], indices=[[0, 7, -9]], axis=[0, -1, None], mode=["wrap", "clip"]),
    *each(np.take_along_axis, [B], indices=[ORDER[:, :2]], axis=[1, -1]),
    *each(np.take_along_axis, [B], indices=[np.array([[2, 0, 1, -1]])], axis=[0]),
    *each(np.take_along_axis, [B], indices=[np.array([11, 0, 5])], axis=[None]),
    *each(np.take_along_axis, [(3, 1)], indices=[np.array([[0, 2, 1, 1]])], axis=[0]),
    named("take_along_axis argsort", lambda x: np.take_along_axis(x, np.argsort(x, axis=0), axis=0), B),
    named("x[mask]", lambda x: x[MASK], B),
    named("x[mask of x]", lambda x: x[x > 0], B),
    named("x[list, slice]", lambda x: x[[0, 2], ::-1], B),
    named("x[i, :, j]", lambda x: x[[0, 1], :, [2, 3]], A),
    named("x[:, i, None, j]", lambda x: x[:, [0, 1], None, 2], A),
]  # fmt: skip

_ORDERED = ("clip", "where by values", "where with", "select", "x[mask of x]", "take_along_axis argsort", "sort")
CASES = [with_([c], kinds="f")[0] if c.name.startswith(_ORDERED) else c for c in CASES]
