"""Colourings are valid, greedy in the order that they say, and give the matrix back exactly."""

import dataclasses
import itertools
from typing import get_args

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import dualmc as dm
from dualmc import boundary, kernels
from dualmc.sparse import coloring as module
from dualmc.sparse.pattern import as_pattern

KINDS, ORDERS = get_args(module.Kind), get_args(module.Order)
every_kind, every_order = pytest.mark.parametrize("kind", KINDS), pytest.mark.parametrize("order", ORDERS)


def patterns(least=0, most=8):
    side = st.integers(least, most)
    return st.tuples(side, side).flatmap(lambda shape: hnp.arrays(bool, shape))


def symmetric(pattern):
    n = min(pattern.shape)
    return pattern[:n, :n] | pattern[:n, :n].T


def of_kind(pattern, kind):
    return symmetric(pattern) if kind == "symmetric" else pattern


def dense(m, n, holes=0.05):
    """A pattern that needs more colours than one number has bits."""
    return np.random.default_rng(0).random((m, n)) > holes


# What a colouring is: by trying all pairs and all paths. ---------------------------------------------------------------


def neighbours(pattern, kind):
    """Whether two columns share a row, two rows a column, or two variables an entry."""
    p = {"columns": pattern, "rows": pattern.T, "symmetric": pattern}[kind].astype(int)
    return (p > 0 if kind == "symmetric" else p.T @ p > 0) & ~np.eye(p.shape[1], dtype=bool)


def has_two_coloured_path(adjacent, colors):
    vertices = range(len(colors))
    return any(
        adjacent[a, b] and adjacent[b, c] and adjacent[c, d] and len({colors[a], colors[b], colors[c], colors[d]}) < 3
        for a, b, c, d in itertools.permutations(vertices, 4)
    )


def is_valid(pattern, kind, colors):
    adjacent = neighbours(pattern, kind)
    apart = not (adjacent & (colors[:, None] == colors)).any()
    return apart and not (kind == "symmetric" and has_two_coloured_path(adjacent, colors))


def leaves_stars(adjacent, colors):
    """The same of larger patterns: of an edge, one end has no second neighbour of the colour of the other end."""
    of_colour = adjacent.astype(int) @ (colors[:, None] == np.arange(colors.max() + 1))
    u, w = adjacent.nonzero()
    return bool((colors[u] != colors[w]).all() and (np.minimum(of_colour[u, colors[w]], of_colour[w, colors[u]]) == 1).all())


@every_kind
@every_order
@given(pattern=patterns())
@settings(max_examples=12, deadline=None)
def test_a_colouring_is_valid(kind, order, pattern):
    pattern = of_kind(pattern, kind)
    c = dm.coloring(pattern, kind, order)
    assert is_valid(pattern, kind, c.colors)
    assert set(c.colors.tolist()) == set(range(c.count))


@every_kind
@given(pattern=patterns(most=6))
@settings(max_examples=40, deadline=None)
def test_each_column_has_the_first_colour_that_is_valid(kind, pattern):
    pattern = of_kind(pattern, kind)
    colors = dm.coloring(pattern, kind).colors
    for v in range(len(colors)):
        before = {"columns": pattern[:, : v + 1], "rows": pattern[: v + 1], "symmetric": pattern[: v + 1, : v + 1]}[kind]
        valid = [is_valid(before, kind, np.append(colors[:v], c)) for c in range(colors[v] + 1)]
        assert valid == [False] * colors[v] + [True]


@every_order
@pytest.mark.parametrize(("m", "n", "holes"), [(3, 200, 0.05), (80, 70, 0.05), (40, 150, 0.7)])
def test_more_colours_than_bits(order, m, n, holes):
    pattern = dense(m, n, holes)
    for kind, p in (("columns", pattern), ("rows", pattern.T)):
        c = dm.coloring(p, kind, order)
        assert c.count > 63
        assert is_valid(p, kind, c.colors)


def test_columns_are_greedy_with_more_colours_than_bits():
    adjacent = neighbours(dense(40, 150, 0.7), "columns")
    expected = []
    for v in range(150):
        taken = {expected[u] for u in range(v) if adjacent[v, u]}
        expected.append(next(c for c in itertools.count() if c not in taken))
    assert dm.coloring(dense(40, 150, 0.7)).colors.tolist() == expected


