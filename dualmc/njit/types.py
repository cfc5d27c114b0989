"""
Numba's view of dual numbers: a value and blocks of derivatives, which arrays, tuples and lists can hold.

In memory a number is its value and its blocks one after the other, without gaps: 1 + N words for N directions. In a
register a block is one LLVM vector, so that a derivative step is one instruction for all directions.
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

    @property
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
    def words(self) -> int:
        """How many numbers it consists of."""
        inner = self.base.words if isinstance(self.base, Carrier) else 1
        return inner * (1 + sum(map(self.size, self.blocks())))

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
        words = self.base.words if isinstance(self.base, Carrier) else 1
        before = len(self.all_sizes) - len(self.sizes)
        at = 0
        for own in [(), *self.blocks()]:
            yield from ((axes + tuple(before + a for a in own), at + start) for axes, start in inner)
            at += words * self.size(own)

    @property
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

    def get_data_type(self) -> Any:
        """Return the type in memory: packed, for a vector would be aligned to its own size."""
        return ir.LiteralStructType([m.get_data_type() for m in self._models], packed=True)

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
