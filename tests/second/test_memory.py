"""Views and writes: a HyperDual with structural zeros holds what nested Duals with zeros in their place hold, after any program."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dualmc as dm
from dualmc.arrays.hyperdual import HyperDual
from dualmc.tangents.hyper import HyperTangent
from dualmc.tangents.pairing import OUTER, PAIRED, SUMMED

from .nested import ALL, Directions, drawn

LEADS = Directions(OUTER, (2,), (2,))


def full(x):
    """The four parts of a hyper-dual, or of nested Duals with all parts there, with zeros for what is missing."""
    if isinstance(x, HyperDual):
        zero = [np.zeros(lead + x.shape) for lead in ((2,), (2,), (2, 2))]
        return [x.primal, *(z if b is None else b for z, b in zip(zero, (x.e1, x.e2, x.e12), strict=True))]
    return [x.primal.primal, x.primal.tangent, x.tangent.primal, x.tangent.tangent]


def agree(x, y):
    for a, b in zip(full(x), full(y), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13)


def pair(shape, rng, zeros, order="C"):
    """The same values as a hyper-dual and as nested Duals."""
    x = np.array(rng.uniform(0.5, 1.5, shape), order=order)
    given = drawn(x, LEADS, rng, zeros)
    _, e1, e2, e12 = full(given.hyper(LEADS))
    nested = dm.Dual(dm.Dual(x.copy("K"), settled(e1, x), 1), dm.Dual(settled(e2, x), settled(e12, x), 1), 2)
    return given.hyper(LEADS), nested


def settled(t, x):
    return dm.Dual(x, t).tangent.copy("K")


VIEWS = {
    "tail": lambda x: x[1:] if len(x) > 1 else x,
    "head": lambda x: x[: max(1, len(x) - 1)],
    "reversed": lambda x: x[::-1],
    "transposed": lambda x: x.T,
    "flat": lambda x: x.reshape(-1),
    "ravel": np.ravel,
    "flat of transposed": lambda x: x.T.reshape(-1),
    "column": lambda x: x[..., 0] if x.ndim > 1 else x[:1],
    "new axis": lambda x: x[None] if x.ndim < 3 else x,
    "whole": lambda x: x[...],
    "diagonal": lambda x: x.diagonal() if x.ndim == 2 else x[:1],
    "swapped": lambda x: np.swapaxes(x, 0, -1),
}
COPIES = {"sum": lambda x: x + 1.0, "picked": lambda x: x[[0]], "copy": np.copy, "plus": lambda x: +x, "product": lambda x: x * x}


def first(x, shape):
    """Values for an array of a shape, from the entries of another one."""
    return np.broadcast_to(np.ravel(x)[0], shape)


def assign(x, y):
    x[...] = first(y, x.shape)


def assign_part(x, y):
    x[:1] = y if y.shape == x[:1].shape else first(y, x[:1].shape)


def constant(x, y):
    x[..., :1] = 0.25


def add(x, y):
    x += first(y, x.shape)


def multiply(x, y):
    x *= 1.5 if y.ndim == 1 else first(y, x.shape)


def sine(x, y):
    np.sin(first(y, x.shape), out=x)


def add_at(x, y):
    np.add.at(x, [0, 0], first(y, (2, *x.shape[1:])))


def fancy(x, y):
    x[[0, -1]] = first(y, (2, *x.shape[1:]))


def masked(x, y):
    np.putmask(x, np.ones(x.shape, bool), first(y, x.shape))


def shifted(x, y):
    x[1:] = x[:-1]


WRITES = [assign, assign_part, constant, add, multiply, sine, add_at, fancy, masked, shifted]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("view"), st.sampled_from(sorted(VIEWS)), st.integers(0, 9)),
        st.tuples(st.just("copy"), st.sampled_from(sorted(COPIES)), st.integers(0, 9)),
        st.tuples(st.just("write"), st.sampled_from(WRITES), st.integers(0, 9), st.integers(0, 9)),
    ),
    min_size=1,
    max_size=10,
)
ZEROS = st.sampled_from(["e1 e2 e12", "e12", "= e12", "e1", "e2", "", "=", "e2 e12", "e1 e12"])


@settings(max_examples=300, deadline=None)
@given(steps=STEPS, zeros=st.tuples(ZEROS, ZEROS, ZEROS), order=st.sampled_from("CF"), read=st.booleans())
def test_any_program_of_views_and_writes(steps, zeros, order, read):
    rng = np.random.default_rng(0)
    arrays = [pair((2, 3), rng, zeros[0], order), pair((2, 3), rng, zeros[1]), pair((4,), rng, zeros[2])]
    for kind, what, i, *j in steps:
        target = arrays[i % len(arrays)]
        if kind == "write":
            if not target[0].flags.writeable:
                continue
            source = arrays[j[0] % len(arrays)]
            for x, y in zip(target, source, strict=True):
                what(x, y)
        else:
            arrays.append(tuple((VIEWS | COPIES)[what](x) for x in target))
        if read:  # a block that was read is kept
            for pairs in arrays:
                agree(*pairs)
    for pairs in arrays:
        agree(*pairs)


def test_a_view_sees_blocks_that_its_base_gets_later():
    x, y = np.zeros(3, like=HyperDual(0.0, [1.0], [1.0])), HyperDual([2.0], [[1.0]], [[3.0]], [[[5.0]]])
    view, sibling = x[1:], x[1:][1:]
    assert view.e12 is sibling.e12 is None
    view[1] = y[0]
    assert x.e12[0, 0].tolist() == [0.0, 0.0, 5.0]
    assert sibling.e2[0].tolist() == [3.0]
    x[2] = 0.0
    assert not np.any(sibling.e12)


def test_first_directions_that_are_the_same_stay_the_same():
    e = np.eye(3)
    x = HyperDual(np.arange(1.0, 4.0), e, e)
    y = np.zeros_like(x)
    y[1:] = np.sin(x[1:]) * x[0]
    z = np.concatenate([y, y[::-1] ** 2]).reshape(2, 3) @ x
    for a in (x, x[1:], y, y[1:], z, np.exp(z), z + 1, np.copy(z)):
        assert a.e2 is a.e1


def test_and_part_where_others_are_written():
    e = np.eye(2)
    x = HyperDual([1.0, 2.0], e, e)
    view = x[:1]
    x[0] = HyperDual(1.0, [5.0, 6.0], [7.0, 8.0])
    assert x.e1[:, 0].tolist() == view.e1[:, 0].tolist() == [5.0, 6.0]
    assert x.e2[:, 0].tolist() == view.e2[:, 0].tolist() == [7.0, 8.0]
    assert x.e2[:, 1].tolist() == [0.0, 1.0]


@pytest.mark.parametrize("zeros", ["", "=", "e12", "e1 e2"])
@pytest.mark.parametrize("directions", ALL, ids=str)
@pytest.mark.parametrize(
    "f", [lambda x: x + 1.0, np.copy, lambda x: +x, lambda x: x[[0, 1]], lambda x: x.astype(float), lambda x: 1.0 * x, copy.copy]
)
def test_results_share_no_memory(f, directions, zeros):
    x = drawn(np.array([1.0, 2.0]), directions, np.random.default_rng(0), zeros).hyper(directions)
    y = f(x)
    for a, b in zip((x.primal, *x.tangent.blocks), (y.primal, *y.tangent.blocks), strict=True):
        assert b is None or not np.may_share_memory(a, b)


@pytest.mark.parametrize("directions", ALL, ids=str)
def test_pickles(directions):
    x = drawn(np.array([1.0, 2.0]), directions, np.random.default_rng(0), "=").hyper(directions)
    for y in (pickle.loads(pickle.dumps(x[1:])), copy.deepcopy(x[1:])):
        assert y.level == x.level
        assert y.tangent.pairing is directions.pairing
        assert (y.e2 is y.e1) == (x.e2 is x.e1)
        assert repr(y) == repr(x[1:])
        assert not np.may_share_memory(y.e1, x.e1)


def test_scalars_are_copies():
    x = HyperDual([1.0, 2.0], np.eye(2), np.eye(2), np.ones((2, 2, 2)))
    first = x[0]
    x[0] = 5.0
    assert first.primal == 1.0
    assert first.e1.tolist() == [1.0, 0.0]
    assert first.e12.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    first += 1.0
    assert first.primal == 2.0
    with pytest.raises(TypeError, match="NumPy scalar"):
        first[...] = 1.0


def test_a_long_chain_of_views():
    x = np.zeros(3000, like=HyperDual(0.0, [1.0], [1.0]))
    view = x
    for _ in range(2500):
        view = view[1:]
    view[0] = HyperDual(1.0, [2.0], [3.0], [[4.0]])
    assert x.e12[0, 0, 2500] == 4.0


def test_pairings_do_not_mix():
    x = HyperDual.of(np.ones(2), HyperTangent(np.ones((2, 2)), np.ones((2, 2)), None, PAIRED), 2)
    y = HyperDual.of(np.ones(2), HyperTangent(np.ones((2, 2)), np.ones((2, 2)), None, SUMMED), 2)
    with pytest.raises(TypeError, match="PAIRED and SUMMED"):
        x * y
    with pytest.raises(TypeError, match="SUMMED and PAIRED|PAIRED and SUMMED"):
        x[...] = y
    with pytest.raises(TypeError, match="levels of their own"):
        x + dm.Dual(np.ones(2), np.ones(2), 2)
