"""Keywords of products: none is dropped, and out= takes a tangent or raises."""

import numpy as np
import pytest

import dualmc as dm

RNG = np.random.default_rng(4)
A, T = RNG.normal(size=(2, 3, 3))


def x():
    return dm.Dual(A.copy(), T.copy())


INTO = {
    "einsum": lambda out: np.einsum("ij,jk->ik", x(), x(), out=out),
    "einsum optimized": lambda out: np.einsum("ij,jk,kl->il", x(), x(), x(), out=out, optimize=True),
    "dot": lambda out: np.dot(x(), x(), out=out),
    "dot by place": lambda out: np.dot(x(), x(), out),
    "matmul": lambda out: np.matmul(x(), x(), out=out),
    "outer": lambda out: np.outer(x()[0], x()[1], out=out),
    "multi_dot": lambda out: np.linalg.multi_dot([x(), x(), x()], out=out),
    "quantile": lambda out: np.quantile(np.stack([x(), x() * 2]), 0.3, axis=0, out=out),
    "clip": lambda out: np.clip(x(), -1, 1, out=out),
    "fft": lambda out: np.fft.ifft(x(), out=out).real,
}


@pytest.mark.parametrize("call", INTO.values(), ids=INTO)
def test_out_takes_value_and_tangent_or_raises(call):
    expected = call(None)
    like = np.zeros((3, 3), complex) if call is INTO["fft"] else np.zeros((3, 3))
    buffer = dm.Dual(like.copy(), like.copy())
    result = call(buffer)
    np.testing.assert_array_equal(result.primal, expected.primal)
    np.testing.assert_array_equal(np.real(buffer.primal), expected.primal)
    np.testing.assert_array_equal(np.real(buffer.tangent), expected.tangent)
    with pytest.raises(TypeError, match="out="):
        call(like)


@pytest.mark.parametrize("optimize", [False, True, "greedy", "optimal", ["einsum_path", (0, 1), (0, 1)]], ids=str)
def test_einsum_in_any_order_of_contraction(optimize):
    got = np.einsum("ij,jk,kl->il", x(), x(), x(), optimize=optimize)
    np.testing.assert_allclose(got.primal, A @ A @ A, rtol=1e-12)
    np.testing.assert_allclose(got.tangent, T @ A @ A + A @ T @ A + A @ A @ T, rtol=1e-12)


def test_einsum_dtype_casting_and_memory_order():
    got = np.einsum("ij,jk->ik", x(), x(), dtype=np.float32, casting="same_kind", order="F")
    assert got.dtype == got.primal.dtype == got.tangent.dtype == np.float32
    assert got.primal.flags.f_contiguous
    assert got.tangent.flags.f_contiguous
    with pytest.raises(TypeError, match="safe"):
        np.einsum("ij,jk->ik", x(), x(), dtype=np.float32)
    with pytest.raises(TypeError, match="keyword"):
        np.einsum("ij,jk->ik", x(), x(), unknown=1)
