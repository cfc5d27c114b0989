"""Local partials of element-wise functions: the table that everything else follows from."""

import math
from typing import Any

import numpy as np

from .._typing import Array
from .registry import elementwise
from .rule import (
    ABOVE_MINUS_ONE,
    ABOVE_ONE,
    INTEGER,
    MINUS_ONE,
    NEGATIVE,
    NONZERO,
    ONE,
    POSITIVE,
    REAL,
    SMALL,
    UNIT,
    ZERO,
    Edge,
)

LN2, LN10 = math.log(2.0), math.log(10.0)
INF, NAN = math.inf, math.nan


# Named bodies for partials that need more than a line. -------------------------------------------------------


def _pow_x(ans: Array, x: Array, y: Array) -> Array:
    """y·x**(y-1), and 0 where y == 0, also at x == 0."""
    if np.ndim(y) == 0 and y != 0:
        return y * np.power(x, y - 1)
    return y * np.power(x, np.where((y == 0) & (x == 0), 1, y - 1))


def _pow_xx(ans: Array, x: Array, y: Array) -> Array:
    """y·(y-1)·x**(y-2), and 0 where y is 0 or 1, also at x == 0."""
    return y * (y - 1) * np.power(x, np.where(((y == 0) | (y == 1)) & (x == 0), 1, y - 2))


def _pow_xy(ans: Array, x: Array, y: Array) -> Array:
    """x**(y-1)·(1 + y·log x), and 0 where x == 0 and y > 1."""
    zero = (x == 0) & (y > 1)
    x = np.where(zero, 1, x)
    return np.where(zero, 0, np.power(x, y - 1) * (1 + y * np.log(x)))


def _safe_log(x: Array, y: Array) -> Array:
    """Log x, and 0 where x == 0 < y: the factor x**y is 0 there whatever y does."""
    zero = (x == 0) & (np.real(y) > 0)
    return np.where(zero, 0, np.log(np.where(zero, 1, x)))


def _wins(ans: Array, x: Array, y: Array) -> Array:
    """1 where x alone is the result, 1/2 at a tie (and where both are nan), else 0."""
    return 0.5 * (x == ans) + 0.5 * (y != ans)


def _share(x: Array, y: Array, exp: Any) -> Array:
    """exp(x) / (exp(x) + exp(y)); 1/2 where both are the same infinity."""
    same = (x == y) & np.isinf(x)
    return 1 / (1 + exp(np.where(same, 0, y) - np.where(same, 0, x)))


def _over(x: Array, length: Array) -> Array:
    """X / length, and 0 where length is 0."""
    zero = length == 0
    return np.where(zero, 0, x / np.where(zero, 1, length))


def _angle_d(x: Array, y: Array) -> Array:
    """X / (x² + y²) without overflow."""
    h = np.hypot(x, y)
    return x / h / h


def _angle_dd(x: Array, y: Array) -> tuple[Array, Array]:
    """2xy / (x² + y²)² and (x² - y²) / (x² + y²)² without overflow."""
    h = np.hypot(x, y)
    a, b = x / h, y / h
    return 2 * a * b / h / h, (a - b) * (a + b) / h / h


def chosen(condition: Array, x: Array, y: Array) -> Array:
    """np.where with its three arguments."""
    return np.where(condition, x, y)


def bounded(x: Array, low: Array, high: Array) -> Array:
    """np.clip with its three arguments."""
    return np.clip(x, low, high)


def _below(ans: Array, x: Array, low: Array, high: Array) -> Array:
    return 1.0 * ((x < low) & (low < high))


def _above(ans: Array, x: Array, low: Array, high: Array) -> Array:
    return 1.0 * ((x > high) | ((x < low) & (low >= high)))


# Arithmetic. -------------------------------------------------------------------------------------------------

