"""Every case of the tables gives NumPy's value and its exact derivative."""

import itertools

import numpy as np
import pytest

import dualmc as dm

from ..laws import Case, agrees, derivative, differences, flat, near, same, tolerance, value_and_tangent
from .table import CASES, COMPLEX, over


def duals(xs, ts, chosen):
    return [dm.Dual(x, t) if i in chosen else x for i, (x, t) in enumerate(zip(xs, ts, strict=True))]


def check(case: Case, dtype) -> None:
    xs, ts = case.sample(dtype)
    expected = flat(case.f(*map(np.copy, xs)))
    for chosen in case.carriers():
        given = [t if i in chosen else 0 * t for i, t in enumerate(ts)]
        results = flat(case.f(*duals(map(np.copy, xs), given, chosen)))
        truths = derivative(case, xs, given)
        for result, value, (truth, bound) in zip(results, expected, truths, strict=True):
            primal, tangent = value_and_tangent(result)
            agrees(primal, value, case.ulps)
            if type(result) is dm.Dual:
                assert tangent.dtype == primal.dtype
                assert isinstance(primal, np.ndarray) == isinstance(value, np.ndarray)
            near(np.asarray(tangent, value.dtype if value.dtype.kind in "fc" else float), truth, bound, condition=8)


@over(CASES)
def test_value_and_tangent(case):
    check(case, np.float64)


@over(CASES)
def test_single_precision_stays_single(case):
    check(case, np.float32)


@over(COMPLEX)
def test_complex_values(case):
    check(case, np.complex128)


@over(COMPLEX[::5])
def test_complex_values_in_single_precision(case):
    check(case, np.complex64)


@over([c for c in CASES if c.linear])
def test_linear_function_is_its_own_derivative(case):
    xs, ts = case.sample()
    for result, image in zip(flat(case.f(*duals(xs, ts, range(len(xs))))), flat(case.f(*ts)), strict=True):
        same(result.tangent, image)


@over(CASES)
@pytest.mark.parametrize("lead", [(3,), (2, 3), (1,), (0,)], ids=str)
def test_directions_are_independent(case, lead):
    xs, _ts = case.sample()
    rng = np.random.default_rng(0)
    blocks = [rng.uniform(-1, 1, lead + x.shape) for x in xs]
    together = flat(case.f(*duals(map(np.copy, xs), map(np.copy, blocks), range(len(xs)))))
    for k in itertools.product(*map(range, lead)):
        alone = flat(case.f(*duals(map(np.copy, xs), [np.copy(b[k]) for b in blocks], range(len(xs)))))
        for a, b in zip(together, alone, strict=True):
            if type(a) is dm.Dual:
                same(a.primal, b.primal)
                near(a.tangent[k], b.tangent)
    for a in together:
        if type(a) is dm.Dual:
            assert a.tangent.shape == lead + a.shape


@over([c for c in CASES if c.smooth])
def test_second_derivative(case):
    xs, ts = case.sample()
    us = case.sample()[1][::-1] if len({x.shape for x in xs}) == 1 else [np.cos(9 * t) for t in ts]
    results = flat(dm.jvp(lambda *a: tuple(flat(dm.jvp(lambda *b: tuple(flat(case.f(*b))), a, tuple(ts))[1])), tuple(xs), tuple(us))[1])

    def slope(h):
        ys = [x.astype(np.longdouble) + h * u for x, u in zip(xs, us, strict=True)]
        return [d for d, _ in derivative(case, ys, ts)]

    for result, (truth, bound) in zip(results, differences(slope), strict=True):
        near(result, truth, bound + 1e3 * tolerance(np.float64), condition=64)
