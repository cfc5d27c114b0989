"""The command line: `python -m dualmc`, or `dualmc` once installed: demonstrations, and looks at functions of one's own."""

import argparse
import importlib
import io
import json
import operator
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import numpy as np

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


def _positive(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"the number of seconds must be positive, got {text!r}")
    return seconds


def _fit(options: argparse.Namespace) -> str:
    return nist.render(nist.run(options.problem or tuple(nist.PROBLEMS)))


def _paper(options: argparse.Namespace) -> str:
    return paper.render(paper.run())


def _integrate(options: argparse.Namespace) -> str:
    return lorenz.render(lorenz.run(options.steps))


def _function(text: str) -> Any:
    """Return the function that MODULE:FUNCTION names, from the working directory or what is installed."""
    module, colon, name = text.partition(":")
    if not (module and colon and name):
        raise argparse.ArgumentTypeError(f"the function must be written MODULE:FUNCTION, got {text!r}")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found = operator.attrgetter(name)(importlib.import_module(module))
    except AttributeError as error:
        raise argparse.ArgumentTypeError(f"no function {name!r} in the module {module!r}: {_told(error)}") from error
    except Exception as error:
        raise argparse.ArgumentTypeError(f"cannot import the module {module!r}: {_told(error)}") from error
    if not callable(found):
        raise argparse.ArgumentTypeError(f"{text} is no function but a {type(found).__name__}")
    return found


def _argument(text: str) -> Any:
    """Return the value of an expression in which `np` is known."""
    try:
        return eval(text, {"np": np})  # noqa: S307 - whoever types the command could as well run Python
    except Exception as error:
        raise argparse.ArgumentTypeError(f"cannot evaluate {text!r}: {_told(error)}") from error


def _told(error: BaseException) -> str:
    """Return an error as one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def _attempt(options: argparse.Namespace, what: str, call: Callable[[], Any]) -> Any:
    """Return what a call of the user's function gives, or leave with its error as one line."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - as above
        options.fail(f"{what}: {_told(error)}")


def _compare(options: argparse.Namespace) -> str:
    found = _attempt(options, "cannot compare", lambda: dualmc.compare(options.function, *options.at, seconds=options.seconds))
    if options.plot:
        _attempt(options, f"cannot plot to {options.plot!r}", lambda: found.plot(options.plot))
    return json.dumps(found.to_dict(), indent=2) if options.json else str(found)


def _trace(options: argparse.Namespace) -> str:
    return str(_attempt(options, "cannot trace", lambda: dualmc.trace(options.function, *options.at)))


def _progress(line: str) -> None:
    sys.stderr.write(f"\r{line:32s}\r")
    sys.stderr.flush()


def _warmup(options: argparse.Namespace) -> str:
    start = time.perf_counter()
    dtypes = DTYPES if options.single else DTYPES[:1]
    count = warmup(dtypes, _progress if sys.stderr.isatty() else lambda line: None)
    return f"{count} kernels and loops are compiled and kept on disk; it took {time.perf_counter() - start:.0f} s."


def _parser() -> argparse.ArgumentParser:
    """Build the parser; each sub-command sets `demos`, the functions from options to text that it runs."""
    parser = _Parser(
        prog="dualmc",
        usage="dualmc [-h] [--version] [sub-command] ...",
        description="Show what dualmc computes, with real numbers, or look at a function of yours. "
        "Without a sub-command all demonstrations run in turn.",
    )
    parser.add_argument("--version", action="version", version=f"dualmc {dualmc.__version__}")
    parser.set_defaults(demos=(_fit, _paper, _integrate), problem=None, steps=lorenz.STEPS)
    commands = parser.add_subparsers(title="sub-commands", metavar="sub-command", prog=parser.prog)

    def command(name: str, help: str, demo: Callable[[argparse.Namespace], str]) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
        sub.set_defaults(demos=(demo,), fail=sub.error)
        return sub

    def of_function(name: str, help: str, demo: Callable[[argparse.Namespace], str]) -> argparse.ArgumentParser:
        sub = command(name, help, demo)
        sub.add_argument("function", type=_function, metavar="MODULE:FUNCTION", help="a function of arrays in a module")
        sub.add_argument(
            "--at", action="append", type=_argument, required=True, metavar="EXPR",
            help="an argument of the function: a Python expression that is evaluated, with np for NumPy; one --at for each argument",
        )  # fmt: skip
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
    compare = of_function("compare", "measure forward, reverse and structured mode on a function of yours, and say which to use", _compare)
    compare.add_argument("--plot", metavar="FILE", help="also draw time, memory and the crossover (needs matplotlib)")
    compare.add_argument("--json", action="store_true", help="print JSON in place of a table")
    compare.add_argument("--seconds", type=_positive, default=1.0, metavar="S", help="about how long to measure (default 1)")
    of_function("trace", "write out the chain rule for each step of a function of yours", _trace)
    warm = command("warmup", "compile all kernels and loops around functions of Numba now and keep them on disk", _warmup)
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
