"""Laws of the table of element-wise functions: a new entry is tested by existing."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import dualmc as dm
from dualmc.partial import ZERO, Const
from dualmc.rules import RULES
from dualmc.rules.elementwise import bounded, chosen
from dualmc.rules.rule import Composed, Constant, Domain, Elementwise, Linear, Multilinear
from dualmc.testing.layouts import NAMES, layouts
from dualmc.testing.table import curvature, sample, slope
from dualmc.testing.table import partial_value as value

TABLE = {f"{r.func.__module__}.{r.func.__name__}": r for r in RULES.values() if isinstance(r, Elementwise)}
SMOOTH = {k: r for k, r in TABLE.items() if r.func is not np.nextafter}  # differences of it see the grid of floats
WHOLE = {np.floor_divide: (Domain("between jumps", 2.2, 2.4), Domain("between jumps", 0.95, 1.05))}  # where differences see no stairs
CALLED = {bounded: np.clip, chosen: np.where}  # what users call to reach the two that are not ufuncs


def public(rule):
    return CALLED.get(rule.func, rule.func)


each = pytest.mark.parametrize("rule", TABLE.values(), ids=TABLE)
each_smooth = pytest.mark.parametrize("rule", SMOOTH.values(), ids=SMOOTH)


def domains(rule):
    """Where a function is smooth over an eighth of its arguments."""
    return WHOLE.get(rule.func, rule.on)


def points(rule, shape=(40,), seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return [sample(d, shape, rng, dtype) for d in domains(rule)]


def is_float(x):
    return x.dtype.kind in "fc"


def along(rule, i, args, t):
    """The tangent of the result when only argument i moves, along t."""
    duals = [dm.Dual(a, t) if j == i else a for j, a in enumerate(args)]
    y = public(rule)(*duals)
    return dm.tangent(y)


# Completeness. -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ufunc", sorted({u for u in vars(np).values() if isinstance(u, np.ufunc)}, key=lambda u: u.__name__))
def test_every_numpy_ufunc_is_classified(ufunc):
    assert isinstance(RULES[ufunc], (Elementwise, Linear, Multilinear, Composed, Constant))


def test_constants_are_flat():
    """A ufunc called constant has zero differences away from its jumps."""
    rng = np.random.default_rng(0)
    for func, rule in RULES.items():
        if isinstance(rule, Constant) and isinstance(func, np.ufunc) and "d->d" in func.types:
            x = rng.uniform(0.1, 0.4, 20)  # strictly between integers and half-integers
            if func is not np.spacing:
                assert np.all(func(x) == func(x + 1e-3)), func


@each
def test_entries_are_complete(rule):
    n = len(rule.d)
    assert len(rule.on) == n
    assert len(rule.dd) == n * (n + 1) // 2
    for edge in rule.edges:
        assert len(edge.args) == len(edge.d) == n
        assert edge.dd is None or len(edge.dd) == len(rule.dd)


# Partials against truths. ------------------------------------------------------------------------------------


@each_smooth
def test_first_partials_are_slopes(rule):
    args = points(rule)
    ans = rule.func(*args)
    for i, (partial, domain) in enumerate(zip(rule.d, rule.on, strict=True)):
        if not domain.integer:
            truth = slope(rule.func, args, i)
            assert np.all(truth.bound <= 1e-13 * (1 + np.abs(truth.value)))
            np.testing.assert_allclose(value(partial, ans, args), truth.value, rtol=2e-13, atol=1e-13)


@each_smooth
def test_second_partials_are_derivatives_of_first(rule):
    args = points(rule, seed=1)
    ans = rule.func(*args)
    n = len(args)
    pairs = [(i, j) for i in range(n) for j in range(i, n)]
    for (i, j), second in zip(pairs, rule.dd, strict=True):
        if rule.on[j].integer or isinstance(rule.d[i], Const):
            continue
        duals = [dm.Dual(a, np.ones(a.shape)) if k == j else a for k, a in enumerate(args)]
        first = rule.d[i](rule.func(*duals), *duals)
        derived = dm.tangent(first) * np.ones(ans.shape) if isinstance(first, dm.Dual) else np.zeros(ans.shape)
        np.testing.assert_allclose(value(second, ans, args) * np.ones(ans.shape), derived, rtol=1e-10, atol=1e-10)


@each_smooth
def test_second_partials_are_slopes_of_slopes(rule):
    args = points(rule, shape=(15,), seed=2)
    ans = rule.func(*args)
    n = len(args)
    pairs = [(i, j) for i in range(n) for j in range(i, n)]
    for (i, j), second in zip(pairs, rule.dd, strict=True):
        if not (rule.on[i].integer or rule.on[j].integer):
            truth = curvature(rule.func, args, i, j)
            np.testing.assert_allclose(value(second, ans, args), truth.value, rtol=1e-9, atol=1e-8)


MP = {
    np.exp: mpmath.exp, np.expm1: mpmath.expm1, np.log: mpmath.log, np.log1p: mpmath.log1p, np.sin: mpmath.sin, np.cos: mpmath.cos,
    np.tan: mpmath.tan, np.arcsin: mpmath.asin, np.arccos: mpmath.acos, np.arctan: mpmath.atan, np.sinh: mpmath.sinh,
    np.cosh: mpmath.cosh, np.tanh: mpmath.tanh, np.arcsinh: mpmath.asinh, np.arccosh: mpmath.acosh, np.arctanh: mpmath.atanh,
    np.sqrt: mpmath.sqrt, np.cbrt: lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), np.exp2: lambda x: mpmath.mpf(2) ** x,
    np.log2: lambda x: mpmath.log(x, 2), np.log10: mpmath.log10, np.square: lambda x: x * x, np.reciprocal: lambda x: 1 / x,
    np.power: mpmath.power, np.divide: lambda x, y: x / y, np.multiply: lambda x, y: x * y,
    np.hypot: mpmath.hypot, np.arctan2: mpmath.atan2, np.logaddexp: lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y)),
    np.logaddexp2: lambda x, y: mpmath.log(mpmath.mpf(2) ** x + mpmath.mpf(2) ** y, 2), np.absolute: abs, np.fabs: abs,
    np.degrees: mpmath.degrees, np.radians: mpmath.radians, np.rad2deg: mpmath.degrees, np.deg2rad: mpmath.radians,
}  # fmt: skip


@pytest.mark.parametrize("func", MP, ids=lambda f: f.__name__)
def test_partials_match_high_precision(func):
    rule, reference = RULES[func], MP[func]
    args = points(rule, shape=(6,), seed=3)
    ans, n = func(*args), len(args)
    orders = [tuple(int(k == i) for k in range(n)) for i in range(n)]
    orders += [tuple((k == i) + (k == j) for k in range(n)) for i in range(n) for j in range(i, n)]
    with mpmath.workdps(40):
        for partial, order in zip((*rule.d, *rule.dd), orders, strict=True):
            got = value(partial, ans, args) * np.ones(ans.shape)
            for k in range(ans.size):
                at = tuple(mpmath.mpf(float(a[k])) for a in args)
                truth = mpmath.diff(reference, at if n > 1 else at[0], order if n > 1 else order[0])
                assert got[k] == pytest.approx(float(truth), rel=5e-14, abs=1e-14)


def edge_cases():
    return [pytest.param(r, e, id=f"{k}-{e.args}") for k, r in TABLE.items() for e in r.edges]


def edge_point(rule, edge):
    return [np.array([int(a) if d.integer else a]) for a, d in zip(edge.args, rule.on, strict=True)]


@pytest.mark.parametrize(("rule", "edge"), edge_cases())
def test_edges_answer_as_declared(rule, edge):
    args = edge_point(rule, edge)
    with np.errstate(all="ignore"):
        for i, expected in enumerate(edge.d):
            if rule.on[i].integer:
                continue
            np.testing.assert_allclose(along(rule, i, args, np.ones(1)), [expected], rtol=1e-14, err_msg=f"argument {i}")
        if edge.dd is not None:
            ans = rule.func(*args)
            for partial, expected in zip(rule.dd, edge.dd, strict=True):
                if expected is not None:
                    np.testing.assert_allclose(value(partial, ans, args) * np.ones(1), [expected], rtol=1e-14)


@pytest.mark.parametrize(("rule", "edge"), edge_cases())
def test_a_zero_tangent_is_a_strong_zero(rule, edge):
    with np.errstate(all="ignore"):
        for i in (k for k, d in enumerate(rule.on) if not d.integer):
            args = edge_point(rule, edge)
            np.testing.assert_array_equal(along(rule, i, args, np.zeros(1)), [0.0])


# Arrays of every kind. ---------------------------------------------------------------------------------------


@each
def test_memory_layouts_do_not_matter(rule):
    args = points(rule, shape=(3, 4), seed=4)
    ans = rule.func(*args)
    for i in range(len(args)):
        if not is_float(args[i]):
            continue
        expected = value(rule.d[i], ans, args) * np.ones(ans.shape)
        for k in range(len(NAMES)):
            arranged = [layouts(a)[k] for a in args]
            np.testing.assert_allclose(along(rule, i, arranged, layouts(np.ones((3, 4)))[(k + 1) % len(NAMES)]), expected, rtol=1e-15)


@each
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_broadcasting_and_directions(rule, data):
    n = len(rule.on)
    shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=n, max_dims=3, max_side=3)).input_shapes
    lead = data.draw(st.sampled_from([(), (1,), (3,), (2, 2), (0,)]))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    args = [sample(d, s, rng) for d, s in zip(rule.on, shapes, strict=True)]
    ans = rule.func(*args)
    assert ans.shape == np.broadcast_shapes(*shapes)
    for i, shape in enumerate(shapes):
        if is_float(np.asarray(args[i])):
            t = rng.normal(size=lead + shape)
            padded = t.reshape(lead + (1,) * (ans.ndim - len(shape)) + shape)
            expected = padded * value(rule.d[i], ans, args)
            got = along(rule, i, args, t)
            if rule.d[i] is ZERO:
                assert not np.any(got)
            else:
                assert got.shape == lead + ans.shape
                np.testing.assert_allclose(got, np.broadcast_to(expected, lead + ans.shape), rtol=1e-14, atol=1e-300)


@each
def test_single_precision_stays_single(rule):
    args = points(rule, shape=(5,), seed=5, dtype=np.float32)
    wide = [a.astype(np.float64) if is_float(a) else a for a in args]
    for i in range(len(args)):
        if is_float(args[i]) and rule.d[i] is not ZERO:
            y = public(rule)(*(dm.Dual(a, np.ones_like(a)) if j == i else a for j, a in enumerate(args)))
            ans = rule.func(*args)
            assert y.dtype == y.primal.dtype == y.tangent.dtype == ans.dtype
            np.testing.assert_array_equal(y.primal, ans)
            if rule.func is not np.nextafter:
                np.testing.assert_allclose(y.tangent, along(rule, i, wide, np.ones(5)), rtol=3e-5, atol=1e-5)


HOLOMORPHIC = [
    np.add, np.subtract, np.multiply, np.divide, np.negative, np.positive, np.square, np.reciprocal, np.power, np.exp, np.exp2, np.expm1,
    np.log, np.log2, np.log10, np.log1p, np.sqrt, np.sin, np.cos, np.tan, np.arcsin, np.arccos, np.arctan, np.sinh, np.cosh, np.tanh,
    np.arcsinh, np.arccosh, np.arctanh,
]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.complex128, np.complex64])
@pytest.mark.parametrize("func", HOLOMORPHIC, ids=lambda f: f.__name__)
def test_complex_partials_are_holomorphic_derivatives(func, dtype):
    rng = np.random.default_rng(6)
    args = [(rng.uniform(0.3, 1.2, 8) * np.exp(1j * rng.uniform(-2, 2, 8))).astype(dtype) for _ in range(func.nin)]
    tol = 1e-12 if dtype is np.complex128 else 1e-4
    for i in range(func.nin):
        t = (rng.normal(size=8) + 1j * rng.normal(size=8)).astype(dtype)
        got = along(RULES[func], i, args, t)
        assert got.dtype == dtype
        np.testing.assert_allclose(got, slope(func, args, i, t).value, rtol=tol, atol=tol)


def test_absolute_of_complex_values_is_linear_over_the_reals():
    rng = np.random.default_rng(7)
    z, t = (rng.normal(size=9) + 1j * rng.normal(size=9) for _ in range(2))
    got = dm.jvp(np.abs, (z,), (t,))[1]
    truth = slope(np.abs, [z], 0, t).value
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, truth, rtol=1e-13)


@each
def test_zero_size_and_zero_dimensions(rule):
    for shape in [(0,), (2, 0), ()]:
        args = points(rule, shape=shape, seed=8)
        args = [np.asarray(a, np.float64 if not d.integer else None) for a, d in zip(args, rule.on, strict=True)]
        for i in range(len(args)):
            if is_float(args[i]):
                got = along(rule, i, args, np.ones((2, *shape)))
                assert got.shape in ((2, *shape), shape)


# The short way and the general way. --------------------------------------------------------------------------


@each
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_short_way_agrees_with_general_way(rule, data):
    """Operations on raw arrays of one shape skip the general machinery; both must give the same bits."""
    from dualmc.arrays import dual, operations

    lead = data.draw(st.sampled_from([(), (3,)]))
    dtypes = [data.draw(st.sampled_from([np.float64, np.float32])) for _ in rule.on]
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    args = [sample(d, (2, 3), rng, t) for d, t in zip(rule.on, dtypes, strict=True)]
    kinds = [data.draw(st.sampled_from(["dual", "plain", "number"])) for _ in args]
    made = [
        dm.Dual(a, rng.normal(size=lead + a.shape))
        if k == "dual" and is_float(a)
        else float(a.flat[0])
        if k == "number" and is_float(a)
        else a
        for a, k in zip(args, kinds, strict=True)
    ]
    if not any(isinstance(m, dm.Dual) for m in made) or len(made) > 2:
        return
    short = dual._unary(rule, made[0]) if len(made) == 1 else dual._binary(rule, *made)
    general = operations._elementwise(rule, made, {})
    for a, b in ((dm.primal(short), dm.primal(general)), (dm.tangent(short), dm.tangent(general))):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=2e-7 if a.dtype == np.float32 else 1e-15)


class TestStrongZeros:
    """What nan and inf in one place must not do to another; convention 1 and 5."""

    def test_a_branch_not_taken_may_be_infinite(self):
        x, v = np.array([0.0, 4.0]), np.ones(2)
        np.testing.assert_array_equal(dm.jvp(lambda x: np.where(x > 0, np.sqrt(x), 0.0), (x,), (v,))[1], [0.0, 0.25])
        np.testing.assert_array_equal(dm.jvp(lambda x: np.maximum(np.sqrt(x), 1.0), (x,), (v,))[1], [0.0, 0.25])

    @pytest.mark.filterwarnings("ignore:invalid value")
    def test_infinite_factors(self):
        x = np.array([1.0, 2.0])
        np.testing.assert_array_equal(dm.jvp(lambda x: x * np.inf, (x,), (np.array([0.0, 1.0]),))[1], [0.0, np.inf])
        np.testing.assert_array_equal(dm.jacobian(lambda x: x * np.array([np.inf, 1.0]))(x), [[np.inf, 0.0], [0.0, 1.0]])
        m = np.array([[np.inf, 1.0], [2.0, np.nan]])
        jac = dm.jacobian(lambda x: m @ x)(x)
        np.testing.assert_array_equal(jac, m)

    def test_second_order_at_a_singular_point_of_another_entry(self):
        def f(x):
            return np.sum(np.sqrt(x))

        hessian = dm.jacobian(dm.gradient(f))(np.array([0.0, 1.0]))
        np.testing.assert_array_equal(hessian, [[-np.inf, 0.0], [0.0, -0.25]])

    @pytest.mark.filterwarnings("ignore:invalid value")
    def test_true_infinities_stay(self):
        x, v = np.zeros(1), np.ones(1)
        for f in (np.sqrt, np.cbrt):
            assert dm.jvp(f, (x,), (v,))[1] == np.inf
            assert dm.jvp(f, (x,), (0 * v,))[1] == 0.0
        assert np.isnan(dm.jvp(lambda x: np.sqrt(x) ** 2, (x,), (v,))[1])  # inf·0: not known to be 1, not said to be 0

    def test_scalars_stay_scalars(self):
        for f in (lambda x: np.maximum(x, 0), lambda x: x % 1, lambda x: np.where(x > 0, x, 1), lambda x: np.median(x * np.ones(3))):
            value, tangent = dm.jvp(f, (2.5,), (1.0,))
            assert type(tangent) is type(value)
        (g,) = dm.gradient(lambda x: x**2, argnums=(0,))(3.0)
        assert type(g) is np.float64