@every_order
@pytest.mark.parametrize(("n", "holes"), [(80, 0.05), (150, 0.3), (100, 0.9), (300, 0.98)])
def test_stars_in_larger_patterns(order, n, holes):
    pattern = symmetric(dense(n, n, holes))
    c = dm.coloring(pattern, "symmetric", order)
    assert (c.count > 63) == (holes < 0.5)
    assert leaves_stars(neighbours(pattern, "symmetric"), c.colors)


@pytest.mark.parametrize(("n", "holes"), [(80, 0.05), (100, 0.9)])
def test_stars_are_greedy_in_larger_patterns(n, holes):
    """No vertex can have a lower colour, as seen when all vertices after it are left out."""
    adjacent = neighbours(symmetric(dense(n, n, holes)), "symmetric")
    colors = dm.coloring(adjacent, "symmetric").colors
    for v in range(0, n, 7):
        part = adjacent[: v + 1, : v + 1]
        assert not any(leaves_stars(part, np.append(colors[:v], c)) for c in range(colors[v]) if part.any())


# Orders. ---------------------------------------------------------------------------------------------------------------


@every_kind
@every_order
@given(pattern=patterns())
@settings(max_examples=12, deadline=None)
def test_orders_are_what_they_say(kind, order, pattern):
    pattern = of_kind(pattern, kind)
    found, adjacent = given_order(pattern, kind, order), neighbours(pattern, kind)
    n = len(adjacent)
    assert sorted(found) == list(range(n))
    for i, v in enumerate(found):
        before, rest = found[:i], found[i:]
        if order == "natural":
            assert v == i
        if order == "largest_first":
            assert adjacent[v].sum() == max(adjacent[u].sum() for u in rest)
        if order == "smallest_last":
            upto = found[: i + 1]
            assert adjacent[v][upto].sum() == min(adjacent[u][upto].sum() for u in upto)
        if order == "incidence_degree":
            assert adjacent[v][before].sum() == max(adjacent[u][before].sum() for u in rest)


def given_order(pattern, kind, order):
    """The order in which a colouring goes."""
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(module._ORDERS, order, lambda graph, find=module._ORDERS[order]: seen.append(find(graph)) or seen[0])
        dm.coloring(pattern, kind, order)
    return seen[0].tolist()


def test_random_orders_are_always_alike():
    pattern = dense(30, 30, 0.8)
    assert given_order(pattern, "columns", "random") == given_order(pattern, "columns", "random") != list(range(30))


# Known patterns. -------------------------------------------------------------------------------------------------------


def banded(n, below, above):
    i, j = np.indices((n, n))
    return (i - j <= below) & (j - i <= above)


def arrow(n):
    pattern = np.eye(n, dtype=bool)
    pattern[0] = pattern[:, 0] = True
    return pattern


def five_points(n, *, periodic):
    steps = sp.diags_array(np.ones((2, n)), offsets=[-1, 1], shape=(n, n)).tolil()
    if periodic:
        steps[0, -1] = steps[-1, 0] = 1
    return sp.kronsum(steps, steps) + sp.eye_array(n * n)


@pytest.mark.parametrize(
    ("pattern", "columns", "stars"),
    [
        (np.eye(9, dtype=bool), 1, 1),
        (banded(9, 1, 1), 3, 3),
        (banded(30, 2, 2), 5, None),
        (banded(30, 4, 1), 6, None),
        (np.ones((9, 9), bool), 9, 9),
        (arrow(9), 9, 2),
        (arrow(9)[::-1, ::-1], 9, 2),
        (np.kron(np.eye(4), np.ones((3, 3))) > 0, 3, 3),
        (np.zeros((5, 5), bool), 1, 1),
        (np.zeros((0, 0), bool), 0, 0),
    ],
    ids=["diagonal", "tridiagonal", "five bands", "six bands", "dense", "arrow", "arrow upside down", "blocks", "empty", "nothing"],
)
def test_known_counts(pattern, columns, stars):
    assert dm.coloring(pattern).count == dm.coloring(pattern.T, "rows").count == columns
    if stars is not None:
        assert dm.coloring(pattern, "symmetric").count == stars


@every_order
def test_an_arrow_takes_two_colours_in_any_order(order):
    assert dm.coloring(arrow(50), "symmetric", order).count == 2


