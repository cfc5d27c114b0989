"""`sparse_hessian`: pairs of slots, cuts, the way by the gradient, colours, prepared evaluations, inputs of any structure."""

import threading

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import dualmc as dm
from dualmc import testing as dt
from dualmc.sparse import hessian as module
from dualmc.tangents.curved import CurvatureError
from dualmc.timing import peak_bytes

from .agreement import check_error, close, places
from .writing import N, programs

X = np.linspace(0.4, 1.7, 7)


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def energy(u):
    return np.sum(np.sin(u[2:] * u[:-2]) + u[1:-1] ** 4)


def with_cuts(u):
    return np.sum(np.cumsum(u**2) ** 2) + np.exp(np.mean(u)) * np.sum(u[1:] * u[:-1])


def by_matrix(u):
    return np.sum(np.sin((np.eye(len(u)) - np.eye(len(u), k=1)) @ u**2) ** 2)


def quadratic_form(u):
    return u @ (np.diag(np.arange(1.0, 1 + len(u))) @ u) * u[0]


def with_weights(u):
    return np.prod(np.tanh(u[:3])) + np.linalg.norm(u[3:5]) * u[5]


def written(u):
    r = np.zeros_like(u)
    r[1:-1] = u[2:] * u[:-2]
    r[0] = np.sin(u[0])
    np.add.at(r, [0, 2, 2], u[:3] ** 2)
    return np.sum(r**2)


def of_sums(u):
    return np.sum(u**2) ** 2 * np.log(np.sum(np.exp(u)))


FUNCTIONS = {f.__name__: f for f in (rosenbrock, energy, with_cuts, by_matrix, quadratic_form, with_weights, written, of_sums)}
every = pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)


def check(f, x, condition=1e3, **options):
    """Check a sparse Hessian against the dense one, and return it."""
    truth = dm.hessian(f, strategy="dense")(x)
    h = dm.sparse_hessian(f, **options)(np.copy(x))
    assert type(h) is sp.csr_array
    assert h.has_canonical_format
    assert h.dtype == truth.dtype
    size = condition * (1 + float(np.abs(dm.gradient(f, strategy="dense")(x)).max(initial=0)))
    close(h.toarray(), np.reshape(truth, h.shape), size)
    assert not np.setdiff1d(np.flatnonzero(truth), places(h)).size
    pattern = sp.csr_array((np.ones(h.nnz), h.indices, h.indptr), shape=h.shape)
    assert (pattern != pattern.T).nnz == 0
    return h


@every
def test_hessians_are_those_of_hyper_duals(f):
    check(f, X)


TIGHT = {
    "a chain": (rosenbrock, np.eye(7) + np.eye(7, k=1) + np.eye(7, k=-1)),
    "second neighbours": (energy, np.eye(7) + np.eye(7, k=2) + np.eye(7, k=-2)),
    "squares": (lambda u: np.sum(u**2), np.eye(7)),
    "nothing": (lambda u: np.sum(3 * u), np.zeros((7, 7))),
    "one product": (lambda u: u[2] * u[5] + u[1], np.eye(7)[[2]].T @ np.eye(7)[[5]] + np.eye(7)[[5]].T @ np.eye(7)[[2]]),
    "blocks": (lambda u: np.sum(u[:6].reshape(3, 2).sum(axis=1) ** 2), sp.block_diag([np.ones((2, 2))] * 3 + [[[0]]]).toarray()),
    "ends of edges": (
        lambda u: np.sum((u[[0, 1, 2]] - u[[4, 5, 6]]) ** 2),
        np.eye(7) + np.eye(7, k=4) + np.eye(7, k=-4) - np.diag(np.eye(7)[3]),
    ),
}


@pytest.mark.parametrize("name", TIGHT)
def test_patterns_are_tight(name):
    f, expected = TIGHT[name]
    np.testing.assert_array_equal(check(f, X).toarray() != 0, expected != 0)
    assert dm.sparse_hessian(f)(X).nnz == (expected != 0).sum()


HOW = [np.sum, lambda y: np.sum(np.sin(y) * y), lambda y: y @ y, lambda y: y[2] * y[3], lambda y: np.prod(np.tanh(y))]


