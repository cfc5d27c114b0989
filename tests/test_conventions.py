"""The promises of docs/conventions.md, point by point, under the numbers they have there."""

import math
import threading
from typing import ClassVar

import numpy as np
import pytest

import dualmc as dm

D = dm.derivative
INF, NAN = np.inf, np.nan


def slope(f, x, v=None):
    """The derivative of f at x along v (ones when left out), without NumPy's warnings."""
    x = np.asarray(x, float)
    with np.errstate(all="ignore"):
        return dm.jvp(f, (x,), (np.ones(x.shape) if v is None else np.asarray(v, float),))[1]


def hessian(f, x):
    with np.errstate(all="ignore"):
        return dm.jacobian(dm.gradient(f))(np.asarray(x, float))


class TestPoint1StrongZero:
    @pytest.mark.parametrize("f", [np.sqrt, np.cbrt, np.log, lambda x: x**0.5, lambda x: 1 / x, lambda x: x * INF], ids=str)
    def test_zero_tangent_wins(self, f):
        np.testing.assert_array_equal(slope(f, [0.0], [0.0]), [0.0])

    def test_zero_tangent_wins_over_nan(self):
        np.testing.assert_array_equal(slope(np.sin, [INF], [0.0]), [0.0])
        np.testing.assert_array_equal(slope(lambda x: x * NAN, [1.0, 2.0], [0.0, 0.0]), [0.0, 0.0])

    @pytest.mark.parametrize(("f", "at"), [(np.sqrt, 0.0), (np.cbrt, 0.0), (np.log, 0.0), (np.arcsin, 1.0)], ids=str)
    def test_true_infinities_stay(self, f, at):
        assert slope(f, [at]) == INF

    def test_matrix_products(self):
        m = np.array([[INF, 1.0], [2.0, 3.0]])
        np.testing.assert_array_equal(slope(lambda x: m @ x, [1.0, 1.0], [0.0, 1.0]), [1.0, 3.0])


class TestPoint2ZeroAtTheKink:
    @pytest.mark.parametrize("f", [np.abs, np.fabs, np.sign, lambda x: np.hypot(x, 0.0), lambda x: np.linalg.norm(x)], ids=str)
    def test_slope_zero_at_zero(self, f):
        assert np.all(slope(f, [0.0]) == 0.0)

    def test_arctan2_at_the_origin_is_nan(self):
        assert np.isnan(slope(lambda x: np.arctan2(x, 0.0), [0.0]))

    @pytest.mark.parametrize("size", [1e200, 1e-200])
    def test_lengths_neither_overflow_nor_underflow(self, size):
        np.testing.assert_allclose(dm.gradient(lambda x: np.hypot(x[0], x[1]))(np.full(2, size)), np.sqrt([0.5, 0.5]))
        np.testing.assert_allclose(dm.gradient(np.linalg.norm)(np.full(2, size)), np.sqrt([0.5, 0.5]))


class TestPoint3Powers:
    @pytest.mark.parametrize("n", [0, 0.0, np.array(0), np.array([0.0])], ids=repr)
    def test_power_zero_is_flat(self, n):
        assert np.all(slope(lambda x: x**n, [0.0]) == 0)
        assert np.all(hessian(lambda x: np.sum(x**n), [0.0]) == 0)

    @pytest.mark.parametrize("x", [0.0, -2.0, 1.5])
    @pytest.mark.parametrize("n", range(6))
    def test_integer_powers_at_every_order(self, n, x):
        f = lambda x: x**n
        for order in range(1, 5):
            f = D(f)
            exact = math.prod(range(n - order + 1, n + 1)) * x ** max(n - order, 0) if order <= n else 0.0
            assert f(x) == pytest.approx(exact)

    def test_zero_to_the_power(self):
        assert slope(lambda y: 0.0**y, [2.0]) == 0.0
        assert slope(lambda y: np.zeros(1) ** y, [0.5]) == 0.0

    @pytest.mark.parametrize("n", [0.0, 1.0, 2.0])
    def test_mixed_curvature_where_the_exponent_moves(self, n):
        """∂²/∂x∂n xⁿ = xⁿ⁻¹·(1 + n·log x), and another order in x, where exponents 0 and 1 need no exception."""
        power = lambda x, n: x ** np.stack([n, n])[0]
        by_n = dm.derivative(power, argnums=1)
        assert dm.derivative(by_n)(2.0, n) == pytest.approx(2 ** (n - 1) * (1 + n * math.log(2)))
        assert dm.derivative(dm.derivative(power), argnums=1)(2.0, n) == pytest.approx(2 ** (n - 1) * (1 + n * math.log(2)))
        third = 2 ** (n - 2) * ((n - 1) * (1 + n * math.log(2)) + n)
        assert dm.derivative(dm.derivative(dm.derivative(power)), argnums=1)(2.0, n) == pytest.approx(third)
        assert dm.derivative(dm.derivative(by_n))(2.0, n) == pytest.approx(third)

    def test_no_logarithm_without_a_tangent_in_the_exponent(self):
        np.testing.assert_array_equal(slope(lambda x: x ** np.array([2.0, 3.0]), [-1.0, -2.0]), [-2.0, 12.0])


