"""Structured tangents: how many slots programs have, which gathers are one object, and what is never computed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import dualmc as dm
from dualmc.recording import record
from dualmc.tangents import structured
from dualmc.tangents.gathers import NOWHERE, Root
from dualmc.tangents.structured import Family

from .agreement import check

N = 12
X = np.linspace(0.3, 2.1, N)
EDGES = np.array([[0, 1], [1, 2], [2, 3], [3, 0], [0, 2], [5, 4], [11, 6]])


def tangent(f, *xs, family=None, **options):
    """Return the structured tangent of f's result."""
    family = Family(xs, **options) if family is None else family
    (t,) = record(f, lambda it: f(*it), xs, False).tape.push(family.seeds(), structured)
    return t


def slots(f, *xs):
    return list(tangent(f, *xs).terms)


# Slots. ------------------------------------------------------------------------------------------------------

PROGRAMS = {}


def has(count, x=X, cuts=0):
    """Enter a function whose result has so many slots, and so many cuts behind it."""

    def enter(f):
        PROGRAMS[f.__name__] = f, x, count, cuts
        return f

    return enter


@has(1)
def elementwise(u):
    return np.sin(u) * np.exp(u) + u**2 / (1 + u)


@has(3)
def three_points(u):
    return u[2:] - 2 * u[1:-1] + u[:-2]


@has(5)
def three_points_of_three_points(u):
    return three_points(three_points(u) ** 2)


@has(1)
def slices_of_slices(u):
    return u[1:][:-1] * u[1:-1] + u[:-1][1:] + u[1 : N - 1]


@has(5, X.reshape(3, 4))
def five_points_periodic(u):
    return np.roll(u, 1, 0) + np.roll(u, -1, 0) + np.roll(u, 1, 1) + np.roll(u, -1, 1) - 4 * u


@has(1)
def there_and_back(u):
    return np.roll(np.roll(u, 3), -3) * u + u[::-1][::-1] + u.reshape(3, 4).T.T.ravel() + np.flip(np.flip(u))


@has(6, np.stack([X.reshape(3, 4), 1 + X.reshape(3, 4)]))
def brusselator(uv):
    u, v = uv
    du, dv = (np.roll(w, 1, 0) + np.roll(w, -1, 0) + np.roll(w, 1, 1) + np.roll(w, -1, 1) - 4 * w for w in (u, v))
    return np.stack([du + 1 + u * u * v - 4.4 * u, dv + 3.4 * u - u * u * v])


@has(3)
def assembled(u):
    r = np.zeros_like(u)
    r[1:-1] = u[2:] - 2 * u[1:-1] + u[:-2]
    r[0] = u[0] - 1
    r[-1] = u[-1] * u[-2]
    return r


@has(3)
def assembled_row_by_row(u):
    r = np.zeros_like(u)
    for i in range(1, len(u) - 1):
        r[i] = u[i - 1] - 2 * u[i] + u[i + 1]
    return r


@has(2)
def written_over(u):
    r = u * u[::-1]
    r[3:5] = u[:2]
    r[4:] = np.sin(r[4:])
    return r


@has(1)
def equal_indices(u):
    i, j = np.array([0, 5, 5, 2]), [0, 5, 5, 2]
    return u[i] * u[j] + u.take(i)


@has(1)
def indices_that_lie_evenly(u):
    return u[np.arange(1, 9, 2)] * u[1:9:2]


@has(2)
def ends_of_edges(u):
    return np.sin(u[EDGES[:, 0]] - u[EDGES[:, 1]])


@has(4)
def widest_row_after_a_stack(u):
    return np.stack([u[1:-3] * u[4:], u[:-4] + u[1:-3] + u[2:-2] + u[3:-1]])


@has(1)
def parts_moved(u):
    return np.concatenate([u[6:], u[:6]]) + np.roll(u, 6)


@has(2)
def repeated(u):
    return np.repeat(u[:3], 4) * np.tile(u[:3], 4)


@has(2, X.reshape(3, 4))
def triangle(u):
    return np.tril(u) + u[:, ::-1]


@has(1)
def padded(u):
    return np.pad(u, 2) ** 2


