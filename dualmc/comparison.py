"""The modes of differentiation measured on one Jacobian: agreement, time, memory, passes, and which to use."""

import functools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from . import reverse
from ._typing import Array, Function, Tree
from .boundary import Call, function_name
from .extras import optional
from .jacobians import check_real, jacobian, passes
from .passes import fresh, walks
from .recording import record
from .sparse.assembly import Assembler
from .tangents import structured
from .tangents.structured import Family, UnstructuredError, columns_of
from .tangents.tape import Tape
from .text import Printable, html_lines, html_table, short, table
from .timing import interleaved, peak_bytes
from .trees import flatten

Unit = Literal["column", "row", "slot"]


@dataclass(frozen=True, slots=True)
class Slots:
    """
    What structured tangents find of a Jacobian.

    Attributes
    ----------
    most : int
        Slots of the tangent that has most of them.
    cuts : int
        Linear maps that are no gathers, such as sums and products of matrices: each starts a new variable.
    entries : int or None
        Entries of the Jacobian that can be other than zero; None if SciPy is missing, which multiplies out the cuts.

    """

    most: int
    cuts: int
    entries: int | None


class _Case(NamedTuple):
    """What is known of a function before it is measured."""

    call: Call
    values: Sequence[Array]
    n_in: int
    n_out: int
    slots: Slots | None


class _Way(NamedTuple):
    """How one mode is run; `units` says how many units of work it has, `passes` how often it goes through the function or its record."""

    name: str
    unit: Unit
    transform: Callable[..., Function]
    units: Callable[[_Case], int]
    passes: Callable[[_Case], int]


def _structured_passes(case: _Case) -> int:
    """Return one replay with slots; behind cuts rows are pulled back as well."""
    return 1 + (walks(case.call.leaves, case.values) if case.slots is not None and case.slots.cuts else 0)


_WAYS = (
    _Way("forward", "column", functools.partial(jacobian, strategy="dense"), lambda case: case.n_in, lambda case: passes(case.call)),
    _Way("reverse", "row", reverse.jacobian, lambda case: case.n_out, lambda case: walks(case.call.leaves, case.values)),
    _Way(
        "structured",
        "slot",
        functools.partial(jacobian, strategy="structured"),
        lambda case: 0 if case.slots is None else case.slots.most,
        _structured_passes,
    ),
)
"""The modes that are compared; the first one is what the others have to agree with. Those without units have nothing to work by."""


@dataclass(frozen=True, slots=True)
class Mode:
    """
    What one mode takes for the whole Jacobian.

    Attributes
    ----------
    name : str
        "forward", "reverse" or "structured".
    unit : str
        What the work is proportional to: "column", "row" or "slot".
    units : int
        How many of those the Jacobian has; of slots, those of the tangent that has most.
    passes : int
        Forward: runs of f, each with a block of directions. Reverse: walks back, each with a block of rows, after one run. Structured:
        one replay of that run with slots, and the walks back of reverse where there are cuts.
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
        One entry for each mode. Structured forward is left out where an operation has no structured form, or nothing depends on an input.
    operations : dict
        How many linear operations one run records, by kind: Diagonal and Slope (element-wise), Map (linear), Weighed (linear with
        weights: norms, maxima, products of entries), Bound (products of arrays), Written, Joined.
    slots : Slots or None
        What structured tangents find: slots, cuts, entries that can be other than zero. None where that mode is left out.

    """

    function: str
    shape: tuple[int, int]
    seconds: float
    bytes: int
    modes: tuple[Mode, ...]
    operations: dict[str, int]
    slots: Slots | None

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
        """Return the time of one column, row or slot, in evaluations of the function."""
        return self.time_ratio(mode) / mode.units

    def cheapest(self, unit: Unit) -> Mode:
        """Return the quickest of the modes that go by columns, by rows, or by slots."""
        return min((m for m in self.modes if m.unit == unit), key=lambda m: m.seconds)

    @property
    def crossover(self) -> float:
        """The ratio n_out/n_in below which rows are predicted to be cheaper than columns: the cost of a column over that of a row."""
        return self.per_unit(self.cheapest("column")) / self.per_unit(self.cheapest("row"))

    @property
    def why(self) -> str:
        """One sentence on which mode to use."""
        columns, rows = self.cheapest("column"), self.cheapest("row")
        mode = next(m for m in self.modes if m.name == self.best)
        if mode.unit == "slot" and self.slots is not None:
            cuts = f" and {_counted(self.slots.cuts, 'cut')}" * bool(self.slots.cuts)
            zeros = "; dm.sparse_jacobian leaves out the zeros" * (self.share is not None and self.share < 1)
            others = ", ".join(f"{m.name} {short(self.time_ratio(m))}" for m in (columns, rows))
            cost = f"one run with at most {_counted(mode.units, 'slot')}{cuts} costs {short(self.time_ratio(mode))} evaluations"
            return f"use {self.best}: {cost} of {self.function}, {others}{zeros}"
        costs = f"a column costs {short(self.per_unit(columns))} evaluations of {self.function}, a row {short(self.per_unit(rows))}"
        side = "below" if self.best == rows.name else "above"
        return (
            f"use {self.best}: {costs}, so {rows.name} pays where n_out/n_in is below {short(self.crossover)}; "
            f"here it is {short(self.shape[0] / self.shape[1])}, {side} that"
        )

    @property
    def share(self) -> float | None:
        """The share of the entries of the Jacobian that can be other than zero; None if it is not known."""
        return None if self.slots is None or self.slots.entries is None else self.slots.entries / math.prod(self.shape)

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
            "slots": None if self.slots is None else {**asdict(self.slots), "share": self.share},
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
                _counted(m.units, m.unit),
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
        after = "\n".join(filter(None, (recorded, self._structure(), self.why)))
        return f"{self.function}: Jacobian {sizes}; time and memory are multiples of one evaluation", after

    def _structure(self) -> str:
        """Say what structured tangents find."""
        if self.slots is None:
            return ""
        found = f"structured tangents: at most {_counted(self.slots.most, 'slot')}, {_counted(self.slots.cuts, 'cut')}"
        if self.slots.entries is None or self.share is None:
            return found
        return f"{found}; {self.slots.entries} of {math.prod(self.shape)} entries ({short(100 * self.share)}%) can be other than zero"

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
            n = ratios * n_in if m.unit == "row" else np.full_like(ratios, m.units)
            curves.plot(ratios, self.per_unit(m) * n, label=m.name)
        curves.axvline(self.crossover, color="0.4", linestyle="--", label=f"crossover {short(self.crossover)}")
        curves.axvline(here, color="0.7", linestyle=":", label=f"here {short(here)}")
        curves.set(xscale="log", yscale="log", xlabel="outputs / inputs", ylabel="evaluations (predicted)", title=f"{n_in} inputs")
        curves.legend()
        figure.savefig(path, dpi=110)


