"""Linear algebra in the recorded space: rows of the Jacobian by transposition equal columns by directions."""

import numpy as np
import pytest

import dualmc as dm

L = np.linalg
E = np.eye(3) * [2.0, 4.0, 7.0]

FUNCTIONS = {
    "solve": lambda a: L.solve(a, a[0] * a[:, 1]),
    "inv": lambda a: L.inv(a) @ L.matrix_power(a, -2),
    "det": lambda a: L.det(a) * L.slogdet(a)[1],
    "cholesky": lambda a: L.cholesky(a) + L.cholesky(a, upper=True),
    "qr": lambda a: L.qr(a).Q[:, :2] @ L.qr(a[:, :2]).R,
    "eigh": lambda a: L.eigh(a).eigenvectors * L.eigh(a, "U").eigenvalues,
    "eig": lambda a: np.real(L.eig(a).eigenvectors * L.eigvals(a)),
    "svd": lambda a: L.svd(a).U @ L.svd(a[:2]).Vh * L.svdvals(a),
    "pinv": lambda a: L.pinv(a[:, :2]),
    "norms": lambda a: L.norm(a) * L.norm(a, 2) + L.norm(a, "nuc") * L.norm(a, 3, axis=0) + L.cond(a),
    "lstsq": lambda a: L.lstsq(a[:, :2], a[:, 2])[0],
    "multi_dot": lambda a: L.multi_dot([a[0], a, a, a.T]),
}


def overwritten(a):
    """The maps of solve and inv hold on to values that the user writes over afterwards."""
    b = a * 1.0
    x, y = L.solve(b, b[0]), L.inv(b)
    z = x * y
    b[...] = 0
    x[...] = 1
    y *= 3
    return z + y


@pytest.mark.parametrize("f", [*FUNCTIONS.values(), overwritten], ids=[*FUNCTIONS, "overwritten"])
def test_transposed_rows_are_forward_columns(f):
    x = E + np.random.default_rng(1).uniform(-0.3, 0.3, (3, 3))
    expected = dm.jacobian(f)(x)
    np.testing.assert_allclose(dm.reverse.jacobian(f)(x), expected, rtol=1e-11, atol=1e-12)
    jvp_fn = dm.linearize(f, x)[1]
    for k in np.ndindex(3, 3):
        direction = np.zeros((3, 3))
        direction[k] = 1
        np.testing.assert_allclose(jvp_fn(direction), expected[(..., *k)], rtol=1e-11, atol=1e-12)
