"""The modes of differentiation measured on one Jacobian: agreement, time, memory, passes, and which to use."""

import functools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from . import reverse
from ._typing import Array, Function, Tree
from .boundary import Call, function_name
from .extras import optional
from .jacobians import check_real, fresh, jacobian, passes
from .recording import record
from .reverse.transforms import walks
from .text import Printable, html_lines, html_table, short, table
from .timing import interleaved, peak_bytes
from .trees import flatten

Unit = Literal["column", "row"]


class _Way(NamedTuple):
    """How one mode is run; `passes(call, values)` says how often it goes through the function or the record of it."""

    name: str
    unit: Unit
    transform: Callable[..., Function]
    passes: Callable[[Call, Sequence[Array]], int]


_WAYS = (
    _Way("forward", "column", jacobian, lambda call, values: passes(call)),
    _Way("reverse", "row", reverse.jacobian, lambda call, values: walks(call.leaves, values)),
)
"""The modes that are compared; the first one is what the others have to agree with."""


@dataclass(frozen=True, slots=True)
class Mode:
    """
    What one mode takes for the whole Jacobian.

    Attributes
    ----------
    name : str
        "forward" or "reverse".
    unit : str
        What the work is proportional to: "column" or "row".
    units : int
        How many of those the Jacobian has.
    passes : int
        Forward: runs of f, each with a block of directions. Reverse: walks back, each with a block of rows, after one run.
    seconds : float
        The median time.
    bytes : int
        The peak of memory.
    digits : float or None
        In how many digits the Jacobian agrees with that of the first mode, relative to its largest entry; None for
        the first mode itself.

    """

    name: str
    unit: Unit
    units: int
    passes: int
    seconds: float
    bytes: int
    digits: float | None


