"""Calls of functions that reshape, move, join, split, repeat and pad."""

import math

import numpy as np

from .calls import Table, call

TABLE = Table()


@TABLE.draws(np.reshape)
def reshapes(d, func):
    shape = d.shape(side=0)
    new = [n for n in shape if n != 1]
    new = [new[i] for i in d.order(len(new))] + [1] * d.int(0, 2)
    if new and math.prod(shape) and d.bool():
        new[d.int(0, len(new) - 1)] = -1
    return call(func, shape, shape=tuple(new), **d.some(order=["C", "F"], copy=[None, True]))


@TABLE.draws(np.ravel)
def ravels(d, func):
    return call(func, d.shape(side=0), **d.some(order=["C", "F"]))


@TABLE.draws(np.copy)
def copies(d, func):
    return call(func, d.shape(side=0), **d.some(order=["C", "F", "K", "A"]))


@TABLE.draws(np.squeeze)
def squeezes(d, func):
    shape = d.shape(side=1, top=2)
    ones = [i - len(shape) * d.bool() for i, n in enumerate(shape) if n == 1]
    return call(func, shape, **({"axis": d.of(tuple(ones), *ones)} if ones and d.bool() else {}))


@TABLE.draws(np.expand_dims)
def expansions(d, func):
    shape = d.shape(side=0)
    return call(func, shape, axis=d.axis(len(shape) + 1) if d.bool() else d.axes(len(shape) + 2, 2, 2))


@TABLE.draws(np.transpose)
def transposes(d, func):
    shape = d.shape(side=0)
    axes = tuple(a - len(shape) * d.bool() for a in d.order(len(shape)))
    return call(func, shape, **({"axes": d.of(None, axes)} if d.bool() else {}))


@TABLE.draws(np.swapaxes, np.rollaxis, np.moveaxis)
def moves(d, func):
    shape = d.shape(1, 4, side=0, top=2)
    nd = len(shape)
    if func is np.moveaxis and d.bool():
        source = d.axes(nd, 1)
        return call(func, shape, source=source, destination=d.axes(nd, len(source), len(source)))
    one, two = d.axis(nd), d.axis(nd)
    return call(func, shape, f=lambda x, a, b: func(x, a, b), a=one, b=two)


@TABLE.draws(np.matrix_transpose, np.flipud, np.fliplr, np.linalg.matrix_transpose)
def fixed(d, func):
    return call(func, d.shape(2, 4, side=0))


@TABLE.draws(np.broadcast_to)
def broadcasts(d, func):
    shape = d.shape(side=0)
    new = tuple(d.int(0, 3) if n == 1 else n for n in shape)
    return call(func, shape, shape=(*d.shape(0, 2, side=0), *new))


@TABLE.draws(np.broadcast_arrays)
def broadcasts_together(d, func):
    return call(func, *d.like(d.int(1, 3)))


@TABLE.draws(np.flip)
def flips(d, func):
    shape = d.shape(side=0)
    return call(func, shape, **d.reduced(len(shape)))


@TABLE.draws(np.rot90)
def rotations(d, func):
    shape = d.shape(2, 3, side=0)
    return call(func, shape, **d.some(k=[-3, -1, 0, 1, 2, 5]), **({"axes": d.axes(len(shape), 2, 2)} if d.bool() else {}))


@TABLE.draws(np.roll)
def rolls(d, func):
    shape = d.shape()
    axis = d.reduced(len(shape))
    several = isinstance(axis.get("axis"), tuple)
    shift = tuple(d.int(-4, 4) for _ in axis["axis"]) if several and d.bool() else d.int(-7, 7)
    return call(func, shape, shift=shift, **axis)


@TABLE.draws(np.diagonal, np.linalg.diagonal, np.linalg.trace)
def diagonals(d, func):
    shape = d.shape(2, 4, side=0)
    kwargs = d.some(offset=[-3, -1, 0, 1, 2])
    if func is np.diagonal and d.bool():
        kwargs |= dict(zip(("axis1", "axis2"), d.axes(len(shape), 2, 2), strict=True))
    return call(func, shape, **kwargs)


@TABLE.draws(np.diag, np.diagflat)
def matrices_of_diagonals(d, func):
    return call(func, d.shape(1, 2 if func is np.diag else 3, side=0), **d.some(k=[-2, -1, 0, 1, 3]))


@TABLE.draws(np.tril, np.triu)
def triangles(d, func):
    return call(func, d.shape(1, 4, side=0), **d.some(k=[-2, -1, 0, 1, 3]))


