"""Every check finds the wrong derivatives that it can see, and passes right ones at thousands of points in every precision."""

import itertools
import math

import numpy as np
import pytest

import dualmc as dm
from dualmc import testing as dt
from dualmc.rules import RULES

from .wrongs import GROWTH, LINEAR, NOT_GROWTH, NOT_LINEAR, RIGHT, RUN, SUBJECTS, WRONG, apply, growth

EXAMPLES = 2000
MUTANTS = [
    pytest.param(s, check, derivative, cause, id=f"{check}, {s}: {k}")
    for s in SUBJECTS
    for k, (derivative, cause) in s.wrong.items()
    for check in (derivative if isinstance(derivative, dict) else s.checks())
    if s.takes(check, s.dtypes[0])
]
DIFFERENT = sum(len(s.wrong) for s in SUBJECTS) + len(NOT_LINEAR) + len(NOT_GROWTH) + len(WRONG)


@pytest.fixture
def rule():
    """Define a rule for the length of a test."""
    made = []

    def define(func, about):
        made.append(func)
        return dm.defrule(func, **about)

    yield define
    for func in made:
        RULES.pop(func, None)


def caught(cause, call, *args, **about):
    with pytest.raises(dt.WrongDerivative) as error:
        call(*args, **about)
    message = str(error.value)
    assert "suspected" in message
    assert cause in error.value.cause, message


@pytest.mark.parametrize(("subject", "check", "derivative", "cause"), MUTANTS)
def test_every_check_finds_a_wrong_derivative(subject, check, derivative, cause):
    x = subject.point(np.random.default_rng(1), subject.dtypes[0], subject.size)
    named = check == "jacobian" or isinstance(derivative, dict)
    caught(cause if named else "", apply, subject, check, derivative, x)


@pytest.mark.parametrize("name", NOT_LINEAR)
def test_what_only_looks_linear_is_found(name):
    caught("", dt.check_linear, NOT_LINEAR[name], np.zeros(3))


@pytest.mark.parametrize("name", NOT_GROWTH)
def test_wrong_partials_of_two_arguments_are_found(name):
    wrong, cause = NOT_GROWTH[name]
    caught(cause, dt.check_ufunc_like, growth, wrong, [(0.5, 4.0), (0.1, 0.9)])


def test_there_are_enough_of_them():
    assert DIFFERENT >= 60
    assert {m.values[1] for m in MUTANTS} == set(RUN)


# Right ones. -------------------------------------------------------------------------------------------------


def passes(agreement, dtype):
    assert agreement.possible >= agreement.digits >= (3 if np.finfo(dtype).eps > 1e-10 else 6)


@pytest.mark.parametrize("check", RUN)
def test_right_derivatives_pass_at_thousands_of_points(check):
    runs = [(s, d) for s in SUBJECTS if check in s.checks() for d in s.dtypes if s.takes(check, d)]
    each, seen = math.ceil(EXAMPLES / len(runs)), set()
    for k, (subject, dtype) in enumerate(runs):
        rng = np.random.default_rng(k)
        for _ in range(each):
            x = subject.point(rng, dtype, subject.small)
            passes(apply(subject, check, subject.jac, x), dtype)
            seen.add((subject.name, x.dtype, x.tobytes()))
    assert len(seen) >= EXAMPLES
    assert {d for _, d, _ in seen} >= {np.dtype(float), np.dtype(np.float32)}
    assert check in {"vjp", "gradient"} or np.dtype(complex) in {d for _, d, _ in seen}


def test_linear_functions_pass_at_thousands_of_points():
    runs = list(itertools.product(LINEAR.values(), (np.float64, np.float32, np.complex128, np.complex64)))
    for f, dtype in runs:
        for seed in range(math.ceil(EXAMPLES / len(runs))):
            passes(dt.check_linear(f, np.zeros(2, dtype), seed=seed), dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_partials_of_two_arguments_pass(dtype):
    for seed in range(20):
        passes(dt.check_ufunc_like(growth, GROWTH, [(0.5, 4.0), (0.1, 0.9)], dtypes=[dtype], seed=seed), dtype)


@pytest.mark.parametrize("name", RIGHT)
def test_right_rules_pass(name, rule):
    func, about = RIGHT[name]
    call = rule(func, about)
    for seed in range(20):
        dt.check_rule(call, seed=seed)


@pytest.mark.parametrize("name", WRONG)
def test_wrong_rules_are_found(name, rule):
    func, about, cause = WRONG[name]
    caught(cause, dt.check_rule, rule(func, about))
