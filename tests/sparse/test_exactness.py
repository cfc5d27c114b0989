"""Sparse Jacobians are dense ones: for every rule, every drawn call, every case and random programs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualmc import testing as dt
from dualmc.rules import RULES
from dualmc.rules.elementwise import bounded, chosen
from dualmc.rules.rule import Elementwise
from dualmc.rules.special import SPECIAL
from dualmc.testing.table import sample

from ..drawn.calls import name, points
from ..drawn.table import TABLE
from ..functions.table import CASES, COMPLEX, over
from ..linalg.cases import CASES as LINALG
from ..reverse.adjoint import is_refused
from ..reverse.test_memory import WRITES
from ..test_memory import PROGRAMS
from .agreement import check, places
from .writing import N, programs

CALLED = {bounded: np.clip, chosen: np.where}
RULED = {name(r.func): r for table in (RULES, SPECIAL) for r in table.values() if isinstance(r, Elementwise)}


@over(CASES)
def test_every_case(case):
    check(case.f, case.sample()[0])


@over(LINALG)
def test_every_linalg_case(case):
    check(case.f, case.sample()[0], 64.0)


@over(COMPLEX[::2])
def test_every_other_case_with_complex_intermediates(case):
    weights = [np.cos(np.arange(x.size)).reshape(x.shape) + 0.5j for x in case.sample()[0]]
    check(lambda *xs: case.f(*(x * w for x, w in zip(xs, weights, strict=True))), case.sample()[0], 64.0)


@pytest.mark.parametrize("entry", TABLE.values(), ids=[name(f) for f in TABLE])
@given(data=st.data())
@settings(max_examples=4, deadline=None, derandomize=True)
def test_every_drawn_call(entry, data):
    point = data.draw(points(entry, ["double", "double", "single"]))
    xs = point.xs
    moving = [i for i in point.moving if xs[i].dtype.kind == "f"]

    def f(*moved):
        given = iter(moved)
        return point.call.f(*(next(given) if i in moving else np.copy(x) for i, x in enumerate(xs)))

    if moving:
        check(f, [xs[i] for i in moving], 16 * entry.condition)


# Rules that act entry by entry: no entry off the diagonal. ---------------------------------------------------


@pytest.mark.parametrize("rule", RULED.values(), ids=RULED)
def test_elementwise_patterns_are_diagonal(rule):
    rng = np.random.default_rng(0)
    xs = [sample(d, (5,), rng) for d in rule.on]
    moving = [i for i, d in enumerate(rule.on) if not d.integer]
    func = CALLED.get(rule.func, rule.func)

    def f(*moved):
        given = iter(moved)
        return func(*(next(given) if i in moving else x for i, x in enumerate(xs)))

    at = [xs[i] for i in moving]
    if not moving or is_refused(f, at):
        return
    for j in (j for row in check(f, at) for j in row):
        assert set(places(j)) <= set(range(0, 25, 6))


# Programs. ---------------------------------------------------------------------------------------------------


@given(program=dt.smooth_programs(6, 8), seed=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_random_programs(program, seed):
    check(program, [np.random.default_rng(seed).normal(size=6)], 1e4)


@given(program=programs(), seed=st.integers(0, 1000))
@settings(max_examples=120, deadline=None)
def test_random_programs_that_write(program, seed):
    check(program, [np.random.default_rng(seed).uniform(0.3, 2, N)], 1e3)


@pytest.mark.parametrize("f", [*PROGRAMS.values(), *WRITES.values()], ids=lambda f: f.__name__)
def test_programs_that_write(f):
    check(f, [np.random.default_rng(0).uniform(0.3, 2, 6)])
