"""How single numbers with derivatives enter and leave compiled functions: as bytes objects, which hold them as they lie in memory."""

from typing import Any

from numba.core import cgutils, types
from numba.extending import NativeValue, box, unbox

from .types import Carrier


@unbox(Carrier)
def _entering(carrier: Carrier, held: Any, c: Any) -> NativeValue:
    """Read a number from a bytes object."""
    model = c.context.data_model_manager[carrier]
    pointer = c.builder.bitcast(c.pyapi.bytes_as_string(held), model.get_data_type().as_pointer())
    return NativeValue(model.load_from_data_pointer(c.builder, pointer))


@box(Carrier)
def _leaving(carrier: Carrier, value: Any, c: Any) -> Any:
    """Return a bytes object with the number."""
    model = c.context.data_model_manager[carrier]
    pointer = cgutils.alloca_once_value(c.builder, model.as_data(c.builder, value))
    size = c.context.get_constant(types.intp, carrier.memory.itemsize)
    return c.pyapi.bytes_from_string_and_size(c.builder.bitcast(pointer, cgutils.voidptr_t), size)
