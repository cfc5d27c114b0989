"""Sparse Jacobians: one run of f with structured tangents, whose slots are the entries."""

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .._typing import Array, Function, Shape
from ..arrays.creation import carries
from ..boundary import Call
from ..extras import optional
from ..jacobians import CHUNK_BYTES, basis, check_real, chunks, transform
from ..recording import Recording, record
from ..tangents import dense, structured
from ..tangents.structured import Family, Structured, Unstructured
from .assembly import Assembler


class Evaluator:
    """
    Evaluates sparse Jacobians of one function.

    Prepared, it keeps the roots and layouts of one evaluation for the next one: equal slots are then the same objects, and values are
    written into the structure that is there.
    """

    def __init__(self, name: str, *, prepared: bool) -> None:
        self.sparse = optional("scipy.sparse", "scipy", name)
        self.name, self.prepared = name, prepared
        self._lock = threading.Lock()
        self._kept: dict[Any, tuple[Family, list[Assembler]]] = {}

    def __call__(self, call: Call, has_aux: bool) -> tuple[list[Array], list[list[Any]], Any, Any]:
        """Return the values, a row of matrices for each of them, the structure of the result and auxiliary data."""
        _check(call)
        recording = record(call.f, lambda it: call.function(*call.bound(it)), call.leaves, has_aux)
        with self._lock:
            rows = list(self._rows(call, recording))
        return recording.values, rows, recording.structure, recording.aux

    def _rows(self, call: Call, recording: Recording) -> Iterator[list[Any]]:
        key = tuple([(x.shape, x.dtype) for x in call.leaves])
        family, assemblers = self._kept.get(key) or (Family(call.leaves), [])
        if self.prepared:
            self._kept[key] = family, assemblers
        while len(assemblers) < len(recording.values):
            assemblers.append(Assembler(self.sparse))
        try:
            tangents = recording.tape.push(family.seeds(), structured)
            found = [self._row(family, a, y, t) for a, y, t in zip(assemblers, recording.values, tangents, strict=True)]
            if any(dense.has_nan(j.data) for row in found for j in row if j.nnz):
                found = self._strict(call, recording, family, assemblers, found)
        except Unstructured:
            self._kept.pop(key, None)
            found = [self._full(call, recording, i) for i in range(len(recording.values))]
        finally:
            family.release()
        yield from found

    def _row(self, family: Family, assembler: Assembler, y: Array, t: Structured | None) -> list[Any]:
        dtype = y.dtype if y.dtype.kind in "fc" else np.dtype(float)
        return [assembler.jacobian({} if t is None else t.terms, np.shape(y), leaf, dtype) for leaf in family.leaves]

    def _strict(self, call: Call, recording: Recording, family: Family, assemblers: list[Assembler], found: list[list[Any]]) -> list[list[Any]]:
        """Return the matrices with 0·inf = 0: by slots, or if maps between them are infinite by dense directions, read where entries are."""
        if not family.used:
            tangents = recording.tape.push(family.seeds(strict=True), structured)
            return [self._row(family, a, y, t) for a, y, t in zip(assemblers, recording.values, tangents, strict=True)]
        for i, row in enumerate(found):
            for a, b in zip(row, self._full(call, recording, i), strict=True):
                a.data[...] = b.toarray()[np.repeat(np.arange(a.shape[0]), np.diff(a.indptr)), a.indices]
        return found

    def _full(self, call: Call, recording: Recording, i: int) -> list[Any]:
        """Return matrices with all entries, by dense directions."""
        columns = np.concatenate([block for block in dense_columns(call, recording, i)])
        at, row = 0, []
        for x in call.leaves:
            block = columns[at : at + x.size].reshape(x.size, -1).T
            full = np.arange(block.size) % max(1, x.size), np.arange(0, block.size + 1, max(1, x.size)) if x.size else np.zeros(len(block) + 1, int)
            row.append(self.sparse.csr_array((np.ascontiguousarray(block).reshape(-1), *full), shape=block.shape))
            at += x.size
        return row


def dense_columns(call: Call, recording: Recording, i: int) -> Iterator[Array]:
    """Yield the tangents of output i along all basis vectors, block by block, from the tape: f does not run again."""
    sizes = sum(x.size for x in call.leaves)
    value = recording.values[i]
    step = max(1, CHUNK_BYTES // (8 * max(1, sizes, value.size)))
    for start, stop in chunks(sizes, step):
        at, seeds = 0, []
        for x, shape in zip(call.leaves, call.shapes, strict=True):
            seed = basis(x, shape, at, start, stop)
            seeds.append(np.zeros((stop - start, *x.shape), x.dtype) if seed is None else seed)
            at += math.prod(shape)
        t = recording.tape.push(seeds)[i]
        yield np.zeros((stop - start, *np.shape(value))) if t is None else t


def _check(call: Call) -> None:
    check_real(call)
    if any(carries(x) for x in call.leaves):
        raise TypeError(f"{call.name}: an input carries a tangent of another transform, which a matrix of SciPy cannot hold; use dm.jacobian")


Matrices = Callable[[Any], Any]


def _sparse(name: str, f: Function, argnums: Any, has_aux: bool, prepare: bool, with_value: bool, matrices: Matrices = lambda j: j) -> Function:
    evaluator = Evaluator(name, prepared=prepare)

    def solve(call: Call) -> tuple[Any, Any, Any]:
        values, rows, outer, aux = evaluator(call, has_aux)
        trees = [call.like_inputs(map(matrices, row)) for row in rows]
        return outer.unflatten(iter(values)), outer.unflatten(iter(trees)), aux

    return transform(name, f, argnums, has_aux, with_value, solve)
