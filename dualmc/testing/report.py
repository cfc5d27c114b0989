"""What a check found: how many digits agree, or the table that says where a derivative is wrong and what it looks like."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._typing import Array
from .finite import Truth, digits

__tracebackhide__ = True  # pytest shows the message and the line of the user, not ours

BY_HAND = 16.0
"""How far a derivative written by hand is allowed to amplify its rounding."""

MOST_SLACK = 2.0**-10
"""More is never allowed, however the function rounds."""

SHOWN = 5


def tolerance(dtype: Any, condition: float = 1.0) -> float:
    """Return the error allowed in a result of this dtype, relative to its size, if rounding is amplified by `condition`."""
    return 64 * float(np.finfo(dtype).eps) * max(1.0, condition)


_FACTORS = {
    "2": 2.0,
    "1/2": 0.5,
    "4": 4.0,
    "1/4": 0.25,
    "3": 3.0,
    "1/3": 1 / 3,
    "π/180 (degrees taken for radians)": math.pi / 180,
    "180/π (radians taken for degrees)": 180 / math.pi,
    "ln 10 (log for log10)": math.log(10),
    "1/ln 10 (log10 for log)": 1 / math.log(10),
    "ln 2 (log for log2)": math.log(2),
    "1/ln 2 (log2 for log)": 1 / math.log(2),
    "2π": 2 * math.pi,
    "1/2π": 0.5 / math.pi,
}


@dataclass(frozen=True)
class Agreement:
    """
    The result of a check that passed.

    Parameters
    ----------
    digits : float
        How many decimal digits of the largest entry agreed.
    possible : float
        How many could have: what the truth and the precision of the derivative allow to tell.

    """

    digits: float
    possible: float

    def __str__(self) -> str:
        """Say both numbers."""
        return f"{self.digits:.1f} digits agree of {self.possible:.1f} that can be told"

    def worse(self, other: "Agreement | None") -> "Agreement":
        """Return the one of two with fewer digits."""
        return self if other is None or self.digits <= other.digits else other


class WrongDerivative(AssertionError):  # noqa: N818 - what it says
    """
    A derivative is not what the function shows; the message is a table.

    Parameters
    ----------
    message : str
        The table.
    cause : str
        What the error looks like: "wrong sign", "factor 2", "transposed", "missing term" and so on.

    """

    def __init__(self, message: str, cause: str) -> None:
        super().__init__(message)
        self.cause = cause


class Undecided(ValueError):  # noqa: N818 - neither right nor wrong
    """Nothing can be said at this point: differences of the function do not settle there."""


@dataclass(frozen=True)
class Claim:
    """What is checked: which check, of what, at which point and along what, for the message."""

    check: str
    of: str
    point: Array
    along: str

    def compare(self, got: Array, truth: Truth, dtype: np.dtype, rtol: float | None = None, atol: float = 0.0) -> Agreement:
        """
        Hold an array to a truth, for results of the given precision; errors up to `rtol` times the largest entry, or `atol`, are allowed.

        Raises
        ------
        WrongDerivative
            If shape or entries are wrong.
        Undecided
            If the truth is not known well enough to tell.

        """
        got = np.asarray(got)
        if got.dtype.kind not in "biufc":
            raise TypeError(f"{self.check}: {self.of} must return numbers, got {type(got).__name__} of dtype {got.dtype}")
        expected = truth.value
        self.shaped(got, expected.shape)
        if not np.all(np.isfinite(truth.bound)) or (not truth.kink and np.any(truth.bound > 1e-4 * (truth.scale or 1.0))):
            raise self._unsettled(truth, "differences of the function do not settle")
        size = float(np.max(np.abs(expected), initial=0.0, where=np.abs(expected) > truth.bound))
        unit = float(np.finfo(dtype).eps)
        noise = min(16 * truth.rounding * unit / float(np.finfo(float).eps), MOST_SLACK)
        relative = max(tolerance(dtype, BY_HAND), noise) if rtol is None else rtol
        slack = max(relative * (size or truth.scale * 2.0**-10), atol)
        allowed = 2 * truth.bound + slack
        error = np.abs(got - expected)
        bad = ~(error <= allowed)  # true of nan
        if np.any(bad):
            raise self._wrong(got, truth, allowed, bad)
        if not size and float(np.max(np.abs(got), initial=0.0)) > 8 * slack:
            raise self._unsettled(truth, "values of the function have lost the digits that could tell this derivative from 0")
        scale = size or truth.scale
        possible = digits(np.maximum(truth.bound, np.finfo(dtype).eps * scale), scale)
        return Agreement(min(digits(np.maximum(error, truth.bound), scale), possible), possible)

    def _unsettled(self, truth: Truth, why: str) -> Undecided:
        return Undecided(
            f"{self.check}: at {_shown(self.point)}, {self.along}, {why} (error up to {float(np.max(truth.bound)):.1g}); "
            'choose a point away from a kink, a jump or the edge of the domain; NumPy code may be held to dual numbers by truth="dual"'
        )

    def shaped(self, got: Any, shape: tuple[int, ...]) -> None:
        """Raise WrongDerivative if an array has another shape."""
        if np.shape(got) != shape:
            raise self._shape(np.shape(got), shape)

    def _shape(self, got: tuple[int, ...], expected: tuple[int, ...]) -> WrongDerivative:
        turned = len(got) > 1 and got == expected[::-1]
        summed = len(got) >= len(expected) and math.prod(expected) < math.prod(got)
        cause = "transposed" if turned else "missing sum over axes that broadcasting repeated" if summed else "wrong shape"
        rows = {"point": _shown(self.point), "along": self.along, "got": f"shape {got}", "expected": f"shape {expected}"}
        return WrongDerivative(_table(f"{self.check}: {self.of} has the wrong shape", rows | {"suspected": cause}), cause)

    def _wrong(self, got: Array, truth: Truth, allowed: Array, bad: Array) -> WrongDerivative:
        expected, cause = truth.value, suspect(got, truth.value, allowed, bad)
        error = np.abs(got - expected)
        places = list(zip(*np.nonzero(bad), strict=True)) if bad.ndim else [()]
        first = places[0]
        rows = {
            "point": _shown(self.point),
            "direction": self.along,
            "first bad": f"index {_index(first)}" if first else "the number",
            "got": f"{got[first]:.12g}",
            "expected": f"{expected[first]:.12g}",
            "bound": f"{float(truth.bound[first]):.1g} by {truth.method}; {float(allowed[first]):.2g} is allowed",
            "digits": f"{digits(error, truth.scale):.1f} agree of {digits(allowed, truth.scale):.1f} that can be told",
            "suspected": cause,
        }
        title = f"{self.check}: {self.of} is wrong in {len(places)} of {max(got.size, 1)} entries"
        listed: list[tuple[str, ...]] = [("index", "got", "expected", "error", "bound")]
        for p in places[:SHOWN] if len(places) > 1 else []:
            listed.append((_index(p), f"{got[p]:.8g}", f"{expected[p]:.8g}", f"{error[p]:.1e}", f"{float(allowed[p]):.1e}"))
        more = [f"  ... and {len(places) - SHOWN} more"] if len(places) > SHOWN else []
        return WrongDerivative("\n".join([_table(title, rows), *(_columns(listed) if len(listed) > 1 else []), *more]), cause)


def suspect(got: Array, expected: Array, allowed: Array, bad: Array) -> str:
    """Say what an array looks like beside the one that it should be: the first explanation that fits all bad entries."""
    found = next((cause for test in _SUSPICIONS if (cause := test(got, expected, allowed, bad))), None)
    return (found or "missing term, or a wrong one: the error has no simple pattern") + _where(bad)


def _not_finite(got: Array, expected: Array, allowed: Array, bad: Array) -> str:
    return "nan or infinite where the derivative is not" if not np.all(np.isfinite(got)) else ""


def _sign(got: Array, expected: Array, allowed: Array, bad: Array) -> str:
    return "wrong sign" if np.all(np.abs(got + expected)[bad] <= allowed[bad]) else ""


def _factor(got: Array, expected: Array, allowed: Array, bad: Array) -> str:
    g, e = got[bad], expected[bad]
    largest = int(np.argmax(np.abs(e)))
    if not e[largest] or g.size < 1:
        return ""
    ratio = g[largest] / e[largest]
    if not np.all(np.abs(g - ratio * e) <= allowed[bad] * (2 + 2 * abs(ratio))) or ratio == 0:
        return ""
    for name, number in _FACTORS.items():
        near = float(4 * allowed[bad][largest] / abs(e[largest]))
        for sign, prefix in ((1, ""), (-1, "-")):
            if abs(ratio - sign * number) <= near * (1 + number):
                return f"factor {prefix}{name}"
    return f"factor {ratio:.6g}" if g.size > 1 and abs(ratio - 1) > 1e-3 else ""


def _transposed(got: Array, expected: Array, allowed: Array, bad: Array) -> str:
    square = got.ndim == 2 and got.shape[0] == got.shape[1] > 1
    return "transposed" if square and np.all(np.abs(got - expected.T) <= allowed + allowed.T) else ""


def _conjugated(got: Array, expected: Array, allowed: Array, bad: Array) -> str:
    is_complex = expected.dtype.kind == "c" or got.dtype.kind == "c"
    return "conjugated" if is_complex and np.all(np.abs(np.conjugate(got) - expected) <= allowed) else ""


def _shifted(got: Array, expected: Array, allowed: Array, bad: Array) -> str:
    for axis in range(got.ndim):
        for by in (1, -1):
            moved, edge = np.roll(expected, by, axis), 0 if by == 1 else -1
            error = np.abs(got - moved) - np.roll(allowed, by, axis)
            inner = np.delete(error, edge, axis)
            if inner.size > 1 and np.all(inner <= 0) and np.any(np.delete(np.abs(moved), edge, axis) > 0):
                return f"index off by one along axis {axis}"
    return ""


def _reversed(got: Array, expected: Array, allowed: Array, bad: Array) -> str:
    for axis in range(got.ndim):
        if got.shape[axis] > 1 and np.all(np.abs(got - np.flip(expected, axis)) <= allowed + np.flip(allowed, axis)):
            return f"order reversed along axis {axis}"
    return ""


def _missing(got: Array, expected: Array, allowed: Array, bad: Array) -> str:
    return "missing term: 0 where the derivative is not" if np.all(np.abs(got[bad]) <= allowed[bad]) else ""


def _extra(got: Array, expected: Array, allowed: Array, bad: Array) -> str:
    return "a term too many: the derivative is 0 there" if np.all(np.abs(expected[bad]) <= allowed[bad]) else ""


def _coarse(got: Array, expected: Array, allowed: Array, bad: Array) -> str:
    right = digits(np.abs(got - expected), float(np.max(np.abs(expected), initial=0.0)))
    if right < 4:
        return ""
    kind = "single precision" if 5.5 <= right <= 8.5 else "differences, or a constant that is off,"
    return f"precision lost: {right:.1f} digits are right, as with {kind} on the way"


def _offset(got: Array, expected: Array, allowed: Array, bad: Array) -> str:
    rest = (expected - got)[bad]
    same = rest.size > 1 and np.all(np.abs(rest - rest[0]) <= 2 * allowed[bad])
    return f"missing term: {rest[0]:.6g} in each bad entry" if same else ""


def _where(bad: Array) -> str:
    """Say which index the bad entries share, if there are several and the array has others."""
    for axis in range(bad.ndim if bad.ndim > 1 and np.count_nonzero(bad) > 1 else 0):
        hit = np.unique(np.nonzero(bad)[axis])
        if len(hit) == 1 and bad.shape[axis] > 1:
            return f", in entries with index {int(hit[0])} along axis {axis}"
    return ""


_SUSPICIONS: tuple[Callable[[Array, Array, Array, Array], str], ...] = (
    _not_finite,
    _coarse,
    _sign,
    _missing,
    _extra,
    _transposed,
    _factor,
    _conjugated,
    _reversed,
    _shifted,
    _offset,
)


def _index(place: tuple[int, ...]) -> str:
    return f"[{', '.join(str(int(i)) for i in place)}]"


def _shown(x: Array) -> str:
    """Show an array on one line such that it can be typed in again, if it is short."""
    text = np.array2string(np.asarray(x), separator=", ", threshold=12, floatmode="unique", max_line_width=10_000)
    return " ".join(text.split())


def _table(title: str, rows: dict[str, str]) -> str:
    width = max(map(len, rows))
    return "\n".join([title, *(f"  {name:<{width}}  {value}" for name, value in rows.items())])


def _columns(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(r[k]) for r in rows) for k in range(len(rows[0]))]
    return ["  " + "  ".join(f"{cell:>{w}}" for cell, w in zip(row, widths, strict=True)) for row in rows]
