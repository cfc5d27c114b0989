"""Every case of the tables gives NumPy's value and its exact derivative."""

import itertools

import numpy as np
import pytest

import dualmc as dm
from dualmc.testing.calls import check_close, derivatives, flat, second_derivatives

from ..cases import Case
from ..laws import agrees, same, value_and_tangent
from .table import CASES, COMPLEX, over


def duals(xs, ts, chosen):
    return [dm.Dual(x, t) if i in chosen else x for i, (x, t) in enumerate(zip(xs, ts, strict=True))]


def check(case: Case, dtype) -> None:
    xs, ts = case.sample(dtype)
    expected = flat(case.f(*map(np.copy, xs)))
    for chosen in case.carriers():
        given = [t if i in chosen else 0 * t for i, t in enumerate(ts)]
        results = flat(case.f(*duals(map(np.copy, xs), given, chosen)))
        truths = derivatives(case.f, xs, given, case.reach)
        for result, value, truth in zip(results, expected, truths, strict=True):
            primal, tangent = value_and_tangent(result)
            agrees(primal, value, case.ulps)
            if type(result) is dm.Dual:
                assert tangent.dtype == primal.dtype
                assert isinstance(primal, np.ndarray) == isinstance(value, np.ndarray)
            check_close(np.asarray(tangent, value.dtype if value.dtype.kind in "fc" else float), truth.value, truth.bound, condition=8)


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
                check_close(a.tangent[k], b.tangent)
    for a in together:
        if type(a) is dm.Dual:
            assert a.tangent.shape == lead + a.shape


@over([c for c in CASES if c.smooth])
def test_second_derivative(case):
    xs, ts = case.sample()
    us = case.sample()[1][::-1] if len({x.shape for x in xs}) == 1 else [np.cos(9 * t) for t in ts]
    results = flat(dm.jvp(lambda *a: tuple(flat(dm.jvp(lambda *b: tuple(flat(case.f(*b))), a, tuple(ts))[1])), tuple(xs), tuple(us))[1])
    for result, truth in zip(results, second_derivatives(case.f, xs, ts, us, case.reach), strict=True):
        check_close(result, truth.value, truth.bound, condition=64)
