"""Straight-line programs: derivatives of many runs of one function are those of each run alone, whatever runs have in common."""

import gc
import threading
import warnings
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dualmc as dm
from dualmc import testing as dt
from dualmc.passes import pulled
from dualmc.recording import record
from dualmc.tangents import straight
from dualmc.tangents.straight import Noted, Notes, Replay, UndecidedError, noted

from ..sparse.agreement import close
from ..sparse.writing import N, programs

WEIGHTS = np.cos(np.arange(float(N)))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    """Make programs at the second run."""
    monkeypatch.setattr(straight, "ALIKE", 1)


@pytest.fixture
def made(monkeypatch):
    """Return the list of the programs that are made."""
    found = []

    def note(*args):
        found.append(noted(*args))
        return found[-1]

    monkeypatch.setattr(straight, "noted", note)
    return found


def gradients_agree(f, xs, condition=16.0):
    """Check the gradients of a function at several points, one after the other, against dense directions."""
    gradient, reverse = dm.gradient(f, strategy="structured"), dm.reverse.grad(f)
    for x in xs:
        expected = dm.gradient(f, strategy="dense")(x)
        close(gradient(x), expected, condition)
        close(reverse(x), expected, condition)


def hessians_agree(f, xs, condition=16.0):
    """Check value, gradient and Hessian in the same way."""
    second = dm.value_gradient_and_hessian(f, strategy="structured")
    for x in xs:
        value, gradient, hessian = second(x)
        expected = dm.value_gradient_and_hessian(f, strategy="dense")(x)
        for a, b in zip((value, gradient, hessian), expected, strict=True):
            close(a, b, condition)


def points(seed, n=N, count=4):
    return np.random.default_rng(seed).uniform(0.3, 2, (count, n))


# Random programs. --------------------------------------------------------------------------------------------


