"""Hessians and their products: closed forms, nested transforms, trees, arguments, points in batches, errors."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import dualmc as dm
from dualmc import testing as dt

RNG = np.random.default_rng(0)


class Pair(NamedTuple):
    a: Any
    b: Any


TREES = {
    "array": np.array([0.5, -1.0, 2.0]),
    "matrix": np.array([[0.5, -1.0], [1.5, 0.3]]),
    "number": np.float64(1.5),
    "dict": {"u": np.array([0.5, 1.5]), "v": np.array([[1.0, 2.0]])},
    "mixed": (np.array([0.5, -1.0]), [np.float64(2.0), {"w": np.array([0.1])}]),
    "named": Pair(np.array([1.0, 2.0]), np.array([3.0])),
    "empty leaf": (np.array([1.0, 2.0]), np.zeros(0)),
}


def leaves(tree):
    if isinstance(tree, dict):
        return [x for v in tree.values() for x in leaves(v)]
    return [x for v in tree for x in leaves(v)] if isinstance(tree, (tuple, list)) else [tree]


def joined(tree):
    """All numbers of a tree, in one vector."""
    return np.concatenate([np.reshape(x, (-1,)) for x in leaves(tree)])


def mixes(tree):
    x = joined(tree)
    return np.sum(np.sin(x) * x[::-1] ** 2) + np.prod(np.cos(x)) * np.exp(x[0])


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_hessian(x):
    n = x.size
    h = np.zeros((n, n))
    for i in range(n - 1):
        h[i, i] += 1200 * x[i] ** 2 - 400 * x[i + 1] + 2
        h[i + 1, i + 1] += 200
        h[i, i + 1] = h[i + 1, i] = -400 * x[i]
    return h


def ackley(x):
    return -20 * np.exp(-0.2 * np.sqrt(np.mean(x * x))) - np.exp(np.mean(np.cos(2 * np.pi * x))) + 20 + np.e


def ackley_hessian(x):
    n = x.size
    r, c = np.sqrt(np.mean(x * x)), np.exp(np.mean(np.cos(2 * np.pi * x)))
    e = 4 * np.exp(-0.2 * r)
    u = x / (n * r)
    s = -2 * np.pi * np.sin(2 * np.pi * x) / n
    root = (np.eye(n) / n - np.outer(u, u)) / r
    return e * root - 0.2 * e * np.outer(u, u) - c * (np.outer(s, s) - np.diag(4 * np.pi**2 * np.cos(2 * np.pi * x)) / n)


# Closed forms. -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk_size", [None, 1, 2, 3, 5, 7, 100])
@pytest.mark.parametrize(("f", "truth"), [(rosenbrock, rosenbrock_hessian), (ackley, ackley_hessian)])
def test_hessians_in_closed_form(f, truth, chunk_size):
    x = RNG.normal(size=7)
    value, gradient, hessian = dm.value_gradient_and_hessian(f, chunk_size=chunk_size)(x)
    assert_allclose(hessian, truth(x), rtol=1e-11, atol=1e-11)
    assert_allclose(gradient, dm.gradient(f)(x), rtol=1e-13)
    assert value == f(x)
    assert_allclose(dm.hessian(f, chunk_size=chunk_size)(x), hessian, rtol=0, atol=0)
    assert_allclose(dm.hessian_diagonal(f, chunk_size=chunk_size)(x), np.diag(truth(x)), rtol=1e-11, atol=1e-11)
    assert_allclose(dm.laplacian(f, chunk_size=chunk_size)(x), np.trace(truth(x)), rtol=1e-11)
    v = RNG.normal(size=7)
    assert_allclose(dm.hvp(f, (x,), (v,), chunk_size=chunk_size)[0], truth(x) @ v, rtol=1e-10, atol=1e-10)


def test_large_blocks_in_threads():
    """Blocks large enough for products to be kept, in either precision; threads do not meet."""

    def work(n):
        x = np.random.default_rng(n).normal(size=n)
        for f, truth in ((rosenbrock, rosenbrock_hessian), (ackley, ackley_hessian)):
            assert_allclose(dm.hessian(f)(x), truth(x), rtol=1e-11, atol=1e-11)
            assert_allclose(dm.hessian(f)(x.astype(np.float32)), truth(x), rtol=2e-4, atol=2e-4 * np.abs(truth(x)).max())
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, [90, 130, 70, 110] * 2))


@pytest.mark.parametrize("n", [1, 4])
def test_quadratic_forms(n):
    a, x, u, v = RNG.normal(size=(n, n)), *RNG.normal(size=(3, n))
    h = a + a.T

    def f(x):
        return x @ a @ x

    assert_allclose(dm.hessian(f)(x), h, rtol=1e-13, atol=1e-14)
    assert_allclose(dm.hvp(f, (x,), (v,))[0], h @ v, rtol=1e-12)
    assert_allclose(dm.vhv(f, (x,), (u,), (v,)), u @ h @ v, rtol=1e-12)
    many = RNG.normal(size=(2, 5, n))
    assert_allclose(dm.vhv(f, (x,), (many[0],), (many[1],)), np.einsum("ki,ij,kj->k", many[0], h, many[1]), rtol=1e-12)
    same = (many[0],)
    assert_allclose(dm.vhv(f, (x,), same, same), np.einsum("ki,ij,kj->k", many[0], h, many[0]), rtol=1e-12)
    assert_allclose(dm.laplacian(f)(x), np.trace(h), rtol=1e-13)


def test_vector_valued_functions():
    x = np.array([0.5, 2.0])
    h = dm.hessian(lambda x: np.stack([x[0] ** 2 * x[1], np.sin(x[1])]))(x)
    assert_allclose(h, [[[4.0, 1.0], [1.0, 0.0]], [[0.0, 0.0], [0.0, -np.sin(2.0)]]], rtol=1e-14)
    assert_allclose(dm.laplacian(np.exp)(x), np.exp(x))
    assert_allclose(dm.hessian_diagonal(np.exp)(x), np.diag(np.exp(x)))
    structured = dm.hessian(lambda x: {"a": x @ x, "b": [x, 1.0]})(x)
    assert_allclose(structured["a"], 2 * np.eye(2))
    assert structured["b"][0].shape == (2, 2, 2)
    assert not np.any(structured["b"][1])


def test_second_derivative():
    assert dm.second_derivative(np.sin)(0.5) == -np.sin(0.5)
    result = dm.second_derivative(lambda k, t: (t**3, {"x": np.array([1.0, 2.0]) * np.exp(k * t)}), argnums=1)(2.0, 0.5)
    assert result[0] == 3.0
    assert_allclose(result[1]["x"], 4 * np.exp(1.0) * np.array([1.0, 2.0]))
    assert dm.second_derivative(lambda x: (x**2, "text"), has_aux=True)(3) == (2.0, "text")
    assert dm.second_derivative(lambda x: 5.0)(1.0) == 0.0


@settings(max_examples=100, deadline=None)
@given(program=dt.smooth_programs(6, 8), seed=st.integers(0, 1000), chunk_size=st.sampled_from([None, 1, 4]))
def test_random_programs(program, seed, chunk_size):
    x, u, v = np.random.default_rng(seed).normal(size=(3, 6))

    def f(x):
        return np.sum(np.sin(program(x)))

    h = dm.hessian(f, chunk_size=chunk_size)(x)
    size = 1 + np.abs(h).max()
    assert_allclose(h, h.T, rtol=0, atol=1e-12 * size)
    assert_allclose(h, dm.jacobian(dm.gradient(f))(x), rtol=0, atol=1e-11 * size)
    assert_allclose(dm.hessian_diagonal(f)(x), np.diag(h), rtol=0, atol=1e-11 * size)
    assert_allclose(dm.laplacian(f)(x), np.trace(h), rtol=0, atol=1e-11 * size)
    assert_allclose(dm.hvp(f, (x,), (v,))[0], h @ v, rtol=0, atol=1e-11 * size)
    assert_allclose(dm.vhv(f, (x,), (u,), (v,)), u @ h @ v, rtol=0, atol=1e-10 * size)


# Trees and arguments. ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk_size", [None, 1, 2])
@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
def test_trees(tree, chunk_size):
    flat = joined(tree)
    sizes = [np.size(x) for x in leaves(tree)]
    truth = dm.jacobian(dm.gradient(lambda x: mixes([x])))(flat)
    value, gradient, hessian = dm.value_gradient_and_hessian(mixes, chunk_size=chunk_size)(tree)
    assert value == mixes(tree)
    assert type(gradient) is type(tree) or not isinstance(tree, (tuple, list, dict))
    assert_allclose(joined(gradient), dm.gradient(lambda x: mixes([x]))(flat), rtol=1e-12)
    rows = [leaves(row) for row in split_rows(hessian, tree)]
    for i, a in enumerate(leaves(tree)):
        for j, b in enumerate(leaves(tree)):
            assert rows[i][j].shape == np.shape(a) + np.shape(b)
            block = truth[sum(sizes[:i]) : sum(sizes[: i + 1]), sum(sizes[:j]) : sum(sizes[: j + 1])]
            assert_allclose(rows[i][j].reshape(block.shape), block, rtol=1e-11, atol=1e-12)
    assert_allclose(joined(dm.hessian_diagonal(mixes)(tree)), np.diag(truth), rtol=1e-11, atol=1e-12)
    assert_allclose(dm.laplacian(mixes, chunk_size=chunk_size)(tree), np.trace(truth), rtol=1e-11)
    assert_allclose(joined(dm.hvp(mixes, (tree,), (tree,), chunk_size=chunk_size)), truth @ flat, rtol=1e-11, atol=1e-12)
    assert_allclose(dm.vhv(mixes, (tree,), (tree,), (tree,)), flat @ truth @ flat, rtol=1e-11)


def split_rows(hessian, tree):
    """The parts of a Hessian that stand in the places of a tree's leaves."""
    if isinstance(tree, dict):
        return [row for k in tree for row in split_rows(hessian[k], tree[k])]
    if isinstance(tree, (tuple, list)):
        return [row for h, t in zip(hessian, tree, strict=True) for row in split_rows(h, t)]
    return [hessian]


