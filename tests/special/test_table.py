"""Laws of the table for scipy.special: a new entry is tested by existing, as soon as it has a reference."""

import mpmath
import numpy as np
import pytest
import scipy.special as sc
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from special.references import SPECIAL, reference
from test_elementwise import along, edge_point, is_float, points, value

import dualmc as dm
from dualmc.partial import Const
from dualmc.rules.rule import Elementwise
from dualmc.rules.special_bessel import lambertw
from dualmc.testing.table import sample

TABLE = {r.func.__name__: r for r in SPECIAL.values() if isinstance(r, Elementwise)}
SELECTED = ["erf", "xlogy", "betaln", "jv", "hyp1f1", "gammainc", "betainc", "sici_si", "airy_bi", "expn"]
# What SciPy's own values are good for, where it is less than the rest.
ROUGH = {"dawsn": 3e-12, "ive": 5e-12, "i0e": 1e-12, "i1e": 1e-12, "hyperu": 1e-10, "airy_ai": 1e-11, "airy_aip": 1e-11,
         "kve": 5e-12, "gammaincinv": 1e-11, "gammainccinv": 1e-11, "betaincinv": 1e-11, "airye_aip": 1e-12}  # fmt: skip

# References that are integrals, series or differences of their own.
SLOW = ("pb", "it", "ker", "kei", "ber", "bei", "chndtr", "owens", "besselpoly", "kolmog", "log_wright", "wright", "ellipr", "hyper")

each = pytest.mark.parametrize("rule", TABLE.values(), ids=TABLE)
some = pytest.mark.parametrize("rule", [TABLE[k] for k in SELECTED], ids=SELECTED)


def arguments(rule, shape=(40,), seed=0, dtype=np.float64):
    args = points(rule, shape, seed, dtype)
    return [a + (0.3j if dtype == np.float64 else np.complex64(0.3j)) for a in args] if rule.func is sc.wofz else args


def evaluated(rule, partial, args):
    """The partial at args, or None if that argument is refused."""
    ans = rule.func(*args)
    with np.errstate(**({"all": "ignore"} if rule.quiet else {})):
        try:
            return value(partial, ans, args) * np.ones(ans.shape)
        except TypeError as e:
            if "scipy.special." not in str(e):
                raise
            return None


def orders(rule):
    n = len(rule.on)
    first = [tuple(int(k == i) for k in range(n)) for i in range(n)]
    return first + [tuple((k == i) + (k == j) for k in range(n)) for i in range(n) for j in range(i, n)]


def is_continuous(rule, order):
    return not any(d.integer and o for d, o in zip(rule.on, order, strict=True))


def carried(rule, i):
    """Whether argument i may carry a tangent."""
    args = arguments(rule, shape=(1,))
    return is_float(args[i]) and rule.d[i] is not Const.ZERO and evaluated(rule, rule.d[i], args) is not None


@each
def test_entries_are_complete(rule):
    n = len(rule.d)
    assert len(rule.on) == n
    assert len(rule.dd) == n * (n + 1) // 2
    for edge in rule.edges:
        assert len(edge.args) == len(edge.d) == n
        assert edge.dd is None or len(edge.dd) == len(rule.dd)
    assert reference(rule.func)
    assert any(carried(rule, i) for i in range(n))


@each
def test_partials_match_high_precision(rule):
    count = 1 if rule.func.__name__.startswith(SLOW) else 4 if len(rule.on) < 3 else 2
    args = arguments(rule, shape=(count,), seed=3)
    truth, tol = reference(rule.func), ROUGH.get(rule.func.__name__, 2e-13)
    for partial, order in zip((*rule.d, *rule.dd), orders(rule), strict=True):
        got = evaluated(rule, partial, args)
        if got is None or partial is Const.ZERO or not is_continuous(rule, order):
            continue
        with mpmath.workdps(40):
            for k in range(got.size):
                at = tuple(mpmath.mpmathify(a[k].item()) for a in args)
                expected = complex(mpmath.diff(truth, at if len(at) > 1 else at[0], order if len(at) > 1 else order[0]))
                assert abs(got[k] - expected) <= tol * max(abs(expected), 0.01), (order, at)


