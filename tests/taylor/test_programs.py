"""Random programs, programs that write into arrays, and all other kinds of rules: coefficients are those of nested Duals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_memory import PROGRAMS

import dualmc as dm
from dualmc import testing as dt

from .nested import coefficients


def compare(f, x, v, order, tol=1e-11):
    expected = [np.stack(c) for c in coefficients(f, x, v, order)]
    got = dm.taylor(f, x, v, order)
    got = got if isinstance(got, (tuple, list)) else (got,)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=tol, atol=tol * (1 + float(np.abs(b).max())))


@settings(max_examples=60, deadline=None)
@given(program=dt.smooth_programs(6, 8), seed=st.integers(0, 1000), order=st.integers(0, 4))
def test_random_programs(program, seed, order):
    rng = np.random.default_rng(seed)
    compare(program, rng.normal(size=6), rng.normal(size=6), order)


@settings(max_examples=30, deadline=None)
@given(program=dt.smooth_programs(6, 8, "tame"), seed=st.integers(0, 1000))
def test_a_taylor_polynomial_is_near_the_function(program, seed):
    """No other derivative is asked: the remainder after order 6 shrinks with the seventh power of the step."""
    rng = np.random.default_rng(seed)
    x, v = rng.normal(size=6), rng.normal(size=6)
    c = dm.taylor(program, x, v, 6).astype(np.longdouble)
    size = 1 + float(np.abs(program(x)).max())

    def remainder(h):
        exact = program(x.astype(np.longdouble) + h * v)
        return float(np.abs(exact - sum(c[k] * h**k for k in range(7))).max()) / size

    near, far = remainder(np.longdouble(2) ** -8), remainder(np.longdouble(2) ** -6)
    assert near <= max(1e-13, 2 * far / 4**7, far * 4.0**-6)


POLYNOMIALS = st.lists(st.integers(-3, 3), min_size=1, max_size=7)


@settings(max_examples=40, deadline=None)
@given(coefficients=POLYNOMIALS, x=st.integers(-3, 3), v=st.integers(-3, 3))
def test_polynomials_are_shifted_exactly(coefficients, x, v):
    def f(x):
        total = 0.0 * x
        for c in reversed(coefficients):
            total = total * x + c
        return total

    shifted = np.polynomial.Polynomial(coefficients)(np.polynomial.Polynomial([x, v])).coef
    truth = np.zeros(9)
    truth[: len(shifted)] = shifted
    np.testing.assert_array_equal(dm.taylor(f, float(x), float(v), 8), truth)


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_that_write(name):
    rng = np.random.default_rng(0)
    x, v = rng.uniform(0.3, 2, 6), rng.normal(size=6)
    kept = x.copy()
    compare(PROGRAMS[name], x, v, 3)
    np.testing.assert_array_equal(x, kept)


def square(x):
    return x.reshape(3, 3) + 3 * np.eye(3)


KINDS = {
    "linear, a view": lambda x: x.reshape(3, 3).T[::-1, 1:],
    "linear, with initial": lambda x: np.sum(x, initial=x[0] * x[1]),
    "linear, with a mask": lambda x: np.sum(x * x, where=x > 0.5),
    "weighted, a choice": lambda x: np.sort(np.sin(3 * x)) * np.max(x),
    "weighted, ties": lambda x: np.max(np.stack([x * x, x * x, x])),
    "weighted, products": lambda x: np.prod(x.reshape(3, 3), axis=1),
    "weighted, a variance": lambda x: np.var(np.exp(x)),
    "weighted, a length": lambda x: np.linalg.norm(np.sin(x)),
    "weighted, a sum of exponentials": lambda x: np.logaddexp.reduce(x * x),
    "multilinear, one operand": lambda x: square(x) @ np.arange(3.0),
    "multilinear, two": lambda x: square(x) @ np.sin(square(x)),
    "multilinear, four": lambda x: np.einsum("i,i,ij,j->", x[:3], x[3:6], square(x), x[6:]),
    "join": lambda x: np.concatenate([x[:2], [1.0, 2.0], x * x]),
    "implicit, whole": lambda x: np.linalg.solve(square(x), x[:3]),
    "implicit, whole, constant matrix": lambda x: np.linalg.solve(np.diag([1.0, 2.0, 3.0]), np.cos(x[:3])),
    "implicit": lambda x: np.linalg.inv(square(x)),
    "implicit, several results": lambda x: tuple(np.linalg.svd(square(x))),
    "implicit, a constant among them": lambda x: np.linalg.slogdet(square(x))[1],
    "composed, exact": lambda x: np.cumprod(x),
    "composed": lambda x: np.clip(np.interp(x, [0.0, 0.5, 2.0], [0.0, 1.0, 0.3]), 0.2, 0.9),
    "constant": lambda x: np.where(np.argsort(x) > 3, x, x * x),
    "complex": lambda x: np.abs(np.fft.fft(x * np.exp(1j * x))),
    "folded": lambda x: np.hypot.reduce(x),
    "accumulated": lambda x: np.multiply.accumulate(x),
    "outer": lambda x: np.subtract.outer(x[:2], x),
}


@pytest.mark.parametrize("name", KINDS)
def test_kinds(name):
    rng = np.random.default_rng(3)
    compare(KINDS[name], rng.uniform(0.3, 1.2, 9), rng.normal(size=9), 4)


class TestStrongZeros:
    """Convention 1: where nothing moves, infinite slopes do not count."""

    def test_beside_entries_that_move(self):
        c = dm.taylor(np.sqrt, np.array([0.0, 0.0, 4.0]), np.array([0.0, 1.0, 1.0]), 3)
        np.testing.assert_array_equal(c[:, 0], 0)
        np.testing.assert_array_equal(c[1:, 1], [np.inf, -np.inf, np.inf])
        np.testing.assert_allclose(c[:, 2], [2, 1 / 4, -1 / 64, 1 / 512])

    @pytest.mark.filterwarnings("ignore:invalid value", "ignore:divide by zero")
    def test_products(self):
        x, v = np.array([1.0, 2.0]), np.array([0.0, 1.0])
        np.testing.assert_array_equal(dm.taylor(lambda x: x * np.inf, x, v, 2), [[np.inf, np.inf], [0, np.inf], [0, 0]])
        np.testing.assert_array_equal(dm.taylor(lambda x: x / 0.0, x, v, 1)[1], [0, np.inf])
        m = np.array([[np.inf, 1.0], [2.0, 3.0]])
        np.testing.assert_array_equal(dm.taylor(lambda x: m @ x, x, v, 2)[1:], [[1.0, 3.0], [0, 0]])

    def test_a_branch_that_is_not_taken(self):
        f = lambda x: np.where(x > 0, np.sqrt(x) * x, 0.0)
        np.testing.assert_allclose(dm.taylor(f, np.array([0.0, 4.0]), np.ones(2), 2), [[0, 8], [0, 3], [0, 3 / 16]])

    def test_nan_elsewhere_changes_nothing(self):
        x, v = np.array([0.3, np.nan, 1.2]), np.ones(3)
        for f in (np.tanh, lambda x: x**2.5, lambda x: np.sin(x) / x, np.arctan):
            c, alone = dm.taylor(f, x, v, 4), dm.taylor(f, x[[0, 2]], v[[0, 2]], 4)
            np.testing.assert_array_equal(c[:, [0, 2]], alone)
            assert np.all(np.isnan(c[:, 1]))
