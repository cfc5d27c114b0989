"""Reverse mode is the transpose of forward mode: for every rule, every drawn call, every case and random programs."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_memory import PROGRAMS

import dualmc as dm
from dualmc import testing as dt
from dualmc.rules import RULES
from dualmc.rules.elementwise import bounded, chosen
from dualmc.rules.rule import Elementwise
from dualmc.rules.special import SPECIAL
from dualmc.testing.table import sample

from ..drawn.calls import name, points
from ..drawn.table import TABLE
from ..functions.table import CASES, COMPLEX, over
from .adjoint import check, is_refused

CALLED = {bounded: np.clip, chosen: np.where}
RULED = {name(r.func): r for table in (RULES, SPECIAL) for r in table.values() if isinstance(r, Elementwise)}


@pytest.mark.parametrize("rule", RULED.values(), ids=RULED)
def test_every_elementwise_rule(rule):
    rng = np.random.default_rng(0)
    xs = [sample(d, (3, 4), rng) for d in rule.on]
    moving = [i for i, d in enumerate(rule.on) if not d.integer]
    func = CALLED.get(rule.func, rule.func)
    for chosen_ in [moving, *([i] for i in moving if len(moving) > 1)]:

        def f(*moved, chosen_=chosen_):
            given = iter(moved)
            return func(*(next(given) if i in chosen_ else x for i, x in enumerate(xs)))

        at = [xs[i] for i in chosen_]
        if not is_refused(f, at):
            check(f, at, [rng.uniform(-1, 1, (3, 4)) for _ in chosen_])


def _takes_complex(rule):
    """Whether NumPy or SciPy evaluates the function at complex numbers."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error")  # what casts to real does not take them
            return np.asarray(CALLED.get(rule.func, rule.func)(*([0.5 + 0.25j] * len(rule.on)))).dtype.kind in "fc"
    except (TypeError, ValueError, NotImplementedError, Warning):
        return False


OF_COMPLEX = {n: r for n, r in RULED.items() if _takes_complex(r)}


@pytest.mark.parametrize("rule", OF_COMPLEX.values(), ids=OF_COMPLEX)
def test_every_elementwise_rule_at_complex_numbers(rule):
    rng = np.random.default_rng(0)
    zs = [0.5 * sample(d, (3, 4), rng) + 1j * rng.uniform(0.1, 0.4, (3, 4)) for d in rule.on]
    func = CALLED.get(rule.func, rule.func)
    if not is_refused(func, zs):
        check(func, zs, [rng.uniform(-1, 1, (3, 4)) + 1j * rng.uniform(-1, 1, (3, 4)) for _ in zs], 64.0)


def test_enough_rules_take_complex_numbers():
    assert {"numpy.exp", "numpy.sqrt", "numpy.multiply", "numpy.divide", "numpy.power", "numpy.arctan", "numpy.absolute"} <= set(OF_COMPLEX)


@pytest.mark.parametrize("entry", TABLE.values(), ids=[name(f) for f in TABLE])
@given(data=st.data())
@settings(max_examples=8, deadline=None, derandomize=True)
def test_every_drawn_call(entry, data):
    point = data.draw(points(entry, ["double", "double", "single"]))
    xs, moving = point.xs, point.moving

    def f(*moved):
        given = iter(moved)
        return point.call.f(*(next(given) if i in moving else np.copy(x) for i, x in enumerate(xs)))

    check(f, [xs[i] for i in moving], [point.ts[i] for i in moving], entry.condition)


@over(CASES)
def test_every_case(case):
    check(case.f, *case.sample())


@over(COMPLEX)
def test_every_complex_case(case):
    check(case.f, *case.sample(np.complex128))


@given(program=dt.smooth_programs(6, 8), seed=st.integers(0, 1000))
@settings(max_examples=100, deadline=None)
def test_random_programs(program, seed):
    rng = np.random.default_rng(seed)
    x, v = rng.normal(size=(2, 6))
    check(program, [x], [v], 1e3)
    forward = dm.jacobian(program)(x)
    rows = dm.reverse.jacobian(program, chunk_size=4)(x)
    np.testing.assert_allclose(rows, forward, rtol=1e-9, atol=1e-10 * (1 + np.abs(forward).max()))


@pytest.mark.parametrize("f", PROGRAMS.values(), ids=PROGRAMS)
def test_programs_that_write(f):
    rng = np.random.default_rng(0)
    check(f, [rng.uniform(0.3, 2, 6)], [rng.normal(size=6)])
