"""The transforms of reverse mode: structures, options, kinds of numbers, and one clear error for each kind of bad input."""

import inspect
from typing import NamedTuple

import numpy as np
import pytest

import dualmc as dm
from dualmc import reverse

from ..test_docs import sections_of

X = np.linspace(-1.2, 1.5, 11)


class State(NamedTuple):
    position: np.ndarray
    velocity: np.ndarray


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_gradient(x):
    g = np.zeros_like(x)
    g[1:] += 200 * (x[1:] - x[:-1] ** 2)
    g[:-1] -= 400 * x[:-1] * (x[1:] - x[:-1] ** 2) + 2 * (1 - x[:-1])
    return g


def equal(a, b):
    """Check two trees: structures, dtypes, and entries to rounding."""
    assert type(a) is type(b)
    if isinstance(a, (tuple, list)):
        assert len(a) == len(b)
        for p, q in zip(a, b, strict=True):
            equal(p, q)
    elif isinstance(a, dict):
        assert list(a) == list(b)
        for k in a:
            equal(a[k], b[k])
    else:
        assert np.asarray(a).dtype == np.asarray(b).dtype
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


class TestValues:
    def test_gradient_has_its_closed_form(self):
        np.testing.assert_allclose(reverse.grad(rosenbrock)(X), rosenbrock_gradient(X), rtol=1e-13)

    def test_jacobian_of_the_identity(self):
        np.testing.assert_array_equal(reverse.jacobian(lambda x: x)(np.ones((2, 3))), np.eye(6).reshape(2, 3, 2, 3))

    @pytest.mark.parametrize("chunk_size", [None, 1, 4, 100])
    def test_chunks_of_rows(self, chunk_size):
        def f(x):
            return np.outer(np.sin(x), x[:3] ** 2)

        np.testing.assert_allclose(reverse.jacobian(f, chunk_size=chunk_size)(X), dm.jacobian(f)(X), rtol=1e-13, atol=1e-14)

    def test_results_that_do_not_depend_on_an_input(self):
        assert reverse.grad(lambda x, y: y * 1.0, argnums=0)(2.0, 3.0) == 0.0
        np.testing.assert_array_equal(reverse.grad(lambda x: 4)(X), np.zeros(11))
        np.testing.assert_array_equal(reverse.jacobian(lambda x: np.arange(3))(X), np.zeros((3, 11)))
        value, pullback = reverse.vjp(lambda x: (x * 1.0, 5), X)
        assert value[1] == 5
        np.testing.assert_array_equal(pullback((X, 1.0))[0], X)

    def test_empty_inputs_and_outputs(self):
        assert reverse.jacobian(lambda x: x * 2)(np.zeros(0)).shape == (0, 0)
        assert reverse.jacobian(lambda x: x[:0])(X).shape == (0, 11)
        np.testing.assert_array_equal(reverse.grad(lambda x: np.sum(x))(np.zeros((0, 2))), np.zeros((0, 2)))
        assert reverse.grad(lambda x: 1.0)([]) == []
        assert reverse.hvp(lambda: 1.0, (), ()) == ()

    def test_numbers_give_numbers(self):
        g = reverse.grad(lambda x: x**3)(2)
        assert isinstance(g, np.float64)
        assert g == 12.0


TREE = {"w": np.array([2.0, -1.0]), "b": [0.5, (np.ones((2, 2)),)]}


