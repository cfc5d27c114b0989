"""Blocks of pairs of directions, carried through a function in passes of HyperDuals."""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ._typing import Array, Shape, Tree
from .arrays.hyperdual import HyperDual
from .boundary import Call, argument_numbers, fresh_level, outputs, zero_tangent
from .passes import basis, checked_chunk_size, chunks, fresh
from .tangents.hyper import Block, HyperTangent, settle
from .tangents.pairing import OUTER, PAIRED, Pairing
from .trees import Structure

BLOCK_NUMBERS = 1 << 20
"""Numbers in one second-order block of the size of the inputs, eight megabytes: fewer repeat the calls, more take memory."""

TOGETHER_NUMBERS = 1 << 18
"""The same for directions that have one partner each: two megabytes, for then all blocks are of first order."""

LEAST = 4
"""Directions on one side of a block, if its size does not decide: fewer repeat the work of first order."""

MIN_TOGETHER = 16
"""Directions that share a pass, however large the inputs, where the second-order block is no larger than those of first order."""

Range = tuple[int, int]
Seeds = Sequence[tuple[Block, Block]]


class Side:
    """The arguments that one of the two derivatives is taken by: their leaves among those of a call, and their flat basis."""

    def __init__(self, call: Call, argnums: int | Sequence[int]) -> None:
        self.single = isinstance(argnums, (int, np.integer))
        chosen = [call.numbers.index(i) for i in argument_numbers(call.name, argnums, len(call.args))]
        counts = [1 if child.kind is None else sum(1 for _ in child.paths("")) for child in call.structure.children]
        self.trees = [call.structure.children[i] for i in chosen]
        self.leaves = [k for i in chosen for k in range(sum(counts[:i]), sum(counts[: i + 1]))]
        self.shapes = [call.shapes[k] for k in self.leaves]
        starts = [*itertools.accumulate(map(math.prod, self.shapes), initial=0)]
        self.starts, self.n = dict(zip(self.leaves, starts, strict=False)), starts[-1]

    def like_inputs(self, leaves: Iterator[Any]) -> Tree:
        """Return leaves in the structure of the arguments; a tuple of them for several."""
        trees = [tree.unflatten(leaves) for tree in self.trees]
        return trees[0] if self.single else tuple(trees)

    def parts(self, x: Array, axis: int) -> Iterator[Array]:
        """Return the part of an axis of n numbers that belongs to each leaf, in the leaf's shape."""
        at = 0
        for shape in self.shapes:
            size = math.prod(shape)
            part = x if size == self.n else x[(*(slice(None),) * axis, slice(at, at + size))]
            yield part if len(shape) == 1 else part.reshape(part.shape[:axis] + shape + part.shape[axis + 1 :])
            at += size


def seeds(call: Call, rows: Side, first: Range, columns: Side, second: Range) -> Seeds:
    """Return the blocks of first order with which each leaf enters a pass; the same object twice for the same directions."""

    def block(k: int, side: Side, at: Range) -> Block:
        return basis(call.leaves[k], call.shapes[k], side.starts[k], *at) if k in side.starts and at[0] < at[1] else None

    found = []
    for k in range(len(call.leaves)):
        e1 = block(k, rows, first)
        found.append((e1, e1 if rows is columns and first == second else block(k, columns, second)))
    return found


def run(call: Call, given: Seeds, pairing: Pairing, has_aux: bool = False) -> tuple[list[Array], list[Any], Structure, Any]:
    """
    Return values, HyperTangents (None for zero), structure and auxiliary data of one pass.

    Leaves that do not move in it are HyperDuals without blocks, which the function may write moving values into.
    """
    level = fresh_level()
    leaves = (
        HyperDual.of(fresh(x), settle(HyperTangent(e1, e2, None, pairing), x), level)
        for x, (e1, e2) in zip(call.leaves, given, strict=True)
    )
    found = outputs(call.f, call.run(leaves), level, has_aux)
    call.check_points(found[0])
    return found


