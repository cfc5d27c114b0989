"""Derivatives of functions as they are, from their values alone: value, bound of the error, and how they were found."""

import dataclasses
import functools
import warnings
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from .._typing import Array, Function

ROWS = 12
"""Steps of one ladder; each is half of the one before."""

FIRST_STEP = 2.0**-3
COMPLEX_STEP = 2.0**-340
NOISE_SPACING = 0.9137 * 2.0**-18  # no power of two, so that no bits of the points are 0
NOISE_POINTS = np.array([-4.85, -4.21, -3.08, -1.87, -1.14, 0.0, 0.83, 2.17, 2.94, 4.12, 5.06], np.longdouble)
"""Where noise is measured, in spacings: points as far from each other would keep step with a grid that the values lie on."""

MOST_ROUNDING = 1e-6
STAIRS = 3  # so many jumps are stairs; fewer may just be near
_FAILURES = (ValueError, ArithmeticError)  # what functions raise outside of their domain
KIND = {"f": np.longdouble, "c": np.clongdouble}
HALF = {"f": np.float64, "c": np.complex128}


@dataclasses.dataclass(frozen=True)
class Truth:
    """
    A derivative that was measured.

    Parameters
    ----------
    value : ndarray
        The derivative, in the shape of the function's result.
    bound : ndarray
        Of the same shape: how far `value` may be off.
    method : str
        "complex step", "differences", or "dual numbers".
    scale : float
        What counts as a size for these numbers: the largest entry of the derivative, or of the function if that is 0.
    kink : bool
        The point lies on a kink; `bound` then reaches to the slopes of both sides.
    rounding : float
        Noise of the function in double precision relative to its size: a derivative written by hand will not be rounded less.

    """

    value: Array
    bound: Array
    method: str
    scale: float
    kink: bool = False
    rounding: float = 0.0

    @property
    def digits(self) -> float:
        """How many digits of the largest entry are certain."""
        return digits(self.bound, self.scale)


def digits(error: Array, scale: float) -> float:
    """Return how many decimal digits of `scale` an error leaves: 0 for none, at most 17."""
    worst = float(np.max(np.abs(error), initial=0.0))
    if not np.isfinite(worst):
        return 0.0
    with np.errstate(divide="ignore"):  # a scale beyond all numbers
        return float(np.clip(-np.log10(max(worst, 1e-300) / (scale or 1.0)), 0.0, 17.0))


def directional_derivative(f: Function, x: Array, v: Array) -> Truth:
    """
    Measure the derivative of f at x along v.

    Parameters
    ----------
    f : callable
        Takes one array and returns one array or number; real or complex.
    x : array_like
        The point, of any shape. Values of f are taken in extended precision if f allows it, else in double precision.
    v : array_like
        The direction, of the shape of x.

    Returns
    -------
    Truth
        Value and bound, of the shape of f(x).

    Raises
    ------
    ValueError
        If the shapes of x and v differ.
    TypeError
        If f does not return numbers.

    Notes
    -----
    Central differences (f(x + h·v) - f(x - h·v)) / 2h have an error in even powers of h, so that a table of them for halved steps is
    extrapolated to h = 0 (Richardson). The entry that changes least counts; the bound is that change and the noise of f, measured
    by differences of high order (Moré & Wild, *Estimating Computational Noise*), divided by h. For real x and f the complex step
    Im f(x + ih·v) / h has no difference to lose digits in (Squire & Trapp, *SIAM Review* 40). It counts if f takes complex numbers and
    the differences confirm it; a part of f that is not analytic and is smaller than their bound goes unnoticed.

    Examples
    --------
    >>> import numpy as np
    >>> truth = directional_derivative(np.sin, np.array([0.0, 1.0]), np.array([1.0, 2.0]))
    >>> truth.value.round(8)
    array([1.        , 1.08060461])
    >>> truth.digits > 13
    True

    """
    line = _Line(f, x, v)
    found = dataclasses.replace(line.measured(1), rounding=line.rounding())
    stepped = line.complex_step(found)
    if stepped is None:
        return found
    better = stepped.bound < found.bound
    if not np.any(better):
        return found
    bound = np.where(better, stepped.bound, found.bound)
    return Truth(np.where(better, stepped.value, found.value), bound, "complex step", found.scale, rounding=found.rounding)


