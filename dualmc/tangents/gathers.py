"""Gathers: which entry of a root each entry of an array reads; equal ones are one object, so that slots merge by identity."""

import math
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from .._typing import Array, Shape
from ..linear_op import LinearOp
from . import steps
from .steps import Lines

NOWHERE = -1
"""The index of an entry that reads nothing."""

_SAMPLES = 8


class Root:
    """
    A variable that slots gather from: an input, or the result of a linear map that is no gather (a cut).

    It keeps all gathers that were ever made from it: a second evaluation with the same root finds the same objects.
    """

    __slots__ = ("_index", "_joined", "_known", "_probe", "_views", "identity", "is_complex", "shape", "size", "source", "start")

    def __init__(self, shape: Shape, *, is_complex: bool = False) -> None:
        self.shape, self.size, self.is_complex = shape, math.prod(shape), is_complex
        self.source: Any = None
        """The map whose result it is, and the terms that it was applied to; None for an input."""
        self._index: Array | None = None
        self._probe = np.empty(shape, "b")  # never read or written: its views tell which views are equal
        self._views: dict[Hashable, Gather] = {}
        self._known: dict[Hashable, list[Gather]] = {}
        self._joined: dict[Hashable, tuple[Gather, ...]] = {}
        self.start = int(self._probe.__array_interface__["data"][0])
        self.identity = self.view(self._probe)

    def __repr__(self) -> str:
        """Say what it is."""
        return f"<{'input' if self.source is None else 'cut'} of shape {self.shape}>"

    @property
    def index(self) -> Array:
        """The number of each entry."""
        if self._index is None:
            dtype = np.int32 if self.size < np.iinfo(np.int32).max else np.int64
            self._index = np.arange(self.size, dtype=dtype).reshape(self.shape)
        return self._index

    def view(self, probe: Array) -> "Gather":
        """Return the gather whose entries lie in memory as those of a view of the probe."""
        shape = probe.shape
        steps = tuple([s if n > 1 else 0 for n, s in zip(shape, probe.strides, strict=True)])  # no step is taken along an axis of one entry
        key = (probe.__array_interface__["data"][0], shape, steps) if probe.size else shape
        known = self._views.get(key)
        if known is None:
            known = self._views[key] = Gather(self, probe.shape, probe, None)
        return known

    def gather(self, index: Array) -> "Gather":
        """Return the gather with these indices: the one that is known, if there is one."""
        flat = index.reshape(-1)
        key = (index.shape, *flat[:: max(1, flat.size // _SAMPLES)].tolist())
        alike = self._known.setdefault(key, [])
        for g in alike:
            if np.array_equal(g.index, index):
                return g
        if not index.size:
            new = self.view(np.empty(index.shape, "b"))
        else:
            lines = steps.lines_of(index)
            new = Gather(self, index.shape, None, index) if lines is None else self.in_steps(index.shape, lines, index)
        alike.append(new)
        return new

    def in_steps(self, shape: Shape, lines: Lines, index: Array | None = None) -> "Gather":
        """Return the gather whose index, which may be known, goes in steps: a view, if it never breaks."""
        start, axes = lines
        if all([len(runs) < 2 for runs in axes]):  # noqa: C419 - a generator takes twice the time
            return self.view(_strided(self._probe.reshape(-1), start, shape, [runs[0][0] if runs else 0 for runs in axes]))
        known = self._views.get(lines)
        if known is None:
            known = self._views[lines] = Gather(self, shape, None, index, lines)
        return known

    def remembered(self, key: Hashable, make: Any) -> "tuple[Gather, ...]":
        """Return the gathers that were made under this key, or make them."""
        known = self._joined.get(key)
        if known is None:
            known = self._joined[key] = make()
        return known


def _strided(x: Array, start: int, shape: Shape, steps: Sequence[int]) -> Array:
    """Return the view of a vector that starts at an entry and takes steps of so many entries, a tenth of the time of NumPy's function."""
    size = x.itemsize
    y: Array = np.ndarray(shape, x.dtype, x, start * size, [s * size for s in steps])
    y.flags.writeable = False
    return y


class Gather:
    """
    A map whose every output entry is one entry of the root, or nothing.

    A gather that is a view, such as a slice, or goes in steps, such as a roll of one, has no array of indices until it is asked for it.
    """

    __slots__ = ("_index", "_kids", "_lines", "_offset", "_probe", "_whole", "root", "shape")

    def __init__(self, root: Root, shape: Shape, probe: Array | None, index: Array | None, lines: Lines | None = None) -> None:
        self.root, self.shape, self._probe, self._index, self._lines = root, shape, probe, index, lines
        self._kids: dict[Hashable, Gather] = {}
        self._offset: int | None = None
        self._whole: bool | None = None if index is not None else True

    def __repr__(self) -> str:
        """Say what it reads."""
        return f"<gather of shape {self.shape} from {self.root!r}>"

    @property
    def index(self) -> Array:
        """The number of the entry that each output entry reads, or NOWHERE."""
        if self._index is None:
            self._index = self._indices()
        return self._index

    def _indices(self) -> Array:
        probe, root = self._probe, self.root
        flat = root.index.reshape(-1)
        if probe is None:
            assert self._lines is not None
            return steps.index_of(self._lines, self.shape, flat.dtype)
        if not probe.size:
            return np.empty(self.shape, flat.dtype)
        start = probe.__array_interface__["data"][0] - root.start
        return _strided(flat, start, self.shape, probe.strides)

    @property
    def whole(self) -> bool:
        """Whether every entry reads something."""
        if self._whole is None:
            self._whole = bool((self.index != NOWHERE).all())
        return self._whole

    @property
    def line(self) -> tuple[int, tuple[int, ...]] | None:
        """The first entry that it reads and the step along each axis, if entries lie evenly in the root."""
        return None if self._probe is None else self._even()

    def _even(self) -> tuple[int, tuple[int, ...]]:
        probe = self._probe
        assert probe is not None
        return int(probe.__array_interface__["data"][0]) - self.root.start, probe.strides

    @property
    def lines(self) -> Lines | None:
        """The first entry that it reads and the steps along each axis, if its index goes in steps."""
        if self._lines is None and self._probe is not None and self._probe.size:
            start, strides = self._even()
            self._lines = start, tuple(map(steps.evenly, self.shape, strides))
        return self._lines

    @property
    def offset(self) -> int:
        """How far from itself an entry in the middle reads: slots sorted by it are sorted in nearly every row."""
        if self._offset is None:
            self._offset = self._middle() if math.prod(self.shape) else 0
        return self._offset

    def _middle(self) -> int:
        place = 0
        for n in self.shape:
            place = place * n + n // 2
        lines = self.lines
        if lines is not None:
            return lines[0] + steps.to_middle(lines[1]) - place
        if self.index.item(place) == NOWHERE:
            place = int(np.argmax(self.index != NOWHERE))
        return int(self.index.item(place)) - place

    def then(self, op: LinearOp) -> "Gather":
        """Return the gather that reads what op picks from this one."""
        key = op.key
        known = None if key is None else self._kids.get(key)
        if known is None:
            known = self._made(op)
            if key is not None:
                self._kids[key] = known
        return known

    def _made(self, op: LinearOp) -> "Gather":
        if op.view and self._probe is not None:
            probe = op.apply(self._probe)
            if probe.base is not None and np.may_share_memory(probe, self._probe):
                return self.root.view(probe)
        if op.rolls and (lines := self.lines) is not None and (found := steps.rolled(lines[1], op.rolls)) is not None:
            return self.root.in_steps(self.shape, (lines[0] + found[0], found[1]))
        if op.gather:
            return self.root.gather(np.asarray(op.apply(self.index), order="C"))
        return self.root.gather(np.asarray(op.apply(self.index + 1) - 1, order="C"))  # zero where nothing is picked

    def spread(self, shape: Shape) -> "Gather":
        """Return the gather of an array broadcast to shape."""
        if shape == self.shape:
            return self
        key = ("spread", shape)
        known = self._kids.get(key)
        if known is None:
            if self._probe is not None:
                known = self.root.view(np.broadcast_to(self._probe, shape))
            elif self._lines is not None:
                known = self.root.in_steps(shape, steps.spread(self._lines, self.shape, shape))
            else:
                known = self.root.gather(np.broadcast_to(self.index, shape))
            self._kids[key] = known
        return known
