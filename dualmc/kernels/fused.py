"""
Kernels of element-wise functions, compiled from their entries in the rule table: value and tangents in one pass.

The partials of a rule are formulas in NumPy calls on arrays. Read as formulas in `vmath` on numbers, they compile into a
loop that LLVM vectorises, where value and partials share their work. No derivative is written a second time.
"""

import functools
import hashlib
import math
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numba.core import types as numba_types

from . import vmath
from ._jit import device, elementwise, kernel, only, overload, short
from .vmath import zeros_like

Loop: TypeAlias = Callable[..., None]


class Kernel(NamedTuple):
    """What is compiled of a rule, for which arguments carry a tangent and for a dtype."""

    loop: Loop
    """Writes value and tangents: of arrays x, tangents t of shape (directions, x.size), ans and out like these."""
    vector: Callable[..., bool] | None
    """The same for one short array and one tangent of its shape; says whether it has, since numbers may be out of its range."""
    push: Any
    """A ufunc that gives the tangent from value, arguments and tangents, or None; for few numbers, whose value NumPy finds sooner."""


BLOCK = 4096
"""Numbers whose partials are held at a time; in a second-level cache, and directions are read in long runs (bench, chain k=8)."""


# A rule as compiled functions of numbers. ----------------------------------------------------------------------------


@functools.cache
def _translated(formula: Callable[..., Any], names: Any) -> Any:
    """Compile a formula with `names` in the place of np, and likewise the functions that it calls."""
    known = formula.__globals__
    scope = {name: _meaning(known[name], names) for name in formula.__code__.co_names if name in known} | {"__name__": known["__name__"]}
    return device(types.FunctionType(formula.__code__, scope, formula.__name__, formula.__defaults__, formula.__closure__))


def _meaning(value: Any, names: Any) -> Any:
    if value is np:
        return names
    return _translated(value, names) if isinstance(value, types.FunctionType) else value


def _value(rule: Any, names: Any) -> Any:
    if names is vmath:
        return getattr(vmath, rule.func.__name__)
    return device(_calling(rule.func, len(rule.d)))


def _calling(ufunc: Any, n: int) -> Any:
    """Return a function that calls a ufunc, for Numba to compile."""
    if n == 1:
        return lambda x: ufunc(x)  # noqa: PLW0108
    return lambda x, y: ufunc(x, y)  # noqa: PLW0108


def _partial(d: Any, names: Any, n: int) -> Any:
    if callable(d):
        return _translated(d, names)
    number = float(d.value)
    return device((lambda ans, x: number) if n == 1 else (lambda ans, x, y: number))


STEPS: dict[str, tuple[Any, Any]] = {}
"""What a text in compiled code stands for: a rule, and the module whose functions it is read in."""


PUSHES: dict[str, tuple[Any, tuple[bool, ...]]] = {}
"""What a text stands for in the code of a ufunc: a rule, and which arguments carry a tangent."""


def _step(text: str, x: float, y: float = 0.0) -> Any:
    """Return value and partials of the rule that the text stands for."""


@overload(_step)
def _compile_step(text: Any, x: Any, y: Any = 0.0) -> Any:
    if not isinstance(text, numba_types.StringLiteral):
        return None
    rule, names = STEPS[text.literal_value]
    value, slopes = _value(rule, names), [_partial(d, names, len(rule.d)) for d in rule.d]
    if len(slopes) == 1:
        (slope,) = slopes

        def one(text: Any, x: Any, y: Any = 0.0) -> Any:
            ans = value(x)
            return ans, slope(ans, x)

        return one
    first, second = slopes

    def two(text: Any, x: Any, y: Any = 0.0) -> Any:
        ans = value(x, y)
        return ans, first(ans, x, y), second(ans, x, y)

    return two


def _push(text: str, ans: float, x: float, y: float, t: float, u: float) -> Any:
    """Return the tangent of the rule that the text stands for: t is that of the first argument with one, u that of a second."""


