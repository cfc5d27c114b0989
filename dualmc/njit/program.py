"""A compiled function on numbers with derivatives: arguments packed into arrays of them, results taken apart again."""

import functools
import itertools
import math
import weakref
from collections.abc import Sequence
from typing import Any, NamedTuple

import numba
import numpy as np
from numba.core import types
from numba.core.errors import NumbaError

from .._typing import Array
from ..trees import Structure, flatten
from . import errors, retyping, ways
from .types import LINE, Axes, Carrier, nested

NOT_TAKEN = ("parallel", "cache", "nopython")
"""Options that a second dispatcher for the same Python function goes without."""


WIDTH = 8
"""Directions that one run carries."""

SECOND_WIDTH = 4, 8
"""The same for pairs of directions (bench/bench_njit.py)."""


def width(n: int, most: int) -> int:
    """Return the power of two that holds n directions, at most so many."""
    return min(most, 1 << max(0, n - 1).bit_length())


class Leaf(NamedTuple):
    """A number or array with its derivatives: blocks have their directions in front; None is zero."""

    value: Array
    blocks: tuple[Any, ...]


# Arguments. ----------------------------------------------------------------------------------------------------------


def carrier_of(value: Array, sizes: Axes) -> Carrier:
    """Return the type of the numbers in an argument: as wide as its own, and in the order of bytes of the machine."""
    return _carrier_of(value.dtype, sizes)


@functools.cache
def _carrier_of(dtype: np.dtype[Any], sizes: Axes) -> Carrier:
    carrier = nested(numba.from_dtype(dtype.newbyteorder("=")), sizes)
    ways.know(carrier)
    return carrier


class Packed:
    """An argument as compiled code takes it, and what it was before the call, which may write to it."""

    def __init__(self, leaf: Leaf, carrier: Carrier) -> None:
        value, self.carrier = leaf.value, carrier
        shape = np.shape(value)
        self.words = _zeros((*shape, carrier.words), carrier.memory["words"].base)
        self.words[..., 0] = value
        for part, block in zip(parts_of(self.words, carrier), leaf.blocks, strict=True):
            if block is not None:
                part[tuple([slice(n) for n in block.shape[: part.ndim - len(shape)]])] = block
        self.is_number = not isinstance(value, np.ndarray) or not shape
        self.before = None if self.is_number else self.words.tobytes()

    @property
    def argument(self) -> Any:
        """What is passed: bytes for a number, a structured array for an array."""
        return self.words.tobytes() if self.is_number else self.words.view(self.carrier.memory)[..., 0]

    @property
    def type(self) -> Any:
        """The type of the argument for Numba."""
        return self.carrier if self.is_number else types.Array(self.carrier, self.words.ndim - 1, "C")

    def written(self) -> bool:
        """Whether the call has changed it."""
        return self.before is not None and self.words.tobytes() != self.before

    def leaf(self) -> Leaf:
        """Return value and blocks as they are now."""
        return unpacked(self.words, self.carrier)


