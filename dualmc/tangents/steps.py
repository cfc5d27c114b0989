"""
How an index goes along an axis, as runs of equal steps: what slices and rolls read is said in a few numbers, whatever its size.

An index goes in steps if each axis adds the same numbers wherever the other axes are. Its `Steps` along an axis are the differences
between neighbours, counted: a roll of `arange(6)` by two goes ((1, 1), (-5, 1), (1, 3)). Equal indices have equal steps.
"""

import functools
import itertools
import operator
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from .._typing import Array, Shape

Steps: TypeAlias = tuple[tuple[int, int], ...]
"""Runs along an axis: a step, and how many times it is taken; neighbouring runs differ."""

Lines: TypeAlias = tuple[int, tuple[Steps, ...]]
"""The first entry of an index that goes in steps, and the steps along each axis."""

RUNS = 8
"""An index that breaks more often along an axis is an array like any other."""


def evenly(n: int, step: int) -> Steps:
    """Return the steps along an axis of n entries that all take the same one."""
    return ((step, n - 1),) if n > 1 else ()


def total(steps: Steps) -> int:
    """Return how far the last entry is from the first."""
    return sum([step * count for step, count in steps])


def way(steps: Steps, place: int) -> int:
    """Return how far the entry at a place is from the first."""
    far = 0
    for step, count in steps:
        if count >= place:
            return far + step * place
        far, place = far + step * count, place - count
    return far


def _rolled(steps: Steps, shift: int) -> tuple[int, Steps]:
    """Return how far the first entry moves where `np.roll` shifts an axis, and the steps afterwards."""
    n = 1 + sum([count for _, count in steps])
    first = -shift % n
    if not first:
        return 0, steps
    before, after = _cut(steps, first)
    return total(before), _joined(after, ((-total(steps), 1),), _cut(before, first - 1)[0])


def _cut(steps: Steps, place: int) -> tuple[Steps, Steps]:
    """Return the steps before a place and after it."""
    before, after = [], []
    for step, count in steps:
        taken = min(count, place)
        place -= taken
        if taken:
            before.append((step, taken))
        if taken < count:
            after.append((step, count - taken))
    return tuple(before), tuple(after)


def _joined(*parts: Steps) -> Steps:
    """Return steps one after the other."""
    found: list[tuple[int, int]] = []
    for step, count in itertools.chain(*parts):
        before = found.pop()[1] if found and found[-1][0] == step else 0
        found.append((step, before + count))
    return tuple(found)


# From arrays, and to arrays. ---------------------------------------------------------------------------------


def lines_of(index: Array) -> Lines | None:
    """Return the first entry and the steps of an index, if it goes in steps, reads something everywhere, and breaks seldom."""
    start, nd = index.item(0), index.ndim
    axes: list[Steps] = []
    lowest = end = start
    for axis in range(nd):
        steps = _steps_of(index[(*(0,) * axis, slice(None), *(0,) * (nd - axis - 1))])
        if steps is None:
            return None
        axes.append(steps)
        ends = list(itertools.accumulate([step * count for step, count in steps], initial=0))
        lowest, end = lowest + min(ends), end + ends[-1]
    if lowest < 0 or index.item(-1) != end:
        return None
    lines = start, tuple(axes)
    return lines if np.array_equal(index_of(lines, index.shape, index.dtype), index) else None


_FIRST = 64
"""Entries of an axis that are looked at before all of them are, one by one."""


def _steps_of(entries: Array) -> Steps | None:
    """Return the steps between entries of an axis, or None if there are too many runs of them."""
    first = entries[:_FIRST].tolist()
    found = tuple([(step, len(list(taken))) for step, taken in itertools.groupby(map(operator.sub, first[1:], first))])
    if len(found) > RUNS or entries.size <= _FIRST:
        return found if len(found) <= RUNS else None
    steps = entries[1:] - entries[:-1]
    last = [*np.flatnonzero(steps[1:] != steps[:-1]).tolist(), steps.size - 1]
    if len(last) > RUNS:
        return None
    return tuple([(int(steps[i]), i - before) for before, i in itertools.pairwise([-1, *last])])


def index_of(lines: Lines, shape: Shape, dtype: "np.typing.DTypeLike") -> Array:
    """Return the index that goes in these steps: the sum of what each axis adds."""
    index: Array = np.full((1,) * len(shape), lines[0], dtype)
    for axis, steps in enumerate(lines[1]):
        added = _short_way(steps, np.dtype(dtype)) if shape[axis] <= _FIRST else _added(steps, np.dtype(dtype))
        index = index + added.reshape(-1, *(1,) * (len(shape) - axis - 1))
    return index


