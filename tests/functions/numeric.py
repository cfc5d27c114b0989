"""Cases: sinc, replacement of nan, and functions that call other functions."""

import numpy as np

from ..cases import named, with_

A, B, V, S = (2, 3, 4), (3, 4), (6,), ()
BAD = np.array([[0.0, np.nan, 0, np.inf], [0, -np.inf, 0, 0], [np.nan, 0, 0, 0]])

CASES = with_(
    [
        named("sinc", np.sinc, B, smooth=True),
        named("angle", lambda x: np.angle(x), B),
        named("angle deg", lambda x: np.angle(x, deg=True), B),
        named("angle of complex", lambda x, y: np.angle(x + 1j * y, True), B, B, kinds="f"),
        named("real_if_close", np.real_if_close, B),
        named("real_if_close real", lambda x: np.real_if_close(x + 0j), B, kinds="f"),
        named("nan_to_num", np.nan_to_num, B),
        named("nan_to_num of some", lambda x: np.nan_to_num(np.where(BAD == 0, x, BAD), nan=2.0, posinf=3.0, neginf=-1), B, kinds="f"),
        named("nan_to_num copy", lambda x: np.nan_to_num(+x, copy=False), B),
        named("piecewise", lambda x: np.piecewise(x, [x < -1, x > 0.5], [lambda v: v * v, 3.0, lambda v: -v]), B, kinds="f"),
        named("piecewise without a default", lambda x: np.piecewise(x, [x < -1, x > 0.5], [np.sin, np.cos]), B, kinds="f"),
        named("piecewise arguments",
              lambda x: np.piecewise(x, [x > 0], [lambda v, k, p: k * v**p, lambda v, k, p: k + v], 2.0, p=3), V, kinds="f"),
        named("piecewise one condition", lambda x: np.piecewise(x, x > 0, [1.0, lambda v: v]), V, kinds="f"),
        *[named(f"apply_along_axis {axis}", lambda x, axis=axis: np.apply_along_axis(lambda v, k: v[:2] * v[1] + k, axis, x, 2), A)
          for axis in (0, 1, -1)],
        named("apply_along_axis to a number", lambda x: np.apply_along_axis(np.prod, 1, x), A),
        named("apply_along_axis to a matrix", lambda x: np.apply_along_axis(np.diag, 1, x), B),
        *[named(f"apply_over_axes {axes}", lambda x, axes=axes: np.apply_over_axes(np.sum, x, axes), A) for axes in (0, [0, -1], (1, 2))],
    ],
    ulps=16,
)  # fmt: skip
