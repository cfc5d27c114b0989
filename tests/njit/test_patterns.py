"""Laws of less common programs: values are those of the code without derivatives, slopes those that differences measure."""

import numba
import numpy as np
import pytest
from njit.patterns import PATTERNS
from njit.test_programs import V, X, all_in_one, close

import dualmc as dm
from dualmc.testing import finite
from dualmc.trees import flatten

NEEDS_SCIPY = {"gammas"}


@pytest.mark.parametrize("name", PATTERNS)
def test_patterns_have_the_values_and_slopes_of_the_plain_program(name):
    if name in NEEDS_SCIPY:
        pytest.importorskip("scipy")
    plain = PATTERNS[name]
    value, slope = dm.jvp(numba.njit(plain), (X,), (V,))
    for y, z in zip(flatten(value)[0], flatten(plain(X))[0], strict=True):
        assert np.shape(y) == np.shape(z)
        assert np.allclose(y, z, rtol=1e-13, atol=1e-14)
    slopes = np.concatenate([np.ravel(t) for t in flatten(slope)[0]])
    close(slopes, finite.directional_derivative(all_in_one(plain), X, V))
