"""The step of second order by kernels is that of NumPy."""

import itertools

import numpy as np
import pytest

import dualmc as dm
from dualmc import hyper, large
from dualmc.tangents.pairing import OUTER, SUMMED

PATTERNS = [(terms, products) for terms, products in itertools.product(range(3), (1, 2))]


@pytest.fixture(autouse=True)
def always():
    dm.config.kernels = "always"
    yield
    dm.config.kernels = "auto"


def operands(pairing, shape, terms, products, dtype):
    rng = np.random.default_rng(0)
    first, second = (3, 4) if pairing is OUTER else (3, 3)
    draw = lambda *lead: rng.normal(size=(*lead, *shape)).astype(dtype)
    lead = (first, second) if pairing is OUTER else ()
    return [(draw(*lead), draw()) for _ in range(terms)], [(draw(first), draw(second)) for _ in range(products)]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(1,), (7,), (1500,), (3, 50)])
@pytest.mark.parametrize(("terms", "products"), PATTERNS)
@pytest.mark.parametrize("pairing", [OUTER, SUMMED], ids=repr)
def test_kernels_agree_with_numpy(pairing, terms, products, shape, dtype):
    given = operands(pairing, shape, terms, products, dtype)
    compiled = large.combined(pairing.name, *given)
    assert compiled is not None
    dm.config.kernels = "never"
    plain = hyper.combined(pairing, *given)
    assert compiled.dtype == plain.dtype == dtype
    np.testing.assert_allclose(compiled, plain, rtol=1e-5 if dtype == np.float32 else 1e-13, atol=20 * np.finfo(dtype).eps)


def test_what_kernels_do_not_take_is_left_to_numpy():
    (t, g), (u, w) = (x[0] for x in operands(OUTER, (8,), 1, 1, np.float64))
    assert large.combined("OUTER", [(t, g)], [(u, w)]) is not None
    assert large.combined("OUTER", [(t, g)] * 3, [(u, w)]) is None
    assert large.combined("OUTER", [(t, dm.ONE)], [(u, w)]) is None
    assert large.combined("OUTER", [(t, g[:1])], [(u, w)]) is None
    assert large.combined("OUTER", [(t.astype(np.float32), g)], [(u, w)]) is None
    assert large.combined("OUTER", [(t, g)], [(u[:, ::-1], w)]) is None
    assert large.combined("PAIRED", [], [(u, u)]) is None


@pytest.mark.parametrize(
    "f", [lambda x: np.sin(x) * x / (1 + x), lambda x: np.exp(x[1:] - x[:-1]) ** 2, np.tanh], ids=["arithmetic", "slices", "tanh"]
)
def test_second_derivatives_with_kernels(f):
    x = np.linspace(0.5, 2.0, 40)
    for transform in (dm.hessian, dm.laplacian, dm.hessian_diagonal):
        compiled = transform(f)(x)
        dm.config.kernels = "never"
        plain = transform(f)(x)
        dm.config.kernels = "always"
        np.testing.assert_allclose(compiled, plain, rtol=1e-12, atol=1e-12)