def test_arguments():
    x, y = np.array([1.0, 2.0]), np.array([0.5, 1.5, 2.5])

    def f(x, y, scale=1.0):
        return scale * np.sum(x**2) * np.sum(np.sin(y)) + y[0] * x[1]

    xx = 2 * np.eye(2) * np.sum(np.sin(y))
    xy = 2 * np.outer(x, np.cos(y))
    xy[1, 0] += 1
    yy = np.diag(-np.sin(y)) * (x @ x)
    assert_allclose(dm.hessian(f)(x, y), xx)
    assert_allclose(dm.hessian(f, argnums=-1)(x, y), yy)
    blocks = dm.hessian(f, argnums=(0, 1), chunk_size=2)(x, y)
    for got, truth in zip(leaves(blocks), (xx, xy, xy.T, yy), strict=True):
        assert_allclose(got, truth, atol=1e-15)
    assert_allclose(dm.hessian(f, argnums=0, columns=1)(x, y), xy)
    assert_allclose(dm.hessian(f, argnums=1, columns=0, chunk_size=1)(x, y), xy.T)
    first, second = dm.hessian(f, argnums=1, columns=(0, 1))(x, y)
    assert_allclose(first, xy.T)
    assert_allclose(second, yy, atol=1e-15)
    assert_allclose(dm.hessian(f)(x, y, scale=3.0), 3 * xx)
    value, (gx, gy), ((hxx, hxy), _) = dm.value_gradient_and_hessian(f, argnums=(0, 1))(x, y)
    assert value == f(x, y)
    assert_allclose(gx, 2 * x * np.sum(np.sin(y)) + [0, y[0]])
    assert_allclose(gy, np.cos(y) * (x @ x) + [x[1], 0, 0])
    assert_allclose(hxx, xx)
    assert_allclose(hxy, xy)