@has(1)
def in_order(u):
    return np.sort(np.sin(3 * u))[::-1] ** 2


@has(1)
def largest(u):
    return np.max(u) * np.ones(3)


@has(1)
def chosen_by_a_mask(u):
    return np.where(u > 1, u**2, np.sin(u)) + np.where(u > 1, 0, u)


@has(1)
def broadcast(u):
    return u[:, None] * np.arange(3.0) + u[:, None]


@has(2)
def outer(u):
    return np.outer(u[:5], u[5:9])


@has(1, cuts=1)
def a_sum(u):
    return np.sum(u**2) * np.arange(1.0, 4.0)


@has(2, cuts=1)
def a_sum_beside(u):
    return u * np.mean(u)


@has(1, cuts=2)
def added_at_edges(u):
    r = np.zeros_like(u)
    f = ends_of_edges(u)
    np.add.at(r, EDGES[:, 0], f)
    np.subtract.at(r, EDGES[:, 1], f)
    return r


@pytest.mark.parametrize("name", PROGRAMS)
def test_slots_are_counted(name):
    f, x, count, cuts = PROGRAMS[name]
    family = Family([x])
    terms = tangent(f, x, family=family).terms
    if name != "added_at_edges":
        assert len(terms) == count, terms
    assert len(family.cuts) == cuts
    check(f, [x])


def test_a_graph_is_as_sparse_as_its_edges():
    (row,) = check(added_at_edges, [X])
    laplacian = np.zeros((N, N), bool)
    for a, b in EDGES:
        laplacian[[a, a, b, b], [a, b, a, b]] = True
    assert np.array_equal(row[0].toarray() != 0, laplacian)
    assert row[0].nnz == laplacian.sum()


BLOCKS = {
    "matmul of a batch": lambda a: a @ a,
    "matmul with vectors": lambda a: a @ np.ones(3),
    "einsum": lambda a: np.einsum("bij,bjk->bik", a, np.sin(a)),
    "solve": lambda a: np.linalg.solve(a + 4 * np.eye(3), np.ones((3, 1))),
    "solve for each": lambda a: np.linalg.solve(a + 4 * np.eye(3), a),
    "inverse": lambda a: np.linalg.inv(a + 4 * np.eye(3)),
    "determinant": lambda a: np.linalg.det(a),
    "eigenvalues": lambda a: np.linalg.eigvalsh(a + np.swapaxes(a, 1, 2) + np.diag([1.0, 5.0, 9.0])),
    "sum": lambda a: a.sum(axis=(1, 2)) ** 2,
    "cumsum": lambda a: np.cumsum(a, axis=1) * a,
    "norm": lambda a: np.linalg.norm(a, axis=2),
}


