"""What is drawn is what was asked for; programs stay in their domains and read as the code that they are."""

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

import dualmc as dm
from dualmc import testing as dt
from dualmc.rules import RULES, complete
from dualmc.rules.rule import Elementwise
from dualmc.testing.layouts import NAMES, placed
from dualmc.testing.programs import TAME, inside, table_functions

FEW = settings(max_examples=50, deadline=None)


@FEW
@given(data=st.data(), dtype=st.sampled_from([np.float64, np.float32, np.complex128, np.complex64]))
def test_arrays_lie_inside(data, dtype):
    low = data.draw(st.floats(-5, 5, width=16))
    x = data.draw(dt.arrays_in((low, low + 0.5), dtype=dtype))
    assert x.dtype == dtype
    assert np.all((x.real > low) & (x.real < low + 0.5))


@FEW
@given(x=dt.arrays_in(dt.Domain("integers", -2, 3, True), (2, 3)))
def test_integers_are_integers(x):
    assert x.dtype.kind == "i"
    assert x.shape == (2, 3)
    assert np.all((x >= -2) & (x <= 3))


@FEW
@given(data=st.data())
def test_points_are_in_the_domains_of_a_rule(data):
    for func in (np.log, np.power, np.ldexp):
        xs = data.draw(dt.points(func))
        np.broadcast_shapes(*(x.shape for x in xs))
        for x, domain in zip(xs, RULES[func].on, strict=True):
            assert np.all((x >= domain.low) & (x <= domain.high))
    with pytest.raises(TypeError, match="not element-wise"):
        data.draw(dt.points(np.sum))


@FEW
@given(data=st.data(), x=dt.arrays_in())
def test_directions_move_something(data, x):
    v = data.draw(dt.directions(x))
    assert v.shape == x.shape
    assert v.dtype == x.dtype
    assert np.any(v) or not x.size


@FEW
@given(data=st.data(), pair=dt.broadcastable_pairs())
def test_pairs_broadcast_and_axes_fit(data, pair):
    total = pair[0] + pair[1]
    axis = data.draw(dt.axes(total.ndim))
    np.sum(total, axis=axis)
    assert axis is None or isinstance(axis, (int, tuple))


@FEW
@given(data=st.data(), x=dt.arrays_in())
def test_layouts_hold_the_same_values(data, x):
    np.testing.assert_array_equal(data.draw(dt.memory_layouts(x)), x)
    assert [placed(np.ones((2, 3)), n).flags.c_contiguous for n in NAMES] == [True, False, False, False, True]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_edge_values_are_all_there(dtype):
    for holds in (np.isnan, np.isposinf, np.isneginf, lambda e: e == 0 and np.signbit(e), lambda e: 0 < e < np.finfo(dtype).tiny):
        assert find(dt.edge_values(dtype), lambda e, holds=holds: bool(holds(e))).dtype == dtype


KINDS = {
    "general": lambda a: True,
    "symmetric": lambda a: np.allclose(a, a.conj().T),
    "spd": lambda a: np.allclose(a, a.conj().T) and np.all(np.linalg.eigvalsh(a) > 0.4),
    "orthogonal": lambda a: np.allclose(a @ a.conj().T, np.eye(len(a))),
    "well_conditioned": lambda a: np.linalg.cond(a) < 4.1,
    "triangular": lambda a: np.array_equal(a, np.tril(a)) and np.all(np.diag(a).real > 0.4),
    "diagonal": lambda a: np.array_equal(a, np.diag(np.diag(a))),
    "singular": lambda a: np.linalg.svd(a)[1][-1] < 1e-12,
    "distinct": lambda a: np.all(np.diff(np.linalg.eigvalsh(a)) > 0.4),
}


@pytest.mark.parametrize("kind", KINDS)
@FEW
@given(data=st.data(), dtype=st.sampled_from([np.float64, np.complex128]))
def test_matrices_are_of_their_kind(kind, data, dtype):
    a = data.draw(dt.matrices(kind, dtype=dtype))
    assert a.dtype == dtype
    assert a.shape == (len(a), len(a))
    assert KINDS[kind](a)


@FEW
@given(x=dt.arrays_in((-50.0, 50.0)))
def test_inside_is_inside(x):
    assert np.all((inside(x, 0.2, 4.0) > 0.2) & (inside(x, 0.2, 4.0) < 4.0))


def test_programs_draw_from_the_table():
    complete()
    drawn = {text.split("(")[0].removeprefix("np.") for text in table_functions()}
    named = {f.__name__ for f, r in RULES.items() if isinstance(r, Elementwise) and isinstance(f, np.ufunc) and f.__name__ in vars(np)}
    assert drawn <= named
    assert {"exp", "log", "arcsin", "power", "arccosh", "tan", "divide"} <= drawn


@settings(max_examples=120, deadline=None)
@given(program=dt.smooth_programs(5), x=dt.arrays_in((-2.0, 2.0), 5), seed=st.integers(0, 99))
def test_programs_are_smooth_and_their_derivatives_exact(program, x, seed):
    """The program is differenced; dual numbers go through the rules."""
    rng = np.random.default_rng(seed)
    assert program(x).shape == (5,)
    v = rng.uniform(-1, 1, 5)
    truth = dt.directional_derivative(program, x, v)
    size = 1 + np.abs(truth.value).max() + np.abs(program(x)).max()
    assert np.all(np.abs(dm.jvp(program, (x,), (v,))[1] - truth.value) <= truth.bound + 1e-11 * size)


@FEW
@given(program=dt.smooth_programs(4, 5))
def test_the_text_names_every_step_that_runs(program):
    lines = repr(program).splitlines()
    assert lines[0] == "def program(x):"
    assert len(lines) == 2 + len(program.used())
    assert all(f"y{k} = " in line for k, line in enumerate(lines[1:-1], 1))
    assert "{" not in repr(program)


def test_a_failing_program_shrinks_to_the_function_that_fails():
    def wrong(program):
        return "np.arctan(" in repr(program)

    assert len(find(dt.smooth_programs(3, 5), wrong).used()) == 1
    assert set(TAME).isdisjoint(table_functions())