def test_aux_is_passed_on():
    def f(x):
        return x @ x, {"norm": np.sqrt(x @ x), "text": "kept"}

    x = np.array([3.0, 4.0])
    h, aux = dm.hessian(f, has_aux=True)(x)
    assert_allclose(h, 2 * np.eye(2))
    assert aux == {"norm": 5.0, "text": "kept"}
    (value, aux), gradient, _ = dm.value_gradient_and_hessian(f, has_aux=True)(x)
    assert (value, aux["norm"]) == (25.0, 5.0)
    assert_allclose(gradient, 2 * x)
    assert dm.laplacian(f, has_aux=True)(x) == (4.0, aux)
    assert_allclose(dm.hessian_diagonal(f, has_aux=True)(x)[0], [2.0, 2.0])


def test_precision_and_arguments_are_kept():
    x = np.array([1.0, 2.0], np.float32)
    for result in (dm.hessian(ackley)(x), dm.hessian_diagonal(rosenbrock)(x), dm.laplacian(ackley)(x), dm.hvp(ackley, (x,), (x,))[0]):
        assert result.dtype == np.float32
    assert dm.hessian(lambda x: np.sum(x**3))(np.array([1, 2])).dtype == np.float64

    def writes(x):
        x[0] = x[1] ** 2
        return x[0] * x[1]

    y = np.array([1.0, 2.0])
    assert_allclose(dm.hessian(writes, chunk_size=1)(y), [[0.0, 0.0], [0.0, 12.0]])
    assert y.tolist() == [1.0, 2.0]


