"""The picture of a pattern shows each entry in its place, in its colour."""

import sys

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import dualmc as dm
from dualmc.sparse import spy as module

SHAPES = st.tuples(st.integers(1, 7), st.integers(1, 7))


@pytest.fixture
def axes():
    figure = pytest.importorskip("matplotlib.figure").Figure()
    return figure.subplots()


def new_axes():
    return pytest.importorskip("matplotlib.figure").Figure().subplots()


def drawn(ax):
    """The image as an array of integers, -1 where nothing is drawn."""
    (image,) = ax.images
    return image.get_array().filled(-1)


@given(pattern=SHAPES.flatmap(lambda shape: hnp.arrays(bool, shape)))
@settings(max_examples=25, deadline=None)
def test_entries_are_drawn_where_they_are(pattern):
    m, n = pattern.shape
    ax = new_axes()
    assert dm.spy(sp.csr_array(pattern), ax) is ax
    np.testing.assert_array_equal(drawn(ax), np.where(pattern, 0, -1))
    assert ax.images[0].get_extent() == [-0.5, n - 0.5, m - 0.5, -0.5]
    assert ax.yaxis_inverted()


@given(pattern=SHAPES.flatmap(lambda shape: hnp.arrays(bool, shape)), kind=st.sampled_from(["columns", "rows"]))
@settings(max_examples=25, deadline=None)
def test_entries_have_the_colours_of_a_colouring(pattern, kind):
    c = dm.coloring(pattern, kind)
    by_entry = c.colors[:, None] if kind == "rows" else c.colors
    ax = dm.spy(sp.csr_array(pattern), new_axes(), colors=c)
    np.testing.assert_array_equal(drawn(ax), np.where(pattern, by_entry, -1))


@given(pattern=SHAPES.flatmap(lambda shape: hnp.arrays(bool, shape)), form=st.sampled_from([sp.csr_array, sp.csc_array, sp.coo_array]))
@settings(max_examples=25, deadline=None)
def test_slots_are_the_entries_of_a_row_one_after_the_other(pattern, form):
    ax = dm.spy(form(pattern), new_axes(), colors="slots")
    np.testing.assert_array_equal(drawn(ax), np.where(pattern, np.cumsum(pattern, axis=1) - 1, -1))


def test_a_stencil_has_as_many_colours_as_slots(axes):
    J = dm.sparse_jacobian(lambda u: u[2:] - 2 * u[1:-1] + u[:-2])(np.ones(9))
    np.testing.assert_array_equal(drawn(dm.spy(J, axes, colors="slots"))[2], [-1, -1, 0, 1, 2, -1, -1, -1, -1])


def test_symmetric_colours_are_those_of_columns(axes):
    arrow = sp.csr_array(np.array([[1, 1, 1], [1, 1, 0], [1, 0, 1]]))
    c = dm.coloring(arrow, "symmetric")
    np.testing.assert_array_equal(drawn(dm.spy(arrow, axes, colors=c)), np.where(arrow.toarray() > 0, c.colors, -1))


def test_each_entry_may_have_a_colour_of_its_own(axes):
    J = sp.csr_array((np.zeros(3), np.array([2, 0, 1]), np.array([0, 2, 3])), shape=(2, 3))
    np.testing.assert_array_equal(drawn(dm.spy(J, axes, colors=np.array([5, 6, 7]))), [[6, -1, 5], [-1, 7, -1]])


@pytest.mark.parametrize("count", [2, 10, 11, 20, 21, 60])
def test_colours_are_distinct(axes, count):
    J = sp.eye_array(count, format="csr")
    image = dm.spy(J, axes, colors=np.arange(count)).images[0]
    assert len({tuple(c) for c in image.cmap(image.norm(np.arange(count))).tolist()}) == count


def test_entries_are_black_without_colours(axes):
    image = dm.spy(sp.eye_array(3), axes).images[0]
    assert image.cmap(image.norm(0)) == (0, 0, 0, 1)


def test_large_matrices_share_cells(axes, monkeypatch):
    monkeypatch.setattr(module, "RESOLUTION", 5)
    J = sp.coo_array((np.ones(3), ([0, 3, 99], [0, 19, 0])), shape=(100, 20))
    expected = np.full((5, 5), -1)
    expected[0, 0], expected[0, 4], expected[4, 0] = 1, 2, 3
    np.testing.assert_array_equal(drawn(dm.spy(J, axes, colors=np.array([1, 2, 3]))), expected)
    assert axes.images[0].get_extent() == [-0.5, 19.5, 99.5, -0.5]


def test_of_several_entries_in_a_cell_the_highest_colour_is_seen(axes, monkeypatch):
    monkeypatch.setattr(module, "RESOLUTION", 1)
    np.testing.assert_array_equal(drawn(dm.spy(sp.eye_array(3), axes, colors=np.array([1, 4, 2]))), [[4]])


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0), (2, 2)])
def test_matrices_without_entries_are_drawn(axes, shape):
    assert (drawn(dm.spy(sp.csr_array(shape), axes, colors=dm.coloring(np.zeros(shape, bool)))) == -1).all()


def test_keywords_go_to_the_image(axes):
    image = dm.spy(sp.eye_array(3), axes, alpha=0.5, cmap="viridis", aspect="auto").images[0]
    assert image.get_alpha() == 0.5
    assert image.get_cmap().name == "viridis"
    assert axes.get_aspect() == "auto"


def test_the_current_axes_are_taken():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    try:
        _, (first, second) = pyplot.subplots(1, 2)
        pyplot.sca(first)
        assert dm.spy(sp.eye_array(3)) is first
        assert not second.images
    finally:
        pyplot.close("all")


def test_the_picture_can_be_saved(axes, tmp_path):
    dm.spy(sp.eye_array(30), axes).figure.savefig(tmp_path / "pattern.png")
    assert (tmp_path / "pattern.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"spy needs matplotlib.*dualmc\[plot\]"):
        dm.spy(sp.eye_array(3))


@pytest.mark.parametrize(
    ("J", "colors", "error", "message"),
    [
        (np.eye(3), None, TypeError, r"spy: J must be .* got ndarray of shape .*; scipy.sparse.csr_array\(J\) makes one"),
        (sp.coo_array(np.ones(3)), None, TypeError, r"spy: J must be a matrix of scipy.sparse, got coo_array of shape \(3,\)"),
        (sp.eye_array(3), np.ones(3), TypeError, "spy: colors must be integers, a Coloring or 'slots', got dtype float64"),
        (sp.eye_array(3), "slot", TypeError, "spy: colors must be integers, a Coloring or 'slots', got 'slot'"),
        (sp.eye_array(3), [1, 2], ValueError, r"one number from 0 for each of the 3 entries of J, got shape \(2,\)"),
        (sp.eye_array(3), [1, -2, 0], ValueError, r"got shape \(3,\) with a least value of -2"),
        (sp.eye_array(3), dm.coloring(np.eye(2, dtype=bool)), ValueError, r"a pattern of shape \(2, 2\), but J has the shape \(3, 3\)"),
    ],
)
def test_errors_say_what_to_do(J, colors, error, message):
    with pytest.raises(error, match=message):
        dm.spy(J, object(), colors=colors)
