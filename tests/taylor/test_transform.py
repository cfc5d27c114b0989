"""What users of taylor meet: trees, dtypes, memory, large arrays, rules of their own, errors."""

from functools import partial
from typing import NamedTuple

import numpy as np
import pytest

import dualmc as dm
from dualmc.arrays import series_rules
from dualmc.arrays.series import Series

T = dm.taylor


class Pair(NamedTuple):
    a: object
    b: object


class TestTrees:
    def test_inputs_and_outputs(self):
        x = {"p": Pair(2.0, [np.array([1.0, 2.0])]), "q": (3,)}
        v = {"p": Pair(1.0, [np.array([0.0, 1.0])]), "q": (1,)}
        c = T(lambda x: Pair(x["p"].a * x["q"][0], {"n": x["p"].b[0] ** 2, "one": 1, "z": x["p"].b[0] @ x["p"].b[0]}), x, v, 2)
        assert isinstance(c, Pair)
        np.testing.assert_array_equal(c.a, [6, 5, 1])
        np.testing.assert_array_equal(c.b["n"], [[1, 4], [0, 4], [0, 1]])
        np.testing.assert_array_equal(c.b["one"], [1, 0, 0])
        np.testing.assert_array_equal(c.b["z"], [5, 4, 1])

    def test_values_without_x(self):
        np.testing.assert_array_equal(T(lambda x: np.arange(3), 1.0, 1.0, 1), [[0, 1, 2], [0, 0, 0]])
        np.testing.assert_array_equal(T(lambda x: x > 0, 1.0, 1.0, 1), [1, 0])

    def test_order_zero_is_the_value(self):
        x = np.array([[0.5, 1.0], [2.0, 0.1]])
        for f in (np.sin, np.var, np.linalg.inv, np.prod, lambda x: x @ x, lambda x: x.T, np.linalg.solve, lambda x: x[0]):
            g = (lambda x: np.linalg.solve(x, x[0])) if f is np.linalg.solve else f
            np.testing.assert_allclose(T(g, x, x, 0), np.asarray(g(x))[None], rtol=1e-14)
        np.testing.assert_allclose(T(lambda x: np.linalg.svd(x)[1], x, x, 0)[0], np.linalg.svd(x)[1])

    def test_the_first_coefficients_are_those_of_jvp(self):
        x, v = np.array([0.3, 0.8]), np.array([1.0, -2.0])
        value, tangent = dm.jvp(lambda x: np.exp(x) * x[0], (x,), (v,))
        c = T(lambda x: np.exp(x) * x[0], x, v, 1)
        np.testing.assert_array_equal(c[0], value)
        np.testing.assert_allclose(c[1], tangent, rtol=1e-15)


class TestDtypes:
    @pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble, np.complex64, np.complex128])
    def test_are_kept(self, dtype):
        x = np.array([0.3, 0.7], dtype)
        for f in (np.sin, lambda x: x**3 / (1 + x * x), lambda x: x**2.5, np.var, np.sum, lambda x: np.exp(x) * 2):
            c = T(f, x, np.ones(2), 3)
            assert c.dtype == np.asarray(f(x)).dtype
            wide = T(f, x.astype(np.result_type(dtype, np.float64)), np.ones(2), 3)
            np.testing.assert_allclose(c, wide, rtol=64 * np.finfo(dtype).eps, atol=8 * np.finfo(dtype).eps)

    def test_integers_become_floating(self):
        assert T(lambda x: x * x, 3, 1, 2).dtype == np.float64
        assert T(lambda x: x, np.array([1, 2]), np.array([1, 1]), 1).dtype == np.float64

    def test_complex_direction_of_a_complex_point(self):
        np.testing.assert_allclose(T(np.exp, 0j, 1j, 3), [1, 1j, -1 / 2, -1j / 6])


