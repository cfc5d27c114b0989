"""Nonlinear regression on three NIST StRD problems, with Jacobians from forward passes, against the certified values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

import dualmc as dm
from dualmc._typing import Array
from dualmc.text import digits, heading, table

Vector: TypeAlias = NDArray[np.float64]
Evaluation: TypeAlias = Callable[[Vector], tuple[Vector, Vector]]

CERTIFIED_DIGITS = 11
"""NIST certifies every value to 11 significant digits, so that no comparison can show more."""

FLAT = 1e-10
"""Where a step is predicted to lower the sum of squares by less than this share, rounding hides whether it does."""

CAUTION = 1e3
"""
The first damping. From Start 1 of BoxBOD, long first steps end where exp(-b2·x) has vanished, and b2 with it; every
value from 30 to 1e5 avoids that and changes little elsewhere.
"""

# Problems. ---------------------------------------------------------------------------------------------------


def exponential_rise(b: Array, x: Array) -> Array:
    return b[0] * (1 - np.exp(-b[1] * x))


def rational(b: Array, x: Array) -> Array:
    return b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3])


@dataclass(frozen=True)
class Problem:
    """
    A regression problem with certified results.

    Attributes
    ----------
    name, formula : str
        The name that NIST gave it; the model as text.
    model : callable
        `model(b, x)` for parameters b of shape (p,) and x of shape (n,) returns shape (n,).
    x, y : ndarray
        Predictor and response, shape (n,) each.
    starts : tuple of tuple of float
        Start 1 (far from the solution) and Start 2 (near).
    certified, certified_deviations : ndarray
        Parameters and their standard deviations, shape (p,).
    certified_rss : float
        Residual sum of squares.

    """

    name: str
    formula: str
    model: Callable[[Array, Array], Array]
    x: Vector
    y: Vector
    starts: tuple[tuple[float, ...], ...]
    certified: Vector
    certified_deviations: Vector
    certified_rss: float


def _columns(pairs: Sequence[tuple[float, float]]) -> tuple[Vector, Vector]:
    """Return x and y from the pairs (y, x) that NIST lists."""
    y, x = np.array(pairs).T
    return x, y


_MISRA1A = _columns([
    (10.07, 77.6), (14.73, 114.9), (17.94, 141.1), (23.93, 190.8), (29.61, 239.9), (35.18, 289.0), (40.02, 332.8),
    (44.82, 378.4), (50.76, 434.8), (55.05, 477.3), (61.01, 536.8), (66.40, 593.1), (75.47, 689.1), (81.78, 760.0),
])  # fmt: skip
_BOXBOD = _columns([(109, 1), (149, 2), (149, 3), (191, 5), (213, 7), (224, 10)])
_MGH09 = _columns([
    (0.1957, 4), (0.1947, 2), (0.1735, 1), (0.16, 0.5), (0.0844, 0.25), (0.0627, 0.167), (0.0456, 0.125),
    (0.0342, 0.1), (0.0323, 0.0833), (0.0235, 0.0714), (0.0246, 0.0625),
])  # fmt: skip

PROBLEMS: dict[str, Problem] = {
    problem.name: problem
    for problem in (
        Problem(
            "Misra1a",
            "y = b1·(1 - exp(-b2·x))",
            exponential_rise,
            *_MISRA1A,
            starts=((500, 0.0001), (250, 0.0005)),
            certified=np.array([2.3894212918e02, 5.5015643181e-04]),
            certified_deviations=np.array([2.7070075241e00, 7.2668688436e-06]),
            certified_rss=1.2455138894e-01,
        ),
        Problem(
            "BoxBOD",
            "y = b1·(1 - exp(-b2·x))",
            exponential_rise,
            *_BOXBOD,
            starts=((1, 1), (100, 0.75)),
            certified=np.array([2.1380940889e02, 5.4723748542e-01]),
            certified_deviations=np.array([1.2354515176e01, 1.0455993237e-01]),
            certified_rss=1.1680088766e03,
        ),
        Problem(
            "MGH09",
            "y = b1·(x² + x·b2) / (x² + x·b3 + b4)",
            rational,
            *_MGH09,
            starts=((25, 39, 41.5, 39), (0.25, 0.39, 0.415, 0.39)),
            certified=np.array([1.9280693458e-01, 1.9128232873e-01, 1.2305650693e-01, 1.3606233068e-01]),
            certified_deviations=np.array([1.1435312227e-02, 1.9633220911e-01, 8.0842031232e-02, 9.0025542308e-02]),
            certified_rss=3.0750560385e-04,
        ),
    )
}
"""The three problems, by name: one easy for NIST (Misra1a), two hard (BoxBOD, MGH09)."""

# The method. -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fit:
    """
    What least squares found.

    Attributes
    ----------
    parameters, deviations : ndarray
        The minimiser and its standard deviations, shape (p,).
    rss : float
        Residual sum of squares.
    iterations : int
        Steps tried, accepted or not; each took one pass for residual and Jacobian together.
    converged : bool
        Whether the steps shrank to rounding within the limit of iterations.

    """

    parameters: Vector
    deviations: Vector
    rss: float
    iterations: int
    converged: bool


def least_squares(residual: Callable[[Array], Array], start: Sequence[float], *, max_iterations: int = 1000) -> Fit:
    """
    Minimise the sum of squares of a residual by the Levenberg-Marquardt method.

    Parameters
    ----------
    residual : callable
        Takes parameters of shape (p,), returns residuals of shape (n,) with n > p; written in NumPy.
    start : sequence of float
        Where to begin, length p.
    max_iterations : int
        Steps to try before giving up.

    Returns
    -------
    Fit
        The minimiser and its standard deviations, in the units of the parameters; the deviations are inf where the
        data do not determine the parameters.

    Raises
    ------
    ValueError
        If max_iterations is not positive, there are no more residuals than parameters, or the residual at the start
        is not finite.

    Notes
    -----
    A step s minimises ‖r + J·s‖² + λ‖D·s‖², solved as one linear least-squares problem with √λ·D below J; the normal
    equations would square the condition number. D holds the largest norm that each column of J has had (Moré 1978,
    The Levenberg-Marquardt algorithm), and the ratio of actual to predicted reduction steers λ (Nielsen 1999, Damping
    parameter in Marquardt's method). Where the sum of squares is flat to rounding, plain Gauss-Newton steps follow
    until they shrink no more. The deviations are √(diag((JᵀJ)⁻¹)·RSS/(n - p)).

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([0.0, 1.0, 2.0])
    >>> fit = least_squares(lambda b: b[0] * np.exp(b[1] * x) - np.array([3.0, 5.0, 8.0]), [1.0, 1.0])
    >>> fit.converged, np.round(fit.parameters, 6)
    (True, array([3.046695, 0.4838  ]))

    """
    if max_iterations < 1:
        raise ValueError(f"max_iterations must be positive, got {max_iterations}")
    evaluate = dm.value_and_jacobian(residual)
    b = np.array(start, float)
    with np.errstate(all="ignore"):  # A trial that overflows is rejected, which needs no warning.
        r, J = evaluate(b)
        if r.size <= b.size:
            raise ValueError(f"least_squares needs more residuals than parameters, got {r.size} and {b.size}")
        if not (np.isfinite(r).all() and np.isfinite(J).all()):
            raise ValueError(f"the residual or its Jacobian is not finite at the start {list(start)}")
        b, r, J, damped = _descend(evaluate, b, r, J, max_iterations)
        b, r, J, plain, converged = _polish(evaluate, b, r, J, max_iterations - damped)
    return Fit(b, _deviations(J, r), float(r @ r), damped + plain, converged)


def _descend(evaluate: Evaluation, b: Vector, r: Vector, J: Vector, limit: int) -> tuple[Vector, Vector, Vector, int]:
    """Take damped steps until not even the undamped one would lower the sum of squares noticeably."""
    scale, damping, growth = np.zeros(b.size), CAUTION, 2.0
    for iteration in range(limit):
        if _predicted(J, r, _step(J, r, np.zeros(b.size))) <= FLAT * (r @ r):
            return b, r, J, iteration
        scale = np.maximum(scale, np.linalg.norm(J, axis=0))
        step = _step(J, r, np.sqrt(damping) * scale)
        predicted = _predicted(J, r, step)
        if predicted <= 0:  # The damping has grown so large that the step is lost in rounding.
            return b, r, J, iteration
        trial_r, trial_J = evaluate(b + step)
        gain = float(r @ r - trial_r @ trial_r) / predicted
        if gain > 1e-4 and np.isfinite(trial_J).all():
            b, r, J = b + step, trial_r, trial_J
            damping, growth = damping * max(1 / 3, 1 - (2 * gain - 1) ** 3), 2.0
        else:
            damping, growth = damping * growth, growth * 2
    return b, r, J, limit


def _polish(evaluate: Evaluation, b: Vector, r: Vector, J: Vector, limit: int) -> tuple[Vector, Vector, Vector, int, bool]:
    """Take undamped steps until they are of the size of rounding: tiny, and no longer shrinking."""
    last = np.inf
    for iteration in range(limit):
        step = _step(J, r, np.zeros(b.size))
        scale = np.linalg.norm(J, axis=0)
        length = float(np.linalg.norm(scale * step) / (np.linalg.norm(scale * b) + np.linalg.norm(r) or 1.0))
        if length < 1e-10 and length >= last:
            return b, r, J, iteration, True
        trial_r, trial_J = evaluate(b + step)
        if not np.isfinite(trial_J).all():
            return b, r, J, iteration, False
        b, r, J, last = b + step, trial_r, trial_J, length
    return b, r, J, limit, False


def _predicted(J: Vector, r: Vector, step: Vector) -> float:
    """Return by how much a step would lower the sum of squares if the residual were linear."""
    return float(r @ r - np.sum((r + J @ step) ** 2))


def _step(J: Vector, r: Vector, damping: Vector) -> Vector:
    """Return the s that minimises ‖r + J·s‖² + ‖diag(damping)·s‖², with the columns scaled to length 1."""
    norms = np.linalg.norm(J, axis=0)
    units = np.where(norms > 0, norms, 1.0)
    stacked = np.concatenate([J, np.diag(damping)]) / units
    s: Vector = np.linalg.lstsq(stacked, np.concatenate([-r, np.zeros(J.shape[1])]))[0]
    return s / units


def _deviations(J: Vector, r: Vector) -> Vector:
    """Return √(diag((JᵀJ)⁻¹)·RSS/(n - p)) from the triangular factor of J; inf if columns of J are dependent."""
    n, p = J.shape
    try:
        inverse = np.linalg.inv(np.linalg.qr(J).R)
    except np.linalg.LinAlgError:
        return np.full(p, np.inf)
    d: Vector = np.linalg.norm(inverse, axis=1) * np.sqrt((r @ r) / (n - p))
    return d


# The demonstration. ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Comparison:
    """
    One fit beside the certified values.

    Attributes
    ----------
    problem : Problem
        What was fitted.
    start : int
        1 or 2.
    fit : Fit
        What came out.
    parameter_digits, deviation_digits : ndarray
        Digits of agreement, shape (p,).
    rss_digits : float
        The same for the residual sum of squares.

    """

    problem: Problem
    start: int
    fit: Fit
    parameter_digits: Vector
    deviation_digits: Vector
    rss_digits: float


def compare(problem: Problem, start: int) -> Comparison:
    """
    Fit one problem from one of its starting points and count the digits that agree with the certified values.

    Parameters
    ----------
    problem : Problem
        One of `PROBLEMS`.
    start : int
        1 or 2.

    Returns
    -------
    Comparison
        The fit and its digits, capped at `CERTIFIED_DIGITS`.

    Raises
    ------
    ValueError
        If there is no such start.

    Notes
    -----
    Digits are log relative errors, -log₁₀(|got - certified| / |certified|); the data, starts and values are those of
    the NIST Statistical Reference Datasets, nonlinear regression.

    Examples
    --------
    >>> float(compare(PROBLEMS["Misra1a"], 2).parameter_digits.min()) > 9
    True

    """
    if not 1 <= start <= len(problem.starts):
        raise ValueError(f"start must be 1 to {len(problem.starts)}, got {start}")
    fit = least_squares(lambda b: problem.model(b, problem.x) - problem.y, problem.starts[start - 1])
    return Comparison(
        problem,
        start,
        fit,
        digits(fit.parameters, problem.certified, CERTIFIED_DIGITS),
        digits(fit.deviations, problem.certified_deviations, CERTIFIED_DIGITS),
        float(digits(fit.rss, problem.certified_rss, CERTIFIED_DIGITS)),
    )


def run(names: Sequence[str] = tuple(PROBLEMS)) -> list[Comparison]:
    """
    Fit problems from both starting points each.

    Parameters
    ----------
    names : sequence of str
        Which of `PROBLEMS`; all when left out.

    Returns
    -------
    list of Comparison
        Two for each problem, in order.

    Raises
    ------
    ValueError
        If a name is not known.

    Notes
    -----
    As `compare`.

    Examples
    --------
    >>> [(c.start, c.fit.converged) for c in run(["BoxBOD"])]
    [(1, True), (2, True)]

    """
    for name in names:
        if name not in PROBLEMS:
            raise ValueError(f"unknown problem {name!r}; choose from {', '.join(PROBLEMS)}")
    return [compare(PROBLEMS[name], start) for name in names for start in (1, 2)]


def _interleaved(values: Vector, deviations: Vector, rss: float) -> list[float]:
    """Return b1, sd b1, b2, sd b2, ..., RSS."""
    return [*np.stack([values, deviations], axis=1).ravel().tolist(), rss]


def _rows(first: Comparison, second: Comparison) -> list[list[str]]:
    problem, pair = first.problem, (first, second)
    names = [f"{kind}b{i}" for i in range(1, problem.certified.size + 1) for kind in ("", "  sd ")] + ["RSS"]
    got = [_interleaved(c.fit.parameters, c.fit.deviations, c.fit.rss) for c in pair]
    certified = _interleaved(problem.certified, problem.certified_deviations, problem.certified_rss)
    agree = [_interleaved(c.parameter_digits, c.deviation_digits, c.rss_digits) for c in pair]
    values = [[f"{v:.10e}" for v in column] for column in (*got, certified)]
    counts = [[f"{d:.1f}" for d in column] for column in agree]
    return [list(row) for row in zip(names, *values, *counts, strict=True)]


def render(comparisons: Sequence[Comparison]) -> str:
    """
    Lay comparisons out as text: one table for each problem.

    Parameters
    ----------
    comparisons : sequence of Comparison
        As `run` returns them: both starts of a problem in turn.

    Returns
    -------
    str
        Lines without a final line break.

    Raises
    ------
    ValueError
        If the number of comparisons is odd.

    Notes
    -----
    "digits" is the log relative error; rounding of the certified values themselves leaves at least 10.3 of them
    where all 11 agree.

    """
    if len(comparisons) % 2:
        raise ValueError("comparisons must come in pairs: Start 1 and Start 2 of each problem")
    parts = [
        heading("Least squares with Jacobians from dm.value_and_jacobian: NIST StRD problems"),
        "Levenberg-Marquardt. 'digits' counts those that agree with the certified value (log relative error, at most 11).",
    ]
    for first, second in zip(comparisons[::2], comparisons[1::2], strict=True):
        parts.append(f"{first.problem.name}:  {first.problem.formula},  {first.problem.x.size} observations")
        for c in (first, second):
            how = "converged" if c.fit.converged else "did not converge"
            start = ", ".join(f"{b:g}" for b in c.problem.starts[c.start - 1])
            parts[-1] += f"\n  Start {c.start} = ({start}): {how} after {c.fit.iterations} iterations"
        header = ["", "from Start 1", "from Start 2", "certified", "digits 1", "digits 2"]
        parts.append(table(header, _rows(first, second)))
    parts.append("A value that rounds to the certified one in all of its 11 digits shows 10.3 digits or more.")
    return "\n\n".join(parts)
