"""Functions of scipy.special that are entered in terms of others, or as solutions: against mpmath at both orders; the census."""

import mpmath as mp
import numpy as np
import pytest
import scipy.special as sc
from special import references as high

import dualmc as dm
from dualmc.rules import RULES
from dualmc.rules.rule import Composed, Constant, Elementwise, Implicit, Refused
from dualmc.rules.special import SPECIAL


def _solves(f, place):
    """The reference of an inverse: `f` of (ans, *args) is 0; `place` is SciPy's own function, for a start."""
    return lambda *args: mp.findroot(lambda x: f(x, *args), mp.mpf(float(place(*map(float, args)))), tol=1e-40)


def _ellipj(name):
    return lambda u, m: mp.ellipfun(name, u, m)


HALF = mp.mpf(1) / 2
CASES = {
    sc.gdtr: ((1.5, 2.0, 0.8), lambda a, b, x: high._lower(b, a * x)),
    sc.gdtrc: ((1.5, 2.0, 0.8), lambda a, b, x: high._upper(b, a * x)),
    sc.gdtrix: ((1.5, 2.0, 0.4), _solves(lambda x, a, b, p: high._lower(b, a * x) - p, sc.gdtrix)),
    sc.gdtria: ((0.4, 2.0, 0.8), _solves(lambda a, p, b, x: high._lower(b, a * x) - p, sc.gdtria)),
    sc.gdtrib: ((1.5, 0.4, 0.8), _solves(lambda b, a, p, x: high._lower(b, a * x) - p, sc.gdtrib)),
    sc.chdtr: ((3.0, 2.0), lambda v, x: high._lower(v / 2, x / 2)),
    sc.chdtrc: ((3.0, 2.0), lambda v, x: high._upper(v / 2, x / 2)),
    sc.chdtri: ((3.0, 0.3), _solves(lambda x, v, p: high._upper(v / 2, x / 2) - p, sc.chdtri)),
    sc.chdtriv: ((0.3, 2.0), _solves(lambda v, p, x: high._lower(v / 2, x / 2) - p, sc.chdtriv)),
    sc.pdtrik: ((0.6, 2.0), _solves(lambda k, p, m: high._upper(k + 1, m) - p, sc.pdtrik)),
    sc.chndtrix: ((0.4, None, 1.5), _solves(lambda x, p, nc: high._chndtr(x, 3, nc) - p, lambda p, nc: sc.chndtrix(p, 3.0, nc))),
    sc.chndtrinc: ((2.0, None, 0.3), _solves(lambda nc, x, p: high._chndtr(x, 3, nc) - p, lambda x, p: sc.chndtrinc(x, 3.0, p))),
    sc.btdtria: ((0.3, 2.0, 0.4), _solves(lambda a, p, b, x: high._betainc(a, b, x) - p, sc.btdtria)),
    sc.btdtrib: ((2.0, 0.3, 0.4), _solves(lambda b, a, p, x: high._betainc(a, b, x) - p, sc.btdtrib)),
    sc.fdtr: ((3.0, 4.0, 0.7), lambda n, d, x: high._betainc(n / 2, d / 2, n * x / (d + n * x))),
    sc.fdtrc: ((3.0, 4.0, 0.7), lambda n, d, x: high._betainc(d / 2, n / 2, d / (d + n * x))),
    sc.fdtri: ((3.0, 4.0, 0.3), _solves(lambda x, n, d, p: high._betainc(n / 2, d / 2, n * x / (d + n * x)) - p, sc.fdtri)),
    sc.fdtridfd: ((3.0, 0.7, 1.4), _solves(lambda d, n, p, x: high._betainc(n / 2, d / 2, n * x / (d + n * x)) - p, sc.fdtridfd)),
    sc.stdtrit: ((3.0, 0.7), _solves(lambda t, df, p: high._t(df, t) - p, sc.stdtrit)),
    sc.stdtridf: ((0.9, 1.5), _solves(lambda df, p, t: high._t(df, t) - p, sc.stdtridf)),
    sc.bdtrik: ((0.6, 6.0, 0.4), _solves(lambda k, y, n, p: high._bdtr(k, n, p) - y, sc.bdtrik)),
    sc.bdtrin: ((2.0, 0.6, 0.4), _solves(lambda n, k, y, p: high._bdtr(k, n, p) - y, sc.bdtrin)),
    sc.nbdtrik: ((0.6, 3.0, 0.4), _solves(lambda k, y, n, p: high._nbdtr(k, n, p) - y, sc.nbdtrik)),
    sc.nbdtrin: ((2.0, 0.6, 0.4), _solves(lambda n, k, y, p: high._nbdtr(k, n, p) - y, sc.nbdtrin)),
    sc.nrdtrimn: ((0.3, 1.5, 0.7), lambda p, s, x: x - s * mp.sqrt(2) * mp.erfinv(2 * p - 1)),
    sc.nrdtrisd: ((0.3, 0.7, 1.2), lambda m, p, x: (x - m) / (mp.sqrt(2) * mp.erfinv(2 * p - 1))),
    sc.voigt_profile: (
        (0.7, 0.8, 0.5),
        lambda x, s, g: (
            mp.re(mp.exp(-(((x + 1j * g) / (s * mp.sqrt(2))) ** 2)) * mp.erfc(-1j * (x + 1j * g) / (s * mp.sqrt(2))))
            / (s * mp.sqrt(2 * mp.pi))
        ),
    ),
    sc.agm: ((1.0, 2.5), mp.agm),
    sc.radian: ((10.0, 20.0, 30.0), lambda d, m, s: mp.radians(d + m / 60 + s / 3600)),
    sc.eval_chebyc: ((3, 0.7), lambda x: 2 * mp.chebyt(3, x / 2)),
    sc.eval_chebys: ((3, 0.7), lambda x: mp.chebyu(3, x / 2)),
    sc.eval_sh_legendre: ((3, 0.7), lambda x: mp.legendre(3, 2 * x - 1)),
    sc.eval_sh_chebyt: ((3, 0.7), lambda x: mp.chebyt(3, 2 * x - 1)),
    sc.eval_sh_chebyu: ((3, 0.7), lambda x: mp.chebyu(3, 2 * x - 1)),
    sc.eval_sh_jacobi: ((3, None, None, 0.7), lambda x: mp.jacobi(3, HALF, HALF, 2 * x - 1) / mp.binomial(7, 3)),
}
FIXED = {sc.chndtrix: {1: 3.0}, sc.chndtrinc: {1: 3.0}, sc.eval_sh_jacobi: {1: 2.0, 2: 1.5}}
OUTPUTS = {sc.ellipj: ((0.8, 0.6), [_ellipj("sn"), _ellipj("cn"), _ellipj("dn")]), sc.kelvin: ((1.3,), [])}
# Inverses are as good as SciPy's iteration, which stops early.
ROUGH = {sc.voigt_profile: 1e-9}


