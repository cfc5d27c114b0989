"""Indices that go in steps: they are NumPy's own rolls, slices and broadcasts of the numbers, equal ones are one object; tables of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import dualmc as dm
from dualmc.rules.linear import roll_op
from dualmc.sparse.assembly import write_indices
from dualmc.tangents import steps
from dualmc.tangents.gathers import NOWHERE, Gather, Root
from dualmc.tangents.structured import columns_of

from .agreement import check

SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=5)


@st.composite
def rolled_gathers(draw, most=1):
    """Draw a root, and gathers of a view of it that is rolled a few times, beside the indices that NumPy's roll gives."""
    root = Root(draw(SHAPES))
    key = draw(hnp.basic_indices(root.shape, allow_ellipsis=False))
    key = (*(key if isinstance(key, tuple) else (key,)), ...)
    view, numbers = root.view(root._probe[key]), root.index[key]
    found = []
    for _ in range(draw(st.integers(1, most))):
        g, index = view, numbers
        for _ in range(draw(st.integers(0, 3)) if numbers.ndim else 0):
            axes = tuple(draw(st.lists(st.integers(0, numbers.ndim - 1), min_size=1, max_size=2)))
            shifts = draw(st.one_of(st.integers(-7, 7), st.tuples(*[st.integers(-7, 7)] * len(axes))))
            g, index = g.then(roll_op(numbers.shape, shifts, axes)), np.roll(index, shifts, axes)
        found.append((g, index))
    return root, found