class TestStructures:
    @staticmethod
    def f(tree, x):
        return np.sum(np.sin(tree["w"] @ tree["b"][1][0] + tree["b"][0]) * x)

    def test_gradient_of_a_tree(self):
        equal(reverse.grad(self.f)(TREE, 2.0), dm.gradient(self.f)(TREE, 2.0))
        equal(reverse.grad(self.f, argnums=(1, 0))(TREE, 2.0), dm.gradient(self.f, argnums=(1, 0))(TREE, 2.0))
        equal(reverse.grad(self.f, argnums=-1)(TREE, 2.0), dm.gradient(self.f, argnums=-1)(TREE, 2.0))

    def test_jacobian_of_trees(self):
        def f(s):
            return {"e": np.sum(s.position**2), "s": State(s.velocity, np.outer(s.position, s.velocity))}

        at = State(np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0]))
        equal(reverse.jacobian(f)(at), dm.jacobian(f)(at))

    def test_hessian_of_trees(self):
        for argnums in (0, (0, 1)):
            got = reverse.hessian(self.f, argnums=argnums)(TREE, 2.0)
            equal(got, dm.jacobian(dm.gradient(self.f, argnums=argnums), argnums=argnums)(TREE, 2.0))

    def test_pullback_takes_the_structure_of_the_result(self):
        value, pullback = reverse.vjp(lambda s, k: {"a": s["x"] * k, "b": s["x"][0]}, {"x": np.ones(2)}, 3.0)
        assert list(value) == ["a", "b"]
        equal(pullback({"a": np.array([1.0, 2.0]), "b": 10}), ({"x": np.array([13.0, 6.0])}, np.float64(3.0)))

    def test_aux(self):
        def f(x):
            return np.sum(x * x), {"twice": 2 * x, "text": "seen"}

        x = np.arange(3.0)
        for got in (reverse.grad(f, has_aux=True)(x), (reverse.jacobian(f, has_aux=True)(x))):
            np.testing.assert_array_equal(got[0], 2 * x)
            np.testing.assert_array_equal(got[1]["twice"], 2 * x)
            assert type(got[1]["twice"]) is np.ndarray
            assert got[1]["text"] == "seen"
        (value, aux), g = reverse.value_and_grad(f, has_aux=True)(x)
        assert (value, aux["text"], g.tolist()) == (5.0, "seen", [0.0, 2.0, 4.0])
        hessian, aux = reverse.hessian(f, has_aux=True)(x)
        np.testing.assert_array_equal(hessian, 2 * np.eye(3))
        np.testing.assert_array_equal(aux["twice"], 2 * x)
        _, _, aux = reverse.vjp(f, x, has_aux=True)
        assert aux["text"] == "seen"

    def test_products_with_the_hessian_by_some_arguments(self):
        def f(x, scale, y):
            return np.sum(x["a"] ** 2 * y) * {"twice": 2.0}[scale], x["a"] + 1

        x, y, v, w = {"a": np.arange(3.0)}, np.ones(3), {"a": np.array([1.0, 2.0, 3.0])}, np.array([1.0, 0.0, -1.0])
        product, aux = reverse.hvp(f, (x, "twice", y), (v, w), argnums=(0, 2), has_aux=True)
        equal(product, ({"a": 4 * v["a"] * y + 4 * x["a"] * w}, 4 * x["a"] * v["a"]))
        np.testing.assert_array_equal(aux, [1.0, 2.0, 3.0])
        assert type(aux) is np.ndarray
        equal(reverse.hvp(lambda *a: f(*a)[0], (x, "twice", y), (w,), argnums=-1), (np.zeros(3),))
        assert reverse.hvp(lambda: (1.0, "seen"), (), (), has_aux=True) == ((), "seen")

    def test_keywords_are_passed_on(self):
        assert reverse.grad(lambda x, *, k: k * x)(2.0, k=3.0) == 3.0


class TestKinds:
    @pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
    def test_dtype_in_is_dtype_out(self, dtype):
        x = np.ones(3, dtype)
        assert reverse.grad(lambda x: np.sum(np.exp(x) * np.arange(3.0)) * 2)(x).dtype == dtype
        assert reverse.jacobian(lambda x: x * x)(x).dtype == dtype

    def test_real_inputs_of_complex_results(self):
        def f(x):
            return np.exp(1j * x) * x + np.fft.fft(x)

        np.testing.assert_allclose(reverse.jacobian(f)(X), dm.jacobian(f)(X), rtol=1e-12, atol=1e-12)

    def test_holomorphic(self):
        z = X[:4] + 1j * X[4:8]
        for f in (lambda z: z * z[::-1] + np.exp(z), lambda z: np.fft.ifft(z) * np.sum(z)):
            got = reverse.jacobian(f, holomorphic=True)(z)
            np.testing.assert_allclose(got, dm.jacobian(f, holomorphic=True)(z), rtol=1e-12, atol=1e-12)

    def test_gradient_pairs_by_the_real_part(self):
        """For f(z) = |z|² the pullback of 1 is ∂f/∂x + i·∂f/∂y = 2z."""
        z = X[:4] + 1j * X[4:8]
        (back,) = reverse.vjp(lambda z: np.sum(np.abs(z) ** 2), z)[1](1.0)
        np.testing.assert_allclose(back, 2 * z, rtol=1e-14)
        (back,) = reverse.vjp(lambda z: np.sum(np.real(z) * 3 + np.imag(z * 1j)), z)[1](1.0)
        np.testing.assert_allclose(back, np.full(4, 4.0 + 0j), rtol=1e-14)


