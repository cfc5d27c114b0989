"""What Hypothesis draws: points in domains, directions, shapes, axes, layouts, matrices, programs."""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from .._typing import Array, Shape
from ..rules import complete
from ..rules.rule import REAL, Domain, Elementwise
from .layouts import layouts
from .programs import TAME, Program, table_functions
from .table import rule_of

Interval: TypeAlias = Domain | tuple[float, float]
Kind: TypeAlias = Literal["general", "symmetric", "spd", "orthogonal", "well_conditioned", "triangular", "diagonal", "singular", "distinct"]
GRID = 512
"""Points lie on a grid of so many steps to either side of the middle of their domain, where examples shrink to."""


def _domain(domain: Interval) -> Domain:
    return domain if isinstance(domain, Domain) else Domain(f"({domain[0]}, {domain[1]})", *domain)


def _shapes(shape: Any, side: int = 4) -> st.SearchStrategy[Shape]:
    if shape is None:
        return hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=side)
    return shape if isinstance(shape, st.SearchStrategy) else st.just((shape,) if isinstance(shape, int) else tuple(shape))


@functools.cache
def _steps() -> st.SearchStrategy[int]:
    return st.integers(1 - GRID, GRID - 1)


@st.composite
def arrays_in(draw: st.DrawFn, domain: Interval = REAL, shape: Any = None, dtype: Any = np.float64) -> Array:
    """
    Draw arrays whose entries lie strictly inside an open interval.

    Parameters
    ----------
    domain : Domain or (low, high)
        The interval; a Domain of integers gives integers.
    shape : int, tuple, or a strategy of tuples, optional
        Up to three axes of up to four entries when left out; empty arrays are among them.
    dtype : dtype
        float64, float32, complex128 or complex64; of complex numbers the real part lies in the interval.

    Returns
    -------
    strategy of ndarray
        Examples shrink to the middle of the interval.

    Raises
    ------
    ValueError
        If the interval is empty.

    Notes
    -----
    Entry = middle + half·k / 512 with an integer |k| < 512.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(arrays_in((0.0, 4.0), shape=2), lambda x: True)
    array([2., 2.])

    """
    on = _domain(domain)
    if not on.low < on.high:
        raise ValueError(f"arrays_in: the domain must have low < high, got {on.low} and {on.high}")
    size = draw(_shapes(shape))
    count = math.prod(size)
    if on.integer:
        return np.array(draw(st.lists(st.integers(int(on.low), int(on.high)), min_size=count, max_size=count)), int).reshape(size)
    steps = np.array(draw(st.lists(_steps(), min_size=count, max_size=count)), float)
    x: Array = (on.low + on.high) / 2 + (on.high - on.low) / 2 * steps / GRID
    if np.dtype(dtype).kind == "c":
        x = x + 1j * np.array(draw(st.lists(_steps(), min_size=count, max_size=count)), float) / GRID
    return x.reshape(size).astype(dtype)


@st.composite
def points(draw: st.DrawFn, rule: Any, dtype: Any = np.float64) -> tuple[Array, ...]:
    """
    Draw the arguments of an element-wise function, inside the domains that its rule names.

    Parameters
    ----------
    rule : callable or rule
        A function with an element-wise rule, or the rule.
    dtype : dtype
        Of arguments that are not integers.

    Returns
    -------
    strategy of tuple of ndarray
        Shapes that broadcast.

    Raises
    ------
    TypeError
        If there is no such rule.

    Notes
    -----
    The domains are those of `on=` in the rule, inside which the function is smooth.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(points(np.log), lambda xs: True)
    (array(2.1),)

    """
    known = rule_of(rule)
    if not isinstance(known, Elementwise):
        raise TypeError(f"points: {known.func.__name__} is not element-wise; draw its arguments with arrays_in")
    n = len(known.on)
    shapes = draw(hnp.mutually_broadcastable_shapes(num_shapes=n, max_dims=2, max_side=3)).input_shapes
    return tuple(draw(arrays_in(domain, shape, dtype)) for domain, shape in zip(known.on, shapes, strict=True))