class TestMemory:
    def test_views_share_and_copies_do_not(self):
        def f(x):
            y = x * 1.0
            z, w, e = y[1:], y.copy(), y[0]
            z[0] = 10 * y[2]
            e += 1
            return np.concatenate([y, w, np.atleast_1d(e)])

        x, v = np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 2.0])
        np.testing.assert_array_equal(T(f, x, v, 1), [[1, 30, 3, 1, 2, 3, 2], [1, 20, 2, 1, 0, 2, 1]])

    def test_a_series_of_no_axes_is_written_to_where_numpy_has_an_array(self):
        def f(x):
            y = np.array(x[0], like=x)
            z, s = y, x[0]
            r = s
            y += 1
            s += 1
            return np.stack([z, r, s])

        np.testing.assert_array_equal(T(f, np.array([1.0, 2.0]), np.array([5.0, 0.0]), 1), [[2, 1, 2], [5, 5, 5]])

    @pytest.mark.parametrize("order", ["C", "F"])
    def test_reshapes_are_views_where_they_are_of_the_value(self, order):
        def f(x):
            y = np.sin(x)
            flat = y.T.reshape(-1)
            flat[0] = 7.0
            return y

        x = np.array(np.random.default_rng(0).normal(size=(2, 3)), order=order)
        expected = T(np.sin, x, x, 2)
        if order == "F":  # y.T is in the order of memory then, and flat a view of it
            expected[:, 0, 0] = [7, 0, 0]
        np.testing.assert_array_equal(T(f, x, x, 2), expected)

    def test_the_callers_arrays_are_not_written(self):
        x, v = np.ones(3), np.ones(3)

        def f(x):
            x *= 2
            return x

        c = T(f, x, v, 1)
        c[...] = 5
        np.testing.assert_array_equal([x, v], np.ones((2, 3)))


