"""The functions of dualmc.kernels.vmath against high precision, against NumPy's special values, and as generated code."""

import itertools
import math
import os
import re
import subprocess
import sys
import types

import numba
import numpy as np
import pytest
from kernels.functions import BINARY, EDGES, FUNCTIONS, UNARY, arguments, error_in_ulp

from dualmc.kernels import _jit, vmath
from dualmc.rules import RULES

BY_NAME = {f.name: f for f in FUNCTIONS}
each = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
needs_fma = pytest.mark.skipif(
    not vmath.FMA, reason="without FMA the functions are those of libm, whose precision is its own, and which do not vectorise"
)
VECTOR_INSTRUCTION = re.compile(r"@llvm\.(fma|sqrt)\.v\d+f(32|64)\(")
KERNELS = {}


def loop(f, arity):
    if arity == 1:

        @numba.njit(error_model="numpy")
        def over(x, out):
            for i in range(len(out)):
                out[i] = f(x[i])
    else:

        @numba.njit(error_model="numpy")
        def over(x, y, out):
            for i in range(len(out)):
                out[i] = f(x[i], y[i])

    return over


def kernel(name):
    """The loop over a function, compiled once for all tests."""
    if name not in KERNELS:
        KERNELS[name] = loop(getattr(vmath, name), 1 if BY_NAME[name] in UNARY else 2)
    return KERNELS[name]


def apply(name, *args):
    out = np.empty_like(args[0])
    kernel(name)(*args, out)
    return out


def code(compiled):
    """The optimised LLVM code of the first signature."""
    return compiled.inspect_llvm(compiled.signatures[0])


@needs_fma
@each
def test_values_are_right_to_two_ulp(function):
    args = arguments(function)
    errors = error_in_ulp(function, args, apply(function.name, *args))
    worst = np.argmax(errors)
    assert errors[worst] <= function.ulp, [float(a[worst]) for a in args]


@each
def test_values_agree_with_extended_precision_on_many_points(function):
    factors = 1 - np.random.default_rng(5).uniform(0, 2.0**-6, 30)
    args = [np.outer(factors, a).ravel() for a in arguments(function)]
    values = apply(function.name, *args)
    with np.errstate(all="ignore"):
        exact = function.numpy(*(a.astype(np.longdouble) for a in args))
        rounded = exact.astype(np.float64)
        finite = np.isfinite(rounded) & np.isfinite(values)
        errors = np.abs(values[finite] - exact[finite]) / np.spacing(np.abs(rounded[finite]))
    np.testing.assert_array_equal(values[~finite], rounded[~finite])
    assert np.max(errors) <= function.ulp + 1


def assert_special(function, args, values):
    """Nan, infinities, zeros and their signs are NumPy's; the rest is close."""
    with np.errstate(all="ignore"):
        expected = np.asarray(function.numpy(*args), values.dtype)
    special = ~np.isfinite(expected) | (expected == 0)
    np.testing.assert_array_equal(values[special], expected[special])
    keeps_sign = special & ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(values[keeps_sign]), np.signbit(expected[keeps_sign]))
    np.testing.assert_allclose(values[~special], expected[~special], rtol=4 * np.finfo(values.dtype).eps, atol=0)


def limited(name, x):
    return x[~(np.isfinite(x) & (np.abs(x) > vmath.LIMITS.get(name, math.inf)))]


@pytest.mark.parametrize("function", UNARY, ids=lambda f: f.name)
def test_special_values_are_those_of_numpy(function):
    x = limited(function.name, np.array([*EDGES, 0.5, -0.5, 2.0, -2.0, 1024.0, -1075.0, -1076.0, 710.5, -745.2, 1 + 2**-52, -1 - 2**-52]))
    assert_special(function, (x,), apply(function.name, x))


@pytest.mark.parametrize("function", BINARY, ids=lambda f: f.name)
def test_special_values_of_pairs_are_those_of_numpy(function):
    values = [*EDGES, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 2.5, -2.5, 2.0**53 - 1, 2.0**53, 1e17, 1025.0, -1075.0, 1 - 2**-53]
    pairs = np.array(list(itertools.product(values, values))).T.copy()
    assert_special(function, tuple(pairs), apply(function.name, *pairs))


@each
def test_float32_is_the_result_of_float64_rounded(function):
    with np.errstate(over="ignore", under="ignore"):
        args = [np.concatenate([a, EDGES, EDGES[::-1]]).astype(np.float32) for a in arguments(function)]
    values = apply(function.name, *args)
    assert all(o.signature.return_type == kinds[0] for kinds, o in getattr(vmath, function.name).overloads.items())
    with np.errstate(over="ignore", under="ignore"):
        np.testing.assert_array_equal(values, apply(function.name, *(a.astype(np.float64) for a in args)).astype(np.float32))


