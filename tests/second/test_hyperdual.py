"""HyperDual as an array: how it is made and shown, and that it does whatever ndarray and Dual do."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

import dualmc as dm
from dualmc import HyperDual
from dualmc.tangents.pairing import OUTER, PAIRED

from .nested import ALL, blocks_of, by_pairs, drawn

X = np.array([[0.7, -1.2, 0.4], [1.5, 0.3, -0.6]])

# Made by hand. -----------------------------------------------------------------------------------------------


def test_parts_as_given():
    x = HyperDual([1, 2], [[1.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]], np.zeros((1, 2, 2)))
    assert x.dtype == x.primal.dtype == np.float64
    assert (x.shape, x.ndim, x.size, len(x)) == ((2,), 1, 2, 2)
    assert (x.e1.shape, x.e2.shape, x.e12.shape) == ((1, 2), (2, 2), (1, 2, 2))
    assert x.tangent.pairing is OUTER
    single = HyperDual(2.0, 1.0, 1.0)
    assert single.tangent.pairing is PAIRED
    assert single.e12 is None
    assert HyperDual([1.0, 2.0]).tangent.pairing is OUTER
    e = np.ones((3, 2))
    same = HyperDual([1.0, 2.0], e, e)
    assert same.e2 is same.e1


def test_one_direction_each():
    """f(h) = f + f'·e1·ε₁ + f'·e2·ε₂ + (f'·e12 + f''·e1·e2)·ε₁ε₂."""
    y = np.sin(HyperDual(0.5, 2.0, 3.0, 4.0))
    assert (y.primal, y.e1, y.e2) == (np.sin(0.5), 2 * np.cos(0.5), 3 * np.cos(0.5))
    assert y.e12 == pytest.approx(4 * np.cos(0.5) - 6 * np.sin(0.5))


WRONG = [
    (lambda: HyperDual("x"), TypeError, "arrays of numbers"),
    (lambda: HyperDual([1.0, 2.0], np.ones((3, 3))), ValueError, r"HyperDual: e1 must have shape \(K, \*\(2,\)\), got \(3, 3\)"),
    (lambda: HyperDual([1.0, 2.0], np.ones((3, 2)), np.ones(2)), ValueError, r"HyperDual: e2 must have shape \(K, \*\(2,\)\), got \(2,\)"),
    (lambda: HyperDual([1.0], np.ones((3, 1)), e12=np.ones((3, 1))), ValueError, r"HyperDual: e12 must have shape \(K1, K2, \*\(1,\)\)"),
    (lambda: HyperDual([1.0], np.ones((3, 1)), None, np.ones((2, 3, 1))), ValueError, "HyperDual: e1 has 3 directions, but e12 2"),
    (lambda: HyperDual([1.0], np.ones((1, 1)) * 1j), TypeError, "HyperDual: e1 of a real primal must be real, got dtype complex128"),
]


@pytest.mark.parametrize(("make", "error", "message"), WRONG)
def test_parts_that_do_not_fit(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_shown():
    assert repr(HyperDual(1.0, 2.0, e12=3.0)) == ("HyperDual(primal=array(1.), e1=array(2.), e2=None, e12=array(3.))")
    assert repr(HyperDual([1.0, 2.0], [[1.0, 0.0], [0.0, 1.0]])) == (
        "HyperDual(primal=array([1., 2.]),\n"
        "          e1=array([[1., 0.],\n"
        "                    [0., 1.]]),\n"
        "          e2=None,\n"
        "          e12=None)"
    )
    assert f"{HyperDual(1.5, 1.0):.2f}" == "1.50"


def test_accessors():
    x = HyperDual(dm.Dual([1.0, 2.0], [1.0, 1.0]), np.eye(2), np.eye(2))
    assert dm.primal(x).tolist() == [1.0, 2.0]
    with pytest.raises(TypeError, match=r"x\.e1 and x\.e2 and second derivatives x\.e12"):
        dm.tangent(x)


def test_truth_order_and_hash_are_those_of_arrays():
    x = HyperDual(2.0, 1.0, 1.0)
    assert bool(x)
    assert x > 1
    assert x == 2.0
    assert (HyperDual([1.0, 3.0]) >= 2).tolist() == [False, True]
    assert 3.0 in HyperDual([1.0, 3.0])
    with pytest.raises(TypeError, match="unhashable"):
        hash(x)
    with pytest.raises(ValueError, match="ambiguous"):
        bool(HyperDual([1.0, 2.0]))
    assert [e.primal for e in HyperDual([1.0, 3.0])] == [1.0, 3.0]
    with pytest.raises(TypeError, match="0-d"):
        iter(x)


LOSES = {
    "float": float,
    "int": int,
    "complex": complex,
    "math": math.sin,
    "asarray": np.asarray,
    "plain[...]": lambda x: np.zeros(2).__setitem__(..., x),
    "out=plain": lambda x: np.sin(x, out=np.zeros(())),
    "copyto": lambda x: np.copyto(np.zeros(()), x),
    "astype(int)": lambda x: x.astype(int),
    "index": lambda x: [1, 2, 3][x],
    "as key": lambda x: HyperDual([1.0, 2.0])[x],
    "tobytes": lambda x: x.tobytes(),
    "unknown": lambda x: np.save("file", x),
}


@pytest.mark.parametrize("lose", LOSES.values(), ids=LOSES)
def test_nothing_loses_a_derivative_silently(lose):
    with pytest.raises(TypeError):
        lose(HyperDual(1.0, 1.0, 1.0))


# Programs, against nested Duals. -----------------------------------------------------------------------------


def filling(x):
    y = np.zeros_like(x)
    y[0] = x[1] ** 2
    y[1:] += np.sin(x[:1])
    y *= x
    y /= 2.0 + x * x
    y -= 0.5
    y **= 2
    return y


def into_out(x):
    y = np.zeros((2, 3), like=x)
    np.multiply(x, x, out=y)
    np.cos(y, out=y, where=np.array([True, False, True]))
    return np.sum(y, axis=0, out=np.zeros(3, like=x))


def at(x):
    y = x.copy()
    np.add.at(y, ([0, 0, 1], [1, 1, 2]), x[0])
    np.multiply.at(y, ([0, 0], [2, 2]), x[1, :2])
    np.negative.at(y, (0, [0, 0]))
    return y


def built(x):
    y = np.array([x[0, 0], x[0, 1] * x[1, 2], 1.0], like=x)
    return np.stack([y, np.full(3, x[1, 1], like=x)]) @ np.asarray([1.0, 2.0, 3.0], like=x)


PROGRAMS = {
    "filling": filling,
    "out": into_out,
    "at": at,
    "built": built,
    "operators": lambda x: (2 - x) * (1 / (x + 3)) - 3 * x / 2 + (-x) ** 2 + 2**x + abs(x) % 0.7 + (+x) // 2,
    "matmul": lambda x: (x @ x.T) @ (np.ones((2, 2)) @ x),
    "divmod": lambda x: divmod(abs(x), 0.7)[1],
    "methods": lambda x: (
        x.T.reshape(2, 3).clip(-1, 1).cumsum(axis=1) * x.mean() + x.sum(axis=0).std() + x.var() - x.prod() + x.dot(x.T).trace()
    ),
    "extremes": lambda x: x.max(axis=1) - x.min() + np.sort(x.ravel())[::3] + np.partition(x, 1)[:, 1],
    "reduce": lambda x: np.multiply.reduce(x, axis=1) + np.add.reduce(x, axis=None) + np.logaddexp.reduce(x, axis=1),
    "accumulate": lambda x: np.multiply.accumulate(x, axis=1) + np.add.accumulate(x, axis=0) + np.arctan2.accumulate(x, axis=1),
    "outer": lambda x: np.multiply.outer(x[0], x[1]) + np.subtract.outer(x[0], x[1]),
    "reduceat": lambda x: np.add.reduceat(x, [0, 2], axis=1) * x[:, :2],
    "chained": lambda x: np.where(x > 0, np.sqrt(np.abs(x)), x**3) * np.heaviside(x, 0.5),
    "conversions": lambda x: x.astype(np.float32).astype(float) * x.real + x.imag,
    "items": lambda x: np.stack([x.item(1), x[0].tolist()[2], *x[1]]) * x.ravel()[:5],
    "broadcast": lambda x: x[:, None, :] * x[None, :, :] / (2 + x[0, 0] ** 2),
    "linear algebra": lambda x: np.linalg.inv(x @ x.T + 2 * np.eye(2)) @ np.linalg.eigh(x @ x.T)[1] + np.linalg.norm(x),
    "several results": lambda x: np.linalg.slogdet(x[:, :2])[1] + np.linalg.svd(x)[1],
    "einsum": lambda x: np.einsum("ij,kj,kl->il", x, x, x) + np.einsum("ij->j", x),
}


@pytest.mark.parametrize("zeros", ["", "= e12", "e1", "e2 e12"])
@pytest.mark.parametrize("directions", ALL, ids=str)
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_hyper_dual_does_what_nested_duals_do(program, directions, zeros):
    x = drawn(X, directions, np.random.default_rng(1), zeros)
    (expected,) = by_pairs(lambda x: [program(x)], [x], directions)
    primal, *blocks = blocks_of(program(x.hyper(directions)))
    assert_allclose(primal, program(X.copy()), rtol=1e-6 if program is PROGRAMS["conversions"] else 1e-13)
    tolerance = 1e-6 if program is PROGRAMS["conversions"] else 1e-12
    for block, truth in zip(blocks, expected[1:], strict=True):
        assert_allclose(
            np.zeros(truth.shape) if block is None else block, truth, rtol=tolerance, atol=tolerance * (1 + np.abs(truth).max())
        )


def test_hyper_duals_and_duals_made_by_hand_nest():
    """The hyper-dual is outside: ∂/∂a of the second derivative of a·x³."""
    a = dm.Dual(2.0, 1.0)
    y = a * HyperDual(3.0, 1.0, 1.0) ** 3
    assert y.e12.primal == 36.0
    assert y.e12.tangent == 18.0
    assert (HyperDual(3.0, 1.0, 1.0) ** 3 * a).e12.tangent == 18.0


def test_a_hyper_dual_inside_a_dual():
    def f(a):
        x = dm.Dual(a**2, a)  # by hand: level 0, inside the transform
        return (x * x).primal * 1.0

    assert dm.second_derivative(f)(2.0) == 48.0


def test_an_escaped_hyper_dual_is_found_out():
    kept = []

    def f(x):
        dm.second_derivative(lambda y: kept.append(y) or y * y)(x)
        return kept[0] * x

    with pytest.raises(TypeError, match="inner transform that has ended"):
        dm.second_derivative(f)(1.0)


def test_buffers_take_values_of_outer_transforms():
    def outer(a):
        def inner(x):
            y = np.zeros(3, like=x)
            y[0] = a
            y[1] = a * x[0]
            y[2] = x[1] ** 2
            return np.sum(y * y)

        return dm.laplacian(inner)(np.array([2.0, 3.0]))  # 2a² + 12·x1²

    assert dm.derivative(outer)(5.0) == 20.0

    def with_a_view(a):
        def inner(x):
            y = np.zeros(3, like=x)
            z = y[1:]
            y[0] = a
            return np.sum(z * x[0])

        return dm.laplacian(inner)(np.array([2.0]))

    with pytest.raises(TypeError, match="like="):
        dm.derivative(with_a_view)(5.0)


def test_a_result_that_needs_more_than_its_operands_have():
    """A product of first-order blocks makes a second-order one; a sum does not."""
    x = HyperDual([1.0, 2.0], np.eye(2), np.eye(2))
    assert (x + x).e12 is None
    assert np.sum(3 * x).e12 is None
    assert_allclose(np.prod(x).e12, [[0.0, 1.0], [1.0, 0.0]])
    assert np.floor(x).tolist() == [1.0, 2.0]