def test_a_function_that_writes_one_argument_into_another():
    def f(x, y):
        y[0] = x[1] ** 2
        return np.sum(y**2) * x[0]

    x, y = np.array([1.5, 2.0]), np.array([0.5, 3.0])
    (xx, xy), (_, yy) = dm.hessian(f, argnums=(0, 1), chunk_size=1)(x, y)  # (x1⁴ + y1²)·x0
    assert_allclose(xx, [[0.0, 32.0], [32.0, 12 * 4 * 1.5]])
    assert_allclose(xy, [[0.0, 6.0], [0.0, 0.0]])
    assert_allclose(yy, [[0.0, 0.0], [0.0, 3.0]])


def test_a_function_that_fills_a_buffer():
    def f(x):
        y = np.zeros_like(x)
        y[0] = x[0]
        for i in range(1, x.size):
            y[i] = y[i - 1] * x[i]
        return np.sum(y[1:])

    x = RNG.normal(size=5)
    assert_allclose(dm.hessian(f)(x), dm.hessian(lambda x: np.sum(np.cumprod(x)[1:]))(x), rtol=1e-12, atol=1e-13)


# Points in batches. ------------------------------------------------------------------------------------------


def test_points_in_batches():
    points = RNG.normal(size=(5, 2, 3))

    def f(x):
        return np.sum(np.sin(x) * x[..., ::-1], axis=-1)

    def one(x):
        return np.sum(np.sin(x) * x[::-1])

    value, gradient, hessian = dm.value_gradient_and_hessian(f, batch=2)(points)
    assert value.shape == (5, 2)
    assert hessian.shape == (5, 2, 3, 3)
    lap, diagonal = dm.laplacian(f, batch=2)(points), dm.hessian_diagonal(f, batch=2, chunk_size=2)(points)
    for k in np.ndindex(5, 2):
        assert_allclose(gradient[k], dm.gradient(one)(points[k]), rtol=1e-12)
        assert_allclose(hessian[k], dm.hessian(one)(points[k]), rtol=1e-12, atol=1e-14)
        assert_allclose(lap[k], np.trace(hessian[k]), rtol=1e-12)
        assert_allclose(diagonal[k], np.diag(hessian[k]), rtol=1e-12)
    assert_allclose(dm.gradient(f, batch=2)(points), gradient, rtol=1e-13)
    assert_allclose(dm.value_and_gradient(f, batch=2, chunk_size=2)(points)[1], gradient, rtol=1e-13)
    assert_allclose(dm.hessian(lambda x: x**3, batch=2)(points)[..., 1, 1, 1], 6 * points[..., 1])


def test_jacobians_of_points():
    x, y = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 2))
    jx, jy = dm.jacobian(lambda x, y: x[:, :2] * y * y[:, ::-1], argnums=(0, 1), batch=1)(x, y)
    assert jx.shape == (4, 2, 3)
    for k in range(4):
        ex, ey = dm.jacobian(lambda x, y: x[:2] * y * y[::-1], argnums=(0, 1))(x[k], y[k])
        assert_allclose(jx[k], ex)
        assert_allclose(jy[k], ey)
    assert dm.jacobian(np.sin, batch=1)(x[:, 0]).shape == (4,)