def _added(steps: Steps, dtype: "np.dtype[Any]") -> Array:
    """Return what the entries of an axis add to the first one."""
    taken = [0, *[step for step, _ in steps]], [1, *[count for _, count in steps]]
    return np.cumsum(np.repeat(*taken), dtype=dtype)


_short_way = functools.lru_cache(1 << 10)(_added)


class Together:
    """
    Indices of one shape that go in steps, as the columns of a table.

    Along each axis there are stretches. In one of them all columns take the same step, so that the rows of the table are the first one
    and a number, and are written as a piece of memory from those before them; or there is one step, and each column has its own. If
    neither holds, the columns are not `alike`.
    """

    __slots__ = ("alike", "axes", "starts")

    def __init__(self, columns: Sequence[Lines]) -> None:
        self.starts = [start for start, _ in columns]
        self.axes = [_stretches(axis) for axis in zip(*[axes for _, axes in columns], strict=True)]
        self.alike = all([axis.alike for axis in self.axes])  # noqa: C419 - a generator takes twice the time

    def write(self, table: Array) -> None:
        """Write a table, of indices that are alike."""
        nd = len(self.axes)
        table[(0,) * nd] = self.starts
        for i in reversed(range(nd)):
            rows, at = table[(0,) * i], 0
            for count, step, steps in self.axes[i].stretches:
                if step is not None:
                    _repeat(rows[at : at + count + 1], step)
                else:
                    np.add(rows[at], np.array(steps, table.dtype), out=rows[at + 1])
                at += count

    def orderly(self) -> tuple[tuple[slice, ...], list[int]]:
        """Return a box of rows in which columns differ by the same numbers throughout, and the first of these rows."""
        row = list(map(sum, zip(self.starts, *[axis.far for axis in self.axes], strict=True)))
        return tuple([axis.longest for axis in self.axes]), row


class _Axis(NamedTuple):
    """An axis of a table of indices."""

    stretches: Sequence[tuple[int, int | None, Sequence[int]]]
    """How many steps there are, the step if it is the same in all columns, and those of each."""
    alike: bool
    longest: slice
    """The rows of the longest stretch of the same step, or the first row if there is none."""
    far: Sequence[int]
    """How far these begin from the first row."""


@functools.lru_cache(1024)
def _stretches(columns: tuple[Steps, ...]) -> _Axis:
    """Return how indices go together along an axis."""
    ends = sorted({end for steps in set(columns) for end in itertools.accumulate([count for _, count in steps])})
    taken = {steps: _taken(steps, ends) for steps in set(columns)}
    found, alike, longest, at = [], True, slice(0, 1), 0
    for end, row in zip(ends, zip(*[taken[steps] for steps in columns], strict=True), strict=True):
        step = row[0] if len(set(row)) == 1 else None
        found.append((end - at, step, row))
        if step is None:
            alike = alike and end - at == 1
        elif end - at >= longest.stop - longest.start:
            longest = slice(at, end + 1)
        at = end
    return _Axis(found, alike, longest, [way(steps, longest.start) for steps in columns])


def _taken(steps: Steps, ends: Sequence[int]) -> list[int]:
    """Return the step that is taken up to each end."""
    found, runs, reach = [], iter(steps), 0
    for end in ends:
        if reach < end:
            step, count = next(runs)
            reach += count
        found.append(step)
    return found


def _repeat(rows: Array, step: int) -> None:
    """Write rows that are the first one and a step more each, twice as many at a time (bench/bench_structured.py)."""
    known, count = 1, len(rows)
    while known < count:
        taken = min(known, count - known)
        np.add(rows[:taken], known * step, out=rows[known : known + taken])
        known += taken


@functools.lru_cache(1024)
def to_middle(axes: tuple[Steps, ...]) -> int:
    """Return how far the entry in the middle is from the first."""
    return sum([way(steps, (1 + sum([count for _, count in steps])) // 2) for steps in axes])


def spread(lines: Lines, shape: Shape, wide: Shape) -> Lines:
    """Return the index broadcast to another shape."""
    start, axes = lines
    missing = len(wide) - len(shape)
    old = [evenly(n, 0) for n in wide[:missing]]
    return start, (*old, *[steps if n == m else evenly(m, 0) for steps, n, m in zip(axes, shape, wide[missing:], strict=True)])


@functools.lru_cache(1024)
def rolled(axes: tuple[Steps, ...], rolls: tuple[tuple[int, int], ...]) -> tuple[int, tuple[Steps, ...]] | None:
    """Return how far the first entry moves by `np.roll` of (axis, shift), and the steps then, or None if they break too often."""
    far, found = 0, list(axes)
    for axis, shift in rolls:
        change, found[axis] = _rolled(found[axis], shift)
        far += change
    return (far, tuple(found)) if all(len(steps) <= RUNS for steps in found) else None