def second_directional_derivative(f: Function, x: Array, u: Array, v: Array) -> Truth:
    """
    Measure the second derivative of f at x along u and v.

    Parameters
    ----------
    f : callable
        Takes one array and returns one array or number.
    x, u, v : array_like
        The point and two directions, of one shape.

    Returns
    -------
    Truth
        Value and bound of uᵀ·(∂²f/∂x²)·v, of the shape of f(x).

    Raises
    ------
    ValueError
        If the shapes of x, u and v differ.
    TypeError
        If f does not return numbers.

    Notes
    -----
    If f allows the complex step, slopes along u by that step are differenced along v. Otherwise
    uᵀHv = (wᵀHw - zᵀHz) / 4 with w = u + v and z = u - v, each from (f(x + hw) - 2f(x) + f(x - hw)) / h², extrapolated.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([2.0, 3.0])
    >>> float(second_directional_derivative(lambda x: x[0] ** 2 * x[1], x, np.array([1.0, 0.0]), np.array([0.0, 1.0])).value.round(8))
    4.0

    """
    return second_derivatives_along(f, x, u)(v)


def second_derivatives_along(f: Function, x: Array, u: Array) -> Callable[[Array], Truth]:
    """Return v -> second derivative of f at x along u and v; whether f allows the complex step along u is found out once."""
    x, u = np.asarray(x), np.asarray(u)
    if x.dtype.kind == "c" or directional_derivative(f, x, u).method != "complex step":
        return lambda v: second_differences(f, x, u, np.asarray(v))
    step = 1j * (COMPLEX_STEP * u.astype(float))

    def second(v: Array) -> Truth:
        line = _Line(lambda y: np.imag(f(y + step)) / COMPLEX_STEP, x, v, wide=False)
        return dataclasses.replace(line.measured(1, "complex step"), rounding=line.rounding())

    return second


def differences(f: Function, x: Array, v: Array, ulps: float = 4.0) -> Truth:
    """
    Measure the derivative of f at x along v by differences alone, for many cheap points.

    `ulps` is how many units in the last place the values of f may be off in a way that does not show as noise.
    """
    return _Line(f, x, v, ulps=ulps).measured(1)


def second_differences(f: Function, x: Array, u: Array, v: Array, ulps: float = 4.0) -> Truth:
    """Measure the second derivative of f at x along u and v by differences alone."""
    sides = [_Line(f, x, w, ulps=ulps) for w in (u + v, u - v)]
    plus, minus = (dataclasses.replace(s.measured(2), rounding=s.rounding()) if np.any(s.v) else None for s in sides)
    value, bound, scale, kink, rounding = 0.0, 0.0, 0.0, False, 0.0
    for part, sign in ((plus, 1), (minus, -1)):
        if part is not None:
            value, bound = value + sign * part.value / 4, bound + part.bound / 4
            scale, kink, rounding = max(scale, part.scale / 4), kink or part.kink, max(rounding, part.rounding)
    if plus is None and minus is None:
        value = bound = 0 * sides[0].at(0)
    return Truth(np.asarray(value), np.asarray(bound), "differences", scale, kink, rounding)


def extrapolated(steps: Sequence[Array] | Array, quotients: Sequence[Array] | Array, noise: Array, order: int) -> tuple[Array, Array]:
    """
    Return the limit of difference quotients at step 0, entry by entry, and a bound of its error.

    The steps halve, and the error of a quotient is even in them. `noise` is how far the values may be off whose differences of this
    order were taken. Of Richardson's table that entry counts which agrees best with those it was made from and with the one below.
    """
    column = np.asarray(quotients)
    values, errors = column[1:].copy(), np.full(column[1:].shape, np.inf)  # the best entry of each row but the first
    floor = 2.0 ** (2 * order - 1) * noise / _beside(np.asarray(steps, float), column) ** order
    for j in range(1, len(steps)):
        above, below = column[:-1], column[1:]
        column = below + (below - above) / (4.0**j - 1)
        change = np.maximum(np.abs(column - below), np.abs(column - above))
        change[:-1] = np.maximum(change[:-1], np.abs(column[1:] - column[:-1]))
        error = change + floor[j:]
        better = error < errors[j - 1 :]  # never true of nan
        values[j - 1 :], errors[j - 1 :] = np.where(better, column, values[j - 1 :]), np.where(better, error, errors[j - 1 :])
    for k in range(len(values) - 1):  # an oscillation may look smooth to steps near its period; smaller ones contradict
        errors[k] = np.fmax(errors[k], np.fmax.reduce(np.abs(values[k + 1 :] - values[k]) - errors[k + 1 :], axis=0))
    first = np.argmin(errors, axis=0, keepdims=True)
    return np.take_along_axis(values, first, 0)[0], np.take_along_axis(errors, first, 0)[0]