elementwise(np.add, on=[REAL, REAL], d=[ONE, ONE], dd=[ZERO, ZERO, ZERO])
elementwise(np.subtract, on=[REAL, REAL], d=[ONE, MINUS_ONE], dd=[ZERO, ZERO, ZERO])
elementwise(
    np.multiply,
    on=[REAL, REAL],
    d=[lambda ans, x, y: y, lambda ans, x, y: x],
    dd=[ZERO, ONE, ZERO],
    edges=[Edge((0.0, 3.0), (3.0, 0.0))],
)
elementwise(
    np.divide,
    on=[REAL, NONZERO],
    d=[lambda ans, x, y: 1 / y, lambda ans, x, y: -ans / y],
    dd=[ZERO, lambda ans, x, y: -1 / (y * y), lambda ans, x, y: 2 * ans / (y * y)],
)
elementwise(np.negative, on=[REAL], d=[MINUS_ONE], dd=[ZERO])
elementwise(np.positive, on=[REAL], d=[ONE], dd=[ZERO])
# x + x takes two thirds of the time of 2 * x for a thousand numbers (bench/bench_structured.py, gradient of Rosenbrock).
elementwise(np.square, on=[REAL], d=[lambda ans, x: x + x], dd=[lambda ans, x: 2.0], edges=[Edge((0.0,), (0.0,), (2.0,))])
elementwise(np.reciprocal, on=[NONZERO], d=[lambda ans, x: -ans * ans], dd=[lambda ans, x: 2 * ans * ans * ans])
elementwise(
    np.power,
    on=[POSITIVE, REAL],
    d=[_pow_x, lambda ans, x, y: ans * _safe_log(x, y)],
    dd=[_pow_xx, _pow_xy, lambda ans, x, y: ans * _safe_log(x, y) ** 2],
    edges=[
        Edge((0.0, 0.0), (0.0, -INF), (0.0, None, None)),
        Edge((0.0, 1.0), (1.0, 0.0), (0.0, -INF, 0.0)),
        Edge((0.0, 2.0), (0.0, 0.0), (2.0, 0.0, 0.0)),
        Edge((0.0, 3.0), (0.0, 0.0), (0.0, 0.0, 0.0)),
        Edge((0.0, 0.5), (INF, 0.0)),
        Edge((-2.0, 3.0), (12.0, NAN), (-12.0, NAN, NAN)),
        Edge((-2.0, 2.0), (-4.0, NAN), (2.0, NAN, NAN)),
    ],
    quiet=lambda x, y: not (type(y) in (int, float) and y >= 1),
)

# Exponentials and logarithms. --------------------------------------------------------------------------------

