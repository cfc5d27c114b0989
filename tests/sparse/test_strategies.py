"""Every strategy gives the same: Jacobians, gradients, Hessians and products, below and above the size where structure is tried."""

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dualmc as dm
from dualmc import structure
from dualmc import testing as dt
from dualmc.timing import peak_bytes

from ..functions.table import CASES, over
from ..linalg.cases import CASES as LINALG
from .agreement import check_error, close, inexact
from .writing import N, programs

SIZES = (5, structure.LEAST_JACOBIAN + 3)
sizes = pytest.mark.parametrize("n", SIZES)
BOTH = ("auto", "structured")


def point(n):
    return np.linspace(0.4, 1.6, n)


def coarseness(case):
    """The precision of numbers in between."""
    return float(np.finfo(np.float32).eps) if "astype" in case.name or "dtype" in case.name else 0.0


def weighed(f):
    """A scalar function of the results of f, with curvature in each of them."""

    def total(*xs):
        parts = [np.real(r) for r in inexact(f)(*xs)]
        return sum((np.sum(np.sin(r) * np.cos(np.arange(float(r.size))).reshape(r.shape)) for r in parts), 0.0)

    return total


# Jacobians and gradients. ------------------------------------------------------------------------------------


@over([*CASES[::3], *LINALG])
def test_jacobians_of_cases(case):
    f, xs = inexact(case.f), case.sample()[0]
    argnums = tuple(range(len(xs)))
    truth = dm.jacobian(f, argnums=argnums, strategy="dense")(*xs)
    found = dm.jacobian(f, argnums=argnums, strategy="structured")(*xs)
    for row, expected in zip(found, truth, strict=True):
        for a, b in zip(row, expected, strict=True):
            assert a.dtype == b.dtype
            close(a, b, 64.0, coarseness(case))


@over([*CASES[1::3], *LINALG])
def test_gradients_of_cases(case):
    f, xs = weighed(case.f), case.sample()[0]
    argnums = tuple(range(len(xs)))
    if type(f(*xs)) is float:
        return
    truth = dm.gradient(f, argnums=argnums, strategy="dense")(*xs)
    for a, b in zip(dm.gradient(f, argnums=argnums, strategy="structured")(*xs), truth, strict=True):
        close(a, b, 64.0, coarseness(case))


@over([*CASES[2::6], *LINALG[::2]])
def test_hessians_of_cases(case):
    f, xs = weighed(case.f), case.sample()[0]
    if sum(x.size for x in xs) > 24 or type(f(*xs)) is float:
        return
    argnums = tuple(range(len(xs)))
    truth = dm.hessian(f, argnums=argnums, strategy="dense")(*xs)
    found = dm.hessian(f, argnums=argnums, strategy="structured")(*xs)
    scale = 1 + max(float(np.abs(b).max(initial=0)) for row in truth for b in row)
    for row, expected in zip(found, truth, strict=True):
        for a, b in zip(row, expected, strict=True):
            close(a, b, 1e3 * scale, coarseness(case))


HOW = [np.sum, lambda y: np.sum(np.sin(y) * y), lambda y: y @ y, lambda y: np.prod(np.tanh(y)), np.linalg.norm, lambda y: np.max(y) ** 2]
SOME = st.one_of(dt.smooth_programs(N, 6), programs(6))


