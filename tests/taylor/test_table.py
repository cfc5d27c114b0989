"""Laws of the tables of element-wise functions for series: a new entry is tested by existing."""

import math

import mpmath
import numpy as np
import pytest
from special.references import reference
from special.test_table import SLOW, arguments, carried
from special.test_table import TABLE as SPECIAL
from test_elementwise import MP, edge_point, public
from test_elementwise import TABLE as NUMPY

import dualmc as dm
from dualmc.arrays.lazy import Graph

from .nested import coefficients

TABLE = {**NUMPY, **SPECIAL}
REFERRED = {k: r for k, r in TABLE.items() if r.func in MP or (k in SPECIAL and not k.startswith((*SLOW, "k0", "k1", "kn", "yn", "y1")))}
# SciPy's own values, or quadrature in a partial, are good for less than the rest.
ROUGH = {"dawsn": 1e-10, "ellipkinc": 1e-9, "ellipeinc": 1e-10, "airye_ai": 1e-11, "airye_aip": 1e-11, "ive": 1e-11}


def movable(rule):
    return [i for i in range(len(rule.on)) if carried(rule, i)]


def along(rule, args, which, values):
    """Return the rule's function of the arguments that move."""
    full = list(args)
    for i, x in zip(which, values, strict=True):
        full[i] = x
    return public(rule)(*full)


@pytest.mark.parametrize("rule", REFERRED.values(), ids=REFERRED)
def test_coefficients_match_high_precision(rule):
    """Order 4, all arguments moving; the value itself is NumPy's or SciPy's, whatever it is good for."""
    args, which = arguments(rule, shape=(1,), seed=3), movable(rule)
    v = [np.full_like(args[i], 0.3 + 0.4 * j) for j, i in enumerate(which)]
    got = dm.taylor(lambda xs: along(rule, args, which, xs), [args[i] for i in which], v, 4)[:, 0]
    high = MP.get(rule.func) or reference(rule.func)

    def f(t):
        at = [mpmath.mpmathify(a.item()) for a in args]
        for i, d in zip(which, v, strict=True):
            at[i] += t * mpmath.mpmathify(d.item())
        return high(*at)

    with mpmath.workdps(50):
        truth = np.array([complex(c) for c in mpmath.taylor(f, 0, 4)])
    tol = ROUGH.get(rule.func.__name__, 1e-12)
    assert np.all(np.abs(got - truth)[1:] <= tol * np.maximum(np.abs(truth), 0.01 * np.abs(truth).max())[1:])


@pytest.mark.parametrize("rule", TABLE.values(), ids=TABLE)
def test_coefficients_are_those_of_nested_duals(rule):
    args, which = arguments(rule, shape=(3,), seed=4), movable(rule)
    rng = np.random.default_rng(5)
    x, v = [args[i] for i in which], [rng.uniform(-1, 1, 3).astype(args[i].dtype) for i in which]
    f = lambda xs: along(rule, args, which, xs)
    with np.errstate(all="ignore"):
        got, (expected,) = dm.taylor(f, x, v, 3), coefficients(f, x, v, 3)
    size = max(1.0, *(float(np.abs(c).max()) for c in expected))
    np.testing.assert_allclose(got, np.stack(expected), rtol=1e-10, atol=1e-11 * size)


def edges():
    return [pytest.param(r, e, id=f"{k}-{e.args}") for k, r in TABLE.items() for e in r.edges]


@pytest.mark.parametrize(("rule", "edge"), edges())
def test_kinks_and_limits_are_those_of_nested_duals(rule, edge):
    """Each argument alone and all together; with a direction of zero, which is a strong one, too."""
    args, which = edge_point(rule, edge), movable(rule)
    for places in [which, *([i] for i in which if len(which) > 1)]:
        f = lambda xs, places=places: along(rule, args, places, xs)
        x = [args[i] for i in places]
        with np.errstate(all="ignore"):
            (expected,) = coefficients(f, x, [np.ones(1) for _ in x], 3)
            got = dm.taylor(f, x, [np.ones(1) for _ in x], 3)
            still, value = dm.taylor(f, x, [np.zeros(1) for _ in x], 3), f(x)
        # Numbers so far out that second derivatives are rounding errors of the first; an angle that does not exist.
        orders = 2 if rule.func in (np.hypot, np.arctan2) and abs(math.log10(edge.args[0] or 1e-99)) > 90 else 4
        np.testing.assert_allclose(got[:orders], np.stack(expected)[:orders], rtol=1e-10, atol=1e-12)
        np.testing.assert_array_equal(still[0], value)
        np.testing.assert_array_equal(still[1:], 0)


# The derivatives of sinc and of Bessel functions are functions of other orders.
LOOPS = {k: r for k, r in NUMPY.items() if r.func not in (np.sinc, np.i0) and not k.startswith("dualmc.rules.numeric")}


@pytest.mark.parametrize("rule", LOOPS.values(), ids=LOOPS)
def test_slopes_close_a_loop(rule, monkeypatch):
    """The nodes of an operation do not become more with the order, so its work grows with the square of the order."""
    counts = []
    close = Graph.close
    monkeypatch.setattr(Graph, "close", lambda graph: (counts.append(len(graph.made)), close(graph)))
    args, which = arguments(rule, shape=(2,), seed=6), movable(rule)
    for order in (5, 9):
        dm.taylor(lambda xs: along(rule, args, which, xs), [args[i] for i in which], [np.ones(2) for _ in which], order)
        counts.append("and")
    few, many = counts[: counts.index("and")], counts[counts.index("and") + 1 : -1]
    assert few == many