def _beside(steps: Array, values: Array) -> Array:
    """Return steps as an array that broadcasts against values for each of them."""
    return steps.reshape(-1, *(1,) * (values.ndim - 1))


def _noise_weights(points: Array, order: int = 6) -> Array:
    """Return divided differences of an order, a row for each run of points, that of white noise have its standard deviation."""
    rows = np.zeros((len(points) - order, len(points)), points.dtype)
    for k, row in enumerate(rows):
        run = points[k : k + order + 1]
        weights = 1 / np.prod(run[:, None] - run + np.eye(len(run)), axis=1)
        row[k : k + order + 1] = weights / np.sqrt(np.sum(weights**2))
    return rows


NOISE_WEIGHTS = _noise_weights(NOISE_POINTS)


class _Line:
    """A function along a line: t -> f(x + t·v) in the widest precision that f has."""

    def __init__(self, f: Function, x: Array, v: Array, *, wide: bool = True, ulps: float = 4.0) -> None:
        x, v = np.asarray(x), np.asarray(v)
        if x.shape != v.shape:
            raise ValueError(f"the direction has shape {v.shape}, the point {x.shape}; they must be the same")
        kind = "c" if "c" in (x.dtype.kind, v.dtype.kind) else "f"
        self.f, self.x, self.v = f, x.astype(HALF[kind]), v.astype(HALF[kind])
        with quiet():
            self.center = _numbers(f(np.array(self.x)))
            if wide and self._allows(KIND[kind]):
                self.x, self.v = self.x.astype(KIND[kind]), self.v.astype(KIND[kind])
                self.center = _numbers(f(np.array(self.x)))
        self.top = 0.0
        self.floor = ulps * float(np.finfo(self.center.dtype).eps) * np.abs(self.center)
        moved = np.abs(self.x[self.v != 0])
        self.reach = float(np.max(np.abs(self.v), initial=0.0)) or 1.0
        self.size = max(1.0, float(np.max(moved, initial=0.0)))
        own = float(np.min(moved / np.abs(self.v[self.v != 0]), initial=np.inf, where=moved > 0))
        self.units = [self.size / self.reach, self.size / self.reach * 2.0**-ROWS]
        self.units += [own] if own < self.units[0] / 16 else []

    def _allows(self, kind: type) -> bool:
        """Whether f computes in this precision, with the same values."""
        try:
            y = np.asarray(self.f(self.x.astype(kind)))
        except Exception:  # noqa: BLE001 - whatever f has against such numbers
            return False
        wide = y.dtype in (np.longdouble, np.clongdouble)
        return wide and y.shape == self.center.shape and _alike(y, self.center)

    def at(self, t: Array) -> Array:
        """Return f(x + t·v), nan where f raises."""
        try:
            y = _numbers(self.f(self.x + t * self.v))
        except _FAILURES:
            return np.full(self.center.shape, np.nan)
        if y.shape != self.center.shape:
            return np.full(self.center.shape, np.nan)
        return y

    def along(self, steps: Array) -> Array:
        """Return f at several steps."""
        values = np.array([self.at(h) for h in steps])
        self.top = max(self.top, float(np.max(np.abs(values), initial=0.0, where=np.isfinite(values))))
        return values

    def noise(self, unit: float, t: Array = 0.0) -> tuple[Array, Array]:
        """
        Return the noise in values of f about x + t·v, and whether f stands still there.

        Of values so near that nothing else is left the noise is what differences of order 6 show, and no less than the grid that the
        values lie on or the rounding of the last operation.
        """
        steps = (NOISE_POINTS * (NOISE_SPACING * unit)).astype(self.x.real.dtype)
        values = self.along(t + steps)
        grid = np.min(_lowest_bit(values[1:] - values[:-1]), axis=0)
        moves = (values - values[len(steps) // 2]).reshape(len(steps), -1)
        measured = np.max(np.abs(NOISE_WEIGHTS @ moves), axis=0, initial=0.0).reshape(self.center.shape)
        still = np.isinf(grid)
        return np.where(still, self.floor, np.fmax(np.fmax(8 * measured, self.floor), grid)), still  # nan: the points left the domain

    def measured(self, order: int, method: str = "differences") -> Truth:
        """Return the derivative of this order along the line by differences."""
        with quiet():
            noise: Array = 0.0
            scale = 0.0
            value, bound, kink = self.center, np.full(self.center.shape, np.inf), np.zeros(self.center.shape)
            for unit in self.units:
                here, still = self.near_by if unit == self.units[0] else self.noise(unit)
                noise = np.where(still, np.maximum(noise, here), here)
                steps = (FIRST_STEP * unit * 2.0 ** -np.arange(ROWS)).astype(self.x.real.dtype)
                sides = self.along(steps), self.along(-steps)
                noise = np.maximum(noise, self._stairs(unit, sides, still))
                found, error, gap = self._ladder(steps, sides, order, noise)
                better = np.maximum(error, gap) < np.maximum(bound, kink)
                value, bound, kink = (np.where(better, new, old) for new, old in ((found, value), (error, bound), (gap, kink)))
                certain = np.isfinite(bound) & (bound < np.abs(value))
                scale = float(np.max(np.abs(value), initial=0.0, where=certain))
                scale = scale or float(np.max(np.abs(self.center), initial=0.0)) / self.units[0] ** order
                if np.all(np.maximum(bound, kink) <= 1e-8 * scale):
                    break
        on_kink = bool(np.any(kink > 0))
        return Truth(_half(value), np.asarray(np.maximum(bound, kink), float), method, scale, on_kink)

    @functools.cached_property
    def near_by(self) -> tuple[Array, Array]:
        """The noise about x, and whether f stands still there."""
        return self.noise(self.units[0])

    def rounding(self) -> float:
        """Return the noise of f in double precision, relative to the largest of the values that were seen."""
        double = self.x.dtype in (np.float64, np.complex128)
        line = self if double else _Line(self.f, _half(self.x), _half(self.v), wide=False)
        with quiet():
            moving = np.where(line.near_by[1], 0, line.near_by[0])
        noise = float(np.max(moving, initial=0.0))
        return min(noise / self.top, MOST_ROUNDING) if self.top > 0 and np.isfinite(noise) else 0.0

    def _stairs(self, unit: float, sides: tuple[Array, Array], still: Array) -> Array:
        """
        Return the height of the stairs if f is a staircase, which is what values look like that have lost nearly all their digits.

        Where f stands still at x, yet not at the first steps, it may have a kink between, beyond which it moves; or it stands still
        there, too, and has jumped, more than once or twice.
        """
        height = np.zeros(self.center.shape)
        if not np.any(still):
            return height
        levels = np.sort(np.concatenate([*sides, self.center[None]]), axis=0)
        jumps = (levels[1:] != levels[:-1]) & np.isfinite(levels[1:]) & np.isfinite(levels[:-1])
        still = still & (np.sum(jumps, axis=0) >= STAIRS)
        for values, sign in zip(sides, (1, -1), strict=True):
            moves = np.abs(values - self.center)
            least = np.min(np.where(moves > 0, moves, np.inf), axis=0)
            if np.any(still & np.isfinite(least)):
                beyond, stands = self.noise(unit, sign * FIRST_STEP * unit)
                jump = np.where(np.isfinite(least), np.where(stands, least, beyond), 0)
                height = np.fmax(height, np.where(still, jump, 0))
        return height

    def _ladder(self, steps: Array, sides: tuple[Array, Array], order: int, noise: Array) -> tuple[Array, Array, Array]:
        """Return value and bound from the values at ± steps, and half the jump of the slope where there is a kink."""
        plus, minus = sides
        h = _beside(steps, plus)
        bends = plus - 2 * self.center + minus
        value, bound = extrapolated(steps, (plus - minus) / (2 * h) if order == 1 else bends / (h * h), noise, order)
        jumps = np.abs(bends[-5:]) / h[-5:]
        last = jumps[-1]
        jump = (last > 1e-8 * np.abs(value)) & (last > 4 * noise / steps[-1]) & np.isfinite(last)
        # It quarters where f is smooth, and grows fourfold where it is noise.
        jump &= np.all((jumps[2:] > 0.7 * jumps[:-2]) & (jumps[2:] < 1.4 * jumps[:-2]), axis=0)
        return value, bound, np.where(jump, last / 2 if order == 1 else np.inf, 0.0).astype(float)

    def complex_step(self, found: Truth) -> Truth | None:
        """Return the derivative by the complex step if f allows it and differences confirm it."""
        if self.x.dtype.kind == "c" or self.center.dtype.kind == "c" or not np.all(found.bound <= 1e-5 * found.scale):
            return None
        with quiet():
            try:
                y = np.asarray(self.f(self.x.astype(float) + 1j * (COMPLEX_STEP * self.v.astype(float))))
            except Exception:  # noqa: BLE001 - as above
                return None
        if y.dtype.kind != "c" or y.shape != self.center.shape or not _alike(y.real, self.center):
            return None
        value = y.imag.astype(float) / COMPLEX_STEP
        if not np.all(np.abs(value - found.value) <= 4 * found.bound + 1e-12 * found.scale):
            return None
        slopes = _Line(lambda x: np.imag(self.f(x + 1j * (COMPLEX_STEP * self.v.astype(float)))) / COMPLEX_STEP, self.x, self.v, wide=False)
        with quiet():
            bound = 16 * float(np.finfo(float).eps) * found.scale + slopes.near_by[0].astype(float)
        return Truth(value, bound, "complex step", found.scale)


class quiet:  # noqa: N801 - used as a word
    """Floating-point warnings off, and lost imaginary parts an error: what differences do to a function is not the user's doing."""

    def __enter__(self) -> None:
        self.state, self.filters = np.errstate(all="ignore"), warnings.catch_warnings()
        self.state.__enter__()
        self.filters.__enter__()
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.simplefilter("error", np.exceptions.ComplexWarning)

    def __exit__(self, *about: object) -> None:
        self.filters.__exit__(*about)  # type: ignore[arg-type]
        self.state.__exit__(*about)  # type: ignore[arg-type]


def _numbers(y: Array) -> Array:
    """Return a result as a floating array."""
    a = np.asarray(y)
    if a.dtype.kind in "biu":
        return a.astype(float)
    if a.dtype.kind not in "fc":
        raise TypeError(f"the function must return an array of numbers, got {type(y).__name__} of dtype {a.dtype}")
    return a


def _half(a: Array) -> Array:
    """Return an array in double precision."""
    return np.asarray(a).astype(complex if np.asarray(a).dtype.kind == "c" else float)


def _lowest_bit(a: Array) -> Array:
    """Return the value of the lowest bit that is set in each number, inf for 0: numbers on a grid of this width look alike."""
    if a.dtype.kind == "c":
        return np.minimum(_lowest_bit(a.real), _lowest_bit(a.imag))
    mantissa, exponent = np.frexp(a)
    low, high = np.zeros(a.shape, int), np.full(a.shape, 64)
    for _ in range(7):
        middle = (low + high) // 2
        whole = np.ldexp(mantissa, middle) % 1 == 0
        low, high = np.where(whole, low, middle + 1), np.where(whole, middle, high)
    return np.where(np.isfinite(a) & (a != 0), np.ldexp(np.ones(a.shape, mantissa.dtype), exponent - high), np.inf)


def _alike(a: Array, b: Array) -> bool:
    """Whether two values of one function may be the same number."""
    size = float(np.max(np.abs(b), initial=0.0, where=np.isfinite(b)))
    return bool(np.allclose(a, b, rtol=0, atol=1e-6 * size, equal_nan=True))


def unit_vectors(x: Array) -> Iterator[Array]:
    """Yield the directions in which one entry of x moves."""
    x = np.asarray(x)
    for k in range(x.size):
        v = np.zeros(x.size)
        v[k] = 1.0
        yield v.reshape(x.shape)
