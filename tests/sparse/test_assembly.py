"""From slots to CSR: layouts agree with SciPy's sums of triplets, and parts that are written over each other with dense Jacobians."""

import math

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import dualmc as dm
from dualmc.linear_op import LinearOp
from dualmc.recording import record
from dualmc.sparse.assembly import Layout, repeat
from dualmc.tangents import structured
from dualmc.tangents.gathers import NOWHERE, Root
from dualmc.tangents.structured import Family, columns_of

from .agreement import check, places

X = np.linspace(0.4, 1.9, 12)


# Layouts. ----------------------------------------------------------------------------------------------------


@st.composite
def slots(draw):
    """Draw a root, slots of one shape that gather from it, and two sets of values for them, of which some are numbers."""
    root = Root((draw(st.integers(1, 9)),))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=6))
    gathers = [
        root.gather(draw(hnp.arrays(root.index.dtype, shape, elements=st.integers(-1, root.size - 1))))
        for _ in range(draw(st.integers(1, 5)))
    ]
    if draw(st.booleans()) and shape == root.shape:
        gathers.append(root.identity)
    gathers = list(dict.fromkeys(gathers))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    one = lambda: float(rng.normal()) if rng.random() < 0.4 else rng.normal(size=shape) + (1j if rng.random() < 0.2 else 0)
    return root, shape, [{g: one() for g in gathers} for _ in range(2)]


