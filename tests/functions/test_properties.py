"""Laws over random keys and indices; calls of functions are drawn in tests/drawn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import dualmc as dm
from dualmc.testing.calls import check_close, derivatives, flat

from ..cases import Case
from ..laws import same, value_and_tangent

SMALL = settings(max_examples=40, deadline=None, derandomize=True)


def check(f, *shapes):
    """Check value and tangent with one, two and no axes of directions."""
    case = Case(f"random {shapes}", f, shapes)
    xs, ts = case.sample()
    expected, truths = flat(f(*xs)), derivatives(f, xs, ts)
    for lead in ((), (2,), (2, 1)):
        scale = np.arange(1.0, 1 + np.prod(lead)).reshape(lead)
        results = flat(f(*(dm.Dual(x, np.multiply.outer(scale, t)) for x, t in zip(xs, ts, strict=True))))
        for result, value, truth in zip(results, expected, truths, strict=True):
            primal, tangent = value_and_tangent(result)
            check_close(primal, value)
            check_close(tangent, np.multiply.outer(scale, truth.value), np.multiply.outer(scale, truth.bound), condition=64)


@given(st.data())
@SMALL
def test_any_key_reads_views_and_copies(data):
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))
    key = data.draw(
        st.one_of(
            hnp.basic_indices(shape, allow_newaxis=True),
            hnp.integer_array_indices(shape),
            hnp.arrays(bool, shape),
        )
    )
    x = np.arange(np.prod(shape), dtype=float).reshape(shape)
    t = np.stack([np.cos(x), np.sin(x)])
    d = dm.Dual(x, t)
    result = d[key]
    same(result.primal, np.asarray(x[key]) if isinstance(result.primal, np.ndarray) else x[key])
    for k in range(2):
        same(result.tangent[k], t[k][key])
    assert np.shares_memory(result.primal, x) == np.shares_memory(result.tangent, t)


@pytest.mark.parametrize("u", [np.add, np.multiply, np.maximum, np.subtract], ids=lambda u: u.__name__)
@given(st.lists(st.integers(-4, 3), min_size=1, max_size=8))
@SMALL
def test_at_with_any_mentions(u, indices):
    def f(x, y):
        z = np.copy(x)
        u.at(z, indices, y)
        return z

    check(f, (4,), (len(indices),))
