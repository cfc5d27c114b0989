"""A Jacobian-vector product through a time integration of the Lorenz-96 model, checked and timed."""

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

import dualmc as dm
from dualmc._typing import Array
from dualmc.text import heading, table

Vector: TypeAlias = NDArray[np.float64]

VARIABLES, FORCING, TIME_STEP, STEPS = 40, 8.0, 0.01, 200
"""Lorenz's own size and forcing; in units of 5 days, 200 steps of 0.01 are 10 days."""

# The model. --------------------------------------------------------------------------------------------------


def lorenz96(x: Array) -> Array:
    """Return dx/dt: every variable is advected by its neighbours on a circle, damped and forced."""
    return (np.roll(x, -1) - np.roll(x, 2)) * np.roll(x, 1) - x + FORCING


def integrate(x: Array, steps: int = STEPS) -> Array:
    """
    Integrate the Lorenz-96 model with the classical fourth-order Runge-Kutta method.

    Parameters
    ----------
    x : array
        The initial state, shape (n,) with n > 3.
    steps : int
        How many steps of `TIME_STEP` to take.

    Returns
    -------
    array
        The final state, shape (n,).

    Raises
    ------
    ValueError
        If steps is not positive.

    Notes
    -----
    dxᵢ/dt = (xᵢ₊₁ - xᵢ₋₂)·xᵢ₋₁ - xᵢ + F (Lorenz 1996, Predictability: a problem partly solved). The code is plain
    NumPy and knows nothing of derivatives.

    Examples
    --------
    >>> import numpy as np
    >>> integrate(np.full(40, 8.0))[:3]
    array([8., 8., 8.])

    """
    if steps < 1:
        raise ValueError(f"steps must be positive, got {steps}")
    h = TIME_STEP
    for _ in range(steps):
        k1 = lorenz96(x)
        k2 = lorenz96(x + h / 2 * k1)
        k3 = lorenz96(x + h / 2 * k2)
        k4 = lorenz96(x + h * k3)
        x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return x


# The demonstration. ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sensitivity:
    """
    A directional derivative of the final state, by three methods.

    Attributes
    ----------
    steps : int
        Time steps taken.
    final : ndarray
        The final state, shape (40,).
    tangent, complex_step, central : ndarray
        Its derivative along one direction of the initial state, shape (40,): by dm.jvp, by a complex step of 1e-30,
        by a central difference.
    complex_digits, central_digits : float
        Digits of agreement of the tangent with either, in the Euclidean norm.
    cost : float
        Time of value and tangent together relative to the time of the value alone.
    repeats : int
        How many interleaved pairs of runs the cost is the median ratio of.

    """

    steps: int
    final: Vector
    tangent: Vector
    complex_step: Vector
    central: Vector
    complex_digits: float
    central_digits: float
    cost: float
    repeats: int


def _agreement(got: Vector, reference: Vector) -> float:
    """Return -log₁₀(‖got - reference‖ / ‖reference‖), between 0 and 16."""
    error = np.linalg.norm(got - reference) / np.linalg.norm(reference)
    return float(np.clip(-np.log10(np.clip(error, 1e-16, 1.0)), 0.0, 16.0)) + 0.0


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def cost_ratio(call: Callable[[], object], baseline: Callable[[], object], repeats: int) -> float:
    """Time both in turn and return the ratio of the medians; one untimed call of each comes first."""
    call(), baseline()
    pairs = [(_seconds(call), _seconds(baseline)) for _ in range(repeats)]
    times, baseline_times = zip(*pairs, strict=True)
    return float(np.median(times) / np.median(baseline_times))


def run(steps: int = STEPS, repeats: int = 9) -> Sensitivity:
    """
    Differentiate the final state with respect to the initial one along a direction, check and time it.

    Parameters
    ----------
    steps : int
        Time steps.
    repeats : int
        Pairs of timed runs.

    Returns
    -------
    Sensitivity
        Derivatives, digits and cost. States and time are in Lorenz's units without dimension.

    Raises
    ------
    ValueError
        If steps or repeats is not positive.

    Notes
    -----
    The tangent obeys the chain rule from x to y, step by step (Parr & Howard, section 4.5). The complex step is
    Im f(x + i·h·v)/h, which has no cancellation (Squire & Trapp 1998, Using complex variables to estimate derivatives
    of real functions); the central difference is (f(x + h·v) - f(x - h·v))/2h with h = ε^(1/3).

    Examples
    --------
    >>> run(steps=5, repeats=1).complex_digits > 12
    True

    """
    for name, number in (("steps", steps), ("repeats", repeats)):
        if number < 1:
            raise ValueError(f"{name} must be positive, got {number}")
    rng = np.random.default_rng(96)
    x, v = FORCING + rng.normal(size=VARIABLES), rng.normal(size=VARIABLES)
    v /= np.linalg.norm(v)
    forecast = functools.partial(integrate, steps=steps)
    final, tangent = dm.jvp(forecast, (x,), (v,))
    tiny, h = 1e-30, float(np.finfo(float).eps) ** (1 / 3)
    complex_step = forecast(x + 1j * tiny * v).imag / tiny
    central = (forecast(x + h * v) - forecast(x - h * v)) / (2 * h)
    return Sensitivity(
        steps=steps,
        final=final,
        tangent=tangent,
        complex_step=complex_step,
        central=central,
        complex_digits=_agreement(tangent, complex_step),
        central_digits=_agreement(tangent, central),
        cost=cost_ratio(lambda: dm.jvp(forecast, (x,), (v,)), lambda: forecast(x), repeats),
        repeats=repeats,
    )


def render(result: Sensitivity) -> str:
    """
    Lay a result out as text: the first variables by each method, digits and cost.

    Parameters
    ----------
    result : Sensitivity
        As `run` returns it.

    Returns
    -------
    str
        Lines without a final line break.

    Raises
    ------
    AttributeError
        If result is something else.

    Notes
    -----
    The growth is ‖J·v‖ / ‖v‖ with ‖v‖ = 1: by how much an error in the initial state has grown.

    """
    shown = 6
    rows = [
        [f"x{i + 1}", f"{x:.12f}", *(f"{derivative:.14e}" for derivative in (t, c, d))]
        for i, (x, t, c, d) in enumerate(zip(result.final, result.tangent, result.complex_step, result.central, strict=True))
    ][:shown]
    return "\n".join(
        [
            heading("A derivative through a time integration: Lorenz-96, 40 variables, F = 8"),
            "",
            f"dm.jvp through {result.steps} Runge-Kutta steps of {TIME_STEP}, along a random unit direction v of the initial state x(0);",
            f"the first {shown} of {VARIABLES} variables at t = {result.steps * TIME_STEP:g}:",
            "",
            table(["", "x(t)", "dm.jvp", "complex step", "central difference"], rows),
            "",
            f"  agreement with the complex step         {result.complex_digits:5.1f} digits",
            f"  agreement with the central difference   {result.central_digits:5.1f} digits",
            f"  growth of an error along v              {np.linalg.norm(result.tangent):5.4g} times",
            f"  cost of value and tangent               {result.cost:5.1f} times the value alone",
            f"  (medians of {result.repeats} interleaved pairs of runs; a central difference has an error of its own)",
        ]
    )