@TABLE.draws(np.take)
def takes(d, func):
    shape = d.shape()
    axis = d.along(len(shape))
    n = math.prod(shape) if axis.get("axis") is None else shape[axis["axis"]]
    found = np.array([d.int(-n, n - 1) for _ in range(d.int(0, 4))], int)
    indices = d.of(found, found.tolist(), found[None], d.int(-n, n - 1))
    mode = d.some(mode=["raise", "wrap", "clip"])
    return call(func, shape, indices=np.add(indices, 5).astype(int) if mode.get("mode") in ("wrap", "clip") else indices, **axis, **mode)


@TABLE.draws(np.take_along_axis)
def takes_along(d, func):
    shape = d.shape(1)
    axis = d.of(None, d.axis(len(shape)), d.axis(len(shape)))
    n = math.prod(shape) if axis is None else shape[axis]
    k = d.int(0, 3)
    new = (k,) if axis is None else tuple(k if i == axis % len(shape) else d.of(s, 1) for i, s in enumerate(shape))
    return call(func, shape, indices=np.random.default_rng(d.int(0, 99)).integers(-n, n, new), axis=axis)


@TABLE.draws(np.tile)
def tiles(d, func):
    return call(func, d.shape(side=0), reps=d.of(d.int(0, 3), tuple(d.int(0, 2) for _ in range(d.int(0, 4)))))


@TABLE.draws(np.repeat)
def repeats(d, func):
    shape = d.shape(side=0)
    axis = d.along(len(shape))
    n = math.prod(shape) if axis.get("axis") is None else shape[axis["axis"]]
    return call(func, shape, repeats=d.of(d.int(0, 3), [d.int(0, 2) for _ in range(n)], np.array([2])), **axis)


@TABLE.draws(np.delete, np.insert, mixed=False)
def edits(d, func):
    shape = d.shape(1)
    axis = d.along(len(shape))
    flat = axis.get("axis") is None
    n = math.prod(shape) if flat else shape[axis["axis"]]
    last = n - 1 if func is np.delete else n
    several = [d.int(-n, last) for _ in range(d.int(0, 3))]
    obj = d.of(d.int(-n, last), several, slice(d.of(None, 0, 1), d.of(None, n, -1), d.of(None, 2)))
    if func is np.delete:
        return call(func, shape, obj=d.of(obj, (np.arange(n) % 2 == 0)), **axis)
    count = len(range(n)[obj]) if isinstance(obj, slice) else len(obj) if isinstance(obj, list) else 1
    values = (
        ()
        if flat or d.bool()
        else tuple(
            count if i == axis["axis"] % len(shape) and isinstance(obj, (list, slice)) else s
            for i, s in enumerate(shape)
            if isinstance(obj, (list, slice)) or i != axis["axis"] % len(shape)
        )
    )
    values = (count,) if flat and d.bool() else values
    return call(func, shape, values, f=lambda x, v, *, obj, **kw: func(x, obj, v, **kw), obj=obj, **axis)  # fmt: skip


@TABLE.draws(np.resize)
def resizes(d, func):
    return call(func, d.shape(), new_shape=d.of(d.int(0, 9), tuple(d.int(0, 3) for _ in range(d.int(0, 3)))))


@TABLE.draws(np.real, np.imag, np.conjugate, np.atleast_1d, np.atleast_2d, np.atleast_3d)
def of_any_array(d, func):
    return call(func, d.shape(side=0))


@TABLE.draws(np.astype)
def casts(d, func):
    dtype = d.of(np.complex128, np.complex64)
    return call(func, d.shape(side=0), f=lambda x, **kw: func(x, dtype, **kw), **d.some(copy=[True, False]))


# Joining and splitting. --------------------------------------------------------------------------------------


def lengths(d, shape, axis):
    """Shapes that differ along an axis."""
    return [tuple(d.int(0, 3) if i == axis % len(shape) else n for i, n in enumerate(shape)) for _ in range(d.int(1, 3))]


@TABLE.draws(np.concatenate)
def concatenations(d, func):
    keywords = d.some(dtype=[np.complex128], casting=["same_kind", "unsafe"])
    if d.bool():
        shapes = [d.shape(0, 2) for _ in range(d.int(1, 3))]
        return call(func, *shapes, f=lambda *xs, **kw: func(xs, **kw), axis=None, **keywords)
    shape = d.shape(1)
    axis = d.along(len(shape), flat=False)
    return call(func, *lengths(d, shape, axis.get("axis", 0)), f=lambda *xs, **kw: func(xs, **kw), **axis, **keywords)


