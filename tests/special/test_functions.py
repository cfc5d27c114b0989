"""What users of scipy.special meet: loading, Python-level functions, parameters, far arguments, conventions."""

import subprocess
import sys

import mpmath
import numpy as np
import pytest
import scipy.special as sc

import dualmc as dm
from dualmc import special
from dualmc.errors import TWINS
from dualmc.rules.special_sums import log_softmax, logsumexp, softmax


@pytest.mark.parametrize("first", ["dualmc", "scipy.special"])
def test_either_import_may_come_first(first):
    second = {"dualmc": "scipy.special", "scipy.special": "dualmc"}[first]
    code = f"import {first}, {second}, dualmc as dm, scipy.special as sc; print(dm.derivative(sc.erf)(0.0))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(run.stdout.split("(")[-1].strip(")\n")) == pytest.approx(2 / np.sqrt(np.pi))


def test_dualmc_alone_does_not_load_scipy():
    code = (
        "import sys, numpy as np, dualmc as dm\n"
        "dm.gradient(lambda x: np.sum(np.sin(x)))(np.ones(3))\n"
        "from dualmc.rules.special_sums import logsumexp; dm.gradient(logsumexp)(np.ones(3))\n"
        "try: dm.derivative(np.busday_count)(1.0)\n"
        "except TypeError: pass\n"
        "assert not [m for m in sys.modules if m.split('.')[0] == 'scipy']"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_functions_still_raise():
    with pytest.raises(TypeError, match="no rule for"):
        dm.Dual(0.1, 1.0).__array_ufunc__(np.frompyfunc(lambda x: x, 1, 1), "__call__", dm.Dual(0.1, 1.0))


def test_softplus_at_zero():
    softplus = getattr(sc, "softplus", lambda x: np.logaddexp(0, x))
    assert dm.derivative(softplus)(0.0) == 0.5
    assert dm.derivative(dm.derivative(softplus))(0.0) == 0.25


def test_python_functions_that_pass_their_argument_on():
    assert dm.derivative(lambda q: sc.zeta(2.0, q))(1.5) == pytest.approx(float(-2 * mpmath.zeta(3, 1.5)), rel=1e-14)
    assert dm.derivative(lambda x: sc.lambertw(x).real)(0.0) == 1.0
    w = dm.derivative(lambda x: sc.lambertw(x, -1).real)(-0.1)
    assert w == pytest.approx(float(mpmath.diff(lambda z: mpmath.lambertw(z, -1).real, -0.1)), rel=1e-10)


def test_several_outputs():
    x, t = np.array([0.3, 1.2]), np.array([1.0, -2.0])
    ai, aip, bi, bip = sc.airy(x)
    got = dm.jvp(lambda x: sc.airy(x), (x,), (t,))[1]
    for a, b in zip(got, (aip, x * ai, bip, x * bi), strict=True):
        np.testing.assert_allclose(a, b * t, rtol=1e-14)


def test_jacobians_and_hessians_of_three_arguments():
    a, b, x = 2.0, 3.0, np.array([0.2, 0.7])
    da, db = dm.jacobian(lambda a, b: sc.betainc(a, b, x), argnums=(0, 1))(a, b)
    for k in range(2):
        f = lambda a, b, k=k: mpmath.betainc(a, b, 0, x[k], regularized=True)
        assert da[k] == pytest.approx(float(mpmath.diff(f, (a, b), (1, 0))), rel=1e-12)
        assert db[k] == pytest.approx(float(mpmath.diff(f, (a, b), (0, 1))), rel=1e-12)


@pytest.mark.parametrize(
    ("a", "x"), [(1e-3, 1e-4), (1e-3, 5.0), (0.5, 60.0), (50.0, 40.0), (50.0, 60.0), (300.0, 310.0), (5.0, 1e-6), (80.0, 3.0)]
)
def test_incomplete_gamma_in_its_parameter_far_out(a, x):
    with mpmath.workdps(60):
        truth = float(mpmath.diff(lambda a: mpmath.gammainc(a, x, regularized=True), a))
    assert dm.derivative(lambda a: sc.gammaincc(a, x))(a) == pytest.approx(truth, rel=1e-10)
    assert dm.derivative(lambda a: sc.gammainc(a, x))(a) == pytest.approx(-truth, rel=1e-10)


@pytest.mark.parametrize(
    ("a", "b", "x"), [(0.01, 3.0, 0.2), (3.0, 0.01, 0.9), (40.0, 60.0, 0.42), (0.3, 0.3, 0.999), (2.0, 90.0, 0.5), (30.0, 0.5, 1e-3)]
)
def test_incomplete_beta_in_its_parameters_far_out(a, b, x):
    da, db = dm.jacobian(lambda a, b: sc.betainc(a, b, x), argnums=(0, 1))(a, b)
    with mpmath.workdps(60):
        f = lambda a, b: mpmath.betainc(a, b, 0, x, regularized=True)
        assert da == pytest.approx(float(mpmath.diff(f, (mpmath.mpf(a), mpmath.mpf(b)), (1, 0))), rel=1e-10)
        assert db == pytest.approx(float(mpmath.diff(f, (mpmath.mpf(a), mpmath.mpf(b)), (0, 1))), rel=1e-10)


class TestSums:
    """logsumexp and softmax convert to a plain array in SciPy, which refuses; ours take both."""

    A = np.array([[0.3, -1.0, 2.0], [500.0, 499.0, -np.inf]])

    def test_scipy_refuses_rather_than_lose_a_tangent(self):
        for f in (sc.logsumexp, sc.softmax, sc.log_softmax):
            with pytest.raises(TypeError, match="would lose the tangent"):
                dm.jvp(f, (np.ones(3),), (np.ones(3),))

    @pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 1)])
    def test_values_are_those_of_scipy(self, axis):
        b = np.array([1.0, -0.5, 2.0])
        for keepdims in (False, True):
            np.testing.assert_allclose(logsumexp(self.A, axis, None, keepdims), sc.logsumexp(self.A, axis, None, keepdims), rtol=1e-14)
            ours, theirs = (f(self.A, axis, b, keepdims, return_sign=True) for f in (logsumexp, sc.logsumexp))
            np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-14)
            np.testing.assert_array_equal(ours[1], theirs[1])
        np.testing.assert_allclose(softmax(self.A, axis), sc.softmax(self.A, axis), rtol=1e-14)
        np.testing.assert_allclose(log_softmax(self.A, axis), sc.log_softmax(self.A, axis), rtol=1e-14)

    def test_gradient_is_softmax(self):
        np.testing.assert_allclose(dm.gradient(logsumexp)(self.A), softmax(self.A), rtol=1e-13, atol=1e-300)

    def test_weights(self):
        a, b = np.array([0.1, 1.0, np.nan]), np.array([2.0, -0.5, 0.0])
        da = dm.gradient(lambda a: logsumexp(a, b=b, return_sign=True)[0])(a)
        terms = np.array([2 * np.exp(0.1), -0.5 * np.exp(1.0), 0.0])
        np.testing.assert_allclose(da, terms / terms.sum(), rtol=1e-13)
        np.testing.assert_allclose(dm.gradient(lambda b: logsumexp(a[:2], b=b))(b[:2]), np.exp(a[:2]) / terms.sum(), rtol=1e-13)

    def test_all_minus_infinity_gives_the_mean(self):
        value, tangent = dm.jvp(logsumexp, (np.full(4, -np.inf),), (np.array([1.0, 2.0, 3.0, 6.0]),))
        assert value == -np.inf
        assert tangent == 3.0

    def test_log_softmax_is_stable(self):
        jacobian = dm.jacobian(log_softmax)(np.array([1000.0, 0.0]))
        np.testing.assert_array_equal(jacobian, [[0.0, 0.0], [-1.0, 1.0]])

    def test_second_order(self):
        x = np.array([0.3, -0.2, 1.0])
        s = sc.softmax(x)
        np.testing.assert_allclose(dm.jacobian(dm.gradient(logsumexp))(x), np.diag(s) - np.outer(s, s), atol=1e-15)

    def test_lists_and_integers(self):
        np.testing.assert_allclose(logsumexp([1, 2]), sc.logsumexp([1, 2]))
        with pytest.raises(TypeError, match="must be real"):
            logsumexp(np.ones(2, complex))