@overload(_push)
def _compile_push(text: Any, ans: Any, x: Any, y: Any, t: Any, u: Any) -> Any:
    if not isinstance(text, numba_types.StringLiteral):
        return None
    rule, active = PUSHES[text.literal_value]
    slopes = [_partial(d, vmath, len(rule.d)) for d in rule.d]
    slope, other = slopes[active.index(True)], slopes[-1]

    def unary(text: Any, ans: Any, x: Any, y: Any, t: Any, u: Any) -> Any:
        return _finite_or_zero(slope(ans, x), t) * t

    def one_sided(text: Any, ans: Any, x: Any, y: Any, t: Any, u: Any) -> Any:
        return _finite_or_zero(slope(ans, x, y), t) * t

    def two_sided(text: Any, ans: Any, x: Any, y: Any, t: Any, u: Any) -> Any:
        return _finite_or_zero(slope(ans, x, y), t) * t + _finite_or_zero(other(ans, x, y), u) * u

    return unary if len(active) == 1 else two_sided if all(active) else one_sided


@functools.cache
def state() -> str:
    """Return a digest of what kernels are compiled from, so that code kept on disk is used for nothing else."""
    here = Path(__file__).parent
    files = sorted([*here.glob("*.py"), here.parent / "rules" / "elementwise.py"])
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:16]


def _text(rule: Any, names: Any) -> str:
    """Return a text for a rule; being a constant of the compiled code, it is what that is filed under on disk."""
    text = f"{rule.func.__name__} in {names.__name__}, {state()}"
    STEPS[text] = rule, names
    return text


# Loops. Arrays are contiguous; a tangent has a row for each direction, and may be what is written to. -----------------


@device
def _finite(g: Any, m: int) -> bool:
    odd = False
    for i in range(m):
        odd |= not (abs(g[i]) < math.inf)
    return not odd


@device
def _times(g: float, t: float, select: bool) -> float:
    """g·t, where 0·inf and 0·nan are 0 for a zero t; with select for a zero g, too."""
    r = g * t
    return r if (r == r) | ((t != 0) & ((g != 0) | (not select))) else zeros_like(r)


@device
def _finite_or_zero(g: float, t: float) -> float:
    """g, or 0 where g·t would be 0·inf or 0·nan, which as a product would set off NumPy's warning."""
    return g if (t != 0) | (abs(g) < math.inf) else zeros_like(g)


@device
def _within(x: Any, limit: float) -> bool:
    far = False
    for i in range(x.size):
        far |= abs(x[i]) > limit
    return not far


@device
def _scaled(g: Any, t: Any, out: Any, start: int, m: int, select: bool) -> None:
    """Write g·t for each direction of one block; only an infinite or missing g, or a selection, needs care."""
    careful = select or not _finite(g, m)
    for row in range(t.shape[0]):
        p, q = t[row][start : start + m], out[row][start : start + m]
        if careful:
            for i in range(m):
                q[i] = _times(g[i], p[i], select)
        else:
            for i in range(m):
                q[i] = g[i] * p[i]


@device
def _combined(g: Any, t: Any, h: Any, u: Any, out: Any, start: int, m: int, select: bool) -> None:
    """Write g·t + h·u for each direction of one block."""
    careful = select or not (_finite(g, m) and _finite(h, m))
    for row in range(t.shape[0]):
        p, q, r = t[row][start : start + m], u[row][start : start + m], out[row][start : start + m]
        if careful:
            for i in range(m):
                r[i] = _times(g[i], p[i], select) + _times(h[i], q[i], select)
        else:
            for i in range(m):
                r[i] = g[i] * p[i] + h[i] * q[i]


@device
def _block(x: Any, repeated: Any, start: int, m: int) -> Any:
    """Return a part of x, or of the one number that x is."""
    return x[start : start + m] if x.size > 1 else repeated[:m]


def _unary(text: str, exact: str, limit: float, select: bool) -> Loop:
    def run(x: Any, t: Any, ans: Any, out: Any) -> None:
        n = x.size
        if t.shape[0] == 1 and (limit == math.inf or _within(x, limit)):
            p, q = t[0], out[0]
            for i in range(n):
                ans[i], slope = _step(text, x[i])
                q[i] = _times(slope, p[i], select)
            return
        g = np.empty(min(n, BLOCK), x.dtype)
        for start in range(0, n, BLOCK):
            m = min(BLOCK, n - start)
            a, y = x[start : start + m], ans[start : start + m]
            if limit == math.inf or _within(a, limit):
                for i in range(m):
                    y[i], g[i] = _step(text, a[i])
            else:
                for i in range(m):
                    y[i], g[i] = _step(exact, a[i])
            _scaled(g, t, out, start, m, select)

    return kernel(run)


