"""All cases, and what the tests need to go through them."""

import pytest

from ..fft import cases as fft
from . import numeric, polynomials, products, reductions, sampling, selection, sets, shapes, statistics, ufuncs

CASES = [
    *shapes.CASES,
    *reductions.CASES,
    *products.CASES,
    *selection.CASES,
    *ufuncs.CASES,
    *sampling.CASES,
    *statistics.CASES,
    *numeric.CASES,
    *sets.CASES,
    *polynomials.CASES,
    *fft.CASES,
]
COMPLEX = [c for c in CASES if "c" in c.kinds]

_NAMES = [c.name for c in CASES]
assert len(set(_NAMES)) == len(_NAMES), sorted({n for n in _NAMES if _NAMES.count(n) > 1})


def over(cases):
    return pytest.mark.parametrize("case", cases, ids=str)