@given(program=st.one_of(dt.smooth_programs(N, 6), programs(6)), how=st.sampled_from(HOW), seed=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_random_programs(program, how, seed):
    x = np.random.default_rng(seed).uniform(0.3, 1.2, N)
    check(lambda u: how(program(u)), x, 1e5)


# Prepared and coloured. --------------------------------------------------------------------------------------


@every
@pytest.mark.parametrize("strategy", ["auto", "structured", "colored"])
def test_prepared_evaluations(f, strategy):
    prepared = dm.sparse_hessian(f, prepare=True, strategy=strategy)
    rng = np.random.default_rng(0)
    for n in (7, 9, 7, 7, 9):
        x = rng.uniform(0.3, 1.5, n)
        truth = dm.hessian(f, strategy="dense")(x)
        close(prepared(x).toarray(), truth, 1e3 * (1 + np.abs(truth).max()))


def test_prepared_matrices_share_their_structure():
    prepared = dm.sparse_hessian(rosenbrock, prepare=True)
    a, b = prepared(X), prepared(X + 1)
    assert np.shares_memory(a.indices, b.indices)
    assert np.shares_memory(a.indptr, b.indptr)
    assert not np.shares_memory(a.data, b.data)


@given(programs=st.lists(programs(5), min_size=2, max_size=3), seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_prepared_evaluations_of_random_programs(programs, seed):
    rng = np.random.default_rng(seed)
    prepared = dm.sparse_hessian(lambda u, k: np.sum(np.sin(programs[k](u))), prepare=True)
    for k in [*range(len(programs)), 0, 1]:
        x = rng.uniform(0.3, 1.2, N)
        truth = dm.hessian(lambda u, k=k: np.sum(np.sin(programs[k](u))), strategy="dense")(x)
        close(prepared(x, k).toarray(), truth, 1e5 * (1 + np.abs(truth).max()))


@every
def test_a_given_pattern_is_coloured(f):
    h = dm.sparse_hessian(f)(X)
    for pattern in (h, h.toarray() != 0, sp.csr_array(np.ones((7, 7)))):
        close(dm.sparse_hessian(f, pattern=pattern)(X).toarray(), h.toarray(), 1e3 * (1 + abs(h).max()))


@pytest.mark.parametrize("strategy", ["auto", "structured", "colored"])
def test_prepared_functions_may_take_another_way(strategy):
    def f(u):
        return np.sum(np.sort(u)[:3] ** 2) * u[1] if u[0] > 1 else np.sum(u[1:] ** 2 * u[:-1])

    prepared = dm.sparse_hessian(f, prepare=True, strategy=strategy)
    rng = np.random.default_rng(0)
    for k in range(6):
        x = rng.permutation(X)
        x[0] = k % 2 + 0.5
        close(prepared(x).toarray(), dm.hessian(f, strategy="dense")(x), 1e3)


def test_threads_share_a_prepared_function():
    prepared = dm.sparse_hessian(with_cuts, prepare=True)
    points = [np.linspace(0.2, 1 + k / 10, 12) for k in range(10)]
    found = {}
    threads = [threading.Thread(target=lambda k=k: found.setdefault(k, prepared(points[k]))) for k in range(10)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for k, x in enumerate(points):
        truth = dm.hessian(with_cuts, strategy="dense")(x)
        close(found[k].toarray(), truth, 1e3 * (1 + np.abs(truth).max()))


def test_a_prepared_function_may_call_itself():
    prepared = dm.sparse_hessian(
        lambda u, deep: np.sum(u**2) * (prepared(np.copy(dm.primal(u)), False).sum() if deep else 1.0), prepare=True
    )
    np.testing.assert_array_equal(prepared(X, True).toarray(), 2 * 14 * np.eye(7))


# Ways. -------------------------------------------------------------------------------------------------------


@every
def test_the_way_by_the_gradient_gives_the_same(f, monkeypatch):
    truth = dm.sparse_hessian(f)(X)

    def refuse(*args):
        raise CurvatureError

    monkeypatch.setattr(module, "Pairs", refuse)
    close(dm.sparse_hessian(f)(X).toarray(), truth.toarray(), 1e3 * (1 + abs(truth).max()))
    monkeypatch.setattr(module.structure, "hvp", lambda *args: None)
    close(dm.sparse_hessian(f, pattern=truth)(X).toarray(), truth.toarray(), 1e3 * (1 + abs(truth).max()))


def test_a_function_runs_once():
    runs = []
    dm.sparse_hessian(lambda u: runs.append(1) or rosenbrock(u))(X)
    assert len(runs) == 1


# Arguments and results. --------------------------------------------------------------------------------------


def test_several_inputs_and_aux():
    def f(p, k, *, shift):
        return np.sum(p["u"][1:] * p["w"] ** 2) * k**2 + shift * p["u"][0] ** 2, "aux"

    p, k = {"u": np.arange(1.0, 5.0), "w": np.array([0.5, 1.5, 2.5])}, 2.0
    for options in ({}, {"prepare": True}, {"prepare": True, "strategy": "colored"}):
        g = dm.sparse_hessian(f, argnums=(0, 1), has_aux=True, **options)
        truth, _ = dm.hessian(f, argnums=(0, 1), has_aux=True, strategy="dense")(p, k, shift=3.0)
        for _ in range(2):
            found, aux = g(p, k, shift=3.0)
            assert aux == "aux"
            rows = [found[0]["u"], found[0]["w"], found[1]]
            expected = [truth[0]["u"], truth[0]["w"], truth[1]]
            for row, of in zip(rows, expected, strict=True):
                for a, b in ((row[0]["u"], of[0]["u"]), (row[0]["w"], of[0]["w"]), (row[1], of[1])):
                    close(a.toarray(), np.reshape(b, a.shape), 1e3)
            assert found[0]["u"][0]["u"].nnz == 1


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda u: u**3, np.float64(2.0)),
        (np.sum, X),
        (np.sum, X[:0]),
        (lambda u: u @ u, X[:0]),
        (lambda u: np.sum(u**3), X[:6].reshape(2, 3)),
        (lambda u: np.float64(2.0), X),
        (lambda u: u[2], X),
        (lambda u: np.sum(u**3) * u[0], X.astype(np.float32)),
        (with_cuts, X.astype(np.float32)),
        (lambda u: np.sum(np.real((u + 1j * u[::-1]) ** 3)), X),
        (lambda u: np.sum(np.abs(np.fft.rfft(u)) ** 2), X),
        (lambda u: np.sum(np.real(np.exp(1j * np.cumsum(u)))), X),
    ],
    ids=range(12),
)
def test_shapes_precisions_and_complex_numbers(f, x):
    check(f, x, 1e4)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_hard_points():
    x = np.array([0.0, 1.0, 0.0, 4.0])
    for f in (
        lambda u: np.sum(np.where(u > 0.5, np.log(u), u**2)),
        lambda u: np.sum(np.sqrt(u)),
        lambda u: np.sum(u**2 * u[::-1] ** 2) + np.sum(u**1.5),
        lambda u: np.sum(np.abs(u) * u),
    ):
        np.testing.assert_allclose(dm.sparse_hessian(f)(x).toarray(), dm.hessian(f, strategy="dense")(x), rtol=1e-13)


