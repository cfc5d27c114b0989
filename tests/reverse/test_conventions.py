"""Kinks, ties, infinities: reverse mode answers as forward mode does."""

import numpy as np
import pytest
from test_elementwise import edge_cases, edge_point, public

import dualmc as dm

G = dm.reverse.grad


def pulled(rule, i, args, c):
    def f(x):
        return public(rule)(*(x if j == i else a for j, a in enumerate(args)))

    return dm.reverse.vjp(f, args[i])[1](c)[0]


@pytest.mark.parametrize(("rule", "edge"), edge_cases())
def test_edges_answer_as_declared(rule, edge):
    args = edge_point(rule, edge)
    with np.errstate(all="ignore"):
        for i in (k for k, d in enumerate(rule.on) if not d.integer):
            np.testing.assert_allclose(pulled(rule, i, args, np.ones(1)), [edge.d[i]], rtol=1e-14, err_msg=f"argument {i}")
            np.testing.assert_array_equal(pulled(rule, i, args, np.zeros(1)), [0.0])


class TestStrongZeros:
    def test_a_branch_not_taken_may_be_infinite(self):
        x = np.array([0.0, 4.0])
        np.testing.assert_array_equal(G(lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0)))(x), [0.0, 0.25])
        np.testing.assert_array_equal(G(lambda x: np.sum(np.maximum(np.sqrt(x), 1.0)))(x), [0.0, 0.25])
        np.testing.assert_array_equal(G(lambda x: np.sqrt(x)[1])(x), [0.0, 0.25])

    @pytest.mark.parametrize("reuse", [True, False])
    def test_a_zero_cotangent_wins(self, reuse):
        for f in (np.sqrt, lambda x: x * np.inf, lambda x: x * np.array([np.nan, 1.0]), lambda x: np.sqrt(x) * 2):
            with np.errstate(all="ignore"):
                _, pullback = dm.reverse.vjp(f, np.array([0.0, 1.0]), reuse=reuse)
                assert pullback(np.array([0.0, 1.0]))[0][0] == 0.0

    @pytest.mark.filterwarnings("ignore:invalid value")
    def test_matrix_products(self):
        m = np.array([[np.inf, 1.0], [2.0, np.nan]])
        np.testing.assert_array_equal(dm.reverse.jacobian(lambda x: m @ x)(np.array([1.0, 2.0])), m)
        np.testing.assert_array_equal(dm.reverse.jacobian(lambda x: x @ m)(np.array([1.0, 2.0])), m.T)
        jac = dm.reverse.jacobian(lambda x: np.einsum("ij,j->i", m, x))(np.array([1.0, 2.0]))
        np.testing.assert_array_equal(jac, m)

    def test_replayed(self):
        _, push = dm.linearize(np.sqrt, np.array([0.0, 4.0]))
        np.testing.assert_array_equal(push(np.array([0.0, 1.0])), [0.0, 0.25])
        with np.errstate(divide="ignore"):
            _, push = dm.linearize(lambda x: np.where(x > 0, np.log(np.abs(x)), 0.0), np.array([0.0, 4.0]))
        np.testing.assert_array_equal(push(np.ones(2)), [0.0, 0.25])

    @pytest.mark.filterwarnings("ignore:invalid value")
    def test_an_infinite_slope_before_a_zero_one(self):
        """Forward meets the infinity first, reverse the zero."""
        assert np.isnan(dm.jvp(lambda x: np.sqrt(x) ** 2, (0.0,), (1.0,))[1])
        assert G(lambda x: np.sqrt(x) ** 2)(0.0) == 0.0

    def test_true_infinities_stay(self):
        assert G(np.sqrt)(0.0) == np.inf
        assert G(np.cbrt)(0.0) == np.inf


class TestTies:
    def test_shared_and_averaged(self):
        assert G(lambda x: np.maximum(x, x))(2.0) == 1.0
        assert G(lambda x: np.maximum(x, 0.0))(0.0) == 0.5
        np.testing.assert_array_equal(G(np.max)(np.array([1.0, 3.0, 3.0])), [0.0, 0.5, 0.5])
        np.testing.assert_array_equal(G(lambda x: np.sum(np.sort(x) * np.array([1, 2, 4])))(np.array([2.0, 2.0, 1.0])), [2.0, 4.0, 1.0])
        assert G(lambda x: np.clip(x, 0, 1))(1.0) == 1.0
        assert G(np.abs)(0.0) == 0.0

    def test_products_do_not_divide(self):
        np.testing.assert_array_equal(G(np.prod)(np.array([0.0, 2.0, 3.0])), [6.0, 0.0, 0.0])
        np.testing.assert_array_equal(G(lambda x: np.cumprod(x)[-1])(np.array([0.0, 2.0, 0.0])), [0.0, 0.0, 0.0])
        np.testing.assert_allclose(G(np.linalg.det)(np.diag([0.0, 2.0, 3.0])), np.diag([6.0, 0.0, 0.0]), atol=1e-14)


def test_where_an_entry_is_written_twice_the_last_write_counts():
    def f(x):
        y = np.zeros(3, like=x)
        y[np.array([0, 0, 2])] = x
        return y

    np.testing.assert_array_equal(dm.reverse.jacobian(f)(np.arange(3.0)), dm.jacobian(f)(np.arange(3.0)))
