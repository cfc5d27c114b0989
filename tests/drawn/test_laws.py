"""Every drawn call gives NumPy's value, and the first and second derivatives that differences of NumPy's own values give."""

import numpy as np
import pytest
import scipy.special as sc
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import dualmc as dm
from dualmc.rules import RULES
from dualmc.rules.rule import Constant, Refused
from dualmc.rules.special import SPECIAL

from ..laws import extrapolated, flat, near, tolerance, value_and_tangent
from .calls import name, points
from .table import TABLE

MANY = settings(max_examples=10, deadline=None, derandomize=True)
LEADS = st.sampled_from([1.0, [1.0, -2.0], [[0.5, 1.0]]])
each = pytest.mark.parametrize("entry", TABLE.values(), ids=[name(f) for f in TABLE])
# Steps of the differences: in extended precision small ones, in double precision such that rounding stays below 1e-10.
FIRST = {True: [np.longdouble(2) ** -k for k in (8, 9, 10, 11)], False: [2.0**-k for k in (6, 7, 8, 9)]}
SECOND = {True: FIRST[True], False: [2.0**-k for k in (4, 5, 6, 7)]}


def is_inexact(x):
    return np.asarray(x).dtype.kind in "fc"


def values(entry, call, xs, *moves):
    """NumPy's own inexact results at xs + Σ step·tangent, in the widest precision that it has."""
    kinds = {"f": np.longdouble, "c": np.clongdouble} if entry.wide else {"f": np.float64, "c": np.complex128}
    at = []
    for i, x in enumerate(xs):
        y = x.astype(kinds.get(x.dtype.kind, x.dtype))
        for h, ts in moves:
            y = y + h * ts[i] if x.dtype.kind in "fc" else y
        at.append(np.asarray(y))
    return [np.asarray(r) for r in flat(call.f(*at)) if is_inexact(r)]


def slopes(entry, call, xs, ts):
    """The derivative along ts of every inexact result, with the bound of its error."""
    steps = FIRST[entry.wide]
    columns = []
    for h in steps:
        plus, minus = (values(entry, call, xs, (s * h, ts)) for s in (1, -1))
        columns.append([(p - m) / (2 * h) for p, m in zip(plus, minus, strict=True)])
    return sharp(extrapolated(steps, column, p, 1, entry.noise) for column, p in zip(zip(*columns, strict=True), plus, strict=True))


def curvatures(entry, call, xs, ts, us):
    """The second derivative along ts and us of every inexact result: differences of four values, with the bound of their error."""
    steps = SECOND[entry.wide]
    columns = []
    for h in steps:
        a, b, c, d = (values(entry, call, xs, (p * h, ts), (q * h, us)) for p, q in ((1, 1), (1, -1), (-1, 1), (-1, -1)))
        columns.append([((p - q) - (r - s)) / (4 * h * h) for p, q, r, s in zip(a, b, c, d, strict=True)])
    return sharp(extrapolated(steps, column, p, 2, entry.noise) for column, p in zip(zip(*columns, strict=True), a, strict=True))


def sharp(truths):
    """Pass over examples with a kink so near that differences say nothing."""
    found = list(truths)
    for truth, bound in found:
        assume(np.all(np.isfinite(truth)) and np.all(bound <= 1e-5 * (1 + np.abs(truth).max(initial=0))))
    return found


def condition(entry, xs, values, results):
    """How far rounding may carry a result, in units of its precision; a result is no more precise than what it is computed from."""
    size = 1 + max((float(np.abs(v).max(initial=0)) for v in values if is_inexact(v)), default=0.0)
    coarse = max((np.finfo(x.dtype).eps for x in xs if is_inexact(x)), default=0.0)
    return entry.condition * size * max(1.0, float(coarse / np.finfo(np.asarray(results).dtype).eps))


@each
@given(data=st.data())
@MANY
def test_value_and_tangent_in_either_precision(entry, data):
    point = data.draw(points(entry, ["double", "double", "single"]))
    call, xs, chosen = point.call, point.xs, point.moving
    ts = [t if i in chosen else 0 * t for i, t in enumerate(point.ts)]
    scale = np.asarray(data.draw(LEADS, label="directions"))
    truths = iter(slopes(entry, call, xs, ts))
    expected = flat(call.f(*map(np.copy, xs)))
    moved = [np.multiply.outer(scale, t).astype(t.dtype) for t in ts]
    results = flat(call.f(*(dm.Dual(np.copy(x), t) if i in chosen else x for i, (x, t) in enumerate(zip(xs, moved, strict=True)))))
    for result, value in zip(results, expected, strict=True):
        primal, tangent = value_and_tangent(result)
        assert np.asarray(primal).dtype == np.asarray(value).dtype
        assert np.shape(primal) == np.shape(value)
        if not is_inexact(value):
            np.testing.assert_array_equal(primal, value)
            continue
        near(primal, value, 0, condition(entry, xs, [], value))
        truth, bound = next(truths)
        if type(result) is dm.Dual:
            assert tangent.dtype == primal.dtype
            near(tangent, np.multiply.outer(scale, truth), np.multiply.outer(np.abs(scale), bound), condition(entry, xs, [value], value))
        else:
            near(0 * truth, truth, bound)


@each
@given(data=st.data())
@MANY
def test_nested_derivative_is_the_second(entry, data):
    point = data.draw(points(entry, ["double"]))
    call, xs, chosen = point.call, point.xs, point.moving
    ts, us = ([t if i in chosen else 0 * t for i, t in enumerate(part)] for part in (point.ts, point.us))
    expected = flat(call.f(*map(np.copy, xs)))
    truths = curvatures(entry, call, xs, ts, us)

    def at(moving):
        given = iter(moving)
        return call.f(*(next(given) if i in chosen else x for i, x in enumerate(xs)))

    def first(*moving):
        return dm.jvp(lambda *ys: tuple(r for r, v in zip(flat(at(ys)), expected, strict=True) if is_inexact(v)), moving, some(ts))[1]

    def some(parts):
        return tuple(np.copy(parts[i]) for i in chosen)

    if not truths:
        return
    results = dm.jvp(first, some(xs), some(us))[1]
    for result, (truth, bound) in zip(results, truths, strict=True):
        near(result, truth, 2 * bound + tolerance(np.float64), 16 * condition(entry, xs, expected, truth.astype(np.result_type(result))))


# Completeness. -----------------------------------------------------------------------------------------------

# These are differentiable, but differences say nothing of them: one sees the grid of floats, one raises a DeprecationWarning, and
# SciPy's values of one are right to seven digits only.
PASSED_OVER = {"nextafter", "row_stack", "itairy"}
SPACES = (np, np.linalg, np.fft, sc)


def is_public(func):
    return any(vars(space).get(func.__name__) is func for space in SPACES)


def test_every_differentiable_function_is_drawn():
    """A new function joins by an entry in a table of tests/drawn."""
    rules = {**RULES, **SPECIAL}
    missed = {f.__name__ for f, r in rules.items() if not isinstance(r, (Constant, Refused)) and is_public(f) and f not in TABLE}
    assert missed == PASSED_OVER