@given(program=dt.smooth_programs(N, 8), seed=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_gradients_and_hessians_of_random_programs(program, seed):
    def f(x):
        y = program(x)
        return np.sum(np.cos(np.arange(float(y.size))).reshape(y.shape) * y)

    gradients_agree(f, points(seed), 1e4)
    hessians_agree(f, points(seed), 1e6)


@given(program=programs(), seed=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_gradients_of_random_programs_that_write(program, seed):
    gradients_agree(lambda x: np.sum(np.sin(program(x))), points(seed), 1e3)


@given(program=programs(), seed=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_prepared_jacobians_of_random_programs_that_write(program, seed):
    prepared = dm.sparse_jacobian(program, prepare=True, strategy="structured")
    for x in points(seed):
        close(prepared(x).toarray(), dm.jacobian(program, strategy="dense")(x).reshape(-1, N), 1e3)


# Which functions become programs. ----------------------------------------------------------------------------

PROGRAMS = {
    "slices": lambda x: np.sum((x[1:] - x[:-1] ** 2) ** 2),
    "constants": lambda x: np.sum(3 * np.exp(-x / 2) * WEIGHTS - x / WEIGHTS),
    "broadcasting": lambda x: np.sum(x[:, None] * np.sin(x[None, :3])),
    "matrices": lambda x: np.sum(np.tanh(x.reshape(2, 3) @ WEIGHTS.reshape(3, 2)) @ x[:2]),
    "products": lambda x: x @ np.outer(WEIGHTS, WEIGHTS) @ x,
    "joins": lambda x: np.sum(np.stack([np.roll(x, 1), x * x]) * np.concatenate([x, x * x]).reshape(2, 6)),
    "a line": lambda x: np.sum(WEIGHTS * x),
    "a sum": np.sum,
}


@pytest.mark.parametrize("f", PROGRAMS.values(), ids=PROGRAMS)
def test_programs_are_made_of(f, made):
    gradients_agree(f, points(0))
    assert [p is not None for p in made] == [True, True]


LONG = {
    "slices": PROGRAMS["slices"],
    "curves": lambda x: np.sum(3 * np.exp(-x / 2) * x - np.sin(x) / (1 + x * x)),
    "distances": lambda x: np.sum(np.sqrt(1 + (x.reshape(2, -1)[0] * x.reshape(2, -1)[1]) ** 2)),
    "a line": lambda x: np.sum(3 * x[2:]),
}


@pytest.mark.parametrize("f", LONG.values(), ids=LONG)
def test_second_order_programs_are_made_of(f, made):
    hessians_agree(f, points(0, 40))
    assert [p is not None for p in made] == [True]


def brusselator(w):
    u, v = w[0], w[1]
    spread = lambda z: np.roll(z, 1, 0) + np.roll(z, -1, 0) + np.roll(z, 1, 1) + np.roll(z, -1, 1) - 4 * z
    return np.stack([1 + u * u * v - 4.4 * u + 0.02 * spread(u), 3.4 * u - u * u * v + 0.02 * spread(v)])


def test_prepared_jacobians_are_programs(made):
    prepared = dm.sparse_jacobian(brusselator, prepare=True)
    for k in (1, 2, 3):
        for side in (3, 4, 5):
            w = np.random.default_rng(k).normal(size=(2, side, side))
            close(prepared(w).toarray(), dm.jacobian(brusselator, strategy="dense")(w).reshape(2 * side * side, -1))
    assert [p is not None for p in made] == [True, True, True]


SAME = {
    "real": np.real,
    "astype": lambda x: x.astype(float),
    "copy": np.copy,
    "broadcast_to": lambda x: np.broadcast_to(x, x.shape),
    "reshape": lambda x: x.reshape(x.shape),
    "transpose": np.transpose,
    "positive": lambda x: +x,
    "getitem": lambda x: x[...],
    "roll": lambda x: np.roll(x, 0),
}


@pytest.mark.parametrize("same", SAME.values(), ids=SAME)
def test_maps_that_give_back_their_argument(same, made):
    """Their transposes may give back a cotangent that another operation waits for; slices are added to in place."""

    def f(x):
        other, squares = np.cos(x), np.sum(x[1:] * x[1:])
        return np.sum(np.sin(same(x) + other)) + squares

    gradient, reverse = dm.gradient(f, strategy="structured"), dm.reverse.grad(f)
    for x in points(1):
        expected = np.cos(x + np.cos(x)) * (1 - np.sin(x)) + np.append(0, 2 * x[1:])
        close(gradient(x), expected)
        close(reverse(x), expected)
    assert [p is not None for p in made] == [True, True]


ONE = [
    *SAME.values(),
    np.sin,
    lambda x: 2 - x,
    lambda x: x[::-1],
    lambda x: np.cumsum(x) / N,
    lambda x: x - np.mean(x),
    lambda x: np.roll(x, 1),
]
TWO = [np.add, np.subtract, lambda a, b: np.tanh(a * b), lambda a, b: a / (2 + b * b), lambda a, b: np.tanh((a @ b) * a)]


@st.composite
def shared_values(draw):
    """Draw a scalar function whose steps take earlier values, with sums over slices of these in between."""
    steps = []
    for n in range(1, draw(st.integers(3, 10))):
        function = draw(st.sampled_from(ONE + TWO))
        operands = [draw(st.integers(0, n - 1)) for _ in range(2 if function in TWO else 1)]
        steps.append((function, operands, draw(st.none() | st.integers(0, n))))

    def f(x):
        values, total = [np.sin(x)], 0.0
        for function, operands, summed in steps:
            values.append(function(*(values[i] for i in operands)))
            if summed is not None:
                total = total + np.sum(values[summed][1:] * values[summed][:-1])
        return total + np.sum(np.sin(values[-1] + values[len(values) // 2]))

    return f


@given(f=shared_values(), seed=st.integers(0, 1000))
@settings(max_examples=150, deadline=None)
def test_random_programs_that_share_values(f, seed):
    gradients_agree(f, points(seed, count=3), 1e4)
    hessians_agree(f, points(seed, count=3), 1e5)


def test_results_share_no_memory():
    for f in (PROGRAMS["a line"], PROGRAMS["slices"]):
        gradient = dm.gradient(f, strategy="structured")
        results = [gradient(x) for x in points(0)]
        kept = np.copy(results)
        for r in results:
            r[...] = 0
        for x, expected in zip(points(0), kept, strict=True):
            close(gradient(x), expected)


# Runs that have less in common. ------------------------------------------------------------------------------


def test_branches():
    def f(x):
        return np.sum(np.sin(x)) if x[0] > 1 else np.sum(x * x * WEIGHTS)

    gradients_agree(f, points(3, count=40))


def test_loops_of_different_length():
    def f(x):
        y = x
        while np.sum(y) < 20:
            y = y * 1.5
        return np.sum(y * y)

    gradients_agree(f, points(4, count=20))


@pytest.mark.parametrize("values", [(1.0, 2.0, 3.0), (0.0, -0.0, 1.0), (np.inf, 1.0, np.nan), (1, 1.0, True), (np.ones(N), 2 * np.ones(N))])
def test_constants_that_change(values):
    held = {}
    gradient = dm.gradient(lambda x: np.sum(x * held["c"] * x), strategy="structured")
    x = points(0)[0]
    for c in [v for v in values for _ in range(4)]:
        held["c"] = c
        expected = 2 * x * c
        np.testing.assert_array_equal(gradient(x), expected)
        np.testing.assert_array_equal(np.signbit(gradient(x)), np.signbit(expected))


def test_arrays_that_change_shape_and_dtype():
    held = {}
    gradient = dm.gradient(lambda x: np.sum((x * held["c"]) ** 2), strategy="structured")
    x = points(0)[0]
    for c in (WEIGHTS, WEIGHTS.astype(np.float32), WEIGHTS[:, None], WEIGHTS[None], np.float64(2), 2.0):
        held["c"] = c
        for _ in range(3):
            close(gradient(x), dm.gradient(lambda x: np.sum((x * held["c"]) ** 2), strategy="dense")(x))


def test_inputs_that_change_shape_and_dtype():
    gradient = dm.gradient(PROGRAMS["slices"], strategy="structured")
    for _ in range(4):
        for x in (points(0)[0], points(0)[0].astype(np.float32), points(0, 9)[0]):
            found = gradient(x)
            assert found.dtype == x.dtype
            close(found, dm.gradient(PROGRAMS["slices"], strategy="dense")(x))


def test_zero_times_infinity_is_found_in_a_replayed_run():
    f = lambda x: np.sum(np.sqrt(x) * WEIGHTS * (x > 0.5))
    xs = points(5)
    xs[2, 1] = 0.0
    gradient, reverse = dm.gradient(f, strategy="structured"), dm.reverse.grad(f)
    with np.errstate(all="ignore"):
        for x in xs:
            close(gradient(x), dm.gradient(f, strategy="dense")(x))
            close(reverse(x), np.where(x > 0.5, WEIGHTS / 2 / np.sqrt(x), 0))  # a zero cotangent is zero even times infinity


def test_programs_give_no_warnings(made):
    gradient = dm.gradient(lambda x: np.sum(np.reciprocal(x)), strategy="structured")
    with warnings.catch_warnings(action="error"):
        for x in (np.ones(N), 2 * np.ones(N), np.full(N, 1e-200)):
            found = gradient(x)
    np.testing.assert_array_equal(found, np.full(N, -np.inf))  # -1/x² overflows, 1/x does not
    assert [p is not None for p in made] == [True]


def test_arrays_of_an_outer_transform_make_no_program(made):
    def outer(y):
        inner = dm.gradient(lambda x: np.sum(x * x * y), strategy="structured")
        return np.sum(inner(WEIGHTS)[:3] + inner(WEIGHTS)[3:] * inner(WEIGHTS)[0])

    x = points(0)[0]
    expected = np.append(2 * WEIGHTS[:3], 4 * WEIGHTS[0] * x[0] * WEIGHTS[3:])
    expected[0] += 4 * WEIGHTS[0] * np.sum(WEIGHTS[3:] * x[3:])
    close(dm.gradient(outer, strategy="dense")(x), expected)
    assert not [p for p in made if p is not None]


def test_functions_that_never_do_the_same_are_not_looked_at_for_long(made):
    count = iter(range(1000))
    gradient = dm.gradient(lambda x: np.sum(x * float(2 + next(count))), strategy="structured")
    for k in range(30):
        close(gradient(WEIGHTS), np.full(N, 2.0 + k))
    assert made == []


def test_layouts_that_change():
    def f(x):
        y = np.sin(x).reshape(-1)
        return np.sum(y[1:] * y[:-1]) + np.sum(y) * np.sum(x[1:] * x[:-1])

    gradient = dm.gradient(f, strategy="structured")
    for layout in (np.ascontiguousarray, np.asfortranarray, lambda x: np.repeat(x, 2, axis=1)[:, ::2]) * 2:
        for seed in range(4):
            x = layout(points(seed).reshape(4, N))
            close(gradient(x), dm.gradient(f, strategy="dense")(x))


def test_formulas_of_users_may_depend_on_more_than_their_arguments():
    state = {"c": 2.0}

    scaled = dm.defrule(lambda x: state["c"] * x**2, d=[lambda ans, x: 2 * state["c"] * x], dd=[lambda ans, x: 2 * state["c"] + 0 * x])
    gradient = dm.gradient(lambda x: np.sum(scaled(x)), strategy="structured")
    second = dm.value_gradient_and_hessian(lambda x: np.sum(scaled(x)), strategy="structured")
    x = points(0, 12)[0]
    for c in (2.0, 2.0, 2.0, 3.0, 3.0):
        state["c"] = c
        close(gradient(x), 2 * c * x)
        close(second(x)[2], np.diag(np.full(12, 2 * c)))


def test_a_formula_that_fails_on_what_stands_for_an_array_makes_no_program():
    def fails(given):
        raise TypeError(given)

    assert noted(fails, [WEIGHTS]) is None


def test_programs_hold_nothing_of_a_run():
    arrays = []

    def f(x):
        y = x * WEIGHTS
        z = np.sin(y)
        arrays.extend(map(weakref.ref, (y._primal, z._primal)))
        return np.stack([z * y * x, y])

    prepared = dm.sparse_jacobian(f, prepare=True)
    gradient = dm.gradient(lambda x: np.sum(f(x)), strategy="structured")
    second = dm.value_gradient_and_hessian(lambda x: np.sum(f(x)), strategy="structured")
    for x in points(0):
        for derivative in (prepared, gradient, second):
            derivative(x)
    gc.collect()
    assert [a for a in arrays if a() is not None] == []


def test_threads():
    def f(x):
        return np.sum(np.sin(x)) if x[0] > 1 else np.sum(x * x * WEIGHTS)

    gradient, wrong = dm.gradient(f, strategy="structured"), []

    def work(seed):
        for x in points(seed, count=200):
            expected = np.cos(x) if x[0] > 1 else 2 * x * WEIGHTS
            if not np.allclose(gradient(x), expected):
                wrong.append(x)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


# What is noted. ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ask",
    [
        lambda x: x if x[0] > 0 else -x,
        lambda x: x * float(x[0]),
        lambda x: x * x.item(0),
        lambda x: x[: int(x[0])],
        lambda x: np.add(np.ones(3), x, out=np.ones(3)),
        lambda x: np.copyto(np.ones(3), x),
        lambda x: np.asarray(x),
        lambda x: x * sum(x.tolist()),
    ],
)
def test_what_depends_on_numbers_is_no_program(ask):
    assert noted(lambda given: ([ask(given[0])], None), [np.arange(1.0, 4.0)]) is None


STEPS = {
    "operators": lambda x, y: (2 - x) / (x * x + 1) ** 2 - y @ x + x % 2 // 1,
    "functions": lambda x, y: np.where(x > 1, np.hypot(x, 2), np.concatenate([x[:1], x[1:]])),
    "methods": lambda x, y: x.reshape(-1, 1).sum(axis=1, keepdims=True).T.ravel() + y.mean() + x.real,
    "writes": lambda x, y: _written(x),
    "comparisons": lambda x, y: ((x < y) == (y > 1)) * (x <= y) * 1.0,
    "several results": lambda x, y: np.modf(x)[0] + np.modf(y)[1],
    "in place": lambda x, y: _added(x) * y,
}


def _written(x):
    z = np.zeros(3, like=x)
    z[1:] = x[:-1]
    np.add.at(z, [0, 0], x[:2])
    return z


def _added(x):
    z = x.copy()
    z += x
    z[1:] -= x[1:]
    return z


@pytest.mark.parametrize("f", STEPS.values(), ids=STEPS)
def test_steps(f):
    x, y = np.array([0.5, 1.5, 2.5]), np.array([1.25, -2.0, 3.0])
    program = noted(lambda given: ([f(*given)], "beside"), [x, y])
    assert program.beside == "beside"
    for a, b in ((x, y), (y, x), (x * 3, y - 1)):
        np.testing.assert_array_equal(program([a, b])[0], f(a, b))


def test_a_noted_array_has_no_numbers():
    x = Notes().given(np.arange(3.0))
    assert (x.shape, x.ndim, x.size, x.dtype, len(x)) == ((3,), 1, 3, np.float64, 3)
    assert repr(x) == "<noted array of shape (3,)>"
    for ask in (bool, float, int, complex, np.asarray):
        with pytest.raises(UndecidedError):
            ask(x)


@given(program=dt.smooth_programs(N, 6), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_a_walk_and_its_program_do_the_same_arithmetic(program, seed):
    replay = Replay(1)

    def tape(x):
        return record(program, lambda leaves: np.sum(program(*leaves)), [x.copy()], has_aux=False).tape

    def walk(t):
        return pulled(t, [np.float64(1)], free=True, strict=False), None

    for x in points(seed):
        found = replay(tape(x), walk)
        if found is not None:
            assert not any(isinstance(c, Noted) for c in found[0])
            close(found[0][0], walk(tape(x))[0][0], 4.0)