@TABLE.draws(np.stack)
def stacks(d, func):
    shape = d.shape(side=0)
    kwargs = d.some(dtype=[np.complex128], casting=["same_kind"]) | ({"axis": d.axis(len(shape) + 1)} if d.bool() else {})
    return call(func, *[shape] * d.int(1, 3), f=lambda *xs, **kw: func(list(xs), **kw), **kwargs)


@TABLE.draws(np.hstack, np.vstack, np.dstack, np.column_stack)
def stacks_by_name(d, func):
    shape = d.shape(0, 3)
    kwargs = d.some(dtype=[np.complex128], casting=["same_kind"]) if func in (np.hstack, np.vstack) else {}
    return call(func, *[shape] * d.int(1, 3), f=lambda *xs, **kw: func(xs, **kw), **kwargs)


@TABLE.draws(np.block)
def blocks(d, func):
    rows, columns, lead = [d.int(0, 2) for _ in range(2)], [d.int(1, 2) for _ in range(2)], d.shape(0, 1)
    return call(func, *[(*lead, r, c) for r in rows for c in columns], f=lambda a, b, c, e: func([[a, b], [c, e]]))


@TABLE.draws(np.append)
def appends(d, func):
    if d.bool():
        return call(func, d.shape(), d.shape())
    shape = d.shape(1)
    axis = d.axis(len(shape))
    return call(func, shape, lengths(d, shape, axis)[0], axis=axis)


@TABLE.draws(np.array_split, np.split, np.hsplit, np.vsplit, np.dsplit)
def splits(d, func):
    shape = d.shape({np.vsplit: 2, np.dsplit: 3}.get(func, 1), 4, top=4)
    fixed = {np.hsplit: min(1, len(shape) - 1), np.vsplit: 0, np.dsplit: 2}
    axis = {} if func in fixed else d.along(len(shape), flat=False)
    n = shape[fixed.get(func, axis.get("axis", 0))]
    parts = d.int(1, 5) if func is np.array_split else d.of(*[k for k in range(1, n + 1) if n % k == 0])
    cuts = d.of(parts, sorted(d.int(0, n + 1) for _ in range(d.int(0, 3))))
    return call(func, shape, indices_or_sections=cuts, **axis)


@TABLE.draws(np.unstack)
def unstacks(d, func):
    shape = d.shape(1)
    return call(func, shape, **d.along(len(shape), flat=False))


# Padding and grids. ------------------------------------------------------------------------------------------

MODES = ["constant", "edge", "reflect", "symmetric", "wrap", "mean", "linear_ramp", "maximum", "minimum", "median", "empty"]


@TABLE.draws(np.pad, kinds="f")
def pads(d, func):
    shape = d.shape(1)
    pairs = [(d.int(0, 4), d.int(0, 4)) for _ in shape]
    width = d.of(pairs, pairs, pairs[0], d.int(0, 3), {-1: pairs[0]})
    mode = d.of(*MODES[:-1])
    ends = [d.of(0, 2.5, (1, 2), [(1, 2.0)] * len(shape))]
    keywords = {"constant": {"constant_values": ends}, "linear_ramp": {"end_values": ends},
                "reflect": {"reflect_type": ["even", "odd"]}, "symmetric": {"reflect_type": ["even", "odd"]}}  # fmt: skip
    statistics = {"stat_length": [None, 1, 2, (1, 3), 9]} if mode in ("mean", "maximum", "minimum", "median") else {}
    return call(func, shape, pad_width=width, mode=mode, **d.some(**keywords.get(mode, statistics)))


@TABLE.draws(np.ix_)
def open_grids(d, func):
    return call(func, *[(d.int(0, 3),) for _ in range(d.int(1, 3))])


@TABLE.draws(np.meshgrid)
def grids(d, func):
    shapes = [d.of((), (d.int(0, 3),)) for _ in range(d.int(1, 3))]
    return call(func, *shapes, **d.some(indexing=["xy", "ij"], sparse=[True, False], copy=[True, False]))


@TABLE.draws(np.trim_zeros)
def trims(d, func):
    shape = d.shape(1, 3, top=4)
    kept = d.mask(shape) & d.mask(shape)
    kwargs = d.some(trim=["f", "b", "fb"]) | d.reduced(len(shape))
    return call(func, shape, f=lambda x, **kw: func(x * kept, **kw), **kwargs)