elementwise(np.exp, on=[REAL], d=[lambda ans, x: ans], dd=[lambda ans, x: ans], edges=[Edge((-INF,), (0.0,))])
elementwise(np.exp2, on=[REAL], d=[lambda ans, x: ans * LN2], dd=[lambda ans, x: ans * LN2**2])
elementwise(np.expm1, on=[REAL], d=[lambda ans, x: np.exp(x)], dd=[lambda ans, x: np.exp(x)], edges=[Edge((0.0,), (1.0,), (1.0,))])
elementwise(np.log, on=[POSITIVE], d=[lambda ans, x: 1 / x], dd=[lambda ans, x: -1 / (x * x)], edges=[Edge((0.0,), (INF,))])
elementwise(np.log2, on=[POSITIVE], d=[lambda ans, x: 1 / (x * LN2)], dd=[lambda ans, x: -1 / (x * x * LN2)], edges=[Edge((0.0,), (INF,))])
elementwise(
    np.log10, on=[POSITIVE], d=[lambda ans, x: 1 / (x * LN10)], dd=[lambda ans, x: -1 / (x * x * LN10)], edges=[Edge((0.0,), (INF,))]
)
elementwise(
    np.log1p,
    on=[ABOVE_MINUS_ONE],
    d=[lambda ans, x: 1 / (1 + x)],
    dd=[lambda ans, x: -1 / (1 + x) ** 2],
    edges=[Edge((0.0,), (1.0,), (-1.0,)), Edge((-1.0,), (INF,))],
)
elementwise(
    np.logaddexp,
    on=[REAL, REAL],
    d=[lambda ans, x, y: _share(x, y, np.exp), lambda ans, x, y: _share(y, x, np.exp)],
    dd=[
        lambda ans, x, y: _share(x, y, np.exp) * _share(y, x, np.exp),
        lambda ans, x, y: -_share(x, y, np.exp) * _share(y, x, np.exp),
        lambda ans, x, y: _share(x, y, np.exp) * _share(y, x, np.exp),
    ],
    edges=[
        Edge((-INF, -INF), (0.5, 0.5)),
        Edge((INF, 1.0), (1.0, 0.0)),
        Edge((-INF, 1.0), (0.0, 1.0)),
        Edge((0.0, 0.0), (0.5, 0.5), (0.25, -0.25, 0.25)),
        Edge((1e3, -1e3), (1.0, 0.0)),
    ],
    quiet=True,
)
elementwise(
    np.logaddexp2,
    on=[REAL, REAL],
    d=[lambda ans, x, y: _share(x, y, np.exp2), lambda ans, x, y: _share(y, x, np.exp2)],
    dd=[
        lambda ans, x, y: LN2 * _share(x, y, np.exp2) * _share(y, x, np.exp2),
        lambda ans, x, y: -LN2 * _share(x, y, np.exp2) * _share(y, x, np.exp2),
        lambda ans, x, y: LN2 * _share(x, y, np.exp2) * _share(y, x, np.exp2),
    ],
    edges=[Edge((-INF, -INF), (0.5, 0.5)), Edge((0.0, 0.0), (0.5, 0.5), (0.25 * LN2, -0.25 * LN2, 0.25 * LN2))],
    quiet=True,
)

# Roots and lengths. ------------------------------------------------------------------------------------------

elementwise(
    np.sqrt, on=[POSITIVE], d=[lambda ans, x: 0.5 / ans], dd=[lambda ans, x: -0.25 / (ans * x)], edges=[Edge((0.0,), (INF,))], quiet=True
)
elementwise(
    np.cbrt,
    on=[NONZERO],
    d=[lambda ans, x: 1 / (3 * ans * ans)],
    dd=[lambda ans, x: -2 / (9 * ans * ans * x)],
    edges=[Edge((0.0,), (INF,)), Edge((-8.0,), (1 / 12,), (1 / 144,))],
    quiet=True,
)
elementwise(
    np.hypot,
    on=[NONZERO, NONZERO],
    d=[lambda ans, x, y: _over(x, ans), lambda ans, x, y: _over(y, ans)],
    dd=[
        lambda ans, x, y: _over(_over(y, ans) ** 2, ans),
        lambda ans, x, y: -_over(_over(x, ans) * _over(y, ans), ans),
        lambda ans, x, y: _over(_over(x, ans) ** 2, ans),
    ],
    edges=[
        Edge((0.0, 0.0), (0.0, 0.0), (0.0, 0.0, 0.0)),
        Edge((1e200, 1e200), (0.5**0.5, 0.5**0.5)),
        Edge((1e-200, 1e-200), (0.5**0.5, 0.5**0.5)),
    ],
)

# Trigonometric functions and their inverses. -----------------------------------------------------------------

