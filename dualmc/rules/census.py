"""Functions of NumPy that dualmc has no say in, and why: with the rule table, every public callable is classified."""

from typing import Any

import numpy as np

from .joining import vstack
from .registry import register
from .rule import Composed, Constant, Refused

UNTOUCHED: dict[str, tuple[str, ...]] = {
    "takes no array": (
        "base_repr", "binary_repr", "broadcast_shapes", "format_float_positional", "format_float_scientific", "get_include",
        "get_printoptions", "getbufsize", "geterr", "geterrcall", "info", "isdtype", "issubdtype", "iterable", "mintypecode",
        "printoptions", "promote_types", "set_printoptions", "setbufsize", "seterr", "seterrcall", "show_config",
        "show_runtime", "test", "typename", "datetime_data", "nested_iters",
    ),
    "makes a plain array from numbers": (
        "bartlett", "blackman", "hamming", "hanning", "kaiser", "indices", "diag_indices", "tril_indices", "triu_indices",
        "mask_indices", "fftfreq", "rfftfreq",
    ),
    "reads a file or a buffer": (
        "from_dlpack", "frombuffer", "fromfile", "fromiter", "fromregex", "fromstring", "genfromtxt", "load", "loadtxt",
    ),
    "wraps a Python function, which then sees the Dual itself": ("frompyfunc",),
    "answers for any object": ("isscalar",),
    "is not offered to other arrays by NumPy and raises for a Dual; the message names what to use": (
        "asarray_chkfinite", "asmatrix", "bmat", "polynomial.polyadd", "polynomial.polycompanion", "polynomial.polyder",
        "polynomial.polydiv", "polynomial.polyfit", "polynomial.polyfromroots", "polynomial.polyint", "polynomial.polyline",
        "polynomial.polymul", "polynomial.polymulx", "polynomial.polypow", "polynomial.polyroots", "polynomial.polysub",
        "polynomial.polytrim", "polynomial.polyvalfromroots", "polynomial.polyvander", "polynomial.polyvander2d", "polynomial.polyvander3d",
    ),
    "is Python that runs on a Dual at which it evaluates; coefficients that are Duals raise (np.polyval takes them)": (
        "polynomial.polygrid2d", "polynomial.polygrid3d", "polynomial.polyval", "polynomial.polyval2d",
        "polynomial.polyval3d",
    ),
    "works on dates": ("busday_count", "busday_offset", "datetime_as_string", "is_busday"),
}  # fmt: skip

UNTOUCHED_METHODS: dict[str, tuple[str, ...]] = {
    "sees memory, which holds no tangent": (
        "base", "byteswap", "ctypes", "data", "dump", "dumps", "getfield", "setfield", "setflags", "resize",
        "__array_interface__", "__array_struct__", "__dlpack__", "__dlpack_device__", "device", "to_device",
    ),
    "is for integers": (
        "__and__", "__iand__", "__ilshift__", "__invert__", "__ior__", "__irshift__", "__ixor__", "__lshift__", "__or__",
        "__rand__", "__rlshift__", "__ror__", "__rrshift__", "__rshift__", "__rxor__", "__xor__",
    ),
    "belongs to the class ndarray": (
        "__array_finalize__", "__array_namespace__", "__array_wrap__", "__class_getitem__", "__delitem__", "__setstate__",
    ),
}  # fmt: skip


_func: Any
for _func in (np.isfortran, np.einsum_path, np.histogram_bin_edges, np.array_repr, np.array_str, np.array2string):
    register(Constant(_func))
for _func in (np.packbits, np.unpackbits, np.ravel_multi_index, np.unravel_index):
    register(Refused(_func, "it takes integers; use dm.primal(x).astype(int)"))
for _func in (np.require, np.asfortranarray):
    register(Refused(_func, "the memory layout follows the operations; use np.copy(x)"))
for _func in (np.roots, np.poly):
    register(Refused(_func, "roots of polynomials are not differentiated; use np.linalg.eigvals of the companion matrix"))
if (_func := getattr(np, "row_stack", None)) is not None:  # an old name of vstack, until NumPy drops it
    register(Composed(_func, vstack))
