"""Calls of sums, products, means, spreads, extrema, quantiles, and their running forms."""

import numpy as np
from hypothesis import assume

from .calls import POSITIVE, Table, call

TABLE = Table()
CONTINUOUS = ["linear", "hazen", "weibull", "median_unbiased", "normal_unbiased", "interpolated_inverted_cdf"]
DISCRETE = ["inverted_cdf", "averaged_inverted_cdf", "closest_observation", "lower", "higher", "midpoint", "nearest"]


def holes(d, shape, axis):
    """Return 0 with some nan; every sum over the axis has an entry left."""
    found = np.where(d.mask(shape), 0, np.nan)
    assume(not np.any(np.all(np.isnan(found), axis=axis)))
    return found


@TABLE.draws(np.sum, np.prod, np.nansum, np.nanprod)
def sums(d, func):
    shape = d.shape(side=0)
    kwargs = d.reduced(len(shape)) | d.some(keepdims=[True, False], initial=[2.5, 0, -1], dtype=[np.complex128, None])
    if d.bool():
        kwargs["where"] = d.mask(shape if d.bool() else shape[-1:])
    some = np.where(d.mask(shape), 0, np.nan) if "nan" in func.__name__ and d.bool() else 0
    return call(func, shape, f=lambda x, **kw: func(x + some, **kw) if np.ndim(some) else func(x, **kw), **kwargs)


@TABLE.draws(np.cumsum, np.cumprod, np.nancumsum, np.nancumprod)
def running(d, func):
    shape = d.shape(side=0)
    some = np.where(d.mask(shape), 0, np.nan) if "nan" in func.__name__ else 0
    kwargs = d.along(len(shape)) | d.some(dtype=[np.complex128, None])
    return call(func, shape, f=lambda x, **kw: func(x + some, **kw) if np.ndim(some) else func(x, **kw), **kwargs)


@TABLE.draws(np.cumulative_sum, np.cumulative_prod)
def running_with_initial(d, func):
    shape = d.shape(side=0)
    kwargs = {"axis": d.axis(len(shape))} if len(shape) > 1 else d.along(len(shape))
    return call(func, shape, **kwargs, **d.some(include_initial=[True, False], dtype=[np.complex128, None]))


@TABLE.draws(np.max, np.min, np.amax, np.amin, np.nanmax, np.nanmin, kinds="f")
def extrema(d, func):
    shape = d.shape()
    kwargs = d.reduced(len(shape)) | d.some(keepdims=[True, False], initial=[0.9, -0.9, 3.0])
    if "initial" in kwargs and d.bool():
        kwargs["where"] = d.mask(shape)
    some = holes(d, shape, kwargs.get("axis")) if "nan" in func.__name__ and "initial" not in kwargs else 0
    return call(func, shape, f=lambda x, **kw: func(x + some, **kw) if np.ndim(some) else func(x, **kw), **kwargs)


@TABLE.draws(np.ptp, np.median, np.nanmedian, kinds="f")
def ranges(d, func):
    shape = d.shape()
    kwargs = d.reduced(len(shape)) | d.some(keepdims=[True, False])
    some = holes(d, shape, kwargs.get("axis")) if func is np.nanmedian else 0
    kwargs |= {} if func is np.ptp else d.some(overwrite_input=[True, False])
    return call(func, shape, f=lambda x, **kw: func(x + some, **kw), **kwargs)


@TABLE.draws(np.mean, np.nanmean, np.var, np.std, np.nanvar, np.nanstd)
def moments(d, func):
    shape = d.shape(top=4)
    kwargs = d.reduced(len(shape)) | d.some(keepdims=[True, False], dtype=[None, np.complex128])
    count = np.ones(shape, bool)
    if d.bool():
        count = kwargs["where"] = d.mask(shape)
    some = 0
    if "nan" in func.__name__:
        some = np.where(d.mask(shape), 0, np.nan)
        count = count & ~np.isnan(some)
    spread = "mean" not in func.__name__
    if spread:
        kwargs.pop("dtype", None)
        kwargs |= d.of({}, {"ddof": d.of(0, 1)}, {"correction": d.of(0, 1, 0.5)})
    assume(np.all(np.sum(count, axis=kwargs.get("axis")) > 1 + spread))
    if spread and d.bool():
        over = {k: v for k, v in kwargs.items() if k in ("axis", "where")} | {"keepdims": True}
        mean = np.nanmean if np.ndim(some) else np.mean
        return call(func, shape, f=lambda x, **kw: func(x + some, mean=mean(x + some, **over), **kw), **kwargs)
    return call(func, shape, f=lambda x, **kw: func(x + some, **kw), **kwargs)


@TABLE.draws(np.average)
def averages(d, func):
    shape = d.shape()
    kwargs = d.reduced(len(shape)) | d.some(keepdims=[True, False], returned=[True, False])
    axis = kwargs.get("axis")
    if d.bool():
        return call(func, shape, **kwargs)
    some = shape if axis is None or d.bool() else tuple(shape[a] for a in np.atleast_1d(axis).astype(int))
    return call(func, shape, some, f=lambda x, w, **kw: func(x, weights=w, **kw), domain=POSITIVE, **kwargs)


@TABLE.draws(np.quantile, np.percentile, np.nanquantile, np.nanpercentile, kinds="f")
def quantiles(d, func):
    shape = d.shape(top=4)
    q = d.of(0.3, 0.0, 1.0, 0.5, [0.15, 0.95], [[0.25], [0.8]], [])
    kwargs = d.reduced(len(shape)) | d.some(keepdims=[True, False], method=CONTINUOUS + DISCRETE, overwrite_input=[True, False])
    some = holes(d, shape, kwargs.get("axis")) if "nan" in func.__name__ else 0
    kwargs["q"] = np.multiply(q, 100).tolist() if "percentile" in func.__name__ else q
    return call(func, shape, f=lambda x, **kw: func(x + some, **kw), **kwargs)


@TABLE.draws(np.diff)
def differences(d, func):
    shape = d.shape(1)
    kwargs = d.along(len(shape), flat=False)
    axis = kwargs.get("axis", -1)
    n = d.of(None, 0, 1, 2, 3)
    kwargs |= {} if n is None else {"n": n}
    edges = d.of((), ("prepend",), ("append",), ("append", "prepend"))
    shapes = [d.of((), tuple(d.int(1, 2) if i == axis % len(shape) else s for i, s in enumerate(shape))) for _ in edges]
    return call(func, shape, *shapes, f=lambda x, *e, **kw: func(x, **dict(zip(edges, e, strict=True)), **kw), **kwargs)


@TABLE.draws(np.trace)
def traces(d, func):
    shape = d.shape(2, 4)
    one, two = d.axes(len(shape), 2, 2) if d.bool() else (0, 1)
    return call(func, shape, axis1=one, axis2=two, **d.some(offset=[-2, -1, 0, 1, 4], dtype=[np.complex128, None]))
