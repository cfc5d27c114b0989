"""Element-wise functions to second order: mpmath's derivatives, the declared edges, and the short way beside the general one."""

import mpmath
import numpy as np
import pytest

import dualmc as dm
from dualmc import hyper, propagate
from dualmc.arrays.hyperdual import HyperDual
from dualmc.partial import ZERO
from dualmc.tangents.hyper import HyperTangent
from dualmc.testing.table import curvature, sample

from ..test_elementwise import SMOOTH, TABLE, domains, public
from .nested import ALL, drawn

each_smooth = pytest.mark.parametrize("rule", SMOOTH.values(), ids=SMOOTH)
each = pytest.mark.parametrize("rule", TABLE.values(), ids=TABLE)

MPMATH = {
    np.exp: mpmath.exp, np.expm1: mpmath.expm1, np.exp2: lambda x: mpmath.mpf(2) ** x, np.log: mpmath.log, np.log1p: mpmath.log1p,
    np.log2: lambda x: mpmath.log(x, 2), np.log10: mpmath.log10, np.sqrt: mpmath.sqrt, np.cbrt: mpmath.cbrt, np.sin: mpmath.sin,
    np.cos: mpmath.cos, np.tan: mpmath.tan, np.arcsin: mpmath.asin, np.arccos: mpmath.acos, np.arctan: mpmath.atan,
    np.sinh: mpmath.sinh, np.cosh: mpmath.cosh, np.tanh: mpmath.tanh, np.arcsinh: mpmath.asinh, np.arccosh: mpmath.acosh,
    np.arctanh: mpmath.atanh, np.square: lambda x: x * x, np.reciprocal: lambda x: 1 / x, np.multiply: lambda x, y: x * y,
    np.divide: lambda x, y: x / y, np.power: lambda x, y: x**y, np.hypot: mpmath.hypot, np.arctan2: mpmath.atan2,
    np.logaddexp: lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y)), np.add: lambda x, y: x + y, np.subtract: lambda x, y: x - y,
}  # fmt: skip


def second(func, args, i, j):
    """∂²func/∂argᵢ∂argⱼ by one hyper-dual with a single direction on each side."""
    one, zero = np.ones(np.shape(args[0])), None

    def argument(k):
        a, b = (one if k == i else zero), (one if k == j else zero)
        return args[k] if a is b is None else HyperDual(args[k], a, b)

    y = func(*(argument(k) for k in range(len(args))))
    return np.zeros(np.shape(args[0])) if type(y) is not HyperDual or y.e12 is None else y.e12


def pairs(n):
    return [(i, j) for i in range(n) for j in range(n)]


@pytest.mark.parametrize("func", MPMATH, ids=lambda f: f.__name__)
def test_second_derivatives_are_those_of_mpmath(func):
    rule = next(r for r in TABLE.values() if r.func is func)
    args = [sample(d, (12,), np.random.default_rng(7)) for d in rule.on]
    with mpmath.workdps(60):
        for i, j in pairs(len(args)):
            orders = [0] * len(args)
            orders[i] += 1
            orders[j] += 1
            points = zip(*args, strict=True)
            n = 2 if len(args) == 1 else tuple(orders)
            truth = [float(mpmath.diff(MPMATH[func], tuple(map(mpmath.mpf, p)) if len(p) > 1 else mpmath.mpf(p[0]), n)) for p in points]
            np.testing.assert_allclose(second(func, args, i, j), truth, rtol=1e-12, atol=1e-12)


@each_smooth
def test_second_derivatives_are_slopes_of_slopes(rule):
    args = [sample(d, (9,), np.random.default_rng(8)) for d in domains(rule)]
    for i, j in pairs(len(args)):
        if not (rule.on[i].integer or rule.on[j].integer):
            truth = curvature(rule.func, args, min(i, j), max(i, j)).value
            np.testing.assert_allclose(second(public(rule), args, i, j), truth, rtol=1e-9, atol=1e-8)


def declared():
    return [pytest.param(r, e, id=f"{k}-{e.args}") for k, r in TABLE.items() for e in r.edges if e.dd is not None]


@pytest.mark.parametrize(("rule", "edge"), declared())
def test_edges_answer_as_declared(rule, edge):
    args = [np.array([a]) for a in edge.args]
    n = len(args)
    upper = [(i, j) for i in range(n) for j in range(i, n)]
    with np.errstate(all="ignore"):
        for (i, j), expected in zip(upper, edge.dd, strict=True):
            if expected is not None and not (rule.on[i].integer or rule.on[j].integer):
                np.testing.assert_allclose(second(public(rule), args, i, j), [expected], rtol=1e-14)
                np.testing.assert_allclose(second(public(rule), args, j, i), [expected], rtol=1e-14)


