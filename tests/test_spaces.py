"""The recorded space behind the same rules: rows of the Jacobian by transposition equal columns by directions."""

import numpy as np
import pytest
from test_memory import PROGRAMS

import dualmc as dm
from dualmc.recording import record

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(4, 6)), RNG.normal(size=(3, 5))
INDEX, MASK = np.array([0, 2, 2, 5]), np.array([1, 0, 1, 1, 0, 1], bool)

FUNCTIONS = {
    "arithmetic": lambda x: (x + x[::-1] + 2) * (3 - x) / (1 + x[::-1]),
    "powers": lambda x: x**3 + x**x + 2.0**x,
    "elementary": lambda x: np.exp(x) * np.log(x) + np.sin(x) * np.cos(2 * x) + np.tanh(x) - np.sqrt(x),
    "arctan2": lambda x: np.arctan2(x, x[::-1]) + np.hypot(x, 2.0),
    "broadcast": lambda x: x.reshape(2, 3) * x[:3] + x[0],
    "outer": lambda x: x[:, None] * x[None, :] + x,
    "sums": lambda x: x.reshape(2, 3) / np.sum(x.reshape(2, 3), axis=1, keepdims=True) + x.sum(),
    "moments": lambda x: x * np.mean(x) + np.var(x) + np.std(x) + np.median(x),
    "products": lambda x: np.prod(x) * np.cumprod(x) + np.prod(x.reshape(2, 3), axis=0)[0],
    "extrema": lambda x: x * np.max(x) + np.min(x.reshape(2, 3), axis=1)[0] + np.ptp(x),
    "choice": lambda x: np.where(x > 1, x * x, np.sin(x)) + np.clip(x, 0.5, 1.5) + np.maximum(x, x[::-1]),
    "order": lambda x: np.sort(x) * x + np.take_along_axis(x, np.argsort(x), 0),
    "axes": lambda x: np.transpose(x.reshape(1, 2, 3), (2, 0, 1)) * np.moveaxis(x.reshape(1, 2, 3), 2, 0),
    "slices": lambda x: x[1:] * x[:-1] - x[::2][1] + x[-1],
    "fancy": lambda x: x[INDEX] * 2 + (x.reshape(2, 3) ** 2)[[0, 1, 1, 0], [2, 0, 0, 1]],
    "separated": lambda x: (x.reshape(1, 2, 3) ** 2)[np.array([0, 0]), :, np.array([2, 1])],
    "mask": lambda x: np.exp(x)[MASK],
    "take": lambda x: np.take(x**2, INDEX) + np.take(x.reshape(2, 3), [2, 0], axis=1).ravel(),
    "joins": lambda x: np.concatenate([x * x, np.sin(x[1:3]), [4.0]]),
    "stacks": lambda x: np.stack([x, x * x[::-1], np.ones(6)], axis=1),
    "block": lambda x: np.block([[x[:3], x[3:]], [np.vstack([x * x])]]),
    "moves": lambda x: np.roll(x, 2) * np.flip(x) + np.roll(x.reshape(2, 3), 1, axis=1).ravel() + np.tile(x[:3], 2) + np.repeat(x[:2], 3),
    "pad": lambda x: np.pad(x, (1, 2), mode="reflect") + np.pad(x * x, (1, 2)),
    "triangles": lambda x: np.tril(x.reshape(2, 3)) + np.diag(x[:3])[:2],
    "cumsum": lambda x: np.cumsum(x * x) + np.cumsum(x.reshape(2, 3), axis=0).ravel(),
    "matvec": lambda x: A @ x,
    "vecmat": lambda x: np.sin(x[:3]) @ B,
    "matmat": lambda x: x.reshape(2, 3) @ np.cos(x).reshape(3, 2),
    "dot": lambda x: x @ np.sin(x) + np.dot(x, x) * np.vdot(x, x[::-1]),
    "batched": lambda x: np.matmul(np.stack([x.reshape(2, 3)] * 2), x.reshape(3, 2)),
    "einsum": lambda x: np.einsum("ij,jk,k->i", x.reshape(2, 3), x.reshape(3, 2), x[:2]) + np.einsum("ii->i", np.outer(x[:2], x[:2])),
    "tensordot": lambda x: np.tensordot(x.reshape(2, 3), x.reshape(3, 2), axes=1) + np.kron(x[:2], x[:1])[:, None],
    "trace": lambda x: x * np.trace(np.outer(x, x)),
    "cross": lambda x: np.cross(x[:3], x[3:] ** 2),
    "softmax": lambda x: np.exp(x - np.max(x)) / np.sum(np.exp(x - np.max(x))),
    "rosenbrock": lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2),
    "network": lambda x: np.sum(np.tanh(x.reshape(2, 3) @ B) ** 2),
    **PROGRAMS,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_transposed_rows_are_forward_columns(name):
    f, x = FUNCTIONS[name], np.random.default_rng(1).uniform(0.3, 2, 6)
    value, rows = dm.reverse.value_and_jacobian(f)(x)
    np.testing.assert_allclose(value, f(x.copy()), rtol=1e-14)
    np.testing.assert_allclose(rows, dm.jacobian(f)(x), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_replayed_columns_are_forward_columns(name):
    f, x = FUNCTIONS[name], np.random.default_rng(1).uniform(0.3, 2, 6)
    value, jvp_fn = dm.linearize(f, x)
    np.testing.assert_allclose(value, f(x.copy()), rtol=1e-14)
    expected = dm.jacobian(f)(x)
    for k, e in enumerate(np.eye(6)):
        np.testing.assert_allclose(jvp_fn(e), expected[..., k], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("lead", [(2,), (2, 3), (0,)], ids=str)
def test_blocks_of_tangents_and_cotangents(name, lead):
    """Leading axes go both ways through a tape."""
    f, x = FUNCTIONS[name], np.random.default_rng(1).uniform(0.3, 2, 6)
    values, _, _, tape = record(f, lambda leaves: f(*leaves), [x.copy()], has_aux=False)
    jacobian = dm.jacobian(f)(x)
    t, c = np.random.default_rng(2).normal(size=(*lead, 6)), np.random.default_rng(3).normal(size=lead + values[0].shape)
    (pushed,), (pulled,), flat = tape.push([t]), tape.pull([c]), jacobian.reshape(-1, 6)
    np.testing.assert_allclose(pushed, (t @ flat.T).reshape(c.shape), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(pulled, c.reshape(*lead, len(flat)) @ flat, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_directions_of_transposed_rows(name):
    """Forward over reverse: cotangents that are Duals go through the transposed maps."""
    f, x = FUNCTIONS[name], np.random.default_rng(2).uniform(0.3, 2, 6)
    expected = dm.jacobian(dm.gradient(lambda x: np.sum(f(x) ** 2)))(x)
    got = dm.jacobian(dm.reverse.grad(lambda x: np.sum(f(x) ** 2)))(x)
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())
