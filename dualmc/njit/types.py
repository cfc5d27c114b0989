"""
Numba's view of dual numbers: a value and blocks of derivatives, which arrays, tuples and lists can hold.

In memory a number is its value and its blocks one after the other, each at a multiple of its own size, at most of a line of
the cache: no block lies across two lines more than it must. In a register a block is one LLVM vector, so that a derivative
step is one instruction for all directions.
"""

import itertools
import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.core.datamodel import models
from numba.core.typeconv import Conversion
from numba.extending import register_model
from numba.np import numpy_support

from .extending import DIGEST, lower_cast

Axes = tuple[int, ...]
"""Which sets of directions a block has an axis for."""

PLAIN = (types.Integer, types.Float, types.Boolean)
"""Types of numbers without derivatives."""


LINE = 64
"""Bytes of a line of the cache. An access to two lines takes three times as long (bench/bench_njit.py: solver)."""


class Block(types.Type):  # type: ignore[misc]
    """A vector of derivatives."""

    def __init__(self, base: types.Float, size: int) -> None:
        self.base, self.size = base, size
        super().__init__(name=f"Block({base}, {size})")

    @property
    def key(self) -> Any:
        """What tells types apart."""
        return self.base, self.size


class Carrier(types.Type):  # type: ignore[misc]
    """
    A number with derivatives: to first order for one set of directions, to second order for two, in pairs.

    `base` is the type of the value: float64 or float32, or a Carrier, by which derivatives nest: those of a nested one are for
    one direction. `sizes` has the number of directions in each set.
    """

    def __init__(self, base: Any, sizes: Axes) -> None:
        self.base, self.sizes, self.code = base, tuple(sizes), DIGEST
        super().__init__(name=f"{'Dual' if len(sizes) == 1 else 'HyperDual'}({base}, {', '.join(map(str, sizes))})")

    @cached_property
    def key(self) -> Any:
        """What tells types apart."""
        return self.base, self.sizes, self.code

    @property
    def is_internal(self) -> bool:
        """Whether expressions of whole arrays of them may become one loop, as those of Numba's own numbers do."""
        return True

    @property
    def real(self) -> types.Float:
        """The type of the innermost value."""
        return self.base.real if isinstance(self.base, Carrier) else self.base

    def of(self, real: Any) -> "Carrier":
        """Return the same type with another innermost value."""
        return Carrier(self.base.of(real) if isinstance(self.base, Carrier) else real, self.sizes)

    def blocks(self) -> Iterator[Axes]:
        """Return the axes of each block, in the order of memory."""
        axes = range(len(self.sizes))
        return itertools.chain.from_iterable(itertools.combinations(axes, k) for k in range(1, len(axes) + 1))

    def size(self, axes: Axes) -> int:
        """Return how many numbers a block has."""
        return math.prod(self.sizes[i] for i in axes)

    def block(self, axes: Axes) -> Any:
        """Return the type of a block: the base itself for one direction."""
        return self.base if self.size(axes) == 1 else Block(self.base, self.size(axes))

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Where each block starts in memory, and where the next number does, in words: numbers of type `real`."""
        inner, found = (self.base.words if isinstance(self.base, Carrier) else 1), []
        at = inner
        for axes in self.blocks():
            found.append(_up(at, self._alignment(axes)))
            at = found[-1] + inner * self.size(axes)
        return *found, _up(at, max(map(self._alignment, self.blocks())))

    def _alignment(self, axes: Axes) -> int:
        """Return of how many words a block starts at a multiple."""
        return 1 if isinstance(self.base, Carrier) else min(self.size(axes), LINE * 8 // self.base.bitwidth)

    @cached_property
    def all_sizes(self) -> Axes:
        """The numbers of directions of all sets, those of the base first."""
        return (self.base.all_sizes if isinstance(self.base, Carrier) else ()) + self.sizes

    @cached_property
    def parts(self) -> tuple[Axes, ...]:
        """The axes of each part beside the value, in the order of memory."""
        return tuple(axes for axes, _ in self.places())[1:]

    def places(self) -> Iterator[tuple[Axes, int]]:
        """Yield the axes of each part and the word where it starts; the value, which is the first one, has none."""
        inner = list(self.base.places()) if isinstance(self.base, Carrier) else [((), 0)]
        before = len(self.all_sizes) - len(self.sizes)
        for own, at in zip([(), *self.blocks()], [0, *self.starts[:-1]], strict=True):
            yield from ((axes + tuple(before + a for a in own), at + start) for axes, start in inner)

    @property
    def words(self) -> int:
        """How many words it takes in memory."""
        return self.starts[-1]

    @cached_property
    def memory(self) -> np.dtype[Any]:
        """The dtype of an array of them for NumPy."""
        return np.dtype([("words", numpy_support.as_dtype(self.real), (self.words,))])

    def unify(self, context: Any, other: Any) -> Any:
        """Return the type of a variable that holds either."""
        if isinstance(other, PLAIN):
            real = context.unify_types(self.real, types.unliteral(other))
            return self.of(real) if isinstance(real, types.Float) else None
        if isinstance(other, Carrier) and self.of(types.float64) == other.of(types.float64):
            return self.of(context.unify_types(self.real, other.real))
        return None

    def can_convert_from(self, context: Any, other: Any) -> Any:
        """Say how well a number converts to this type: one without derivatives is a constant."""
        if isinstance(other, PLAIN):
            return Conversion.safe
        if isinstance(other, Carrier) and self.of(types.float64) == other.of(types.float64):
            return Conversion.promote if self.real.bitwidth > other.real.bitwidth else Conversion.unsafe
        return None


def _up(n: int, step: int) -> int:
    """Return the next multiple."""
    return -(-n // step) * step


def nested(real: Any, sizes: Axes) -> Carrier:
    """Return the type of numbers with so many sets of directions; from the third on, a set has one."""
    carrier = Carrier(real, sizes[:2])
    for _ in sizes[2:]:
        carrier = Carrier(carrier, (1,))
    return carrier


def number(t: Any) -> Any:
    """Return the type of what an array holds, or of a number itself."""
    return t.dtype if isinstance(t, types.Array) else t


def carries(t: Any) -> bool:
    """Whether a value of this type holds derivatives somewhere in it."""
    if isinstance(t, (types.Array, types.UniTuple, types.List, types.ListType)):
        return carries(t.dtype)
    if isinstance(t, types.BaseTuple):
        return any(map(carries, t))
    return isinstance(t, Carrier)


# Representation. -----------------------------------------------------------------------------------------------------


@register_model(Block)
class _BlockModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, block: Block) -> None:
        super().__init__(manager, block, ir.VectorType(manager.lookup(block.base).get_value_type(), block.size))


def field(axes: Axes) -> str:
    """Return the name of a block in the structure: e0, e1, e01."""
    return "e" + "".join(map(str, axes))


@register_model(Carrier)
class _CarrierModel(models.StructModel):  # type: ignore[misc]
    def __init__(self, manager: Any, carrier: Carrier) -> None:
        super().__init__(manager, carrier, [("value", carrier.base)] + [(field(b), carrier.block(b)) for b in carrier.blocks()])

        inner = carrier.base.words if isinstance(carrier.base, Carrier) else 1
        word = manager.lookup(carrier.real).get_data_type()
        parts, self._places, at = [], [], 0
        for model, size, start in zip(self._models, [1, *map(carrier.size, carrier.blocks())], [0, *carrier.starts[:-1]], strict=True):
            parts += [ir.ArrayType(word, start - at)] * (start > at)
            self._places.append(len(parts))
            parts.append(model.get_data_type())
            at = start + inner * size
        parts += [ir.ArrayType(word, carrier.words - at)] * (carrier.words > at)
        self._data_type = ir.LiteralStructType(parts, packed=True)

    def as_data(self, builder: Any, value: Any) -> Any:
        """Return the number as it lies in memory: packed, with gaps of their own, which are left as they are."""
        data = ir.Constant(self._data_type, ir.Undefined)
        for place, part in zip(self._places, self._as("as_data", builder, value), strict=True):
            data = builder.insert_value(data, part, place)
        return data

    def from_data(self, builder: Any, data: Any) -> Any:
        """Return the number from what lies in memory."""
        return self._from("from_data", builder, [builder.extract_value(data, place) for place in self._places])

    as_return, from_return = as_data, from_data

    def load_from_data_pointer(self, builder: Any, pointer: Any, align: Any = None) -> Any:
        """Load all parts at once."""
        return self.from_data(builder, builder.load(pointer, align=align))


# Conversion. ---------------------------------------------------------------------------------------------------------


def zero(context: Any, t: Any) -> Any:
    """Return 0 of a number or block."""
    return ir.Constant(context.get_value_type(t), None)


@lower_cast(types.Integer, Carrier)
@lower_cast(types.Float, Carrier)
@lower_cast(types.Boolean, Carrier)
@lower_cast(types.IntegerLiteral, Carrier)
@lower_cast(types.BooleanLiteral, Carrier)
def _constant(context: Any, builder: Any, source: Any, target: Any, value: Any) -> Any:
    """Return a number whose derivatives are zero."""
    inner = context.cast(builder, value, types.unliteral(source), target.base)
    return builder.insert_value(zero(context, target), inner, 0)


@lower_cast(Carrier, Carrier)
def _rounded(context: Any, builder: Any, source: Any, target: Any, value: Any) -> Any:
    """Return the same number in another precision."""
    result = zero(context, target)
    types_ = [(source.base, target.base)] + [(source.block(b), target.block(b)) for b in source.blocks()]
    for i, (a, b) in enumerate(types_):
        part = builder.extract_value(value, i)
        if isinstance(a, Block):
            convert = builder.fpext if target.real.bitwidth > source.real.bitwidth else builder.fptrunc
            part = part if a == b else convert(part, context.get_value_type(b))
        else:
            part = context.cast(builder, part, a, b)
        result = builder.insert_value(result, part, i)
    return result