ERRORS = {
    "not a function": (
        TypeError, r"reverse\.grad: f must be a function, got float; write reverse\.grad\(f\)\(x\)",
        lambda: reverse.grad(1.0),
    ),
    "vjp of a value": (TypeError, r"reverse\.vjp: f must be a function, got float", lambda: reverse.vjp(1.0, 2.0)),
    "not a number": (TypeError, r"reverse\.grad: argument 0\['a'\] must be a number", lambda: reverse.grad(np.sum)({"a": "text"})),
    "an array as a result": (
        TypeError, r"reverse\.grad: <lambda> must return one real number, got shape \(3,\).*dm\.reverse\.jacobian",
        lambda: reverse.grad(lambda x: x)(np.ones(3)),
    ),
    "a tuple as a result": (TypeError, "got a tuple", lambda: reverse.grad(lambda x: (x, x))(1.0)),
    "complex gradient": (TypeError, r"reverse\.grad: an input has dtype complex128", lambda: reverse.grad(np.abs)(1j)),
    "complex jacobian": (TypeError, "holomorphic=True", lambda: reverse.jacobian(np.exp)(np.array([1j]))),
    "holomorphic of reals": (TypeError, "needs complex inputs", lambda: reverse.jacobian(np.exp, holomorphic=True)(np.ones(2))),
    "argnums": (ValueError, "argnums=3 does not fit", lambda: reverse.grad(np.sum, argnums=3)(np.ones(2))),
    "chunk_size": (ValueError, "chunk_size must be a positive integer", lambda: reverse.jacobian(np.exp, chunk_size=0)(np.ones(2))),
    "aux": (TypeError, "has_aux=True: <lambda> must return", lambda: reverse.grad(lambda x: x, has_aux=True)(1.0)),
    "cotangent structure": (TypeError, "the cotangent must have the structure of the result of <lambda>",
                            lambda: reverse.vjp(lambda x: (x, x), 1.0)[1](1.0)),
    "cotangent shape": (ValueError, r"the cotangent\[1\] must have the shape of the result of <lambda>\[1\], \(2,\); got \(\)",
                        lambda: reverse.vjp(lambda x: (x, x), np.ones(2))[1]((np.ones(2), 1.0))),
    "cotangent kind": (TypeError, "the cotangent must be real", lambda: reverse.vjp(np.exp, 1.0)[1](1j)),
    "cotangent text": (TypeError, "the cotangent must be a number", lambda: reverse.vjp(np.exp, 1.0)[1]("x")),
    "second use": (RuntimeError, "reuse=True", lambda: [p(1.0) for p in [reverse.vjp(np.exp, 1.0, reuse=False)[1]] * 2]),
    "tangent of a recorded array": (TypeError, r"use dm\.jvp", lambda: reverse.grad(lambda x: dm.tangent(x))(1.0)),
    "a lost tangent": (TypeError, "would lose the tangent", lambda: reverse.grad(lambda x: float(x))(np.ones(()))),
    "tangents of linearize": (ValueError, "linearize: tangents must have one entry for each of the 1 primals; got 2",
                              lambda: dm.linearize(np.exp, 1.0)[1](1.0, 2.0)),
    "shape of a tangent of linearize": (ValueError, r"linearize: tangents\[0\] must have the shape of primals\[0\], \(2,\); got \(3,\)",
                                        lambda: dm.linearize(np.exp, np.ones(2))[1](np.ones(3))),
    "argnums of hvp": (ValueError, r"reverse\.hvp: argnums=1 does not fit", lambda: reverse.hvp(np.sum, (1.0,), (1.0,), argnums=1)),
    "hvp": (ValueError, "tangents must have one entry", lambda: reverse.hvp(np.sum, (np.ones(2),), ())),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors_say_what_to_do(name):
    error, match, call = ERRORS[name]
    with pytest.raises(error, match=match):
        call()


def test_duals_that_escaped_a_run_are_refused_or_harmless():
    kept = []
    reverse.grad(lambda x: kept.append(x) or x * x)(3.0)
    assert reverse.grad(lambda y: y * dm.primal(kept[0]))(2.0) == 3.0


def test_linearize_runs_the_function_once():
    runs = []
    _, push = dm.linearize(lambda x: runs.append(1) or np.sin(x) * x, X)
    for k in range(3):
        np.testing.assert_allclose(push(k * X), k * X * (np.cos(X) * X + np.sin(X)), rtol=1e-14)
    assert len(runs) == 1


def test_vjp_runs_the_function_once():
    runs = []
    _, pullback = reverse.vjp(lambda x: runs.append(1) or np.outer(x, x), X)
    for k in range(3):
        pullback(k * np.ones((11, 11)))
    assert len(runs) == 1


@pytest.mark.parametrize("name", reverse.__all__)
def test_docstrings_are_complete(name):
    function = getattr(reverse, name)
    sections = sections_of(function.__doc__)
    assert not [t for t in ("Summary", "Parameters", "Returns", "Raises", "Notes", "Examples") if not sections.get(t)]
    for parameter in inspect.signature(function).parameters:
        assert parameter in sections["Parameters"], parameter
