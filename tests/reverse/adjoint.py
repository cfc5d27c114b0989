"""The law of transposition, for any function: ⟨u, J·v⟩ = ⟨Jᵀ·u, v⟩, and the replay of J is J."""

import numpy as np

import dualmc as dm
from dualmc.testing import maps
from dualmc.testing.calls import check_close, flat


def inexact(f):
    """f with its floating results only, as a flat tuple."""
    return lambda *xs: tuple(r for r in flat(f(*xs)) if np.asarray(dm.primal(r)).dtype.kind in "fc")


def directions(rng, like):
    """Random arrays of the shapes and kinds of others."""
    found = []
    for x in map(np.asarray, like):
        u = rng.uniform(-1, 1, x.shape)
        found.append((u + 1j * rng.uniform(-1, 1, x.shape) if x.dtype.kind == "c" else u).astype(x.dtype))
    return found


def inner(us, vs):
    """Return Re Σ conj(u)·v over all arrays, and the sum of the sizes of its terms."""
    sums = [maps.inner(u, v) for u, v in zip(us, vs, strict=True)]
    return sum(a for a, _ in sums), sum(b for _, b in sums)


def check(f, xs, vs, condition=16.0):
    """Check transposition and replay of f at xs along vs, with results in the dtypes of what they belong to."""
    f = inexact(f)
    values, tangents = dm.jvp(f, tuple(xs), tuple(vs))
    value, pullback = dm.reverse.vjp(f, *xs)
    for a, b in zip(value, values, strict=True):
        check_close(a, b, condition=condition)
    us = directions(np.random.default_rng(3), values)
    back = pullback(tuple(us))
    for c, x in zip(back, xs, strict=True):
        assert c.shape == np.shape(x)
        assert c.dtype == x.dtype
    (a, size_a), (b, size_b) = inner(us, tangents), inner(back, vs)
    coarse = max(float(np.finfo(np.asarray(x).dtype).eps) for x in (*xs, *values)) if values else 0.0
    scale = size_a + size_b + sum(float(np.sum(np.abs(c))) for c in back)
    assert abs(a - b) <= 64 * coarse * condition * (1 + scale), (a, b)
    again = dm.linearize(f, *xs)[1](*vs)
    for s, t in zip(again, tangents, strict=True):
        assert s.dtype == t.dtype
        check_close(s, t, condition=2 * condition)


def is_refused(f, xs):
    """Whether f has no derivative by one of its parameters, and says so."""
    try:
        dm.jvp(f, tuple(xs), tuple(map(np.ones_like, xs)))
    except TypeError as error:
        if "no derivative" not in str(error) and "not implemented" not in str(error):
            raise
        return True
    return False
