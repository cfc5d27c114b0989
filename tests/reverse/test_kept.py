"""What an operation keeps, and when it lets go: no copy that is not needed, nothing that is not read, nothing after the last walk."""

import gc
import tracemalloc
import weakref

import numpy as np
import pytest

import dualmc as dm
from dualmc.arrays.taped import Taped
from dualmc.tangents import recorded
from dualmc.tangents.nodes import Slope
from dualmc.tangents.tape import Tape

N = 2000  # more than what is always copied


def leaf(x):
    return Taped(x, recorded.leaf(x), 1)


def test_operands_and_results_are_kept_without_copies():
    x, y = leaf(np.ones(N)), leaf(np.ones(N))
    z = x * y
    assert z.tangent.node.partials[0] is y._primal
    assert z.tangent.node.partials[1] is x._primal
    w = np.exp(x)
    assert w.tangent.node.kept[0] is w._primal
    m = leaf(np.ones((3, N)))
    assert (m @ x).tangent.node.operands[1] is x._primal


def test_a_users_constant_is_copied_once():
    a, x = np.ones((50, N)), leaf(np.ones(N))
    first, second = ((a @ x).tangent.node.operands[0] for _ in range(2))
    assert first is second
    assert first is not a
    a[0, 0] = 2
    third = (a @ x).tangent.node.operands[0]
    assert third[0, 0] == 2
    assert first[0, 0] == 1
    a.flags.writeable = False
    assert (a @ x).tangent.node.operands[0] is a


def test_constants_that_are_known_keep_nothing():
    x = leaf(np.ones(N))
    before = peak_of(lambda: None)
    assert peak_of(lambda: x + np.ones(N)) - before < 3 * 8 * N  # the result and the temporary
    assert [g for g in (x - 2 * x).tangent.node.partials if isinstance(g, np.ndarray)] == []


def peak_of(f):
    tracemalloc.start()
    kept = f()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del kept
    return peak


def test_what_no_result_depends_on_is_dropped():
    x = np.ones(N)
    seen = []

    def f(x):
        for _ in range(3):
            dead = np.sin(x) * x
            seen.append(weakref.ref(dead.tangent.node))
            del dead
        return np.sum(x * x)

    dm.reverse.vjp(f, x)
    assert [ref() for ref in seen] == [None] * 3
    h = recorded.leaf(x)
    y = Taped(x, h, 1)
    used, _unused = np.sin(y), np.cos(y)
    assert len(Tape([h.node], [used.tangent.read()]).nodes) == 1


@pytest.mark.parametrize("reuse", [True, False])
def test_memory_is_freed_on_the_way_back(reuse):
    """The partials of later operations are gone when those of earlier ones are used."""
    steps = 12
    partials = []

    def slope(ans, x):
        partials.append(weakref.ref(g := np.cos(x)))
        return g

    def wave(x):
        return np.sin(x)

    def f(x):
        for _ in range(steps):
            x = step(x)
        return x

    step = dm.defrule(wave, d=[slope])
    _, pullback = dm.reverse.vjp(f, np.ones(N), reuse=reuse)
    pullback(np.ones(N))
    gc.collect()
    assert sum(ref() is not None for ref in partials) == (steps if reuse else 0)
    if reuse:
        pullback(np.ones(N))
    else:
        with pytest.raises(RuntimeError, match=r"reuse=False.*reuse=True"):
            pullback(np.ones(N))


LAST_WALKS = {
    "grad": lambda f: dm.reverse.grad(lambda x: np.sum(f(x))),
    "value_and_grad": lambda f: dm.reverse.value_and_grad(lambda x: np.sum(f(x))),
    "jacobian": lambda f: dm.reverse.jacobian(lambda x: f(x)[:3]),
    "jacobian by chunks": lambda f: dm.reverse.jacobian(lambda x: f(x)[:3], chunk_size=2),
    "complex jacobian": lambda f: dm.reverse.jacobian(lambda x: f(x)[:3] * 1j),
    "jacobian of a tree": lambda f: dm.reverse.jacobian(lambda x: (f(x)[:3], f(x)[0])),
}


