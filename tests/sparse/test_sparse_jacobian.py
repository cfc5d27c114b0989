"""`sparse_jacobian` and its kin: what goes in and comes out, prepared evaluations, colours, hard points, memory, errors."""

import threading

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import dualmc as dm
from dualmc.timing import peak_bytes

from .agreement import check, check_error, close, dense_matrices
from .writing import N, programs

X = np.linspace(0.4, 1.9, 8)


def stencil(u):
    return u[2:] ** 2 - 2 * u[1:-1] * u[:-2]


def summed(u):
    return np.sin(u) * np.sum(u**2)


def behind_cuts(u):
    return np.cumsum(np.sin(u)) * (np.eye(len(u), k=1, dtype=u.dtype) @ u)


FUNCTIONS = {f.__name__: f for f in (stencil, summed, behind_cuts)}
every = pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)


# Arguments and results. --------------------------------------------------------------------------------------


def test_inputs_and_outputs_of_any_structure():
    def f(p, scale, *, shift):
        return {"a": p["u"][1:] * scale, "b": (p["w"] @ p["u"] + shift, scale**2)}, "aux"

    p = {"u": np.arange(1.0, 4.0), "w": np.ones((2, 3))}
    found, aux = dm.sparse_jacobian(f, argnums=(0, 1), has_aux=True)(p, 2.0, shift=1.0)
    truth, _ = dm.jacobian(f, argnums=(0, 1), has_aux=True, strategy="dense")(p, 2.0, shift=1.0)
    assert aux == "aux"
    pairs = [(found["a"], truth["a"]), (found["b"][0], truth["b"][0]), (found["b"][1], truth["b"][1])]
    for (by_p, by_scale), (dense_p, dense_scale) in pairs:
        for a, b in ((by_p["u"], dense_p["u"]), (by_p["w"], dense_p["w"]), (by_scale, dense_scale)):
            assert type(a) is sp.csr_array
            np.testing.assert_allclose(a.toarray(), np.reshape(b, a.shape), rtol=1e-14)
    assert found["a"][0]["w"].nnz == 0
    assert found["a"][0]["u"].shape == (2, 3)
    assert found["b"][1][1].shape == (1, 1)


def test_values_come_with_the_matrix():
    (value, aux), j = dm.value_and_sparse_jacobian(lambda u: (stencil(u), 7), has_aux=True)(X)
    np.testing.assert_array_equal(value, stencil(X))
    assert aux == 7
    np.testing.assert_array_equal(j.toarray(), dm.sparse_jacobian(stencil)(X).toarray())


@every
def test_the_pattern_is_that_of_the_matrix(f):
    pattern, j = dm.jacobian_sparsity(f)(X), dm.sparse_jacobian(f)(X)
    assert pattern.dtype == bool
    assert pattern.data.all()
    np.testing.assert_array_equal(pattern.indices, j.indices)
    np.testing.assert_array_equal(pattern.indptr, j.indptr)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (np.sin, np.array(0.5)),
        (lambda x: x * np.arange(3.0), np.float64(2.0)),
        (np.sum, X.reshape(2, 4)),
        (lambda x: x[:0], X),
        (np.sum, X[:0]),
        (np.exp, X[:0].reshape(0, 3)),
        (lambda x: np.concatenate([x, np.ones(2)])[::-1], X),
        (lambda x: np.ones(3), X),
        (lambda x: x, X),
        (lambda x: x.T, X.reshape(2, 4)),
        (lambda x: np.float64(3.0), X),
    ],
    ids=range(11),
)
def test_shapes_without_axes_or_entries(f, x):
    check(f, [x])


@pytest.mark.parametrize("f", [stencil, summed, behind_cuts, lambda u: u * 2, lambda u: np.stack([u, u * u])])
def test_single_precision_stays_single(f):
    ((j,),) = check(f, [X.astype(np.float32)])
    assert j.dtype == np.float32


def test_integers_become_double():
    assert dm.sparse_jacobian(lambda x: x * x)(np.arange(3)).dtype == np.float64


