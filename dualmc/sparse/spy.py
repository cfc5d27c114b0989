"""A sparse pattern as a picture."""

from typing import Any

import numpy as np

from .._typing import Array
from ..extras import optional
from .coloring import Coloring

RESOLUTION = 250
"""Cells of a side of the picture, each a pixel or more of a small figure: of larger matrices, several entries share one."""


def spy(J: Any, ax: Any = None, *, colors: Any = None, **kwargs: Any) -> Any:
    """
    Draw the places of the entries of a sparse matrix.

    Parameters
    ----------
    J : array or matrix of scipy.sparse, shape (m, n)
        All entries that are stored are drawn, whatever their value.
    ax : matplotlib.axes.Axes, optional
        Where to draw; the current axes of pyplot when left out.
    colors : array of int, Coloring or "slots", optional
        A colour for each entry, counted from 0, in the order of `J.data`; or a colouring, whose columns (or rows) give theirs to the
        entries; or "slots", for the entries of each row as slots hold them: first, second and so on. All are black when left out.
    **kwargs
        For `Axes.imshow`: `cmap`, `alpha`, `aspect` and so on.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    ImportError
        If SciPy or matplotlib is missing (extras `scipy` and `plot`).
    TypeError
        If J is not sparse, or colors are none of these.
    ValueError
        If colors do not fit J.

    Notes
    -----
    An image of at most 250 cells a side, so that a picture of 10⁶ entries is drawn as fast as one of few. Where several entries share
    a cell it has the highest of their colours. A slot diag(v)·G has at most one entry in each row, so that the most entries of a row are
    the fewest slots, and those of a stencil.

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> from scipy.sparse import eye_array
    >>> J = eye_array(6) + eye_array(6, k=1)
    >>> ax = dm.spy(J, colors=dm.coloring(J))  # doctest: +SKIP

    """
    if not optional("scipy.sparse", "scipy", "spy").issparse(J) or J.ndim != 2:
        got = f"{type(J).__name__} of shape {np.shape(J)}"
        raise TypeError(f"spy: J must be a matrix of scipy.sparse, got {got}; scipy.sparse.csr_array(J) makes one of an array")
    places = J.tocoo()
    slots = np.zeros(places.nnz, np.int64) if colors is None else _of_entries(colors, places)
    axes = optional("matplotlib.pyplot", "plot", "spy").gca() if ax is None else ax
    m, n = (max(k, 1) for k in J.shape)  # an image has a size
    look = {"cmap": _cmap(slots, colors), "interpolation": "nearest", "vmin": 0, "vmax": max(int(slots.max(initial=0)), 1)}
    axes.imshow(_cells(places, slots), **{"extent": (-0.5, n - 0.5, m - 0.5, -0.5), **look, **kwargs})
    axes.xaxis.tick_top()
    for axis in (axes.xaxis, axes.yaxis):
        axis.get_major_locator().set_params(integer=True)
    return axes


def _of_entries(colors: Any, places: Any) -> Array:
    """Return the colour of each entry."""
    if isinstance(colors, str) and colors == "slots":
        return _ranks(places)
    if isinstance(colors, Coloring):
        if colors.pattern.shape != places.shape:
            raise ValueError(f"spy: colors are a Coloring of a pattern of shape {colors.pattern.shape}, but J has the shape {places.shape}")
        return colors.colors[places.row if colors.kind == "rows" else places.col]
    found = np.asarray(colors)
    if found.dtype.kind not in "iu":
        raise TypeError(f"spy: colors must be integers, a Coloring or 'slots', got {_named(colors, found)}")
    if found.shape != (places.nnz,) or (found < 0).any():
        raise ValueError(
            f"spy: colors must be one number from 0 for each of the {places.nnz} entries of J, got shape {found.shape}"
            + f" with a least value of {found.min()}" * bool(found.size)
        )
    return found


def _named(colors: Any, found: Array) -> str:
    return repr(colors) if isinstance(colors, str) else f"dtype {found.dtype}"


def _ranks(places: Any) -> Array:
    """Return for each entry how many there are to the left of it in its row."""
    order = np.lexsort((places.col, places.row))
    counts = np.bincount(places.row, minlength=places.shape[0])
    ranks = np.empty(places.nnz, np.int64)
    ranks[order] = np.arange(places.nnz) - np.repeat(np.cumsum(counts) - counts, counts)
    return ranks


def _cells(places: Any, slots: Array) -> Array:
    """Return the highest colour in each cell of the picture, masked where there is no entry."""
    m, n = (max(k, 1) for k in places.shape)
    height, width = min(m, RESOLUTION), min(n, RESOLUTION)
    cells = np.full((height, width), -1, np.int64)
    cell = (places.row.astype(np.int64) * height // m, places.col.astype(np.int64) * width // n)
    np.maximum.at(cells, cell, slots)
    return np.ma.masked_less(cells, 0)


def _cmap(slots: Array, colors: Any) -> str:
    """Return the name of the colours: distinct ones while there are enough."""
    if colors is None:
        return "gray"
    count = int(slots.max(initial=0)) + 1
    return "tab10" if count <= 10 else "tab20" if count <= 20 else "turbo"
