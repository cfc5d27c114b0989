"""Every drawn call of every differentiable function has the second derivatives that nested Duals give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualmc.testing.calls import check_close, flat

from ..drawn.calls import name, points
from ..drawn.table import TABLE
from ..drawn.test_laws import condition
from .nested import ALL, Input, blocks_of, by_pairs, drawn

FEW = settings(max_examples=8, deadline=None, derandomize=True)
each = pytest.mark.parametrize("entry", TABLE.values(), ids=[name(f) for f in TABLE])
ZEROS = st.sampled_from(["", "=", "e12", "= e12", "e1", "e2 e12", "e1 e2"])


@each
@given(data=st.data())
@FEW
def test_hyper_duals_are_nested_duals(entry, data):
    point = data.draw(points(entry, ["double", "double", "single"]))
    directions = data.draw(st.sampled_from(ALL), label="directions")
    rng = np.random.default_rng(data.draw(st.integers(0, 99), label="seed"))
    zeros = [data.draw(ZEROS, label="zeros") for _ in point.xs]
    inputs = [
        drawn(x, directions, rng, z) if i in point.moving else np.copy(x) for i, (x, z) in enumerate(zip(point.xs, zeros, strict=True))
    ]
    expected = by_pairs(lambda *xs: flat(point.call.f(*xs)), inputs, directions)
    results = flat(point.call.f(*(x.hyper(directions) if isinstance(x, Input) else x for x in inputs)))
    for result, truth in zip(results, expected, strict=True):
        primal, *blocks = blocks_of(result)
        assert np.array_equal(primal, truth[0], equal_nan=np.asarray(primal).dtype.kind in "fc")
        for block, wanted in zip(blocks, truth[1:], strict=True):
            if block is None:
                assert not np.any(wanted)
            else:
                assert block.dtype == primal.dtype
                check_close(block, wanted, 0, condition(entry, point.xs, truth[1:], block))