class TestPoint4Ties:
    def test_maximum_of_x_and_x(self):
        for f in (np.maximum, np.minimum, np.fmax, np.fmin):
            np.testing.assert_array_equal(slope(lambda x, f=f: f(x, x), [1.0, 2.0]), [1.0, 1.0])

    def test_reductions_average(self):
        np.testing.assert_array_equal(dm.gradient(np.max)(np.array([3.0, 1.0, 3.0])), [0.5, 0, 0.5])
        np.testing.assert_array_equal(dm.gradient(lambda x: np.min(x, initial=1.0))(np.array([3.0, 1.0, 3.0])), [0, 0.5, 0])

    def test_clip_keeps_its_slope_at_the_bounds(self):
        np.testing.assert_array_equal(slope(lambda x: np.clip(x, 0, 1), [0.0, 0.5, 1.0, 2.0]), [1, 1, 1, 0])

    def test_relu(self):
        np.testing.assert_array_equal(slope(lambda x: np.maximum(x, 0), [-1.0, 0.0, 1.0]), [0, 0.5, 1])


class TestPoint5BranchesNotTaken:
    def test_where_select_choose(self):
        x = [0.0, 4.0]
        np.testing.assert_array_equal(slope(lambda x: np.where(x > 0, np.sqrt(x), 0.0), x), [0, 0.25])
        np.testing.assert_array_equal(slope(lambda x: np.where(x > 0, np.log(x - 4) * np.sqrt(x), x), [-1.0, 0.0]), [1, 1])
        np.testing.assert_array_equal(slope(lambda x: np.select([x > 0], [np.sqrt(x)], default=x), x), [1, 0.25])
        np.testing.assert_array_equal(slope(lambda x: np.choose([0, 1], [x, np.sqrt(x)]), x), [1, 0.25])

    def test_masks_and_nan_reductions(self):
        np.testing.assert_array_equal(slope(lambda x: np.sqrt(x)[x > 0], [0.0, 4.0]), [0.25])
        assert slope(lambda x: np.nansum(np.sqrt(x)), [-1.0, 4.0]) == 0.25
        assert slope(lambda x: np.nanmax(np.sqrt(x)), [-1.0, 4.0]) == 0.25
        assert slope(lambda x: np.sum(np.sqrt(x), where=x > 0), [0.0, 4.0]) == 0.25

    def test_nan_to_num(self):
        np.testing.assert_array_equal(slope(lambda x: np.nan_to_num(1 / x), [0.0, 2.0]), [0.0, -0.25])

    def test_fmax_ignores_nan(self):
        np.testing.assert_array_equal(slope(lambda x: np.fmax(x, NAN), [1.0]), [1.0])
        np.testing.assert_array_equal(slope(lambda x: np.fmax(x, 1.0), [NAN]), [0.0])


class TestPoint6StableForms:
    def test_logaddexp_of_minus_infinities(self):
        np.testing.assert_array_equal(slope(lambda x: np.logaddexp(x, -INF), [-INF]), [0.5])
        assert slope(np.logaddexp.reduce, [-INF, -INF, -INF], [1.0, 2.0, 6.0]) == 3.0

    def test_softplus_at_zero(self):
        softplus = lambda x: np.logaddexp(x, 0.0)
        assert D(softplus)(0.0) == 0.5
        assert D(D(softplus))(0.0) == 0.25

    def test_near_zero_at_every_order(self):
        assert D(np.expm1)(1e-300) == D(np.log1p)(1e-300) == 1.0
        assert D(D(np.expm1))(0.0) == 1.0
        assert D(D(np.log1p))(0.0) == -1.0
        assert D(np.sinc)(0.0) == 0.0
        assert D(D(np.sinc))(0.0) == pytest.approx(-(np.pi**2) / 3)


