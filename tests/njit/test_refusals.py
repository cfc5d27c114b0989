"""What would lose a derivative is refused, with the line and the way out; what cannot be done says so."""

import re

import numba
import numpy as np
import pytest
from numba.typed import Dict, List

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


@numba.njit
def zeros_of(n):
    return np.zeros(n)


def made_elsewhere(x):
    out = zeros_of(3)
    out[0] = x[0]
    return out


def into_integers(x):
    out = np.zeros(3, dtype=np.int64)
    out[0] = x[0]
    return out


def added_to_an_argument(x, out):
    out += x
    return x


def ufunc_into_an_argument(x, out):
    np.multiply(x, x, out)
    return x


def as_memory(x):
    return x.view(np.float64)


def complex_numbers(x):
    return abs(x[0] + 1j * x[1])


def typed_list(x):
    a = List.empty_list(numba.float64)
    a.append(x[0])
    return a[0]


def typed_dictionary(x):
    a = Dict.empty(numba.int64, numba.float64)
    a[1] = x[0]
    return a[1]


def eigenvalues(x):
    return np.linalg.eigvalsh(np.outer(x, x))


ROOM = "which has no room for them; allocate it as np.zeros(n, dtype=x.dtype) or np.zeros_like(x)"

CASES = [
    (made_elsewhere, (X,), f"into an array of float64, {ROOM}"),
    (into_integers, (X,), f"into an array of int64, {ROOM}"),
    (added_to_an_argument, (X, np.zeros(3)), f"into an array of float64, {ROOM}"),
    (ufunc_into_an_argument, (X, np.zeros(3)), f"into an array of float64, {ROOM}"),
    (as_memory, (X,), "x.view of an array with derivatives would show them as if they were values"),
    (complex_numbers, (X,), "complex numbers with derivatives are not there in compiled code; compute with real and imaginary parts"),
    (typed_list, (X,), "put into a list that was made for numbers without; make it as List(), whose type follows from its use"),
    (typed_dictionary, (X,), "put into a dictionary that was made for numbers without; make it as Dict()"),
    (eigenvalues, (X,), "eigvalsh is not there for them in compiled code; write it as a loop, or call eigenvalues.py_func"),
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
    ],
)
def test_what_is_not_there_says_what_to_do(call, text):
    f = numba.njit(lambda x: np.sum(x * x))
    with pytest.raises(TypeError, match=re.escape(text)):
        call(f)


def generated(x):
    yield x[0] * x[1]


@pytest.mark.parametrize("f", [lambda x: [x[0], x[1]], lambda x: {1: x[0]}, lambda x: (x, [1, 2]), generated])
def test_results_that_are_no_arrays_are_refused(f):
    compiled = numba.njit(f)
    for call in (lambda: dm.jacobian(compiled)(X), lambda: compiled(dm.Dual(X, X))):
        with pytest.raises(TypeError, match=r"returns a (list|dict|generator), .* return an array or a tuple"):
            call()
