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
from dualmc.testing.calls import check_close, derivatives, flat, is_inexact, second_derivatives

from ..laws import value_and_tangent
from .calls import name, points
from .table import TABLE

MANY = settings(max_examples=10, deadline=None, derandomize=True)
LEADS = st.sampled_from([1.0, [1.0, -2.0], [[0.5, 1.0]]])
each = pytest.mark.parametrize("entry", TABLE.values(), ids=[name(f) for f in TABLE])
NEAR = 1 / 8  # of a unit, so that few jumps are near


def sharp(truths):
    """Pass over examples with a kink so near that differences say nothing."""
    for truth in truths:
        assume(np.all(np.isfinite(truth.value)) and np.all(truth.bound <= 1e-5 * (1 + np.abs(truth.value).max(initial=0))))
    return truths


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
    truths = sharp(derivatives(call.f, xs, ts, NEAR, entry.noise))
    expected = flat(call.f(*map(np.copy, xs)))
    moved = [np.multiply.outer(scale, t).astype(t.dtype) for t in ts]
    results = flat(call.f(*(dm.Dual(np.copy(x), t) if i in chosen else x for i, (x, t) in enumerate(zip(xs, moved, strict=True)))))
    for result, value, truth in zip(results, expected, truths, strict=True):
        primal, tangent = value_and_tangent(result)
        assert np.asarray(primal).dtype == np.asarray(value).dtype
        assert np.shape(primal) == np.shape(value)
        if not is_inexact(value):
            np.testing.assert_array_equal(primal, value)
            continue
        check_close(primal, value, 0, condition(entry, xs, [], value))
        if type(result) is dm.Dual:
            assert tangent.dtype == primal.dtype
            bound = np.multiply.outer(np.abs(scale), truth.bound)
            check_close(tangent, np.multiply.outer(scale, truth.value), bound, condition(entry, xs, [value], value))
        else:
            check_close(0 * truth.value, truth.value, truth.bound)


@each
@given(data=st.data())
@MANY
def test_nested_derivative_is_the_second(entry, data):
    point = data.draw(points(entry, ["double"]))
    call, xs, chosen = point.call, point.xs, point.moving
    ts, us = ([t if i in chosen else 0 * t for i, t in enumerate(part)] for part in (point.ts, point.us))
    expected = flat(call.f(*map(np.copy, xs)))
    truths = [t for t, v in zip(sharp(second_derivatives(call.f, xs, ts, us, NEAR, entry.noise)), expected, strict=True) if is_inexact(v)]

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
    for result, truth in zip(results, truths, strict=True):
        kind = np.result_type(result)
        check_close(result, truth.value, truth.bound, 16 * condition(entry, xs, expected, truth.value.astype(kind)))


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