def filled(block: Block, value: Array, lead: Shape) -> Array:
    """Return a block, zeros for one that is missing."""
    zero = zero_tangent(value)
    return np.zeros(lead + zero.shape, zero.dtype) if block is None else block


def side_length(call: Call, n: int, chunk_size: int | None) -> int:
    """
    Return how many directions one side of a block has: as given, or as many as keep a block within BLOCK_NUMBERS.

    Sides are as even as they can be: 1000 directions, of which at most 32 go together, make 32 sides of 31 or 32
    (bench/bench_second.py shows the time by size).
    """
    if chunk_size is not None:
        return checked_chunk_size(chunk_size)
    most = max(LEAST, math.isqrt(BLOCK_NUMBERS // _numbers(call)))
    return -(-n // -(-n // most)) if n else 1


def directions_together(call: Call, n: int, chunk_size: int | None) -> int:
    """
    Return how many directions share a pass where each has one partner: as given, or what TOGETHER_NUMBERS hold.

    But no fewer than MIN_TOGETHER: for many points at once the function's own work counts, which each pass repeats.
    """
    if chunk_size is not None:
        return checked_chunk_size(chunk_size)
    return max(1, min(n, max(MIN_TOGETHER, TOGETHER_NUMBERS // _numbers(call))))


def _numbers(call: Call) -> int:
    return max(1, call.size)


def derivatives(
    call: Call, rows: Side, columns: Side, chunk_size: int | None, has_aux: bool
) -> tuple[list[Array], list[Array], list[Array], Structure, Any]:
    """
    Return values, first derivatives (output shape + (n,)) by rows and second derivatives (output shape + (n, m)).

    With the same arguments on both sides only blocks on and above the diagonal are computed, the others are mirrored.
    """
    same = rows is columns
    step = side_length(call, max(rows.n, columns.n), chunk_size)
    grid: dict[tuple[int, int], list[Array]] = {}
    slopes: list[list[Array]] = []
    ranges, across = list(chunks(rows.n, step)), list(chunks(columns.n, step))
    for i, first in enumerate(ranges):
        for j, second in enumerate(across):
            if same and j < i:
                continue
            values, tangents, structure, aux = run(call, seeds(call, rows, first, columns, second), OUTER, has_aux)
            k1, k2 = first[1] - first[0], second[1] - second[0]
            both = [filled(t and t.e12, v, (k1, k2)) for v, t in zip(values, tangents, strict=True)]
            grid[i, j] = [np.moveaxis(b, (0, 1), (-2, -1)) for b in both]
            if same and j > i:
                grid[j, i] = [np.swapaxes(b, -2, -1) for b in grid[i, j]]
            if j == (i if same else 0):
                slopes.append([np.moveaxis(filled(t and t.e1, v, (k1,)), 0, -1) for v, t in zip(values, tangents, strict=True)])
    gradients = [np.concatenate(parts, axis=-1) for parts in zip(*slopes, strict=True)]
    lines = [[_beside([grid[i, j][y] for j in range(len(across))], -1) for i in range(len(ranges))] for y in range(len(values))]
    return values, gradients, [_beside(line, -2) for line in lines], structure, aux


def _beside(parts: Sequence[Array], axis: int) -> Array:
    return np.concatenate(parts, axis=axis) if len(parts) > 1 else parts[0]


def by_own_direction(
    call: Call, side: Side, pairing: Pairing, chunk_size: int | None, has_aux: bool
) -> tuple[list[list[Array]], Structure, Any]:
    """Return the second-order blocks of each output, pass by pass, that pair each direction of a side with itself."""
    found = []
    for at in chunks(side.n, directions_together(call, side.n, chunk_size)):
        values, tangents, structure, aux = run(call, seeds(call, side, at, side, at), pairing, has_aux)
        lead = (at[1] - at[0],) if pairing is PAIRED else ()
        found.append([filled(t and t.e12, v, lead) for v, t in zip(values, tangents, strict=True)])
    return [list(parts) for parts in zip(*found, strict=True)], structure, aux