@pytest.mark.parametrize("f", BLOCKS.values(), ids=BLOCKS)
def test_points_of_a_batch_do_not_mix(f):
    a = np.random.default_rng(0).uniform(0.1, 1, (4, 3, 3))
    ((j,),) = check(f, [a], 256.0)
    m = j.shape[0] // 4
    entries = j.tocoo()
    assert np.array_equal(entries.row // m, entries.col // 9)


TIGHT = {
    "tridiagonal matrix": (lambda x: (np.eye(6) + np.eye(6, k=1) + np.eye(6, k=-1)) @ x, np.eye(6) + np.eye(6, k=1) + np.eye(6, k=-1)),
    "blocks": (lambda x: np.kron(np.eye(3), np.ones((2, 2))) @ np.sin(x), np.kron(np.eye(3), np.ones((2, 2)))),
    "transposed": (lambda x: (x @ np.triu(np.ones((6, 6)))) ** 2, np.triu(np.ones((6, 6))).T),
    "cumsum": (np.cumsum, np.tril(np.ones((6, 6)))),
    "diff of cumsum": (lambda x: np.diff(x, 2), np.eye(4, 6) + np.eye(4, 6, k=1) + np.eye(4, 6, k=2)),
    "rows": (lambda x: x.reshape(2, 3).sum(axis=1), np.kron(np.eye(2), np.ones(3))),
    "arrow": (lambda x: np.append(x[:-1] * x[-1], np.sum(x**2)), np.eye(6) + np.eye(6)[:, [5]] @ np.ones((1, 6)) + np.eye(6)[[5]]),
    "nothing": (lambda x: np.floor(x) + 0 * np.ones(6), np.zeros((6, 6))),
}


@pytest.mark.parametrize("name", TIGHT)
def test_patterns_are_tight(name):
    f, expected = TIGHT[name]
    expected = expected.T if name == "arrow" else expected
    x = np.linspace(0.5, 1.5, 6)
    np.testing.assert_array_equal(dm.jacobian_sparsity(f)(x).toarray(), expected != 0)
    check(f, [x])


def test_a_pattern_does_not_depend_on_values():
    def f(x):
        return np.concatenate([x[1:] * x[:-1], np.sin(x) @ np.outer(x, x)])

    rng = np.random.default_rng(0)
    at_zero, elsewhere = (dm.jacobian_sparsity(f)(x).toarray() for x in (np.zeros(6), rng.uniform(1, 2, 6)))
    np.testing.assert_array_equal(at_zero, elsewhere)


# Gathers. ----------------------------------------------------------------------------------------------------


def test_slices_make_no_arrays_of_indices(monkeypatch):
    def refuse(self):
        raise AssertionError("an array of indices was made")

    monkeypatch.setattr(Root, "index", property(refuse))
    for f in (three_points, slices_of_slices, elementwise, broadcast, lambda u: u.reshape(3, 4).T[1:] ** 2):
        assert slots(f, X)
    assert np.array_equal(dm.gradient(lambda u: np.sum(u[1:] * u[:-1]), strategy="structured")(X), np.r_[X[1:], 0] + np.r_[0, X[:-1]])


SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4)


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_views_read_what_numpy_reads(data):
    """Any chain of views gives the indices that NumPy's own views of the numbers have, and equal ones are one object."""
    shape = data.draw(SHAPES)
    root = Root(shape)
    numbers = np.arange(root.size).reshape(shape)
    probe = root._probe
    for _ in range(data.draw(st.integers(1, 3))):
        key = data.draw(hnp.basic_indices(probe.shape, allow_newaxis=True, allow_ellipsis=False))
        key = (*(key if isinstance(key, tuple) else (key,)), ...)  # a view, not a number
        probe, numbers = probe[key], numbers[key]
        if probe.ndim > 1 and data.draw(st.booleans()):
            probe, numbers = probe.T, numbers.T
    g = root.view(probe)
    np.testing.assert_array_equal(g.index, numbers)
    assert root.gather(np.array(numbers, root.index.dtype)) is g
    assert g.whole


@given(index=hnp.arrays(np.int32, hnp.array_shapes(min_dims=1, max_dims=2, max_side=5), elements=st.integers(-1, 6)))
@settings(max_examples=100, deadline=None)
def test_equal_indices_are_one_gather(index):
    root = Root((7,))
    first, second = root.gather(index), root.gather(index.copy())
    assert first is second
    np.testing.assert_array_equal(first.index, index)
    assert first.whole == bool((index != NOWHERE).all())
    other = index.copy()
    other.flat[-1] = (index.flat[-1] + 2) % 7
    assert root.gather(other) is not first


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_second_evaluation_meets_the_same_gathers(name):
    f, x, _, _ = PROGRAMS[name]
    family = Family([x])
    first = tangent(f, x, family=family).terms
    family.release()
    again = tangent(f, x + 1e-3, family=family).terms
    assert list(first) == list(again)


def test_limits_stop_growth():
    with pytest.raises(structured.SlotLimitError):
        tangent(three_points_of_three_points, X, limit=4)
    assert len(tangent(three_points_of_three_points, X, limit=5).terms) == 5


def test_reprs_say_what_they_are():
    t = tangent(three_points, X)
    (cut,) = tangent(a_sum, X).terms
    assert repr(t) == "<structured tangent of shape (10,), 3 slots>"
    assert repr(next(iter(t.terms))) == "<gather of shape (10,) from <input of shape (12,)>>"
    assert repr(cut) == "<gather of shape (3,) from <cut of shape ()>>"
