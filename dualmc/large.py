"""
Operations on many numbers: value and tangents in one pass, with nothing of their size in between.

A compiled kernel does it where there is one (`kernels`); it takes flat arrays that lie in memory one number after the other. Arrays
that broadcast, or lie otherwise, are cut into blocks that stay in the cache, and so is what NumPy does where there is no kernel.
Memory passes are what counts here; python -m bench shows what they save.
"""

import contextlib
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy import empty, ndarray

from ._typing import Array, Shape
from .kernels import switch
from .partial import MINUS_ONE, ONE, ZERO, Const
from .rules.rule import Elementwise, Linear, Multilinear, Weighted
from .tangents.dense import has_nan, scale

LEAST_ONE_SIDED = 2000
"""Numbers in a tangent from which a kernel is quicker where the other operand is constant, which takes NumPy fewer calls."""

SHORT = 2**13
"""Numbers in a tangent up to which value by NumPy and tangent by a ufunc are quicker than both in one loop, and the lock is held."""

LEAST_IN_BLOCKS = 4000
"""Numbers in a tangent from which a kernel is quicker than NumPy where its operands have to be copied to blocks."""

BLOCK = 2**17
"""Numbers in one block, a megabyte: smaller ones cost calls, larger ones leave the cache."""

Key = tuple[slice, ...]
_DOUBLE = np.dtype(np.float64)
_COMPILED = "df"
"""Codes of the dtypes that there are kernels for: double and single precision."""

unary_kernel, both_kernel = switch.of(((True,), "d")).get, switch.of(((True, True), "d")).get
side_kernels = switch.of(((True, False), "d")).get, switch.of(((False, True), "d")).get
"""The kernel of a rule in double precision, None where NumPy does it, by which arguments carry a tangent."""


# Element-wise functions of double precision: ways without detours. ----------------------------------------------------


Make = Callable[[Array, Array, int], Any]
"""What makes the result of value, tangent and level; it is passed in because a pair that is taken apart again costs time, too."""


def _rows(t: ndarray[Any, Any], n: int) -> ndarray[Any, Any]:
    """Return a tangent with a row for each direction, copied if it does not lie in memory in order: a slice of a block does not."""
    if t.flags.c_contiguous:
        return t if t.ndim == 2 and n == t.shape[1] else t.reshape(-1, n)
    return t.copy().reshape(-1, n)


def unary(kernel: Any, p: Any, t: Any, make: Make, level: int) -> Any:
    """
    Make the result of a function of one array, or None where its arrays are not what the kernel takes.

    A tangent nearly always lies in memory as its primal does, so that only the primal is looked at and the loop refuses
    the rest; bench/bench_overhead.py counts the nanoseconds. One vector with one direction has a shorter way in arrays/dual.py.
    """
    if type(p) is type(t) is ndarray and p.dtype is _DOUBLE and p.flags.carray:
        shape, n = p.shape, p.size
        if shape and n:
            ans, out = empty(shape), empty(t.shape)
            try:
                if t.ndim == 2 and len(shape) == 1:
                    kernel.loop(p, _rows(t, n), ans, out)
                else:
                    kernel.loop(p.ravel(), _rows(t, n), ans.ravel(), out.reshape(-1, n))
            except TypeError:
                return None
            return make(ans, out, level)
    return None


def both(kernel: Any, func: Any, p: Any, q: Any, t: Any, u: Any, make: Make, level: int) -> Any:
    """Make the result of a function of two arrays of one shape, or None as `unary`."""
    if type(p) is type(q) is type(t) is type(u) is ndarray and p.dtype is q.dtype is _DOUBLE:
        loop, _, push = kernel
        nd, kd, n = p.ndim, t.ndim, p.size
        if nd == q.ndim and kd == u.ndim and n == q.size and t.size == u.size and (nd == 1 or p.shape == q.shape):
            if push is not None and kd == nd and n <= SHORT:
                ans = func(p, q)
                return make(ans, push(ans, p, q, t, u), level)
            if nd and n and p.flags.carray and (q is p or q.flags.carray):
                try:
                    if nd == 1 and kd == 2:
                        ans, out = empty(n), empty(t.shape)
                        if not (t.flags.carray and (u is t or u.flags.carray)):
                            t, u = _rows(t, n), _rows(u, n)
                        loop(p, q, t, u, ans, out)
                    elif t.shape == u.shape:
                        ans, out = empty(p.shape), empty(t.shape)
                        loop(p.ravel(), q.ravel(), _rows(t, n), _rows(u, n), ans.ravel(), out.reshape(-1, n))
                    else:
                        return None
                except TypeError:
                    return None
                return make(ans, out, level)
    return None


