"""Evaluation of sparse Jacobians: by the slots of one run, or by the directions of a colouring."""

import functools
import itertools
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import numpy as np

from .._typing import Array
from ..arrays.creation import carries
from ..arrays.dual import Dual
from ..boundary import Call, fresh_level, outputs, shared, zero_tangent
from ..extras import optional
from ..jacobians import check_real
from ..passes import CHUNK_BYTES, basis_of_all, chunks, fresh
from ..recording import Recording, record_call
from ..tangents import dense, structured
from ..tangents.straight import Replay, UndecidedError
from ..tangents.structured import Family, Structured, UnstructuredError
from ..tangents.tape import Tape
from ..trees import Structure
from .assembly import Assembler, Filling
from .coloring import Coloring, coloring

Strategy: TypeAlias = Literal["auto", "structured", "colored"]

WIDE = 2.5
"""Prepared evaluations go by colours where there are so many times more slots than colours (bench/bench_structured.py)."""


def checked_strategy(name: str, strategy: Strategy) -> Strategy:
    """Return the strategy, or raise."""
    if strategy not in get_args(Strategy):
        raise ValueError(f"{name}: strategy must be one of {', '.join(map(repr, get_args(Strategy)))}; got {strategy!r}")
    return strategy


class Found(NamedTuple):
    """What an evaluation gives: values, for each of them a matrix for each input, and how they are put back."""

    values: list[Array]
    matrices: list[list[Any]]
    outer: Structure
    aux: Any
    fits: bool = True
    """Whether the product of the matrices with a random direction is what the function says: if not, a pattern lacks entries."""