CALLS = {
    "comb": lambda x: sc.comb(x, 2), "factorial": sc.factorial, "log_softmax": sc.log_softmax, "logsumexp": sc.logsumexp,
    "multigammaln": lambda x: sc.multigammaln(x, 2), "polygamma": lambda x: sc.polygamma(1, x), "softmax": sc.softmax,
    "spherical_in": lambda x: sc.spherical_in(1, x), "spherical_jn": lambda x: sc.spherical_jn(1, x),
    "spherical_kn": lambda x: sc.spherical_kn(1, x), "spherical_yn": lambda x: sc.spherical_yn(1, x),
}  # fmt: skip


class TestTwins:
    """Functions of SciPy that convert their argument: the same values, and tangents."""

    X = np.array([0.7, 1.9, 4.2])

    def test_values_are_those_of_scipy(self):
        np.testing.assert_allclose(special.polygamma([[0], [1], [3]], self.X), sc.polygamma([[0], [1], [3]], self.X), rtol=1e-14)
        np.testing.assert_allclose(special.polygamma(2, self.X), sc.polygamma(2, self.X), rtol=1e-14)
        np.testing.assert_allclose(special.multigammaln(self.X + 1, 3), sc.multigammaln(self.X + 1, 3), rtol=1e-14)
        for repetition in (False, True):
            np.testing.assert_allclose(
                special.comb([5, 3, 2.5, 2], [2, 4, 1.5, 0], repetition=repetition),
                sc.comb([5, 3, 2.5, 2], [2, 4, 1.5, 0], repetition=repetition),
            )
        np.testing.assert_allclose(special.factorial([0, 1.5, 4, -2]), sc.factorial([0, 1.5, 4, -2]))
        for name in ("spherical_jn", "spherical_yn", "spherical_in", "spherical_kn"):
            for derivative in (False, True):
                ours, theirs = (getattr(m, name)([[0], [2]], self.X, derivative) for m in (special, sc))
                np.testing.assert_allclose(ours, theirs, rtol=1e-12)

    def test_tangents(self):
        one = np.ones(3)
        for n in (0, 1, 2):
            np.testing.assert_allclose(dm.jvp(lambda x, n=n: special.polygamma(n, x), (self.X,), (one,))[1], sc.polygamma(n + 1, self.X))
            got = dm.jvp(lambda x, n=n: special.spherical_jn(n, x), (self.X,), (one,))[1]
            np.testing.assert_allclose(got, sc.spherical_jn(n, self.X, derivative=True), rtol=1e-12)
        a = self.X + 1
        expected = sc.psi(a) + sc.psi(a - 0.5) + sc.psi(a - 1)
        np.testing.assert_allclose(dm.jvp(lambda a: special.multigammaln(a, 3), (a,), (one,))[1], expected)
        np.testing.assert_allclose(dm.jvp(special.factorial, (self.X,), (one,))[1], sc.gamma(a) * sc.psi(a))
        assert dm.derivative(special.factorial)(-1.5) == 0
        assert dm.derivative(lambda n: special.comb(n, 3.0))(2.0) == 0
        f = lambda n, k: mpmath.binomial(n, k)
        got = dm.jacobian(special.comb, argnums=(0, 1))(5.5, 2.5)
        np.testing.assert_allclose([float(g) for g in got], [float(mpmath.diff(f, (5.5, 2.5), o)) for o in ((1, 0), (0, 1))])

    def test_what_cannot_carry_a_tangent_raises(self):
        n = dm.Dual(1.0, 1.0)
        for name in ("polygamma", "spherical_jn", "spherical_yn", "spherical_in", "spherical_kn"):
            with pytest.raises(TypeError, match=rf"{name} has no derivative in its argument 'n'"):
                getattr(special, name)(n, 1.0)
        for f in (special.comb, special.factorial):
            with pytest.raises(TypeError, match="exact=True"):
                f(*[3] * (1 + (f is special.comb)), exact=True)
        with pytest.raises(ValueError, match="extend"):
            special.factorial(1.0, extend="complex")
        for a, d in ((1.0, 0), (1.0, 1.5), (0.5, 2)):
            with pytest.raises(ValueError, match="multigammaln"):
                special.multigammaln(a, d)

    @pytest.mark.parametrize("name", special.__all__)
    def test_the_error_of_scipys_own_names_the_twin(self, name):
        with pytest.raises(TypeError, match=rf"Use dualmc\.special\.{name}"):
            dm.jvp(CALLS[name], (self.X,), (np.ones(3),))

    def test_every_twin_is_named(self):
        assert set(special.__all__) == TWINS
        with pytest.raises(AttributeError, match="jv"):
            special.jv  # noqa: B018


@pytest.mark.parametrize(("func", "x", "y", "truth"), [
    (sc.huber, 1.5, 0.0, [[0.0, 0.0], [0.0, 1.0]]),
    (sc.xlogy, 0.0, 2.0, [[0.0, 0.5], [0.5, 0.0]]),
    (sc.xlog1py, 0.0, 1.0, [[0.0, 0.5], [0.5, 0.0]]),
], ids=["huber", "xlogy", "xlog1py"])  # fmt: skip
def test_curvature_at_zero(func, x, y, truth):
    """Where a first derivative is zero or has a kink in one of its factors, its own derivative is not lost."""
    hessian = dm.jacobian(dm.jacobian(lambda p: func(p[0], p[1])))(np.array([x, y]))
    np.testing.assert_allclose(hessian, truth)
