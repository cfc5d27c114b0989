"""The protocols of an array that carries tangents: NumPy's, with keywords of ufuncs, their methods, `out=` and `like=`; and Numba's."""

import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._typing import Array
from ..errors import lost
from ..rules.composed import merged_axes
from ..rules.linear import scatter
from ..rules.reductions import ACCUMULATIONS, REDUCTIONS
from ..rules.registry import RULES, missing
from ..rules.selection import base
from .creation import CREATION, as_array, carries, copy_into


@functools.cache
def _numba_type() -> Any:
    return importlib.import_module("dualmc.njit").ACTIVE


class NumPyProtocol:
    """`__array_ufunc__` and `__array_function__` over one method, `_evaluate(rule, args, kwargs)`."""

    __slots__ = ()

    @staticmethod
    def _evaluate(rule: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        raise NotImplementedError

    @property
    def _numba_type_(self) -> Any:
        """What Numba asks for when a function that it compiled is called with this array."""
        return _numba_type()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None)
        result = _METHODS[method](self._evaluate, ufunc, *inputs, out=out, **kwargs)
        return result if out is None else _stored(ufunc, result, out)

    def __array_function__(self, func: Any, types: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        make = CREATION.get(func)
        if make is not None:
            return make(self, *args, **kwargs)
        rule = RULES.get(func) or missing(func)
        out = kwargs.pop("out", None) if kwargs else None
        if not args:
            args = (kwargs.pop(_first_parameter(func)),)
        at = out_position(func)
        if len(args) > at:
            out, rest = args[at], args[at + 1 :]
            args = (*args[:at], None, *rest) if rest else args[:at]
        result = self._evaluate(rule, args, kwargs)
        return result if out is None else _stored(func, result, (out,))


@functools.cache
def _first_parameter(func: Any) -> str:
    return next(iter(inspect.signature(func).parameters))


@functools.cache
def out_position(func: Any) -> int:
    """Return where out= may be given by place; beyond all arguments if it may not."""
    try:
        parameters = list(inspect.signature(func).parameters.values())
    except ValueError:
        return sys.maxsize
    places = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return places.index("out") if "out" in places else sys.maxsize


def _stored(func: Any, result: Any, out: Sequence[Any]) -> Any:
    """Write results into the arrays given as out=; only one that carries a tangent can take one."""
    results = result if isinstance(result, tuple) else (result,)
    for r, target in zip(results, out, strict=True):
        if target is not None:
            copy_into(target, r, f"np.{func.__name__} with out=")
    given = tuple(r if t is None else t for r, t in zip(results, out, strict=True))
    return given if isinstance(result, tuple) else given[0]


# Ufunc methods. ----------------------------------------------------------------------------------------------

Evaluate = Callable[[Any, Sequence[Any], dict[str, Any]], Any]


def _call(
    evaluate: Evaluate, ufunc: Any, *inputs: Any, out: Any = None, where: Any = True, dtype: Any = None,
    casting: str = "same_kind", order: Any = "K", subok: bool = True, **axes: Any,
) -> Any:  # fmt: skip
    """Return ufunc(*inputs) with its keywords; order and subok say nothing about values."""
    if dtype is not None:
        inputs = tuple(_as_dtype(ufunc, x, dtype, casting) for x in inputs)
    if not any(map(carries, inputs)):
        return ufunc(*inputs, **axes) if where is True else _kept(ufunc(*inputs), where, out)
    if ufunc.signature is not None and axes:
        return _with_axes(ufunc, inputs, **axes)
    rule = RULES.get(ufunc) or missing(ufunc)
    if where is True:
        return evaluate(rule, inputs, axes)
    with np.errstate(all="ignore"):  # entries that where= leaves out may be outside the domain
        return _kept(evaluate(rule, inputs, axes), where, out)


def _kept(result: Any, where: Any, out: Any) -> Any:
    """Return result where the mask is True, else what out= holds; without out= NumPy leaves those entries undefined."""
    if isinstance(result, tuple):
        return tuple(_kept(r, where, None if out is None else out[i : i + 1]) for i, r in enumerate(result))
    if out is None or out[0] is None:
        return np.where(where, result, np.zeros(np.shape(result), result.dtype))
    return np.where(where, result, out[0])


def _as_dtype(ufunc: Any, x: Any, dtype: Any, casting: str) -> Any:
    if not hasattr(x, "dtype"):
        return x
    if not np.can_cast(x.dtype, dtype, casting):  # type: ignore[arg-type]
        raise TypeError(f"np.{ufunc.__name__}: cannot cast from {x.dtype} to dtype={np.dtype(dtype)} with casting={casting!r}")
    return x.astype(dtype)


def _with_axes(ufunc: Any, inputs: Sequence[Any], axes: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Move the core axes of a generalised ufunc to the end, call it, and move the result's back."""
    parts = [p.strip("()") for p in ufunc.signature.replace("->", "),(").replace("),(", ");(").split(";")]
    core = [[k for k in p.strip("()").split(",") if k] for p in parts]
    if axis is not None:
        axes = [(axis,)] * (len(core) - 1) + [(axis,) if keepdims else ()]
    axes = [(a,) if isinstance(a, int) else tuple(a) for a in axes or [tuple(range(-len(c), 0)) for c in core[:-1]]]
    moved = [np.moveaxis(x, a, range(-len(a), 0)) if a else x for x, a in zip(inputs, axes, strict=False)]
    result = ufunc(*moved)
    if keepdims:
        result = result[..., None]
        target = axes[-1] if len(axes) == len(core) and axes[-1] else axes[0]
        return np.moveaxis(result, -1, target[0])
    if len(axes) == len(core) and axes[-1]:
        return np.moveaxis(result, range(-len(axes[-1]), 0), axes[-1])
    return result


def _reduce(
    evaluate: Evaluate, ufunc: Any, array: Array, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> Any:  # fmt: skip
    """Return ufunc.reduce: by a function of the table, else by folding along the axis."""
    known = REDUCTIONS.get(ufunc)
    if known is not None:
        given = {"dtype": dtype, "initial": initial, "where": None if where is True else where}
        return known(array, axis=axis, keepdims=keepdims, **{k: v for k, v in given.items() if v is not None})
    array = array if dtype is None else array.astype(dtype)
    flat, kept = merged_axes(array, axis)
    masks = None if where is True else merged_axes(np.broadcast_to(base(where), array.shape), axis)[0]
    entries = [flat[..., i] for i in range(flat.shape[-1])]
    if initial is None and ufunc.identity is None and masks is not None:
        raise ValueError(f"np.{ufunc.__name__}.reduce: where= needs initial=, the ufunc has no identity to start from")
    initial = ufunc.identity if initial is None else initial
    if initial is None and not entries:
        raise ValueError(f"np.{ufunc.__name__}.reduce: zero-size array to reduction without identity")
    result: Any = None if initial is None else np.full(flat.shape[:-1], initial, flat.dtype, like=flat)
    for i, entry in enumerate(entries):
        new = entry if result is None else ufunc(result, entry)
        result = new if masks is None else np.where(masks[..., i], new, result)
    return np.reshape(result, kept) if keepdims else result


def _accumulate(evaluate: Evaluate, ufunc: Any, array: Array, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
    """Return ufunc.accumulate."""
    known = ACCUMULATIONS.get(ufunc)
    if known is not None:
        return known(array, axis=axis, dtype=dtype)
    array = np.moveaxis(array if dtype is None else array.astype(dtype), axis, 0)
    results: list[Any] = []
    for entry in array:
        results.append(ufunc(results[-1], entry) if results else +entry)
    return np.moveaxis(np.stack(results), 0, axis) if results else np.copy(array)


def _reduceat(evaluate: Evaluate, ufunc: Any, array: Array, indices: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
    """Return ufunc.reduceat: one reduction for each pair of neighbouring indices."""
    array = np.moveaxis(array, axis, 0)
    starts = [int(i) for i in indices]
    stops = [*starts[1:], array.shape[0]]
    segments = [ufunc.reduce(array[a:b], axis=0, dtype=dtype) if a < b else array[a] for a, b in zip(starts, stops, strict=True)]
    return np.moveaxis(np.stack(segments), 0, axis)


def _outer(evaluate: Evaluate, ufunc: Any, a: Any, b: Any, out: Any = None, **kwargs: Any) -> Any:
    """Return ufunc of each entry of a with each of b."""
    return ufunc(np.reshape(a, np.shape(a) + (1,) * np.ndim(b)), b, **kwargs)


def _at(evaluate: Evaluate, ufunc: Any, a: Any, indices: Any, *operand: Any, out: Any = None) -> None:
    """
    Do ufunc.at: entries that are named several times are updated several times.

    Sums add up the operand per entry first; other ufuncs run in rounds, the k-th round taking the k-th mention.
    """
    if not carries(a):
        raise lost(f"np.{ufunc.__name__}.at into an array without tangents")
    numbers = np.arange(a.size).reshape(a.shape)[indices]
    places, inverse, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    flat = np.unravel_index(places, a.shape)
    inverse = inverse.reshape(numbers.shape)
    if not operand:
        for k in range(counts.max(initial=0)):
            chosen = tuple(i[counts > k] for i in flat)
            a[chosen] = ufunc(a[chosen])
        return
    b = np.broadcast_to(as_array(operand[0]), numbers.shape)
    if ufunc in (np.add, np.subtract):
        a[flat] = ufunc(a[flat], scatter(b, inverse, len(places)))
        return
    order = np.argsort(inverse, axis=None, kind="stable")
    start = np.cumsum(counts) - counts
    values = np.reshape(b, (-1,))[order]
    for k in range(counts.max(initial=0)):
        chosen = tuple(i[counts > k] for i in flat)
        a[chosen] = ufunc(a[chosen], values[(start + k)[counts > k]])


_METHODS: dict[str, Callable[..., Any]] = {
    "__call__": _call,
    "reduce": _reduce,
    "accumulate": _accumulate,
    "reduceat": _reduceat,
    "outer": _outer,
    "at": _at,
}