def by_mpmath(truth, x, order):
    with mp.workdps(40):
        return float(mp.diff(truth, tuple(mp.mpf(v) for v in x), order))


def variables(func):
    args, truth = CASES[func]
    fixed = FIXED.get(func, {})
    full = [fixed.get(i, a) for i, a in enumerate(args)]
    places = [i for i, a in enumerate(args) if isinstance(a, float)]

    def f(v):
        return func(*(v[places.index(i)] if i in places else a for i, a in enumerate(full)))

    return f, np.array([full[i] for i in places]), truth


@pytest.mark.parametrize("func", CASES, ids=lambda f: f.__name__)
def test_derivatives_match_high_precision(func):
    f, x, truth = variables(func)
    n, tol = len(x), ROUGH.get(func, 1e-7 if isinstance(SPECIAL[func], Implicit) else 1e-10)
    value, gradient = dm.value_and_gradient(f)(x)
    assert value == f(x)
    unit = np.eye(n, dtype=int)
    expected = [by_mpmath(truth, x, tuple(u)) for u in unit]
    np.testing.assert_allclose(gradient, expected, rtol=tol, atol=tol * np.max(np.abs(expected)))
    hessian = dm.jacobian(dm.gradient(f))(x)
    expected = np.array([[by_mpmath(truth, x, tuple(unit[i] + unit[j])) for j in range(n)] for i in range(n)])
    np.testing.assert_allclose(hessian, expected, rtol=100 * tol, atol=100 * tol * max(np.max(np.abs(expected)), 1e-3))