COMPLEX = {
    "made from real and imaginary parts": lambda u: (u[:4] + 1j * u[4:]) ** 3,
    "the modulus": lambda u: np.abs(u[:4] + 1j * u[4:]),
    "the modulus behind a sum": lambda u: np.abs(np.cumsum(np.exp(1j * u))),
    "a spectrum": lambda u: np.fft.rfft(u),
    "a derivative by spectrum": lambda u: np.real(np.fft.ifft(1j * np.fft.fftfreq(8) * np.fft.fft(u))) * u,
    "irfft of rfft": lambda u: np.fft.irfft(np.fft.rfft(u) * (1 + 2j)),
    "conjugates": lambda u: np.conj((1 + 2j) * u) * (2 - 1j) * u,
    "a system": lambda u: np.linalg.solve(np.diag(u[:3]) + 1j * np.eye(3), u[3:6]),
    "written": lambda u: written_complex(u),
    "a product of matrices": lambda u: np.real((u.reshape(2, 4) * (1 + 1j)) @ (u.reshape(4, 2) * (2 - 1j))),
}


def written_complex(u):
    z = np.zeros(4, complex, like=u)
    z[:] = u[:4]
    z[1:3] += 1j * u[4:6]
    return z * z


@pytest.mark.parametrize("f", COMPLEX.values(), ids=COMPLEX)
def test_complex_numbers_between_and_at_the_end(f):
    check(f, [X])


# Prepared. ---------------------------------------------------------------------------------------------------


@every
@pytest.mark.parametrize("strategy", ["auto", "structured", "colored"])
def test_prepared_evaluations_are_right_and_share_their_structure(f, strategy):
    prepared = dm.sparse_jacobian(f, prepare=True, strategy=strategy)
    rng = np.random.default_rng(0)
    js = []
    for _ in range(4):
        x = rng.uniform(0.3, 2, 8)
        js.append(prepared(x))
        close(js[-1].toarray(), dense_matrices(lambda u: (f(u),), [x])[0][0])
    assert all(j.nnz == js[0].nnz for j in js)
    if f is stencil and strategy != "colored":
        assert all(np.shares_memory(j.indices, js[0].indices) and np.shares_memory(j.indptr, js[0].indptr) for j in js)
    assert all(j.data is not js[0].data for j in js[1:])
    assert not any(np.shares_memory(a.data, b.data) for a, b in zip(js[1:], js[:-1], strict=True))


def test_prepared_for_several_shapes_and_dtypes():
    prepared = dm.sparse_jacobian(behind_cuts, prepare=True)
    for n, dtype in [(4, float), (7, float), (4, np.float32), (4, float), (7, float)]:
        x = np.linspace(0.5, 1, n).astype(dtype)
        j = prepared(x)
        assert j.dtype == dtype
        close(j.toarray(), dense_matrices(lambda u: (behind_cuts(u),), [x])[0][0])


@pytest.mark.parametrize("strategy", ["auto", "structured", "colored"])
def test_prepared_functions_may_take_another_way(strategy):
    def f(u):
        if u[0] > 1:
            return u[2:] * np.sum(u)
        return np.cumsum(u[:-2]) if u[1] > 1 else u[1:-1] * u[:-2]

    prepared = dm.sparse_jacobian(f, prepare=True, strategy=strategy)
    for first, second in [(2, 0), (0, 0), (0, 2), (2, 2), (0, 0), (2, 0)]:
        x = np.array([first, second, 0.5, 0.7, 0.9, 1.1])
        close(prepared(x).toarray(), dense_matrices(lambda u: (f(u),), [x])[0][0])


def test_prepared_outputs_may_change_their_number():
    prepared = dm.sparse_jacobian(lambda u: (u[1:] * u[0],) if u[0] > 1 else (u**2, u[:2], u @ u), prepare=True)
    assert [len(prepared(x)) for x in (X, X + 1, X)] == [3, 1, 3]
    np.testing.assert_array_equal(prepared(X)[2].toarray(), [2 * X])


@pytest.mark.parametrize("strategy", ["auto", "colored"])
def test_entries_may_move(strategy):
    """Where entries are picked by their values, prepared evaluations with colours see it."""
    prepared = dm.sparse_jacobian(lambda u: np.sort(u) ** 2 * u[0], prepare=True, strategy=strategy)
    rng = np.random.default_rng(0)
    for _ in range(6):
        x = rng.permutation(X)
        close(prepared(x).toarray(), dense_matrices(lambda u: (np.sort(u) ** 2 * u[0],), [x])[0][0])


