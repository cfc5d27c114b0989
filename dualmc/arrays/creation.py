"""Arrays made from arrays: `np.zeros_like(x)`, `np.zeros(n, like=x)`, `np.array([...], like=x)`, copies into others."""

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from .._typing import Array
from ..errors import lost
from ..rules.selection import base
from ..tangents.dense import settle

_NUMERIC = "biufc"
_PLAIN = frozenset({np.ndarray, type(None), bool, int, float, str})
"""What most arguments are that carry nothing."""


def carries(x: Any) -> bool:
    """Whether x is an array of this library, with a tangent."""
    return hasattr(type(x), "_push_linear")


def base_of(x: Array) -> Array:
    """Return the plain array or NumPy scalar under any number of Duals, as it is."""
    while carries(x):
        x = x._primal
    return x


def foremost(values: Iterable[Any]) -> Any:
    """Return the array of the highest level among values and lists of them, or None; its class evaluates what they meet in."""
    found: Any = None
    for x in values:
        kind = type(x)
        if kind in _PLAIN:
            continue
        a = foremost(x) if kind in (list, tuple) else x if hasattr(kind, "_push_linear") else None
        if a is not None and (found is None or a.level > found.level):
            found = a
    return found


def _holds(x: Any) -> bool:
    return any(_holds(e) for e in x) if isinstance(x, (list, tuple)) else carries(x)


def as_array(x: Any) -> Array:
    """Return x as an array of numbers; nested lists that hold Duals are stacked."""
    if carries(x) or isinstance(x, (np.ndarray, np.generic)):
        y = x
    elif _holds(x):
        return np.stack([as_array(e) for e in x])
    else:
        y = np.asarray(x)
    if y.dtype.kind not in _NUMERIC:
        raise TypeError(f"dualmc works with arrays of numbers; got dtype {y.dtype} from {type(x).__name__} {x!r:.60}")
    return y


def as_arrays(xs: Sequence[Any]) -> list[Array]:
    """Return all as arrays; a Python number takes the dtype of the others."""
    dtype = np.result_type(*(as_array(x).dtype for x in xs if type(x) not in (int, float)))
    return [np.asarray(x, dtype) if type(x) in (int, float) else as_array(x) for x in xs]


def leaves_alone(c: Any, p: Array) -> bool:
    """Whether a constant beside p leaves its shape and dtype alone: a Python number but 0, or an array like it."""
    if type(c) is float or type(c) is int:
        return c != 0
    return type(c) is ndarray and c.ndim < 2 and c.shape == p.shape and c.dtype == p.dtype


def copy_into(target: Any, value: Any, what: str) -> None:
    """Write value into target; raise where that would drop a tangent."""
    if carries(target):
        target[...] = value
    elif carries(value):
        raise lost(f"{what} (an array without tangents)")
    else:
        np.copyto(target, value, casting="same_kind")


def _with_values(like: Any, value: Array) -> Array:
    """Return value as an array of the kind of like, with a zero tangent; integers have no tangent and stay plain."""
    return like._constant(value) if value.dtype.kind in "fc" else value


def _filled(func: Callable[..., Array]) -> Callable[..., Array]:
    """`func(..., like=x)`: NumPy makes the values; they become an array of the kind of x."""

    def make(like: Any, *args: Any, **kwargs: Any) -> Array:
        return _with_values(like, func(*args, **kwargs))

    return make


def _arange(like: Any, *args: Any, **kwargs: Any) -> Array:
    if _holds([*args, *kwargs.values()]):
        raise TypeError("np.arange of a Dual: the number of entries would depend on it; use start + step * np.arange(n) or np.linspace")
    return _with_values(like, np.arange(*args, **kwargs))


def _made_like(func: Callable[..., Array]) -> Callable[..., Array]:
    """`func(a)`: the shape and dtype of a."""

    def make(self: Any, a: Any = None, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None, **kwargs: Any) -> Array:
        like = self if a is None or not carries(a) else a
        kwargs.pop("device", None)
        return _with_values(like, func(base(like if a is None else a), dtype=dtype, order=order, shape=shape, **kwargs))

    return make