@st.composite
def directions(draw: st.DrawFn, x: Array) -> Array:
    """
    Draw directions for an array: ones, unit vectors, anything.

    Parameters
    ----------
    x : array_like
        The point.

    Returns
    -------
    strategy of ndarray
        Of the shape of x and its floating dtype; not zero.

    Raises
    ------
    TypeError
        If x is not numeric.

    Notes
    -----
    Entries lie in (-2, 2).

    Examples
    --------
    >>> from hypothesis import find
    >>> find(directions(np.zeros(3)), lambda v: True)
    array([1., 1., 1.])

    """
    a = np.asarray(x)
    if a.dtype.kind not in "biufc":
        raise TypeError(f"directions: x must be an array of numbers, got dtype {a.dtype}")
    dtype = a.dtype if a.dtype.kind in "fc" else np.dtype(float)
    which = draw(st.integers(0, 2)) if a.size else 0
    if which == 0:
        return np.ones(a.shape, dtype)
    if which == 1:
        v = np.zeros(a.size, dtype)
        v[draw(st.integers(0, a.size - 1))] = 1
        return v.reshape(a.shape)
    v = draw(arrays_in((-2.0, 2.0), a.shape, dtype))
    return v if np.any(v) else np.ones(a.shape, dtype)


@st.composite
def broadcastable_pairs(draw: st.DrawFn, domain: Interval = REAL, dtype: Any = np.float64) -> tuple[Array, Array]:
    """
    Draw two arrays whose shapes broadcast.

    Parameters
    ----------
    domain : Domain or (low, high)
        Where the entries lie.
    dtype : dtype
        Of both.

    Returns
    -------
    strategy of tuple of ndarray
        Of up to three axes; axes of length 0 and 1 are among them.

    Raises
    ------
    ValueError
        If the interval is empty.

    Notes
    -----
    NumPy's rule: axes are aligned at the end, and must be equal or 1.

    Examples
    --------
    >>> from hypothesis import find
    >>> a, b = find(broadcastable_pairs(), lambda ab: ab[0].shape != ab[1].shape)
    >>> np.broadcast_shapes(a.shape, b.shape) in {a.shape, b.shape}
    True

    """
    shapes = draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, min_side=0, max_side=3)).input_shapes
    first, second = (draw(arrays_in(domain, shape, dtype)) for shape in shapes)
    return first, second


@st.composite
def axes(draw: st.DrawFn, ndim: int, *, none: bool = True, several: bool = True) -> int | tuple[int, ...] | None:
    """
    Draw the axis argument of a reduction.

    Parameters
    ----------
    ndim : int
        How many axes the array has.
    none, several : bool
        Whether None, and tuples of axes, are among them.

    Returns
    -------
    strategy of None, int or tuple of int
        Axes count from the front or, negative, from the back.

    Raises
    ------
    ValueError
        If nothing remains to be drawn.

    Notes
    -----
    A tuple has no axis twice, and may be empty.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(axes(2, none=False, several=False), lambda axis: True)
    0

    """
    kinds = ["one"] * (ndim > 0) + ["none"] * none + ["several"] * several
    if not kinds:
        raise ValueError("axes: an array without axes has none to draw; allow none=True")
    kind = draw(st.sampled_from(kinds))
    if kind == "none":
        return None
    if kind == "one":
        axis = draw(st.integers(0, ndim - 1))
        return axis - ndim if draw(st.booleans()) else axis
    chosen = draw(st.lists(st.integers(0, ndim - 1), unique=True)) if ndim else []
    return tuple(axis - ndim if draw(st.booleans()) else axis for axis in chosen)


def memory_layouts(x: Array) -> st.SearchStrategy[Array]:
    """
    Draw the same values in another memory layout.

    Parameters
    ----------
    x : array_like
        The values.

    Returns
    -------
    strategy of ndarray
        C and Fortran order, every second entry of a wider array, negative strides, read-only.

    Raises
    ------
    ValueError
        If x is a ragged sequence.

    Notes
    -----
    What a function gives must not depend on it.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(memory_layouts(np.eye(2)), lambda x: not x.flags.c_contiguous).flags.f_contiguous
    True

    """
    return st.sampled_from(range(5)).map(lambda k: layouts(x)[k])


def edge_values(dtype: Any = np.float64) -> st.SearchStrategy[float]:
    """
    Draw the numbers at which functions go wrong.

    Parameters
    ----------
    dtype : dtype
        float64 or float32.

    Returns
    -------
    strategy of NumPy scalars
        0, -0, ±1, the smallest and largest numbers, those beside 1, infinities, nan.

    Raises
    ------
    ValueError
        If dtype is not floating.

    Notes
    -----
    Subnormal numbers are among them.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(edge_values(), np.isnan)
    np.float64(nan)

    """
    info, kind = np.finfo(dtype), np.dtype(dtype).type
    one = kind(1)
    sizes = [
        kind(0),
        one,
        np.nextafter(one, kind(2)),
        np.nextafter(one, kind(0)),
        info.tiny,
        info.smallest_subnormal,
        info.max,
        kind(np.inf),
    ]
    return st.sampled_from([*sizes, *(-s for s in sizes), kind(np.nan)])


