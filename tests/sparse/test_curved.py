"""Second order on a tape: curvature along directions is that of hyper-duals, rule by rule, and says where it is not known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import dualmc as dm
from dualmc.recording import record
from dualmc.rules import RULES
from dualmc.rules.elementwise import bounded, chosen
from dualmc.rules.rule import Elementwise
from dualmc.rules.special import SPECIAL
from dualmc.tangents.curved import CurvatureError, along
from dualmc.testing.table import sample

from ..drawn.calls import name
from ..reverse.adjoint import is_refused
from .agreement import close
from .writing import N, programs

CALLED = {bounded: np.clip, chosen: np.where}
RULED = {name(r.func): r for table in (RULES, SPECIAL) for r in table.values() if isinstance(r, Elementwise)}


def products(f, xs, vs):
    """Return gradient and products of the Hessian with directions, from a tape; vs may have leading axes."""
    values, _, _, tape = record(f, lambda it: f(*it), xs, False, curved=True)
    gradient, found = along(tape, np.ones((), values[0].dtype)[()], vs)
    lead = vs[0].shape[: vs[0].ndim - xs[0].ndim]
    zeros = [np.zeros(lead + x.shape, x.dtype) for x in xs]
    return (
        [0 * x if g is None else g for g, x in zip(gradient, xs, strict=True)],
        [z if c is None else np.broadcast_to(c, z.shape) for c, z in zip(found, zeros, strict=True)],
    )


def check(f, xs, vs, condition=64.0):
    """Check along() against dense hyper-duals, for one direction and for a block of three."""
    truth = dm.hvp(f, tuple(xs), tuple(vs), strategy="dense")
    slope = dm.gradient(f, argnums=tuple(range(len(xs))), strategy="dense")(*xs)
    size = condition * (1 + max(float(np.abs(g).max(initial=0)) for g in slope))
    gradient, found = products(f, xs, vs)
    _, block = products(f, xs, [np.stack([v, -2 * v, 0 * v]) for v in vs])
    for a, b in zip(gradient, slope, strict=True):
        close(a, b, condition)
    for a, b, three in zip(found, truth, block, strict=True):
        close(a, b, size)
        close(three, np.stack([b, -2 * b, 0 * b]), 2 * size)


SHAPES = [((3, 4), (3, 4), (3, 4), (3, 4)), ((3, 4), (4,), (3, 1), ()), ((), (3, 1), (2, 1, 4), (4,))]


@pytest.mark.parametrize("rule", RULED.values(), ids=RULED)
def test_every_elementwise_rule(rule):
    func = CALLED.get(rule.func, rule.func)
    rng = np.random.default_rng(0)
    for shapes in SHAPES[: len(rule.on) + 1]:
        xs = [sample(d, s, rng) for d, s in zip(rule.on, shapes, strict=False)]
        moving = [i for i, d in enumerate(rule.on) if not d.integer]
        if not moving:
            return
        w = rng.uniform(0.5, 1, np.broadcast_shapes(*(x.shape for x in xs)))

        def f(*moved, xs=xs, moving=moving, w=w):
            given = iter(moved)
            return np.sum(w * np.real(func(*(next(given) if i in moving else x for i, x in enumerate(xs)))))

        at = [xs[i] for i in moving]
        if is_refused(f, at):
            return
        vs = [rng.uniform(-1, 1, x.shape) for x in at]
        try:
            products(f, at, vs)
        except CurvatureError:
            assert not rule.dd
            return
        check(f, at, vs, 1e4)


PRODUCTS = {
    "matmul": ("matrix", lambda a, b: np.sum(np.sin(a @ b))),
    "of an array with itself": ("matrix", lambda a, b: np.sum((a @ a.T) ** 2) + np.sum(b)),
    "with a constant": ("matrix", lambda a, b: np.sum(np.sin(a @ np.arange(12.0).reshape(4, 3)) * np.sum(b))),
    "einsum of three": ("matrix", lambda a, b: np.einsum("ij,jk,ik->", a, b, np.exp(a @ b))),
    "outer": ("matrix", lambda a, b: np.sum(np.outer(a, b) ** 2)),
    "dot": ("vector", lambda a, b: np.dot(a, b) ** 2 * (a @ a)),
    "convolve": ("vector", lambda a, b: np.sum(np.convolve(a, b) ** 3)),
    "tensordot": ("matrix", lambda a, b: np.sum(np.tensordot(a, b, axes=([1], [0])) ** 2)),
    "kron": ("vector", lambda a, b: np.sum(np.kron(a, b) * np.arange(25.0))),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_products(name):
    kind, f = PRODUCTS[name]
    shapes = ((3, 4), (4, 3)) if kind == "matrix" else ((5,), (5,))
    rng = np.random.default_rng(0)
    check(f, [rng.uniform(0.2, 1, s) for s in shapes], [rng.uniform(-1, 1, s) for s in shapes], 1e3)


@given(shapes=hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=3, min_side=1, max_side=3), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_broadcasting(shapes, seed):
    rng = np.random.default_rng(seed)
    xs, vs = ([rng.uniform(0.5, 1.5, s) for s in shapes.input_shapes] for _ in range(2))
    check(lambda a, b, c: np.sum(np.sin(a * b) / c + a**b * c), xs, vs)


@given(program=programs(8), seed=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_programs_that_write(program, seed):
    rng = np.random.default_rng(seed)

    def f(x):
        return np.sum(np.sin(program(x)))

    x, v = rng.uniform(0.3, 1.5, N), rng.normal(size=N)
    try:
        check(f, [x], [v], 1e5)
    except CurvatureError:
        assert any("sorted" in text for text, _ in program.steps)


def test_operands_that_are_overwritten_are_kept():
    def f(x):
        y = np.exp(x)
        z = y * x
        y *= z
        z[1:] = y[:-1] * z[1:]
        y[0] = 3.0
        v = z[::2]
        v **= 2
        return np.sum(y * z) + np.sum(v)

    rng = np.random.default_rng(0)
    check(f, [rng.uniform(0.1, 1, 5)], [rng.normal(size=5)], 1e3)


def test_single_precision_stays_single():
    x = np.linspace(0.1, 1, 5, dtype=np.float32)
    (g,), (h,) = products(lambda u: np.sum(np.sin(u) * u), [x], [np.ones_like(x)])
    assert g.dtype == h.dtype == np.float32


def test_complex_numbers_between():
    def f(u):
        z = np.exp(1j * u) * (u + 2j)
        return np.sum(np.real(z * z) + np.imag(np.conj(z) * u) + np.real(np.cumsum(z)[-1] ** 2))

    rng = np.random.default_rng(0)
    check(f, [rng.uniform(0.1, 1, 5)], [rng.normal(size=5)])


UNKNOWN = {
    "norm": np.linalg.norm,
    "prod": np.prod,
    "var": np.var,
    "logsumexp": lambda x: np.logaddexp.reduce(x),
    "solve": lambda x: np.sum(np.linalg.solve(np.diag(x) + np.ones((4, 4)), x)),
    "inverse": lambda x: np.sum(np.linalg.inv(np.diag(x) + np.ones((4, 4)))),
    "determinant": lambda x: np.linalg.det(np.diag(x) + np.ones((4, 4))),
    "eigenvalues": lambda x: np.linalg.eigvalsh(np.diag(x) + np.ones((4, 4)))[0],
    "the modulus of complex numbers": lambda x: np.sum(np.abs(x + 1j * x[::-1])),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_a_tape_does_not_hold_is_found_elsewhere(name):
    """A second derivative is either that of hyper-duals, or CurvatureError says that there is none."""
    f, x, v = UNKNOWN[name], np.array([0.7, 1.1, 1.6, 2.2]), np.array([1.0, -2.0, 0.5, 3.0])
    truth = dm.hessian(f, strategy="dense")(x)
    assert np.abs(truth).max() > 1e-3
    try:
        _, (found,) = products(f, [x], [v])
    except CurvatureError:
        pass
    else:
        close(found, truth @ v, 1e4)
    close(dm.hessian(f, strategy="structured")(x), truth, 1e4)
    close(dm.hvp(f, (x,), (v,), strategy="structured")[0], truth @ v, 1e4)
    close(dm.sparse_hessian(f)(x).toarray(), truth, 1e4)


FLAT = {
    "max": np.max,
    "sorted": lambda x: np.sort(x)[1],
    "median": np.median,
    "where": lambda x: np.sum(np.where(x > 1, x, 2 * x)),
    "abs": lambda x: np.sum(np.abs(x - 1)),
}


@pytest.mark.parametrize("name", FLAT)
def test_piecewise_linear_functions_have_no_curvature(name):
    x = np.array([0.7, 1.1, 1.6, 2.2])
    np.testing.assert_array_equal(dm.hessian(FLAT[name], strategy="structured")(x), np.zeros((4, 4)))
    np.testing.assert_array_equal(dm.sparse_hessian(lambda u: FLAT[name](u) ** 2)(x).toarray(), dm.hessian(lambda u: FLAT[name](u) ** 2)(x))
