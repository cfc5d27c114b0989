"""Derivatives from one recorded run: gradients, products with the Hessian, and Jacobians and Hessians that have few slots."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar, get_args

import numpy as np

from ._typing import Array, Shape
from .boundary import Call
from .errors import NoTangentError
from .passes import basis_of_all, chunks, pulled, rows
from .recording import Recording, record_call
from .tangents import dense, structured
from .tangents.curved import CurvatureError, along
from .tangents.gathers import NOWHERE
from .tangents.pairs import Pairs, Places
from .tangents.straight import Replay, UndecidedError
from .tangents.structured import Family, SlotLimitError, Structured, UnstructuredError
from .tangents.tape import Tape
from .trees import Structure

Strategy: TypeAlias = Literal["auto", "dense", "structured"]

T = TypeVar("T")

LEAST_GRADIENT, LEAST_JACOBIAN, LEAST_HESSIAN = 48, 192, 24
"""Input numbers from which one recorded run is tried without being asked for (bench/bench_structured.py)."""

SLOTS = 4
"""Input numbers for each slot: with more slots than that, blocks of dense directions are as quick (bench/bench_structured.py)."""


def checked_strategy(name: str, strategy: Strategy, chunk_size: int | None) -> Strategy:
    """Return the strategy that a transform follows, or raise; with a chunk_size "auto" is "dense"."""
    if strategy not in get_args(Strategy):
        raise ValueError(f"{name}: strategy must be one of {', '.join(map(repr, get_args(Strategy)))}; got {strategy!r}")
    return "dense" if strategy == "auto" and chunk_size is not None else strategy


def applies(call: Call, strategy: Strategy, least: int) -> bool:
    """Whether a recorded run is to be tried: real inputs without tangents or axes of points, and enough of them unless it is asked for."""
    if strategy == "dense":
        return False
    fits = call.is_plain and not call.points
    if strategy == "structured" and not fits:
        raise TypeError(
            f"{call.name}: strategy='structured' takes real inputs without tangents of other transforms and no batch; use 'auto'"
        )
    return fits and (strategy == "structured" or call.size >= least)


def most_slots(call: Call) -> int:
    """Return up to how many slots a dense matrix is filled from them."""
    return max(1, call.size // SLOTS)


def attempt(call: Call, strategy: Strategy, least: int, solve: Callable[[], T | None]) -> T | None:
    """Return what a recorded run gives, or None where directions are to be carried instead."""
    if not applies(call, strategy, least):
        return None
    try:
        return solve()
    except NoTangentError:
        if strategy == "structured":
            raise
        return None


class Solved(NamedTuple):
    """What a run gives: values, their derivatives, and how they are put back."""

    values: list[Array]
    derivatives: list[Array]
    outer: Structure
    aux: Any


def _is_scalar(recording: Recording) -> bool:
    """Whether there is one result, one real number."""
    return recording.structure.kind is None and recording.values[0].shape == () and recording.values[0].dtype.kind != "c"


def one(y: Array) -> Array:
    """Return the cotangent of a number by itself."""
    return y.dtype.type(1) if y.dtype.kind == "f" else np.float64(1)


def _flat(call: Call, parts: Sequence[Array | None], lead: Shape = ()) -> Array:
    """Return the cotangents of all leaves as one array."""
    if len(parts) == 1 and parts[0] is not None and parts[0].shape == (*lead, *call.leaves[0].shape):
        return parts[0].reshape(*lead, call.leaves[0].size)
    return np.concatenate([c.reshape(*lead, x.size) for c, x in zip(_complete(call, parts, lead), call.leaves, strict=True)], axis=-1)


def _complete(call: Call, parts: Sequence[Array | None], lead: Shape = ()) -> list[Array]:
    """Return the cotangents of all leaves with the leading axes, zeros for None."""
    shapes = [(*lead, *x.shape) for x in call.leaves]
    return [np.zeros(s, x.dtype) if c is None else np.broadcast_to(c, s) for s, x, c in zip(shapes, call.leaves, parts, strict=True)]


# First order. ------------------------------------------------------------------------------------------------


REPLAYED = 1 << 16
"""Up to how many input numbers the walk back is a program, which holds all arrays to its end (bench/bench_structured.py)."""


def gradient(call: Call, has_aux: bool, replay: Replay) -> Solved | None:
    """Return the value and the gradient by each input, from one walk back; None if f does not return one number, or if nan comes out."""
    recording = record_call(call, has_aux)
    if not _is_scalar(recording):
        return None
    values, outer, aux, tape = recording
    found = stepped(call, tape, values[0], replay)
    if found is None:
        found = pulled(tape, [one(values[0])], free=True, strict=False)
        if any(map(dense.has_nan, found)):
            return None
    return Solved(values, found, outer, aux)


def stepped(call: Call, tape: Tape, y: Array, replay: Replay) -> list[Array] | None:
    """Return the gradient of y by the steps that earlier runs took; None where they did something else, or if nan comes out."""
    if call.size > REPLAYED:
        return None
    found = replay(tape, lambda tape: (pulled(tape, [one(y)], free=True, strict=False), None))
    return None if found is None or any(map(dense.has_nan, found[0])) else found[0]


def jacobian(call: Call, has_aux: bool, limit: int | None) -> Solved | None:
    """
    Return values and Jacobians: from slots where there are no more than `limit`, else by rows where outputs are fewer than inputs.

    A Jacobian has the shape of the value + (n,). None if neither pays, or nan comes out.
    """
    values, outer, aux, tape = record_call(call, has_aux)
    family = Family(call.leaves, limit)
    try:
        tangents = tape.push(family.seeds(), structured)
        found = None if family.used else [_filled(family, t, y) for t, y in zip(tangents, values, strict=True)]
    except (SlotLimitError, UnstructuredError):
        found = None
    if found is None and not any(y.dtype.kind == "c" for y in values):
        m, n = sum(y.size for y in values), sum(r.size for r in family.leaves)
        if limit is None or m <= n // 2:
            found = [_beside(rows(tape, values, i, strict=False), y, call.leaves) for i, y in enumerate(values)]
    return None if found is None or any(map(dense.has_nan, found)) else Solved(values, found, outer, aux)


def _beside(parts: Sequence[Array], y: Array, leaves: Sequence[Array]) -> Array:
    """Return the Jacobians by all leaves side by side, for an output y."""
    return np.concatenate([np.reshape(p, (*np.shape(y), x.size)) for p, x in zip(parts, leaves, strict=True)], axis=-1)


def _filled(family: Family, t: Structured | None, y: Array) -> Array:
    """Return a dense Jacobian with the entries that slots say."""
    n = sum(r.size for r in family.leaves)
    starts = dict(zip(family.leaves, np.cumsum([0, *[r.size for r in family.leaves]]).tolist(), strict=False))
    full = np.zeros((y.size, n), y.dtype if y.dtype.kind in "fc" else np.float64)
    for s, v in ({} if t is None else t.terms).items():
        rows, columns = np.arange(y.size), s.index.reshape(-1)
        values = np.broadcast_to(v, s.shape).reshape(-1)
        if not s.whole:
            kept = columns != NOWHERE
            rows, columns, values = rows[kept], columns[kept], values[kept]
        full[rows, columns + starts[s.root]] += values
    return full.reshape(*np.shape(y), n)


# Second order. -----------------------------------------------------------------------------------------------


class Products(NamedTuple):
    """The value of a scalar function, and the products of its Hessian with directions, for each leaf."""

    value: Array
    products: list[Array]
    outer: Structure
    aux: Any


def hvp(call: Call, directions: Sequence[Array], has_aux: bool = False) -> Products | None:
    """Return the products of the Hessian of a scalar function with directions; None where the tape cannot tell."""
    values, outer, aux, tape = recording = record_call(call, has_aux, curved=True)
    if not _is_scalar(recording):
        return None
    try:
        _, found = along(tape, one(values[0]), directions)
    except CurvatureError:
        return None
    lead = directions[0].shape[: directions[0].ndim - call.leaves[0].ndim] if directions else ()
    products = [np.array(c) for c in _complete(call, found, lead)]
    return None if any(map(dense.has_nan, products)) else Products(values[0], products, outer, aux)


class SolvedTwice(NamedTuple):
    """The value of a scalar function, its gradient of shape (n,), and its Hessian of shape (n, n)."""

    value: Array
    gradient: Array
    hessian: Array
    outer: Structure
    aux: Any


def hessian(call: Call, has_aux: bool, replay: Replay) -> SolvedTwice | None:
    """Return second derivatives of a scalar function, from pairs of slots or along directions; None where the tape cannot tell."""
    values, outer, aux, tape = recording = record_call(call, has_aux, curved=True)
    if not _is_scalar(recording) or any(x.dtype != values[0].dtype for x in call.leaves):
        return None
    try:
        y = values[0]
        gradient, full = _by_pairs(call, tape, y, replay) or _by_directions(call, tape, y)
    except CurvatureError:
        return None
    return None if dense.has_nan(full) or dense.has_nan(gradient) else SolvedTwice(y, gradient, full, outer, aux)


def _by_pairs(call: Call, tape: Tape, y: Array, replay: Replay) -> tuple[Array, Array] | None:
    """
    Return gradient and Hessian from the curvatures between slots of the leaves, by the steps of earlier runs if those did the same.

    None where there are too many slots, or maps lie between them.
    """

    def walk(tape: Tape) -> tuple[list[Any], Places]:
        family = Family(call.leaves, most_slots(call))
        try:
            pairs = Pairs(tape, family, one(y))
        except (SlotLimitError, UnstructuredError) as error:
            raise UndecidedError from error
        if any(s.root.source is not None for pair in pairs.blocks for s in pair):
            raise UndecidedError
        return [_flat(call, pairs.gradient), *pairs.blocks.values()], Places(pairs.blocks, family.leaves, y.dtype)

    try:
        (gradient, *blocks), places = replay(tape, walk) or walk(tape)
    except UndecidedError:
        return None
    return gradient, places.matrix(blocks)


DIRECTION_NUMBERS = 1 << 17
"""Numbers that a block of directions holds."""


def _by_directions(call: Call, tape: Tape, y: Array) -> tuple[Array, Array]:
    n = call.size
    step = max(1, DIRECTION_NUMBERS // max(1, n))
    blocks = []
    for start, stop in chunks(n, step):
        first, second = along(tape, one(y), basis_of_all(call, start, stop))
        blocks.append(_flat(call, second, (stop - start,)))
    return _flat(call, first), np.concatenate(blocks)