elementwise(np.sin, on=[REAL], d=[lambda ans, x: np.cos(x)], dd=[lambda ans, x: -ans], edges=[Edge((0.0,), (1.0,), (0.0,))])
elementwise(np.cos, on=[REAL], d=[lambda ans, x: -np.sin(x)], dd=[lambda ans, x: -ans], edges=[Edge((0.0,), (0.0,), (-1.0,))])
elementwise(np.tan, on=[UNIT], d=[lambda ans, x: 1 + ans * ans], dd=[lambda ans, x: 2 * ans * (1 + ans * ans)])
elementwise(
    np.arcsin,
    on=[UNIT],
    d=[lambda ans, x: 1 / np.sqrt((1 - x) * (1 + x))],
    dd=[lambda ans, x: x / ((1 - x) * (1 + x)) ** 1.5],
    edges=[Edge((1.0,), (INF,)), Edge((-1.0,), (INF,))],
    quiet=True,
)
elementwise(
    np.arccos,
    on=[UNIT],
    d=[lambda ans, x: -1 / np.sqrt((1 - x) * (1 + x))],
    dd=[lambda ans, x: -x / ((1 - x) * (1 + x)) ** 1.5],
    edges=[Edge((1.0,), (-INF,)), Edge((-1.0,), (-INF,))],
    quiet=True,
)
elementwise(
    np.arctan, on=[REAL], d=[lambda ans, x: 1 / (1 + x * x)], dd=[lambda ans, x: -2 * x / (1 + x * x) ** 2], edges=[Edge((INF,), (0.0,))]
)
elementwise(
    np.arctan2,
    on=[NONZERO, NONZERO],
    d=[lambda ans, y, x: _angle_d(x, y), lambda ans, y, x: -_angle_d(y, x)],
    dd=[lambda ans, y, x: -_angle_dd(x, y)[0], lambda ans, y, x: -_angle_dd(x, y)[1], lambda ans, y, x: _angle_dd(x, y)[0]],
    edges=[Edge((0.0, 0.0), (NAN, NAN)), Edge((1e200, 1e200), (0.5e-200, -0.5e-200)), Edge((0.0, -1.0), (-1.0, 0.0))],
    quiet=True,
)
for _degrees in (np.degrees, np.rad2deg):
    elementwise(_degrees, on=[REAL], d=[lambda ans, x: 180 / math.pi], dd=[ZERO])
for _radians in (np.radians, np.deg2rad):
    elementwise(_radians, on=[REAL], d=[lambda ans, x: math.pi / 180], dd=[ZERO])

# Hyperbolic functions and their inverses. --------------------------------------------------------------------

elementwise(np.sinh, on=[REAL], d=[lambda ans, x: np.cosh(x)], dd=[lambda ans, x: ans], edges=[Edge((0.0,), (1.0,), (0.0,))])
elementwise(np.cosh, on=[REAL], d=[lambda ans, x: np.sinh(x)], dd=[lambda ans, x: ans], edges=[Edge((0.0,), (0.0,), (1.0,))])
elementwise(
    np.tanh,
    on=[REAL],
    d=[lambda ans, x: 1 - ans * ans],
    dd=[lambda ans, x: -2 * ans * (1 - ans * ans)],
    edges=[Edge((INF,), (0.0,), (0.0,))],
)
elementwise(
    np.arcsinh,
    on=[REAL],
    d=[lambda ans, x: 1 / np.sqrt(1 + x * x)],
    dd=[lambda ans, x: -x / (1 + x * x) ** 1.5],
    edges=[Edge((0.0,), (1.0,), (0.0,))],
)
elementwise(
    np.arccosh,
    on=[ABOVE_ONE],
    d=[lambda ans, x: 1 / (np.sqrt(x - 1) * np.sqrt(x + 1))],
    dd=[lambda ans, x: -x / (np.sqrt(x - 1) * np.sqrt(x + 1)) ** 3],
    edges=[Edge((1.0,), (INF,))],
    quiet=True,
)
elementwise(
    np.arctanh,
    on=[UNIT],
    d=[lambda ans, x: 1 / ((1 - x) * (1 + x))],
    dd=[lambda ans, x: 2 * x / ((1 - x) * (1 + x)) ** 2],
    edges=[Edge((0.0,), (1.0,), (0.0,)), Edge((1.0,), (INF,))],
    quiet=True,
)

# Choice between arguments, and functions with kinks. ---------------------------------------------------------

