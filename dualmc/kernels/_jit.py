"""Options of everything that Numba compiles, stated once, and what the host can do."""

import inspect
import platform
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar, cast

import llvmlite.binding
import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, config, types
from numba.extending import intrinsic as numba_intrinsic
from numba.extending import overload as numba_overload

Real: TypeAlias = Any  # a scalar inside compiled code: float64, unless a function says otherwise
F = TypeVar("F", bound=Callable[..., Any])


def has_fma() -> bool:
    """Whether the code that Numba generates may multiply and add in one instruction."""
    if platform.machine().lower() in {"aarch64", "arm64"}:
        return True
    if config.CPU_FEATURES is not None:
        return "+fma" in config.CPU_FEATURES.split(",")
    return bool(llvmlite.binding.get_host_cpu_features().get("fma", False))


FMA = has_fma()


def kernel(function: F) -> F:
    """Compile a loop over arrays; a module-level function, so that the compiled code is kept on disk."""
    return cast("F", numba.njit(cache=True, error_model="numpy", nogil=True)(function))


def short(function: F) -> F:
    """Compile a loop over so few numbers that releasing the lock of the interpreter would take longer than it is worth."""
    return cast("F", numba.njit(cache=True, error_model="numpy")(function))


def only(compiled: F, char: str, axes: Sequence[int]) -> F:
    """Compile a kernel for arrays of one dtype with so many axes each, contiguous and writable, and for nothing else."""
    dispatcher, number = cast("Any", compiled), numba.from_dtype(np.dtype(char))
    dispatcher.compile(tuple([types.Array(number, n, "C") for n in axes]))
    dispatcher.disable_compile()
    return compiled


def elementwise(function: Callable[..., Any], char: str) -> Any:
    """Compile a function of numbers of one dtype as a ufunc, in the form that Numba gives it; NumPy's own is its attribute `ufunc`."""
    number = numba.from_dtype(np.dtype(char))
    signature = number(*[number] * len(inspect.signature(function).parameters))
    return numba.vectorize([signature], cache=True)(function)


def reassociating(function: F) -> F:
    """Compile a function of arrays whose additions may be taken in any order, so that a sum can be vectorised."""
    return cast("F", numba.njit(error_model="numpy", fastmath={"reassoc", "nsz"})(function))


def device(function: F) -> F:
    """Compile a scalar function that is inlined wherever it is called, so that the caller's loop can be vectorised."""
    return cast("F", numba.njit(error_model="numpy", forceinline=True, no_cfunc_wrapper=True)(function))


def intrinsic(function: Callable[..., Any]) -> Callable[..., Any]:
    """Declare an operation that Numba has no name for; the function returns its signature and what emits its code."""
    return cast("Callable[..., Any]", numba_intrinsic(function))


def overload(stub: Callable[..., Any]) -> Callable[[F], F]:
    """Declare what a function without a body is inside compiled code: what the decorated one returns for given types."""
    return cast("Callable[[F], F]", numba_overload(stub, prefer_literal=True))


def branch_free(libm: Callable[..., Any]) -> Callable[[F], F]:
    """
    Make a function of float64 scalars one of float64 and float32, whose result is rounded to the type of the arguments.

    On a host without FMA the polynomials would be slow and wrong: there it is libm, a ufunc or a Python function, instead.
    """

    def decorate(function: F) -> F:
        body = device(function if FMA else libm if inspect.isfunction(libm) else _calling(libm, function))
        if len(inspect.signature(function).parameters) == 1:
            return device(cast("F", lambda x: _narrow(body(_wide(x)), (x,))))
        return device(cast("F", lambda x, y: _narrow(body(_wide(x), _wide(y)), (x, y))))

    return decorate


def _calling(ufunc: Callable[..., Any], like: Callable[..., Any]) -> Callable[..., Any]:
    """Return a Python function that calls ufunc: Numba compiles no other."""
    if len(inspect.signature(like).parameters) == 1:
        return lambda x: ufunc(x)  # noqa: PLW0108
    return lambda x, y: ufunc(x, y)  # noqa: PLW0108


@intrinsic
def _wide(context: Any, x: Any) -> Any:
    """Cast to float64."""
    return types.float64(types.float64), lambda context, builder, signature, arguments: arguments[0]


@intrinsic
def _narrow(context: Any, x: Any, like: Any) -> Any:
    """Round to float32 if all of like, a tuple, are float32."""
    if not all(t == types.float32 for t in like):
        return types.float64(types.float64, like), lambda context, builder, signature, arguments: arguments[0]

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fptrunc(arguments[0], ir.FloatType())

    return types.float32(types.float64, like), emit


AHEAD = 8192
"""Bytes ahead of what is read that are asked for; processors look ahead less far where a sum has to keep its order (bench, sum k=8)."""


def ask_ahead(builder: Any, place: Any) -> None:
    """Emit a hint to fetch what lies AHEAD of a place in memory; beyond the end of an array it does nothing."""
    byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
    hint = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.VoidType(), [byte, *[number] * 3]), "llvm.prefetch.p0")
    far = builder.gep(builder.bitcast(place, byte), [ir.IntType(64)(AHEAD)])
    builder.call(hint, [far, number(0), number(3), number(1)])
