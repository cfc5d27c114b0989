"""The names that annotations use."""

from collections.abc import Callable
from typing import Any, TypeAlias

Array: TypeAlias = Any
"""An ndarray, a NumPy scalar, a Dual of a lower level, or another array that speaks the NumPy protocols."""

Tangent: TypeAlias = Any
"""What a tangent space carries: a raw array in the dense space, a handle elsewhere."""

Tree: TypeAlias = Any
"""An array, or nested tuples, lists, dicts and named tuples of arrays."""

Shape: TypeAlias = tuple[int, ...]
Function: TypeAlias = Callable[..., Any]
