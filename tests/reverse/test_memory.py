"""What is kept of a run is nothing that is overwritten afterwards, and takes work in proportion to what is written."""

import numpy as np
import pytest

import dualmc as dm
from dualmc.arrays.creation import base_of
from dualmc.testing.calls import flat
from dualmc.testing.table import sample

from ..functions.table import CASES, over
from .adjoint import directions, is_refused
from .test_adjoint import CALLED, RULED

N = 2000  # more than what is always copied

WRITES = {}


def writes(f):
    WRITES[f.__name__] = f
    return f


@writes
def an_operand(x):
    y = np.exp(x)
    z = y * x
    y[:] = 0.0
    return z + y


@writes
def a_result(x):
    y = np.tanh(x)
    z = np.sin(y)
    y += 1
    z *= 2
    return z + y


@writes
def through_a_view_of_an_operand(x):
    y = x * 1.0
    z = y[::-1] * y
    y[3:] = 2.0
    y.reshape(2, -1)[0] = x[: x.size // 2]
    return z * y


@writes
def a_view_that_was_multiplied(x):
    y = x * 1.0
    z = y[1:] * y[:-1]
    y[:] = 1.0
    return np.sum(z) * y


@writes
def the_users_constant(x):
    b, total = np.ones(x.size), 0
    for k in range(3):
        b[:] = k + 1.0
        total = total + b * x * x
    return total


@writes
def a_constant_of_a_product(x):
    a, total = np.ones((3, x.size)), 0
    for k in range(3):
        a *= k + 1
        total = total + a @ x
    return total


@writes
def an_operand_of_a_product(x):
    a = x.reshape(2, -1) * 1.0
    b = np.cos(a).T
    c = a @ b
    a[...] = 0
    b[...] = 1
    return c * np.sum(a + b.T)


@writes
def indices_and_masks(x):
    at, mask = np.array([0, 1, 1]), np.arange(x.size) % 2 == 0
    y = x[at] * 2
    at[:] = 5
    z = np.sum(x * x, where=mask)
    mask[:] = False
    w = x * 1.0
    w[at] = y
    at[:] = 7
    return z * w


@writes
def what_it_gave_away(x):
    y = np.exp(x)
    z = y * x
    dm.primal(y)[:] = 7.0
    w = y * x
    dm.primal(y)[:] = 1.0
    return z + w


@writes
def an_attribute_of_an_operand(x):
    y = np.exp(x)
    z = y * x
    y.primal[:] = 7.0
    w = y * x
    y.primal[:] = 1.0
    return z + w


@writes
def an_attribute_of_an_argument(x):
    z = np.sin(x) * x
    x.primal[...] = 0.5
    return z + x * x


@writes
def an_attribute_of_a_view(x):
    y = np.exp(x)
    z = y * x
    y[2:].primal[:] = 3.0
    return z + y


@writes
def through_views_that_einsum_gives(x):
    y = x.reshape(2, -1) * 1.0
    z = y * y
    np.einsum("ij->ji", y)[1:] = 3.0
    np.einsum("ij->ij", y)[0] *= 2.0
    w = np.outer(y[0, :3], y[1, :3])
    np.einsum("ii->i", w)[...] = x[:3]
    return np.sum(w * w) * z * y


@writes
def in_place(x):
    y = x * 2
    y *= x
    y[1:] -= y[:-1] * x[1:]
    y **= 2
    y /= 1 + x * x
    return y


@writes
def statistics(x):
    y = x * 1.0
    a, b, c = np.prod(y[:6]), np.var(y), np.max(y)
    d = np.linalg.norm(y)
    e = np.cumprod(y[:4])
    y[:] = 0
    e[:] += 1
    return np.stack([a, b, c, d, e[1]])


@pytest.mark.parametrize("n", [12, N])
@pytest.mark.parametrize("name", WRITES)
def test_later_writes_change_nothing(name, n):
    f = WRITES[name]
    rng = np.random.default_rng(0)
    x, v = rng.uniform(0.3, 1.2, n), rng.normal(size=n)
    value, tangent = dm.jvp(f, (x,), (v,))
    got, pullback = dm.reverse.vjp(f, x)
    _, jvp_fn = dm.linearize(f, x)
    np.testing.assert_array_equal(got, value)
    np.testing.assert_allclose(jvp_fn(v), tangent, rtol=1e-12, atol=1e-12 * np.abs(tangent).max())
    u = rng.normal(size=np.shape(value))
    (back,) = pullback(u)
    a, b = np.sum(u * tangent), np.sum(back * v)
    assert abs(a - b) <= 1e-12 * (1 + np.sum(np.abs(u * tangent)) + np.sum(np.abs(back * v)))


@pytest.mark.parametrize("rule", RULED.values(), ids=RULED)
def test_no_rule_holds_on_to_memory_that_is_written(rule):
    """Operands and the result are overwritten after the operation, and the pullback does not see it."""
    func = CALLED.get(rule.func, rule.func)
    rng = np.random.default_rng(0)
    xs = [sample(d, (3, 4), rng) for d in rule.on]
    moving = [i for i, d in enumerate(rule.on) if not d.integer]

    def f(*moved, writes=True):
        given = iter(moved)
        args = [next(given) * 1.0 if i in moving else x.copy() for i, x in enumerate(xs)]
        y = func(*args)
        z = y * 1.0
        for a in [*args, y] if writes else ():
            a[...] = 0
        return z

    if is_refused(f, [xs[i] for i in moving]):
        return
    plain, back = dm.reverse.vjp(lambda *a: f(*a, writes=False), *(xs[i] for i in moving))
    value, after = dm.reverse.vjp(f, *(xs[i] for i in moving))
    np.testing.assert_array_equal(value, plain)
    u = rng.normal(size=value.shape)
    for got, expected in zip(after(u), back(u), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_views_of_views_may_go_deep():
    def f(x):
        y, total = x * 1.0, 0.0
        while y.size > 1:
            total, y = total + y[0], y[1:]
        y[0] = 7.0
        return total * y[0]

    np.testing.assert_array_equal(dm.reverse.grad(f)(np.ones(1500)), np.where(np.arange(1500) < 1499, 7.0, 0.0))


def test_long_programs_do_not_recurse():
    def f(x):
        for _ in range(20_000):
            x = x * 1.0
        return x

    assert dm.reverse.grad(f)(3.0) == 1.0
    assert dm.linearize(f, 3.0)[1](2.0) == 2.0


@pytest.mark.parametrize("f", [np.exp, lambda x: x * x, lambda x: x, lambda x: np.tanh(x)[3:], lambda x: x.reshape(2, -1)])
def test_value_and_arguments_are_the_users(f):
    x = np.linspace(0.1, 1, N)
    value, pullback = dm.reverse.vjp(f, x)
    u = np.random.default_rng(0).normal(size=value.shape)
    expected = pullback(u)[0].copy()
    value[...] = 0
    given = u.copy()
    again = pullback(given)[0]
    np.testing.assert_array_equal(again, expected)
    again[...] = 5
    np.testing.assert_array_equal(given, u)
    np.testing.assert_array_equal(pullback(u)[0], expected)
    x[...] = 3
    np.testing.assert_array_equal(pullback(u)[0], expected)


def test_auxiliary_results_are_the_users():
    def f(x):
        y = np.exp(x)
        return np.sum(y * x), y

    x = np.linspace(0.1, 1, 5)
    _, pullback, aux = dm.reverse.vjp(f, x, has_aux=True)
    aux[:] = 0
    np.testing.assert_allclose(pullback(1.0)[0], np.exp(x) * (1 + x))


def test_cotangents_of_two_inputs_do_not_share_memory():
    a, b = dm.reverse.vjp(lambda a, b: a + b, np.ones(3), np.ones(3))[1](np.ones(3))
    a += 1
    np.testing.assert_array_equal(b, np.ones(3))


@over(CASES)
def test_no_case_holds_on_to_memory_that_is_written(case):
    xs, _ = case.sample()

    def f(*moved, writes=True):
        args = [x * 1.0 for x in moved]
        results = [y for y in flat(case.f(*args)) if np.asarray(dm.primal(y)).dtype.kind in "fc"]
        kept = [y * 1.0 for y in results]
        for a in [*args, *results] if writes else ():
            if np.ndim(a) and (not hasattr(a, "_writable") or a._writable()) and base_of(a).flags.writeable:
                a[...] = 0
        return kept

    plain, back = dm.reverse.vjp(lambda *xs: f(*xs, writes=False), *xs)
    value, after = dm.reverse.vjp(f, *xs)
    us = directions(np.random.default_rng(0), plain)
    for a, b in zip(value, plain, strict=True):
        np.testing.assert_array_equal(a, b)
    for got, expected in zip(after(us), back(us), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_a_loop_of_writes_takes_work_in_proportion_to_its_length():
    """Neither the walk back nor the replay copies a buffer for each entry that is written."""

    def f(x):
        y = np.zeros(x.size, like=x)
        y[0] = x[0]
        for i in range(1, x.size):
            y[i] = y[i - 1] * x[i]
        return y

    x = np.linspace(0.9, 1.1, 200)
    _, pullback = dm.reverse.vjp(f, x)
    _, jvp_fn = dm.linearize(f, x)
    copies = []
    original = np.copy
    try:
        np.copy = lambda a, *args, **kw: copies.append(np.size(a)) or original(a, *args, **kw)
        back, forward = pullback(np.ones(200))[0], jvp_fn(np.ones(200))
    finally:
        np.copy = original
    assert sum(n == 200 for n in copies) <= 3
    np.testing.assert_allclose(np.sum(back), np.sum(forward), rtol=1e-12)
