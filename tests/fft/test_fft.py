"""What numpy.fft promises beyond the laws of the tables."""

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dualmc as dm
from dualmc.rules import RULES
from dualmc.rules.rule import Linear

RNG = np.random.default_rng(3)
FUNCTIONS = [f for name, f in vars(np.fft).items() if inspect.isroutine(f) and not name.endswith("freq")]


@pytest.mark.parametrize("func", FUNCTIONS, ids=lambda f: f.__name__)
def test_every_function_has_a_linear_rule_with_numpys_parameters(func):
    rule = RULES[func]
    assert isinstance(rule, Linear)
    theirs, ours = (inspect.signature(f).parameters for f in (func, rule.op))
    assert list(theirs)[1:] == list(ours)[1:]
    assert [p.default for p in list(theirs.values())[1:]] == [p.default for p in list(ours.values())[1:]]


def test_there_are_sixteen_transforms_and_shifts():
    assert len(FUNCTIONS) == 16


@pytest.mark.parametrize("func", FUNCTIONS, ids=lambda f: f.__name__)
def test_jacobian_is_the_map_of_unit_vectors(func):
    x = RNG.normal(size=(3, 4))
    jacobian = dm.jacobian(func)(x)
    for i, j in np.ndindex(x.shape):
        unit = np.zeros(x.shape)
        unit[i, j] = 1
        np.testing.assert_array_equal(jacobian[..., i, j], func(unit))


@pytest.mark.parametrize("func", [f for f in FUNCTIONS if "shift" not in f.__name__], ids=lambda f: f.__name__)
def test_out_takes_value_and_tangent(func):
    d = dm.Dual(RNG.normal(size=(3, 4)), RNG.normal(size=(2, 3, 4)))
    expected = func(d)
    buffer = np.zeros(expected.shape, expected.dtype, like=d)
    assert func(d, out=buffer) is buffer
    np.testing.assert_array_equal(buffer.primal, expected.primal)
    np.testing.assert_array_equal(buffer.tangent, expected.tangent)
    with pytest.raises(TypeError, match="would lose the tangent"):
        func(d, out=np.zeros(expected.shape, expected.dtype))


@pytest.mark.parametrize("pair", [(np.fft.rfft, np.fft.irfft), (np.fft.ihfft, np.fft.hfft), (np.fft.fft, np.fft.ifft)])
@settings(max_examples=30, deadline=None, derandomize=True)
@given(n=st.integers(1, 9), m=st.integers(2, 9), norm=st.sampled_from([None, "backward", "ortho", "forward"]))
def test_round_trips_and_adjoints_at_any_length(pair, n, m, norm):
    for func in pair:
        op = RULES[func].op((2, m), n=n, norm=norm)
        x = RNG.normal(size=(3, 2, m))
        x = x + 1j * RNG.normal(size=x.shape) if func in (np.fft.irfft, np.fft.hfft) else x
        y = op(x)
        u = RNG.normal(size=y.shape) + (1j * RNG.normal(size=y.shape) if y.dtype.kind == "c" else 0)
        left, right = np.sum(np.real(np.conj(u) * y)), np.sum(np.real(np.conj(op.transpose(u)) * x))
        assert left == pytest.approx(right, abs=1e-12)
    d = dm.Dual(RNG.normal(size=n), RNG.normal(size=n))
    back = pair[1](pair[0](d, norm=norm), n, norm=norm)
    np.testing.assert_allclose(back.primal, d.primal, atol=1e-14)
    np.testing.assert_allclose(back.tangent, d.tangent, atol=1e-14)


def test_a_cotangent_of_a_real_result_may_have_an_imaginary_part():
    """It is what the transposed fft of a real array hands back; only its real part matters."""
    c = RNG.normal(size=6) + 1j * RNG.normal(size=6)
    op = RULES[np.fft.irfft].op((4,), n=6)
    np.testing.assert_array_equal(op.transpose(c), op.transpose(c.real))


def test_norm_of_a_spectrum_obeys_parseval():
    x = RNG.normal(size=(4, 4))
    gradient = dm.gradient(lambda x: np.sum(np.real(np.fft.fft2(x, norm="ortho") * np.conj(np.fft.fft2(x, norm="ortho")))))(x)
    np.testing.assert_allclose(gradient, 2 * x, atol=1e-13)


def test_hessian_through_a_transform():
    x = RNG.normal(size=5)
    hessian = dm.jacobian(dm.gradient(lambda x: np.sum(np.fft.irfft(np.fft.rfft(x) ** 2, 5) ** 2)))(x)
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-11)
    h = 1e-5 * RNG.normal(size=5)
    gradient = dm.gradient(lambda x: np.sum(np.fft.irfft(np.fft.rfft(x) ** 2, 5) ** 2))
    np.testing.assert_allclose((gradient(x + h) - gradient(x - h)) / 2, hessian @ h, rtol=1e-6, atol=1e-9)


def test_frequencies_take_the_sample_spacing():
    value, tangent = dm.jvp(lambda d: np.fft.fftfreq(5, d), (0.5,), (1.0,))
    np.testing.assert_allclose(value, np.fft.fftfreq(5, 0.5))
    np.testing.assert_allclose(tangent, -np.fft.fftfreq(5, 0.5) / 0.5)


def test_numpys_own_complaints_pass_through():
    d = dm.Dual(np.ones((2, 3)), np.ones((2, 3)))
    with pytest.raises(ValueError, match="norm"):
        np.fft.fft(d, norm="unit")
    with pytest.raises(ValueError, match="number of FFT data points"):
        np.fft.fft(d, n=0)
    with pytest.raises(IndexError):
        np.fft.fft(d, axis=2)
    with pytest.raises(TypeError):
        np.fft.rfft(dm.Dual(np.ones(3) + 0j, np.ones(3)))
    with pytest.warns(DeprecationWarning, match="axes"):
        y = np.fft.fftn(d, s=(2, 2))
    np.testing.assert_array_equal(y.tangent, np.fft.fft2(np.ones((2, 3)), s=(2, 2)))