class TestPoint7NoDivisionByEntries:
    @pytest.mark.parametrize("x", [[2.0, 3.0, 4.0], [0.0, 3.0, 4.0], [0.0, 0.0, 4.0], [0.0, 0.0, 0.0]], ids=str)
    def test_prod_and_cumprod(self, x):
        x = np.array(x)
        others = [np.prod(np.delete(x, i)) for i in range(3)]
        np.testing.assert_array_equal(dm.gradient(np.prod)(x), others)
        np.testing.assert_array_equal(dm.jacobian(np.cumprod)(x)[-1], others)
        second = [[0.0 if i == j else np.prod(np.delete(x, [i, j])) for j in range(3)] for i in range(3)]
        np.testing.assert_array_equal(hessian(np.prod, x), second)

    @pytest.mark.parametrize("rank", [0, 1, 2, 3])
    def test_det_of_singular_matrices(self, rank):
        a = np.array([[1.0, 2.0, 3.0], [0.0, 1.0, 4.0], [5.0, 6.0, 0.0]])[:, :rank] @ np.eye(rank, 3)
        minors = [[(-1) ** (i + j) * np.linalg.det(np.delete(np.delete(a, i, 0), j, 1)) for j in range(3)] for i in range(3)]
        np.testing.assert_allclose(dm.gradient(np.linalg.det)(a), minors, atol=1e-12)
        # Along a direction v, det(a + s v) is a cubic in s; its second derivative by exact differences of a cubic.
        v = np.array([[1.0, -1.0, 2.0], [0.5, 1.0, 0.0], [3.0, 0.0, 1.0]])
        second = np.linalg.det(a + v) - 2 * np.linalg.det(a) + np.linalg.det(a - v)
        got = dm.jvp(lambda a: dm.jvp(np.linalg.det, (a,), (v,))[1], (a,), (v,))[1]
        assert got == pytest.approx(second, abs=1e-11)


class TestPoint8Symmetric:
    a = np.array([[2.0, 1.0], [1.0, 2.0]])

    @pytest.mark.parametrize("f", [np.linalg.eigvalsh, np.linalg.cholesky], ids=lambda f: f.__name__)
    def test_only_the_triangle_that_numpy_reads(self, f):
        np.testing.assert_array_equal(slope(f, self.a, [[0.0, 1.0], [0.0, 0.0]]), np.zeros_like(f(self.a)))

    def test_repeated_eigenvalues_move_as_the_projected_perturbation(self):
        v = np.array([[1.0, 2.0, 0.0], [2.0, -1.0, 0.0], [0.0, 0.0, 5.0]])
        got = slope(np.linalg.eigvalsh, np.diag([1.0, 1.0, 3.0]), v)
        np.testing.assert_allclose(got, [*np.linalg.eigvalsh(v[:2, :2]), 5.0], atol=1e-12)


class TestPoint9Comparisons:
    def test_only_primals_count(self):
        x = dm.Dual([3.0, 1.0, 2.0], [1.0, 5.0, 9.0])
        assert (x == np.array([3.0, 1.0, 0.0])).tolist() == [True, True, False]
        assert type(x > 1) is np.ndarray
        assert np.argmax(x) == 0
        assert np.argsort(x).tolist() == [1, 2, 0]
        assert np.searchsorted(np.array([0.0, 2.0]), x).tolist() == [2, 1, 1]
        np.testing.assert_array_equal(np.sort(x).tangent, [5, 9, 1])

    def test_the_first_of_equal_values(self):
        x = dm.Dual([2.0, 1.0, 2.0, 1.0], [1.0, 2.0, 3.0, 4.0])
        np.testing.assert_array_equal(np.sort(x).tangent, [2, 4, 1, 3])
        np.testing.assert_array_equal(np.unique(x).tangent, [2, 1])

    def test_truth_and_hash_are_ndarrays(self):
        assert dm.Dual([1.0], [0.0])
        assert not dm.Dual([0.0], [1.0])
        with pytest.raises(ValueError, match="ambiguous"):
            bool(dm.Dual([1.0, 2.0], [0.0, 0.0]))
        with pytest.raises(TypeError, match="unhashable"):
            hash(dm.Dual([1.0], [0.0]))