@given(rolled_gathers())
@settings(max_examples=200, deadline=None)
def test_rolls_of_views_read_what_numpy_rolls(drawn):
    root, ((g, index),) = drawn
    np.testing.assert_array_equal(g.index, index)
    assert g.index.dtype == root.index.dtype
    assert root.gather(np.array(index)) is g
    assert Root(root.shape).gather(np.array(index)).lines == g.lines
    assert g.whole
    middle = tuple(n // 2 for n in index.shape)
    if index.size:
        assert g.offset == index[middle] - (np.ravel_multi_index(middle, index.shape) if middle else 0)


@given(rolled_gathers(), st.data())
@settings(max_examples=80, deadline=None)
def test_rolls_are_broadcast_as_numpy_broadcasts(drawn, data):
    root, ((g, index),) = drawn
    wide = tuple(data.draw(st.integers(1, 3)) if n == 1 else n for n in index.shape)
    wide = (*data.draw(st.lists(st.integers(1, 3), max_size=2)), *wide)
    s = g.spread(wide)
    np.testing.assert_array_equal(s.index, np.broadcast_to(index, wide))
    assert root.gather(np.array(s.index)) is s


@given(index=hnp.arrays(np.int32, SHAPES, elements=st.integers(-1, 30)))
@settings(max_examples=100, deadline=None)
def test_an_index_goes_in_steps_if_each_axis_adds_the_same_numbers(index):
    lines = steps.lines_of(index)
    corner = index[(0,) * index.ndim]
    by_axis = [index[(*(0,) * a, slice(None), *(0,) * (index.ndim - a - 1))] - corner for a in range(index.ndim)]
    separate = np.array_equal(corner + sum(np.ix_(*by_axis)), index) and index.min() != NOWHERE
    few = all(1 + np.count_nonzero(np.diff(along, 2)) <= steps.RUNS for along in by_axis)
    assert (lines is not None) == (separate and few)


def test_an_index_that_breaks_too_often_is_an_array():
    n = 4 * steps.RUNS
    root, order = Root((n,)), np.random.default_rng(0).permutation(n).astype(np.int32)
    g = root.gather(order)
    assert g.lines is None
    for index in (np.repeat(np.arange(steps.RUNS // 2), 3), np.repeat(np.arange(n // 2), 2)):
        g = root.gather(index.astype(np.int32)).then(roll_op(index.shape, 1, 0))
        np.testing.assert_array_equal(g.index, np.roll(index, 1))
        assert root.gather(np.roll(index, 1).astype(np.int32)) is g


@given(rolled_gathers(most=5))
@settings(max_examples=200, deadline=None)
def test_rows_that_are_not_looked_at_rise(drawn):
    """The table is that of the indices side by side, and each row that does not rise is among those that may not."""
    root, found = drawn
    terms = {g: 1.0 for g, _ in found}
    columns = columns_of(terms)[root]
    shape = found[0][1].shape
    table = np.full((*shape, len(columns)), -7, np.int32)
    doubtful = write_indices(table, columns)
    np.testing.assert_array_equal(table, np.stack([s.index for ((_, s, _),) in columns], axis=-1))
    rows = table.reshape(-1, len(columns))
    falling = np.flatnonzero((np.diff(rows, axis=1) <= 0).any(axis=1)) if rows.size else []
    assert doubtful is None or set(falling) <= set(doubtful.tolist())


@pytest.mark.parametrize("axes", [(0,), (0, 1), (0, 1, 2)])
def test_few_rows_of_a_stencil_are_looked_at(axes):
    """Only those at a border, where what is read is on the other side."""
    side = 12
    root = Root((side,) * 3)
    terms = {root.identity: 1.0} | {root.identity.then(roll_op(root.shape, s, a)): 1.0 for a in axes for s in (1, -1)}
    columns = columns_of(terms)[root]
    table = np.empty((*root.shape, len(columns)), np.int32)
    doubtful = write_indices(table, columns)
    place = np.unravel_index(np.arange(root.size), root.shape)
    border = np.any([(place[a] == 0) | (place[a] == side - 1) for a in axes], axis=0)
    np.testing.assert_array_equal(doubtful, np.flatnonzero(border))


def test_rolls_make_no_arrays_of_indices(monkeypatch):
    def refuse(self):
        raise AssertionError("an array of indices was made")

    monkeypatch.setattr(Gather, "index", property(refuse))

    def spread(u):
        return sum((np.roll(u, s, a) for a in (0, 1) for s in (1, -1)), -4 * u) + np.roll(np.roll(u, 2, 0), -1, 1)

    def both(w):
        return np.stack([spread(w[0]) * w[1], np.fft.fftshift(w[1])])

    x = np.random.default_rng(0).normal(size=(2, 5, 6))
    check(lambda w: spread(w[0]), [x])
    monkeypatch.undo()
    check(both, [x])


def strided(u):
    return np.stack([u[::2, 1:] + u[1::2, 1:], np.roll(u, 1, 1)[::2, :-1] * u[::2, :-1]], axis=1)


def inside(u):
    r = np.sin(u)
    r[1:-1, 1:-1] = np.roll(u, 1, 0)[1:-1, 1:-1] - u[1:-1, :-2] * u[2:, 2:]
    r[::3] += np.roll(u, 3, 1)[::3]
    return r


def last(u):
    return np.stack([np.roll(u, 1, 0) - u, u * np.roll(u, (2, 1), (0, 1))], axis=-1)


def masked(u):
    return np.where(np.arange(u.size).reshape(u.shape) % 5 > 1, np.roll(u, 2, 0), u[::-1]) + np.roll(u, (1,), (0, 1))


def coarse(u):
    return u[::2, ::2] * u[1::2, ::2] + np.roll(u, -1, 0)[::2, 1::2]


@pytest.mark.parametrize("f", [strided, inside, last, masked, coarse, lambda u: np.roll(u, 5) * u])
@pytest.mark.parametrize("shape", [(4, 4), (6, 2), (8, 6)])
def test_rolls_beside_other_gathers(f, shape):
    x = np.random.default_rng(0).uniform(0.5, 1.5, shape)
    check(f, [x])
    prepared = dm.sparse_jacobian(f, prepare=True, strategy="structured")
    for at in (x, x + 1, x):
        j = prepared(at)
        np.testing.assert_allclose(j.toarray(), dm.jacobian(f, strategy="dense")(at).reshape(j.shape), rtol=1e-13, atol=1e-13)
