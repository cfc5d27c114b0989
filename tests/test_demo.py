"""The demonstrations compute what they claim: certified values, closed forms, checked tangents."""

import dataclasses

import numpy as np
import pytest

import dualmc as dm
from dualmc import text
from dualmc.demo import lorenz, nist, paper


@pytest.fixture(scope="module")
def comparisons():
    return {(c.problem.name, c.start): c for c in nist.run()}


# Regression. -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [1, 2])
@pytest.mark.parametrize("name", list(nist.PROBLEMS))
def test_fit_agrees_with_certified_values_to_nine_digits(comparisons, name, start):
    c = comparisons[name, start]
    assert c.fit.converged
    assert c.parameter_digits.min() >= 9
    assert c.deviation_digits.min() >= 9
    assert c.rss_digits >= 9


@pytest.mark.parametrize("problem", nist.PROBLEMS.values(), ids=list(nist.PROBLEMS))
def test_gradient_of_the_sum_of_squares_vanishes_at_the_fit(comparisons, problem):
    b = comparisons[problem.name, 2].fit.parameters
    r, J = dm.value_and_jacobian(lambda b: problem.model(b, problem.x) - problem.y)(b)
    cosines = r @ J / (np.linalg.norm(r) * np.linalg.norm(J, axis=0))
    assert np.abs(cosines).max() < 1e-10


def test_deviations_follow_from_the_normal_equations(comparisons):
    c = comparisons["BoxBOD", 2]
    J = dm.jacobian(c.problem.model)(c.fit.parameters, c.problem.x)
    n, p = J.shape
    expected = np.sqrt(np.diag(np.linalg.inv(J.T @ J)) * c.fit.rss / (n - p))
    np.testing.assert_allclose(c.fit.deviations, expected, rtol=1e-9)


def test_linear_regression_is_solved_as_lstsq_solves_it():
    rng = np.random.default_rng(3)
    A, y = rng.normal(size=(20, 3)), rng.normal(size=20)
    fit = nist.least_squares(lambda b: A @ b - y, [1.0, 1.0, 1.0])
    assert fit.converged
    np.testing.assert_allclose(fit.parameters, np.linalg.lstsq(A, y)[0], rtol=1e-12)


def test_exact_data_and_a_parameter_of_zero_converge():
    x = np.linspace(0.0, 1.0, 5)
    fit = nist.least_squares(lambda b: b[0] * np.exp(x) + b[1] * x - 2 * np.exp(x), [1.0, 1.0])
    assert fit.converged
    np.testing.assert_allclose(fit.parameters, [2.0, 0.0], atol=1e-13)


def test_parameters_that_the_data_do_not_determine_have_no_finite_deviation():
    y = np.array([1.0, 2.0, 4.0])
    fit = nist.least_squares(lambda b: b[0] + 0 * b[1] - y, [1.0, 1.0])
    assert np.isinf(fit.deviations).all()


@pytest.mark.parametrize("start", [(1.0, 50.0), (200.0, 300.0), (1.0, -3.0), (-5.0, 2.0)])
def test_a_bad_start_ends_without_an_error(start):
    problem = nist.PROBLEMS["BoxBOD"]
    fit = nist.least_squares(lambda b: problem.model(b, problem.x) - problem.y, start)
    assert np.isfinite(fit.rss)


