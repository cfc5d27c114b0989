"""
Measure dualmc: `python -m bench [--only NAME] [--peers [NAME ...]] [--json FILE] [--markdown FILE] [--plot DIR] [--seconds S] [--check]`.

Each result is checked against the derivative by hand, or a difference quotient, before it is timed; candidates take turns,
and medians are reported, as ratios to the function in plain NumPy.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np

import dualmc as dm

from . import curves, peers, screen, tables
from .measure import measure
from .problems import PROBLEMS, Problem

SMOKE = 0.5
"""Below so many seconds for each problem, arrays of ten million numbers are left out, unless problems are named."""


def machine() -> str:
    """Describe what the figures are of."""
    cpu = next((line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), platform.processor())
    return (
        f"{cpu}, {os.cpu_count()} cores, one thread; {platform.system()}; Python {platform.python_version()}, "
        f"NumPy {np.__version__}, Numba {version('numba')}, dualmc {dm.__version__}"
    )


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).is_file() else []


def import_time(module: str) -> float:
    """Return the seconds of a fresh interpreter that imports a module, with bytecode at hand, less those of an empty one."""
    times: dict[str, list[float]] = {"": [], f"import {module}": []}
    with tempfile.TemporaryDirectory() as cache:
        env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {"PYTHONPYCACHEPREFIX": cache}
        for turn in range(6):
            for code, seconds in times.items():
                start = time.perf_counter()
                subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=env)
                if turn:  # the first one writes the bytecode
                    seconds.append(time.perf_counter() - start)
    empty, full = map(statistics.median, times.values())
    return full - empty


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.split("\n\n")[1])
    parser.add_argument("--only", metavar="NAME", help="problems whose name contains this")
    parser.add_argument("--peers", nargs="*", metavar="NAME", choices=peers.PEERS, help="also time peers: these, or all that are installed")
    parser.add_argument("--seconds", type=float, default=2.0, help="time for each problem")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write all figures")
    parser.add_argument("--markdown", metavar="FILE", type=Path, help="put the tables into a page, between its markers")
    parser.add_argument("--plot", metavar="DIR", type=Path, help="write curves of cost over n and over directions as PNG")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a limit is missed")
    return parser


def chosen(only: str | None, seconds: float) -> list[Problem]:
    """Return the problems that are asked for; raise ValueError if there are none."""
    named = [p for p in PROBLEMS if only is None or only in p.name]
    if not named:
        firsts = dict.fromkeys(p.name.split()[0].strip(",'") for p in PROBLEMS)
        raise ValueError(f"no problem has {only!r} in its name; names begin with {', '.join(firsts)}")
    return [p for p in named if only is not None or seconds >= SMOKE or np.size(p.x) < 10**7]


def check_places(options: argparse.Namespace) -> None:
    """Raise ValueError for what could not be written in the end."""
    if options.json and not options.json.absolute().parent.is_dir():
        raise ValueError(f"--json: there is no directory {options.json.absolute().parent}")
    if options.markdown:
        tables.check_page(options.markdown)
    if options.plot:
        curves.check_library()


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        problems = chosen(options.only, options.seconds)
        check_places(options)
    except ValueError as error:
        screen.say(f"python -m bench: {error}")
        return 2
    if not screen.has_rich():
        screen.say(screen.HINT)
    others, missing = ({}, []) if options.peers is None else peers.available(options.peers or peers.PEERS)
    if missing:
        screen.say(f"not installed, so not measured: {', '.join(missing)} (pip install 'dualmc[bench]')")
    mode = dm.config.kernels
    try:
        report = run(problems, others, options)
    finally:
        dm.config.kernels = mode
    screen.show(report)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1), encoding="utf-8")
    if options.markdown:
        tables.write_markdown(report, options.markdown)
    return 1 if options.check and any(tables.missed(r) for r in report["results"].values()) else 0


def run(problems: Sequence[Problem], others: dict[str, peers.Peer], options: argparse.Namespace) -> dict:
    """Measure all that is asked for and draw the curves; return what the tables are made of."""
    points = list(curves.problems()) if options.plot else []
    modules = ["numpy", "dualmc", *(peer.module for peer in others.values())] if others else []
    measured, drawn, imported = screen.done(
        {p.name: partial(measure, p, others, options.seconds) for p in problems},
        {p.name: partial(measure, p, others, options.seconds) for _, p in points},
        {f"import {module}": partial(import_time, module) for module in modules},
    )
    if options.plot:
        curves.draw(options.plot, lambda figure: [r for r, (f, _) in zip(drawn.values(), points, strict=True) if f == figure])
    return {
        "machine": ", ".join([machine(), *(f"{name} {version(peer.module)}" for name, peer in others.items())]),
        "results": measured,
        "imports": dict(zip(modules, imported.values(), strict=True)),
    }


if __name__ == "__main__":
    sys.exit(main())
