"""What a person sees: progress and tables, drawn by rich on a terminal, in plain lines otherwise."""

import contextlib
import importlib
import importlib.util
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TextIO

from . import tables

HINT = "for a progress bar and tables that fit the terminal: pip install 'dualmc[bench]' (rich is not installed)"


def has_rich() -> bool:
    return importlib.util.find_spec("rich") is not None


def _draws(stream: TextIO) -> bool:
    return stream.isatty() and has_rich()


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def done(*parts: Mapping[str, Callable[[], Any]]) -> list[dict[str, Any]]:
    """Do what stands under each name, show which it is, and return the results under the same names."""
    with _progress(sum(map(len, parts))) as started:
        results: list[dict[str, Any]] = []
        for part in parts:
            results.append({})
            for name, step in part.items():
                started(name)
                results[-1][name] = step()
    return results


@contextlib.contextmanager
def _progress(total: int) -> Iterator[Callable[[str], None]]:
    """Give the function that is told what starts."""
    count = itertools.count()
    if not _draws(sys.stderr):
        yield lambda name: say(f"[{next(count) + 1}/{total}] {name}")
        return
    rich = importlib.import_module("rich.progress")
    console = importlib.import_module("rich.console").Console(stderr=True)
    columns = (rich.BarColumn(), rich.MofNCompleteColumn(), rich.TimeElapsedColumn(), rich.TextColumn("{task.description}"))
    # Refreshed by hand: a thread that draws while something is timed would be timed with it.
    with rich.Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        task = bar.add_task("", total=total)
        yield lambda name: bar.update(task, completed=next(count), description=name, refresh=True)


def show(report: dict) -> None:
    """Print all tables: drawn on a terminal, as Markdown elsewhere."""
    if not _draws(sys.stdout):
        print(tables.text(report))
        return
    rich, text, box = (importlib.import_module(f"rich.{name}") for name in ("table", "text", "box"))
    console = importlib.import_module("rich.console").Console()
    console.print(report["machine"], highlight=False)
    for table in tables.tables(report):
        console.print(f"\n{table.title}", style="bold", highlight=False)
        drawn = rich.Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
        for i, name in enumerate(table.head):
            number, widest = tables.is_numeric(table, i), max(len(row[i]) for row in table.rows)
            least = widest if number else min(widest, 12)  # a name may be broken, a figure not
            drawn.add_column(name, justify="right" if number else "left", min_width=least, overflow="fold")
        for row in table.rows:
            drawn.add_row(*(text.Text(cell, style="red" if " missed" in cell or " bound" in cell else "") for cell in row))
        console.print(drawn, crop=False)