for _chooser in (np.maximum, np.minimum, np.fmax, np.fmin):
    elementwise(
        _chooser,
        on=[NEGATIVE, POSITIVE],
        d=[_wins, lambda ans, x, y: _wins(ans, y, x)],
        dd=[ZERO, ZERO, ZERO],
        edges=[Edge((1.0, 1.0), (0.5, 0.5), (0.0, 0.0, 0.0)), Edge((0.0, -0.0), (0.5, 0.5))]
        + ([Edge((NAN, 1.0), (0.0, 1.0)), Edge((1.0, NAN), (1.0, 0.0))] if _chooser in (np.fmax, np.fmin) else []),
        select=True,
    )
elementwise(
    np.absolute,
    on=[NONZERO],
    d=[lambda ans, x: np.conjugate(np.sign(x))],
    dd=[ZERO],
    edges=[Edge((0.0,), (0.0,), (0.0,)), Edge((-2.0,), (-1.0,), (0.0,))],
    on_complex="modulus",
)
elementwise(
    np.fabs, on=[NONZERO], d=[lambda ans, x: np.sign(x)], dd=[ZERO], edges=[Edge((0.0,), (0.0,), (0.0,)), Edge((-2.0,), (-1.0,), (0.0,))]
)
elementwise(
    np.copysign,
    on=[NONZERO, NONZERO],
    d=[lambda ans, x, y: np.copysign(1.0, x) * np.copysign(1.0, y), ZERO],
    dd=[ZERO, ZERO, ZERO],
    edges=[Edge((0.0, -1.0), (-1.0, 0.0)), Edge((-2.0, 0.0), (-1.0, 0.0))],
)
elementwise(
    np.heaviside,
    on=[NONZERO, REAL],
    d=[ZERO, lambda ans, x, y: 1.0 * (x == 0)],
    dd=[ZERO, ZERO, ZERO],
    edges=[Edge((0.0, 0.5), (0.0, 1.0))],
    select=True,
)
elementwise(
    chosen,
    on=[INTEGER, REAL, REAL],
    d=[ZERO, lambda ans, c, x, y: 1.0 * (c != 0), lambda ans, c, x, y: 1.0 * (c == 0)],
    dd=[ZERO] * 6,
    edges=[Edge((1.0, 2.0, NAN), (0.0, 1.0, 0.0)), Edge((0.0, INF, 3.0), (0.0, 0.0, 1.0))],
    select=True,
)
elementwise(
    bounded,
    on=[POSITIVE, NEGATIVE, ABOVE_ONE],
    d=[lambda ans, x, low, high: 1.0 * ((x >= low) & (x <= high)), _below, _above],
    dd=[ZERO] * 6,
    edges=[
        Edge((1.0, 1.0, 2.0), (1.0, 0.0, 0.0)),
        Edge((2.0, 1.0, 2.0), (1.0, 0.0, 0.0)),
        Edge((0.0, 1.0, 2.0), (0.0, 1.0, 0.0)),
        Edge((9.0, 1.0, 2.0), (0.0, 0.0, 1.0)),
    ],
    select=True,
)

# Division with a remainder; scaling by powers of two; neighbours. --------------------------------------------

elementwise(np.floor_divide, on=[REAL, NONZERO], d=[ZERO, ZERO], dd=[ZERO, ZERO, ZERO], on_complex="refused")
for _remainder in (np.remainder, np.fmod):
    elementwise(
        _remainder,
        on=[POSITIVE, ABOVE_ONE],
        d=[ONE, lambda ans, x, y: np.rint((ans - x) / y)],
        dd=[ZERO, ZERO, ZERO],
        edges=[Edge((1.0, INF), (1.0, 0.0))],
    )
elementwise(
    np.ldexp,
    on=[REAL, INTEGER],
    d=[lambda ans, x, n: np.ldexp(np.ones_like(ans), n), ZERO],
    dd=[ZERO, ZERO, ZERO],
    edges=[Edge((0.0, 3.0), (8.0, 0.0))],
)
elementwise(np.nextafter, on=[SMALL, SMALL], d=[ONE, ZERO], dd=[ZERO, ZERO, ZERO])
