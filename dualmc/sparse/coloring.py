"""Colourings: which columns, rows, or variables of a Hessian may share a direction, and how the matrix is read from the products."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import numpy as np

from .._typing import Array
from ..extras import optional
from ..kernels import compiled
from .pattern import as_pattern

Kind: TypeAlias = Literal["columns", "rows", "symmetric"]
Order: TypeAlias = Literal["natural", "largest_first", "smallest_last", "incidence_degree", "random"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Coloring:
    """
    Which directions find all entries of a sparse matrix, and where: what `dualmc.coloring` returns.

    Attributes
    ----------
    colors : array of int
        The colour of each column (kinds "columns" and "symmetric") or row ("rows"), from 0.
    count : int
        How many colours there are: as many directions are enough.
    kind : {"columns", "rows", "symmetric"}
        What is coloured.
    order : str
        The order in which it was coloured.
    pattern : scipy.sparse.csr_array
        The places of the entries, boolean and sorted. Its arrays cannot be written to.

    Notes
    -----
    For a Jacobian J of shape (m, n) and the seed matrix S of `seeds`, the products are S·Jᵀ for columns, which are J·s for each direction
    s; S·J for rows, which are Jᵀ·s; and S·H for a symmetric H.

    """

    colors: Array
    count: int
    kind: Kind
    order: Order
    pattern: Any
    _places: Array = field(repr=False)
    """For each entry its place in the products, flattened."""

    def seeds(self, dtype: Any = np.float64) -> Array:
        """
        Return the directions: the sum of the basis vectors of each colour.

        Parameters
        ----------
        dtype : dtype
            Of the result.

        Returns
        -------
        array, shape (count, n), or (count, m) for rows
            A leading axis counts directions, as everywhere.

        Examples
        --------
        >>> import numpy as np, dualmc as dm
        >>> dm.coloring(np.tri(3, dtype=bool) & ~np.tri(3, k=-2, dtype=bool)).seeds()
        array([[1., 0., 1.],
               [0., 1., 0.]])

        """
        seeds = np.zeros((self.count, self.colors.size), dtype)
        seeds[self.colors, np.arange(self.colors.size)] = 1
        return seeds

    def decompress(self, products: Array) -> Any:
        """
        Return the matrix whose products with the directions of `seeds` are given.

        Parameters
        ----------
        products : array, shape (count, m) for columns, (count, n) for rows and symmetric
            The axes after the first may have another shape with as many numbers.

        Returns
        -------
        scipy.sparse.csr_array
            With the entries of `pattern`, in its order. Places are shared by all results: what moves entries of one in
            place, such as `eliminate_zeros`, is refused; make a `copy()` for that.

        Raises
        ------
        ValueError
            If the products are not as many.

        Notes
        -----
        Each entry stands by itself in one of the products, so that it is read, not computed: one gather, whose indices are known before.

        Examples
        --------
        >>> import numpy as np, dualmc as dm
        >>> pattern = np.tri(3, dtype=bool) & ~np.tri(3, k=-2, dtype=bool)
        >>> c = dm.coloring(pattern)
        >>> J = np.array([[1.0, 0.0, 0.0], [2.0, 3.0, 0.0], [0.0, 4.0, 5.0]])
        >>> c.decompress(c.seeds() @ J.T).toarray()
        array([[1., 0., 0.],
               [2., 3., 0.],
               [0., 4., 5.]])

        """
        given = np.asarray(products)
        length = self.pattern.shape[0 if self.kind == "columns" else 1]
        if given.ndim == 0 or given.shape[0] != self.count or math.prod(given.shape[1:]) != length:
            raise ValueError(
                f"Coloring.decompress: products must have the shape ({self.count}, {length}), one row for each direction of seeds(); "
                f"got {given.shape}"
            )
        p = self.pattern
        matrix = optional("scipy.sparse", "scipy", "coloring").csr_array((given.ravel()[self._places], p.indices, p.indptr), shape=p.shape)
        matrix.has_canonical_format = True
        return matrix

    def __repr__(self) -> str:
        """Say how many colours are enough for what."""
        p = self.pattern
        return f"Coloring(kind={self.kind!r}, order={self.order!r}, count={self.count}, pattern of shape {p.shape} with {p.nnz} entries)"


class _Graph(NamedTuple):
    """The rows of each column, and the columns of each row, of which two are neighbours."""

    ptr: Array
    idx: Array
    back_ptr: Array
    back_idx: Array


# Orders. -------------------------------------------------------------------------------------------------------------


def _degrees(graph: _Graph) -> Array:
    found = np.empty(graph.ptr.size - 1, np.int64)
    compiled("coloring").degrees(*graph, found)
    return found


def _peeled(graph: _Graph, keys: Array) -> Array:
    found = np.empty_like(keys)
    compiled("coloring").peeled(*graph, keys, found)
    return found


def _largest_first(graph: _Graph) -> Array:
    return np.argsort(-_degrees(graph), kind="stable")


def _smallest_last(graph: _Graph) -> Array:
    return np.ascontiguousarray(_peeled(graph, _degrees(graph))[::-1])


def _incidence_degree(graph: _Graph) -> Array:
    degrees = _degrees(graph)
    return _peeled(graph, np.full_like(degrees, degrees.max(initial=0)))


_ORDERS: dict[Order, Callable[[_Graph], Array]] = {
    "natural":          lambda graph: np.arange(graph.ptr.size - 1, dtype=np.int64),
    "largest_first":    _largest_first,
    "smallest_last":    _smallest_last,
    "incidence_degree": _incidence_degree,
    "random":           lambda graph: np.random.default_rng(0).permutation(graph.ptr.size - 1).astype(np.int64),
}  # fmt: skip


# Kinds. --------------------------------------------------------------------------------------------------------------


def _transposed(pattern: Any) -> tuple[Array, Array]:
    """Return where the entries of each column begin, and their rows."""
    found = pattern.tocsc()
    return found.indptr, found.indices


def _disjoint(graph: _Graph, order: Order) -> tuple[Array, int]:
    vertices = _ORDERS[order](graph)
    colors = np.empty_like(vertices)
    return colors, compiled("coloring").disjoint(*graph, vertices, colors)


def _places(pattern: Any, colors: Array, count: int) -> Array:
    """Return for each entry where it stands in the products with columns."""
    found = np.empty(pattern.nnz, np.int64)
    compiled("coloring").places(pattern.indptr, pattern.indices, colors, count, found)
    return found


def _columns(pattern: Any, order: Order) -> tuple[Array, int, Array]:
    colors, count = _disjoint(_Graph(*_transposed(pattern), pattern.indptr, pattern.indices), order)
    return colors, count, _places(pattern, colors, count)


def _rows(pattern: Any, order: Order) -> tuple[Array, int, Array]:
    colors, count = _disjoint(_Graph(pattern.indptr, pattern.indices, *_transposed(pattern)), order)
    return colors, count, np.repeat(colors * pattern.shape[1], np.diff(pattern.indptr)) + pattern.indices


def _symmetric(pattern: Any, order: Order) -> tuple[Array, int, Array]:
    n = pattern.shape[0]
    _check_symmetric(pattern)
    alone = np.arange(n + 1, dtype=pattern.indices.dtype)
    vertices = _ORDERS[order](_Graph(alone, alone[:n], pattern.indptr, pattern.indices))
    colors, count, words = np.empty_like(vertices), -1, 1
    while count < 0:  # what has run out of colours has cost at most half of what comes
        count = compiled("coloring").stars(pattern.indptr, pattern.indices, vertices, colors, words)
        words *= 2
    return colors, count, _places(pattern, colors, count)


def _check_symmetric(pattern: Any) -> None:
    m, n = pattern.shape
    if m != n:
        raise ValueError(f"coloring: kind='symmetric' needs a square pattern, got {m} × {n}")
    ptr, idx = _transposed(pattern)
    if not (np.array_equal(ptr, pattern.indptr) and np.array_equal(idx, pattern.indices)):
        missing = pattern > pattern.T
        i, j = (int(x[0]) for x in missing.nonzero())
        raise ValueError(
            f"coloring: kind='symmetric' needs a symmetric pattern, but there is an entry ({i}, {j}) and none at ({j}, {i}); "
            "use pattern + pattern.T, or kind='columns'"
        )


_KINDS: dict[Kind, Callable[[Any, Order], tuple[Array, int, Array]]] = {"columns": _columns, "rows": _rows, "symmetric": _symmetric}
"""What finds colours, how many there are, and the place of each entry in the products."""


def _chosen(value: Any, names: tuple[str, ...], argument: str) -> None:
    if value not in names:
        raise ValueError(f"coloring: {argument} must be one of {', '.join(names)}; got {value!r}")


def coloring(pattern: Any, kind: Kind = "columns", order: Order = "natural") -> Coloring:
    """
    Colour the columns or rows of a sparse pattern, so that those of one colour share a direction.

    Parameters
    ----------
    pattern : array or matrix of scipy.sparse, or array of bool, shape (m, n)
        The places of the entries: all that are stored, whatever their value.
    kind : {"columns", "rows", "symmetric"}
        "columns": no two columns of a colour have an entry in the same row, for Jacobians by J·s. "rows": the same of rows, by Jᵀ·s.
        "symmetric": for Hessians by H·s, with fewer colours since each entry stands in two places.
    order : {"natural", "largest_first", "smallest_last", "incidence_degree", "random"}
        The order in which columns are coloured: as they come; those with most neighbours first; so that each has the fewest
        neighbours among those before it; next the one with most neighbours that are coloured; shuffled, always alike. Which one takes the
        fewest colours depends on the pattern.

    Returns
    -------
    Coloring
        The colours, with `seeds` for the directions and `decompress` to read the matrix from the products.

    Raises
    ------
    ImportError
        If SciPy is missing (extra `scipy`).
    TypeError
        If the pattern is neither sparse nor an array of bool.
    ValueError
        If kind or order have no such value, the pattern does not have two axes, or is to be symmetric and is not.

    Notes
    -----
    Columns are a partial distance-2 colouring of the graph of rows and columns, found greedily: Gebremedhin, Manne & Pothen, *What Color Is
    Your Jacobian?*, SIAM Review 47 (2005), algorithm 3.2, after Curtis, Powell & Reid (1974); orders as in Coleman & Moré, SIAM J. Numer.
    Anal. 20 (1983). For Hessians neighbours have different colours, and each path of four vertices has at least three, so that each
    entry stands by itself in one of its two products: a star colouring (Coleman & Moré, Math. Programming 28, 1984), as by Gebremedhin,
    Tarafdar, Manne & Pothen, SIAM J. Sci. Comput. 29 (2007), algorithm 4.1.

    With up to 63 colours the time is linear in the number of entries; more colours of columns take up to the sum of the squared lengths
    of rows, as do the orders of columns that look at neighbours.

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> from scipy.sparse import diags_array
    >>> tridiagonal = diags_array([1.0, 1.0, 1.0], offsets=[-1, 0, 1], shape=(7, 7))
    >>> c = dm.coloring(tridiagonal)
    >>> c.count, c.colors
    (3, array([0, 1, 2, 0, 1, 2, 0]))
    >>> J = tridiagonal * np.arange(7.0)
    >>> (c.decompress(c.seeds() @ J.T) - J).nnz
    0

    """
    _chosen(kind, get_args(Kind), "kind")
    _chosen(order, get_args(Order), "order")
    found = as_pattern(pattern, "coloring")
    colors, count, places = _KINDS[kind](found, order)
    for a in (colors, places, found.data, found.indices, found.indptr):
        a.flags.writeable = False
    return Coloring(colors, count, kind, order, found, places)