def one_sided(kernel: Any, func: Any, p: Any, q: Any, t: ndarray[Any, Any], i: int, make: Make, level: int) -> Any:
    """Make the result where argument i has the tangent and the other one is a number or an array like it, or None as `unary`."""
    x, c = (q, p) if i else (p, q)
    if type(x) is ndarray and x.dtype is _DOUBLE:
        loop, _, push = kernel
        if push is not None and t.ndim == x.ndim and t.size <= SHORT:
            ans = func(p, q)
            return make(ans, push(ans, p, q, t), level)
        shape, n = x.shape, x.size
        if n and shape and t.size >= LEAST_ONE_SIDED and x.flags.carray:
            if type(c) is not ndarray:
                c = np.array((c,), _DOUBLE)
            if c.dtype is _DOUBLE and c.flags.carray and (c.size == 1 or c.shape == shape):
                ans, out = empty(shape), empty(t.shape)
                first, second = (c.ravel(), x.ravel()) if i else (x.ravel(), c.ravel())
                try:
                    loop(first, second, _rows(t, n), ans.ravel(), out.reshape(-1, n))
                except TypeError:
                    return None
                return make(ans, out, level)
    return None


# Any element-wise function. ------------------------------------------------------------------------------------------


class _Operands(NamedTuple):
    """What raw operands have in common: the shape of the result, the directions, the dtype; and whether they lie in memory alike."""

    shape: Shape
    lead: Shape
    dtype: np.dtype[Any]
    flat: bool
    plain: bool
    """Whether all arrays have the dtype of the result; a condition, say, has not."""


def _common(args: Sequence[Any], tangents: Sequence[Any]) -> _Operands | None:
    """Return what raw operands have in common, or None where the general way is to be taken."""
    lead = dtype = None
    for a, t in zip(args, tangents, strict=True):
        if t is not None:
            if type(t) is not ndarray or type(a) is not ndarray or t.dtype != a.dtype or (dtype is not None and a.dtype != dtype):
                return None
            k = t.shape[: t.ndim - a.ndim]
            if lead is not None and k != lead:
                return None
            lead, dtype = k, t.dtype
        elif type(a) not in (ndarray, float, int):
            return None
    if lead is None or dtype is None or dtype.kind != "f":
        return None
    arrays = [a for a in args if type(a) is ndarray]
    plain = all(a.dtype == dtype for a in arrays)
    if not plain and np.result_type(*[a for a in args if type(a) is not ndarray or a.dtype.kind != "b"]) != dtype:
        return None
    shape = np.broadcast_shapes(*[a.shape for a in arrays])
    held = [*arrays, *[t for t in tangents if t is not None]]
    flat = plain and all(a.shape == shape for a in arrays) and all(a.flags.carray for a in held)
    return _Operands(shape, lead, dtype, flat, plain)


def elementwise(rule: Elementwise, args: Sequence[Any], tangents: Sequence[Any], out: Any = None) -> tuple[Array, Array] | None:
    """
    Return value and tangent of a function of raw arrays and numbers, or None where the general way is to be taken.

    `out` is the pair of arrays to write them to, which may be an argument and its tangent.
    """
    size = max([t.size if type(t) is ndarray else 0 for t in tangents])
    if size < switch.least:
        return None
    char = next(t for t in tangents if t is not None).dtype.char
    known = char in _COMPILED and len(args) < 3
    kernel = switch.kernel((tuple([t is not None for t in tangents]), char), rule, size) if known else None
    if size <= BLOCK and kernel is None:
        return None
    common = _common(args, tangents)
    if common is None or not common.shape or not math.prod(common.shape):
        return None
    shape, lead, dtype, flat, plain = common
    if kernel is not None and flat and (out is None or all(a.flags.carray for a in out)):
        ans, tangent = (np.empty(shape, dtype), np.empty(lead + shape, dtype)) if out is None else out
        _run(kernel, args, tangents, ans, tangent)
        return ans, tangent
    if not plain or size < LEAST_IN_BLOCKS:
        kernel = None
    if size <= BLOCK and kernel is None:
        return None
    return _blocked(rule, kernel, args, tangents, common, out)


