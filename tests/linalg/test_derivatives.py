"""Every case of numpy.linalg gives NumPy's value, and the derivatives that differences of plain NumPy give."""

import itertools

import numpy as np
import pytest

import dualmc as dm
from dualmc.testing.calls import check_close, derivatives, flat, second_derivatives

from ..functions.test_linear_ops import check_dot, maps_of
from ..laws import value_and_tangent
from .cases import CASES

COMPLEX = [c for c in CASES if "c" in c.kinds]


def over(cases):
    return pytest.mark.parametrize("case", cases, ids=str)


def duals(xs, ts, chosen):
    return [dm.Dual(x, t) if i in chosen else x for i, (x, t) in enumerate(zip(xs, ts, strict=True))]


def check(case, dtype):
    xs, ts = case.sample(dtype)
    expected = case.f(*xs)
    for chosen in case.carriers():
        given = [t if i in chosen else 0 * t for i, t in enumerate(ts)]
        result = case.f(*duals(xs, given, chosen))
        assert type(result) is type(expected) or not isinstance(expected, tuple)
        for r, value, truth in zip(flat(result), flat(expected), derivatives(case.f, xs, given), strict=True):
            primal, tangent = value_and_tangent(r)
            if np.asarray(value).dtype.kind not in "fc":
                assert primal == value
                continue
            assert np.asarray(primal).dtype == np.asarray(value).dtype
            check_close(primal, value, condition=8)
            if type(r) is dm.Dual:
                assert tangent.dtype == primal.dtype
            check_close(tangent, truth.value, truth.bound, condition=64)


@over(CASES)
def test_value_and_tangent(case):
    check(case, np.float64)


@over(CASES)
def test_single_precision_stays_single(case):
    check(case, np.float32)


@over(COMPLEX)
def test_complex_values(case):
    check(case, np.complex128)


@over(CASES)
@pytest.mark.parametrize("dtype", [float, complex])
def test_second_derivative(case, dtype):
    if np.dtype(dtype).kind not in case.kinds:
        return
    xs, ts = case.sample(dtype)
    us = [np.roll(t.conj(), 1) for t in ts]

    def first(*args):
        return tuple(flat(dm.jvp(lambda *a: tuple(y for y in flat(case.f(*a)) if type(y) is dm.Dual), tuple(args), tuple(ts))[1]))

    got = flat(dm.jvp(first, tuple(xs), tuple(us))[1])
    carried = [type(y) is dm.Dual for y in flat(case.f(*duals(xs, ts, range(len(xs)))))]
    truths = itertools.compress(second_derivatives(case.f, xs, ts, us), carried)
    for r, truth in zip(got, truths, strict=True):
        check_close(r, truth.value, truth.bound, condition=256)


@over(CASES)
@pytest.mark.parametrize("lead", [(3,), (2, 3), (0,)], ids=str)
def test_directions_are_independent(case, lead):
    xs, _ = case.sample()
    rng = np.random.default_rng(0)
    blocks = [rng.uniform(-1, 1, lead + x.shape) for x in xs]
    together = [y for y in flat(case.f(*duals(xs, blocks, range(len(xs))))) if type(y) is dm.Dual]
    for y in together:
        assert y.tangent.shape == lead + y.shape
    for k in itertools.product(*map(range, lead)):
        alone = [y for y in flat(case.f(*duals(xs, [b[k] for b in blocks], range(len(xs))))) if type(y) is dm.Dual]
        for a, b in zip(together, alone, strict=True):
            check_close(a.tangent[k], b.tangent)


@over(CASES)
@pytest.mark.parametrize("dtype", [float, complex])
def test_transpose(case, dtype, monkeypatch):
    if np.dtype(dtype).kind not in case.kinds:
        return
    for op in maps_of(case, dtype, monkeypatch):
        check_dot(op, dtype)