def test_too_few_iterations_are_reported_not_hidden():
    problem = nist.PROBLEMS["MGH09"]
    fit = nist.least_squares(lambda b: problem.model(b, problem.x) - problem.y, problem.starts[0], max_iterations=5)
    assert (fit.converged, fit.iterations) == (False, 5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nist.run(["Hahn1"]), "unknown problem 'Hahn1'; choose from Misra1a, BoxBOD, MGH09"),
        (lambda: nist.compare(nist.PROBLEMS["BoxBOD"], 3), "start must be 1 to 2, got 3"),
        (lambda: nist.least_squares(lambda b: b, [1.0]), "more residuals than parameters"),
        (lambda: nist.least_squares(lambda b: b[0] / np.zeros(2), [1.0]), "not finite at the start"),
        (lambda: nist.least_squares(lambda b: b, [1.0], max_iterations=0), "max_iterations must be positive"),
        (lambda: nist.render(nist.run(["BoxBOD"])[:1]), "must come in pairs"),
        (lambda: lorenz.run(steps=0), "steps must be positive"),
        (lambda: lorenz.run(repeats=0), "repeats must be positive"),
        (lambda: lorenz.integrate(np.ones(40), 0), "steps must be positive"),
        (lambda: text.digits(1.0, 0.0, 11), "not defined"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# The paper. --------------------------------------------------------------------------------------------------

EXAMPLES = paper.run()


@pytest.mark.parametrize("example", EXAMPLES, ids=[e.name for e in EXAMPLES])
def test_examples_of_the_paper_equal_their_closed_forms(example):
    assert example.computed.shape == example.closed_form.shape
    np.testing.assert_allclose(example.computed, example.closed_form, rtol=1e-14, atol=1e-15)


def test_every_section_of_the_paper_is_there():
    assert [e.section for e in EXAMPLES] == sorted(e.section for e in EXAMPLES)
    assert {e.section for e in EXAMPLES} == {"3", "4", "4.2", "4.3", "4.4", "5", "6"}


def test_difference_is_the_largest_entry():
    example = dataclasses.replace(EXAMPLES[0], computed=np.array([1.0, 5.0]), closed_form=np.array([1.5, 2.0]))
    assert example.difference == 3.0


# The integration. --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sensitivity():
    return lorenz.run(steps=200, repeats=3)


def test_tangent_agrees_with_the_complex_step(sensitivity):
    assert sensitivity.complex_digits > 13
    np.testing.assert_allclose(sensitivity.tangent, sensitivity.complex_step, rtol=0, atol=1e-12 * np.abs(sensitivity.tangent).max())


def test_tangent_agrees_with_the_central_difference(sensitivity):
    assert sensitivity.central_digits > 5


def test_cost_is_a_ratio_above_one(sensitivity):
    assert 1 < sensitivity.cost < 100


def test_tangent_through_the_integration_is_linear():
    rng = np.random.default_rng(0)
    x, u, v = rng.normal(size=(3, 40))
    _, push = dm.linearize(lambda x: lorenz.integrate(x, 20), x)
    np.testing.assert_allclose(push(2 * u - 3 * v), 2 * push(u) - 3 * push(v), atol=1e-12)


def test_fourth_order_of_the_integration(monkeypatch):
    x = 8 + np.random.default_rng(1).normal(size=40)
    results = []
    for steps in (10, 20, 160):
        monkeypatch.setattr(lorenz, "TIME_STEP", 0.2 / steps)
        results.append(lorenz.integrate(x, steps))
    coarse, fine, exact = results
    assert np.linalg.norm(coarse - exact) / np.linalg.norm(fine - exact) == pytest.approx(16, rel=0.2)


# Text. -------------------------------------------------------------------------------------------------------


def test_rendered_text_fits_a_wide_terminal_and_has_no_trailing_space(comparisons, sensitivity):
    for rendered in (nist.render(list(comparisons.values())), paper.render(EXAMPLES), lorenz.render(sensitivity)):
        for line in rendered.splitlines():
            assert len(line) <= 120
            assert line == line.rstrip()


def test_rendered_fit_says_when_it_did_not_converge(comparisons):
    pair = [comparisons["BoxBOD", 1], comparisons["BoxBOD", 2]]
    pair[0] = dataclasses.replace(pair[0], fit=dataclasses.replace(pair[0].fit, converged=False))
    assert "Start 1 = (1, 1): did not converge after" in nist.render(pair)


def test_digits_are_log_relative_errors():
    np.testing.assert_allclose(text.digits([1.001, 2.0, np.nan, 5.0], [1.0, 2.0, 1.0, -1.0], cap=11), [3, 11, 0, 0])