@dataclass(frozen=True, slots=True)
class Comparison(Printable):
    """
    What `dualmc.compare` found; `print` it, or let a notebook show it.

    Attributes
    ----------
    function : str
        The name of the function.
    shape : tuple of int
        Outputs and inputs: the Jacobian is n_out × n_in.
    seconds, bytes : float, int
        Median time and peak memory of the function itself.
    modes : tuple of Mode
        One entry for each mode.
    operations : dict
        How many linear operations one run records, by kind: Diagonal and Slope (element-wise), Map (linear),
        Bound (products), Written, Joined.

    """

    function: str
    shape: tuple[int, int]
    seconds: float
    bytes: int
    modes: tuple[Mode, ...]
    operations: dict[str, int]

    @property
    def digits(self) -> float:
        """In how many digits all modes agree."""
        return min(m.digits for m in self.modes if m.digits is not None)

    @property
    def best(self) -> str:
        """The name of the mode that takes the least time."""
        return min(self.modes, key=lambda m: m.seconds).name

    def time_ratio(self, mode: Mode) -> float:
        """Return the time of a mode in evaluations of the function."""
        return mode.seconds / self.seconds

    def memory_ratio(self, mode: Mode) -> float:
        """Return the peak memory of a mode relative to that of the function."""
        return mode.bytes / max(self.bytes, 1)

    def per_unit(self, mode: Mode) -> float:
        """Return the time of one column, or one row, in evaluations of the function."""
        return self.time_ratio(mode) / mode.units

    def cheapest(self, unit: Unit) -> Mode:
        """Return the quickest of the modes that go by columns, or by rows."""
        return min((m for m in self.modes if m.unit == unit), key=lambda m: m.seconds)

    @property
    def crossover(self) -> float:
        """The ratio n_out/n_in below which rows are predicted to be cheaper than columns: the cost of a column over that of a row."""
        return self.per_unit(self.cheapest("column")) / self.per_unit(self.cheapest("row"))

    @property
    def why(self) -> str:
        """One sentence on which mode to use."""
        columns, rows = self.cheapest("column"), self.cheapest("row")
        costs = f"a column costs {short(self.per_unit(columns))} evaluations of {self.function}, a row {short(self.per_unit(rows))}"
        side = "below" if self.best == rows.name else "above"
        return (
            f"use {self.best}: {costs}, so {rows.name} pays where n_out/n_in is below {short(self.crossover)}; "
            f"here it is {short(self.shape[0] / self.shape[1])}, {side} that"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return all that was found as numbers, strings, lists and dicts, ready for JSON."""
        return {
            "function": self.function,
            "shape": list(self.shape),
            "primal": {"seconds": self.seconds, "bytes": self.bytes},
            "modes": [
                {
                    "name": m.name,
                    "unit": m.unit,
                    "units": m.units,
                    "passes": m.passes,
                    "seconds": m.seconds,
                    "bytes": m.bytes,
                    "time_ratio": self.time_ratio(m),
                    "memory_ratio": self.memory_ratio(m),
                    "per_unit": self.per_unit(m),
                    "digits": m.digits,
                }
                for m in self.modes
            ],
            "operations": dict(self.operations),
            "digits": self.digits,
            "crossover": self.crossover,
            "best": self.best,
            "why": self.why,
        }

    def _table(self) -> tuple[list[str], list[list[str]]]:
        header = ["mode", "time", "memory", "passes", "works by", "cost of one", "digits"]
        rows = [
            [
                m.name,
                short(self.time_ratio(m)),
                short(self.memory_ratio(m)),
                str(m.passes),
                f"{m.units} {m.unit}{'s' * (m.units != 1)}",
                short(self.per_unit(m)),
                "" if m.digits is None else f"{m.digits:.1f}",
            ]
            for m in self.modes
        ]
        return header, rows

    def _lines(self) -> tuple[str, str]:
        sizes = f"{self.shape[0]} × {self.shape[1]} (outputs × inputs)"
        counts = ", ".join(f"{n} {kind}" for kind, n in self.operations.items())
        recorded = f"one run records {sum(self.operations.values())} operations{': ' * bool(counts)}{counts}"
        return f"{self.function}: Jacobian {sizes}; time and memory are multiples of one evaluation", f"{recorded}\n{self.why}"

    def __str__(self) -> str:
        """Lay out the table, the operations and the advice."""
        before, after = self._lines()
        return f"{before}\n\n{table(*self._table())}\n\n{after}"

    def _repr_html_(self) -> str:
        before, after = self._lines()
        return html_lines(before) + html_table(*self._table()) + html_lines(after)

    def plot(self, path: Any) -> None:
        """
        Draw time and memory of each mode, and the predicted cost over n_out/n_in, into a file.

        Parameters
        ----------
        path : str, path or file
            What matplotlib's `savefig` takes; the ending says the format.

        Raises
        ------
        ImportError
            If matplotlib is missing (extra `plot`).

        """
        figure = optional("matplotlib.figure", "plot", "compare(...).plot").Figure(figsize=(9.0, 3.6), layout="constrained")
        bars, curves = figure.subplots(1, 2)
        names = [m.name for m in self.modes]
        for i, (label, ratio) in enumerate((("time", self.time_ratio), ("peak memory", self.memory_ratio))):
            places = [k + 0.4 * (i - 0.5) for k in range(len(names))]
            bars.bar_label(bars.bar(places, [ratio(m) for m in self.modes], 0.38, label=label), fmt=short)
        bars.set_xticks(range(len(names)), names)
        bars.set(ylabel="multiples of one evaluation", title=f"{self.function}: {self.shape[0]} × {self.shape[1]}", yscale="log")
        bars.set_ylim(bottom=0.5)  # one evaluation is just above
        bars.margins(y=0.2)
        bars.legend()
        n_out, n_in = self.shape
        here = n_out / n_in
        ratios = np.geomspace(min(here, self.crossover) / 10, max(here, self.crossover) * 10, 65)
        for m in self.modes:
            n = ratios * n_in if m.unit == "row" else np.full_like(ratios, n_in)
            curves.plot(ratios, self.per_unit(m) * n, label=m.name)
        curves.axvline(self.crossover, color="0.4", linestyle="--", label=f"crossover {short(self.crossover)}")
        curves.axvline(here, color="0.7", linestyle=":", label=f"here {short(here)}")
        curves.set(xscale="log", yscale="log", xlabel="outputs / inputs", ylabel="evaluations (predicted)", title=f"{n_in} inputs")
        curves.legend()
        figure.savefig(path, dpi=110)


def _agreement(got: Tree, reference: Tree) -> float:
    """Return in how many digits Jacobians agree, relative to the largest entry."""
    pairs = zip(flatten(got)[0], flatten(reference)[0], strict=True)
    a, b = (np.concatenate([np.ravel(x) for x in side]) for side in zip(*pairs, strict=True))
    cap = -math.log10(np.finfo(b.dtype).eps)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if same.all():
        return cap
    finite = np.isfinite(a) & np.isfinite(b)
    if not (same | finite).all():
        return 0.0
    error, size = np.max(np.abs(a[finite] - b[finite])), np.max(np.abs(b[finite]))
    return float(np.clip(-np.log10(error / size), 0.0, cap)) if size else 0.0


def _plain(f: Function, call: Call) -> Callable[[], object]:
    """Return the call of f itself, with new copies of its arguments each time if it writes to them."""

    def anew() -> object:
        return f(*call.bound(iter([fresh(x) for x in call.leaves])))

    own = [fresh(x) for x in call.leaves]
    plain = functools.partial(f, *call.bound(iter(own)))
    plain()
    return plain if all(np.array_equal(a, b, equal_nan=True) for a, b in zip(own, call.leaves, strict=True)) else anew


def compare(f: Function, *primals: Tree, argnums: int | Sequence[int] | None = None, seconds: float = 1.0) -> Comparison:
    """
    Measure forward and reverse mode on the Jacobian of f, and say which one to use.

    Parameters
    ----------
    f : callable
        A function of real arrays, or of nested tuples, lists, dicts and named tuples of arrays, that returns the like.
    *primals
        The arguments of f. Integers become float64.
    argnums : int or tuple of int, optional
        The positional arguments to differentiate with respect to; all of them when left out.
    seconds : float
        About how long to measure. Each candidate runs five times at least, or less if one run takes longer than that.

    Returns
    -------
    Comparison
        The shape of the Jacobian; for each mode time and peak memory relative to one evaluation of f, how many passes it takes, and
        in how many digits it agrees; the recorded operations; the advice with the predicted crossover. It has `print()`, `to_dict()`
        and `plot(path)`, and shows as a table in a notebook.

    Raises
    ------
    TypeError
        If f is not a function, or an input is complex or not numeric.
    ValueError
        If argnums or seconds do not fit, or inputs or outputs hold no numbers.

    Notes
    -----
    Forward multiplies "from x to y" and takes a column of the Jacobian for each input; reverse multiplies "from y to x"
    and takes a row for each output (Parr & Howard, section 4.5). With costs c of a column and r of a row reverse wins
    where n_out·r < n_in·c. Both are the measured averages of the whole Jacobian: where many share a pass they cost less
    each. Times are medians from one interleaved run.

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> found = dm.compare(lambda x: np.sum(np.sin(x) * x), np.linspace(0.0, 1.0, 300), seconds=0.02)
    >>> found.shape, found.digits > 12, found.operations
    ((1, 300), True, {'Slope': 1, 'Diagonal': 1, 'Map': 1})

    """
    if not callable(f):
        raise TypeError(f"compare: f must be a function, got {type(f).__name__}; write compare(f, x)")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < math.inf:
        raise ValueError(f"compare: seconds must be a positive number, got {seconds!r}")
    if not primals:
        raise ValueError("compare: primals must hold at least one argument of f; write compare(f, x)")
    numbers = tuple(range(len(primals))) if argnums is None else argnums
    call = Call("compare", f, numbers, primals, {})
    check_real(call)
    n_in = sum(int(x.size) for x in call.leaves)
    values, _, _, tape = record(f, lambda it: f(*call.bound(it)), [fresh(x) for x in call.leaves], has_aux=False)
    operations = Counter(type(node).__name__ for node in tape.nodes or ())
    n_out = sum(math.prod(np.shape(v)) for v in values)
    if not n_in or not n_out:
        raise ValueError(f"compare: the Jacobian must have entries; f has {n_out} outputs and {n_in} inputs")
    counts = [way.passes(call, values) for way in _WAYS]
    del tape, values
    runs: list[Callable[[], Any]] = [functools.partial(way.transform(f, argnums=numbers), *primals) for way in _WAYS]
    reference = runs[0]()
    digits = [None, *(_agreement(run(), reference) for run in runs[1:])]
    del reference
    plain = _plain(f, call)
    memory = [peak_bytes(run) for run in (plain, *runs)]
    candidates: dict[str, Callable[[], object]] = {"": plain, **{way.name: run for way, run in zip(_WAYS, runs, strict=True)}}
    times = interleaved(candidates, seconds=seconds, prepare={})
    modes = tuple(
        Mode(way.name, way.unit, n_in if way.unit == "column" else n_out, count, times[way.name], peak, agree)
        for way, count, peak, agree in zip(_WAYS, counts, memory[1:], digits, strict=True)
    )
    return Comparison(function_name(f), (n_out, n_in), times[""], memory[0], modes, dict(operations))
