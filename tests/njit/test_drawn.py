"""Laws of drawn programs: an interpreter, compiled once, runs lists of instructions with loops, branches and array expressions."""

import math

import hypothesis.strategies as st
import numba
import numpy as np
import pytest
from hypothesis import given, settings

import dualmc as dm
from dualmc.testing import finite

REGISTERS = 4
OPERATIONS = 16


def interpreter(x, code):
    """Return the registers, which start as x, after the instructions (operation, two operands, target); all values stay moderate."""
    r = x.copy()
    for k in range(code.shape[0]):
        op, i, j, to = code[k]
        a, b = r[i], r[j]
        if op == 0:
            y = a + b * 0.5
        elif op == 1:
            y = a * b
        elif op == 2:
            y = a / (1.5 + b * b)
        elif op == 3:
            y = math.sin(a) - math.cos(b)
        elif op == 4:
            y = np.tanh(a - b)
        elif op == 5:
            y = np.exp(-a * a) + math.log1p(b * b)
        elif op == 6:
            y = math.sqrt(1 + a * a) - np.arctan2(b, 2.0 + a * a)
        elif op == 7:
            y = np.dot(r, r) / 8
        elif op == 8:
            y = np.sum(np.sin(r) * a) - r.mean()
        elif op == 9:
            y = (1.0 + a * a) ** 0.7
        elif op == 10:
            y = 0.0
            for v in r[: j + 1]:
                y += v * v * 0.25
        elif op == 11:
            w = np.zeros(3)
            w[1] = a * b
            y = w.sum()
        elif op == 12:
            y = (r[1:] - r[:-1])[0] * 0.5
        elif op == 13:
            y = b * 0.5 - a**4
            if a > 0:
                y = b * 0.5 + a**4 * b
        elif op == 14:
            y = np.hypot(a, 1.0 + b * b)
        else:
            r *= 0.5
            y = np.sum(np.where(np.arange(4) > 1, r, r * r))
        r[to] = y / (1.0 + 0.1 * y * y)
    return r


compiled = numba.njit(interpreter)

Instruction = st.tuples(st.integers(0, OPERATIONS - 1), *[st.integers(0, REGISTERS - 1)] * 3)
Code = st.lists(Instruction, min_size=1, max_size=8).map(lambda code: np.array(code, dtype=np.int64))
Numbers = st.lists(st.floats(-1.5, 1.5, width=32), min_size=REGISTERS, max_size=REGISTERS).map(np.array)


def close(found, truth, allowed):
    scale = 1.0 + np.max(np.abs(truth.value))
    assert np.all(np.abs(found - truth.value) <= 4 * truth.bound + allowed * scale)


@settings(deadline=None, max_examples=50)  # the first one compiles
@given(Numbers, Numbers, Code)
def test_first_derivatives_are_those_that_differences_measure(x, v, code):
    value, jacobian = dm.value_and_jacobian(compiled)(x, code)
    assert np.allclose(value, compiled(x, code), rtol=1e-14, atol=1e-15)
    assert np.allclose(value, interpreter(x, code), rtol=1e-13, atol=1e-14)
    close(jacobian @ v, finite.directional_derivative(lambda x: interpreter(x, code), x, v), 1e-10)


@settings(deadline=None, max_examples=50)  # the first one compiles
@given(Numbers, Numbers, Numbers, Code)
def test_second_derivatives_are_those_that_second_differences_measure(x, u, v, code):
    found = dm.vhv(lambda x: compiled(x, code), (x,), (u,), (v,))
    close(found, finite.second_directional_derivative(lambda x: interpreter(x, code), x, u, v), 1e-8)


@settings(deadline=None, max_examples=50)  # the first one compiles
@given(Numbers, Numbers, Code)
def test_in_single_precision_they_are_the_same_up_to_rounding(x, v, code):
    y, w = x.astype(np.float32), v.astype(np.float32)
    value, slope = dm.jvp(lambda x: compiled(x, code), (y,), (w,))
    wide, truth = dm.jvp(lambda x: compiled(x, code), (x,), (v,))
    assert value.dtype == slope.dtype == np.float32
    assert np.allclose(value, wide, rtol=1e-4, atol=1e-4)
    assert np.allclose(slope, truth, rtol=1e-2, atol=1e-2 * (1 + np.max(np.abs(truth))))


LAYOUTS = {
    "C": lambda a: a,
    "F": np.asfortranarray,
    "every other": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "backwards": lambda a: a[::-1],
    "transposed": lambda a: a.T,
}


def of_rows(a):
    return (a * a.sum()).sum() + np.sum(a[-1:] ** 3)


compiled_rows = numba.njit(of_rows)


@pytest.mark.parametrize("writeable", [True, False])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("nd", [1, 2, 3, 4])
def test_layouts_axes_and_arrays_that_are_read_only(nd, layout, writeable):
    x = LAYOUTS[layout]((np.arange(12.0) / 10).reshape((12,) if nd == 1 else (3, 4, 1, 1)[:nd]))
    x.flags.writeable = writeable
    assert np.allclose(dm.jvp(compiled_rows, (x,), (x + 1,))[1], dm.jvp(of_rows, (x,), (x + 1,))[1], rtol=1e-13)