def test_points_that_do_not_fit():
    x = np.ones((4, 3))
    with pytest.raises(
        ValueError, match=r"hessian: with batch=1 each output of .* must start with the axes of the points, \(4,\); got shape \(\)"
    ):
        dm.hessian(lambda x: np.sum(x**2), batch=1)(x)
    with pytest.raises(ValueError, match="jacobian: with batch=1 each output"):
        dm.jacobian(lambda x: np.sum(x, axis=0), batch=1)(x)
    with pytest.raises(ValueError, match=r"laplacian: with batch=1 all inputs must have the same 1 leading axes; got shapes"):
        dm.laplacian(lambda x, y: x[:, 0] * y[:, 0], argnums=(0, 1), batch=1)(x, np.ones((5, 2)))
    with pytest.raises(ValueError, match="with batch=2 all inputs"):
        dm.gradient(lambda x: x, batch=2)(np.ones(3))
    with pytest.raises(ValueError, match="batch must be the number of leading axes"):
        dm.hessian_diagonal(np.sin, batch=-1)(x)
    with pytest.raises(TypeError, match=r"one real number for each of the points, of shape \(4,\), got shape \(4, 3\)"):
        dm.gradient(np.sin, batch=1)(x)


# Nesting. ----------------------------------------------------------------------------------------------------


def cubic(x):
    return x[0] ** 2 * x[1] ** 3 + np.sin(x[0] * x[2]) * x[1]


def third(x):
    return dm.jacobian(dm.jacobian(dm.gradient(cubic)))(x)


NESTED = {
    "jacobian of hessian": lambda x: dm.jacobian(dm.hessian(cubic))(x),
    "hessian of gradient": lambda x: np.moveaxis(dm.hessian(dm.gradient(cubic))(x), 0, -1),
    "jvp of hessian": lambda x: np.stack([dm.jvp(dm.hessian(cubic), (x,), (e,))[1] for e in np.eye(3)], -1),
    "hessian of jvp": lambda x: np.stack([dm.hessian(lambda y, e=e: dm.jvp(cubic, (y,), (e,))[1])(x) for e in np.eye(3)], -1),
    "gradient of vhv": lambda x: np.stack(
        [[dm.gradient(lambda y, u=u, v=v: dm.vhv(cubic, (y,), (u,), (v,)))(x) for u in np.eye(3)] for v in np.eye(3)]
    ),
    "jacobian of hvp": lambda x: np.stack([dm.jacobian(lambda y, e=e: dm.hvp(cubic, (y,), (e,))[0])(x) for e in np.eye(3)], 0),
}


@pytest.mark.parametrize("way", NESTED.values(), ids=NESTED)
def test_third_derivatives(way):
    x = np.array([0.7, -1.2, 0.4])
    assert_allclose(way(x), third(x), rtol=1e-12, atol=1e-13)


def test_fourth_derivatives():
    x = np.array([0.7, -1.2, 0.4])
    expected = dm.jacobian(third)(x)
    assert_allclose(dm.hessian(dm.hessian(cubic))(x), expected, rtol=1e-11, atol=1e-12)
    assert_allclose(dm.hessian(dm.laplacian(cubic))(x), np.einsum("iijk->jk", expected), rtol=1e-11, atol=1e-12)
    assert_allclose(dm.laplacian(dm.laplacian(cubic))(x), np.einsum("iijj", expected), rtol=1e-11)
    assert_allclose(dm.laplacian(dm.hessian_diagonal(cubic))(x), np.einsum("iijj->j", expected), rtol=1e-11, atol=1e-12)


def test_linear_algebra_under_an_outer_variable():
    """What nested Duals find, inside and around Duals of other transforms."""
    a = np.array([[2.0, 0.3], [0.3, 1.0]])

    def f(x, s):
        m = a * s + np.outer(x, x)
        return np.sum(np.linalg.solve(m, x)) + np.linalg.slogdet(m)[1] + np.linalg.norm(x * s) + np.prod(x)

    x = np.array([0.5, 1.5])
    for transform in (dm.hessian, dm.laplacian, dm.hessian_diagonal):
        above, below = (transform(lambda x, s=s: f(x, s))(x) for s in (1.0 + 1e-5, 1.0 - 1e-5))
        slope = (above - below) / 2e-5
        assert_allclose(dm.derivative(lambda s, t=transform: t(lambda x: f(x, s))(x))(1.0), slope, rtol=1e-7)