def _vector(text: str, limit: float, select: bool) -> Callable[..., bool]:
    """Build the loop of a function of one array with one direction."""

    def run(x: Any, t: Any, ans: Any, out: Any) -> bool:
        if limit != math.inf and not _within(x, limit):
            return False
        for i in range(x.size):
            ans[i], slope = _step(text, x[i])
            out[i] = _times(slope, t[i], select)
        return True

    return short(run)


def _one_sided(text: str, side: int, select: bool) -> Loop:
    """Build the loop of a function of two arguments, the other one constant."""

    def run(x: Any, y: Any, t: Any, ans: Any, out: Any) -> None:
        n = ans.size
        room = min(n, BLOCK)
        g, xs, ys = np.empty(room, x.dtype), np.full(room, x[0]), np.full(room, y[0])
        for start in range(0, n, BLOCK):
            m = min(BLOCK, n - start)
            a, b, z = _block(x, xs, start, m), _block(y, ys, start, m), ans[start : start + m]
            for i in range(m):
                step = _step(text, a[i], b[i])
                z[i], g[i] = step[0], step[side]
            _scaled(g, t, out, start, m, select)

    return kernel(run)


def _two_sided(text: str, select: bool) -> Loop:
    """Build the loop of a function of two arguments that both carry a tangent."""

    def run(x: Any, y: Any, t: Any, u: Any, ans: Any, out: Any) -> None:
        n = x.size
        if t.shape[0] == 1:
            p, q, r = t[0], u[0], out[0]
            for i in range(n):
                ans[i], slope, other = _step(text, x[i], y[i])
                r[i] = _times(slope, p[i], select) + _times(other, q[i], select)
            return
        g, h = np.empty(min(n, BLOCK), x.dtype), np.empty(min(n, BLOCK), x.dtype)
        for start in range(0, n, BLOCK):
            m = min(BLOCK, n - start)
            a, b, z = x[start : start + m], y[start : start + m], ans[start : start + m]
            for i in range(m):
                z[i], g[i], h[i] = _step(text, a[i], b[i])
            _combined(g, t, h, u, out, start, m, select)

    return kernel(run)


SLOWER = {"power", "pow"}
"""Functions that a kernel does not make quicker (python -m bench)."""


def has_kernel(rule: Any, active: tuple[bool, ...]) -> bool:
    """Whether there is a kernel of a rule for which arguments carry a tangent; where all partials are constant, nothing is saved."""
    name = rule.func.__name__
    return hasattr(vmath, name) and name not in SLOWER and len(active) < 3 and any(active) and any(map(callable, rule.d))


QUICK = {"divide", "multiply", "reciprocal", "square", "tanh", "true_divide"}
"""Functions that NumPy vectorises better, with partials of a few multiplications: the value of few numbers comes from it."""


@functools.cache
def _pushing(rule: Any, active: tuple[bool, ...], char: str) -> Any:
    """Return the tangent of a rule as a ufunc, in the form that Numba gives it, which has to be kept."""
    name = rule.func.__name__
    text = f"tangent of {name} {active}, {state()}"
    PUSHES[text] = rule, active

    def one(ans: Any, x: Any, t: Any) -> Any:
        return _push(text, ans, x, x, t, t)

    def one_of_two(ans: Any, x: Any, y: Any, t: Any) -> Any:
        return _push(text, ans, x, y, t, t)

    def two(ans: Any, x: Any, y: Any, t: Any, u: Any) -> Any:
        return _push(text, ans, x, y, t, u)

    function = one if len(active) == 1 else two if all(active) else one_of_two
    function.__name__ = name  # which a warning names
    return elementwise(function, char)


@functools.cache
def compiled(rule: Any, active: tuple[bool, ...], char: str) -> Kernel | None:
    """Return what there is for which arguments carry a tangent and for a dtype, compiled or loaded from disk; None for nothing."""
    if not has_kernel(rule, active):
        return None
    text, name = _text(rule, vmath), rule.func.__name__
    vector = None
    if len(active) == 1:
        limit = vmath.LIMITS.get(name, math.inf)
        loop = _unary(text, _text(rule, np), limit, rule.select)
        vector = only(_vector(text, limit, rule.select), char, [1] * 4)
    elif all(active):
        loop = _two_sided(text, rule.select)
    else:
        loop = _one_sided(text, 1 + active.index(True), rule.select)
    axes = [1] * len(active) + [2] * sum(active) + [1, 2]
    push = _pushing(rule, active, char).ufunc if name in QUICK and char == "d" else None
    return Kernel(only(loop, char, axes), vector, push)