def test_memory_grows_with_the_entries():
    def peak(n):
        x = np.linspace(0, 1, n)
        dm.sparse_hessian(rosenbrock)(x)
        return peak_bytes(lambda: dm.sparse_hessian(rosenbrock)(x))

    assert peak(100_000) < 100_000 * 8 * 150


@given(half=hnp.arrays(float, (5, 5), elements=st.sampled_from([0.0, 0.0, 1.0, -2.5, 1e-3])), i=st.integers(0, 4), j=st.integers(0, 4))
@settings(deadline=None)
def test_a_given_pattern_that_lacks_entries_is_refused(half, i, j):
    hessian = half + half.T
    f, x, pattern = lambda u: u @ half @ u, np.linspace(1.0, 2.0, 5), hessian != 0
    np.testing.assert_allclose(dm.sparse_hessian(f, pattern=pattern)(x).toarray(), hessian, rtol=1e-14)
    pattern[i, j] = pattern[j, i] = False
    if hessian[i, j]:
        with pytest.raises(ValueError, match="sparse_hessian: pattern lacks entries"):
            dm.sparse_hessian(f, pattern=pattern)(x)


H = dm.sparse_hessian
ERRORS = {
    "strategy": (ValueError, "sparse_hessian: strategy must be one of 'auto', 'structured', 'colored'; got 'dense'",
                 lambda: H(energy, strategy="dense")),
    "not scalar": (TypeError, r"sparse_hessian: <lambda> must return one real number, got shape \(7,\)", lambda: H(lambda u: u)(X)),
    "not scalar, coloured": (TypeError, "sparse_hessian: .* must return one real number",
                             lambda: H(lambda u: u, pattern=np.eye(7, dtype=bool))(X)),
    "complex": (TypeError, "sparse_hessian: an input has dtype complex128", lambda: H(energy)(X + 0j)),
    "a tangent": (TypeError, "sparse_hessian: an input carries a tangent", lambda: dm.jvp(lambda u: H(energy)(u), (X,), (X,))),
    "pattern of other size": (ValueError, "pattern must have a row and a column for each of the 7 input numbers, got 5",
                              lambda: H(energy, pattern=np.ones((5, 5), bool))(X)),
    "pattern not symmetric": (ValueError, "symmetric", lambda: H(energy, pattern=np.tri(7, dtype=bool))(X)),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors_say_what_to_do(name):
    check_error(*ERRORS[name])