@each
def test_second_partials_are_derivatives_of_first(rule):
    args = arguments(rule, seed=1, shape=(20,))
    n = len(args)
    pairs = [(i, j) for i in range(n) for j in range(i, n)]
    for (i, j), second in zip(pairs, rule.dd, strict=True):
        expected = evaluated(rule, second, args)
        if expected is None or isinstance(rule.d[i], Const) or rule.on[j].integer:
            continue
        duals = [dm.Dual(a, np.ones(a.shape)) if k == j else a for k, a in enumerate(args)]
        first = rule.d[i](rule.func(*duals), *duals)
        derived = dm.tangent(first) * np.ones(expected.shape) if isinstance(first, dm.Dual) else 0 * expected
        np.testing.assert_allclose(expected, derived, rtol=1e-10, atol=1e-10)


@each
def test_nested_passes_give_second_partials(rule):
    args = arguments(rule, seed=2, shape=(5,))
    n = len(args)
    for i in range(n):
        if carried(rule, i):

            def f(x, i=i):
                return rule.func(*(x if k == i else a for k, a in enumerate(args)))

            ones = np.ones_like(args[i])
            got = dm.jvp(lambda x, f=f, v=ones: dm.jvp(f, (x,), (v,))[1], (args[i],), (ones,))[1]
            place = [(a, b) for a in range(n) for b in range(a, n)].index((i, i))
            np.testing.assert_allclose(got, evaluated(rule, rule.dd[place], args), rtol=1e-9, atol=1e-9)


def edges():
    return [pytest.param(r, e, id=f"{k}-{e.args}") for k, r in TABLE.items() for e in r.edges]


@pytest.mark.parametrize(("rule", "edge"), edges())
def test_edges_answer_as_declared(rule, edge):
    args = edge_point(rule, edge)
    with np.errstate(all="ignore"):
        ans = rule.func(*args)
        for i, expected in enumerate(edge.d):
            np.testing.assert_allclose(along(rule, i, args, np.ones(1)), [expected], rtol=1e-13, atol=1e-300, err_msg=f"argument {i}")
            np.testing.assert_array_equal(along(rule, i, args, np.zeros(1)), [0.0])
        for partial, expected in zip(rule.dd, edge.dd or (), strict=edge.dd is not None):
            if expected is not None:
                np.testing.assert_allclose(value(partial, ans, args) * np.ones(1), [expected], rtol=1e-13, atol=1e-300)


@each
def test_parameters_without_a_derivative_raise(rule):
    args = arguments(rule, shape=(3,), seed=4)
    for i, partial in enumerate(rule.d):
        if is_float(args[i]) and evaluated(rule, partial, args) is None:
            with pytest.raises(TypeError, match=r"scipy\.special\.\w+ has no derivative in its argument '\w+'"):
                along(rule, i, args, np.ones(3))


@each
def test_single_precision_stays_single(rule):
    args = arguments(rule, shape=(5,), seed=5, dtype=np.float32)
    wide = [a.astype(np.complex128 if a.dtype.kind == "c" else np.float64) if is_float(a) else a for a in args]
    for i in range(len(args)):
        if carried(rule, i):
            y = rule.func(*(dm.Dual(a, np.ones_like(a)) if k == i else a for k, a in enumerate(args)))
            assert y.dtype == y.primal.dtype == y.tangent.dtype == rule.func(*args).dtype
            np.testing.assert_allclose(y.tangent, along(rule, i, wide, np.ones_like(wide[i])), rtol=2e-3, atol=2e-4)


@some
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_broadcasting_and_directions(rule, data):
    shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=len(rule.on), max_dims=3, max_side=3)).input_shapes
    lead = data.draw(st.sampled_from([(), (1,), (3,), (2, 2)]))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    args = [np.asarray(sample(d, s, rng)) for d, s in zip(rule.on, shapes, strict=True)]
    ans = rule.func(*args)
    for i, shape in enumerate(shapes):
        if carried(rule, i):
            t = rng.normal(size=lead + shape)
            padded = t.reshape(lead + (1,) * (ans.ndim - len(shape)) + shape)
            got = along(rule, i, args, t)
            assert got.shape == lead + ans.shape
            np.testing.assert_allclose(got, padded * evaluated(rule, rule.d[i], args), rtol=1e-12, atol=1e-300)


