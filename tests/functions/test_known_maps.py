"""Maps that stand for NumPy's function once it has taken the like: every bit, every view and every error is NumPy's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dualmc as dm
from dualmc import propagate
from dualmc.rules import RULES
from dualmc.rules.rule import Linear
from dualmc.testing.layouts import NAMES, placed

from ..laws import same

RULED = {r.func.__name__: r for r in RULES.values() if isinstance(r, Linear) and r.same is not None}
DTYPES = [np.float64, np.float32, np.float16, np.longdouble, np.complex128, np.complex64]


def arguments(draw, func, nd):
    """Return positional and named arguments of a call that NumPy takes, and some that it refuses."""
    axis = st.integers(-nd, nd - 1) if nd else st.just(0)
    if func is np.sum:
        named = {"axis": draw(st.none() | axis) if nd else None, "keepdims": draw(st.booleans())}
        return ((), named) if draw(st.booleans()) else ((named["axis"],), {})
    if func is np.roll:
        return (draw(st.integers(-7, 7)),), {} if draw(st.booleans()) else {"axis": draw(st.none() | axis)}
    if func is np.flip:
        return ((draw(st.none() | axis),), {}) if draw(st.booleans()) else ((), {})
    if func is np.expand_dims:
        return (draw(st.integers(-nd - 1, nd)),), {}
    if func in (np.swapaxes, np.moveaxis, np.rollaxis):
        return (draw(axis), draw(axis)), {}
    return (), {}


@pytest.mark.parametrize("rule", RULED.values(), ids=RULED)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_known_map_gives_what_the_function_gives(rule, data):
    shape = tuple(data.draw(st.lists(st.sampled_from([0, 1, 1, 2, 3, 9, 200]), max_size=3)))
    shape = shape if np.prod(shape, dtype=int) <= 4000 else shape[:1]
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    values = rng.choice([0.0, -0.0, np.inf, np.nan, 1e-30, 3.0], shape) if data.draw(st.booleans()) else rng.normal(size=shape)
    x = placed(values.astype(data.draw(st.sampled_from(DTYPES))), data.draw(st.sampled_from(NAMES)))
    args, kwargs = arguments(data.draw, rule.func, len(shape))
    with np.errstate(all="ignore"):
        try:
            expected = rule.func(x, *args, **kwargs)
        except (ValueError, IndexError) as error:
            for _ in range(2):
                with pytest.raises(type(error)):
                    propagate.linear(rule, x, np.ones_like(x), args, kwargs)
            return
        propagate.linear(rule, x, np.ones_like(x), args, kwargs)
        op = propagate.known(rule, x, args, kwargs)
        assert (op is not None) == bool(shape)
        if op is None:
            return
        ans = op.apply(x)
    assert type(ans) is type(expected)
    same(ans, expected)
    if type(ans) is np.ndarray:
        assert ans.flags.writeable == expected.flags.writeable
        assert np.may_share_memory(ans, x) == np.may_share_memory(expected, x)
        assert np.shares_memory(ans, x) == np.shares_memory(expected, x)
        assert (ans.flags.c_contiguous, ans.flags.f_contiguous) == (expected.flags.c_contiguous, expected.flags.f_contiguous)
        assert ans.strides == expected.strides or not ans.size


EQUAL_KEYS = [
    (np.roll, (1, 1), (1, 1.0)),
    (np.roll, (1, 1), (1, "1")),
    (np.transpose, ((1, 0),), ((1.0, 0.0),)),
    (np.sum, (1,), (1.0,)),
    (np.swapaxes, (0, 1), (0.0, 1.0)),
    (np.moveaxis, (0, 1), (0.0, 1)),
    (np.flip, (1,), (1.0,)),
    (np.expand_dims, (1,), (1.0,)),
]


@pytest.mark.parametrize(("func", "taken", "refused"), EQUAL_KEYS)
@pytest.mark.parametrize("recorded", [False, True])
def test_what_numpy_refuses_stays_refused_when_the_like_is_known(func, taken, refused, recorded):
    x = np.arange(6.0).reshape(2, 3)
    with pytest.raises(Exception) as expected:
        func(x, *refused)

    def f(x):
        for _ in range(3):
            func(x, *taken)
        with pytest.raises(expected.type):
            func(x, *refused)
        return x

    dm.reverse.vjp(f, x) if recorded else dm.jvp(f, (x,), (x,))


@pytest.mark.parametrize("run", [lambda f, x: dm.reverse.grad(f)(x), lambda f, x: dm.gradient(f, strategy="dense")(x)])
def test_arguments_that_say_more_are_not_mistaken(run):
    """An initial value, a mask, a dtype, an array given as out= of a sum are seen however often the plain sum was taken."""
    x = np.arange(1.0, 7.0).reshape(2, 3)

    def f(x):
        for _ in range(2):
            np.sum(x), np.sum(x, 0), np.sum(x, axis=0, keepdims=True), x.sum(), x.sum(0), np.roll(x, 1), np.roll(x, 1, 0)
        plain = dm.primal(x)
        assert dm.primal(np.sum(x, initial=5)) == plain.sum() + 5
        assert dm.primal(np.sum(x, where=plain > 2)) == plain[plain > 2].sum()
        assert np.sum(x, dtype=np.float32).dtype == np.float32
        assert np.sum(x, 0, None, None, True).shape == (1, 3)
        assert np.array_equal(dm.primal(np.roll(x, (1, 1), (0, 1))), np.roll(plain, (1, 1), (0, 1)))
        assert np.array_equal(dm.primal(np.roll(x, np.int64(1))), np.roll(plain, 1))
        assert np.array_equal(dm.primal(np.roll(x, True, False)), np.roll(plain, True, False))
        out = np.zeros(3, like=x)
        assert np.sum(x, axis=0, out=out) is out
        np.roll(x, 1, 0)[0, 0] = 9.0  # a copy
        return np.sum(out * out) + np.sum(x.T[0] * np.flip(x)[0, 0])

    got = run(f, x)
    column = x.sum(0)
    expected = np.broadcast_to(2 * column, x.shape).copy()
    expected[:, 0] = 0
    expected = np.broadcast_to(2 * column, x.shape).copy()
    expected[0, :] += 0  # x.T[0] is the first column
    expected[:, 0] += x[1, 2]
    expected[1, 2] += x[:, 0].sum()
    np.testing.assert_allclose(got, expected, rtol=1e-14)


def test_writes_go_through_views_that_known_maps_give():
    def f(x):
        y = np.zeros((2, 3), like=x)
        for _ in range(2):
            y.T[1] = x[:2] * 2
            np.swapaxes(y, 0, 1)[2, :] = x[1:] ** 2
            np.flip(y)[1, 2] = x[0] ** 3
            np.expand_dims(y, 0)[0, 1, 0] = 3 * x[2]
        return y

    x = np.array([2.0, 3.0, 5.0])
    for jacobian in (dm.reverse.jacobian(f), dm.jacobian(f, strategy="dense")):
        expected = np.zeros((2, 3, 3))
        expected[0, 1, 0] = expected[1, 1, 1] = 2
        expected[0, 2, 1], expected[1, 2, 2] = 2 * x[1], 2 * x[2]
        expected[0, 0, 0], expected[1, 0, 2] = 3 * x[0] ** 2, 3
        np.testing.assert_allclose(jacobian(x), expected)
    np.testing.assert_array_equal(dm.reverse.value_and_jacobian(f)(x)[0], [[8, 4, 9], [15, 6, 25]])
