"""What was measured as tables, and the tables as Markdown."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .ours import DUALMC

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

OWN = ("least", "by hand", *DUALMC, "nested, one column")
"""The candidates that are no peers, in the order of columns; peers follow as they were measured."""

TITLES = {
    "push": "Value and tangents of an array that is ready made",
    "jvp": "Value and tangent, with all that a call does on entry",
    "gradient": "Gradients",
    "jacobian": "Jacobians",
    "hessian": "Value, gradient and Hessian",
}

NONE = "-"

RIVALS, SHARE = ("dualpy", "autograd"), 0.5
"""Peers that go forwards and eagerly, as dualmc does; and the part of the quicker one's time that is allowed where there is a limit."""


@dataclass(frozen=True)
class Table:
    """A title, the names of the columns, and rows of cells."""

    title: str
    head: list[str]
    rows: list[list[str]]


def missed(result) -> bool:
    """Whether a limit is missed by the best of dualmc's ways."""
    best = _best(result)
    return result["limit"] is not None and best is not None and best > result["limit"] * result["seconds"]["NumPy"]


def _best(result) -> float | None:
    return min((result["seconds"][name] for name in DUALMC if name in result["seconds"]), default=None)


def _verdict(result) -> str:
    """Say whether a limit is kept; "bound" if what no method is spared exceeds it, and what the derivative by hand takes if that does."""
    limit, t = result["limit"], result["seconds"]
    if limit is None:
        return NONE
    if not missed(result):
        return f"{limit:g} kept"
    least, hand = (t.get(name, 0.0) / t["NumPy"] for name in ("least", "by hand"))
    if least > limit:
        return f"{limit:g} bound: {_figure(least)}"
    return f"{limit:g} missed" + (f", by hand {_figure(hand)}" if hand > limit else "")


def _of_rivals(result) -> str:
    """Return the part of the quicker rival's time; "bound" with the part that the function alone takes, if that is too much."""
    t, best = result["seconds"], _best(result)
    quickest = min((t[name] for name in RIVALS if name in t), default=None)
    if result["limit"] is None or result["task"] != "push" or not best or not quickest:
        return NONE
    share, alone = best / quickest, t["NumPy"] / quickest
    said = "kept" if share <= SHARE else f"bound: {_figure(alone)}" if alone > SHARE else "missed"
    return f"{_figure(share)} {said}"


def _figure(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 100 else f"{ratio:.0f}"


def _costs(title: str, results: dict) -> Table:
    """Return a row for each problem: times the cost of NumPy's function, which is given in microseconds."""
    measured = list(dict.fromkeys(name for r in results.values() for name in r["seconds"]))
    peers = [name for name in measured if name not in ("NumPy", *OWN)]
    columns = [name for name in OWN if name in measured] + peers
    rows = []
    for name, result in results.items():
        t, best = result["seconds"], _best(result)
        fastest = min((t[peer] for peer in peers if peer in t), default=None)
        rows.append(
            [
                name,
                f"{t['NumPy'] * 1e6:.3g}",
                *(_figure(t[c] / t["NumPy"]) if c in t else NONE for c in columns),
                _verdict(result),
                _figure(best / t["by hand"]) if best and "by hand" in t else NONE,
                _figure(best / fastest) if best and fastest else NONE,
                _of_rivals(result),
            ]
        )
    return _without_empty(
        Table(title, ["", "NumPy, µs", *columns, "limit", "of by hand", "of best peer", f"of {' and '.join(RIVALS)}"], rows)
    )


def _without_empty(table: Table) -> Table:
    kept = [i for i in range(len(table.head)) if any(row[i] != NONE for row in table.rows)]
    return Table(table.title, [table.head[i] for i in kept], [[row[i] for i in kept] for row in table.rows])


def _first(results: dict) -> Table:
    names = list(dict.fromkeys(name for r in results.values() for name in r["first"] if name != "by hand"))
    times = {name: [r["first"][name] for r in results.values() if name in r["first"]] for name in names}
    summaries = {"median": np.median, "longest": np.max}
    rows = [[label, *(f"{1e3 * summary(times[name]):.3g}" for name in names)] for label, summary in summaries.items()]
    return Table("The first call, in milliseconds: building, compiling, and the call itself", ["", *names], rows)


def _imports(imports: dict) -> Table:
    return Table("Import, in seconds", ["", *imports], [["", *(f"{t:.2f}" for t in imports.values())]])


def _absent(results: dict) -> Table:
    """Return who did not take part where, and why: of errors of one type, the first is named."""
    where: dict[tuple[str, str], list[str]] = {}
    reasons: dict[tuple[str, str], str] = {}
    for problem, result in results.items():
        for name, reason in result["notes"].items():
            key = name, reason.split(":")[0]
            where.setdefault(key, []).append(problem)
            reasons.setdefault(key, reason)
    rows = [[key[0], _listed(problems, results), reasons[key]] for key, problems in sorted(where.items())]
    return Table("Not measured", ["", "problems", "because"], rows)


def _listed(problems: list[str], results: dict) -> str:
    """Name a task instead of its problems where all of them are meant."""
    whole = [task for task in TITLES if len(of := _of(task, results)) > 1 and set(of) <= set(problems)]
    return "; ".join([f"all of {task}" for task in whole] + [p for p in problems if results[p]["task"] not in whole])


def _of(task: str, results: dict) -> dict:
    return {name: result for name, result in results.items() if result["task"] == task}


def tables(report) -> Iterator[Table]:
    """Yield the tables that have something to say."""
    for task, title in TITLES.items():
        if results := _of(task, report["results"]):
            yield _costs(f"{title}: times the cost of the function in plain NumPy", results)
    yield _first(report["results"])
    if report["imports"]:
        yield _imports(report["imports"])
    absent = _absent(report["results"])
    if absent.rows:
        yield absent


def _markdown(table: Table) -> str:
    rows = [[cell.replace("|", "\\|") for cell in row] for row in (table.head, *table.rows)]
    widths = [max(3, *(len(row[i]) for row in rows)) for i in range(len(table.head))]
    numbers = [is_numeric(table, i) for i in range(len(widths))]

    def line(cells):
        return "| " + " | ".join(c.rjust(w) if n else c.ljust(w) for c, w, n in zip(cells, widths, numbers, strict=True)) + " |"

    rule = ["-" * (w - 1) + (":" if n else "-") for w, n in zip(widths, numbers, strict=True)]
    return "\n".join([f"{table.title}.", "", line(rows[0]), "| " + " | ".join(rule) + " |", *map(line, rows[1:])])


def is_numeric(table: Table, column: int) -> bool:
    """Whether a column has figures."""
    return column > 0 and all(row[column][:1].isdigit() or row[column] == NONE for row in table.rows)


def text(report) -> str:
    """Return the machine and all tables as Markdown, which is aligned and reads well as it is."""
    return "\n\n".join([f"Measured on: {report['machine']}.", *map(_markdown, tables(report))])


def check_page(page: Path) -> None:
    """Raise ValueError if there is no page, or no place in it for tables."""
    if not page.is_file() or not all(marker in page.read_text(encoding="utf-8") for marker in (BEGIN, END)):
        raise ValueError(f"{page} is not a page with the markers {BEGIN} and {END}")


def write_markdown(report, page: Path) -> None:
    """Replace what stands between the markers of a page."""
    check_page(page)
    old = page.read_text(encoding="utf-8")
    page.write_text(old[: old.index(BEGIN) + len(BEGIN)] + "\n\n" + text(report) + "\n\n" + old[old.index(END) :], encoding="utf-8")
