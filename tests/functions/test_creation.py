"""Arrays made from arrays hold what NumPy's would, and can be written to."""

import numpy as np
import pytest

import dualmc as dm

from ..laws import same


def dual(dtype=float, lead=(2,), shape=(2, 3)):
    x = np.arange(1.0, 1 + np.prod(shape)).reshape(shape).astype(dtype)
    return dm.Dual(x, np.cos(np.arange(np.prod(lead + shape))).reshape(lead + shape).astype(dtype))


LIKE = [
    (np.zeros_like, {}), (np.ones_like, {}), (np.zeros_like, {"dtype": np.float32}), (np.ones_like, {"shape": (4,)}),
    (np.zeros_like, {"shape": (2, 2), "dtype": complex, "order": "F"}), (np.full_like, {"fill_value": 2.5}),
    (np.full_like, {"fill_value": 2.5, "shape": 3, "dtype": np.float32}), (np.zeros_like, {"dtype": int}), (np.ones_like, {"dtype": bool}),
    (np.full_like, {"fill_value": 7, "dtype": int}),
]  # fmt: skip


@pytest.mark.parametrize(("func", "kwargs"), LIKE)
def test_arrays_like_a_dual(func, kwargs):
    d = dual()
    result, expected = func(d, **kwargs), func(d.primal, **kwargs)
    same(dm.primal(result), expected)
    assert dm.primal(result).flags.f_contiguous == expected.flags.f_contiguous
    assert (type(result) is dm.Dual) == (expected.dtype.kind in "fc")
    if type(result) is dm.Dual:
        same(result.tangent, np.zeros((2, *expected.shape), expected.dtype))


@pytest.mark.parametrize("dtype", [None, np.float32, complex])
def test_empty_like_is_writable(dtype):
    d = dual()
    made = np.empty_like(d, dtype=dtype)
    assert made.shape == d.shape
    assert made.dtype == (dtype or float)
    made[0] = d[1]
    same(made.tangent[:, 0], d.tangent[:, 1].astype(made.dtype))


MADE = [
    (np.zeros, ((2, 2),)), (np.ones, (3,)), (np.full, ((2, 2), 1.5)), (np.full, (3, 1.5)), (np.eye, (3,)), (np.eye, (2, 3, 1)),
    (np.identity, (3,)), (np.arange, (4.0,)), (np.arange, (1.0, 2.0, 0.25)), (np.tri, (3,)), (np.array, ([[1.0, 2.0], [3.0, 4.0]],)),
    (np.asarray, ([1.0, 2.0],)), (np.asanyarray, ([1.0, 2.0],)), (np.ascontiguousarray, ([1.0, 2.0],)), (np.array, (2.0,)),
]  # fmt: skip


@pytest.mark.parametrize(("func", "args"), MADE, ids=lambda v: getattr(v, "__name__", ""))
def test_like_a_dual_makes_a_dual_with_zero_tangent(func, args):
    result, expected = func(*args, like=dual()), func(*args)
    same(result.primal, expected)
    same(result.tangent, np.zeros((2, *expected.shape)))
    result[...] = 5.0
    assert np.all(result.primal == 5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
@pytest.mark.parametrize("func", [np.zeros, np.ones, np.empty, np.eye, np.arange], ids=lambda f: f.__name__)
def test_dtype_of_what_is_made(func, dtype):
    result = func(3, dtype=dtype, like=dual())
    assert result.dtype == dtype
    assert result.tangent.dtype == dtype


def test_integers_made_like_a_dual_stay_plain():
    for made in (np.arange(4, like=dual()), np.zeros(3, int, like=dual()), np.array([1, 2], like=dual())):
        assert type(made) is np.ndarray


def test_filling_with_a_dual():
    d = dual()
    for made in (np.full((2, 2), d[0, 1], like=d), np.full_like(d, d[0, 1], shape=(2, 2))):
        same(made.primal, np.full((2, 2), 2.0))
        same(made.tangent, np.broadcast_to(d.tangent[:, 0, 1, None, None], (2, 2, 2)))
    row = np.full_like(d, d[0])
    same(row.tangent, np.broadcast_to(d.tangent[:, :1], (2, 2, 3)))
    with pytest.raises(TypeError, match="tangent"):
        np.full_like(d, d[0], dtype=int)


def test_arrays_of_lists_with_duals():
    d = dual()
    made = np.array([[d[0, 0], 1.0], [2, d[1, 2]]], like=d)
    same(made.primal, np.array([[1.0, 1.0], [2.0, 6.0]]))
    same(made.tangent[:, 0, 0], d.tangent[:, 0, 0])
    same(made.tangent[:, 1, 0], np.zeros(2))
    assert np.array([d[0], d[1]], like=d, dtype=np.float32).dtype == np.float32
    assert np.array(d[0], like=d, ndmin=3).shape == (1, 1, 3)


def test_array_copies_and_asarray_does_not():
    d = dual()
    for made, shared in (
        (np.array(d, like=d), False),
        (np.array(d, like=d, copy=True), False),
        (np.array(d, like=d, copy=None), True),
        (np.asarray(d, like=d), True),
        (np.asarray(d, like=d, copy=True), False),
        (np.asarray(d, like=d, dtype=np.float32), False),
        (np.asanyarray(d, like=d), True),
    ):
        assert np.shares_memory(made.primal, d.primal) == shared
        assert np.shares_memory(made.tangent, d.tangent) == shared


def test_copyto_between_duals():
    d, target = dual(), np.zeros_like(dual())
    np.copyto(target, d)
    same(target.tangent, d.tangent)
    np.copyto(target, d * 3, where=np.array([True, False, True]))
    same(target.tangent[:, :, 1], d.tangent[:, :, 1])
    same(target.tangent[:, :, 0], 3 * d.tangent[:, :, 0])
    np.copyto(target, 1.0)
    same(target.tangent, np.zeros((2, 2, 3)))


def test_made_inside_a_nested_transform():
    def f(x):
        y = np.zeros(3, like=x)
        y[1] = x**3
        return np.sum(np.array([y[1], x, 1.0], like=x) * np.ones(3, like=x))

    second = dm.jvp(lambda x: dm.jvp(f, (x,), (1.0,))[1], (2.0,), (1.0,))[1]
    assert second == 12.0
