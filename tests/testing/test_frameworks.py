"""Functions of other frameworks, wrapped in NumPy: their derivatives pass, and one with a bug is found."""

import numpy as np
import pytest

from dualmc import testing as dt

M = np.array([[1.0, -0.5, 0.2], [0.3, 0.8, -1.0]])
X = np.array([0.4, -1.1, 0.7])
MODES = {"single": False, "double": True}


@pytest.fixture(params=MODES)
def jax(request):
    """JAX in single and in double precision."""
    module = pytest.importorskip("jax", reason="JAX is not installed")
    before = module.config.jax_enable_x64
    module.config.update("jax_enable_x64", MODES[request.param])
    yield module
    module.config.update("jax_enable_x64", before)


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def wrapped(f):
    return lambda *xs: np.asarray(f(*xs))


def layer(jax):
    return lambda x: jax.numpy.tanh(jax.numpy.asarray(M) @ x) * x[0]


def energy(jax):
    return lambda x: jax.numpy.sum(jax.numpy.log1p(x**2)) * jax.numpy.cos(x[0])


def digits(jax):
    return 12 if jax.config.jax_enable_x64 else 3


def test_products_of_jax(jax):
    f, as_jax = layer(jax), jax.numpy.asarray
    push = wrapped(lambda x, v: jax.jvp(f, (as_jax(x),), (as_jax(v),))[1])
    pull = wrapped(lambda x, u: jax.vjp(f, as_jax(x))[1](as_jax(u))[0])
    assert dt.check_jvp(wrapped(f), push, X).digits > digits(jax)
    assert dt.check_vjp(wrapped(f), pull, X).digits > digits(jax)


def test_jacobians_and_gradients_of_jax(jax):
    f, g = layer(jax), energy(jax)
    for jacobian in (jax.jacfwd, jax.jacrev):
        assert dt.check_jacobian(wrapped(f), wrapped(jacobian(f)), X).digits > digits(jax)
    assert dt.check_gradient(wrapped(g), wrapped(jax.grad(g)), X).digits > digits(jax)


def test_second_derivatives_of_jax_in_double_precision(jax):
    if not jax.config.jax_enable_x64:
        with pytest.raises(dt.Undecided):  # values in single precision do not show them
            dt.check_hessian(wrapped(energy(jax)), wrapped(jax.hessian(energy(jax))), X)
        return
    g = energy(jax)
    product = wrapped(lambda x, v: jax.jvp(jax.grad(g), (x,), (v,))[1])
    assert dt.check_hessian(wrapped(g), wrapped(jax.hessian(g)), X).digits > 7
    assert dt.check_hvp(wrapped(g), product, X).digits > 7


def test_a_custom_rule_of_jax_with_a_bug_is_found(jax):
    @jax.custom_jvp
    def sine(x):
        return jax.numpy.sin(x)

    @sine.defjvp
    def rule(primals, tangents):
        return sine(*primals), -jax.numpy.cos(*primals) * tangents[0]

    @jax.custom_vjp
    def scaled(x, a):
        return a * x

    scaled.defvjp(lambda x, a: (a * x, a), lambda a, u: (u, None))  # a is forgotten

    as_jax = jax.numpy.asarray
    with pytest.raises(dt.WrongDerivative, match="wrong sign"):
        dt.check_jvp(wrapped(sine), wrapped(lambda x, v: jax.jvp(sine, (as_jax(x),), (as_jax(v),))[1]), X)
    with pytest.raises(dt.WrongDerivative, match="wrong sign"):
        dt.check_gradient(wrapped(lambda x: sine(x).sum()), wrapped(jax.grad(lambda x: sine(x).sum())), X)
    with pytest.raises(dt.WrongDerivative, match="factor 1/2"):
        dt.check_vjp(
            wrapped(lambda x: scaled(x, 2.0)), wrapped(lambda x, u: jax.vjp(lambda x: scaled(x, 2.0), as_jax(x))[1](as_jax(u))[0]), X
        )


def test_a_jax_function_in_a_property_based_test(jax):
    f = layer(jax)
    dt.derivative_test((-1.0, 1.0), 3, examples=10, jacobian=wrapped(jax.jacrev(f)))(wrapped(f))()


def test_torch(torch):
    m = torch.tensor(M)

    def f(x):
        return torch.tanh(m @ x) * x[0]

    def in_numpy(x):
        return f(torch.tensor(np.asarray(x, float))).numpy()

    def jacobian(x):
        return torch.autograd.functional.jacobian(f, torch.tensor(x)).numpy()

    def pull(x, u):
        return torch.autograd.functional.vjp(f, torch.tensor(x), torch.tensor(u))[1].numpy()

    assert dt.check_jacobian(in_numpy, jacobian, X).digits > 8
    assert dt.check_vjp(in_numpy, pull, X).digits > 8
    with pytest.raises(dt.WrongDerivative, match="wrong sign"):
        dt.check_jacobian(in_numpy, lambda x: -jacobian(x), X)