def test_perturbations_are_not_confused():
    assert dm.derivative(lambda x: x * dm.second_derivative(lambda y: x * y**2)(1.0))(3.0) == 12.0
    assert dm.second_derivative(lambda x: x * dm.derivative(lambda y: x + y)(1.0))(1.0) == 0.0
    assert dm.second_derivative(lambda x: dm.second_derivative(lambda y: x**2 * y**2)(x))(1.0) == 4.0
    outer = dm.hessian(lambda x: dm.laplacian(lambda y: x[0] ** 2 * np.sum(y**3) * x[1])(x))(np.array([1.0, 2.0]))
    truth = dm.hessian(lambda x: 6 * x[0] ** 2 * x[1] * (x[0] + x[1]))(np.array([1.0, 2.0]))
    assert_allclose(outer, truth)


# Errors. -----------------------------------------------------------------------------------------------------

X = np.ones(2)
WRONG = [
    (lambda: dm.hessian(3), TypeError, r"hessian: f must be a function, got int; write hessian\(f\)\(x\)"),
    (lambda: dm.hessian(np.sum)(X * 1j), TypeError, "hessian: an input has dtype complex128; differentiate with respect to its real and"),
    (lambda: dm.laplacian(np.sum)(X * 1j), TypeError, "laplacian: an input has dtype complex128"),
    (lambda: dm.hessian(np.sum)("text"), TypeError, "hessian: argument 0 must be a number"),
    (lambda: dm.hessian(np.sum, argnums=1)(X), ValueError, r"hessian: argnums=1 does not fit a call with 1 positional arguments"),
    (lambda: dm.hessian(np.sum, columns=(0, 0))(X), ValueError, r"hessian: columns=\(0, 0\) names an argument twice"),
    (lambda: dm.hessian(np.sum, columns=1.5)(X), TypeError, "hessian: columns must be an int or a tuple of ints"),
    (lambda: dm.hessian(np.sum, chunk_size=0)(X), ValueError, "chunk_size must be a positive integer"),
    (lambda: dm.laplacian(np.sum, chunk_size=True)(X), ValueError, "chunk_size must be a positive integer"),
    (lambda: dm.value_gradient_and_hessian(np.sin)(X), TypeError, r"must return one real number, got shape \(2,\).*use dm.hessian"),
    (lambda: dm.hessian(lambda x: "text")(X), TypeError, "the result of <lambda> must be a number"),
    (lambda: dm.second_derivative(np.sin)(X), TypeError, r"second_derivative: the input must be one number, got shape \(2,\)"),
    (lambda: dm.second_derivative(lambda x: x[0])((1.0, 2.0)), TypeError, "second_derivative: the input must be one number, got 2 numbers"),
    (lambda: dm.hvp(np.sum, X, (X,)), TypeError, "hvp: primals must be a tuple with one entry for each argument of f; got ndarray"),
    (lambda: dm.hvp(np.sum, (X,), X), TypeError, "hvp: tangents must be a tuple"),
    (lambda: dm.hvp(np.sum, (X,), (X, X)), ValueError, "hvp: tangents must have one entry for each of the 1 primals; got 2"),
    (lambda: dm.hvp(np.sum, (X,), (np.ones(3),)), ValueError, r"hvp: tangents\[0\] must have the shape of primals\[0\], \(2,\)"),
    (
        lambda: dm.hvp(np.sum, (X,), (np.ones((4, 2)),)),
        ValueError,
        r"hvp: tangents\[0\] must have the shape of primals\[0\], \(2,\); got \(4, 2\)",
    ),
    (lambda: dm.hvp(np.sin, (X,), (X,)), TypeError, "hvp: sin must return one real number"),
    (lambda: dm.hvp(np.sum, (X,), (X * 1j,)), TypeError, r"hvp: tangents\[0\] must be real like primals\[0\]"),
    (lambda: dm.vhv(np.sum, (X,), (X,), ({"a": X},)), TypeError, r"vhv: v\[0\] is a dict, but primals\[0\] is an array"),
    (lambda: dm.vhv(np.sum, (X,), (np.ones((3, 2)),), (X,)), ValueError, "vhv: u and v must have the same number of directions"),
    (lambda: dm.vhv(np.sum, (X,), (np.ones((2, 3, 2)),), (np.ones((2, 3, 2)),)), ValueError, "along one axis in front"),
    (lambda: dm.hessian(np.sum, has_aux=True)(X), TypeError, "has_aux=True"),
]


@pytest.mark.parametrize(("call", "error", "message"), WRONG)
def test_errors_say_what_was_wrong(call, error, message):
    with pytest.raises(error, match=message):
        call()