class Evaluator:
    """
    Evaluates sparse Jacobians of one function.

    Prepared, it keeps roots and layouts of one evaluation for the next one, where equal slots are then the same objects and values are
    written into the structure that is there.
    """

    def __init__(self, name: str, *, prepare: bool, strategy: Strategy, pattern: Any = None) -> None:
        self.sparse = optional("scipy.sparse", "scipy", name)
        self.name, self.prepare, self.strategy = name, prepare, checked_strategy(name, strategy)
        self._given = None if pattern is None else coloring(pattern)
        self._lock = threading.Lock()
        self._prepared: dict[Any, _Prepared] = {}

    def __call__(self, call: Call, has_aux: bool) -> Found:
        """Evaluate the matrices of one call."""
        check(call)
        if self._given is not None:
            return fitting(self.by_colors(call, has_aux, self._given, probed=True), self.name)
        prepared = shared(self._prepared, call, functools.partial(_Prepared, call)) if self.prepare else _Prepared(call)
        if prepared.colors is not None:
            found = self.by_colors(call, has_aux, prepared.colors, probed=True)
            if found.fits:
                return found
            prepared.colors, prepared.decided = None, False  # f has taken another way
        recording = record_call(call, has_aux)  # outside of the lock: f may call this
        with self._lock:
            found = self._structured(call, recording, prepared)
            if self.prepare:
                self._decide(prepared, found)
        return found

    def _decide(self, prepared: "_Prepared", found: Found) -> None:
        """Choose colours for the evaluations to come, if they are wanted or need far fewer directions than there are slots."""
        if prepared.decided:
            return
        prepared.decided = True
        if self.strategy == "structured" or (self.strategy == "auto" and prepared.family.most <= WIDE):
            return
        colors = coloring(self.sparse.block_array(found.matrices, format="csr"))
        if self.strategy == "colored" or WIDE * colors.count <= prepared.family.most:
            prepared.colors = colors

    # By slots. ---------------------------------------------------------------------------------------------------

    def _structured(self, call: Call, recording: Recording, prepared: "_Prepared") -> Found:
        values, family = recording.values, prepared.family
        assemblers = prepared.assemblers
        while len(assemblers) < len(values):
            assemblers.append(Assembler(self.sparse))
        try:
            replayed = prepared.replayed(recording) if self.prepare else None
            found = self._rows(recording, prepared, strict=False) if replayed is None else replayed
            if replayed is None and any(dense.has_nan(j.data) for row in found for j in row if j.nnz):
                found = self._mended(call, recording, prepared, found)
        except UnstructuredError:
            found = [self._full(call, recording, i) for i in range(len(values))]
        finally:
            family.release()
        return Found(values, found, recording.structure, recording.aux)

    def _rows(self, recording: Recording, prepared: "_Prepared", *, strict: bool) -> list[list[Any]]:
        """Return a row of matrices for each output."""
        family = prepared.family
        tangents = recording.tape.push(family.seeds(strict=strict), structured)
        return [
            [assembler.jacobian(columns, np.shape(y), leaf, dtype) for leaf in family.leaves]
            for assembler, y, columns, dtype in prepared.rows(recording, tangents)
        ]

    def _mended(self, call: Call, recording: Recording, prepared: "_Prepared", found: list[list[Any]]) -> list[list[Any]]:
        """Return the matrices with 0·inf = 0: by slots, or if there are maps between them by dense directions."""
        if not prepared.family.used:
            return self._rows(recording, prepared, strict=True)
        for i, row in enumerate(found):
            for a, b in zip(row, self._full(call, recording, i), strict=True):
                a.data[...] = b.toarray()[np.repeat(np.arange(a.shape[0]), np.diff(a.indptr)), a.indices]
        return found

    def _full(self, call: Call, recording: Recording, i: int) -> list[Any]:
        """Return matrices with all entries, by dense directions."""
        columns = np.concatenate(list(_columns(call, recording, i)))
        stops = np.cumsum([x.size for x in call.leaves])
        blocks = np.split(columns.reshape(len(columns), -1).T, stops[:-1], axis=1)
        return [
            self.sparse.csr_array(self.sparse.coo_array((b.reshape(-1), np.indices(b.shape).reshape(2, -1)), shape=b.shape)) for b in blocks
        ]

    # By colours. -------------------------------------------------------------------------------------------------

    def by_colors(self, call: Call, has_aux: bool, colors: Coloring, *, probed: bool = False) -> Found:
        """Evaluate by one direction for each colour, of all inputs and outputs together; and one more to tell if the pattern `fits`."""
        sizes = [x.size for x in call.leaves]
        if colors.colors.size != sum(sizes):
            raise ValueError(
                f"{self.name}: pattern must have a column for each of the {sum(sizes)} input numbers, got {colors.colors.size}"
            )
        products: list[list[Array]] = []
        step = max(1, CHUNK_BYTES // max(1, 8 * sum(sizes)))
        directions = with_probe(colors.seeds()) if probed else colors.seeds()
        for start, stop in chunks(len(directions), step):
            level = fresh_level()
            seeds = split(call, directions[start:stop])
            leaves = (Dual(fresh(x), s, level) for x, s in zip(call.leaves, seeds, strict=True))
            values, tangents, outer, aux = outputs(call.f, call.run(leaves), level, has_aux)
            filled = [np.zeros((stop - start, *np.shape(y))) if t is None else t for y, t in zip(values, tangents, strict=True)]
            products.append([t.reshape(stop - start, -1) for t in filled])
        rows = [np.concatenate(parts) for parts in zip(*products, strict=True)]
        if colors.pattern.shape[0] != sum(r.shape[1] for r in rows):
            if probed and colors is not self._given:
                return Found(values, [], outer, aux, fits=False)
            raise ValueError(
                f"{self.name}: pattern must have a row for each of the {sum(r.shape[1] for r in rows)} output numbers, "
                f"got {colors.pattern.shape[0]}"
            )
        images = np.concatenate(rows, axis=1)
        whole = colors.decompress(images[: colors.count])
        fits = not probed or is_image(whole, images[-1])
        return Found(values, blocks(whole, [r.shape[1] for r in rows], sizes), outer, aux, fits)


class _Prepared:
    """What evaluations at inputs of the same shapes share."""

    def __init__(self, call: Call) -> None:
        self.family = Family(call.leaves)
        self.assemblers: list[Assembler] = []
        self.colors: Coloring | None = None
        self.decided = False
        self.replay = Replay(alike=1)

    def rows(self, recording: Recording, tangents: Sequence[Structured | None]) -> Iterator[tuple[Assembler, Array, Any, Any]]:
        """Yield for each output what assembles its matrices, its value, its slots and the dtype of its tangent."""
        for assembler, y, t in zip(self.assemblers, recording.values, tangents, strict=False):
            yield assembler, y, {} if t is None else t.columns(), y.dtype if y.dtype.kind in "fc" else np.dtype(np.float64)

    def replayed(self, recording: Recording) -> list[list[Any]] | None:
        """Return a row of matrices for each output by the steps that earlier runs took; None where they did something else, or for nan."""

        def walk(tape: Tape) -> tuple[list[Any], list[list[Filling]]]:
            tangents = tape.push(self.family.seeds(), structured)
            if self.family.used:
                raise UndecidedError  # maps between slots are multiplied out as matrices
            varying: list[Any] = []
            fillings = [
                [assembler.filling(columns, np.shape(y), leaf, dtype, varying) for leaf in self.family.leaves]
                for assembler, y, columns, dtype in self.rows(recording, tangents)
            ]
            return varying, fillings

        replayed = self.replay(recording.tape, walk)
        if replayed is None or any(map(dense.has_nan, replayed[0])):
            return None
        left, fillings = iter(replayed[0]), replayed[1]
        found = [[filling.matrix(left) for filling in row] for row in fillings]
        return None if any(a is None for row in found for a in row) else found


def check(call: Call) -> None:
    check_real(call)
    if any(carries(x) for x in call.leaves):
        raise TypeError(
            f"{call.name}: an input carries a tangent of another transform, which no matrix of SciPy can hold; use dm.jacobian there"
        )


def _columns(call: Call, recording: Recording, i: int) -> Iterator[Array]:
    """Yield the tangents of output i along all basis vectors, block by block, by replays of the tape."""
    n = call.size
    value = recording.values[i]
    step = max(1, CHUNK_BYTES // (8 * max(1, n, value.size)))
    for start, stop in chunks(n, step):
        t = recording.tape.push(basis_of_all(call, start, stop))[i]
        yield np.repeat(zero_tangent(value)[None], stop - start, axis=0) if t is None else t


def probe(n: int) -> Array:
    """Return a direction that shows whether a matrix lacks entries."""
    return np.random.default_rng(0).uniform(1, 2, n)


def with_probe(seeds: Array) -> Array:
    """Return directions with that of `probe` after them."""
    return np.concatenate([seeds, probe(seeds.shape[1])[None]])


def is_image(matrix: Any, image: Array) -> bool:
    """Whether the matrix maps the direction of `probe` to this, up to rounding; nothing is known of rows in which both are not finite."""
    r = probe(matrix.shape[1])
    with np.errstate(all="ignore"):
        product, size = matrix @ r, abs(matrix) @ r
        equal = np.abs(product - image) <= np.sqrt(np.finfo(matrix.dtype).eps) * size
        return bool(np.all(equal | ~(np.isfinite(product) | np.isfinite(image))))


def fitting(found: Found, name: str) -> Found:
    """Return what was found by a pattern that the user gave, or raise if that lacks entries."""
    if not found.fits:
        raise ValueError(
            f"{name}: pattern lacks entries that f has at this point: f moves otherwise than the matrix says along a direction that "
            "moves all inputs; leave pattern= out, or find it by dm.jacobian_sparsity(f)(x)"
        )
    return found


def split(call: Call, seeds: Array) -> list[Array]:
    """Return directions of all input numbers side by side as directions of each leaf."""
    parts = np.split(seeds, np.cumsum([x.size for x in call.leaves])[:-1], axis=1)
    return [s.reshape(-1, *x.shape).astype(x.dtype) for x, s in zip(call.leaves, parts, strict=True)]


def blocks(whole: Any, heights: Sequence[int], widths: Sequence[int]) -> list[list[Any]]:
    """Cut a matrix into blocks."""
    if len(heights) == len(widths) == 1:
        return [[whole]]
    i, j = np.concatenate([[0], np.cumsum(heights)]), np.concatenate([[0], np.cumsum(widths)])
    return [[whole[a:b, c:d] for c, d in itertools.pairwise(j)] for a, b in itertools.pairwise(i)]
