"""Curves of cost over the size of arrays and over the number of directions."""

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

from .problems import Problem, array, chain, chain_by_hand

OVER = {"n": [(10**i, 0) for i in range(1, 7)], "k": [(10_000, 2**i) for i in range(6)]}
"""Sizes and numbers of directions (0: one, without an axis) of each figure."""

AXES = {"n": "numbers", "k": "directions"}


def check_library() -> None:
    """Raise ValueError if nothing can be drawn."""
    if importlib.util.find_spec("matplotlib") is None:
        raise ValueError("--plot needs matplotlib: pip install 'dualmc[bench]'")


def problems() -> Iterator[tuple[str, Problem]]:
    """Yield the figure and the problem of each point."""
    for figure, points in OVER.items():
        for n, k in points:
            yield figure, Problem(f"chain over {figure}: n={n:g} k={k or 1}", "a curve", "push", chain, hand=chain_by_hand, **array(n, k))


def draw(directory: Path, measured: Callable[[str], list[dict]]) -> list[Path]:
    """Write a figure for each of OVER from what was measured for it; return the files."""
    directory.mkdir(parents=True, exist_ok=True)
    files = []
    for figure, points in OVER.items():
        x = [n if figure == "n" else k for n, k in points]
        costs: dict[str, dict[int, float]] = {}
        for at, result in zip(x, measured(figure), strict=True):
            for name, seconds in result["seconds"].items():
                costs.setdefault(name, {})[at] = seconds / result["seconds"]["NumPy"]
        files.append(_draw_one(directory / f"chain_over_{figure}.png", AXES[figure], costs))
    return files


def _draw_one(file: Path, label: str, costs: dict[str, dict[int, float]]) -> Path:
    canvas = importlib.import_module("matplotlib.figure").Figure(figsize=(8, 5), layout="constrained")
    axes = canvas.subplots()
    for name, curve in costs.items():
        look = {"color": "black", "linestyle": "--"} if name == "NumPy" else {"marker": "o"}
        axes.loglog(list(curve), list(curve.values()), label=name, **look)
    axes.set(xlabel=label, ylabel="cost, times NumPy's function", title="Value and tangents of eleven operations")
    axes.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    canvas.savefig(file, dpi=120)
    return file
