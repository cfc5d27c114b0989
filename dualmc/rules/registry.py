"""The rule table: one record for each function, found by one dict lookup."""

import functools
import importlib
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .._typing import Function
from ..errors import unknown
from ..linear_op import LinearOp
from ..partial import Const
from .rule import REAL, Complex, Composed, Constant, Domain, Edge, Elementwise, Linear, Partial, Rule

RULES: dict[Any, Rule] = {}
_DEFINED: set[Any] = set()
OPTIONAL = {"scipy.special": ("dualmc.rules.special", "SPECIAL")}
"""Modules that may be absent, and where their rules are; a ufunc does not say which module it comes from."""
_MERGED: set[str] = set()


def complete() -> None:
    """Load the rules that wait until they are asked for (bench/bench_import.py shows why they wait)."""
    importlib.import_module("dualmc.rules.later")


def missing(func: Any) -> Rule:
    """Return the rule of a function that the table lacks, from rules that wait or those of an optional module in use."""
    complete()
    for module, (home, table) in OPTIONAL.items():
        if module in sys.modules and module not in _MERGED:
            for f, rule in getattr(importlib.import_module(home), table).items():
                RULES.setdefault(f, rule)
            _MERGED.add(module)
    rule = RULES.get(func)
    if rule is None:
        raise unknown(func)
    return rule


def register(rule: Rule, *, under: Any = None) -> None:
    """Put a rule into the table, under its own function or under another one that it stands for."""
    RULES[rule.func if under is None else under] = rule


def elementwise(
    func: Function,
    *,
    d: Iterable[Partial],
    dd: Iterable[Partial],
    on: Iterable[Domain],
    edges: Iterable[Edge] = (),
    select: bool = False,
    quiet: bool | Callable[..., bool] = False,
    on_complex: Complex = "holomorphic",
) -> None:
    """Enter an element-wise function."""
    register(Elementwise(func, tuple(d), tuple(dd), tuple(on), tuple(edges), select, quiet, on_complex))


def defrule(
    func: Function,
    *,
    d: Sequence[Partial] | None = None,
    dd: Sequence[Partial] | None = None,
    linear: Callable[..., LinearOp] | None = None,
    composed: Function | None = None,
    constant: bool = False,
    on: Sequence[Domain] | None = None,
    edges: Sequence[Edge] = (),
    select: bool = False,
    quiet: bool = False,
    replace: bool = False,
) -> Function:
    """
    Give a function of one's own, or a ufunc, its derivative.

    Exactly one of `d`, `linear`, `composed` and `constant` says what kind of function it is. Every mode and every
    order follows from the one entry, because the partials are written in NumPy calls on their arguments.

    Parameters
    ----------
    func : callable
        A ufunc, or a function of arrays. It is called with plain arrays.
    d : sequence, optional
        Element-wise function: one local partial for each argument, a function of `(ans, *args)` that returns an
        array which broadcasts to the result, or `dm.ZERO`, `dm.ONE`, `dm.MINUS_ONE`.
    dd : sequence, optional
        The upper triangle of second partials, row by row (`n * (n + 1) / 2` of them); derived from `d` when left out.
    linear : callable, optional
        Linear function of the first argument: `linear(shape, *args, **kwargs)` returns its `LinearOp`.
    composed : callable, optional
        The same function written in terms of functions that have rules.
    constant : bool
        The derivative is zero wherever it exists.
    on : sequence of Domain, optional
        Where `d` and `dd` may be sampled by tests; the real line when left out.
    edges : sequence of Edge, optional
        Kinks and limit points with the partials expected there.
    select : bool
        The partials are weights that drop the tangent of what was not chosen, even if it is nan.
    quiet : bool
        The partials are evaluated without floating-point warnings.
    replace : bool
        Replace a rule that `defrule` made before; the rules that come with dualmc stay.

    Returns
    -------
    callable
        `func` itself for a ufunc; otherwise a function to call in its place, which accepts Duals.

    Raises
    ------
    TypeError
        If func is not callable, or not exactly one kind is given.
    ValueError
        If the number of partials does not fit, or a rule exists and `replace` is not set.

    Notes
    -----
    For y = f(x₁, ..., xₙ) entry by entry the tangent is Σᵢ d[i] · tᵢ: each Jacobian is the diagonal matrix
    diag(∂f/∂xᵢ) (Parr & Howard, section 4.2).

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> def logistic_map(r, x):
    ...     return r * x * (1 - x)
    >>> f = dm.defrule(logistic_map, d=[lambda ans, r, x: x * (1 - x), lambda ans, r, x: r * (1 - 2 * x)])
    >>> dm.jvp(lambda x: f(3.5, x), (np.array([0.1, 0.5]),), (np.ones(2),))[1]
    array([2.8, 0. ])

    """
    if not callable(func):
        raise TypeError(f"defrule: func must be callable, got {type(func).__name__}")
    given = [name for name, value in (("d", d), ("linear", linear), ("composed", composed)) if value is not None]
    given += ["constant"] * bool(constant)
    if len(given) != 1:
        raise TypeError(f"defrule: give exactly one of d=, linear=, composed=, constant=True; got {', '.join(given) or 'none'}")
    complete()
    if func in RULES and not (replace and func in _DEFINED):
        cure = "pass replace=True to replace it" if func in _DEFINED else "it comes with dualmc and stays"
        raise ValueError(f"defrule: {func!r} has a rule already; {cure}")
    call = func if isinstance(func, np.ufunc) else dispatching(func)
    rule: Rule
    if d is not None:
        _check_partials(func, d, dd)
        domains = tuple(on) if on is not None else (REAL,) * len(d)
        rule = Elementwise(call, tuple(d), tuple(dd or ()), domains, tuple(edges), select, quiet)
    elif linear is not None:
        rule = Linear(call, linear)
    elif composed is not None:
        rule = Composed(call, composed)
    else:
        rule = Constant(call)
    _DEFINED.add(func)
    register(rule, under=func)
    return call


def _check_partials(func: Function, d: Sequence[Partial], dd: Sequence[Partial] | None) -> None:
    n = len(d)
    if isinstance(func, np.ufunc) and (func.nin != n or func.nout != 1):
        raise ValueError(f"defrule: d has {n} partials, {func.__name__} has {func.nin} inputs and {func.nout} outputs")
    if dd is not None and len(dd) != n * (n + 1) // 2:
        raise ValueError(f"defrule: dd must have {n * (n + 1) // 2} entries for {n} arguments, got {len(dd)}")
    for partial in (*d, *(dd or ())):
        if not callable(partial) and not isinstance(partial, Const):
            raise TypeError(f"defrule: a partial is a function or dm.ZERO, dm.ONE, dm.MINUS_ONE; got {partial!r}")


def dispatching(func: Function) -> Function:
    """Wrap func so that it offers itself to its arguments by NumPy's own protocol."""

    @functools.wraps(func)
    def call(*args: Any, **kwargs: Any) -> Any:
        for a in args:
            if type(a) is not np.ndarray and hasattr(type(a), "__array_function__"):
                return type(a).__array_function__(a, func, (type(a),), args, kwargs)
        return func(*args, **kwargs)

    return call