@given(slots())
@settings(max_examples=150, deadline=None)
def test_a_layout_is_the_sum_of_triplets(drawn):
    """For any gathers: unsorted rows, equal columns in a row, and entries that read nothing."""
    root, shape, both = drawn
    m, layout = math.prod(shape), None
    for terms in both:
        columns = columns_of(terms)[root]
        layout = layout or Layout(columns, shape, root)
        found = layout.matrix(layout.values(columns, np.float64), sp)
        rows = np.concatenate([np.arange(m)] * len(terms))
        at = np.concatenate([g.index.reshape(-1) for g in terms])
        values = np.concatenate([np.broadcast_to(v, shape).reshape(-1) for v in terms.values()])
        kept = at != NOWHERE
        expected = sp.coo_array((values[kept], (rows[kept], at[kept])), shape=(m, root.size)).tocsr()
        expected.sort_indices()
        np.testing.assert_array_equal(found.indptr, expected.indptr)
        np.testing.assert_array_equal(found.indices, expected.indices)
        np.testing.assert_allclose(found.data, expected.data, rtol=1e-14, atol=1e-14)
        assert found.dtype == expected.dtype
        fresh = sp.csr_array((found.data, found.indices, found.indptr), shape=found.shape)
        assert fresh.has_canonical_format  # SciPy looks for itself
        found.data[...] = 7  # is of no consequence for the next one


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_offsets_are_those_of_an_entry_in_the_middle(data):
    root = Root(data.draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=5)))
    view = root.identity._probe[(*data.draw(hnp.basic_indices(root.shape, allow_ellipsis=False).map(np.index_exp.__getitem__)), ...)]
    for g in (root.view(view), root.gather(root.index.reshape(-1)[::-1].copy())):
        index = g.index
        middle = tuple(n // 2 for n in index.shape)
        expected = index[middle] - np.ravel_multi_index(middle, index.shape) if index.shape and index.size else index.sum()
        assert g.offset == expected


def test_the_offset_of_what_reads_nothing_in_the_middle_is_that_of_an_entry_that_reads():
    root = Root((9,))
    assert root.gather(np.array([NOWHERE, 4, NOWHERE, NOWHERE, NOWHERE], root.index.dtype)).offset == 3


# Parts. ------------------------------------------------------------------------------------------------------

SHIFTS = st.integers(-3, 3)
KEYS = st.one_of(
    st.builds(slice, st.integers(0, 6), st.integers(6, 12), st.sampled_from([None, 1, 2])),
    st.builds(slice, st.integers(6, 11), st.integers(0, 5), st.sampled_from([-1, -2])),
    st.integers(0, 11),
    st.lists(st.integers(0, 11), min_size=1, max_size=5).map(np.array),
)
WRITES = st.lists(st.tuples(KEYS, st.lists(SHIFTS, max_size=3), st.booleans()), min_size=1, max_size=5)


def written(writes, joined):
    """Return a function that writes sums of shifted inputs over each other, and puts what comes out beside the input."""

    def f(u):
        r = u * 2 if writes[0][2] else np.zeros_like(u)
        for key, shifts, linear in writes:
            part = sum((np.roll(u, s) if linear else np.roll(u, s) ** 2 for s in shifts), 0.0 * np.ones(12))
            r[key] = part[key]
        return np.stack([r, u[::-1]]) if joined else r

    return f


@given(writes=WRITES, joined=st.booleans())
@settings(max_examples=100, deadline=None)
def test_parts_that_are_written_over_each_other(writes, joined):
    f = written(writes, joined)
    ((once,),) = check(f, [X])
    prepared = dm.sparse_jacobian(f, prepare=True, strategy="structured")
    for x in (X, X + 1, X):
        j = prepared(x)
        np.testing.assert_allclose(j.toarray(), dm.jacobian(f, strategy="dense")(x).reshape(j.shape), rtol=1e-14, atol=1e-14)
        np.testing.assert_array_equal(places(j), places(once))


def stacked(u):
    return np.stack([np.roll(u, 1) - u, u * np.roll(u, -1)])


def interleaved(u):
    return np.stack([np.roll(u, 1) - u, u * np.roll(u, -1), 2 * u - np.roll(u, 1)], axis=-1)


def in_blocks(u):
    a = u.reshape(3, 4)
    return np.concatenate([a[:, 1:] - a[:, :-1], a[:, :2] - a[:, 2:]], axis=1)


def assembled(u):
    r = np.zeros_like(u)
    r[1:-1] = u[2:] - 2 * u[1:-1] + u[:-2]
    r[0] = u[0] ** 2
    return r


@pytest.mark.parametrize("f", [stacked, interleaved, in_blocks, assembled])
def test_parts_are_not_put_together_before_they_are_in_their_places(f):
    """Columns of a result make neither gathers nor values of its shape, have as many slots, and are counted."""
    family = Family([X])
    (t,) = record(f, lambda it: f(*it), [X], False).tape.push(family.seeds(), structured)
    columns = t.columns()[family.leaves[0]]
    assert all(s is None or s.shape != t.shape for column in columns for _, s, _ in column)
    assert family.most == len(columns) == len(t.terms)


@pytest.mark.parametrize("f", [stacked, interleaved, in_blocks, assembled, lambda u: u[1:] * u[:-1]])
def test_prepared_matrices_have_values_of_their_own_and_share_their_places(f):
    check(f, [X])
    prepared = dm.sparse_jacobian(f, prepare=True)
    first = prepared(X)
    expected = first.toarray()
    kept = first.copy()
    first.data[...] = np.nan
    second = prepared(X)
    np.testing.assert_array_equal(second.toarray(), expected)
    np.testing.assert_array_equal(kept.toarray(), expected)
    assert np.shares_memory(first.indices, second.indices)
    assert not np.shares_memory(first.data, second.data)


def test_views_are_written_through_whatever_the_order_in_memory():
    """A column of a table lies in no order in which a reshaped view could, so that NumPy's reshape copies it."""
    flat = LinearOp((3, 4), (12,), lambda x: x.reshape(12), lambda c: c.reshape(3, 4), gather=True, view=True)
    for x in (np.zeros((3, 4)), np.zeros((4, 3)).T, np.zeros((3, 4, 2))[..., 1]):
        flat.assign(x, np.arange(12.0))
        np.testing.assert_array_equal(x, np.arange(12.0).reshape(3, 4))


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 200])
def test_a_row_is_written_everywhere(count):
    rows = np.full((count, 3), np.nan)
    repeat(rows, [1.0, -0.0, 0.5])
    np.testing.assert_array_equal(rows, np.broadcast_to([1.0, 0.0, 0.5], (count, 3)))
    assert np.signbit(rows[:, 1]).all()
