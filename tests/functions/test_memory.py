"""A function that returns a view returns a view of primal and tangent; one that copies copies both."""

import numpy as np
import pytest

import dualmc as dm
from dualmc.testing.calls import flat

from ..laws import same
from .table import CASES, over

K = 2


def c_order(lead, shape):
    return np.empty(lead + shape)


def fortran(lead, shape):
    n = len(lead)
    return np.empty(lead + shape[::-1]).transpose(*range(n), *range(n, n + len(shape))[::-1])


def strided(lead, shape):
    return np.empty(lead + tuple(2 * k for k in shape))[(Ellipsis, *(slice(None, 2 * k, 2) for k in shape))]


def reversed_(lead, shape):
    return np.empty(lead + shape)[(Ellipsis, *(slice(None, None, -1) for _ in shape))]


def swapped(lead, shape):
    len(lead)
    return np.swapaxes(np.empty(lead + shape[:-2] + shape[-2:][::-1]), -1, -2) if len(shape) > 1 else np.empty(lead + shape)


LAYOUTS = [c_order, fortran, strided, reversed_, swapped]


def sampled(layout, case):
    """Return a Dual in this memory layout, and copies of its parts in the same layout."""
    (x,), (t,) = case.sample()
    parts = [layout((), x.shape), layout((K,), x.shape), layout((), x.shape), layout((K,), x.shape)]
    for p, v in zip(parts, (x, np.stack([t, 2 * t])) * 2, strict=True):
        p[...] = v
    return dm.Dual(*parts[:2]), *parts[2:]


ONE_ARRAY = [c for c in CASES if len(c.shapes) == 1]


@over(ONE_ARRAY)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_views_and_copies_are_numpys(case, layout):
    d, x, _ = sampled(layout, case)
    for result, plain in zip(flat(case.f(d)), flat(case.f(x)), strict=True):
        if type(result) is dm.Dual:
            expected = np.shares_memory(plain, x)
            assert np.shares_memory(result.primal, d.primal) == expected
            assert np.shares_memory(result.tangent, d.tangent) == expected
            if isinstance(plain, np.ndarray) and case.linear:
                assert result.primal.strides == plain.strides


@over([c for c in ONE_ARRAY if c.linear])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_writes_reach_what_numpys_writes_reach(case, layout):
    d, x, t = sampled(layout, case)
    for i, plain in enumerate(flat(case.f(x))):
        result = flat(case.f(d))[i]
        if not isinstance(plain, np.ndarray) or not plain.flags.writeable:
            with pytest.raises((TypeError, ValueError)):
                result[...] = 1.0
            continue
        value = np.cos(np.arange(plain.size)).reshape(plain.shape).astype(plain.dtype)
        slopes = np.stack([value + 1, value - 1])
        plain[...] = value
        for k in range(K):
            flat(case.f(t[k, ...]))[i][...] = slopes[k]
        result[...] = dm.Dual(value, slopes)
        same(result.primal, value)
        same(result.tangent, slopes)
    same(d.primal, x)
    same(d.tangent, t)


@over([c for c in CASES if len(c.shapes) > 1])
def test_arguments_are_left_alone_and_results_are_fresh(case):
    xs, ts = case.sample()
    ds = [dm.Dual(x.copy(), t.copy()) for x, t in zip(xs, ts, strict=True)]
    plain = flat(case.f(*xs))
    for result, value in zip(flat(case.f(*ds)), plain, strict=True):
        if type(result) is dm.Dual and result.ndim:
            for d, x in zip(ds, xs, strict=True):
                shared = np.shares_memory(value, x)
                assert np.shares_memory(result.primal, d.primal) == shared
                assert np.shares_memory(result.tangent, d.tangent) == shared
    for d, x, t in zip(ds, xs, ts, strict=True):
        same(d.primal, x)
        same(d.tangent, t)
