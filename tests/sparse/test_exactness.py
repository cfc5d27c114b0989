"""Sparse Jacobians are dense ones: for every rule, every drawn call, every case and random programs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from ..linalg.cases import CASES as LINALG
from .agreement import check, close, places

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
