"""Measure forward, reverse and structured mode over sizes, print the numbers and draw the figures of forward_and_reverse.md."""

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads that wait for each other would be what is measured

import matplotlib as mpl
import numpy as np

import dualmc as dm

mpl.use("Agg")
from matplotlib import pyplot as plt

HERE = Path(__file__).parent / "figures"
SIZES = (1, 4, 16, 64, 256, 1024, 4096)
INPUTS = 256
OUTPUTS = (1, 4, 16, 64, 128, 256, 512, 1024)
HIDDEN, WEIGHTS = np.random.default_rng(0).normal(size=(2, max(OUTPUTS), INPUTS)) / 16
POINTS = (16, 64, 256, 1024, 2048)
COLOURS = {"forward": "#0072b2", "reverse": "#d55e00", "structured": "#009e73"}
MARKS = {"forward": "o", "reverse": "s", "structured": "^"}


def energy(x: Any) -> Any:
    """Return one number from n."""
    return np.sum(np.sin(x) * np.cos(x[::-1]))


def curve(times: Any) -> Callable[[Any], Any]:
    """Return the function of one number that gives n."""
    return lambda rate: np.exp(-rate * times) * np.sin(rate * times)


def ring(u: Any) -> Any:
    """Return what reacts and spreads on a ring: n numbers from n, each of three neighbours."""
    return np.roll(u, 1) - 2 * u + np.roll(u, -1) + np.exp(-u * u)


def network(outputs: int) -> Callable[[Any], Any]:
    """Return the function of 256 numbers, with as many hidden ones, that gives so many."""
    hidden, weights = HIDDEN[:INPUTS], WEIGHTS[:outputs]
    return lambda x: np.tanh(weights @ np.tanh(hidden @ x))


def measured(label: str, sizes: Sequence[int], case: Callable[[int], tuple[Any, Any]], seconds: float) -> list[Any]:
    """Compare the modes at each size, and print a row for each: times, then memory."""
    print(f"\n{label}\n{'':>8s}" + "".join(f"{name:>12s}" for name in (*COLOURS, *COLOURS)) + f"{'crossover':>11s}{'digits':>8s}")
    found = []
    for n in sizes:
        f, x = case(n)
        c = dm.compare(f, x, seconds=seconds)
        found.append(c)
        ratios = [*map(c.time_ratio, c.modes), *map(c.memory_ratio, c.modes)]
        print(f"{n:8d}" + "".join(f"{r:12.3g}" for r in ratios) + f"{c.crossover:11.2g}{c.digits:8.1f}", flush=True)
    return found


def draw(axes: Any, sizes: Sequence[int], found: Sequence[Any], title: str, label: str) -> None:
    """Draw the time of each mode over size."""
    for i, mode in enumerate(found[0].modes):
        ratios = [c.time_ratio(c.modes[i]) for c in found]
        axes.plot(sizes, ratios, color=COLOURS[mode.name], marker=MARKS[mode.name], label=mode.name)
    axes.set(xscale="log", yscale="log", title=title, xlabel=label, ylabel="evaluations of f")
    axes.grid(color="0.9")
    axes.legend()


def crossing(sizes: Sequence[int], found: Sequence[Any]) -> float:
    """Return the size at which forward and reverse take the same time, between the measured ones on logarithmic axes."""
    gaps = [np.log(c.time_ratio(c.modes[1]) / c.time_ratio(c.modes[0])) for c in found]
    for a, b, low, high in zip(gaps, gaps[1:], sizes, sizes[1:], strict=False):
        if a < 0 <= b:
            return float(np.exp(np.log(low) + np.log(high / low) * -a / (b - a)))
    return float("nan")


def patterns() -> None:
    """Draw the Jacobian of a Brusselator on a small periodic grid, by slots and by colours."""

    def rate(w: Any) -> Any:
        u, v = w
        spread = [np.roll(z, 1, 0) + np.roll(z, -1, 0) + np.roll(z, 1, 1) + np.roll(z, -1, 1) - 4 * z for z in (u, v)]
        return np.stack([1 + u * u * v - 4.4 * u + spread[0], 3.4 * u - u * u * v + spread[1]])

    pattern = dm.jacobian_sparsity(rate)(np.ones((2, 6, 6)))
    coloring = dm.coloring(pattern)
    figure, axes = plt.subplots(1, 2, figsize=(8.4, 4.4), layout="constrained")
    dm.spy(pattern, axes[0], colors="slots").set_title(f"{np.diff(pattern.indptr).max()} slots")
    dm.spy(pattern, axes[1], colors=coloring).set_title(f"{coloring.count} colours")
    figure.savefig(HERE / "pattern.png", dpi=100)


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0, help="about how long to measure at each size (default 1)")
    seconds = parser.parse_args().seconds
    x = np.random.default_rng(1).normal(size=max(SIZES))
    HERE.mkdir(exist_ok=True)
    patterns()
    by_inputs = measured("one output, n inputs", SIZES, lambda n: (energy, x[:n]), seconds)
    by_outputs = measured("one input, n outputs", SIZES, lambda n: (curve(np.linspace(0, 3, n)), 1.5), seconds)
    both = measured(f"{INPUTS} inputs, n outputs", OUTPUTS, lambda n: (network(n), x[:INPUTS]), seconds)
    square = measured("n inputs, n outputs, three slots", POINTS, lambda n: (ring, x[:n]), seconds)
    at = crossing(OUTPUTS, both)
    print(f"\nthe curves cross at {at:.0f} outputs, n_out/n_in = {at / INPUTS:.2g}")

    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.4), layout="constrained", sharey=True)
    draw(left, SIZES, by_inputs, "one output", "inputs")
    draw(right, SIZES, by_outputs, "one input", "outputs")
    right.set_ylabel("")
    figure.savefig(HERE / "cost.png", dpi=100)

    figure, axes = plt.subplots(figsize=(5.4, 3.6), layout="constrained")
    draw(axes, OUTPUTS, both, f"tanh(W·tanh(V·x)), {INPUTS} inputs", "outputs")
    axes.axvline(at, color="0.5", linestyle="--")
    axes.annotate(f" {at:.0f} outputs", (at, axes.get_ylim()[0] * 1.2), color="0.3")
    figure.savefig(HERE / "crossover.png", dpi=100)

    figure, axes = plt.subplots(figsize=(5.4, 3.6), layout="constrained")
    draw(axes, POINTS, square, "three neighbours on a ring", "inputs = outputs")
    figure.savefig(HERE / "structured.png", dpi=100)


if __name__ == "__main__":
    main()