def _run(kernel: Any, args: Sequence[Any], tangents: Sequence[Any], ans: Any, out: Any) -> None:
    """Call a kernel; operands that do not lie flat in memory are copied first."""
    arrays = [_flat(a) if type(a) is ndarray else np.array((a,), ans.dtype) for a in args]
    n = ans.size
    kernel.loop(*arrays, *[_flat(t).reshape(-1, n) for t in tangents if t is not None], ans.ravel(), out.reshape(-1, n))


def _flat(x: ndarray[Any, Any]) -> ndarray[Any, Any]:
    return x.ravel() if x.flags.carray else x.flatten()


def updated(rule: Elementwise | None, args: Sequence[Any], tangents: Sequence[Any]) -> bool:
    """Write a function of arrays into the first argument and its tangent, and say whether that was possible."""
    (p, q), (t, u) = args, tangents
    if rule is None or not p.flags.writeable or np.broadcast_shapes(p.shape, np.shape(q)) != p.shape:
        return False
    if any(a is not b and type(b) is ndarray and np.may_share_memory(a, b) for a, b in ((p, q), (t, u), (p, u), (t, q))):
        return False
    return elementwise(rule, args, tangents, (p, t)) is not None


# Blocks. -------------------------------------------------------------------------------------------------------------


def _blocked(
    rule: Elementwise, kernel: Any, args: Sequence[Any], tangents: Sequence[Any], common: _Operands, out: Any
) -> tuple[Array, Array] | None:
    """Return value and tangent, found block by block with a kernel or with NumPy."""
    shape, lead, dtype = common[:3]
    used = [d is not ZERO and t is not None for d, t in zip(rule.d, tangents, strict=True)]
    if not any(used):
        return None
    result, slopes = _like_numpy([a for a in args if type(a) is ndarray], shape, lead, dtype) if out is None else out
    order = tuple(sorted(range(len(shape)), key=lambda i: -abs(result.strides[i])))  # so that blocks are cut as they lie in memory

    def arranged(x: Any, lead: Shape, nd: int) -> Any:
        full = x.reshape(lead + (1,) * (len(shape) - nd) + x.shape[len(lead) :])
        full = full if full.shape == lead + shape else np.broadcast_to(full, lead + shape)
        return full.transpose(*range(len(lead)), *[len(lead) + i for i in order])

    values = [arranged(a, (), a.ndim) if type(a) is ndarray else a for a in args]
    moves = [arranged(t, lead, a.ndim) if on else None for a, t, on in zip(args, tangents, used, strict=True)]
    ans, tangent = arranged(result, (), len(shape)), arranged(slopes, lead, len(shape))
    if kernel is None:
        values = [dtype.type(a) if type(a) is not ndarray and not a else a for a in values]  # 1 / 0 in a partial is inf, not an error
    direct = out is None and isinstance(rule.func, np.ufunc)  # else an argument would be overwritten too soon
    quiet = rule.quiet if isinstance(rule.quiet, bool) else rule.quiet(*args)
    with np.errstate(all="ignore") if quiet and kernel is None else contextlib.nullcontext():
        for key in _blocks(ans.shape, max(1, BLOCK // math.prod(lead))):
            parts = [a[key] if type(a) is ndarray else a for a in values]
            terms = [None if t is None else t[(..., *key)] for t in moves]
            y, new = ans[key], tangent[(..., *key)]
            if kernel is not None:
                _run_block(kernel, parts, terms, y, new)
            elif not _evaluate(rule, parts, terms, y, new, direct=direct):
                return None
    return result, slopes


def _run_block(kernel: Any, parts: Sequence[Any], terms: Sequence[Any], y: Any, new: Any) -> None:
    """Call a kernel on one block, which is written where it lies if it is flat."""
    ans, out = (x if x.flags.carray else np.empty(x.shape, x.dtype) for x in (y, new))
    _run(kernel, parts, terms, ans, out)
    for x, found in ((y, ans), (new, out)):
        if found is not x:
            x[...] = found


def _evaluate(rule: Elementwise, parts: Sequence[Any], terms: Sequence[Any], y: Any, new: Any, *, direct: bool) -> bool:
    """Find one block with NumPy, and say whether it has the dtype that was expected."""
    z = rule.func(*parts, out=y) if direct else rule.func(*parts)
    if z.dtype != y.dtype:
        return False
    total: Any = None
    alone = sum([t is not None for t in terms]) == 1
    for d, t in zip(rule.d, terms, strict=True):
        if t is not None:
            g = d(z, *parts) if callable(d) else d
            if alone and direct and isinstance(g, Const) and t.shape == new.shape:
                total = _CONSTANT[g](t, out=new)
                break
            term = _times(rule, t, g, y.shape, new if direct and total is None else None)
            total = term if total is None else np.add(total, term, out=new if direct else None)
    if total is not new:
        new[...] = total
    if z is not y:
        y[...] = z
    return True


_CONSTANT = {ONE: np.positive, MINUS_ONE: np.negative}
"""What multiplies by a constant partial."""


def _times(rule: Elementwise, t: Array, g: Any, shape: Shape, out: Array | None) -> Array:
    """Return diag(g)·t, in out if it takes one multiplication."""
    if out is not None and not rule.select and not isinstance(g, Const):
        np.multiply(t, g, out=out)
        if not has_nan(out):
            return out
    return scale(t, g, shape, shape, t.dtype, select=rule.select)


def _like_numpy(arrays: Sequence[Any], shape: Shape, lead: Shape, dtype: Any) -> tuple[Array, Array]:
    """Return memory for value and tangent, laid out as NumPy lays out the result of a ufunc."""
    if all(a.flags.c_contiguous for a in arrays):
        return np.empty(shape, dtype), np.empty(lead + shape, dtype)
    flags: Any = [["readonly"]] * len(arrays) + [["writeonly", "allocate"]]
    ans = np.nditer([*arrays, None], op_flags=flags, op_dtypes=[None] * len(arrays) + [dtype]).operands[-1]
    order = sorted(range(len(shape)), key=lambda i: -abs(ans.strides[i]))
    tangent = np.empty(lead + tuple([shape[i] for i in order]), dtype)
    return ans, tangent.transpose(*range(len(lead)), *[len(lead) + i for i in np.argsort(order)])


def _blocks(shape: Shape, size: int) -> Iterator[Key]:
    """Yield keys that cut an array of that shape into parts of at most so many entries, in the order of memory."""
    inner, whole = len(shape), 1
    while inner and whole * shape[inner - 1] <= size:
        inner -= 1
        whole *= shape[inner]
    steps = [1] * (inner - 1) + [max(1, size // max(whole, 1))] * (inner > 0)
    cuts = [[slice(i, i + step) for i in range(0, n, step)] for n, step in zip(shape[:inner], steps, strict=True)]
    return itertools.product(*cuts, *[[slice(None)]] * (len(shape) - inner))


# The step of second order. -------------------------------------------------------------------------------------------


def combined(pairing: str, terms: Sequence[tuple[Any, Any]], crosses: Sequence[tuple[Any, Any]]) -> Array | None:
    """
    Return Σ t·g + Σ u⊗w of raw blocks, or None where NumPy is to do it.

    `pairing` says which directions of u, of shape (K1, *S), and w, (K2, *S), meet: "OUTER", each with each, so that t has the shape
    (K1, K2, *S); or "SUMMED", those with the same number, of which the sum is taken.
    """
    u, w = crosses[0]
    size = len(u) * w.size if pairing == "OUTER" else u.size
    if size < switch.least or pairing not in _STEPS or len(terms) > 2 or len(crosses) > 2:
        return None
    dtype, shape = u.dtype, u.shape[1:]
    kernel = switch.kernel(((), dtype.char), _STEPS[pairing], size) if dtype.char in _COMPILED else None
    if kernel is None:
        return None
    blocks = [t for t, _ in terms] + [t for pair in crosses for t in pair]
    if any(type(t) is not ndarray or t.dtype != dtype or not t.flags.carray for t in blocks):
        return None
    if any(type(g) is not ndarray or g.shape != shape or g.dtype != dtype or not g.flags.carray for _, g in terms):
        return None
    n = math.prod(shape)
    out = np.empty((len(u), len(w), *shape) if pairing == "OUTER" else shape, dtype)
    pairs = [x for t, g in terms for x in (t.reshape(-1, n), g.ravel())] + [None, None] * (2 - len(terms))
    products = [t.reshape(-1, n) for pair in crosses for t in pair] + [None, None] * (2 - len(crosses))
    kernel(*pairs, *products, out.reshape(-1, n))
    return out


_STEPS = {"OUTER": "outer", "SUMMED": "summed"}
"""Kernels by how directions are paired."""


# Reductions. ---------------------------------------------------------------------------------------------------------


class _Chosen(NamedTuple):
    """What the arguments of a reduction say."""

    axis: Any = None
    keepdims: bool = False
    parameter: float = 0.0
    """What its kernel takes beside the arrays."""
    last: bool = False
    """Whether the kernel is for the last axes of arrays that lie in memory in order, where it copies nothing and adds as NumPy does."""
    linear: bool = False
    """Whether there are no partials that could be infinite where a tangent is 0."""
    running: bool = False
    """Whether each entry has a result."""


def reduction(rule: Weighted | Linear, x: Any, t: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Array, Array] | None:
    """Return value and tangent of a reduction of a raw array, or None where the general way is to be taken."""
    if type(x) is not ndarray or type(t) is not ndarray or t.size < switch.least or not x.size or x.dtype.char not in _COMPILED:
        return None
    found = _ARGUMENTS.get(rule.func.__name__)
    chosen = None if found is None or x.dtype != t.dtype else found(*args, **kwargs)
    if chosen is None:
        return None
    axis, keepdims, parameter, last, linear, running = chosen
    axes = tuple(range(x.ndim)) if axis is None else np.lib.array_utils.normalize_axis_tuple(axis, x.ndim)
    if last and not (x.flags.c_contiguous and t.flags.c_contiguous and 0 < len(axes) == x.ndim - min(axes)):
        return None
    if running and len(axes) != 1:
        return None
    kernel = switch.kernel(((), x.dtype.char), rule.func.__name__, t.size)
    if kernel is None:
        return None
    lead = t.shape[: t.ndim - x.ndim]
    rows, columns = (x, t) if last else (np.moveaxis(a, [i - x.ndim for i in axes], range(-len(axes), 0)) for a in (x, t))
    kept = [n if running or i not in axes else 1 for i, n in enumerate(x.shape) if running or keepdims or i not in axes]
    ans, out = np.empty(kept, x.dtype), np.empty((*lead, *kept), x.dtype)
    n = math.prod(x.shape[i] for i in axes)
    kernel(_flat(rows), _flat(columns), n, parameter, ans.ravel(), out.ravel())
    return None if not linear and has_nan(out) else (ans[()], out[()])  # strong zeros


def _of_prod(
    axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, initial: Any = None, where: Any = True
) -> _Chosen | None:
    return _Chosen(axis, keepdims) if dtype is None and initial is None and where is True else None


def _of_sum(
    axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, initial: Any = 0, where: Any = True
) -> _Chosen | None:
    plain = dtype is None and type(initial) is int and not initial and where is True
    return _Chosen(axis, keepdims, last=True, linear=True) if plain else None


def _of_cumsum(axis: Any = None, dtype: Any = None, out: Any = None) -> _Chosen | None:
    return _Chosen(axis, last=True, linear=True, running=True) if dtype is None else None


_ARGUMENTS: dict[str, Callable[..., _Chosen | None]] = {
    "cumsum": _of_cumsum,
    "log_sum_of_exp": lambda axis, counted: _Chosen(axis, keepdims=True) if np.ndim(counted) == 0 and counted else None,
    "prod": _of_prod,
    "root_of_squares": lambda axes, keepdims: _Chosen(axes, keepdims, last=True),
    "sum": _of_sum,
    "variance": lambda axis, ddof, keepdims: _Chosen(axis, keepdims, float(ddof)),
}
"""By the name of a reduction: what its arguments say; None for what kernels do not know."""


def inner(rule: Multilinear, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Array, Array] | None:
    """Return value and tangent of the product of two raw vectors, or None where the general way is to be taken."""
    if rule.func is not np.matmul:
        return None
    (a, b), (t, u) = primals, tangents
    if t is None:
        (a, b), (t, u) = (b, a), (u, t)
    vectors, blocks = (a, b), (t,) if u is None else (t, u)
    if any(type(x) is not ndarray or not x.flags.carray or x.dtype is not a.dtype for x in (*vectors, *blocks)):
        return None
    n = a.size
    if t.size < switch.least or a.ndim != 1 or b.shape != a.shape or a.dtype.char not in _COMPILED or not n:
        return None
    if u is not None and u.shape != t.shape:
        return None
    kernel = switch.kernel(((), a.dtype.char), "inner", t.size)
    if kernel is None:
        return None
    lead = t.shape[:-1]
    ans, out = np.empty(1, a.dtype), np.empty(math.prod(lead), a.dtype)
    kernel(a, b, t.reshape(-1, n), None if u is None else u.reshape(-1, n), ans, out)
    return None if has_nan(out) else (ans[0], out.reshape(lead)[()])  # strong zeros