@pytest.mark.parametrize("transform", LAST_WALKS.values(), ids=LAST_WALKS)
def test_transforms_free_what_they_recorded_as_they_walk_for_the_last_time(transform, monkeypatch):
    """When an operation is transposed, all later ones are gone."""
    steps, seen, alive, pull = 12, [], [], Slope.pull

    def counting(node, *args):
        alive.append(sum(ref() is not None for ref in seen[-steps:]))
        pull(node, *args)

    def f(x):
        for _ in range(steps):
            x = np.sin(x)
            seen.append(weakref.ref(x.tangent.node))
        return x

    monkeypatch.setattr(Slope, "pull", counting)
    transform(f)(np.ones(N))
    assert alive[-steps:] == list(range(steps, 0, -1))


def test_a_last_walk_works_in_the_memory_of_the_partials():
    """It takes a cotangent, a partial and what is added; the next walk back, which keeps partials, one array for each."""
    x = np.ones(100_000)

    def f(x):
        y = np.sin(x)
        return sum(np.sum(np.sin(y)) for _ in range(10))

    value, pullback = dm.reverse.vjp(f, x)
    kept = peak_of(lambda: pullback(np.ones_like(value)))
    value, pullback = dm.reverse.vjp(f, x, reuse=False)
    freed = peak_of(lambda: pullback(np.ones_like(value)))
    assert freed < 4 * x.nbytes
    assert kept > 10 * x.nbytes


def test_memory_that_something_else_sees_is_not_worked_in():
    held = np.full(N, 3.0)
    for partial in (lambda ans, x: held, lambda ans, x: ans, lambda ans, x: x, lambda ans, x: held[:]):
        x = np.linspace(1.0, 2.0, N)
        h = recorded.leaf(x)
        ans = np.sin(x)
        before = ans.copy(), x.copy(), held.copy()
        Tape([h.node], [Slope(h.node, partial, ans, x, ans)]).pull([np.full(N, 2.0)], free=True)
        for a, b in zip((ans, x, held), before, strict=True):
            np.testing.assert_array_equal(a, b)


def test_partials_keep_what_they_read():
    x = leaf(np.ones(N))
    for f, kept in ((np.exp, "ans"), (np.tanh, "ans"), (np.sin, "x"), (np.square, "x"), (np.arctan, "x")):
        y = f(x)
        assert [k is not None for k in y.tangent.node.kept] == [kept == "ans", kept == "x"], f


def test_a_formula_with_an_inner_function_keeps_what_that_reads():
    def slope(ans, x):
        def cosine():
            return np.cos(x)

        return cosine()

    step = dm.defrule(lambda x: np.sin(x), d=[slope])
    assert dm.reverse.grad(step)(0.5) == np.cos(0.5)


@pytest.mark.parametrize("f", [np.prod, np.cumprod, np.linalg.norm, np.var, np.max, np.sort, np.ptp, np.median], ids=lambda f: f.__name__)
def test_functions_of_one_array_copy_it_when_it_is_written(f):
    data, direction = np.linspace(0.999, 1.001, N), np.linspace(0.0, 1.0, N) ** 2
    x = leaf(data)
    y = f(x)
    w = np.ones(np.shape(y))
    back = Tape([x.tangent.node], [y.tangent.read()])
    before = back.pull([w])[0]
    np.testing.assert_allclose(np.sum(before * direction), np.sum(dm.jvp(f, (data,), (direction,))[1]), rtol=1e-9)
    x[...] = 0
    np.testing.assert_array_equal(back.pull([w])[0], before)
    again = f(x2 := leaf(np.linspace(0.999, 1.001, N)))
    tape = Tape([x2.tangent.node], [again.tangent.read()])
    if isinstance(again._primal, np.ndarray):
        again[...] = 0
    np.testing.assert_array_equal(tape.pull([w])[0], before)


def test_an_operand_that_is_not_written_is_not_copied():
    x = leaf(np.linspace(1.0, 2.0, 10**6))
    for f, sizes in ((np.max, 0.2), (np.linalg.norm, 0.1), (np.cumsum, 1.1)):
        assert peak_of(lambda f=f: f(x)) < sizes * 8e6, f
