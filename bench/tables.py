"""What was measured, as text, as tables of a Markdown page, and as curves."""

import importlib
from pathlib import Path

import numpy as np

from .problems import Problem, array, chain, chain_by_hand

COLUMNS = ("by hand", "dualmc", "dualmc, kernels", "autograd", "jax.jit", "dualpy")
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def missed(result) -> bool:
    """Whether a limit is missed by the better one of dualmc's two ways."""
    return result["limit"] is not None and _best(result) > result["limit"] * result["seconds"]["NumPy"]


def _best(result) -> float:
    return min(result["seconds"]["dualmc"], result["seconds"]["dualmc, kernels"])


def _rows(report):
    """Yield the cells of each problem: times the cost of NumPy's function, which is given in microseconds."""
    columns = [c for c in COLUMNS if any(c in r["seconds"] for r in report["results"].values())]
    yield ["", "NumPy, µs", *columns, "limit", "of by hand", "of best peer"]
    for name, result in report["results"].items():
        t = result["seconds"]
        best = _best(result)
        others = [t[c] for c in COLUMNS[3:] if c in t]
        limit = result["limit"]
        yield [
            name,
            f"{t['NumPy'] * 1e6:.3g}",
            *(f"{t[c] / t['NumPy']:.2f}" if c in t else "-" for c in columns),
            "" if limit is None else f"{limit:g} {'missed' if missed(result) else 'kept'}",
            f"{best / t['by hand']:.2f}" if "by hand" in t else "-",
            f"{best / min(others):.2f}" if others else "-",
        ]


def _first(report):
    names = list(dict.fromkeys(n for r in report["results"].values() for n in r["first"]))
    yield ["first call, s", *names]
    for label, function in (("median", np.median), ("longest", np.max)):
        yield [label, *(f"{function([r['first'][n] for r in report['results'].values() if n in r['first']]):.3g}" for n in names)]


def _imports(report):
    yield ["import, s", *report["imports"]]
    yield ["", *(f"{t:.2f}" for t in report["imports"].values())]


def _aligned(rows) -> str:
    rows = list(rows)
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(c.rjust(w) if i else c.ljust(w) for i, (c, w) in enumerate(zip(r, widths, strict=True))) for r in rows)


def _sections(report):
    yield _rows(report)
    yield _first(report)
    if report["imports"]:
        yield _imports(report)


def text(report) -> str:
    """Return all tables as aligned text."""
    parts = [report["machine"], "Times the cost of the function in plain NumPy."]
    parts += [_aligned(rows) for rows in _sections(report)]
    notes = [f"{name}: {n}" for name, r in report["results"].items() for n in r["notes"]]
    return "\n\n".join(parts + (["\n".join(notes)] if notes else []))


def _markdown(rows) -> str:
    head, *body = rows
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(r) + " |" for r in body])


def write_markdown(report, page: Path) -> None:
    """Replace what stands between the markers of a page."""
    old = page.read_text()
    if BEGIN not in old or END not in old:
        raise SystemExit(f"{page} has no markers {BEGIN} and {END}")
    middle = "\n\n".join([f"Measured on: {report['machine']}.", *(_markdown(rows) for rows in _sections(report))])
    page.write_text(old[: old.index(BEGIN) + len(BEGIN)] + "\n\n" + middle + "\n\n" + old[old.index(END) :])


def plot(directory: Path, measure) -> None:
    """Write the cost of the chain over n, and over the number of directions."""
    try:
        pyplot = importlib.import_module("matplotlib.pyplot")
    except ImportError:
        raise SystemExit("--plot needs matplotlib: pip install 'dualmc[bench]'") from None
    directory.mkdir(parents=True, exist_ok=True)
    over = {"n": [(10**i, 0) for i in range(1, 7)], "k": [(10_000, 2**i) for i in range(6)]}
    for label, points in over.items():
        curves: dict[str, list[float]] = {}
        for n, k in points:
            result = measure(Problem("chain", "", "push", chain, hand=chain_by_hand, **array(n, k)))
            for name, seconds in result["seconds"].items():
                curves.setdefault(name, []).append(seconds / result["seconds"]["NumPy"])
        figure, axes = pyplot.subplots()
        x = [n if label == "n" else k for n, k in points]
        for name, costs in curves.items():
            if len(costs) == len(x):
                axes.loglog(x, costs, marker="o", label=name)
        axes.set(xlabel={"n": "numbers", "k": "directions"}[label], ylabel="cost, times NumPy's function", title="Eleven operations")
        axes.legend()
        figure.savefig(directory / f"chain_over_{label}.png", dpi=120)