@some
def test_zero_size_and_zero_dimensions(rule):
    for shape in [(0,), (2, 0), ()]:
        args = [np.asarray(a) for a in arguments(rule, shape=shape, seed=8)]
        for i in range(len(args)):
            if carried(rule, i):
                assert along(rule, i, args, np.ones((2, *shape))).shape == (2, *shape)


HOLOMORPHIC = [sc.erf, sc.erfc, sc.erfcx, sc.erfi, sc.dawsn, sc.wofz, sc.ndtr, sc.gamma, sc.loggamma, sc.rgamma, sc.psi, sc.exp1, sc.expi,
               sc.spence, sc.wrightomega, sc.log1p, sc.expm1]  # fmt: skip


@pytest.mark.parametrize("func", [*HOLOMORPHIC, lambertw, sc.airy, sc.sici, sc.jv, sc.iv, sc.kv, sc.hyp2f1], ids=lambda f: f.__name__)
def test_complex_partials_are_holomorphic_derivatives(func):
    rng = np.random.default_rng(6)
    z = rng.uniform(0.4, 0.8, 6) * np.exp(1j * rng.uniform(-2, 2, 6))
    t = rng.normal(size=6) + 1j * rng.normal(size=6)
    before = {sc.jv: (0.7,), sc.iv: (0.7,), sc.kv: (0.7,), sc.hyp2f1: (0.5, 0.7, 1.5)}.get(func, ())
    f = sc.lambertw if func is lambertw else lambda x: func(*before, x)
    got = dm.jvp(f, (z,), (t,))[1]
    h = 1e-3  # eight points on a circle: Cauchy's formula, error h⁸
    circle = np.exp(2j * np.pi * np.arange(8) / 8)
    truth = np.stack([np.asarray(f(z + h * c)) / c for c in circle]).mean(axis=0) / h * t
    np.testing.assert_allclose(np.asarray(got), truth, rtol=2e-11, atol=1e-11)


def test_trigamma_of_complex_numbers_in_the_left_half_plane():
    z = np.array([-7.3 + 0.4j, -0.2 - 2j, 30 + 1j, 0.1 + 0.1j])
    got = dm.jvp(sc.psi, (z,), (np.ones(4, complex),))[1]
    np.testing.assert_allclose(got, [complex(mpmath.psi(1, complex(w))) for w in z], rtol=1e-13)


FAR = [
    (sc.erfcx, 50.0),
    (sc.erfcx, 2.1),
    (sc.erfcx, 1e5),
    (sc.erfcx, -3.0),
    (sc.dawsn, 8.5),
    (sc.dawsn, -300.0),
    (sc.log_ndtr, -40.0),
    (sc.log_ndtr, -2.9),
    (sc.log_ndtr, 9.0),
    (sc.log_ndtr, -1e4),
    (sc.log_expit, 40.0),
    (sc.expit, 36.0),
    (sc.expit, -300.0),
    (sc.exprel, -50.0),
    (sc.exprel, 0.999),
    (sc.exprel, -1.001),
    (sc.exprel, 1e-6),
    (sc.ellipk, 1 - 2**-30),
    (sc.ellipk, -500.0),
    (sc.ellipe, -500.0),
    (sc.ellipkm1, 1e-12),
    (sc.spence, 1 + 2**-20),
    (sc.spence, 0.76),
    (sc.spence, 50.0),
    (sc.psi, -3.3),
    (sc.psi, 1e6),
    (sc.gamma, -2.5),
    (sc.gammaln, 1e8),
    (sc.rgamma, -6.25),
    (sc.erfinv, 1 - 2**-30),
    (sc.i0, -7.0),
    (sc.j1, 1e-9),
    (sc.cosm1, 1e-8),
]


@pytest.mark.parametrize(("func", "x"), FAR, ids=lambda a: getattr(a, "__name__", str(a)))
def test_partials_hold_far_out_and_close_to_limits(func, x):
    rule, args = SPECIAL[func], [np.array([x])]
    with mpmath.workdps(80):
        for k, partial in enumerate((*rule.d, *rule.dd), 1):
            truth = float(mpmath.diff(reference(func), mpmath.mpf(x), k, h=mpmath.mpf(2) ** -100 * max(abs(mpmath.mpf(x)), 1)))
            np.testing.assert_allclose(evaluated(rule, partial, args), [truth], rtol=1e-11)
