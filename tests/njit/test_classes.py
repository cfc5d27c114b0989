"""Objects in compiled functions: fields of a jitclass are constants, those of a structref may be arrays with derivatives."""

import re

import numba
import numpy as np
import pytest
from numba.core import types
from numba.experimental import jitclass, structref

import dualmc as dm

X = np.array([0.3, 0.8, 0.5])


@jitclass([("rate", numba.float64), ("weights", numba.float64[:])])
class Model:
    def __init__(self, rate, weights):
        self.rate = rate
        self.weights = weights

    def scaled(self, x):
        return self.rate * x


@structref.register
class PairType(types.StructRef):
    def preprocess_fields(self, fields):
        return tuple((name, types.unliteral(t)) for name, t in fields)


class Pair(structref.StructRefProxy):
    def __new__(cls, first, rest):
        return structref.StructRefProxy.__new__(cls, first, rest)


structref.define_proxy(Pair, PairType, ["first", "rest"])


def reading(x, model):
    return model.scaled(x[0]) * x[1] + model.weights[1] * x[2] ** 2


def writing(x, model):
    model.rate = x[0]
    return model.rate * x[1]


def made_of_a_number(x):
    model = Model(x[0], np.ones(2))
    return model.rate * x[1]


def made_of_an_array(x):
    model = Model(2.0, x)
    return model.weights[0] * x[1]


def number_in_a_structref(x):
    pair = Pair(x[0], x)
    return pair.first * pair.rest[2]


def array_in_a_structref(x):
    pair = Pair(2.0, x)
    pair.rest = pair.rest * x[1]
    return pair.first * pair.rest[0] ** 2 + pair.rest[2]


@numba.vectorize
def squared(x):
    return x * x


def of_a_vectorized(x):
    return squared(x)


def test_fields_of_a_jitclass_are_constants():
    f, model = numba.njit(reading), Model(3.0, np.array([1.0, 2.0]))
    expected = np.array([3 * X[1], 3 * X[0], 4 * X[2]])
    assert np.allclose(dm.gradient(f)(X, model), expected, rtol=1e-15)
    assert np.allclose(dm.reverse.grad(lambda x: f(x, model))(X), expected, rtol=1e-15)


@pytest.mark.parametrize(
    ("f", "args", "field"),
    [
        (writing, (Model(3.0, np.ones(2)),), "rate, which was declared as float64"),
        (made_of_a_number, (), "rate, which was declared as float64"),
        (made_of_an_array, (), "weights, which was declared as array(float64, 1d, A)"),
    ],
    ids=["written", "made of a number", "made of an array"],
)
def test_fields_of_a_jitclass_take_no_derivatives(f, args, field):
    compiled = numba.njit(f)
    with pytest.raises(TypeError, match=re.escape(f"stored into the field {field} and has no room for them")) as caught:
        dm.gradient(compiled)(X, *args)
    assert re.search(r"test_classes\.py, line \d+\)", str(caught.value))
    assert np.isfinite(compiled(X, *args))  # without derivatives it runs as before


def refused(f, text):
    with pytest.raises(TypeError, match=re.escape(text)):
        dm.jacobian(numba.njit(f))(X)


def test_a_structref_holds_arrays_with_derivatives_but_no_numbers():
    f = numba.njit(array_in_a_structref)
    a, b, c = X
    gradient, mixed = [4 * a * b**2, 4 * a**2 * b + c, b], 8 * a * b
    assert np.allclose(dm.gradient(f)(X), gradient, rtol=1e-15)
    assert np.allclose(dm.hessian(f)(X), [[4 * b**2, mixed, 0], [mixed, 4 * a**2, 1], [0, 1, 0]], rtol=1e-14)
    refused(number_in_a_structref, "stored into the field first of a structref")


def test_functions_made_by_vectorize_are_refused():
    refused(of_a_vectorized, "squared was made by @vectorize, which has no code for numbers with derivatives; call a function made by")