@pytest.mark.parametrize("n", [-2, -1, 0, 1, 2, 3, 4, 0.0, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("x", [0.0, -1.5, 2.0])
def test_powers_by_a_number(n, x):
    if x or n >= 0:
        expected = n * (n - 1) * x ** (n - 2) if n not in (0, 1) else 0.0
        assert dm.second_derivative(lambda x: x**n)(x) == pytest.approx(expected)
        assert dm.second_derivative(lambda x: np.power(x, n))(x) == pytest.approx(expected)


@each
@pytest.mark.parametrize("directions", ALL, ids=str)
def test_the_short_way_agrees_with_the_general_one(rule, directions):
    rng = np.random.default_rng(9)
    args = [sample(d, (4,), rng) for d in rule.on]
    for zeros in ("", "=", "e12", "e1", "e2 e12"):
        tangents = [
            drawn(a, directions, rng, zeros).hyper(directions).tangent if a.dtype.kind == "f" and d is not ZERO else None
            for a, d in zip(args, rule.d, strict=True)
        ]
        moving = [(i, t) for i, t in enumerate(tangents) if t is not None]
        if not moving or rule.select:
            continue
        ans = rule.func(*args)
        partials = hyper._Partials(rule, ans, propagate.arguments(ans, args))
        short = hyper._short(ans, args, moving, partials)
        general = hyper._general(rule, ans, args, moving, partials)
        assert short is not None
        for a, b in zip(short.blocks, general.blocks, strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-15)
        assert (short.e2 is short.e1) == (general.e2 is general.e1)


@each
def test_zero_directions_are_strong_zeros(rule):
    """At its edges, where partials may be infinite, a function without motion has no derivatives of either order."""
    for edge in rule.edges:
        args = [np.array([a]) for a in edge.args]
        for directions in ALL:
            leads = directions.first, directions.second, directions.lead
            moving = [
                HyperDual.of(a, HyperTangent(*(np.zeros((*lead, 1)) for lead in leads), directions.pairing), 2)
                if not d.integer
                else a.astype(int)
                for a, d in zip(args, rule.on, strict=True)
            ]
            with np.errstate(all="ignore"):
                y = public(rule)(*moving)
            if type(y) is HyperDual:
                assert not any(np.any(b) for b in y.tangent.blocks if b is not None)


def test_an_infinite_slope_stays_in_its_direction():
    """√x at 0 has an infinite slope; pairs of directions that do not move x are not concerned."""
    with np.errstate(all="ignore"):
        h = dm.hessian(lambda x: np.sum(np.sqrt(x) * x[::-1] ** 2))(np.array([0.0, 4.0]))
    assert h[1, 1] == pytest.approx(0.0)
    assert np.isinf(h[0, 0]) or np.isnan(h[0, 0])


def test_a_rule_without_second_partials_unfolds():
    def cube(x, y):
        return x**3 * y

    f = dm.defrule(cube, d=[lambda ans, x, y: 3 * x**2 * y, lambda ans, x, y: x**3])
    try:
        x = np.array([1.0, 2.0])
        expected = dm.hessian(lambda x: np.sum(cube(x, x[::-1])))(x)
        np.testing.assert_allclose(dm.hessian(lambda x: np.sum(f(x, x[::-1])))(x), expected)
        assert dm.laplacian(lambda x: np.sum(f(x, x[::-1])))(x) == pytest.approx(np.trace(expected))
        np.testing.assert_allclose(dm.hessian_diagonal(lambda x: np.sum(f(x, x[::-1])))(x), np.diag(expected))
    finally:
        from dualmc.rules import RULES

        del RULES[cube]


def test_complex_values():
    """The modulus of a complex number is not holomorphic; its curvature comes from nested Duals."""
    z = 0.6 - 0.8j

    def f(x):
        return np.abs(x[0] + 1j * x[1]) ** 1.5 + np.real(np.exp(z * x[0] + x[1])) + np.imag((x[0] + z * x[1]) ** 3)

    x = np.array([0.7, -1.2])
    np.testing.assert_allclose(dm.hessian(f)(x), dm.jacobian(dm.gradient(f))(x), rtol=1e-12)