def _counted(n: int, word: str) -> str:
    return f"{n} {word}{'s' * (n != 1)}"


def _slots(call: Call, tape: Tape, values: Sequence[Array]) -> Slots | None:
    """Return what one push of structured tangents over a tape finds; None if there is an operation without a structured form."""
    family = Family(call.leaves)
    try:
        terms = [{} if t is None else t.terms for t in tape.push(family.seeds(), structured)]
    except UnstructuredError:
        return None
    try:
        assembler = Assembler(optional("scipy.sparse", "scipy", "compare"))
    except ImportError:
        entries = None
    else:
        shapes = map(np.shape, values)
        entries = sum(
            int(assembler.jacobian(columns_of(t), shape, leaf, float).nnz)
            for t, shape in zip(terms, shapes, strict=True)
            for leaf in family.leaves
        )
    return Slots(max(family.most, *map(len, terms)), family.used, entries)


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
    Measure forward, reverse and structured forward mode on the Jacobian of f, and say which one to use.

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
        in how many digits it agrees; the recorded operations; the slots and cuts of structured tangents; the advice with the predicted
        crossover. It has `print()`, `to_dict()` and `plot(path)`, and shows as a table in a notebook.

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
    each. Structured forward carries diagonals (section 4.2) in one run and takes neither columns nor rows, but slots: the most entries
    that a row has, as long as f neither sums nor multiplies matrices; behind such cuts it pulls back rows. Times are medians from one
    interleaved run.

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
    n_in = call.size
    values, _, _, tape = record(f, lambda it: f(*call.bound(it)), [fresh(x) for x in call.leaves], has_aux=False)
    operations = Counter(type(node).__name__ for node in tape.nodes or ())
    n_out = sum(math.prod(np.shape(v)) for v in values)
    if not n_in or not n_out:
        raise ValueError(f"compare: the Jacobian must have entries; f has {n_out} outputs and {n_in} inputs")
    case = _Case(call, values, n_in, n_out, _slots(call, tape, values))
    del tape
    ways = [way for way in _WAYS if way.units(case)]
    counts = [(way.units(case), way.passes(case)) for way in ways]
    slots = case.slots if any(way.unit == "slot" for way in ways) else None
    del case, values
    runs: list[Callable[[], Any]] = [functools.partial(way.transform(f, argnums=numbers), *primals) for way in ways]
    reference = runs[0]()
    digits = [None, *(_agreement(run(), reference) for run in runs[1:])]
    del reference
    plain = _plain(f, call)
    memory = [peak_bytes(run) for run in (plain, *runs)]
    candidates: dict[str, Callable[[], object]] = {"": plain, **{way.name: run for way, run in zip(ways, runs, strict=True)}}
    times = interleaved(candidates, seconds=seconds, prepare={})
    modes = tuple(
        Mode(way.name, way.unit, *count, times[way.name], peak, agree)
        for way, count, peak, agree in zip(ways, counts, memory[1:], digits, strict=True)
    )
    return Comparison(function_name(f), (n_out, n_in), times[""], memory[0], modes, dict(operations), slots)