class TestManyNumbers:
    """Operations on many numbers go part by part; the nodes serve again unless a formula looks at values."""

    @pytest.mark.parametrize(
        "f",
        [np.sin, np.tanh, np.sqrt, lambda x: x**2.5, lambda x: x**3, np.hypot, lambda x: np.exp(x) / (1 + x * x), np.abs,
         lambda x: np.maximum(x, 1.0), lambda x: 2.0**x, np.logaddexp, np.arctan2, lambda x: x * x],
    )  # fmt: skip
    def test_parts_make_the_whole(self, f):
        n = 3 * series_rules.PART + 17
        x, v = np.random.default_rng(0).uniform(0.2, 2, (2, n))
        g = (lambda x: f(x, x * x + 1)) if getattr(f, "nin", 1) == 2 else f
        whole, sample = T(g, x, v, 3), np.r_[0:3, n // 2, n - 3 : n]
        np.testing.assert_allclose(whole[:, sample], T(g, x[sample], v[sample], 3), rtol=1e-14, atol=1e-15)
        np.testing.assert_array_equal(whole, T(g, x.reshape(1, -1, 1), v.reshape(1, -1, 1), 3)[:, 0, :, 0])

    def test_a_strong_zero_in_one_of_the_parts(self):
        n = 3 * series_rules.PART
        x, v = np.ones(n), np.ones(n)
        x[[5, -5]] = 0
        v[5] = 0
        c = T(np.sqrt, x, v, 2)
        np.testing.assert_array_equal(c[1:, [5, -5]], [[0, np.inf], [0, -np.inf]])
        np.testing.assert_allclose(c[:, 0], [1, 1 / 2, -1 / 8])


def written(x):
    """The formula of a partial that writes into a buffer, as no lazy series can do."""
    y = np.zeros_like(x)
    y[...] = np.cos(x)
    y *= 2
    return y / 2


def _weights(ans, x, y):
    return np.exp(x) * (x > y)


RULES = {  # defined in the test: other tests walk the table of rules when they are collected
    "a buffer": (partial(dm.defrule, lambda x: np.sin(x), d=[lambda ans, x: written(x)]), np.sin),
    "a buffer, and the result": (partial(dm.defrule, lambda x: np.exp(x), d=[lambda ans, x: written(np.arcsin(0 * x)) * ans]), np.exp),
    "a matrix product": (
        partial(dm.defrule, lambda x: np.sin(x), d=[lambda ans, x: np.matmul(np.cos(x)[..., None], np.ones((1, 1)))[..., 0]]), np.sin
    ),
    "a sum": (partial(dm.defrule, lambda x: x**3, d=[lambda ans, x: np.sum(np.stack([x * x] * 3), axis=0)]), lambda x: x**3),
    "a maximum": (
        partial(dm.defrule, lambda x: x**3, d=[lambda ans, x: 3 * np.max(np.stack([x * x, -x * x]), axis=0)]), lambda x: x**3
    ),
    "parts side by side": (
        partial(dm.defrule, lambda x: np.sin(x), d=[lambda ans, x: np.concatenate([np.cos(x)[:1], np.cos(x[1:])])]), np.sin
    ),
    "a choice of varying weight": (
        partial(dm.defrule, lambda x, y: np.where(x > y, np.exp(x), 0.0), d=[_weights, dm.ZERO], select=True),
        lambda x, y: np.where(x > y, np.exp(x), 0.0),
    ),
    "a long chain": (
        partial(dm.defrule, lambda x: 2 * x, d=[lambda ans, x: sum((x - x for _ in range(3000)), 2 + 0 * x)]), lambda x: 2 * x
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_partials_of_any_kind(name):
    """A rule of one's own may do anything in its partials."""
    define, plain = RULES[name]
    f = define()
    x, v = np.array([0.3, 0.8, 1.4]), np.array([1.0, -1.0, 0.5])
    order = 5 if name != "a long chain" else 2
    more = (0.5,) if name == "a choice of varying weight" else ()
    got, expected = T(lambda x: f(x, *more), x, v, order), T(lambda x: plain(x, *more), x, v, order)
    np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-15)


class TestErrors:
    @pytest.mark.parametrize("order", [1.0, "2", None, True])
    def test_order_is_an_integer(self, order):
        with pytest.raises(TypeError, match="taylor: order must be an integer, got"):
            T(np.sin, 1.0, 1.0, order)

    def test_order_is_not_negative(self):
        with pytest.raises(ValueError, match="taylor: order must be at least 0, got -1"):
            T(np.sin, 1.0, 1.0, -1)

    def test_the_argument_is_named(self):
        for x, v, kind, text in (
            ("a", 1.0, TypeError, "taylor: x must be a number"),
            (1.0, "a", TypeError, "taylor: v must be a number"),
            ({"a": [1.0, None]}, {"a": [1.0, 1.0]}, TypeError, r"taylor: x\['a'\]\[1\] must be a number"),
            (np.ones(2), np.ones(3), ValueError, "taylor: v must have the shape of x"),
            ((1.0, np.ones(2)), (1.0, np.ones(3)), ValueError, r"taylor: v\[1\] must have the shape of x\[1\]"),
            (1.0, 1j, TypeError, "taylor: v must be real like x"),
            ((1.0,), [1.0], TypeError, "taylor: v must have the structure of x"),
            ({"a": 1.0}, {"b": 1.0}, ValueError, "taylor: v must have the structure of x"),
        ):
            with pytest.raises(kind, match=text):
                T(lambda x: x, x, v, 2)

    def test_results_that_are_no_numbers(self):
        with pytest.raises(TypeError, match="the result of <lambda>"):
            T(lambda x: "text", 1.0, 1.0, 1)

    def test_nothing_loses_a_derivative_silently(self):
        plain = np.zeros(3)
        losing = [
            lambda x: float(x[0]), lambda x: np.asarray(x), lambda x: plain.__setitem__(0, x[0]), lambda x: np.sin(x, out=plain),
            lambda x: x.astype(int), lambda x: np.save("nowhere", x), lambda x: plain[x], lambda x: x.tobytes(), dm.tangent,
            lambda x: np.sum(x, dtype=int), lambda x: np.busday_count(x, x),
        ]  # fmt: skip
        for f in losing:
            with pytest.raises((TypeError, IndexError, ValueError)):  # NumPy makes a ValueError of what plain[0] = x raises
                T(f, np.ones(3), np.ones(3), 2)

    def test_an_imaginary_part_is_not_dropped_silently(self):
        def f(x):
            y = np.zeros(2, like=x)
            y[0] = x[0] * 1j
            return y

        with pytest.warns(np.exceptions.ComplexWarning):
            T(f, np.ones(2), np.ones(2), 1)

    def test_a_scalar_is_not_written(self):
        with pytest.raises(TypeError, match="NumPy scalar"):
            T(lambda x: x.__setitem__((), 1.0), 1.0, 1.0, 1)

    def test_the_value_may_be_read(self):
        seen = []
        T(
            lambda x: seen.append((dm.primal(x), len(x), bool(x[0]), repr(x), f"{x[0]:.2f}", x.argmax())) or x,
            np.array([2.0, 1.0]),
            np.ones(2),
            1,
        )
        value, n, truth, shown, text, at = seen[0]
        np.testing.assert_array_equal(value, [2.0, 1.0])
        assert (n, truth, text, at) == (2, True, "2.00", 0)
        assert shown.startswith("Series(array([[2., 1.]")


def test_shapes_of_a_series():
    x = Series(np.arange(12.0).reshape(2, 3, 2), 1)
    assert (x.shape, x.ndim, x.size, x.order, x.dtype) == ((3, 2), 2, 6, 1, np.float64)
    assert [y.shape for y in x] == [(2,)] * 3
    with pytest.raises(TypeError, match="0-d"):
        iter(Series(np.zeros(2), 1))
