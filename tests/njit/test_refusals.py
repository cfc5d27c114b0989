"""What would lose a derivative is refused, with the line and the way out; what cannot be done says so."""

import re

import numba
import numpy as np
import pytest

import dualmc as dm

X = np.array([0.3, 0.8, 0.5])


def to_float(x):
    return float(x[0])


def to_int(x):
    return int(x[0])


def to_float64(x):
    return np.float64(x[0])


def into_float32(x):
    out = np.zeros(3, np.float32)
    out[0] = x[0]
    return out


def into_an_argument(x, out):
    out[0] = x[0]
    return x


def into_an_argument_by_slice(x, out):
    out[:] = x
    return x


CASES = [
    (to_float, (X,), "float(x) of a number with derivatives would lose them"),
    (to_int, (X,), "int(x) of a number with derivatives would lose them"),
    (to_float64, (X,), "np.float64(x) of a number with derivatives would lose them"),
    (into_float32, (X,), "into an array of float32, which has no room for them; allocate it as np.zeros(n, dtype=x.dtype)"),
    (into_an_argument, (X, np.zeros(3)), "into an array of float64, which has no room for them; allocate it as np.zeros(n, dtype=x.dtype)"),
    (into_an_argument_by_slice, (X, np.zeros(3)), "into an array of float64, which has no room for them"),
]


@pytest.mark.parametrize(("f", "args", "text"), CASES, ids=[c[0].__name__ for c in CASES])
def test_lost_derivatives_are_refused_with_the_line(f, args, text):
    compiled = numba.njit(f)
    line = f.__code__.co_firstlineno
    for call in (lambda: dm.jacobian(compiled)(*args), lambda: compiled(dm.Dual(X, X), *args[1:])):
        with pytest.raises(TypeError, match=re.escape(text)) as caught:
            call()
        found = re.search(r"test_refusals\.py, line (\d+)\)", str(caught.value))
        assert found
        assert line < int(found[1]) <= line + 3


def test_the_line_is_that_of_the_function_that_is_called():
    inner = numba.njit(to_float)
    outer = numba.njit(lambda x: inner(x) + x[0])
    with pytest.raises(TypeError, match=f"line {to_float.__code__.co_firstlineno + 1}\\)"):
        dm.gradient(outer)(X)


def test_a_refused_function_still_runs_without_derivatives():
    f = numba.njit(into_float32)
    with pytest.raises(TypeError):
        dm.jacobian(f)(X)
    assert f(X)[0] == np.float32(X[0])


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda f: dm.taylor(f, X, X, 2), "a Series goes through NumPy functions only: call <lambda>.py_func"),
        (lambda f: dm.trace(f, X), "a Traced goes through NumPy functions only"),
        (lambda f: dm.jacobian(dm.hessian(f))(X), "first and second order"),
        (lambda f: dm.reverse.grad(lambda x: dm.jvp(f, (x,), (X,))[1])(X), "jvp inside of reverse mode"),
    ],
)
def test_what_is_not_there_says_what_to_do(call, text):
    f = numba.njit(lambda x: np.sum(x * x))
    with pytest.raises(TypeError, match=re.escape(text)):
        call(f)


@pytest.mark.parametrize("f", [lambda x: [x[0], x[1]], lambda x: {1: x[0]}, lambda x: (x, [1, 2])])
def test_results_that_are_lists_or_dicts_are_refused(f):
    compiled = numba.njit(f)
    for call in (lambda: dm.jacobian(compiled)(X), lambda: compiled(dm.Dual(X, X))):
        with pytest.raises(TypeError, match=r"returns a (list|dict), .* return an array or a tuple"):
            call()
