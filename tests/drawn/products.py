"""Calls of products of vectors, matrices and arrays, of numpy and numpy.linalg."""

import string

import numpy as np
from hypothesis import strategies as st

from .calls import Table, call

TABLE = Table()
L = np.linalg
AXES = [(-1, 0), (-1, 0), (0, -1)]


@TABLE.draws(np.dot, np.inner)
def dots(d, func):
    one, two = d.shape(0, 3, side=0), d.shape(0, 3, side=0)
    n = d.int(0, 3)
    if one and two:
        one, at = (*one[:-1], n), -2 if func is np.dot and len(two) > 1 else -1
        two = (*two[:at], n, *(two[at + 1 :] if at < -1 else ()))
    return call(func, one, two)


@TABLE.draws(np.vdot)
def flat_dots(d, func):
    shape = d.shape(side=0)
    return call(func, shape, d.of(shape, shape[::-1], (int(np.prod(shape)),)))


@TABLE.draws(np.outer, L.outer)
def outers(d, func):
    high = 2 if func is np.outer else 1
    low = 0 if func is np.outer else 1
    return call(func, d.shape(low, high, side=0), d.shape(low, high, side=0))


@TABLE.draws(np.matmul, L.matmul, np.matvec, np.vecmat, np.vecdot, L.vecdot)
def stacked(d, func):
    m, n, p = (d.int(0, 3) for _ in range(3))
    cores = {np.matvec: [(m, n), (n,)], np.vecmat: [(n,), (n, p)], np.vecdot: [(n,), (n,)], L.vecdot: [(n,), (n,)]}.get(func)
    shapes = d.stacks(*(cores or [(m, n), (n, p)]))
    if cores is None:
        shapes = (d.of(shapes[0], (n,)), d.of(shapes[1], (n,)))
    if func is L.vecdot or (func is np.vecdot and d.bool()):
        shape = d.shape(1, side=0)
        kwargs = d.some(axis=[d.axis(len(shape))]) | (d.some(keepdims=[True, False]) if func is np.vecdot else {})
        return call(func, shape, shape, **kwargs)
    if func is np.matmul and min(map(len, shapes)) > 1 and d.bool():
        return call(func, *shapes, f=lambda x, y, **kw: func(np.moveaxis(x, -1, 0), np.moveaxis(y, -1, 0), **kw), axes=AXES)
    return call(func, *shapes, **(d.of({}, {"dtype": np.complex128, "casting": "same_kind"}) if isinstance(func, np.ufunc) else {}))


@TABLE.draws(np.tensordot, L.tensordot)
def contractions(d, func):
    shape = d.shape(1, side=0)
    n = d.int(0, len(shape))
    if d.bool():
        return call(func, shape, (*shape[len(shape) - n :], *d.shape(0, 2)), axes=n)
    mine = d.order(len(shape))[:n]
    other = tuple(shape[i] for i in mine) + d.shape(0, 2, top=2)
    order = d.order(len(other))
    theirs = [order.index(i) - len(other) * d.bool() for i in range(n)]
    return call(func, shape, tuple(other[i] for i in order), axes=(list(mine), theirs))


@TABLE.draws(np.kron)
def kroneckers(d, func):
    return call(func, d.shape(0, 2), d.shape(0, 2))


@TABLE.draws(np.cross, L.cross)
def crosses(d, func):
    if func is np.cross and d.bool():
        one, two = d.like(2, 2)
        nd = max(len(one), len(two))
        a, b = d.axis(len(one) + 1), d.axis(len(two) + 1)
        kwargs = {"axisa": a, "axisb": b, "axisc": d.axis(nd + 1)}
        return call(func, inserted(one, a), inserted(two, b), **kwargs)
    shape = d.shape(0, 2)
    axis = d.axis(len(shape) + 1)
    return call(func, *[inserted(shape, axis)] * 2, axis=axis)


def inserted(shape, axis):
    at = axis % (len(shape) + 1)
    return (*shape[:at], 3, *shape[at:])


@TABLE.draws(np.einsum)
def einsums(d, func):
    letters = string.ascii_letters[:5]
    sizes = dict(zip(letters, (d.int(1, 3) for _ in letters), strict=True))
    terms = d.draw(st.lists(st.text(letters, max_size=3), min_size=1, max_size=3))
    used = list(dict.fromkeys("".join(terms)))
    output = d.of("", "->" + "".join(used[i] for i in d.order(len(used))[: d.int(0, len(used))]))
    subscripts = ",".join(terms) + output
    shapes = [tuple(sizes[k] for k in t) for t in terms]
    if d.bool():
        batches = d.like(len(terms), 1)
        dots = output.replace("->", "->...")
        subscripts, shapes = ",".join("..." + t for t in terms) + dots, [(*b, *s) for b, s in zip(batches, shapes, strict=True)]
    kwargs = d.some(optimize=[True, False, "greedy", "optimal"]) | d.of({}, {"dtype": np.complex128, "casting": "same_kind"})
    return call(func, *shapes, f=lambda *xs, subscripts, **kw: func(subscripts, *xs, **kw), subscripts=subscripts, **kwargs)


@TABLE.draws(L.multi_dot)
def chains(d, func):
    n = d.int(2, 4)
    sides = [d.int(1, 3) for _ in range(n + 1)]
    shapes = [(sides[i], sides[i + 1]) for i in range(n)]
    shapes[0] = d.of(shapes[0], shapes[0][1:])
    shapes[-1] = d.of(shapes[-1], shapes[-1][:1])
    return call(func, *shapes, f=lambda *xs: func(xs))
