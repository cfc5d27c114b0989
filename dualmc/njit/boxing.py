"""
How numbers with derivatives leave compiled functions, and enter them: single ones as bytes objects, which hold them as they lie in memory.

Arrays of them are structured arrays for NumPy. Numba looks the dtype up in a table of its own types when it returns an array.
"""

from typing import Any

from numba.core import boxing, cgutils, types
from numba.core.pythonapi import _boxers
from numba.extending import NativeValue

from .extending import box, unbox
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


_others = boxing.box_array


def _array_leaving(array: Any, value: Any, c: Any) -> Any:
    """Return a structured array of numbers with derivatives, and any other array as Numba does."""
    if not isinstance(array.dtype, Carrier):
        return _others(array, value, c)
    dtype = c.env_manager.read_const(c.env_manager.add_const(array.dtype.memory))
    result = c.pyapi.nrt_adapt_ndarray_to_python(array, value, dtype)
    c.context.nrt.decref(c.builder, array, value)
    return result


_boxers.functions[types.Array] = _array_leaving
