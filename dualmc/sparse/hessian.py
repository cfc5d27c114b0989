"""Sparse Hessians: from the slots that meet in the operations of one run, or by the directions of a star colouring."""

import functools
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import structure
from .._typing import Array, Function
from ..boundary import Call, shared
from ..extras import optional
from ..jacobians import check_one_number, transform
from ..passes import CHUNK_BYTES, chunks
from ..recording import Recording, record_call
from ..reverse import grad
from ..tangents import dense
from ..tangents.curved import CurvatureError
from ..tangents.gathers import Gather, Root
from ..tangents.pairs import Pairs, entries, weights_of
from ..tangents.structured import Family, UnstructuredError
from . import matrices
from .assembly import Assembler
from .coloring import Coloring, coloring
from .evaluator import Evaluator, Found, Strategy, blocks, check, checked_strategy, fitting, is_image, split, with_probe

Blocks = dict[tuple[Gather, Gather], Any]
"""What stands between pairs of gathers."""


class HessianEvaluator:
    """Evaluates sparse Hessians of one function; what it keeps from one evaluation to the next is that of `Evaluator`."""

    def __init__(self, name: str, *, prepare: bool, strategy: Strategy, pattern: Any) -> None:
        self.sparse = optional("scipy.sparse", "scipy", name)
        self.name, self.prepare, self.strategy = name, prepare, checked_strategy(name, strategy)
        self._colors = None if pattern is None else coloring(pattern, "symmetric")
        self._lock = threading.Lock()
        self._prepared: dict[Any, _Prepared] = {}
        self._nested = Evaluator(name, prepare=prepare, strategy="structured")

    def __call__(self, call: Call, has_aux: bool) -> Found:
        """Evaluate value and matrices of one call: a row for each input."""
        check(call)
        if self._colors is not None:
            return fitting(self._colored(call, has_aux, self._colors, probed=True), self.name)
        make = functools.partial(_Prepared, call, self.sparse, once=not self.prepare)
        prepared = shared(self._prepared, call, make) if self.prepare else make()
        if prepared.colors is not None:
            found = self._colored(call, has_aux, prepared.colors, probed=True)
            if found.fits:
                return found
        found = self._structured(call, has_aux, prepared)
        if self.prepare and self.strategy == "colored":
            prepared.colors = coloring(self.sparse.block_array(found.matrices, format="csr"), "symmetric")
        return found

    def _structured(self, call: Call, has_aux: bool, prepared: "_Prepared") -> Found:
        """Evaluate by slots; where a tape does not hold the second derivative of an operation, by those of the gradient."""
        recording = self._recorded(call, has_aux)
        with self._lock:
            try:
                found = prepared.matrices(recording)
            except (CurvatureError, UnstructuredError):
                found = None
            finally:
                prepared.family.release()
        if found is None or any(dense.has_nan(a.data) for row in found for a in row if a.nnz):
            found = self._by_gradient(call, has_aux)
        return Found(recording.values, found, recording.structure, recording.aux)

    def _recorded(self, call: Call, has_aux: bool) -> Recording:
        recording = record_call(call, has_aux, curved=True)
        check_one_number(call, recording.values, recording.structure, "dm.hessian")
        return recording

    def _by_gradient(self, call: Call, has_aux: bool) -> list[list[Any]]:
        """Return the sparse Jacobian of the gradient, which is recorded like any other function."""
        rows = self._nested(_gradient_of(call, has_aux), has_aux).matrices
        return [[matrices.with_mirror(m, rows[j][i], self.sparse) for j, m in enumerate(row)] for i, row in enumerate(rows)]

    def _colored(self, call: Call, has_aux: bool, colors: Coloring, *, probed: bool = False) -> Found:
        """Evaluate by products of the Hessian with one direction for each colour; and one more to tell if the pattern `fits`."""
        sizes = [x.size for x in call.leaves]
        n = sum(sizes)
        if colors.colors.size != n:
            raise ValueError(
                f"{self.name}: pattern must have a row and a column for each of the {n} input numbers, got {colors.colors.size}"
            )
        directions = with_probe(colors.seeds()) if probed else colors.seeds()
        parts = [structure.hvp(call, split(call, directions[at]), has_aux) for at in _slices(len(directions), n)]
        known = [p for p in parts if p is not None]
        if not known or len(known) < len(parts):
            self._recorded(call, has_aux)  # raises if f does not return one number
            return self._nested.by_colors(_gradient_of(call, has_aux), has_aux, colors, probed=probed)
        products = [np.concatenate([p.reshape(len(p), -1) for p in part.products], axis=1) for part in known]
        images = np.concatenate(products)
        whole = colors.decompress(images[: colors.count])
        fits = not probed or is_image(whole, images[-1])
        return Found([known[-1].value], blocks(whole, sizes, sizes), known[-1].outer, known[-1].aux, fits)


