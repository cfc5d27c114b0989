"""Kernels compiled from the rule table: they agree with the NumPy way in values, tangents, kinks and strong zeros."""

import itertools
import re

import numba
import numpy as np
import pytest

import dualmc as dm
from dualmc import large, propagate, special
from dualmc.kernels import fused, switch
from dualmc.rules.registry import RULES
from dualmc.rules.rule import Elementwise

FUSED = [
    (r, a)
    for r in RULES.values()
    if type(r) is Elementwise
    for a in itertools.product([True, False], repeat=len(r.d))
    if fused.has_kernel(r, a)
]
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 1e300, 5e-324]
each = pytest.mark.parametrize(("rule", "active"), FUSED, ids=[f"{r.func.__name__}{''.join('.t'[x] for x in a)}" for r, a in FUSED])


@pytest.fixture(autouse=True)
def always():
    dm.config.kernels = "always"
    yield
    dm.config.kernels = "auto"


def points(rule, dtype=np.float64):
    """Points of the domain, the edges of the rule, and for one argument all special numbers."""
    rng = np.random.default_rng(0)
    columns = [rng.uniform(d.low, d.high, 2000) for d in rule.on]
    columns = [np.rint(c) if d.integer else c for c, d in zip(columns, rule.on, strict=True)]
    edges = [e.args for e in rule.edges] + ([(x,) for x in SPECIAL] if len(columns) == 1 else [])
    with np.errstate(over="ignore"):
        return [np.concatenate([c, [e[i] for e in edges]]).astype(dtype) for i, c in enumerate(columns)]


def directions(x, active, k=2):
    """Random tangents, and zeros in the last direction."""
    rng = np.random.default_rng(1)
    return [np.concatenate([rng.normal(size=(k, x.size)), np.zeros((1, x.size))]).astype(x.dtype) if a else None for a in active]


def both_ways(rule, args, tangents):
    """The result of the kernel, that of NumPy, and the sum of the sizes of the terms of NumPy's tangent."""
    dm.config.kernels = "always"
    compiled = large.elementwise(rule, args, tangents)
    assert compiled is not None
    dm.config.kernels = "never"
    size = 0
    with np.errstate(all="ignore"):
        for i, t in enumerate(tangents):
            alone = None if t is None else propagate.elementwise(rule, args, [t if i == j else None for j in range(len(args))])[1]
            size = size if alone is None else size + np.abs(alone)
        return compiled, propagate.elementwise(rule, args, tangents), size


def agree(rule, got, expected, size, ulps):
    """Check to some units in the last place; a slope that is formed from the value by subtraction has the value's error."""
    (value, tangent), (primal, slope) = got, expected
    eps = np.finfo(primal.dtype).eps
    atol = 4 * eps if rule.func in (np.logaddexp, np.logaddexp2) else 0  # right to an ulp of the larger argument, in NumPy, too
    np.testing.assert_allclose(value, primal, rtol=ulps * eps, atol=atol)
    slope = np.zeros_like(tangent) if slope is None else slope
    size = size + 25 * np.abs(value) ** 2 * np.ones_like(slope) if rule.func in (np.tanh, np.tan) else size
    with np.errstate(invalid="ignore"):
        near = np.abs(tangent - slope) <= 4 * ulps * eps * size
    np.testing.assert_array_equal(near | (tangent == slope) | (np.isnan(tangent) & np.isnan(slope)), True)


@each
def test_kernel_agrees_with_numpy(rule, active):
    args = points(rule)
    agree(rule, *both_ways(rule, args, directions(args[0], active)), ulps=4)


@pytest.mark.parametrize(("rule", "active"), [(r, a) for r, a in FUSED if r.func in (np.sin, np.exp, np.divide, np.maximum)])
def test_single_precision(rule, active):
    args = points(rule, np.float32)
    agree(rule, *both_ways(rule, args, directions(args[0], active)), ulps=4)