class TestPoint10NothingIsLostSilently:
    LOSSES: ClassVar = {
        "float": float,
        "int": int,
        "math": math.sin,
        "asarray": lambda x: np.asarray(x, dtype=float),
        "slice": lambda x: np.zeros(1).__setitem__(slice(None), x),
        "out": lambda x: np.add(x, 1, out=np.zeros(())),
        "full": lambda x: np.full(3, x),
        "copyto": lambda x: np.copyto(np.zeros(()), x),
        "astype": lambda x: x.astype(int),
        "plain +=": lambda x: np.zeros(()).__iadd__(x),
    }

    @pytest.mark.parametrize("name", LOSSES)
    def test_losses_raise_with_a_way_out(self, name):
        with pytest.raises(TypeError, match="like="):
            D(self.LOSSES[name])(1.0)

    def test_one_entry_of_a_plain_array(self):
        """NumPy puts a ValueError of its own in front of ours."""
        with pytest.raises((TypeError, ValueError)) as caught:
            D(lambda x: np.zeros(2).__setitem__(0, x))(1.0)
        assert "like=" in str(caught.value.__cause__ or caught.value)

    def test_item_and_tolist_keep_it(self):
        assert D(lambda x: x.item() ** 2)(3.0) == 6.0
        assert dm.gradient(lambda x: x.tolist()[1] * x.item(0))(np.array([2.0, 3.0])).tolist() == [3.0, 2.0]


class TestPoint11Precision:
    @pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble, np.complex64, np.complex128])
    def test_dtype_in_is_dtype_out(self, dtype):
        x = np.array([1, 2], dtype)
        value, tangent = dm.jvp(lambda x: np.exp(x) * 2 + x**2 / 3 - x[0], (x,), (x,))
        assert value.dtype == tangent.dtype == dtype

    def test_integers_become_floats(self):
        assert dm.jvp(lambda x: x**2, (3,), (1,)) == (9.0, 6.0)


class TestPoint12Views:
    def test_views_share_and_copies_copy(self):
        def f(x):
            y = x * 1.0
            view, taken = y[:2], y[[0, 1]]
            y[0] = x[2]
            return np.concatenate([view, taken])

        np.testing.assert_array_equal(dm.jacobian(f)(np.ones(3)), [[0, 0, 1], [0, 1, 0], [1, 0, 0], [0, 1, 0]])

    def test_overlap_is_buffered(self):
        def f(x):
            y = x * 1.0
            y[1:] += y[:-1]
            return y

        np.testing.assert_array_equal(dm.jacobian(f)(np.ones(3)), [[1, 0, 0], [1, 1, 0], [0, 1, 1]])


class TestPoint13Levels:
    def test_fresh_per_call_and_per_thread(self):
        results = []
        threads = [
            threading.Thread(target=lambda k=k: results.append(D(lambda x: x * D(lambda y: x * y)(1.0))(float(k)))) for k in range(8)
        ]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert sorted(results) == [2.0 * k for k in range(8)]

    def test_an_escaped_dual_raises_or_is_harmless(self):
        kept = []
        D(lambda x: kept.append(x) or x)(1.0)
        assert dm.primal(D(lambda y: y * kept[0])(2.0)) == 1.0


class TestPoint15Mismatches:
    def test_each_is_named(self):
        for primals, tangents, name in [
            ((1.0, 2.0), (1.0,), "2 primals; got 1"),
            (([1.0],), ((1.0,),), "structure"),
            ((np.ones(2),), (np.ones(3),), r"shape of primals\[0\]"),
            ((1.0,), (1j,), "real like"),
        ]:
            with pytest.raises((TypeError, ValueError), match=name):
                dm.jvp(lambda *x: 1.0, primals, tangents)


class TestPoint16Complex:
    def test_jvp_is_linear_over_the_reals(self):
        z, t = np.array([1 + 2j]), np.array([0.5 - 1j])
        for f in (np.conj, np.real, np.imag, np.abs):
            h = 1e-7
            np.testing.assert_allclose(dm.jvp(f, (z,), (t,))[1], (f(z + h * t) - f(z - h * t)) / (2 * h), rtol=1e-7)

    def test_modulus_and_sign_to_second_order(self):
        z, t = np.array([1 + 2j, -0.5 + 0.1j]), np.array([0.5 - 1j, 2 + 1j])
        for f in (np.abs, np.sign, lambda z: np.abs(z) ** 2 * np.sign(z)):
            first = lambda z, f=f: dm.jvp(f, (z,), (t,))[1]
            h = 1e-6
            np.testing.assert_allclose(first(z), (f(z + h * t) - f(z - h * t)) / (2 * h), rtol=1e-7, atol=1e-7)
            np.testing.assert_allclose(dm.jvp(first, (z,), (t,))[1], (first(z + h * t) - first(z - h * t)) / (2 * h), rtol=1e-5, atol=1e-5)

    def test_jacobian_asks_for_holomorphic(self):
        with pytest.raises(TypeError, match="holomorphic=True"):
            dm.jacobian(np.exp)(np.array([1j]))
        np.testing.assert_allclose(dm.jacobian(np.exp, holomorphic=True)(np.array([1j])), [[np.exp(1j)]])
