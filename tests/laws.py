"""What tests ask of a Dual beside its derivative: its parts, and the very bits that NumPy gives."""

from collections.abc import Sequence
from typing import Any

import numpy as np

import dualmc as dm
from dualmc.arrays.creation import carries


def buffer_like(xs: Sequence[Any]) -> Any:
    """Return zeros of the shape of the first array that can hold what is computed from all of them."""
    carrier = next(filter(carries, xs), xs[0])
    return np.zeros(np.shape(xs[0]), np.result_type(*xs), like=carrier if carries(carrier) else None)


def value_and_tangent(result: Any) -> tuple[Any, Any]:
    """Return the parts of a result; the tangent of a plain one is zero."""
    return (result.primal, result.tangent) if type(result) is dm.Dual else (result, np.zeros(np.shape(result)))


def same(a: Any, b: Any) -> None:
    """Check that two arrays agree in dtype, shape and every bit, up to the sign of nan."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.dtype == b.dtype
    assert a.shape == b.shape
    assert np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    if a.dtype.kind == "f":
        assert np.array_equal(np.signbit(a) | np.isnan(a), np.signbit(b) | np.isnan(b))


def agrees(value: Any, expected: Any, ulps: int) -> None:
    """Check a value against NumPy's: bit for bit, or within some units in the last place of its largest entry."""
    if not ulps:
        same(value, expected)
        return
    value, expected = np.asarray(value), np.asarray(expected)
    assert value.dtype == expected.dtype
    assert value.shape == expected.shape
    if value.size and value.dtype.kind in "fc":
        missing = np.isnan(expected)
        assert np.array_equal(np.isnan(value), missing)
        size = np.max(np.abs(expected), where=~missing, initial=1.0)
        assert np.all(np.abs(value - expected)[~missing] <= ulps * np.finfo(value.dtype).eps * size)
    else:
        assert np.array_equal(value, expected)