def _slices(count: int, n: int) -> list[slice]:
    """Return which directions go together, for n numbers each."""
    return [slice(*at) for at in chunks(count, max(1, CHUNK_BYTES // max(1, 8 * n)))]


def _gradient_of(call: Call, has_aux: bool) -> Call:
    return Call(call.name, grad(call.f, argnums=call.numbers, has_aux=has_aux), call.numbers, call.args, call.kwargs)


class _Prepared:
    """What evaluations at inputs of the same shapes share: roots, layouts of the Jacobians of cuts, and that of the Hessian."""

    def __init__(self, call: Call, sparse: Any, *, once: bool = False) -> None:
        self.sparse, self.once = sparse, once
        self.family = Family(call.leaves)
        self.assembler = Assembler(sparse)
        self.colors: Coloring | None = None
        self._layouts: dict[Any, _Layout] = {}

    def matrices(self, recording: Recording) -> list[list[Any]]:
        """Return the second derivatives of the scalar that was recorded, a row of matrices for each leaf."""
        y = recording.values[0]
        dtype = y.dtype if y.dtype.kind == "f" else np.dtype(np.float64)
        pairs = Pairs(recording.tape, self.family, np.ones((), dtype)[()])
        by_roots: dict[tuple[Root, Root], Blocks] = {}
        for (s, t), d in pairs.blocks.items():
            by_roots.setdefault((s.root, t.root), {})[s, t] = d
        found = {roots: self._between(roots, blocks) for roots, blocks in by_roots.items()}
        self.assembler.renew()
        rows = [[self._of(found, a, b, dtype) for b in self.family.leaves] for a in self.family.leaves]
        self.assembler.renew()
        return rows

    def _between(self, roots: tuple[Root, Root], blocks: Blocks) -> Any:
        """Return the matrix of pairs of gathers from two roots; its structure is looked for by SciPy if it is needed once."""
        if self.once:
            rows, columns, values = _triplets(roots, blocks)
            return self.sparse.coo_array((values, (rows, columns)), shape=(roots[0].size, roots[1].size)).tocsr()
        key = roots, tuple(blocks)
        layout = self._layouts.get(key)
        if layout is None:
            layout = self._layouts[key] = _Layout(roots, blocks)
        return layout.matrix(blocks, self.sparse)

    def _of(self, found: dict[tuple[Root, Root], Any], a: Root, b: Root, dtype: Any) -> Any:
        """Return Σ Jᵀ·H·J over all pairs of roots: the second derivatives by leaf a and leaf b."""
        terms = [(r, q, h) for (r, q), h in found.items()] + [(q, r, h.T.tocsr()) for (r, q), h in found.items() if r is not q]
        parts = [m for m in (self._between_leaves(a, b, term, dtype) for term in terms) if m is not None]
        if not parts:
            return self.sparse.csr_array((a.size, b.size), dtype=dtype)
        total = matrices.total(parts, self.sparse)
        total.sum_duplicates()
        return (total.real if np.iscomplexobj(total) else total).astype(dtype, copy=False)

    def _between_leaves(self, a: Root, b: Root, term: tuple[Root, Root, Any], dtype: Any) -> Any:
        """Return Jᵀ·h·J for h between two roots; None if one of them does not depend on its leaf."""
        first, second, h = term
        if second is not b:
            right = self.assembler.source(second, b, dtype)
            if right is None:
                return None
            h = matrices.product(h, right, self.sparse)
        if first is not a:
            left = self.assembler.source(first, a, dtype)
            return None if left is None else matrices.product(left.T.tocsr(), h, self.sparse)
        return h


def _triplets(roots: tuple[Root, Root], blocks: Blocks) -> tuple[Array, Array, Array]:
    """Return rows, columns and values of Σ Gₛᵀ·diag(d)·Gₜ for gathers from two roots, and of their mirror images if the roots are one."""
    parts = []
    for (s, t), d in blocks.items():
        kept, i, j = entries(s, t)
        v = weights_of(d, s.shape, kept)
        parts += [(i, j, v), (j, i, v)] if roots[0] is roots[1] and s is not t else [(i, j, v)]
    rows, columns, values = (np.concatenate(x) for x in zip(*parts, strict=True))
    return rows, columns, values


class _Layout:
    """The CSR structure of pairs of gathers, which only the gathers decide on."""

    __slots__ = ("_order", "_roots", "_starts", "indices", "indptr")

    def __init__(self, roots: tuple[Root, Root], blocks: Blocks) -> None:
        self._roots = roots
        i, j, _ = _triplets(roots, blocks)
        self._order = np.lexsort((j, i))
        i, j = i[self._order], j[self._order]
        first = np.ones(len(i), bool)
        first[1:] = (i[1:] != i[:-1]) | (j[1:] != j[:-1])
        self._starts = np.flatnonzero(first)
        self.indices = j[self._starts]
        self.indptr = np.searchsorted(i[self._starts], np.arange(roots[0].size + 1)).astype(self.indices.dtype)

    def matrix(self, blocks: Blocks, sparse: Any) -> Any:
        """Return the matrix with what stands between the gathers."""
        data = _triplets(self._roots, blocks)[2][self._order]
        data = np.add.reduceat(data, self._starts) if len(self._starts) < len(data) else data
        shape = self._roots[0].size, self._roots[1].size
        matrix = sparse.csr_array((data, self.indices, self.indptr), shape=shape)
        matrix.has_canonical_format = True
        return matrix


def sparse_hessian(
    f: Function,
    *,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    prepare: bool = False,
    strategy: Strategy = "auto",
    pattern: Any = None,
) -> Function:
    """
    Return the function that evaluates the Hessian of a scalar function as a sparse matrix.

    Parameters
    ----------
    f : callable
        Returns one real number.
    argnums : int or tuple of int
        The positional arguments to differentiate with respect to, twice.
    has_aux : bool
        f returns `(output, aux)`; the result is then `(hessian, aux)`.
    prepare : bool
        For many evaluations: the structure that the first one finds is kept for each set of input shapes, and later ones write values
        into it. The matrices then share their `indices` and `indptr`.
    strategy : {"auto", "structured", "colored"}
        How prepared evaluations go: by the slots of structured tangents ("auto" and "structured"), or by one product of the Hessian
        with a dense direction for each colour of its pattern.
    pattern : array or matrix of scipy.sparse, optional
        The symmetric places of all entries that can be other than zero, for all inputs side by side. If it is given, all evaluations
        go by colours, and by one direction more that tells whether it lacks entries.

    Returns
    -------
    callable
        With the arguments of f. For an input of n numbers it returns a `scipy.sparse.csr_array` of shape (n, n), counted in the order of
        `ravel`; for structured inputs, their structure with the structure again in each place, tuples for several argnums. Entries
        that can be other than zero are there even where they are zero.

    Raises
    ------
    ImportError
        If SciPy is missing (extra `scipy`).
    TypeError
        If f does not return one real number, or an input is not real or carries a tangent of another transform.
    ValueError
        If argnums, strategy or pattern do not fit, or the pattern lacks an entry that is other than zero.

    Notes
    -----
    The Hessian is the sum over the operations v = φ(u₁, u₂, ...) of f of Σᵢⱼ Jᵢᵀ·(∂f/∂v·φ''ᵢⱼ)·Jⱼ with Jᵢ = ∂uᵢ/∂x (Parr & Howard, section
    4.5, twice). Jᵢ is a sum of slots diag(v)·G, and the middle is a diagonal, so that each pair of slots gives its entries at once:
    pattern and values come from one run and one walk back. Where second derivatives are not noted (products of matrices, solve, prod)
    it is the sparse Jacobian of the gradient. Colours are those of a star colouring: Gebremedhin, Tarafdar, Manne & Pothen, SIAM J. Sci.
    Comput. 29 (2007), algorithm 4.1.

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> H = dm.sparse_hessian(lambda x: np.sum(x[1:] * x[:-1] ** 2))(np.array([1.0, 2.0, 3.0]))
    >>> H.nnz
    6
    >>> H.toarray()
    array([[4., 2., 0.],
           [2., 6., 4.],
           [0., 4., 0.]])

    """
    evaluator = HessianEvaluator("sparse_hessian", prepare=prepare, strategy=strategy, pattern=pattern)

    def solve(call: Call) -> tuple[Any, Any, Any]:
        found = evaluator(call, has_aux)
        return None, call.like_inputs(call.like_inputs(iter(row)) for row in found.matrices), found.aux

    return transform("sparse_hessian", f, argnums, has_aux, False, solve)