@every_order
@pytest.mark.parametrize("periodic", [False, True])
def test_grids_lie_between_the_bounds(order, periodic):
    """
    At least as many columns as entries in a row, at least 5 for stars (Fertin, Raspaud & Reed, J. Graph Theory 47, 2004); at most
    one more than there are vertices at distance 1 and 2.
    """
    grid = five_points(15, periodic=periodic)
    assert 5 <= dm.coloring(grid, "columns", order).count <= 13
    assert 5 <= dm.coloring(grid, "symmetric", order).count <= 13


def test_a_hub_with_many_leaves_takes_a_pass():
    """Were each leaf to look at the others, this would take hours."""
    n = 1_000_000
    hub = sp.coo_array((np.ones(n - 1), (np.zeros(n - 1, int), np.arange(1, n))), shape=(n, n))
    assert dm.coloring(hub + hub.T, "symmetric").count == 2


# The matrix comes back. ------------------------------------------------------------------------------------------------


def products(c, matrix):
    return c.seeds(matrix.dtype) @ (matrix.T if c.kind == "columns" else matrix)


def with_pattern(pattern, dtype, kind):
    rng = np.random.default_rng(1)
    values = rng.normal(size=pattern.shape) + (1j * rng.normal(size=pattern.shape) if np.dtype(dtype).kind == "c" else 0)
    return np.where(pattern, values + values.T if kind == "symmetric" else values, 0).astype(dtype)


@every_kind
@every_order
@given(pattern=patterns(), dtype=st.sampled_from(["f4", "f8", "c16", "i8"]))
@settings(max_examples=12, deadline=None)
def test_the_matrix_comes_back_exactly(kind, order, pattern, dtype):
    pattern = of_kind(pattern, kind)
    c, matrix = dm.coloring(pattern, kind, order), with_pattern(pattern, dtype, kind)
    found = c.decompress(products(c, matrix))
    assert isinstance(found, sp.csr_array)
    assert found.dtype == matrix.dtype
    assert found.nnz == pattern.sum()
    np.testing.assert_array_equal(found.toarray(), matrix)


@every_order
@pytest.mark.parametrize(
    ("kind", "n", "holes"), [("columns", 100, 0.3), ("rows", 100, 0.9), ("symmetric", 100, 0.3), ("symmetric", 300, 0.98)]
)
def test_larger_matrices_come_back_exactly(kind, order, n, holes):
    pattern = of_kind(dense(n, n, holes), kind)
    c, matrix = dm.coloring(pattern, kind, order), with_pattern(pattern, "f8", kind)
    np.testing.assert_array_equal(c.decompress(products(c, matrix)).toarray(), matrix)


def test_a_jacobian_takes_one_pass_of_as_many_directions():
    f = lambda u: np.roll(u, 1, axis=0) * u + np.sin(np.roll(u, -1, axis=1))
    u = np.random.default_rng(0).normal(size=(6, 5))
    expected = dm.jacobian(f)(u).reshape(30, 30)
    c = dm.coloring(expected != 0)
    level = boundary.fresh_level()
    tangent = dm.tangent(f(dm.Dual(u, c.seeds().reshape(-1, 6, 5), level)))
    assert len(tangent) == c.count < 30
    np.testing.assert_array_equal(c.decompress(tangent).toarray(), expected)


