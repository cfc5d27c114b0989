"""Calls of functions that choose, sort, pick or write entries."""

import math

import numpy as np

from ..functions.sets import parts, written
from .calls import Table, call

TABLE = Table()


@TABLE.draws(np.where, kinds="fc")
def wheres(d, func):
    mask, one, two = d.like(3)
    return call(func, one, two, f=lambda x, y, *, condition: func(condition, x, y), condition=d.mask(mask))


@TABLE.draws(np.select)
def selects(d, func):
    shape = d.shape()
    masks = [d.mask(shape) & d.mask(shape) for _ in range(2)]
    one, two = d.of(shape, shape[1:], ()), shape
    return call(func, one, two, (), f=lambda x, y, z: func(masks, [x, y], z), may=(0, 1), must=(0,))


@TABLE.draws(np.choose)
def choices(d, func):
    mask, *shapes = d.like(d.int(2, 4))
    n = len(shapes)
    mode = d.of("raise", "wrap", "clip")
    low, high = (0, n) if mode == "raise" else (-5, 9)
    index = np.random.default_rng(d.int(0, 99)).integers(low, high, mask)
    return call(func, *shapes, f=lambda *xs, index, mode: func(index, xs, mode=mode), index=index, mode=mode)


@TABLE.draws(np.clip, kinds="f")
def clips(d, func):
    shape, *bounds = d.like(3)
    kind = d.of("arrays", "numbers", "one", "dtype")
    if kind == "arrays":
        return call(func, shape, *bounds, f=lambda x, lo, hi: func(x, lo, hi))
    if kind == "one":
        return call(func, shape, **d.of({"min": -0.95}, {"max": 1.1}, {"a_min": None, "a_max": 0.2}))
    return call(func, shape, a_min=-1.1, a_max=0.95, **({"dtype": np.float64} if kind == "dtype" else {}))


@TABLE.draws(np.sort, kinds="f")
def sorts(d, func):
    shape = d.shape()
    kwargs = d.along(len(shape)) if shape else {"axis": None}
    return call(func, shape, **kwargs, **d.of({}, {"kind": d.of(None, "quicksort", "stable", "heapsort")}, {"stable": d.of(None, True)}))


@TABLE.draws(np.sort_complex)
def complex_sorts(d, func):
    return call(func, d.shape(1))


@TABLE.draws(np.partition, kinds="f")
def partitions(d, func):
    shape = d.shape(1, top=4)
    axis = d.of(None, d.axis(len(shape)))
    n = math.prod(shape) if axis is None else shape[axis]
    kth = d.of(d.int(-n, n - 1), sorted({d.int(0, n - 1) for _ in range(2)}))
    return call(func, shape, f=lambda x, *, kth, axis: parts(func(x, kth, axis), kth, axis), kth=kth, axis=axis)


# Sets. -------------------------------------------------------------------------------------------------------


@TABLE.draws(np.unique, np.unique_values, np.unique_all, np.unique_counts, np.unique_inverse, kinds="f")
def unique(d, func):
    shape = d.shape(1)
    again = [d.int(0, shape[0] - 1) for _ in range(d.int(1, 4))]
    kwargs = {}
    if func is np.unique:
        kwargs = d.some(**dict.fromkeys(("return_index", "return_inverse", "return_counts", "equal_nan"), (True, False)))
        kwargs |= d.of({}, {"axis": None}, {"axis": d.axis(len(shape))})
    return call(func, shape, f=lambda x, **kw: func(x[again], **kw), **kwargs)


@TABLE.draws(np.union1d, np.intersect1d, np.setdiff1d, np.setxor1d, kinds="f")
def pairs(d, func):
    n = d.int(1, 4)
    some = [d.int(0, n - 1) for _ in range(d.int(0, 3))]
    kwargs = {} if func is np.union1d else d.some(assume_unique=[len(set(some)) == len(some)])
    kwargs |= d.some(return_indices=[True, False]) if func is np.intersect1d else {}
    return call(func, (n,), (d.int(0, 3),), f=lambda x, y, **kw: func(x, np.concatenate([x[some], y]), **kw), **kwargs)


@TABLE.draws(np.compress)
def compressions(d, func):
    shape = d.shape()
    axis = d.along(len(shape))
    n = math.prod(shape) if axis.get("axis") is None else shape[axis["axis"]]
    return call(func, shape, f=lambda x, *, keep, **kw: func(keep, x, **kw), keep=d.mask((d.int(0, n),)), **axis)


@TABLE.draws(np.extract)
def extractions(d, func):
    shape = d.shape(side=0)
    return call(func, shape, f=lambda x, *, keep: func(keep, x), keep=d.mask(shape))


# Writing. ----------------------------------------------------------------------------------------------------


@TABLE.draws(np.put)
def puts(d, func):
    shape = d.shape()
    n = math.prod(shape)
    mode = d.of("raise", "clip", "wrap")
    low, high = (-n, n - 1) if mode == "raise" else (-9, 25)
    ind = d.of(d.int(low, high), [d.int(low, high) for _ in range(d.int(0, 4))])
    return call(func, shape, (d.int(0, 4),), f=written(lambda y, v: func(y, ind, v, mode)))


@TABLE.draws(np.place, np.putmask)
def masked_writes(d, func):
    shape = d.shape()
    mask = d.mask(shape)
    return call(func, shape, d.of((d.int(1, 5),), shape), f=written(lambda y, v: func(y, mask, v)))


@TABLE.draws(np.put_along_axis)
def writes_along(d, func):
    shape = d.shape(1)
    axis = d.of(None, d.axis(len(shape)))
    rng = np.random.default_rng(d.int(0, 99))
    if axis is None:
        k = d.int(0, 3)
        index = rng.integers(-math.prod(shape), math.prod(shape), k)
        return call(func, shape, d.of((), (k,)), f=written(lambda y, v: func(y, index, v, None)))
    new = tuple(d.int(1, 3) if i == axis % len(shape) else n for i, n in enumerate(shape))
    index = rng.integers(-shape[axis], shape[axis], new)
    return call(func, shape, d.of((), new, (1,) * len(new)), f=written(lambda y, v: func(y, index, v, axis)))


@TABLE.draws(np.fill_diagonal)
def diagonal_writes(d, func):
    shape = d.of(d.shape(2, 2, top=4), (d.int(1, 3),) * 3, (7, 2))
    wrap = d.bool()
    return call(func, shape, d.of((), (d.int(1, 4),), (1, 2)), f=written(lambda y, v: func(y, v, wrap)))