def _full(like: Any, shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C", **kwargs: Any) -> Array:
    made = np.empty(shape, base(fill_value).dtype if dtype is None else dtype, order=order)
    result = _with_values(like, made)
    result[...] = fill_value
    return result


def _full_like(
    self: Any, a: Any, fill_value: Any, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None, **kwargs: Any
) -> Array:
    result = np.empty_like(
        a if carries(a) else self, dtype=a.dtype if dtype is None else dtype, order=order, shape=np.shape(a) if shape is None else shape
    )
    if carries(fill_value) and not carries(result):
        raise lost("np.full_like with an integer dtype")
    result[...] = fill_value
    return result


def _array(like: Any, obj: Any, dtype: Any = None, *, copy: bool | None = True, order: Any = "K", ndmin: int = 0, **kwargs: Any) -> Array:
    x = as_array(obj)
    y = x if carries(x) else _with_values(like, np.array(x, dtype=dtype, order=order))
    if dtype is not None and y.dtype != dtype:
        y = y.astype(dtype)
    elif y is obj and copy:
        y = np.copy(y)
    return np.reshape(y, (1,) * (ndmin - y.ndim) + y.shape) if y.ndim < ndmin else y


def _asarray(like: Any, a: Any, dtype: Any = None, order: Any = None, *, copy: bool | None = None, **kwargs: Any) -> Array:
    return _array(like, a, dtype, copy=copy, order=order or "K")


def _copyto(self: Any, dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    copy_into(dst, src if where is True else np.where(where, src, dst), "np.copyto")


# np.fromiter and np.frombuffer are left out: NumPy frees a temporary `like` before it calls the protocol.
CREATION: dict[Any, Callable[..., Any]] = {
    **{f: _filled(f) for f in (np.zeros, np.ones, np.eye, np.identity, np.tri, np.fromfunction)},
    np.arange: _arange,
    np.empty: _filled(np.zeros),
    np.full: _full,
    np.array: _array,
    np.asarray: _asarray,
    np.asanyarray: _asarray,
    np.ascontiguousarray: _asarray,
    np.zeros_like: _made_like(np.zeros_like),
    np.ones_like: _made_like(np.ones_like),
    np.empty_like: _made_like(np.zeros_like),
    np.full_like: _full_like,
    np.copyto: _copyto,
}


def checked_parts(primal: Any, tangent: Any) -> tuple[Array, Array]:
    """Return primal and tangent of a Dual as arrays that go together, or raise."""
    p, t = as_array(primal), as_array(tangent)
    p, t = (x if x.dtype.kind in "fc" else x.astype(np.float64) for x in (p, t))
    if t.shape[t.ndim - p.ndim :] != p.shape or t.ndim < p.ndim:
        raise ValueError(f"Dual: tangent must have shape (*directions, *{p.shape}), got {t.shape}")
    if t.dtype.kind == "c" and p.dtype.kind == "f":
        raise TypeError(f"Dual: the tangent of a real primal must be real, got dtype {t.dtype}")
    return p, settle(t, p)


def replace_part(holder: Any, name: str, lifted: Array) -> None:
    """Put a lifted array in the place of one that nothing else looks into, or raise."""
    if getattr(getattr(holder, name), "base", None) is not None or _references(holder, name) > _ALONE:
        raise TypeError(
            "a value of an outer transform is written into an array that has views or is one; "
            "make the buffer so that it can hold it: np.zeros(shape, like=x * value)"
        )
    setattr(holder, name, lifted)


def _references(holder: Any, name: str) -> int:
    """Count the references to an attribute; a view of an array holds one."""
    return sys.getrefcount(getattr(holder, name))


class _Holder:
    __slots__ = ("held",)

    def __init__(self) -> None:
        self.held = np.zeros(1)


_ALONE = _references(_Holder(), "held")
"""The references to an array that nothing but one holder sees."""