IMPLICIT = {
    "solve": lambda x: np.linalg.solve(2 * np.eye(2) + x[:4].reshape(2, 2), x[4:6]),
    "inverse": lambda x: np.linalg.inv(2 * np.eye(2) + x[:4].reshape(2, 2)),
    "cholesky": lambda x: np.linalg.cholesky(9 * np.eye(2) + x[:4].reshape(2, 2)),
    "eigenvalues": lambda x: np.linalg.eigvalsh(np.diag([3.0, 9.0]) + x[:4].reshape(2, 2)),
    "singular values": lambda x: np.linalg.svd(np.diag([2.0, 9.0]) + x[:4].reshape(2, 2), compute_uv=False),
    "norms": lambda x: np.linalg.norm(x[:6].reshape(2, 3), axis=1),
    "variance": lambda x: np.var(x[:6].reshape(2, 3), axis=0),
    "products": lambda x: x[:4].reshape(2, 2) @ x[4:],
    "convolution": lambda x: np.convolve(x[:3], x[3:]),
}


@pytest.mark.parametrize("name", IMPLICIT)
def test_patterns_do_not_depend_on_what_maps_hold(name):
    """Zeros in operands, factors and solutions are not zeros for good."""
    f, special = IMPLICIT[name], np.zeros(6)
    with np.errstate(all="ignore"):
        there, elsewhere = (dm.jacobian_sparsity(f)(x).toarray() for x in (special, X[:6]))
    np.testing.assert_array_equal(there, elsewhere)
    prepared = dm.sparse_jacobian(f, prepare=True, strategy="colored")
    prepared(special)
    close(prepared(X[:6]).toarray(), dense_matrices(lambda u: (f(u),), [X[:6]])[0][0], 64.0)


