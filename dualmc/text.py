"""Layout that results and demonstrations share: tables in text and HTML, arrays side by side, digits of agreement."""

import html
import itertools
import sys
from collections.abc import Sequence
from typing import TextIO

import numpy as np
from numpy.typing import ArrayLike, NDArray


def digits(got: ArrayLike, reference: ArrayLike, cap: float) -> NDArray[np.float64]:
    """
    Return how many significant digits agree, the log relative error.

    Parameters
    ----------
    got, reference : array_like
        Of one shape; the reference is not zero.
    cap : float
        What equal numbers, and all that agree better, are given.

    Returns
    -------
    ndarray
        -log₁₀(|got - reference| / |reference|) entry by entry, between 0 and cap; 0 where got is not finite.

    Raises
    ------
    ValueError
        If a reference is zero, for which no digits can be counted.

    Notes
    -----
    The measure that NIST uses for the StRD problems (McCullough 1998, Assessing the Reliability of Statistical
    Software, section 3).

    Examples
    --------
    >>> digits([1.001, 2.0], [1.0, 2.0], cap=11)
    array([ 3., 11.])

    """
    got, reference = np.asarray(got, float), np.asarray(reference, float)
    if np.any(reference == 0):
        raise ValueError("digits of agreement with a reference of zero are not defined")
    error = np.where(np.isfinite(got), np.abs(got - reference) / np.abs(reference), np.inf)
    agreeing: NDArray[np.float64] = np.clip(-np.log10(np.clip(error, 1e-300, 1e300)), 0.0, cap)
    return agreeing


class Printable:
    """What lays itself out as text by `str`, and can print that."""

    __slots__ = ()

    def print(self, file: TextIO | None = None) -> None:
        """
        Print the layout as text, the same as `print(self)` does.

        Parameters
        ----------
        file : text file, optional
            Where to; standard output when left out.

        """
        print(self, file=sys.stdout if file is None else file)


def short(number: float) -> str:
    """Return a positive number with two or three digits, and no exponent where it is large."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}" if number >= 1 else f"{number:.2g}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], indent: int = 2) -> str:
    """Return rows under a header with a line between; the first column is left-aligned, the others right-aligned."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [header, ["-" * w for w in widths], *rows]
    return "\n".join(" " * indent + "   ".join(_aligned(line, widths)).rstrip() for line in lines)


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [cell.rjust(w) if i else cell.ljust(w) for i, (cell, w) in enumerate(zip(cells, widths, strict=True))]


def html_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the same table as HTML."""

    def line(tag: str, cells: Sequence[str]) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    return f"<table><thead>{line('th', header)}</thead><tbody>{''.join(line('td', row) for row in rows)}</tbody></table>"


def html_lines(text: str) -> str:
    """Return lines of text as an HTML paragraph."""
    return f"<p>{'<br>'.join(map(html.escape, text.splitlines()))}</p>"


def side_by_side(*blocks: Sequence[str], gap: str = "    ") -> list[str]:
    """Return blocks of lines beside each other."""
    widths = [max(map(len, block)) for block in blocks]
    lines = itertools.zip_longest(*blocks, fillvalue="")
    return [gap.join(part.ljust(w) for part, w in zip(parts, widths, strict=True)).rstrip() for parts in lines]


def array_lines(a: ArrayLike) -> list[str]:
    """Return a number, vector or matrix as lines of short numbers."""
    return [f"[{'  '.join(f'{entry:7.4g}' for entry in row)} ]" for row in np.atleast_2d(np.asarray(a, float) + 0.0)]


def heading(text: str) -> str:
    """Return text underlined."""
    return f"{text}\n{'=' * len(text)}"
