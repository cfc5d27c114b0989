"""Every drawn call of every differentiable function has the coefficients that nested Duals give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dualmc as dm
from dualmc.testing.calls import flat
from dualmc.testing.report import tolerance

from ..drawn.calls import name, points
from ..drawn.table import TABLE
from .nested import coefficients

ORDER = 3
# The partials of Carlson's integrals are quadratures; test_table.py has them, too.
ENTRIES = {f: entry for f, entry in TABLE.items() if not f.__name__.startswith("ellipr")}


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=[name(f) for f in ENTRIES])
@settings(max_examples=4, deadline=None, derandomize=True)
@given(data=st.data())
def test_coefficients_are_those_of_nested_duals(entry, data):
    point = data.draw(points(entry, ["double", "double", "single"]))
    call, xs, chosen = point.call, point.xs, point.moving

    def f(moving):
        given = iter(moving)
        return call.f(*(next(given) if i in chosen else np.copy(x) for i, x in enumerate(xs)))

    x, v = ([part[i] for i in chosen] for part in (point.xs, point.ts))
    with np.errstate(all="ignore"):
        results = flat(dm.taylor(f, x, v, ORDER))
        expected = coefficients(f, x, v, ORDER)
    values = flat(call.f(*map(np.copy, xs)))
    coarse = max((np.finfo(a.dtype).eps for a in xs if a.dtype.kind in "fc"), default=0.0)
    for result, column, value in zip(results, expected, map(np.asarray, values), strict=True):
        assert result.shape == (ORDER + 1, *value.shape)
        if value.dtype.kind not in "fc":
            np.testing.assert_array_equal(result[0], value)
            assert not result[1:].any()
            continue
        assert result.dtype == value.dtype
        size = 1 + max(float(np.abs(c).max(initial=0)) for c in column)
        bound = tolerance(result.dtype, entry.condition * size * max(1.0, float(coarse / np.finfo(result.dtype).eps)))
        np.testing.assert_allclose(result, np.stack(column), rtol=0, atol=bound)