@given(program=SOME, how=st.sampled_from(HOW), seed=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_random_programs(program, how, seed):
    rng = np.random.default_rng(seed)
    x, v = rng.uniform(0.3, 1.2, N), rng.normal(size=N)

    def f(x):
        return how(program(x))

    value, gradient, hessian = dm.value_gradient_and_hessian(f, strategy="dense")(x)
    size = 1e5 * (1 + np.abs(gradient).max())
    close(dm.jacobian(program, strategy="structured")(x), dm.jacobian(program, strategy="dense")(x), 1e5)
    found = dm.value_gradient_and_hessian(f, strategy="structured")(x)
    close(found[0], value)
    close(found[1], gradient, 1e5)
    close(found[2], hessian, size)
    value, found = dm.value_and_gradient(f, strategy="structured")(x)
    close(value, f(x))
    close(found, gradient, 1e5)
    close(dm.hvp(f, (x,), (v,), strategy="structured")[0], hessian @ v, 10 * size)


# Each transform, for small and large inputs. ------------------------------------------------------------------


def stencil(u):
    return u[2:] * u[:-2] - u[1:-1] ** 2


def energy(u):
    return np.sum(stencil(u) ** 2) + np.log(np.sum(np.exp(u)))


def dense_energy(u):
    return u @ np.outer(np.sin(u), u) @ u + np.linalg.norm(u) ** 3


TRANSFORMS = {
    "jacobian": lambda s, x: dm.jacobian(stencil, strategy=s)(x),
    "jacobian with sums": lambda s, x: dm.jacobian(lambda u: u[:2] * np.sum(u**2), strategy=s)(x),
    "jacobian of many results": lambda s, x: dm.jacobian(lambda u: np.cumsum(np.sin(u)), strategy=s)(x),
    "jacobian of a tree": lambda s, x: dm.jacobian(lambda d: [d["a"] * d["b"], (d["a"][0],)], strategy=s)({"a": x, "b": x[::-1]}),
    "value_and_jacobian": lambda s, x: dm.value_and_jacobian(lambda u: (stencil(u), 3), has_aux=True, strategy=s)(x),
    "complex results": lambda s, x: dm.jacobian(lambda u: np.exp(1j * u) * u[::-1], strategy=s)(x),
    "complex results of sums": lambda s, x: dm.jacobian(lambda u: np.fft.rfft(u) ** 2, strategy=s)(x),
    "single precision": lambda s, x: dm.jacobian(stencil, strategy=s)(x.astype(np.float32)),
    "gradient": lambda s, x: dm.gradient(energy, strategy=s)(x),
    "gradient in single precision": lambda s, x: dm.gradient(energy, strategy=s)(x.astype(np.float32)),
    "gradient of two": lambda s, x: dm.gradient(lambda u, w, k: np.sum(u * w) * k, argnums=(0, 2), strategy=s)(x, x, 2.0),
    "value_and_gradient": lambda s, x: dm.value_and_gradient(lambda u, k: (energy(u) * k, "aux"), has_aux=True, strategy=s)(x, k=2.0),
    "gradient of a constant": lambda s, x: dm.gradient(lambda u: 3.0 + 0 * np.floor(u[0]), strategy=s)(x),
    "hessian": lambda s, x: dm.hessian(energy, strategy=s)(x),
    "hessian in single precision": lambda s, x: dm.hessian(lambda u: np.sum(u**3) * u[0], strategy=s)(x.astype(np.float32)),
    "hessian of products": lambda s, x: dm.hessian(dense_energy, strategy=s)(x),
    "hessian of several": lambda s, x: dm.hessian(lambda u, k: np.sum(u**3) * k**2, argnums=(0, 1), strategy=s)(x, 2.0),
    "hessian of a linear function": lambda s, x: dm.hessian(np.sum, strategy=s)(x),
    "hessian of mixed precision": lambda s, x: dm.hessian(lambda u, w: np.sum(u**2 * w**2), argnums=(0, 1), strategy=s)(
        x, x.astype(np.float32)
    ),
    "value_gradient_and_hessian": lambda s, x: dm.value_gradient_and_hessian(lambda u: (energy(u), 1), has_aux=True, strategy=s)(x),
    "hvp": lambda s, x: dm.hvp(energy, (x,), (np.cos(x),), strategy=s),
    "hvp of products": lambda s, x: dm.hvp(dense_energy, (x,), (np.cos(x),), strategy=s),
    "hvp of several": lambda s, x: dm.hvp(lambda u, w: np.sum(u**2 * np.sin(w)), (x, x), (x, np.cos(x)), strategy=s),
}


def leaves(tree):
    if isinstance(tree, dict):
        return [a for k in sorted(tree) for a in leaves(tree[k])]
    return [a for part in tree for a in leaves(part)] if isinstance(tree, (tuple, list)) else [tree]


@sizes
@pytest.mark.parametrize("name", TRANSFORMS)
def test_strategies_agree(name, n):
    call = TRANSFORMS[name]
    truth = call("dense", point(n))
    for strategy in BOTH:
        found = call(strategy, point(n))
        assert type(found) is type(truth)
        for a, b in zip(leaves(found), leaves(truth), strict=True):
            assert type(a) is type(b)
            if isinstance(b, (np.ndarray, np.generic)):
                assert a.dtype == b.dtype
                close(a, b, 4096.0)
            else:
                assert a == b


# Nesting. ----------------------------------------------------------------------------------------------------

NESTED = {
    "jacobian of gradient": lambda x: dm.jacobian(dm.gradient(energy))(x),
    "gradient of a norm of a gradient": lambda x: dm.gradient(lambda u: np.sum(dm.gradient(energy)(u) ** 2))(x),
    "jvp of gradient": lambda x: dm.jvp(dm.gradient(energy), (x,), (np.cos(x),))[1],
    "gradient of jvp": lambda x: dm.gradient(lambda u: dm.jvp(energy, (u,), (np.cos(x),))[1])(x),
    "hvp in a gradient": lambda x: dm.gradient(lambda u: np.sum(dm.hvp(energy, (u,), (np.cos(x),))[0]))(x),
    "hessian of a directional derivative": lambda x: dm.hessian(lambda u: dm.jvp(lambda w: np.sum(w**3), (u,), (u * u,))[1])(x),
    "gradient by two levels": lambda x: dm.gradient(lambda u: u[0] * np.sum(dm.gradient(lambda w: np.sum(w**2) * u[1])(u)))(x),
    "jacobian of jacobian": lambda x: dm.jacobian(dm.jacobian(lambda u: u[1:] * u[:-1]))(x),
    "reverse over auto": lambda x: dm.reverse.grad(lambda u: np.sum(dm.gradient(energy)(u) ** 2))(x),
    "taylor": lambda x: dm.taylor(lambda t: np.sum(dm.gradient(lambda w: np.sum(w**3) * t)(x)), 0.5, 1.0, 2),
}


@sizes
@pytest.mark.parametrize("name", NESTED)
def test_nested_transforms_agree(name, n, monkeypatch):
    found = NESTED[name](point(n))
    for least in ("LEAST_GRADIENT", "LEAST_JACOBIAN", "LEAST_HESSIAN"):
        monkeypatch.setattr(structure, least, 10**9)
    for a, b in zip(leaves(found), leaves(NESTED[name](point(n))), strict=True):
        close(np.asarray(a), np.asarray(b), 4096.0)


# What functions do. ------------------------------------------------------------------------------------------


def windows(n):
    return np.arange(n // 2)[:, None] + np.arange(n // 2 + 1)


VIEWS = {
    "a step": lambda x: x[1::3],
    "backwards": lambda x: x[::-2],
    "rows": lambda x: x.reshape(6, 8)[1:, 2:],
    "turned": lambda x: x.reshape(6, 8).T[::2],
    "one": lambda x: x[5:6],
    "none": lambda x: x[3:3],
    "spread": lambda x: np.broadcast_to(x[:7], (3, 7)),
    "windows": lambda x: x[windows(x.size)],
    "chosen": lambda x: x[[4, 4, 40, 1]],
}


@given(one=st.sampled_from(sorted(VIEWS)), other=st.sampled_from(sorted(VIEWS)), several=st.booleans())
@settings(max_examples=120, deadline=None)
def test_hessians_of_products_of_views(one, other, several):
    """Of Σ a·b the Hessian counts how often two entries of the input meet in a product, wherever they lie."""
    n = 48
    i, j = (np.asarray(VIEWS[name](np.arange(n))).reshape(-1) for name in (one, other))
    m = min(i.size, j.size)
    counts = np.zeros((n, n))
    np.add.at(counts, (i[:m], j[:m]), 1.0)
    if one == other:
        f = lambda x, y: np.sum(VIEWS[one](x) * VIEWS[other](y))
    else:
        f = lambda x, y: np.sum(np.reshape(VIEWS[one](x), -1)[:m] * np.reshape(VIEWS[other](y), -1)[:m])
    if several:
        (a, b), (c, d) = dm.hessian(f, argnums=(0, 1), strategy="structured")(point(n), point(n))
        assert not a.any()
        assert not d.any()
        np.testing.assert_array_equal([b, c], [counts, counts.T])
    else:
        found = dm.hessian(lambda x: f(x, x), strategy="structured")(point(n))
        np.testing.assert_array_equal(found, counts + counts.T)


@sizes
def test_functions_may_look_at_their_tangents(n):
    def f(u):
        return np.sum(u**2) + 0 * np.sum(np.shape(dm.tangent(u))[-1])

    close(dm.gradient(f)(point(n)), 2 * point(n))
    close(dm.jacobian(f)(point(n)), 2 * point(n))
    close(dm.hessian(lambda u: np.sum(u**2) + 0 * len(repr(dm.primal(u))))(point(n)), 2 * np.eye(n))


def test_tangents_that_are_looked_at_have_no_structure():
    with pytest.raises(TypeError, match="tangent"):
        dm.gradient(lambda u: np.sum(dm.tangent(u) * u), strategy="structured")(point(5))


@sizes
def test_functions_that_raise(n):
    def f(u):
        raise LookupError("mine")

    for transform in (dm.gradient, dm.jacobian, dm.hessian):
        for strategy in ("auto", "dense", "structured"):
            with pytest.raises(LookupError, match="mine"):
                transform(f, strategy=strategy)(point(n))


def test_functions_that_print_do_it_once():
    def f(u):
        print("run")  # noqa: T201
        return np.sum(u**2)

    for transform in (dm.gradient, dm.jacobian, dm.hessian):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            transform(f)(point(40))
        assert out.getvalue() == "run\n"


@sizes
def test_functions_may_write_to_their_input(n):
    def f(u):
        u *= u
        u[0] = 3.0
        return np.sum(u * u)

    x = point(n)
    truth = 4 * x**3 * (np.arange(n) > 0)
    for strategy in ("auto", "dense", "structured"):
        close(dm.gradient(f, strategy=strategy)(x), truth)
        close(dm.hessian(f, strategy=strategy)(x), np.diag(12 * x**2 * (np.arange(n) > 0)))
    np.testing.assert_array_equal(x, point(n))


HARD = {
    "sqrt at 0": lambda u: np.sum(np.sqrt(u) * u),
    "0 · inf": lambda u: np.sum(np.log(u) * 0.0) + u[1] * u[0],
    "nan that is not chosen": lambda u: np.sum(np.where(u > 0.5, np.log(u), u**2)),
    "powers": lambda u: np.sum(u**2) + np.sum(u**1.5),
    "norm at 0": lambda u: np.linalg.norm(u - u[0]),
    "a quotient": lambda u: np.sum(u[1:] / u[:-1]),
    "maximum of equal ones": lambda u: np.max(np.minimum(u, 0.7)) * u[0],
    "absolute values at 0": lambda u: np.sum(np.abs(u) * u + np.abs(u)),
}


@sizes
@pytest.mark.parametrize("name", HARD)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_hard_points(name, n):
    f, x = HARD[name], np.linspace(0, 1, n)
    for transform in (dm.gradient, dm.jacobian, dm.hessian):
        truth = transform(f, strategy="dense")(x)
        for strategy in BOTH:
            np.testing.assert_allclose(transform(f, strategy=strategy)(x), truth, rtol=1e-12, atol=1e-12)


EMPTY = [np.sum, lambda u: u @ u, lambda u: np.sum(u) ** 2, lambda u: np.sum(u) * np.prod(u) + np.sum(u @ np.ones((0, 3)))]


@pytest.mark.parametrize("f", EMPTY, ids=range(4))
def test_inputs_without_entries(f):
    x = np.zeros(0)
    for strategy in ("auto", "dense", "structured"):
        assert dm.gradient(f, strategy=strategy)(x).shape == (0,)
        assert dm.jacobian(f, strategy=strategy)(x).shape == (0,)
        assert dm.hessian(f, strategy=strategy)(x).shape == (0, 0)
        assert dm.hvp(f, (x,), (x,), strategy=strategy)[0].shape == (0,)


def test_memory_of_a_gradient_does_not_grow_with_the_square():
    def peak(n):
        x = np.linspace(0.1, 1, n)
        dm.gradient(energy)(x)
        return peak_bytes(lambda: dm.gradient(energy)(x))

    assert peak(100_000) < 100_000 * 8 * 40


# Errors. -----------------------------------------------------------------------------------------------------

ERRORS = {
    "jacobian": (ValueError, "jacobian: strategy must be one of 'auto', 'dense', 'structured'; got 'sparse'",
                 lambda: dm.jacobian(stencil, strategy="sparse")),
    "gradient": (ValueError, "gradient: strategy must be", lambda: dm.gradient(energy, strategy=None)),
    "hessian": (ValueError, "hessian: strategy must be", lambda: dm.hessian(energy, strategy="x")),
    "value_gradient_and_hessian": (ValueError, "value_gradient_and_hessian: strategy",
                                   lambda: dm.value_gradient_and_hessian(energy, strategy="x")),
    "hvp": (ValueError, "hvp: strategy must be", lambda: dm.hvp(energy, (1.0,), (1.0,), strategy="x")),
    "complex": (TypeError, "jacobian: strategy='structured' takes real inputs",
                lambda: dm.jacobian(np.sin, holomorphic=True, strategy="structured")(np.ones(3) + 0j)),
    "batch": (TypeError, "gradient: strategy='structured' takes real inputs without tangents of other transforms and no batch; use 'auto'",
              lambda: dm.gradient(lambda u: np.sum(u, axis=-1), batch=1, strategy="structured")(np.ones((2, 3)))),
    "tangents": (TypeError, "gradient: strategy='structured' takes",
                 lambda: dm.jvp(dm.gradient(energy, strategy="structured"), (point(5),), (point(5),))),
    "not scalar": (TypeError, r"gradient: stencil must return one real number, got shape \(3,\)",
                   lambda: dm.gradient(stencil, strategy="structured")(point(5))),
    "not scalar, large": (TypeError, "gradient: stencil must return one real number", lambda: dm.gradient(stencil)(point(50))),
    "complex result": (TypeError, "must return one real number",
                       lambda: dm.gradient(lambda u: np.sum(u * 1j), strategy="structured")(point(5))),
    "hvp of a vector": (TypeError, "hvp: stencil must return one real number",
                        lambda: dm.hvp(stencil, (point(40),), (point(40),), strategy="structured")),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors_say_what_to_do(name):
    check_error(*ERRORS[name])
