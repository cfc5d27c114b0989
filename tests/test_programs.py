"""Random programs: whatever is composed of table functions has the derivative that differences of itself show."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import dualmc as dm
from dualmc import testing as dt

PROGRAMS = dt.smooth_programs(6, 8)


@settings(max_examples=250, deadline=None)
@given(program=PROGRAMS, seed=st.integers(0, 1000), lanes=st.sampled_from([None, 1, 4]))
def test_first_derivatives(program, seed, lanes):
    rng = np.random.default_rng(seed)
    x, v = rng.normal(size=6), rng.normal(size=6)
    value, tangent = dm.jvp(program, (x,), (v,))
    truth = dt.directional_derivative(program, x, v)
    scale = 1 + np.abs(truth.value).max() + np.abs(value).max()
    np.testing.assert_allclose(value, program(x), rtol=1e-13, atol=1e-13)
    assert np.all(np.abs(tangent - truth.value) <= 1e-11 * scale + truth.bound)
    assert np.all(truth.bound <= 1e-6 * scale)
    jacobian = dm.jacobian(program, chunk_size=lanes)(x)
    np.testing.assert_allclose(jacobian @ v, tangent, rtol=1e-10, atol=1e-11 * float(scale))


@settings(max_examples=60, deadline=None)
@given(program=PROGRAMS, seed=st.integers(0, 1000))
def test_second_derivatives(program, seed):
    rng = np.random.default_rng(seed)
    x, v = rng.normal(size=6), rng.normal(size=6)

    def f(x):
        return np.sum(np.sin(program(x)))

    hessian = dm.jacobian(dm.gradient(f))(x)
    size = 1 + np.abs(hessian).max()
    np.testing.assert_allclose(hessian, hessian.T, rtol=0, atol=1e-11 * size)
    truth = dt.second_directional_derivative(f, x, v, v)
    assert abs(v @ hessian @ v - truth.value) <= 1e-7 * size + truth.bound
