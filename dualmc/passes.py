"""Passes: blocks of directions that go forward through a function, and blocks of rows that are pulled back over a tape."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ._typing import Array, Shape
from .arrays.creation import carries
from .boundary import Call, settled
from .tangents.tape import Tape

CHUNK_BYTES = 1 << 20
"""Bytes of one seed block: where several directions share a pass, and still stay in cache (bench/bench_chunks.py)."""


def chunks(n: int, step: int) -> Iterator[tuple[int, int]]:
    """Return where passes of step directions start and stop; one empty pass where there is nothing to differentiate by."""
    yield from ((s, min(s + step, n)) for s in range(0, n, step)) if n else ((0, 0),)


def checked_chunk_size(chunk_size: int) -> int:
    """Return a given number of directions, or raise."""
    if isinstance(chunk_size, bool) or not isinstance(chunk_size, (int, np.integer)) or chunk_size < 1:
        raise ValueError(f"chunk_size must be a positive integer or None, got {chunk_size!r}")
    return chunk_size


def basis(x: Array, shape: Shape, at: int, start: int, stop: int) -> Array | None:
    """
    Return basis vectors start to stop of all inputs as directions of x, whose numbers begin at `at`; None if they miss it.

    Each direction moves all points of x, of which `shape` is one, at once.
    """
    size = math.prod(shape)
    first, last = max(start, at), min(stop, at + size)
    if first >= last and not (start == stop and size == 0):
        return None
    seed = np.zeros((stop - start, size), x.dtype)
    seed[np.arange(first - start, last - start), np.arange(first - at, last - at)] = 1
    points = x.shape[: x.ndim - len(shape)]
    seed = seed.reshape((stop - start, *(1,) * len(points), *shape))
    return settled(np.array(np.broadcast_to(seed, (stop - start, *x.shape))) if points else seed, x)


def fresh(x: Array) -> Array:
    """Return x so that one pass cannot change what the next one sees."""
    return np.copy(x) if carries(x) and x.ndim else x.copy("K") if isinstance(x, np.ndarray) else x


def basis_of_all(call: Call, start: int, stop: int) -> list[Array]:
    """Return basis vectors start to stop of all inputs, as directions of each leaf."""
    seeds, at = [], 0
    for x, shape in zip(call.leaves, call.shapes, strict=True):
        seed = basis(x, shape, at, start, stop)
        seeds.append(np.zeros((stop - start, *x.shape), x.dtype) if seed is None else seed)
        at += math.prod(shape)
    return seeds


# Rows. -------------------------------------------------------------------------------------------------------


def pulled(tape: Tape, cotangents: Sequence[Array | None], *, free: bool, strict: bool = True) -> list[Array]:
    """Return the cotangents of all inputs; zeros for one that the results do not depend on."""
    found = tape.pull(cotangents, free=free, strict=strict)
    return [np.zeros(k.shape, k.dtype)[()] if c is None else c if c.ndim else c[()] for c, k in zip(found, tape.leaves, strict=True)]


def rows(
    tape: Tape, values: Sequence[Array], i: int, chunk_size: int | None = None, holomorphic: bool = False, *, strict: bool = True
) -> list[Array]:
    """
    Return the Jacobian of output i with respect to each input, block of rows by block of rows; the very last walk frees the tape.

    Without `strict` a zero cotangent times infinity is nan, which dense directions may have to decide.
    """
    value, leaves = values[i], tape.leaves
    m, is_complex = math.prod(np.shape(value)), value.dtype.kind == "c"

    def back(seed: Array, *, free: bool) -> list[Array]:
        given = [seed if j == i else None for j, _ in enumerate(values)]
        return [
            np.broadcast_to(c, (len(seed), *k.shape)) for c, k in zip(pulled(tape, given, free=free, strict=strict), leaves, strict=True)
        ]

    def block(start: int, stop: int) -> Iterator[Array]:
        last = stop == m and i == len(values) - 1
        seed = np.zeros((stop - start, m), value.dtype if value.dtype.kind in "fc" else np.float64)
        seed[np.arange(stop - start), np.arange(start, stop)] = 1
        seed = seed.reshape((stop - start, *np.shape(value)))
        if holomorphic:
            return map(np.conjugate, back(seed, free=last))  # the transpose is that of the conjugate
        if is_complex:  # Re(conj(1j)·J) is the imaginary part of J
            return (re + 1j * im for re, im in zip(back(seed, free=False), back(1j * seed, free=last), strict=True))
        return iter(back(seed, free=last))

    step = _block_size(m, leaves, value.dtype.itemsize) if chunk_size is None else checked_chunk_size(chunk_size)
    blocks = [list(block(start, stop)) for start, stop in chunks(m, step)]
    joined = [np.concatenate(parts) if len(parts) > 1 else parts[0] for parts in zip(*blocks, strict=True)]
    return [np.reshape(x, np.shape(value) + k.shape)[()] for x, k in zip(joined, leaves, strict=True)]


def _block_size(m: int, leaves: Sequence[Any], itemsize: int) -> int:
    """Return how many rows one walk back takes: as many as CHUNK_BYTES hold of the longer side."""
    widest: int = max(m, sum(math.prod(k.shape) for k in leaves), 1)
    return max(1, min(m, CHUNK_BYTES // (widest * itemsize)))


def walks(leaves: Sequence[Array], values: Sequence[Array]) -> int:
    """Return how many walks back a Jacobian takes, given the inputs and the results."""
    sizes = [(math.prod(np.shape(v)), v.dtype.itemsize) for v in values]
    return sum(sum(1 for _ in chunks(m, _block_size(m, leaves, itemsize))) for m, itemsize in sizes)