def test_every_composition_and_inverse_has_a_case():
    waiting = {f for f, r in SPECIAL.items() if isinstance(r, (Composed, Implicit)) and isinstance(f, np.ufunc)}
    several = {f for f in waiting if f.nout > 1}
    assert waiting - several == set(CASES)


def test_jacobi_functions_in_both_arguments():
    x = np.array([0.8, 0.6])
    J = dm.jacobian(lambda v: np.stack(sc.ellipj(v[0], v[1])))(x)
    for row, name in zip(J, ("sn", "cn", "dn"), strict=False):
        f = lambda u, m, name=name: mp.ellipfun(name, u, m=m)
        np.testing.assert_allclose(row, [by_mpmath(f, x, (1, 0)), by_mpmath(f, x, (0, 1))], rtol=1e-11)
    np.testing.assert_allclose(sc.ellipj(*x), [dm.primal(p) for p in sc.ellipj(dm.Dual(0.8, 1.0), 0.6)], rtol=1e-14)


def test_elliptic_integrals_beyond_a_quarter_turn():
    for func, truth in ((sc.ellipkinc, mp.ellipf), (sc.ellipeinc, mp.ellipe)):
        got = dm.gradient(lambda v, f=func: f(v[0], v[1]))(np.array([-7.0, 0.4]))
        np.testing.assert_allclose(got, [by_mpmath(truth, (-7.0, 0.4), (1, 0)), by_mpmath(truth, (-7.0, 0.4), (0, 1))], rtol=1e-12)


def test_kelvin_functions_together():
    got = dm.jvp(sc.kelvin, (np.array(1.3),), (np.array(1.0),))[1]
    np.testing.assert_allclose(got[:2], sc.kelvin(1.3)[2:], rtol=1e-14)


def test_single_precision():
    for func in CASES:
        if "fff->f"[-len(func.types[0]) :] and any(t.startswith("f" * func.nin) for t in func.types):
            full = [FIXED.get(func, {}).get(i, a) for i, a in enumerate(CASES[func][0])]
            args = [np.float32(a) for a in full]
            place = max(i for i, a in enumerate(CASES[func][0]) if isinstance(a, float))
            args[place] = dm.Dual(np.full(2, args[place]), np.ones(2, np.float32))
            y = func(*args)
            assert y.dtype == y.tangent.dtype == np.float32, func


# The census. ---------------------------------------------------------------------------------------------------------

UFUNCS = {n: f for n, f in vars(sc).items() if isinstance(f, np.ufunc)}


@pytest.mark.parametrize("name", sorted(UFUNCS))
def test_every_ufunc_is_classified(name):
    func = UFUNCS[name]
    assert func in SPECIAL or func in RULES, f"scipy.special.{name} has no rule; add one, or say in rules/special.py why not"


@pytest.mark.parametrize("name", sorted(n for n, f in UFUNCS.items() if isinstance(SPECIAL.get(f), Refused)))
def test_refusals_say_what_to_do(name):
    func = UFUNCS[name]
    for i in range(func.nin):
        args = [dm.Dual(0.5, 1.0) if k == i else 0.5 for k in range(func.nin)]
        with pytest.raises(TypeError, match=rf"{name} of a Dual: .*dm\.primal.*dm\.defrule"):
            func(*args)


def test_constants_are_steps():
    assert [f.__name__ for f, r in SPECIAL.items() if isinstance(r, Constant)] == ["gammasgn", "round"]
    assert isinstance(SPECIAL[sc.jve], Elementwise)
