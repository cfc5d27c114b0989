"""Wrong derivatives are found, with the cause; right ones pass at every point and in every precision."""

import numpy as np
import pytest

import dualmc as dm
from dualmc import testing as dt
from dualmc.rules import RULES

from .wrongs import HANDS, RIGHT, WRONG

MUTANTS = [pytest.param(h, w, c, id=f"{h.name}: {k}") for h in HANDS for k, (w, c) in h.wrong.items()]


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


@pytest.mark.parametrize(("hand", "wrong", "cause"), MUTANTS)
def test_a_wrong_derivative_is_found(hand, wrong, cause):
    rng = np.random.default_rng(1)
    point = hand.point(rng, hand.dtypes[0])
    with pytest.raises(AssertionError) as caught:
        hand.run(wrong, point)
    message = str(caught.value)
    assert isinstance(caught.value, dt.WrongDerivative)
    assert cause in caught.value.cause, message
    assert "suspected" in message
    hand.run(hand.right, point)


def test_there_are_enough_of_them():
    assert len(MUTANTS) + len(WRONG) >= 30


@pytest.mark.parametrize("hand", HANDS, ids=lambda h: h.name)
def test_a_right_derivative_passes_everywhere(hand):
    rng = np.random.default_rng(2)
    for dtype in hand.dtypes:
        for _ in range(hand.examples):
            x = hand.point(rng, dtype)
            agreement = hand.run(hand.right, x)
            assert agreement.digits >= (3 if np.finfo(dtype).eps > 1e-10 else 7)
            assert agreement.possible >= 4


def test_these_are_two_thousand_examples():
    assert sum(h.examples * len(h.dtypes) for h in HANDS) >= 2000


@pytest.mark.parametrize("name", RIGHT)
def test_right_rules_pass(name, rule):
    func, about = RIGHT[name]
    call = rule(func, about)
    for seed in range(20):
        dt.check_rule(call, seed=seed)


@pytest.mark.parametrize("name", WRONG)
def test_wrong_rules_are_found(name, rule):
    func, about, cause = WRONG[name]
    with pytest.raises(dt.WrongDerivative) as caught:
        dt.check_rule(rule(func, about))
    assert cause in caught.value.cause, str(caught.value)