def test_results_share_their_places_and_nobody_can_move_them():
    c = dm.coloring(banded(4, 1, 0))
    first, second = (c.decompress(products(c, with_pattern(banded(4, 1, 0), "f8", "columns"))) for _ in range(2))
    assert np.shares_memory(first.indices, second.indices)
    first.data[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        first.eliminate_zeros()
    assert first.nnz == second.nnz == c.pattern.nnz == 7
    copied = first.copy()
    copied.eliminate_zeros()
    assert copied.nnz == 6
    for a in (c.colors, c.pattern.data, c.pattern.indices, c.pattern.indptr):
        assert not a.flags.writeable
    with pytest.raises(dataclasses.FrozenInstanceError):
        c.count = 1


def test_seeds_have_the_dtype_that_is_asked_for():
    c = dm.coloring(np.ones((2, 3), bool), "rows")
    np.testing.assert_array_equal(c.seeds(np.float32), np.eye(2))
    assert c.seeds(np.float32).dtype == np.float32
    assert c.seeds().dtype == np.float64


# What is given. --------------------------------------------------------------------------------------------------------


@given(pattern=patterns())
@settings(max_examples=30, deadline=None)
def test_all_kinds_of_patterns_are_alike(pattern):
    rows, columns = pattern.nonzero()
    zeros = np.zeros(2 * rows.size)
    twice = sp.coo_array((zeros, (np.tile(rows, 2)[::-1], np.tile(columns, 2)[::-1])), shape=pattern.shape)
    wide = sp.csr_array(pattern)
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    expected = dm.coloring(pattern)
    for given_pattern in (sp.csr_array(pattern), sp.csc_matrix(pattern), sp.lil_array(pattern), twice, wide, expected.pattern):
        found = dm.coloring(given_pattern)
        np.testing.assert_array_equal(found.colors, expected.colors)
        np.testing.assert_array_equal(found.pattern.toarray(), pattern)
        assert found.pattern.nnz == pattern.sum()
        assert found.pattern.indices.dtype == np.int32


def test_the_given_pattern_is_left_as_it_was():
    given_pattern = sp.csr_array((np.ones(3), np.array([2, 0, 0]), np.array([0, 3])), shape=(1, 3))
    dm.coloring(given_pattern)
    assert given_pattern.nnz == 3
    assert given_pattern.indices.flags.writeable
    np.testing.assert_array_equal(given_pattern.indices, [2, 0, 0])
    assert as_pattern(given_pattern, "f").nnz == 2


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([[True]],), TypeError, "coloring: pattern must be an array of scipy.sparse or a boolean array, got list"),
        ((np.ones((2, 2)),), TypeError, "got an array of dtype float64; write pattern != 0"),
        ((np.ones(2, bool),), ValueError, r"coloring: pattern must have two axes, got shape \(2,\)"),
        ((sp.coo_array(np.ones(2, bool)),), ValueError, r"coloring: pattern must have two axes, got shape \(2,\)"),
        ((arrow(3), "column"), ValueError, "coloring: kind must be one of columns, rows, symmetric; got 'column'"),
        ((arrow(3), "rows", "best"), ValueError, "coloring: order must be one of natural, largest_first, .*; got 'best'"),
        ((arrow(3), "rows", ["natural"]), ValueError, r"coloring: order must be one of .*; got \['natural'\]"),
        ((arrow(3)[:2], "symmetric"), ValueError, "coloring: kind='symmetric' needs a square pattern, got 2 × 3"),
        ((banded(4, 0, 1), "symmetric"), ValueError, r"there is an entry \(0, 1\) and none at \(1, 0\); use pattern \+ pattern.T"),
        ((banded(4, 1, 0), "symmetric"), ValueError, r"there is an entry \(1, 0\) and none at \(0, 1\)"),
    ],
)
def test_errors_say_what_to_do(arguments, error, message):
    with pytest.raises(error, match=message):
        dm.coloring(*arguments)


@pytest.mark.parametrize("shape", [(), (3,), (2, 4), (3, 5), (3, 2, 3)])
def test_products_of_another_shape_are_refused(shape):
    c = dm.coloring(banded(4, 1, 1))
    with pytest.raises(ValueError, match=r"products must have the shape \(3, 4\), one row for each direction of seeds\(\); got \("):
        c.decompress(np.zeros(shape))


def test_products_with_a_tangent_are_refused():
    c = dm.coloring(np.eye(2, dtype=bool))
    with pytest.raises(TypeError, match="would lose the tangent"):
        c.decompress(dm.Dual(np.ones((1, 2)), np.ones((1, 2))))


def test_a_colouring_says_what_it_is():
    text = "Coloring(kind='symmetric', order='smallest_last', count=2, pattern of shape (5, 5) with 13 entries)"
    assert repr(dm.coloring(arrow(5), "symmetric", "smallest_last")) == text


def test_warm_kernels_are_those_that_are_used():
    found = [(kernel, args) for _, kernel, args in kernels.compiled("coloring").examples()]
    for kernel, args in found:
        kernel(*args)
    for kind, order in itertools.product(KINDS, ORDERS):
        dm.coloring(five_points(4, periodic=True), kind, order)
    assert [len(kernel.signatures) for kernel, _ in found] == [1] * len(found)