@pytest.mark.parametrize("active", [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("k", [(), (1,), (3,), (2, 2)])
@pytest.mark.parametrize("shape", [(1,), (7,), (1025,), (3, 700), (2, 3, 4)])
def test_products_agree_bit_for_bit(active, k, shape):
    """A product of given factors is rounded once in either way."""
    rule, rng = RULES[np.multiply], np.random.default_rng(2)
    args = [rng.normal(size=shape) for _ in rule.d]
    tangents = [rng.normal(size=k + shape) if on else None for on in active]
    (value, tangent), (primal, slope), _ = both_ways(rule, args, tangents)
    np.testing.assert_array_equal(value, primal)
    np.testing.assert_array_equal(tangent, slope)


@pytest.mark.parametrize("number", [2.0, 3, 0.0, np.inf])
@pytest.mark.parametrize("func", [np.multiply, np.divide, np.hypot, np.maximum])
def test_numbers_beside_arrays(func, number):
    rule, x = RULES[func], np.random.default_rng(3).uniform(0.5, 2, 1500)
    t = np.where(x > 1, x, 0.0)
    for args, tangents in (((x, number), (t, None)), ((number, x), (None, t))):
        agree(rule, *both_ways(rule, args, tangents), ulps=1)


def test_zero_tangents_are_strong():
    """0·inf and 0·nan are 0, in a block with other numbers; conventions.md, point 1."""
    x = np.linspace(0.0, 1.0, 3000)
    t = np.where(x > 0, 1.0, 0.0)
    value, tangent = large.elementwise(RULES[np.log], (x,), (t,))
    assert value[0] == -np.inf
    assert tangent[0] == 0
    np.testing.assert_array_equal(tangent[1:], 1 / x[1:])
    y = np.where(x > 0.5, np.inf, 2.0)
    _, tangent = large.elementwise(RULES[np.multiply], (x, y), (np.stack([0 * x, x]), np.stack([x, 0 * x])))
    np.testing.assert_array_equal(tangent, [x * x, np.where(x == 0, 0, x * y)])


def test_angles_beyond_the_reduction_range():
    """Blocks with huge arguments are done by libm; the others are not."""
    x = np.concatenate([np.linspace(-3, 3, 1500), [1e15, -1e300, np.inf, np.nan], np.linspace(0, 9, 3000)])
    for func in (np.sin, np.cos, np.tan):
        for k in (1, 3):
            agree(RULES[func], *both_ways(RULES[func], (x,), (np.ones((k, x.size)),)), ulps=4)


# Generated code. ---------------------------------------------------------------------------------------------

ARITHMETIC = re.compile(r"= f(mul|add|div)[a-z ]* <\d+ x double>")
LOOPS = {
    "vector of sin": lambda: fused._vector(fused._text(RULES[np.sin], fused.vmath), fused.vmath.LIMITS.get("sin", np.inf), False),
    "vector of log": lambda: fused._vector(fused._text(RULES[np.log], fused.vmath), np.inf, False),
    "block of exp": lambda: fused._unary(fused._text(RULES[np.exp], fused.vmath), fused._text(RULES[np.exp], np), np.inf, False),
    "block of hypot": lambda: fused._two_sided(fused._text(RULES[np.hypot], fused.vmath), False),
    "block of divide": lambda: fused._one_sided(fused._text(RULES[np.divide], fused.vmath), 1, False),
}
AXES = {"vector": (1, 1, 1, 1), "block of exp": (1, 2, 1, 2), "block of hypot": (1, 1, 2, 2, 1, 2), "block of divide": (1, 1, 2, 1, 2)}


def generated(python, signature):
    """The optimised LLVM code of a kernel, compiled anew since code from disk has none."""
    compiled = numba.njit(error_model="numpy")(python)
    compiled.compile(signature)
    return compiled.inspect_llvm(compiled.signatures[0])


@pytest.mark.skipif(not fused.vmath.FMA, reason="functions of libm do not vectorise")
@pytest.mark.parametrize("name", LOOPS)
def test_element_wise_kernels_are_vectorised(name):
    axes = AXES.get(name) or AXES[name.split()[0]]
    code = generated(LOOPS[name]().py_func, tuple(numba.types.Array(numba.float64, n, "C") for n in axes))
    assert ARITHMETIC.search(code)


switch.load()
OTHERS = [(name, kernel, args) for name, kernel, args in switch.examples("d") if name != "cumsum"]  # a chain of additions has no lanes


@pytest.mark.parametrize(("name", "kernel", "args"), OTHERS, ids=[name for name, *_ in OTHERS])
def test_reductions_and_combinations_are_vectorised(name, kernel, args):
    assert ARITHMETIC.search(generated(kernel.py_func, tuple(map(numba.typeof, args))))


# Few numbers, one direction. ---------------------------------------------------------------------------------

SHORT = [(r, a) for r, a in FUSED if len(a) == 1 or r.func.__name__ in fused.QUICK]


def short_way(rule, args, tangents):
    """Call the function itself, with Duals for those arguments that have a tangent."""
    return rule.func(*[x if t is None else dm.Dual(x, t) for x, t in zip(args, tangents, strict=True)])


@pytest.mark.parametrize(("rule", "active"), SHORT, ids=[f"{r.func.__name__}{''.join('.t'[x] for x in a)}" for r, a in SHORT])
def test_the_short_way_agrees_with_numpy(rule, active):
    args = points(rule)
    assert args[0].size <= large.SHORT
    for row in range(3):
        tangents = [None if t is None else t[row].copy() for t in directions(args[0], active)]
        with np.errstate(all="ignore"):
            short_way(rule, args, tangents)  # the first call compiles
            got = short_way(rule, args, tangents)
        agree(rule, (got.primal, got.tangent), *both_ways(rule, args, tangents)[1:], ulps=4)


@pytest.mark.parametrize("func", [np.multiply, np.divide])
@pytest.mark.parametrize("active", [(True, True), (True, False), (False, True)])
def test_short_tangents_are_strong_and_silent(func, active):
    """A zero tangent meets an infinite partial: 0, and no warning of an invalid product."""
    x, y = np.full(3, np.inf), np.array([2.0, 3.0, 4.0])
    for args in ((x, y), (y, x))[: 1 if func is np.divide else 2]:
        got = short_way(RULES[func], args, [np.zeros(3) if a else None for a in active])
        np.testing.assert_array_equal(got.tangent, 0)


@pytest.mark.parametrize("func", [np.tanh, np.square, np.exp, np.sin])
def test_short_arrays_of_any_layout(func):
    """Strided, read-only, of no axes, empty, in blocks, and of other types."""
    rng = np.random.default_rng(8)
    for p, t in (
        (rng.random(40)[::2], rng.random(20)),
        (rng.random(20), rng.random(40)[::2]),
        (np.broadcast_to(0.5, 20), rng.random(20)),
        (np.array(0.5), np.array(2.0)),
        (np.empty(0), np.empty(0)),
        (rng.random(20), rng.random((3, 20))),
        (rng.random((4, 5)).T, rng.random((4, 5)).T),
        (rng.random(20).astype(np.float32), rng.random(20).astype(np.float32)),
        (rng.random(20) + 1j, rng.random(20) + 0j),
        (dm.Dual(rng.random(20), rng.random(20), 0), rng.random(20)),
    ):
        d = dm.Dual(p, t, 1)
        func(d)
        got = func(d)
        dm.config.kernels = "never"
        plain = func(d)
        dm.config.kernels = "always"
        tolerance = 16 * np.finfo(plain.dtype).eps
        for a, b in ((got.primal, plain.primal), (got.tangent, plain.tangent)):
            assert type(a) is type(b)
            assert a.dtype == b.dtype
            for v, w in zip(a._parts(), b._parts(), strict=True) if isinstance(a, dm.Dual) else [(a, b)]:
                np.testing.assert_allclose(v, w, rtol=tolerance, atol=tolerance)


def test_slices_of_blocks_are_not_refused():
    """A slice of a vector lies in memory in order, that of its block of tangents does not; a refusal would cost microseconds."""
    d = dm.Dual(np.linspace(0.5, 1, 700), np.ones((3, 700)))
    for x in (np.exp(d), d * d, d * 2.0):
        assert x is not None
    y = d[1:]
    p, t = y.primal, y.tangent
    assert large.unary(large.unary_kernel(RULES[np.exp]), p, t, dm.Dual, 0) is not None
    assert large.both(large.both_kernel(RULES[np.multiply]), np.multiply, p, p, t, t, dm.Dual, 0) is not None
    assert large.one_sided(large.side_kernels[0](RULES[np.multiply]), np.multiply, p, 2.0, t, 0, dm.Dual, 0) is not None


# Duals. ------------------------------------------------------------------------------------------------------


def chain(x):
    return np.exp(-(x**2) / 2) * np.sin(3 * x) + np.log1p(x**2) / (1 + x**2)


@pytest.mark.parametrize("k", [(), (4,)])
def test_a_program_of_duals(k):
    x, rng = np.linspace(-2, 2, 5000), np.random.default_rng(4)
    d = dm.Dual(x, rng.normal(size=k + x.shape))
    compiled = chain(d)
    assert any(kernel is not None for kernels in switch.found.values() for kernel in kernels.values())
    dm.config.kernels = "never"
    plain = chain(d)
    np.testing.assert_allclose(compiled.primal, plain.primal, rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(compiled.tangent, plain.tangent, rtol=1e-12, atol=1e-13)


def test_views_other_dtypes_and_layouts_take_the_general_way():
    rng = np.random.default_rng(5)
    x = rng.uniform(0.5, 2, (60, 50))
    for y in (x[::2], x.T, np.asfortranarray(x), x[:, 1:], x.astype(np.float16), x.astype(np.longdouble), x + 1j):
        d = dm.Dual(y, rng.normal(size=y.shape).astype(y.dtype))
        for f in (np.exp, lambda z: z * z, lambda z: z / (z + 1)):
            compiled = f(d)
            dm.config.kernels = "never"
            plain = f(d)
            dm.config.kernels = "always"
            assert compiled.dtype == plain.dtype == y.dtype
            assert compiled.primal.strides == plain.primal.strides
            tolerance = 16 * np.finfo(y.dtype).eps
            np.testing.assert_allclose(compiled.tangent, plain.tangent, rtol=tolerance, atol=tolerance)


# Reductions. -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n", [1, 7, 8, 9, 127, 128, 129, 200, 1000, 4099, 100_003])
def test_sums_agree_bit_for_bit(n, dtype):
    """The kernel adds in NumPy's order, so that not even the rounding changes when it comes into use."""
    rng = np.random.default_rng(7)
    x, t = rng.normal(size=n).astype(dtype), rng.normal(size=(3, n)).astype(dtype)
    rows = x[: n - n % 2].reshape(2, -1), t[:, : n - n % 2].reshape(3, 2, -1)
    for p, u in [(x, t), (x, t[0])] + [rows] * (n > 1):
        d = dm.Dual(p, u)
        for f in (
            np.sum,
            np.mean,
            np.cumsum,
            lambda y: np.cumsum(y, -1),
            lambda y: np.sum(y, axis=-1),
            lambda y: np.sum(y, axis=-1, keepdims=True),
            lambda y: np.sum(y, axis=0),
        ):
            dm.config.kernels = "never"
            plain = f(d)
            dm.config.kernels = "always"
            compiled = f(d)
            assert compiled.dtype == plain.dtype == dtype
            np.testing.assert_array_equal(compiled.primal, plain.primal)
            np.testing.assert_array_equal(compiled.tangent, plain.tangent)


@pytest.mark.parametrize("x", [np.array([-0.0, -0.0]), np.array([np.inf, 1.0]), np.array([np.inf, -np.inf]), np.full(300, -0.0)])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_sums_of_special_numbers(x):
    compiled = np.sum(dm.Dual(x, x))
    expected = np.sum(x)
    for got in (compiled.primal, compiled.tangent):
        np.testing.assert_array_equal(got, expected)
        assert np.signbit(got) == np.signbit(expected) or np.isnan(expected)


def test_sums_with_keywords_take_the_general_way():
    d = dm.Dual(np.arange(4.0), np.ones(4))
    assert np.sum(d, initial=1.0).primal == 7
    assert np.sum(d, where=[True, False, True, False]).tangent == 2
    assert np.sum(d, dtype=np.float32).dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (1,), ()])
@pytest.mark.parametrize("func", [np.prod, np.var, np.std, np.linalg.vector_norm])
def test_reductions_agree_over_any_axis(func, axis, dtype):
    rng = np.random.default_rng(6)
    x = rng.uniform(0.8, 1.25, (3, 5, 70)).astype(dtype)
    for keepdims, k in itertools.product([False, True], [(), (3,)]):
        d = dm.Dual(x, rng.normal(size=k + x.shape).astype(dtype))
        compiled = func(d, axis=axis, keepdims=keepdims)
        dm.config.kernels = "never"
        plain = func(d, axis=axis, keepdims=keepdims)
        dm.config.kernels = "always"
        assert compiled.dtype == plain.dtype
        tolerance = 2000 * np.finfo(dtype).eps
        np.testing.assert_allclose(compiled.primal, plain.primal, rtol=tolerance)
        np.testing.assert_allclose(compiled.tangent, plain.tangent, rtol=tolerance, atol=tolerance * np.abs(plain.tangent).max())


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n", [1, 31, 32, 1000, 4099])
def test_log_sums_agree_over_any_axis(n, dtype):
    rng = np.random.default_rng(9)
    x = (8 * rng.normal(size=(2, n, 2))).astype(dtype)
    for axis, k in itertools.product([None, 0, 1, -1], [(), (3,)]):
        d = dm.Dual(x, rng.normal(size=k + x.shape).astype(dtype))
        compiled = special.logsumexp(d, axis=axis)
        dm.config.kernels = "never"
        plain = special.logsumexp(d, axis=axis)
        dm.config.kernels = "always"
        assert compiled.dtype == plain.dtype
        tolerance = 50 * np.finfo(dtype).eps
        np.testing.assert_allclose(compiled.primal, plain.primal, rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(compiled.tangent, plain.tangent, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("x", [[np.inf, 1.0, np.inf], [-np.inf, -np.inf], [-np.inf, 0.0, 1000.0], [np.nan, 1.0]])
def test_log_sums_of_special_numbers(x):
    d = dm.Dual(np.array(x), np.arange(1.0, len(x) + 1))
    compiled = special.logsumexp(d)
    dm.config.kernels = "never"
    plain = special.logsumexp(d)
    np.testing.assert_array_equal(compiled.primal, plain.primal)
    np.testing.assert_array_equal(compiled.tangent, plain.tangent)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n", [1, 9, 1024, 3000])
def test_products_of_vectors_agree(n, dtype):
    rng = np.random.default_rng(10)
    for k in [(), (1,), (3,), (2, 2)]:
        x, y = (dm.Dual(rng.normal(size=n).astype(dtype), rng.normal(size=(*k, n)).astype(dtype)) for _ in range(2))
        for f, args in (
            (np.matmul, (x, y)),
            (np.dot, (x, y.primal)),
            (np.matmul, (x.primal, y)),
            (np.vdot, (y, x)),
            (np.dot, (x, x)),
        ):
            compiled = f(*args)
            dm.config.kernels = "never"
            plain = f(*args)
            dm.config.kernels = "always"
            assert type(compiled.primal) is type(plain.primal)
            assert type(compiled.tangent) is type(plain.tangent)
            assert compiled.dtype == plain.dtype
            tolerance = 20 * n**0.5 * np.finfo(dtype).eps
            np.testing.assert_allclose(compiled.primal, plain.primal, rtol=tolerance, atol=tolerance * n**0.5)
            np.testing.assert_allclose(compiled.tangent, plain.tangent, rtol=tolerance, atol=tolerance * n**0.5)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_zero_tangents_are_strong_in_products_of_vectors():
    x, y = np.full(600, np.inf), np.full(600, 2.0)
    t = np.where(np.arange(600) == 5, 3.0, 0.0)
    assert (dm.Dual(x, 0 * y) @ dm.Dual(y, 0 * y)).tangent == 0
    assert (dm.Dual(y, t) @ y).tangent == 6
    y[7] = np.inf
    assert (dm.Dual(np.ones(600), t) @ y).tangent == 6


@pytest.mark.parametrize("x", [np.zeros(600), np.full(600, 1e200), np.full(600, 1e-200), np.array([np.inf] + [1.0] * 600)])
def test_norms_out_of_the_range_of_squares(x):
    """They take the general way, which scales; conventions.md, point 2."""
    d = dm.Dual(x, np.linspace(0, 1, x.size))
    compiled = np.linalg.norm(d)
    dm.config.kernels = "never"
    plain = np.linalg.norm(d)
    np.testing.assert_array_equal(compiled.primal, plain.primal)
    np.testing.assert_array_equal(compiled.tangent, plain.tangent)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_products_with_zeros_and_infinities():
    """No division, and zero tangents are strong; conventions.md, points 1 and 7."""
    x, t = np.full(1000, 1.001), np.ones(1000)
    x[[3, 500]] = 0
    assert np.prod(dm.Dual(x, t)).tangent == 0
    x[3] = 2
    np.testing.assert_allclose(np.prod(dm.Dual(x, t)).tangent, np.prod(np.delete(x, 500)), rtol=1e-12)
    x[[3, 500]] = np.inf
    t[:] = 0
    assert np.prod(dm.Dual(x, t)).tangent == 0
