"""The Jacobian as an operator of SciPy: the products are those of the matrix, in one run of the function."""

import sys

import numpy as np
import pytest

import dualmc as dm
from dualmc.testing.report import tolerance

linalg = pytest.importorskip("scipy.sparse.linalg")
RNG = np.random.default_rng(0)


def f(x):
    return np.concatenate([np.sin(x).ravel() * x[0, 0], (x @ x.T).ravel()])[None]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("columns", [(), (0,), (1,), (4,)])
def test_products_are_those_of_the_matrix(dtype, columns):
    x = RNG.normal(size=(2, 3)).astype(dtype)
    op, matrix = dm.jacobian_operator(f, x), dm.jacobian(f)(x).reshape(10, 6)
    assert (op.shape, op.dtype) == ((10, 6), dtype)
    v, u = RNG.normal(size=(6, *columns)).astype(dtype), RNG.normal(size=(10, *columns)).astype(dtype)
    for got, expected in ((op @ v, matrix @ v), (op.T @ u, matrix.T @ u), (op.H @ u, matrix.T @ u)):
        assert got.dtype == dtype
        assert got.shape == expected.shape
        np.testing.assert_allclose(got, expected, atol=10 * tolerance(dtype))


def test_complex_directions_go_part_by_part():
    x = RNG.normal(size=(2, 3))
    op, matrix = dm.jacobian_operator(f, x), dm.jacobian(f)(x).reshape(10, 6)
    v, u = (RNG.normal(size=(n, 2)) + 1j * RNG.normal(size=(n, 2)) for n in (6, 10))
    np.testing.assert_allclose(op @ v, matrix @ v, atol=1e-12)
    np.testing.assert_allclose(op.H @ u, matrix.T @ u, atol=1e-12)


def test_the_function_runs_once_and_many_columns_take_one_replay(monkeypatch):
    runs, replays = [], []

    def g(x):
        runs.append(1)
        return x**3

    op = dm.jacobian_operator(g, np.arange(5))
    tape = sys.modules["dualmc.tangents.tape"].Tape
    for name in ("push", "pull"):
        old = getattr(tape, name)
        monkeypatch.setattr(tape, name, lambda *a, old=old, **k: (replays.append(1), old(*a, **k))[1])
    np.testing.assert_array_equal(op @ np.eye(5), np.diag(3.0 * np.arange(5) ** 2))
    np.testing.assert_array_equal(op.T @ np.eye(5), np.diag(3.0 * np.arange(5) ** 2))
    assert (len(runs), len(replays)) == (1, 2)


def test_numbers_and_functions_that_do_not_depend_on_x():
    op = dm.jacobian_operator(lambda x: np.ones(3), 2.0)
    assert op.shape == (3, 1)
    assert not np.any(op @ np.ones(1))
    assert not np.any(op.T @ np.ones(3))
    one = dm.jacobian_operator(np.sin, 0.0)
    np.testing.assert_array_equal(one @ np.array([2.0]), [2.0])


def test_what_was_written_afterwards_does_not_change_the_operator():
    x = np.array([1.0, 2.0])
    op = dm.jacobian_operator(lambda x: x * x, x)
    x[:] = 7
    np.testing.assert_array_equal(op @ np.ones(2), [2.0, 4.0])


def test_solvers_take_it():
    matrix = np.eye(20) * 4 + RNG.normal(size=(20, 20)) / 5
    op = dm.jacobian_operator(lambda x: np.tanh(matrix @ x), np.zeros(20))
    b = RNG.normal(size=20)
    solution, flag = linalg.gmres(op, b, rtol=1e-12)
    assert flag == 0
    np.testing.assert_allclose(matrix @ solution, b, atol=1e-9)
    np.testing.assert_allclose(linalg.lsqr(op, b, atol=1e-13, btol=1e-13)[0], np.linalg.solve(matrix, b), atol=1e-8)


def test_without_scipy_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.sparse.linalg", None)
    with pytest.raises(ImportError, match=r"jacobian_operator needs scipy.*dualmc\[scipy\]"):
        dm.jacobian_operator(np.sin, 1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dm.jacobian_operator(3, 1.0), "jacobian_operator: f must be a function, got int"),
        (lambda: dm.jacobian_operator(np.sin, "x"), "jacobian_operator: x must be a number"),
        (lambda: dm.jacobian_operator(np.sin, [1.0]), "jacobian_operator: x must be a number"),
        (lambda: dm.jacobian_operator(np.sin, 1j), "jacobian_operator: x must be a real array without a tangent, got dtype complex128"),
        (lambda: dm.jacobian_operator(np.sin, dm.Dual(1.0, 1.0)), "jacobian_operator: x must be .* got a Dual"),
        (lambda: dm.jacobian_operator(lambda x: (x, x), 1.0), "<lambda> must return one real array, got a tuple"),
        (lambda: dm.jacobian_operator(lambda x: x * 1j, 1.0), "<lambda> must return one real array, got dtype complex128"),
    ],
)
def test_errors_say_what_was_wrong(call, message):
    with pytest.raises(TypeError, match=message):
        call()
