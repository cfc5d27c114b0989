"""The same values in every memory layout that NumPy has."""

import numpy as np

from .._typing import Array

NAMES = ("C", "F", "strided", "reversed", "read-only")


def placed(x: Array, layout: str) -> Array:
    """Return an array with the values of x in a memory layout: "C", "F", "strided", "reversed" or "read-only"."""
    x = np.array(x)
    if layout == "F":
        return np.asfortranarray(x) if x.ndim else x
    if layout == "reversed":
        return np.flip(np.flip(x).copy())
    if layout == "strided":
        wide = np.zeros((*x.shape, 2), x.dtype)
        wide[..., 0] = x
        return wide[..., 0]
    if layout == "read-only":
        x.flags.writeable = False
    return x


def layouts(x: Array) -> list[Array]:
    """Return the values of x in every layout."""
    return [placed(x, name) for name in NAMES]
