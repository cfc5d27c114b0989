"""The command line: `python -m dualmc`, or `dualmc` once installed, prints demonstrations with real numbers."""

import argparse
import io
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn

import dualmc

from .demo import lorenz, nist, paper
from .warmup import DTYPES, warmup

LONGEST = 2000
"""Time steps; by t = 20 the model, which is chaotic, has made rounding errors as large as its state."""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {' '.join(message.split())}\n")


def _problem(name: str) -> str:
    known = {n.lower(): n for n in nist.PROBLEMS}
    if name.lower() not in known:
        raise argparse.ArgumentTypeError(f"unknown problem {name!r}; choose from {', '.join(nist.PROBLEMS)}")
    return known[name.lower()]


def _steps(text: str) -> int:
    try:
        steps = int(text)
    except ValueError:
        steps = 0
    if not 1 <= steps <= LONGEST:
        raise argparse.ArgumentTypeError(f"the number of steps must be an integer from 1 to {LONGEST}, got {text!r}")
    return steps


def _fit(options: argparse.Namespace) -> str:
    return nist.render(nist.run(options.problem or tuple(nist.PROBLEMS)))


def _paper(options: argparse.Namespace) -> str:
    return paper.render(paper.run())


def _integrate(options: argparse.Namespace) -> str:
    return lorenz.render(lorenz.run(options.steps))


def _progress(line: str) -> None:
    sys.stderr.write(f"\r{line:32s}\r")
    sys.stderr.flush()


def _warmup(options: argparse.Namespace) -> str:
    start = time.perf_counter()
    dtypes = DTYPES if options.single else DTYPES[:1]
    count = warmup(dtypes, _progress if sys.stderr.isatty() else lambda line: None)
    return f"{count} kernels are compiled and kept on disk; it took {time.perf_counter() - start:.0f} s."


def _parser() -> argparse.ArgumentParser:
    """Build the parser; each sub-command sets `demos`, the functions from options to text that it runs."""
    parser = _Parser(
        prog="dualmc",
        usage="dualmc [-h] [--version] [sub-command] ...",
        description="Show what dualmc computes, with real numbers. Without a sub-command all demonstrations run in turn.",
    )
    parser.add_argument("--version", action="version", version=f"dualmc {dualmc.__version__}")
    parser.set_defaults(demos=(_fit, _paper, _integrate), problem=None, steps=lorenz.STEPS)
    commands = parser.add_subparsers(title="sub-commands", metavar="sub-command", prog=parser.prog)

    def command(name: str, help: str, demo: Callable[[argparse.Namespace], str]) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
        sub.set_defaults(demos=(demo,))
        return sub

    fit = command("fit", "fit NIST regression problems, with Jacobians, against the certified values", _fit)
    fit.add_argument(
        "--problem", action="append", type=_problem, metavar="NAME", help=f"one of {', '.join(nist.PROBLEMS)}; may be repeated"
    )
    command("paper", "compute the examples of The Matrix Calculus You Need For Deep Learning beside their closed forms", _paper)
    integrate = command("integrate", "carry a tangent through a time integration of Lorenz-96, check and time it", _integrate)
    integrate.add_argument(
        "--steps", type=_steps, default=lorenz.STEPS, metavar="N", help=f"time steps, 1 to {LONGEST} (default {lorenz.STEPS})"
    )
    warm = command("warmup", "compile all kernels now and keep them on disk, so that later processes load them", _warmup)
    warm.add_argument("--single", action="store_true", help="also for single precision")
    return parser


def _texts(options: argparse.Namespace) -> Iterator[str]:
    for i, demo in enumerate(options.demos):
        yield ("\n\n" if i else "") + demo(options) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the program's name; `sys.argv[1:]` when left out.

    Returns
    -------
    int
        The exit status, 0.

    Raises
    ------
    SystemExit
        With status 2 and one line on stderr for arguments that do not fit; with status 0 for --help and --version.

    Notes
    -----
    Signs that the terminal's encoding lacks are printed as question marks. A reader that closes the pipe early ends
    the program quietly.

    Examples
    --------
    >>> main(["--version"])
    Traceback (most recent call last):
    SystemExit: 0

    """
    options = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        for text in _texts(options):
            sys.stdout.write(text)
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Else the interpreter complains at exit.
    return 0