@st.composite
def matrices(draw: st.DrawFn, kind: Kind = "general", n: Any = None, dtype: Any = np.float64) -> Array:
    """
    Draw square matrices of a kind.

    Parameters
    ----------
    kind : str
        "general"; "symmetric" (Hermitian); "spd": symmetric and positive definite; "orthogonal" (unitary);
        "well_conditioned": singular values in (0.5, 2); "triangular": lower, diagonal in (0.5, 2); "diagonal";
        "singular": rank n - 1; "distinct": symmetric, with eigenvalues at least 0.5 apart.
    n : int or strategy of int, optional
        1 to 4 when left out.
    dtype : dtype
        float64, float32, complex128 or complex64.

    Returns
    -------
    strategy of ndarray
        Of shape (n, n).

    Raises
    ------
    ValueError
        If there is no such kind.

    Notes
    -----
    Made from eigenvalues or singular values in (0.5, 2) and orthogonal matrices from QR, so that no condition number exceeds 4 but
    those of "general", "symmetric", "triangular", "singular" and "distinct".

    Examples
    --------
    >>> from hypothesis import find
    >>> find(matrices("spd", n=2), lambda a: True)
    array([[1.25, 0.  ],
           [0.  , 1.25]])

    """
    if kind not in _MAKERS:
        raise ValueError(f"matrices: kind must be one of {', '.join(_MAKERS)}; got {kind!r}")
    size = draw(n if isinstance(n, st.SearchStrategy) else st.just(n) if n is not None else st.integers(1, 4))
    wide = np.complex128 if np.dtype(dtype).kind == "c" else np.float64
    square = [draw(arrays_in((-1.0, 1.0), (size, size), wide)) for _ in range(2)]
    values = draw(arrays_in((0.5, 2.0), (size,)))
    return np.asarray(_MAKERS[kind](square[0], square[1], values)).astype(dtype)


def _unitary(a: Array) -> Array:
    q, r = np.linalg.qr(a + 2 * len(a) * np.eye(len(a)))
    return q * np.sign(np.diag(r).real)


def _composed(a: Array, values: Array) -> Array:
    q = _unitary(a)
    m = (q * values) @ q.conj().T
    return (m + m.conj().T) / 2


_MAKERS: dict[str, Callable[[Array, Array, Array], Array]] = {
    "general": lambda a, b, s: a,
    "symmetric": lambda a, b, s: (a + a.conj().T) / 2,
    "spd": lambda a, b, s: _composed(a, s),
    "orthogonal": lambda a, b, s: _unitary(a),
    "well_conditioned": lambda a, b, s: (_unitary(a) * s) @ _unitary(b).conj().T,
    "triangular": lambda a, b, s: np.tril(a, -1) + np.diag(s),
    "diagonal": lambda a, b, s: np.diag(s),
    "singular": lambda a, b, s: (_unitary(a) * np.where(np.arange(len(s)) == 0, 0.0, s)) @ _unitary(b).conj().T,
    "distinct": lambda a, b, s: _composed(a, s + 2.0 * np.arange(len(s))),
}


@st.composite
def smooth_programs(draw: st.DrawFn, n_in: int, depth: int = 6, functions: str | Sequence[str] = "table") -> Program:
    """
    Draw programs: functions of one vector that are smooth, and read as code.

    Parameters
    ----------
    n_in : int
        Length of the vector; the result has it, too.
    depth : int
        The most steps.
    functions : "table", "tame", or texts
        "tame" ones are smooth on all of ℝ and grow slowly; "table" adds the smooth ufuncs of the rule table, whose arguments are
        brought into their domains.

    Returns
    -------
    strategy of callable
        A failing program shrinks to few steps and simple functions.

    Raises
    ------
    ValueError
        If n_in or depth is not positive.

    Notes
    -----
    Step k may use the input and the results of all steps before. Steps that the result does not depend on are not shown and not run.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(smooth_programs(3), lambda f: True)
    def program(x):
        y1 = 2 * x - 1
        return y1

    """
    if n_in < 1 or depth < 1:
        raise ValueError(f"smooth_programs: n_in and depth must be positive, got {n_in} and {depth}")
    known = _functions()
    texts = list(TAME) if functions == "tame" else list(known) if isinstance(functions, str) else list(functions)
    steps: list[tuple[str, tuple[int, ...]]] = []
    for k in range(draw(st.integers(1, depth))):
        text = draw(st.sampled_from(texts))
        steps.append((text, tuple(draw(st.integers(0, k)) for _ in range(text.count("{}")))))
    return Program(tuple(steps), known)


@functools.cache
def _functions() -> dict[str, Callable[..., Array]]:
    complete()
    return {**TAME, **table_functions()}