def _zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Return an array that starts with a line of the cache, as arrays of compiled code do."""
    size = math.prod(shape) * dtype.itemsize
    memory = np.zeros(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + size].view(dtype).reshape(shape)


def parts_of(words: Array, carrier: Carrier) -> list[Array]:
    """Return the blocks of numbers that lie in memory one after the other, as views with directions in front."""
    found, nd = [], words.ndim - 1
    for axes, at in itertools.islice(carrier.places(), 1, None):
        sizes = [carrier.all_sizes[i] for i in axes]
        part = words[..., at : at + math.prod(sizes)]
        if len(axes) > 1:
            part = part.reshape((*part.shape[:-1], *sizes))  # a view: the axis is split
        found.append(part.transpose(*range(nd, part.ndim), *range(nd)))
    return found


def unpacked(words: Array, carrier: Carrier) -> Leaf:
    """Return value and blocks of numbers that lie in memory one after the other."""
    return Leaf(words[..., 0], tuple(parts_of(words, carrier)))


def type_of(argument: Any) -> Any:
    """Return the type of an argument in which numbers with derivatives are `Packed`."""
    if isinstance(argument, Packed):
        return argument.type
    if isinstance(argument, tuple):
        return types.BaseTuple.from_types([type_of(a) for a in argument], type(argument))
    if isinstance(argument, list) and any(isinstance(a, Packed) for a in argument):
        raise TypeError("a list argument with derivatives: pass an array or a tuple to the compiled function")
    return numba.typeof(argument)


def _passed(argument: Any) -> Any:
    if isinstance(argument, Packed):
        return argument.argument
    if isinstance(argument, tuple):
        parts = [_passed(a) for a in argument]
        return type(argument)(*parts) if hasattr(argument, "_fields") else tuple(parts)
    return argument


# Calls. --------------------------------------------------------------------------------------------------------------

_AGAIN: "weakref.WeakKeyDictionary[Any, Any]" = weakref.WeakKeyDictionary()


def compilable(dispatcher: Any) -> Any:
    """Return the dispatcher, or another one for its function where it compiles for declared types only, or in parallel."""
    if dispatcher._can_compile and not dispatcher.targetoptions.get("parallel"):  # noqa: SLF001
        return dispatcher
    again = _AGAIN.get(dispatcher)
    if again is None:
        options = {k: v for k, v in dispatcher.targetoptions.items() if k not in NOT_TAKEN}
        again = _AGAIN[dispatcher] = numba.njit(**options)(dispatcher.py_func)
    return again


def compiled(dispatcher: Any, argument_types: tuple[Any, ...]) -> Any:
    """Return the function that takes arguments of these types, compiled or from the dispatcher's cache."""
    target = compilable(dispatcher)
    try:
        return retyping.compiled(target, argument_types)
    except (NumbaError, errors.Refusal, NotImplementedError) as error:
        raise errors.refusal(dispatcher, error) from None


_KEPT = "_dualmc_entries"
"""The attribute of a dispatcher that keeps what it was compiled to."""


def _kind(x: Any) -> Any:
    """Return what the type of an argument depends on."""
    t = type(x)
    if t is Packed:
        return x.carrier, x.words.ndim, x.is_number
    if t is np.ndarray:
        return x.dtype, x.ndim, x.flags.c_contiguous, x.flags.f_contiguous, x.flags.writeable
    if isinstance(x, tuple):
        return t, *map(_kind, x)
    return t if t in _PLAIN else type_of(x)


_PLAIN = frozenset((int, float, bool, complex, type(None)))


def _prepared(dispatcher: Any, args: Sequence[Any]) -> tuple[Any, list[Any]]:
    """Return the compiled function for arguments of these kinds, and what the leaves of its result are."""
    argument_types = tuple(map(type_of, args))
    entry = compiled(dispatcher, argument_types)
    return entry, _carriers(compilable(dispatcher).overloads[argument_types].signature.return_type, dispatcher)


def run(dispatcher: Any, args: Sequence[Any]) -> tuple[list[Any], Structure]:
    """Return the results of a call, whose numbers with derivatives are `Packed`; as leaves: plain ones as they are, the others a `Leaf`."""
    kept = dispatcher.__dict__.setdefault(_KEPT, {})
    key = tuple(map(_kind, args))
    found = kept.get(key)
    if found is None:
        found = kept[key] = _prepared(dispatcher, args)
    entry, carriers = found
    leaves, structure = flatten(entry(*map(_passed, args)))
    return [_result(x, c) for x, c in zip(leaves, carriers, strict=True)], structure


_UNTAKEN = {"list": (types.List, types.ListType), "dict": (types.DictType,), "generator": (types.Generator,)}
"""Results that are refused, by what they are called."""


def _carriers(t: Any, dispatcher: Any) -> list[Any]:
    """Return for each leaf of a result of type t what its numbers are; None for plain ones."""
    if isinstance(t, types.BaseTuple):
        return [c for part in t for c in _carriers(part, dispatcher)]
    if isinstance(t, types.Optional):
        return _carriers(t.type, dispatcher)
    kind = next((name for name, kinds in _UNTAKEN.items() if isinstance(t, kinds)), None)
    if kind is not None:
        raise TypeError(f"{dispatcher.__name__} returns a {kind}, which is not taken apart for derivatives; return an array or a tuple")
    n = t.dtype if isinstance(t, types.Array) else t
    return [n if isinstance(n, Carrier) else None]


def _result(x: Any, carrier: Any) -> Any:
    if carrier is None or x is None:
        return x
    real = carrier.memory["words"].base
    if isinstance(x, bytes):
        return unpacked(np.frombuffer(x, real), carrier)
    return unpacked(x["words"], carrier)
