"""Functions of scipy.special that are entered in terms of others, or as solutions: against mpmath at both orders; the census."""

import mpmath as mp
import numpy as np
import pytest
import scipy.special as sc
from special.cases import CASES, FIXED, ROUGH

import dualmc as dm
from dualmc.rules import RULES
from dualmc.rules.rule import Composed, Constant, Elementwise, Implicit, Refused
from dualmc.rules.special import SPECIAL


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
