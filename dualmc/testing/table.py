"""Checks of rules and of functions that act entry by entry: partials of first and second order, edges, shapes, precision, layout."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._typing import Array, Function
from ..access import tangent
from ..arrays.dual import Dual
from ..forward import jvp
from ..partial import Const
from ..rules import RULES, complete
from ..rules.rule import Composed, Constant, Domain, Edge, Elementwise, Implicit, Join, Linear, Multilinear, Refused, Rule, Weighted
from .finite import Truth, directional_derivative, second_directional_derivative
from .layouts import layouts
from .maps import check_linear, check_transpose, shapes_that_broadcast
from .report import BY_HAND, Agreement, Claim, WrongDerivative, tolerance

__tracebackhide__ = True  # pytest shows the message and the line of the user, not ours

NUMBERS = {Const.ZERO: 0.0, Const.ONE: 1.0, Const.MINUS_ONE: -1.0}


def sample(domain: Domain, shape: Any, rng: np.random.Generator, dtype: Any = np.float64) -> Array:
    """Return random points inside a domain; complex ones have their real part in it."""
    if domain.integer:
        return rng.integers(int(domain.low), int(domain.high), endpoint=True, size=shape)
    margin = 0.02 * (domain.high - domain.low)
    x = rng.uniform(domain.low + margin, domain.high - margin, size=shape)
    return np.asarray(x + 0.5j * rng.uniform(-1, 1, size=shape) if np.dtype(dtype).kind == "c" else x).astype(dtype)


def rule_of(func: Any) -> Rule:
    """Return the rule of a function, of what `defrule` returned for it, or the rule itself."""
    if isinstance(func, (Elementwise, Linear, Multilinear, Weighted, Join, Implicit, Composed, Constant, Refused)):
        return func
    complete()
    for known in (func, getattr(func, "__wrapped__", None)):
        if known in RULES:
            return RULES[known]
    raise TypeError(f"check_rule: {func!r} has no rule; make one with dm.defrule(func, d=[...]), or check a derivative with check_jvp")


def check_rule(func: Any, *arrays: Array, points: int = 5, rtol: float | None = None, seed: int = 0) -> Agreement:
    """
    Check the rule of a function: partials of first and second order and edges, or the linear map and its transpose.

    Parameters
    ----------
    func : callable or rule
        A function that has a rule, or what `dm.defrule` returned.
    *arrays : array_like
        Arguments to check it at. When left out, points are drawn from the domains of an element-wise rule (`on=`), and
        linear functions are given vectors and a matrix.
    points : int
        How many points are drawn for each argument.
    rtol : float, optional
        Error allowed relative to the largest entry; 1024 units of rounding when left out.
    seed : int
        For random points.

    Returns
    -------
    Agreement
        How many digits agreed, and how many could have.

    Raises
    ------
    WrongDerivative
        An AssertionError with a table.
    Undecided
        A ValueError: differences of the function do not settle.
    TypeError
        If func has no rule, or one that refuses Duals, or arrays are needed.

    Notes
    -----
    Of element-wise rules each `d[i]` is held to the slope in argument i, each `dd` to a second difference and, beside it, to
    the derivative that nested Duals make of `d`; `edges` say what Duals give there. `check_linear` and `check_transpose` do
    linear rules. All others are differentiated along random directions.

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> def softsign(x):
    ...     return x / (1 + np.abs(x))
    >>> f = dm.defrule(softsign, d=[lambda ans, x: 1 / (1 + np.abs(x)) ** 2], on=[Domain("x > 0", 0.1, 3.0)])
    >>> check_rule(f).digits > 9
    True

    """
    rule = rule_of(func)
    if isinstance(rule, Refused):
        raise TypeError(f"check_rule: {rule.func.__name__} carries no derivative: {rule.reason}")
    rng = np.random.default_rng(seed)
    if isinstance(rule, Elementwise):
        args = [np.asarray(a) for a in arrays] or [sample(d, (points,), rng) for d in rule.on]
        return _elementwise(rule, args, rtol)
    if isinstance(rule, Linear) and len(arrays) <= 1:
        examples = [np.asarray(a) for a in arrays] or [np.zeros(4), np.zeros((3, 4))]
        return _linear(rule, examples, rtol)
    if not arrays:
        raise TypeError(f"check_rule: give arrays to call {rule.func.__name__} with: check_rule(func, x, ...)")
    return _directions(func, [np.asarray(a) for a in arrays], rng, rtol)


def _elementwise(rule: Elementwise, args: list[Array], rtol: float | None) -> Agreement:
    if len(args) != len(rule.on):
        raise TypeError(f"check_rule: {_name(rule.func)} takes {len(rule.on)} arrays, got {len(args)}")
    with np.errstate(all="ignore"):
        ans = np.asarray(_plain(rule.func)(*args))
    moving = [i for i, domain in enumerate(rule.on) if not domain.integer]
    found: Agreement | None = None
    for i in moving:
        truth = slope(rule.func, args, i)
        claim = Claim("check_rule", f"d[{i}] of {_name(rule.func)}", _at(args), f"argument {i}")
        found = claim.compare(partial_value(rule.d[i], ans, args), truth, ans.dtype, rtol).worse(found)
    pairs = [(i, j) for i in range(len(args)) for j in range(i, len(args))]
    for k, (i, j) in enumerate(pairs):
        if i in moving and j in moving:
            found = _second(rule, args, ans, (k, i, j), rtol).worse(found)
    for edge in rule.edges:
        check_edge(rule, edge)
    return found or Agreement(17.0, 17.0)


def _second(rule: Elementwise, args: list[Array], ans: Array, place: tuple[int, int, int], rtol: float | None) -> Agreement:
    """Hold a second partial to differences; without one, what nested Duals make of the first."""
    k, i, j = place
    truth = curvature(rule.func, args, i, j)
    if rule.dd:
        name, got = f"dd[{k}] of {_name(rule.func)}", partial_value(rule.dd[k], ans, args)
    else:
        name, got = f"the derivative of d[{i}] of {_name(rule.func)}", _derived(rule, args, i, j)
    return Claim("check_rule", name, _at(args), f"arguments {i} and {j}").compare(got, truth, ans.dtype, rtol)


def slope(func: Function, args: Sequence[Array], i: int, t: Array | None = None) -> Truth:
    """Measure ∂f/∂argᵢ of a function that acts entry by entry, times t."""
    return directional_derivative(_one(func, args, i), args[i], np.ones(np.shape(args[i])) if t is None else t)


def curvature(func: Function, args: Sequence[Array], i: int, j: int) -> Truth:
    """Measure ∂²f/∂argᵢ∂argⱼ, entry by entry: both arguments move as one array."""
    whole = [np.broadcast_to(a, np.broadcast_shapes(*(b.shape for b in args))) for a in args]

    def f(z: Array) -> Array:
        parts = iter(z)
        return _plain(func)(*(next(parts) if n in {i, j} else a for n, a in enumerate(whole)))

    x = np.stack([whole[n] for n in sorted({i, j})])
    x = x.astype(np.result_type(x, float))
    u, v = np.zeros_like(x), np.zeros_like(x)
    u[0], v[-1] = 1.0, 1.0
    return second_directional_derivative(f, x, u, v)


def _derived(rule: Elementwise, args: list[Array], i: int, j: int) -> Array:
    partial = rule.d[i]
    shape = np.broadcast_shapes(*(a.shape for a in args))
    if isinstance(partial, Const):
        return np.zeros(shape)
    duals = [Dual(a, np.ones(a.shape, a.dtype)) if n == j else a for n, a in enumerate(args)]
    first = partial(rule.func(*duals), *duals)
    return np.broadcast_to(tangent(first), shape) if isinstance(first, Dual) else np.zeros(shape)


def partial_value(partial: Const | Callable[..., Array], ans: Array, args: Sequence[Array]) -> Array:
    """Return a partial at a point, of the shape of the result."""
    with np.errstate(all="ignore"):
        value = NUMBERS[partial] if isinstance(partial, Const) else partial(ans, *args)
    return np.broadcast_to(np.asarray(value), np.shape(ans))


def check_edge(rule: Elementwise, edge: Edge) -> None:
    """Check that Duals, and the second partials, give at a kink or limit what the rule says."""
    args = [np.array([int(a) if d.integer else a]) for a, d in zip(edge.args, rule.on, strict=True)]
    with np.errstate(all="ignore"):
        for i, expected in enumerate(edge.d):
            if not rule.on[i].integer:
                duals = [Dual(a, np.ones(1)) if n == i else a for n, a in enumerate(args)]
                _edge(rule, f"d[{i}]", args, tangent(rule.func(*duals)), expected)
        if edge.dd is not None:
            ans = _plain(rule.func)(*args)
            for k, value in enumerate(edge.dd):
                if value is not None and rule.dd:
                    _edge(rule, f"dd[{k}]", args, partial_value(rule.dd[k], ans, args), value)


def _edge(rule: Elementwise, what: str, args: list[Array], got: Array, expected: float) -> None:
    if not np.allclose(got, expected, rtol=1e-13, atol=1e-13, equal_nan=True):
        raise WrongDerivative(
            f"check_rule: {what} of {_name(rule.func)} is not what its edge says\n  point      {[float(a[0]) for a in args]}\n"
            f"  got        {np.asarray(got).ravel()[0]:.12g}\n  expected   {expected:.12g}\n  suspected  wrong branch at an edge",
            "wrong branch at an edge",
        )


def _linear(rule: Linear, examples: list[Array], rtol: float | None) -> Agreement:
    found: Agreement | None = None
    for x in (a if a.dtype.kind in "fc" else a.astype(float) for a in examples):
        op = rule.op(x.shape)
        rng = np.random.default_rng(0)
        u = rng.uniform(-1, 1, x.shape).astype(x.dtype)
        value = np.asarray(_plain(rule.func)(u))
        bound = np.full(value.shape, tolerance(x.dtype) * float(np.max(np.abs(value), initial=0.0)))
        claim = Claim("check_rule", f"the map of {_name(rule.func)}", u, "itself")
        size = float(np.max(np.abs(value), initial=0.0)) or 1.0
        found = claim.compare(op.apply(u), Truth(value, bound, "the function", size), x.dtype, rtol).worse(found)
        lead = np.stack([u, -2 * u])
        stacked = Claim("check_rule", f"the map of {_name(rule.func)} with leading axes", u, "two arrays at once")
        both = Truth(np.stack([value, -2 * value]), np.stack([2 * bound, 4 * bound]), "the function", size)
        found = stacked.compare(op.apply(lead), both, x.dtype, rtol).worse(found)
        found = check_linear(_plain(rule.func), x, rtol=rtol).worse(found)
        found = check_transpose(op, x=x, rtol=rtol).worse(found)
    return found or Agreement(17.0, 17.0)


def _directions(func: Function, args: list[Array], rng: np.random.Generator, rtol: float | None) -> Agreement:
    found: Agreement | None = None
    for i, x in enumerate(args):
        if x.dtype.kind in "fc":
            v = rng.uniform(-1, 1, x.shape).astype(x.dtype)
            truth = directional_derivative(_one(func, args, i), x, v)
            got = jvp(lambda y, i=i: func(*(y if n == i else a for n, a in enumerate(args))), (x,), (v,))[1]
            found = Claim("check_rule", _name(func), x, f"argument {i}").compare(got, truth, np.asarray(got).dtype, rtol).worse(found)
    return found or Agreement(17.0, 17.0)


def check_ufunc_like(
    f: Function, d: Sequence[Function], on: Sequence[Domain | tuple[float, float]], *, dtypes: Sequence[Any] = (np.float64,), seed: int = 0
) -> Agreement:
    """
    Check a function that acts entry by entry, and its partials: slopes, broadcasting, memory layouts, precision.

    Parameters
    ----------
    f : callable
        `f(*arrays)` broadcasts as a ufunc does.
    d : sequence of callable
        `d[i](*arrays)` is ∂f/∂xᵢ; its result broadcasts to that of f.
    on : sequence of Domain or (low, high)
        Where each argument is sampled.
    dtypes : sequence of dtype
        Precisions that f and d keep: float64, float32.
    seed : int
        For random points.

    Returns
    -------
    Agreement
        How many digits agreed, and how many could have.

    Raises
    ------
    WrongDerivative
        An AssertionError with a table; its cause may be "mixes entries", "loses precision", "depends on the memory layout".
    ValueError
        If there is not one partial and one domain for each argument.

    Notes
    -----
    The Jacobian in each argument is diagonal (Parr & Howard, section 4.2), so that moving all entries at once shows all slopes.

    Examples
    --------
    >>> import numpy as np
    >>> check_ufunc_like(np.hypot, [lambda x, y: x / np.hypot(x, y), lambda x, y: y / np.hypot(x, y)], [(0.3, 2.0), (0.3, 2.0)]).digits > 12
    True

    """
    if len(d) != len(on):
        raise ValueError(f"check_ufunc_like: got {len(d)} partials and {len(on)} domains; give one of each for every argument")
    domains = [o if isinstance(o, Domain) else Domain(f"({o[0]}, {o[1]})", *o) for o in on]
    rng = np.random.default_rng(seed)
    found: Agreement | None = None
    for dtype in map(np.dtype, dtypes):
        drawn = [
            [np.asarray(sample(domain, shape, rng, dtype)) for domain, shape in zip(domains, shapes, strict=True)]
            for shapes in [*shapes_that_broadcast(len(on)), ((12,),) * len(on)]
        ]
        for args in drawn:
            _entry_by_entry(f, args, dtype)
        for i, partial in enumerate(d):
            if not domains[i].integer:
                found = _partials(f, partial, i, drawn, dtype).worse(found)
    return found or Agreement(17.0, 17.0)


def _entry_by_entry(f: Function, args: list[Array], dtype: np.dtype) -> None:
    """Check that values depend on nothing but the entries beside them."""
    shape = np.broadcast_shapes(*(a.shape for a in args))
    value = np.asarray(f(*map(np.array, args)))
    _must(f, args, value.shape == shape, f"a result of shape {value.shape}, not {shape}", "wrong shape")
    whole = [np.broadcast_to(a, shape) for a in args]
    single = np.array([f(*(a[k] for a in whole)) for k in np.ndindex(shape)], value.dtype).reshape(shape)
    _must(f, args, _close(single, value), "other values for arrays than entry by entry", "mixes entries")
    for arranged in zip(*map(layouts, args), strict=True):
        _must(f, args, _close(np.asarray(f(*arranged)), value), "other values in another memory layout", "depends on the memory layout")
    _must(f, args, value.dtype == dtype, f"a result of dtype {value.dtype} for {dtype}", "loses precision")


def _partials(f: Function, partial: Function, i: int, drawn: Sequence[list[Array]], dtype: np.dtype) -> Agreement:
    """Hold a partial at arrays of several shapes to the slopes at all their points, which are measured at once."""
    shapes = [np.broadcast_shapes(*(a.shape for a in args)) for args in drawn]
    points = [
        np.concatenate([np.broadcast_to(a, s).ravel() for a, s in zip(column, shapes, strict=True)]) for column in zip(*drawn, strict=True)
    ]
    truth = slope(f, points, i)
    ends = np.cumsum([math.prod(s) for s in shapes])
    found: Agreement | None = None
    for args, shape, end in zip(drawn, shapes, ends, strict=True):
        got = np.asarray(partial(*map(np.array, args)))
        fits = got.ndim <= len(shape) and all(n in (1, m) for n, m in zip(got.shape[::-1], shape[::-1], strict=False))
        _must(partial, args, fits, f"a partial of shape {got.shape}, which does not broadcast to {shape}", "wrong shape")
        value, bound = (a[end - math.prod(shape) : end].reshape(shape) for a in (truth.value, truth.bound))
        here = dataclasses.replace(truth, value=value, bound=bound)
        claim = Claim("check_ufunc_like", f"d[{i}] of {_name(f)}", _at(args), f"argument {i}")
        found = claim.compare(np.broadcast_to(got, shape), here, dtype).worse(found)
    return found or Agreement(17.0, 17.0)


def _must(f: Function, args: list[Array], holds: bool, what: str, cause: str) -> None:
    if not holds:
        table = f"check_ufunc_like: {_name(f)} gives {what}\n  shapes     {[a.shape for a in args]}\n  suspected  {cause}"
        raise WrongDerivative(table, cause)


def _close(a: Array, b: Array) -> bool:
    error = tolerance(b.dtype, BY_HAND) if b.dtype.kind in "fc" else 0.0
    return a.shape == b.shape and np.allclose(a, b, rtol=error, atol=error, equal_nan=True)


def _one(f: Function, args: Sequence[Array], i: int) -> Function:
    """Return f as a function of argument i, with the others as exact as they are."""
    return lambda y: _plain(f)(*(y if n == i else a for n, a in enumerate(args)))


def _plain(f: Function) -> Function:
    """Return a function as it was before `defrule` wrapped it."""
    return f if isinstance(f, np.ufunc) else getattr(f, "__wrapped__", f)


def _at(args: Sequence[Array]) -> Array:
    shape = np.broadcast_shapes(*(a.shape for a in args))
    return np.stack([np.broadcast_to(a, shape) for a in args]) if len(args) > 1 else args[0]


def _name(f: Any) -> str:
    return getattr(f, "__name__", None) or type(f).__name__


__all__ = ["check_edge", "check_rule", "check_ufunc_like", "curvature", "partial_value", "rule_of", "sample", "slope"]
