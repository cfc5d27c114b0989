"""Views, copies, writes: NumPy's sharing, for primal and tangent alike."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dualmc as dm


def step_difference(f, x, v, h=1e-6):
    """A derivative along v that owes nothing to Duals; exact to about 1e-9 for the smooth programs here."""
    return (f(x + h * v) - f(x - h * v)) / (2 * h)


def zeros_like(x):
    return np.zeros_like(x)


PROGRAMS = {}


def program(f):
    PROGRAMS[f.__name__] = f
    return f


@program
def set_item(x):
    y = np.zeros(8, like=x)
    y[1:7] = x * x
    y[2] = 3.0
    y[[0, 7]] = x[:2]
    return y * y


@program
def set_through_a_view(x):
    y = x * 1.0
    z = y[2:5]
    z[1] = x[0] * x[5]
    y[2] = 7 * x[1]
    return np.concatenate([z * z, y])


@program
def set_through_a_view_of_a_view(x):
    y = (x * 1.0).reshape(2, 3)
    row, turned = y[1], y.T
    row[:] = row * row
    turned[0, 0] = x[5]
    return y * turned.T


@program
def in_place_operators(x):
    y = x * 2
    y += x
    y *= x
    y[1:] -= y[:-1]
    y[::2] /= 3
    y **= 2
    return y


@program
def a_sum_does_not_share_its_tangent(x):
    y = x + 1
    y[0] = 5.0
    return x * y


@program
def an_operand_is_overwritten(x):
    y = np.exp(x)
    z = y * x
    y[:] = 0.0
    return z + y


@program
def a_constant_is_overwritten(x):
    b, s = np.ones(6), 0
    for i in range(3):
        b[:] = i + 1.0
        s = s + b * x * x
    return s


@program
def recurrence(x):
    y = zeros_like(x)
    y[0] = x[0]
    for i in range(1, 6):
        y[i] = y[i - 1] * x[i] + np.sin(y[i - 1])
    return y


@program
def add_at(x):
    y = x * x
    np.add.at(y, np.array([0, 0, 3]), x[1:4] * x[0])
    np.multiply.at(y, np.array([1, 1, 1]), x[:3])
    return y


@program
def a_view_is_used_after_its_base_is_written(x):
    a = x * 1.0
    b = a[::-1]
    c = b * 2
    a[0] = x[3] ** 2
    return c * b


@program
def masks(x):
    y = x * x
    y[np.array([1, 0, 1, 0, 0, 1], bool)] = 0.0
    y[y > 1e9] = 1.0
    y[y == 0] = x[0]
    return y * x


@program
def an_entry_is_a_copy(x):
    y = x * x
    e = y[2]
    y[2] = 0.0
    return y + e


@program
def overlapping_assignment(x):
    y = x * x
    y[1:] = y[:-1]
    y[:3] += y[3:]
    return y


@program
def flatten_copies_and_ravel_views(x):
    y = (x * x).reshape(2, 3)
    flat, view = y.flatten(), y.ravel()
    view[0] = x[1]
    flat[1] = 9.0
    return y.ravel() * flat


@program
def out_arguments(x):
    y = zeros_like(x)
    np.multiply(x, x, out=y)
    np.exp(y, out=y)
    np.add(y, 1.0, out=y[:], where=np.array([1, 0, 1, 1, 0, 0], bool))
    return y


@program
def the_input_is_written(x):
    x[0] = x[1] * x[2]
    x += 1
    return x * x


@program
def fortran_order_ravel(x):
    y = np.reshape(x * x, (2, 3), order="F")
    y[0, 1] = x[0]
    return y.ravel(order="F") * x


@program
def swaps(x):
    y = x * x
    y[[0, 1]] = y[[1, 0]]
    y[2], y[3] = y[3] * 1, y[2] * 1
    return y * x


@pytest.mark.parametrize("lead", [(), (2,), (2, 2)], ids=str)
@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_that_write(name, lead):
    f = PROGRAMS[name]
    rng = np.random.default_rng(0)
    x, v = rng.uniform(0.3, 2, 6), rng.normal(size=(*lead, 6))
    y = f(dm.Dual(x.copy(), v.copy()))
    np.testing.assert_allclose(y.primal, f(x.copy()), rtol=1e-15)
    for k in np.ndindex(lead):
        np.testing.assert_allclose(y.tangent[k], step_difference(lambda z: f(z.copy()), x, v[k]), rtol=2e-7, atol=2e-7)


@pytest.mark.parametrize("name", PROGRAMS)
def test_second_derivatives_of_programs_that_write(name):
    f = PROGRAMS[name]
    rng = np.random.default_rng(1)
    x, v, w = rng.uniform(0.3, 2, 6), rng.normal(size=6), rng.normal(size=6)

    def first(x):
        return dm.jvp(f, (x,), (v,))[1]

    got = dm.jvp(first, (x,), (w,))[1]
    np.testing.assert_allclose(got, step_difference(first, x, w), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("transform", [dm.jacobian, lambda f: dm.jacobian(f, chunk_size=2)])
def test_the_callers_array_is_not_written(transform):
    x = np.ones(6)
    transform(the_input_is_written)(x)
    np.testing.assert_array_equal(x, np.ones(6))
    v = np.ones(6)
    dm.jvp(the_input_is_written, (x,), (v,))
    np.testing.assert_array_equal(v, np.ones(6))
    np.testing.assert_array_equal(x, np.ones(6))


KEYS = st.one_of(
    st.integers(-2, 1),
    st.slices(2),
    st.just(Ellipsis),
    st.none(),
    st.lists(st.integers(-2, 1), min_size=1, max_size=3),
    st.lists(st.booleans(), min_size=2, max_size=2),
    st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(keys=st.lists(KEYS, min_size=1, max_size=4), lead=st.sampled_from([(), (3,), (2, 2)]), order=st.sampled_from("CF"))
def test_every_key_reads_and_writes_as_numpy(keys, lead, order):
    key = tuple(np.array(k) if isinstance(k, list) else k for k in keys)
    rng = np.random.default_rng(0)
    p, t = np.asarray(rng.normal(size=(2, 2, 2)), order=order), rng.normal(size=(*lead, 2, 2, 2))
    try:
        expected = p[key]
    except IndexError:
        with pytest.raises(IndexError):
            dm.Dual(p, t)[key]
        return
    got = dm.Dual(p, t)[key]
    np.testing.assert_array_equal(got.primal, expected)
    for k in np.ndindex(lead):
        np.testing.assert_array_equal(got.tangent[k], t[k][key])
    value, dot = rng.normal(size=np.shape(expected)), rng.normal(size=lead + np.shape(expected))
    target = dm.Dual(p.copy(), t.copy())
    target[key] = dm.Dual(value, dot)
    written = p.copy()
    written[key] = value
    np.testing.assert_array_equal(target.primal, written)
    for k in np.ndindex(lead):
        written = t[k].copy()
        written[key] = dot[k]
        np.testing.assert_array_equal(target.tangent[k], written)
    target[key] = 4.0
    assert not np.any(target[key].tangent)


def views_of(x):
    """What a function of NumPy gives back, and a way to tell whether it looks into x."""
    yield "slice", x[1:]
    yield "transpose", x.T
    yield "reshape", x.reshape(-1)
    yield "ravel", x.ravel()
    yield "newaxis", x[:, None]
    yield "flip", np.flip(x, 0)
    yield "swapaxes", np.swapaxes(x, 0, 1)
    yield "diagonal", np.diagonal(x)
    yield "split", np.split(x, 2)[1]
    yield "real", x.real
    yield "squeeze", np.squeeze(x[None])
    yield "broadcast", np.broadcast_to(x, (2, *x.shape))
    yield "fancy", x[[0, 1]]
    yield "positive", +x
    yield "where", np.where(True, x, 0)
    yield "concatenate", np.concatenate([x])
    yield "astype", x.astype(float)
    yield "copy", x.copy()
    yield "flatten", x.flatten()
    yield "sum", x.sum(0)
    yield "take", np.take(x, [0, 1], axis=0)
    yield "roll", np.roll(x, 1, 0)


ARRANGEMENTS = {
    "C": lambda a: a.copy(),
    "F": lambda a: np.asfortranarray(a),
    "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "reversed": lambda a: a[::-1].copy()[::-1],
    "transposed": lambda a: np.ascontiguousarray(a.T).T,
}


@pytest.mark.parametrize("lead", [(), (3,)], ids=str)
@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_views_and_copies_are_numpys(arrangement, lead):
    """Whatever the layout of the input: primal and tangent are views exactly where NumPy gives one."""
    plain = ARRANGEMENTS[arrangement](np.arange(1.0, 13).reshape(4, 3))
    dual = dm.Dual(plain, np.ones((*lead, 4, 3)))
    for (name, view), (_, expected) in zip(views_of(dual), views_of(plain), strict=True):
        shares = np.shares_memory(plain, expected)
        assert np.shares_memory(dual.primal, view.primal) == shares, name
        assert np.shares_memory(dual.tangent, view.tangent) == shares, name


COMPUTED = [
    lambda x: x + x.T.T,
    lambda x: x * 2.0,
    lambda x: x + np.ones(3),
    lambda x: np.ones((4, 3)) * x,
    lambda x: x + np.asfortranarray(np.ones((4, 3))),
    lambda x: np.asfortranarray(np.ones((4, 3))) * x,
    lambda x: np.exp(x) / x,
    lambda x: np.where(x > 3, x, 0),
    lambda x: np.maximum(x, 2.0),
    lambda x: x.copy(),
    lambda x: np.copy(x),
    lambda x: x[:, [2, 0, 1]],
    lambda x: x @ np.eye(3),
    lambda x: np.eye(4) @ x,
    lambda x: np.sort(x, axis=0),
    lambda x: np.cumsum(x, axis=1),
    lambda x: np.concatenate([x, x]),
    lambda x: x[:, 0][:, None] + x,
]


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
@pytest.mark.parametrize("k", range(len(COMPUTED)))
def test_computed_arrays_reshape_alike(k, arrangement):
    """Primal and tangent of a result lie alike in memory: a reshape is a view of both or of neither."""
    plain = ARRANGEMENTS[arrangement](np.arange(1.0, 13).reshape(4, 3))
    for lead in [(), (2,)]:
        seed = np.random.default_rng(0).normal(size=(*lead, 4, 3))
        y = COMPUTED[k](dm.Dual(plain, seed))
        for order in "CF":
            z = y.reshape(-1, order=order)
            expected = COMPUTED[k](plain)
            shares = np.shares_memory(expected, expected.reshape(-1, order=order))
            assert np.shares_memory(y.primal, z.primal) == shares
            assert np.shares_memory(y.tangent, z.tangent) == shares


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
@pytest.mark.parametrize("k", range(len(COMPUTED)))
def test_parts_of_nested_duals_reshape_alike(k, arrangement):
    """The same for all parts of a Dual of Duals, so that a write through the reshaped one reaches all of them or none."""
    plain = ARRANGEMENTS[arrangement](np.arange(1.0, 13).reshape(4, 3))
    seeds = [dm.Dual(plain, t).tangent for t in np.random.default_rng(0).normal(size=(3, 4, 3))]
    y = COMPUTED[k](dm.Dual(dm.Dual(plain, seeds[0], 1), dm.Dual(seeds[1], seeds[2], 1), 2))
    parts = lambda x: [part for half in (x.primal, x.tangent) for part in (half.primal, half.tangent)]
    expected = COMPUTED[k](plain)
    for order in "CF":
        shares = np.shares_memory(expected, expected.reshape(-1, order=order))
        assert [np.shares_memory(a, b) for a, b in zip(parts(y), parts(y.reshape(-1, order=order)), strict=True)] == [shares] * 4


def test_copies_and_pickles():
    x = dm.Dual(np.arange(3.0), np.ones((2, 3)))
    for y in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x)), x.copy()):
        np.testing.assert_array_equal(y.primal, x.primal)
        np.testing.assert_array_equal(y.tangent, x.tangent)
        assert not np.shares_memory(y.primal, x.primal)
        assert not np.shares_memory(y.tangent, x.tangent)


def test_a_scalar_is_replaced_not_written():
    def f(x):
        total = x[0]
        keep = total
        total += x[1]
        total *= x[2]
        return total + keep

    np.testing.assert_allclose(dm.gradient(f)(np.array([1.0, 2.0, 3.0])), [4.0, 3.0, 3.0])


def test_a_0_d_array_can_be_written_in_nested_transforms():
    def f(x):
        y = np.where(True, x, 0.0)  # an array where a ufunc gives a scalar
        y[...] = y**3
        return y

    assert dm.derivative(dm.derivative(f))(2.0) == 12.0


def test_one_pass_does_not_see_the_writes_of_another():
    def f(a, b):
        result = a * b
        a[...] = 7.0
        b[...] = 9.0
        return result

    assert dm.derivative(f, argnums=(0, 1))(np.array(2.0), np.array(3.0)) == (3.0, 2.0)


def test_read_only_arrays_stay_read_only():
    def f(x):
        y = np.broadcast_to(x, (2, 3))
        y[0, 0] = 1.0
        return y

    with pytest.raises(ValueError, match="read-only"):
        dm.jacobian(f)(np.ones(3))
