"""Random programs: whatever is composed of table functions has the derivative that differences of itself show."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from truths import STEP, WEIGHTS

import dualmc as dm

# Functions that are smooth and tame on all of ℝ, so that any composition may be differenced.
UNARY = {
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "arctan": np.arctan,
    "arcsinh": np.arcsinh,
    "bell": lambda x: np.exp(-x * x),
    "log": lambda x: np.log1p(x * x),
    "root": lambda x: np.sqrt(1 + x * x),
    "cube": lambda x: x**3 / (1 + x**2),
    "double": lambda x: 2 * x - 1,
    "roll": lambda x: np.roll(x, 1),
    "flip": lambda x: x[::-1],
    "cumsum": lambda x: np.cumsum(x) / x.size,
    "mean": lambda x: x - np.mean(x),
    "scaled": lambda x: x / (1 + np.sum(x * x)),
    "norm": lambda x: np.hypot(x, 1.0) + np.var(x),
    "grid": lambda x: (x.reshape(2, 3).T @ x.reshape(2, 3)).ravel()[:6],
    "outer": lambda x: np.outer(x, np.cos(x)).sum(axis=0),
    "pieces": lambda x: np.concatenate([x[3:] * 2, np.sin(x[:3])]),
    "product": lambda x: np.prod(np.tanh(x)) + x,
}
BINARY = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / (2 + y * y),
    "logaddexp": np.logaddexp,
    "arctan2": lambda x, y: np.arctan2(x, 1 + y * y),
    "power": lambda x, y: (1 + x * x) ** np.tanh(y),
    "broadcast": lambda x, y: (x[:, None] * y[None, :3]).sum(axis=1),
}


@st.composite
def programs(draw):
    """Steps (name, operands); step k may use the input and the results of the steps before it."""
    steps = []
    for k in range(draw(st.integers(1, 8))):
        if draw(st.booleans()):
            steps.append((draw(st.sampled_from(sorted(UNARY))), draw(st.integers(0, k))))
        else:
            steps.append((draw(st.sampled_from(sorted(BINARY))), draw(st.integers(0, k)), draw(st.integers(0, k))))
    return steps


def run(steps, x):
    values = [x]
    for name, *operands in steps:
        values.append((UNARY | BINARY)[name](*(values[i] for i in operands)))
    return values[-1]


def slope(f, x, v):
    """The derivative along v by differences of order 8 in extended precision, and a bound of its error."""
    parts = [w * (f(x + k * STEP * v) - f(x - k * STEP * v)) / STEP for k, w in enumerate(WEIGHTS, 1)]
    value = sum(parts)
    coarse = [w * (f(x + 2 * k * STEP * v) - f(x - 2 * k * STEP * v)) / (2 * STEP) for k, w in enumerate(WEIGHTS, 1)]
    return value, np.abs(value - sum(coarse)) / 100  # halving the step divides the error by 256


@settings(max_examples=250, deadline=None)
@given(steps=programs(), seed=st.integers(0, 1000), lanes=st.sampled_from([None, 1, 4]))
def test_first_derivatives(steps, seed, lanes):
    rng = np.random.default_rng(seed)
    x, v = rng.normal(size=6), rng.normal(size=6)
    value, tangent = dm.jvp(lambda x: run(steps, x), (x,), (v,))
    truth, bound = slope(lambda x: run(steps, x), x.astype(np.longdouble), v.astype(np.longdouble))
    scale = 1 + np.abs(truth) + np.abs(value)
    np.testing.assert_allclose(value, run(steps, x), rtol=1e-13, atol=1e-13)
    assert np.all(np.abs(tangent - truth) <= 1e-11 * scale.max() + bound)
    jacobian = dm.jacobian(lambda x: run(steps, x), chunk_size=lanes)(x)
    np.testing.assert_allclose(jacobian @ v, tangent, rtol=1e-10, atol=1e-11 * float(scale.max()))


@settings(max_examples=60, deadline=None)
@given(steps=programs(), seed=st.integers(0, 1000))
def test_second_derivatives(steps, seed):
    rng = np.random.default_rng(seed)
    x, v = rng.normal(size=6), rng.normal(size=6)

    def f(x):
        return np.sum(np.sin(run(steps, x)))

    hessian = dm.jacobian(dm.gradient(f))(x)
    size = 1 + np.abs(hessian).max()
    np.testing.assert_allclose(hessian, hessian.T, rtol=0, atol=1e-11 * size)
    truth, bound = slope(lambda x: slope(f, x, v)[0], x.astype(np.longdouble), v.astype(np.longdouble))
    assume(bound <= 1e-7 * size)  # the bound is that of the outer difference alone; where it is large the inner one matters
    assert abs(v @ hessian @ v - truth) <= 1e-7 * size + bound