@needs_fma
@each
def test_loops_are_vectorised(function):
    for dtype in np.float64, np.float32:
        apply(function.name, *[np.full(3, 0.5, dtype)] * (1 if function in UNARY else 2))
    for signature in kernel(function.name).signatures:
        assert VECTOR_INSTRUCTION.search(kernel(function.name).inspect_llvm(signature))


def test_a_call_of_libm_is_not_taken_for_a_vector_instruction():
    compiled = loop(math.exp, 1)
    compiled(np.ones(3), np.ones(3))
    assert not VECTOR_INSTRUCTION.search(code(compiled))


def both(f, g):
    @numba.njit(error_model="numpy")
    def over(x, a, b):
        for i in range(len(x)):
            v = x[i]
            a[i], b[i] = f(v), g(v)

    return over


@needs_fma
@pytest.mark.parametrize(
    ("value", "partial", "more"), [("sin", "cos", 0), ("cosh", "sinh", 8), ("expm1", "exp", 1), ("softplus", "sigmoid", 3)]
)
def test_functions_of_one_argument_share_their_work(value, partial, more):
    x = np.linspace(-9, 9, 100)
    a, b = np.empty_like(x), np.empty_like(x)
    compiled = both(getattr(vmath, value), getattr(vmath, partial))
    compiled(x, a, b)
    np.testing.assert_array_equal(a, apply(value, x))
    np.testing.assert_array_equal(b, apply(partial, x))
    assert len(VECTOR_INSTRUCTION.findall(code(compiled))) <= len(VECTOR_INSTRUCTION.findall(code(kernel(value)))) + more


def test_sincos_is_the_pair():
    assert vmath.sincos(0.7) == (vmath.sin(0.7), vmath.cos(0.7))


@numba.njit(error_model="numpy", fastmath={"reassoc", "nsz"})
def total(x):
    s = 0.0
    for i in range(len(x)):
        s += vmath.log1p(x[i])
    return s


def test_reordered_sums_leave_the_functions_alone():
    x = np.full(64, 2.0**-60)
    assert total(x) == 64 * 2.0**-60


@pytest.mark.parametrize(
    ("ufunc", "x"), [(np.tanh, 0.3), (np.arcsin, 0.6), (np.sin, 4.0), (np.absolute, -2.0), (np.log1p, 1.5), (np.exp2, 0.7)]
)
def test_partials_of_the_rule_table_compile_with_this_module_for_np(ufunc, x):
    partial = RULES[ufunc].d[0]
    compiled = numba.njit(types.FunctionType(partial.__code__, {**partial.__globals__, "np": vmath}))
    np.testing.assert_allclose(compiled(float(ufunc(x)), x), partial(ufunc(x), x), rtol=1e-15)


@numba.njit(error_model="numpy")
def simple(x, y, out):
    for i in range(len(x)):
        a, b = x[i], y[i]
        out[0, i] = vmath.sign(a)
        out[1, i] = vmath.absolute(a)
        out[2, i] = vmath.negative(a)
        out[3, i] = vmath.square(a)
        out[4, i] = vmath.reciprocal(a)
        out[5, i] = vmath.conjugate(a)
        out[6, i] = vmath.maximum(a, b)
        out[7, i] = vmath.minimum(a, b)
        out[8, i] = vmath.copysign(a, b)
        out[9, i] = vmath.where(a > b, a, b)
        out[10, i] = vmath.isnan(a)
        out[11, i] = vmath.isinf(a)
        out[12, i] = vmath.isfinite(a)
        out[13, i] = vmath.ones_like(a)
        out[14, i] = vmath.zeros_like(a)
        out[15, i] = vmath.floor(a)
        out[16, i] = vmath.rint(a)
        out[17, i] = vmath.clip(a, -1.0, b)
        out[18, i] = vmath.real(a)
        out[19, i] = vmath.add(a, b)
        out[20, i] = vmath.subtract(a, b)
        out[21, i] = vmath.multiply(a, b)
        out[22, i] = vmath.divide(a, b)
        out[23, i] = vmath.fmax(a, b)
        out[24, i] = vmath.fmin(a, b)
        out[25, i] = vmath.heaviside(a, b)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_simple_functions_are_those_of_numpy(dtype):
    with np.errstate(all="ignore"):
        values = np.array([*EDGES, 0.5, -0.5, 1.5, 2.5, -2.5, 1e17]).astype(dtype)
    x, y = np.array(list(itertools.product(values, values)), dtype).T.copy()
    out = np.empty((26, x.size), dtype)
    simple(x, y, out)
    one = [np.sign, np.absolute, np.negative, np.square, np.reciprocal, np.conjugate]
    tests = [np.isnan, np.isinf, np.isfinite, np.ones_like, np.zeros_like, np.floor, np.rint]
    with np.errstate(all="ignore"):
        expected = [f(x) for f in one] + [np.maximum(x, y), np.minimum(x, y), np.copysign(x, y), np.where(x > y, x, y)]
        expected += [f(x) for f in tests] + [np.clip(x, -1, y), x]
        expected += [f(x, y) for f in (np.add, np.subtract, np.multiply, np.divide, np.fmax, np.fmin, np.heaviside)]
    for row, wanted in zip(out, expected, strict=True):
        np.testing.assert_array_equal(row, wanted.astype(dtype))
    np.testing.assert_array_equal(np.signbit(out[8]), np.signbit(expected[8]))
    np.testing.assert_array_equal(np.signbit(out[2]), np.signbit(expected[2]))