@given(programs=st.lists(programs(), min_size=2, max_size=4), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_prepared_evaluations_of_random_programs(programs, seed):
    """One prepared function that does another program at each call leaves nothing behind from one to the next."""
    rng = np.random.default_rng(seed)
    prepared = dm.sparse_jacobian(lambda u, k: programs[k](u), prepare=True)
    for k in [*range(len(programs)), 0, 1]:
        x = rng.uniform(0.3, 2, N)
        close(prepared(x, k).toarray(), dense_matrices(lambda u, k=k: (programs[k](u),), [x])[0][0], 1e3)


def test_threads_share_a_prepared_function():
    prepared = dm.sparse_jacobian(behind_cuts, prepare=True)
    points = [np.linspace(0.5, 1 + k, 30) for k in range(12)]
    found = {}
    threads = [threading.Thread(target=lambda k=k: found.setdefault(k, prepared(points[k]))) for k in range(12)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for k, x in enumerate(points):
        close(found[k].toarray(), dense_matrices(lambda u: (behind_cuts(u),), [x])[0][0])


def test_a_prepared_function_may_call_itself():
    prepared = dm.sparse_jacobian(lambda u, deep: u * (prepared(np.copy(dm.primal(u)), False).sum() if deep else 1.0), prepare=True)
    np.testing.assert_array_equal(prepared(X, True).toarray(), 8 * np.eye(8))


# Colours. ----------------------------------------------------------------------------------------------------


@every
def test_a_given_pattern_is_coloured(f):
    pattern = dm.jacobian_sparsity(f)(X)
    for given_ in (pattern, pattern.toarray(), pattern.tocoo()):
        j = dm.sparse_jacobian(f, pattern=given_)(X)
        close(j.toarray(), dm.sparse_jacobian(f)(X).toarray())
        np.testing.assert_array_equal(j.indices, pattern.indices)


def test_colours_of_several_inputs_and_outputs():
    def f(u, w):
        return u[1:] * w, np.sin(u), w**2

    args = X, X[1:] + 1
    rows = dm.jacobian_sparsity(f, argnums=(0, 1))(*args)
    pattern = sp.block_array([list(row) for row in rows], format="csr")
    found = dm.sparse_jacobian(f, argnums=(0, 1), pattern=pattern)(*args)
    truth = dense_matrices(f, args)
    for row, expected in zip(found, truth, strict=True):
        for j, a in zip(row, expected, strict=True):
            close(j.toarray(), a)


MATRICES = hnp.arrays(float, (5, 6), elements=st.sampled_from([0.0, 0.0, 1.0, -2.5, 1e-3, 1e3]))


@given(matrix=MATRICES, more=hnp.arrays(bool, (5, 6)), lacking=st.integers(0, 29))
@settings(deadline=None)
def test_a_given_pattern_that_lacks_entries_is_refused(matrix, more, lacking):
    """Entries that are zero may be in it or not; any other that it lacks would be added to another entry of its row."""
    f, x, pattern = lambda u: matrix @ u, np.linspace(1.0, 2.0, 6), (matrix != 0) | more
    np.testing.assert_array_equal(dm.sparse_jacobian(f, pattern=pattern)(x).toarray(), matrix)
    pattern.flat[lacking] = False
    if matrix.flat[lacking]:
        with pytest.raises(ValueError, match=r"sparse_jacobian: pattern lacks entries.*jacobian_sparsity"):
            dm.sparse_jacobian(f, pattern=pattern)(x)
    else:
        np.testing.assert_array_equal(dm.sparse_jacobian(f, pattern=pattern)(x).toarray(), matrix)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("f", [np.sqrt, np.log, lambda u: 1 / u, lambda u: u**2 * 1e300])
def test_a_given_pattern_says_nothing_of_rows_that_are_not_finite(f):
    x = np.array([-1.0, 0.0, 1e300, 4.0])
    found = dm.sparse_jacobian(f, pattern=np.eye(4, dtype=bool))(x)
    np.testing.assert_array_equal(found.toarray().diagonal(), dm.jacobian(f, strategy="dense")(x).diagonal())


def test_prepared_evaluations_take_colours_where_they_are_far_fewer():
    """Of 40 slots no two are in one column: the pattern is diagonal."""
    index = np.arange(40).reshape(1, -1)

    def f(u):
        return sum(np.where(index[0] == k, u[k] ** 2, 0.0) for k in range(40))

    calls = []
    prepared = dm.sparse_jacobian(lambda u: calls.append(type(u)) or f(u), prepare=True)
    x = np.linspace(0.5, 1, 40)
    first, second = prepared(x), prepared(x + 1)
    np.testing.assert_allclose(second.toarray()[np.arange(40), np.arange(40)], 2 * (x + 1))
    assert first.nnz == second.nnz
    assert len(calls) == 2


# Hard points. ------------------------------------------------------------------------------------------------


HARD = {
    "sqrt at 0": (lambda u: np.sqrt(u) * np.roll(u, 1), [0.0, 1.0, 4.0]),
    "0 · inf": (lambda u: np.log(u) * 0.0 + u, [0.0, 1.0, 2.0]),
    "inf behind a sum": (lambda u: np.sum(np.sqrt(u) * np.array([0.0, 1.0, 1.0])) * u, [0.0, 1.0, 4.0]),
    "inf before a sum": (lambda u: np.sqrt(np.sum(u * 0.0)) + u, [0.0, 1.0, 4.0]),
    "0 · inf after a product": (lambda u: np.sqrt(np.diag([0.0, 1.0, 1.0]) @ u), [2.0, 1.0, 4.0]),
    "division by 0": (lambda u: u / u[::-1], [0.0, 1.0, 2.0]),
    "nan": (lambda u: u * np.roll(u, 1) + u**2, [np.nan, 1.0, 2.0]),
    "infinite": (lambda u: np.tanh(u) * u, [np.inf, 1.0, 2.0]),
    "nan that is not chosen": (lambda u: np.where(u > 0, np.log(u), u), [-1.0, 0.0, 2.0]),
    "nan that is written over": (lambda u: written_over_nan(u), [-1.0, 0.0, 2.0]),
    "powers at 0": (lambda u: u**2 + u**0 + u ** np.array([1.0, 2.0, 0.5]), [0.0, 0.0, 2.0]),
    "norm at 0": (lambda u: np.linalg.norm(u) * np.ones(2), [0.0, 0.0, 0.0]),
}


def written_over_nan(u):
    r = np.log(u)
    r[:2] = u[:2]
    return r


@pytest.mark.parametrize("name", HARD)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_hard_points_give_what_dense_directions_give(name):
    f, x = HARD[name]
    x = np.array(x)
    ((truth,),) = dense_matrices(lambda u: (f(u),), [x])
    for g in (dm.sparse_jacobian(f), dm.sparse_jacobian(f, prepare=True)):
        for _ in range(2):
            np.testing.assert_allclose(g(x).toarray(), truth, rtol=1e-14)


def test_what_a_map_leaves_out_stays_out():
    """A zero of a matrix is no entry, even if what it meets is infinite, where dense directions give 0 · inf = nan."""
    j = dm.sparse_jacobian(lambda u: np.diag([1.0, 2.0, 3.0]) @ np.sqrt(u))(np.array([0.0, 1.0, 4.0]))
    np.testing.assert_array_equal(j.toarray(), np.diag([np.inf, 1.0, 0.75]))


# Memory and what the function does. -----------------------------------------------------------------------------


def test_memory_grows_with_the_entries():
    def peak(n):
        x = np.linspace(0, 1, n)
        dm.sparse_jacobian(stencil)(x)
        return peak_bytes(lambda: dm.sparse_jacobian(stencil)(x))

    assert peak(200_000) < 200_000 * 8 * 60


def test_a_function_may_write_to_its_input():
    def f(u):
        u *= 2
        u[0] = u[1] * u[2]
        return u

    x = X.copy()
    ((j,),) = check(f, [x])
    np.testing.assert_array_equal(x, X)
    assert j.nnz == 9


def test_a_function_runs_once():
    runs = []
    dm.sparse_jacobian(lambda u: runs.append(1) or behind_cuts(u))(X)
    assert len(runs) == 1


def test_errors_of_the_function_pass_through():
    def f(u):
        raise ArithmeticError("mine")

    prepared = dm.sparse_jacobian(lambda u: f(u) if u[0] > 1 else u, prepare=True)
    with pytest.raises(ArithmeticError, match="mine"):
        prepared(X + 1)
    assert prepared(X).nnz == 8


J = dm.sparse_jacobian
ERRORS = {
    "strategy": (ValueError, "sparse_jacobian: strategy must be one of 'auto', 'structured', 'colored'; got 'dense'",
                 lambda: J(stencil, strategy="dense")),
    "not a function": (TypeError, "sparse_jacobian: f must be a function, got ndarray", lambda: J(X)),
    "a complex input": (TypeError, "sparse_jacobian: an input has dtype complex128", lambda: J(np.sin)(X + 0j)),
    "a tangent": (TypeError, "sparse_jacobian: an input carries a tangent of another transform.*use dm.jacobian",
                  lambda: dm.jvp(lambda u: J(stencil)(u), (X,), (X,))),
    "a lost tangent": (TypeError, "would lose the tangent", lambda: J(lambda u: float(u[0]) * u)(X)),
    "a tangent that is looked at": (TypeError, r"use dm\.jvp", lambda: J(lambda u: dm.tangent(u))(X)),
    "pattern of other columns": (ValueError, "pattern must have a column for each of the 8 input numbers, got 5",
                                 lambda: J(stencil, pattern=np.ones((6, 5), bool))(X)),
    "pattern of other rows": (ValueError, "pattern must have a row for each of the 6 output numbers, got 5",
                              lambda: J(stencil, pattern=np.ones((5, 8), bool))(X)),
    "pattern of numbers": (TypeError, "pattern must be an array of scipy.sparse or a boolean array, got an array of dtype float64",
                           lambda: J(stencil, pattern=np.ones((6, 8)))(X)),
    "text": (TypeError, "the result of <lambda> must be a number, an array", lambda: J(lambda u: "text")(X)),
    "value": (ValueError, "value_and_sparse_jacobian: strategy", lambda: dm.value_and_sparse_jacobian(stencil, strategy="")),
    "argnums": (ValueError, "sparse_jacobian: argnums", lambda: J(stencil, argnums=2)(X)),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors_say_what_to_do(name):
    check_error(*ERRORS[name])
