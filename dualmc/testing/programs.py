"""Random programs: compositions of functions from the table, each inside its domain, that read as code."""

from collections.abc import Callable, Mapping

import numpy as np

from .._typing import Array
from ..rules import RULES
from ..rules.rule import Domain, Elementwise

# Functions that are smooth and tame on all of ℝ, under the text that a program shows; simple ones first, which is where examples shrink to.
TAME: dict[str, Callable[..., Array]] = {
    "2 * {} - 1": lambda x: 2 * x - 1,
    "{} + {}": lambda x, y: x + y,
    "{} - {}": lambda x, y: x - y,
    "{} * {}": lambda x, y: x * y,
    "{}[::-1]": lambda x: x[::-1],
    "np.sin({})": np.sin,
    "np.cos({})": np.cos,
    "np.tanh({})": np.tanh,
    "np.arctan({})": np.arctan,
    "np.arcsinh({})": np.arcsinh,
    "bell({})": lambda x: np.exp(-x * x),
    "log1p_square({})": lambda x: np.log1p(x * x),
    "sqrt1p_square({})": lambda x: np.sqrt(1 + x * x),
    "cube_over_square({})": lambda x: x**3 / (1 + x**2),
    "np.roll({}, 1)": lambda x: np.roll(x, 1),
    "running_mean({})": lambda x: np.cumsum(x) / x.size,
    "centred({})": lambda x: x - np.mean(x),
    "scaled({})": lambda x: x / (1 + np.sum(x * x)),
    "np.hypot({}, 1) + np.var(...)": lambda x: np.hypot(x, 1.0) + np.var(x),
    "gram({})": lambda x: (x.reshape(-1, 1) @ x.reshape(1, -1) @ np.cos(x)) / x.size,
    "np.outer({}, np.cos(...)).sum(0)": lambda x: np.outer(x, np.cos(x)).sum(axis=0),
    "halves_swapped({})": lambda x: np.concatenate([x[x.size // 2 :] * 2, np.sin(x[: x.size // 2])]),
    "np.prod(np.tanh({})) + ...": lambda x: np.prod(np.tanh(x)) + x,
    "ratio({}, {})": lambda x, y: x / (2 + y * y),
    "np.logaddexp({}, {})": np.logaddexp,
    "np.arctan2({}, 1 + square({}))": lambda x, y: np.arctan2(x, 1 + y * y),
    "power({}, {})": lambda x, y: (1 + x * x) ** np.tanh(y),
    "row_sums({}, {})": lambda x, y: (x[:, None] * y[None, : (x.size + 1) // 2]).sum(axis=1),
}
# They choose between arguments, jump, or stretch so much that a composition of several oscillates faster than differences see.
_LEFT_OUT = {
    "degrees",
    "rad2deg",
    "maximum",
    "minimum",
    "fmax",
    "fmin",
    "copysign",
    "nextafter",
    "fmod",
    "remainder",
    "floor_divide",
    "heaviside",
}


def inside(x: Array, low: float, high: float) -> Array:
    """Bring every number into the middle nine tenths of an interval, smoothly: low + (high - low)·(1 + 0.9·sin x) / 2."""
    return low + (high - low) * (1 + 0.9 * np.sin(x)) / 2


def table_functions() -> dict[str, Callable[..., Array]]:
    """Return the smooth ufuncs of the table, each with its arguments brought into its domain."""
    found = {}
    numpy = {u for u in vars(np).values() if isinstance(u, np.ufunc)}
    for func, rule in RULES.items():
        if func in numpy and isinstance(rule, Elementwise):
            smooth = func.__name__ not in _LEFT_OUT and not rule.select and not any(o.integer for o in rule.on)
            if smooth and 1 <= len(rule.on) <= 2:
                shown = ", ".join(f"inside({{}}, {o.low:g}, {o.high:g})" for o in rule.on)
                found[f"np.{func.__name__}({shown})"] = _brought(func, rule.on)
    return found


def _brought(func: Callable[..., Array], domains: tuple[Domain, ...]) -> Callable[..., Array]:
    def call(*xs: Array) -> Array:
        return func(*(inside(x, o.low, o.high) for x, o in zip(xs, domains, strict=True)))

    return call


class Program:
    """
    A function of one vector: steps that call functions with the input or with results of steps before them.

    Parameters
    ----------
    steps : tuple
        Of `(text, *operands)`: operand 0 is the input, operand k the result of step k.
    functions : mapping
        From the text to the function.

    """

    def __init__(self, steps: tuple[tuple[str, tuple[int, ...]], ...], functions: Mapping[str, Callable[..., Array]]) -> None:
        self.steps, self.functions = steps, functions

    def __call__(self, x: Array) -> Array:
        """Run the steps that the result depends on."""
        values: dict[int, Array] = {0: x}
        for k in self.used():
            text, operands = self.steps[k - 1]
            values[k] = self.functions[text](*(values[i] for i in operands))
        return values[len(self.steps)]

    def used(self) -> list[int]:
        """Return the numbers of the steps that the result depends on."""
        wanted = {len(self.steps)}
        for k in range(len(self.steps), 0, -1):
            if k in wanted:
                wanted.update(self.steps[k - 1][1])
        return sorted(wanted - {0})

    def __repr__(self) -> str:
        """Show the program as code."""
        used = self.used()
        names = {0: "x"} | {k: f"y{i}" for i, k in enumerate(used, 1)}
        lines = [f"    {names[k]} = {self.steps[k - 1][0].format(*(names[i] for i in self.steps[k - 1][1]))}" for k in used]
        return "\n".join(["def program(x):", *lines, f"    return {names[len(self.steps)]}"])