@pytest.mark.parametrize("name", ["logaddexp", "logaddexp2"])
def test_sums_of_exponentials_are_right_to_ulps_of_the_larger_term(name):
    values = np.concatenate([[0.0, -0.0, math.inf, -math.inf, math.nan, 800.0, -800.0], np.linspace(-40, 40, 31)])
    x, y = np.array(list(itertools.product(values, values))).T.copy()
    compiled, out = loop(getattr(vmath, name), 2), np.empty_like(x)
    compiled(x, y, out)
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(out, getattr(np, name)(x, y), rtol=4e-16, atol=4e-16)
    assert VECTOR_INSTRUCTION.search(code(compiled)) or not vmath.FMA


@pytest.mark.parametrize("name", ["degrees", "radians", "rad2deg", "deg2rad"])
def test_angles_are_converted_as_numpy_does(name):
    assert getattr(vmath, name)(0.7) == getattr(np, name)(0.7)
    assert getattr(vmath, name)(np.float32(0.7)) == pytest.approx(getattr(np, name)(0.7))


@pytest.mark.parametrize("x", [2, np.int32(2), True])
def test_integers_are_taken_as_float64(x):
    assert vmath.sqrt(x) == math.sqrt(x)
    assert vmath.sign(x) == 1
    assert vmath.maximum(x, 3.5) == 3.5


@pytest.mark.parametrize("condition", [True, 1, 2.5])
def test_where_takes_any_number_for_a_condition(condition):
    compiled = numba.njit(lambda c, x: vmath.where(c, 0, x))
    assert (compiled(condition, 1.5), compiled(type(condition)(0), 1.5)) == (0.0, 1.5)


def test_every_name_is_numpys_or_a_known_addition():
    names = {n for n, f in vars(vmath).items() if callable(f) and not n.startswith("_")}
    assert {n for n in names if not hasattr(np, n)} == {"erf", "sigmoid", "softplus", "rsqrt", "sincos"}
    assert {f.name for f in FUNCTIONS} <= names


@pytest.mark.parametrize(
    ("features", "host", "machine", "expected"),
    [
        (None, {"fma": True}, "x86_64", True),
        (None, {"fma": False}, "x86_64", False),
        (None, {}, "aarch64", True),
        ("+avx2", {"fma": True}, "x86_64", False),
        ("+avx2,+fma", {"fma": False}, "x86_64", True),
    ],
)
def test_fma_is_asked_of_numba_and_the_host(monkeypatch, features, host, machine, expected):
    monkeypatch.setattr(_jit.config, "CPU_FEATURES", features)
    monkeypatch.setattr(_jit.llvmlite.binding, "get_host_cpu_features", lambda: host)
    monkeypatch.setattr(_jit.platform, "machine", lambda: machine)
    assert _jit.has_fma() is expected


def test_without_fma_the_functions_are_those_of_libm():
    program = """
import math, numpy as np
from dualmc.kernels import vmath
assert not vmath.FMA and not vmath.LIMITS
x = 0.75
expected = dict(exp=math.exp(x), cbrt=math.cbrt(x), erf=math.erf(x), sigmoid=1 / (1 + math.exp(-x)), softplus=math.log1p(math.exp(x)),
                rsqrt=1 / math.sqrt(x), sin=math.sin(x))
for name, value in expected.items():
    assert abs(getattr(vmath, name)(x) - value) < 4e-16, name
assert abs(vmath.power(x, 3.0) - x**3) < 1e-15 and abs(vmath.arctan2(-x, -2.0) - math.atan2(-x, -2.0)) < 1e-15
"""
    subprocess.run(
        [sys.executable, "-c", program], check=True, env={"NUMBA_CPU_FEATURES": "+sse2", "PYTHONPATH": os.pathsep.join(sys.path)}
    )


def test_a_kernel_that_calls_the_functions_is_kept_on_disk(tmp_path):
    (tmp_path / "loops.py").write_text("""
from dualmc.kernels import vmath
from dualmc.kernels._jit import kernel

@kernel
def squares(x):
    for i in range(len(x)):
        x[i] = vmath.sqrt(x[i])
""")
    program = """
import numpy as np
from loops import squares
x = np.array([4.0, 9.0])
squares(x)
assert x.tolist() == [2.0, 3.0] and squares.targetoptions["nogil"] and squares.targetoptions["error_model"] == "numpy"
print(sum(squares.stats.cache_hits.values()))
"""
    env = {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    hits = [subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, env=env).stdout for _ in range(2)]
    assert hits == ["0\n", "1\n"]
