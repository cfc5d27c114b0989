"""Calls of functions of samples: differences, interpolation, grids, convolution, polynomials, covariances, counts in bins."""

import numpy as np

from .calls import POSITIVE, REAL, Table, call

TABLE = Table()
TURNS = np.array([0, 7, -13, 26, 3.0])


@TABLE.draws(np.angle)
def angles(d, func):
    return call(func, d.shape(side=0), **d.some(deg=[True, False]))


@TABLE.draws(np.real_if_close)
def nearly_real(d, func):
    return call(func, d.shape(side=0), **d.some(tol=[10, 1000]))


@TABLE.draws(np.nan_to_num)
def replacements(d, func):
    shape = d.shape(side=0)
    bad = np.where(d.mask(shape), 0, d.of(np.nan, np.inf, -np.inf))
    kwargs = d.some(copy=[True, False], nan=[0.0, 2.0], posinf=[3.0], neginf=[-4])
    if d.bool():
        return call(func, shape, f=lambda x, **kw: func(np.copy(x), **kw), **kwargs)
    return call(func, shape, f=lambda x, **kw: func(np.where(bad == 0, x, bad), **kw), **kwargs)


@TABLE.draws(np.piecewise, kinds="f")
def pieces(d, func):
    shape = d.shape(1, side=0)
    cuts = sorted(d.of(-2.6, -0.9, 0.0, 0.9, 2.6) for _ in range(d.int(1, 2)))
    functions = [np.sin, lambda x: x * x, 3.0, lambda x: -x]
    chosen = [d.of(*functions) for _ in range(len(cuts) + d.bool())]
    return call(func, shape, f=lambda x: func(x, [x < c for c in cuts], chosen))


@TABLE.draws(np.apply_along_axis)
def applications(d, func):
    shape = d.shape(1)
    inner = d.of(np.sum, np.cumprod, np.diag, lambda v: v[:1] * v[-1], lambda v: np.outer(v, v[::-1]))
    return call(func, shape, f=lambda x, *, axis: func(inner, axis, x), axis=d.axis(len(shape)))


@TABLE.draws(np.apply_over_axes)
def applications_over(d, func):
    shape = d.shape(1)
    inner = d.of(np.sum, np.prod, np.cumsum)
    return call(func, shape, f=lambda x, *, axes: func(inner, x, axes), axes=d.of(d.axis(len(shape)), d.axes(len(shape), 1)))


# Differences, integrals, interpolation. ----------------------------------------------------------------------


@TABLE.draws(np.gradient, mixed=False)
def gradients(d, func):
    order = d.of(None, 1, 2)
    shape = d.shape(1, 2, side=1 + (order or 1), top=4)
    axes = d.of(None, d.axis(len(shape)), d.axes(len(shape), 1))
    over = tuple(range(len(shape))) if axes is None else np.atleast_1d(axes).tolist()
    kwargs = ({} if order is None else {"edge_order": order}) | ({} if axes is None else {"axis": axes})
    spacings = d.of((), ((),), tuple(d.of((), (shape[a],)) for a in over))
    domain = (REAL, *(POSITIVE for _ in spacings))

    def f(x, *steps, **kw):
        return func(x, *(np.cumsum(h) if np.ndim(h) else h for h in steps), **kw)

    return call(func, shape, *spacings, f=f, domain=domain, **kwargs)


@TABLE.draws(np.trapezoid)
def integrals(d, func):
    shape = d.shape(1)
    axis = d.along(len(shape), flat=False)
    grid = d.of(None, (shape[axis.get("axis", -1)],), shape, ())
    if grid is None:
        return call(func, shape, **axis, **d.some(dx=[0.5, -2]))
    if grid == ():
        return call(func, shape, (), f=lambda y, h, **kw: func(y, dx=h, **kw), must=(0,), **axis)
    return call(func, shape, grid, **axis)


@TABLE.draws(np.ediff1d, mixed=False)
def flat_differences(d, func):
    ends = d.of((), ("to_end",), ("to_begin",), ("to_begin", "to_end"))
    shapes = [d.shape(0, 1) for _ in ends]
    same = "same_kind"  # NumPy casts the ends to the dtype of the array
    return call(
        func,
        d.shape(side=0),
        *shapes,
        f=lambda x, *e: func(x, **{k: v.astype(x.dtype, casting=same) for k, v in zip(ends, e, strict=True)}),
    )


@TABLE.draws(np.unwrap, kinds="f")
def phases(d, func):
    shape = d.shape(1, side=0, top=4)
    axis = d.along(len(shape), flat=False)
    jumps = np.resize(TURNS, shape)
    if d.bool():
        return call(func, shape, f=lambda x, **kw: func(x + jumps, **kw), **axis, **d.some(discont=[None, 4.0], period=[3.0, 7.5]))
    return call(func, shape, (), f=lambda x, p, **kw: func(x + jumps, period=p, **kw), domain=(REAL, POSITIVE), must=(0,), **axis)


@TABLE.draws(np.interp, kinds="f")
def interpolations(d, func):
    shape, n = d.shape(side=0), d.int(1, 5)
    domain = [REAL, POSITIVE, REAL]
    period = d.of(None, None, 2.7, -1.9) if n > 1 else None
    ends = d.of((), ("left",), ("right",), ("left", "right"))
    numbers = {} if period else dict.fromkeys(ends, 1.5)

    def f(x, steps, values, **kw):
        return func(x, np.cumsum(steps) * (2.0 / max(n, 2)) - 1.61, values, **kw)

    if period is None and d.bool():
        return call(func, shape, (n,), (n,), *((),) * len(ends), domain=[*domain, *[REAL] * len(ends)], must=(0,),
                    f=lambda x, s, v, *e: f(x, s, v, **dict(zip(ends, e, strict=True))))  # fmt: skip
    return call(func, shape, (n,), (n,), f=f, domain=domain, **numbers, **({} if period is None else {"period": period}))


@TABLE.draws(np.linspace)
def lines(d, func):
    one, two = d.like(2)
    kwargs = d.some(num=[0, 1, 2, 5], endpoint=[True, False], retstep=[True, False], dtype=[np.complex128])
    if kwargs.get("num") in (0, 1):
        kwargs.pop("retstep", None)  # nan
    return call(func, one, two, **kwargs, **d.some(axis=[0, -1, max(len(one), len(two))]))


@TABLE.draws(np.logspace, condition=128.0)
def logarithmic(d, func):
    kwargs = d.some(num=[0, 1, 2, 5], endpoint=[True, False], dtype=[np.complex128])
    one, two, base = d.like(3)
    nd = max(map(len, (one, two, base)))
    if d.bool():
        return call(func, one, two, **kwargs, **d.some(base=[2, 2.5], axis=[0, -1, max(len(one), len(two))]))
    return call(func, one, two, base, f=lambda a, b, c, **kw: func(a, b, base=c, **kw), domain=(REAL, REAL, POSITIVE), **kwargs,
                **d.some(axis=[0, -1, nd]))  # fmt: skip


@TABLE.draws(np.geomspace, condition=128.0)
def geometric(d, func):
    one, two = d.like(2)
    kwargs = d.some(num=[0, 1, 2, 5], endpoint=[True, False], dtype=[np.complex128], axis=[0, -1, max(len(one), len(two))])
    return call(func, one, two, domain=POSITIVE, **kwargs)


# Convolution and polynomials. --------------------------------------------------------------------------------


@TABLE.draws(np.convolve, np.correlate)
def convolutions(d, func):
    return call(func, (d.int(1, 6),), (d.int(1, 6),), **d.some(mode=["full", "same", "valid"]))


@TABLE.draws(np.polyval)
def values(d, func):
    return call(func, (d.int(0, 5),), d.shape(side=0))


@TABLE.draws(np.polyadd, np.polysub, np.polymul)
def sums_of_polynomials(d, func):
    return call(func, d.shape(0, 1, top=5), d.shape(0, 1, top=5))


@TABLE.draws(np.polydiv, condition=256.0)
def quotients(d, func):
    def f(u, v):
        quotient, rest = func(u, np.concatenate([v[:1] + 3, v[1:]]))
        return quotient, rest[-1:]  # how many entries before the last count as zero depends on the precision

    return call(func, (d.int(1, 6),), (d.int(1, 4),), f=f, domain=POSITIVE)


@TABLE.draws(np.polyder, np.polyint)
def slopes_of_polynomials(d, func):
    n, m = d.int(1, 6), d.int(0, 3)
    if func is np.polyint and m and d.bool():
        return call(func, (n,), (m,), f=lambda x, k, *, m: func(x, m, k), must=(0,), m=m)
    return call(func, (n,), **d.some(m=[m]))


@TABLE.draws(np.vander)
def vandermonde(d, func):
    return call(func, (d.int(0, 4),), **d.some(N=[None, 0, 1, 3, 6], increasing=[True, False]))


@TABLE.draws(np.polyfit, kinds="f", condition=4096.0)
def fits(d, func):
    deg, columns = d.int(0, 3), d.of((), (1,), (2,))
    n = deg + d.int(2, 5)
    weights = [(n,)] if d.bool() else []
    far = np.linspace(-1.5, 1.5, n)
    return call(func, (n,), (n, *columns), *weights, domain=(REAL, REAL, *[POSITIVE] * len(weights)), deg=deg,
                f=lambda x, y, *w, **kw: func(x * 0.1 + far.astype(x.dtype), y, **kw, **({"w": w[0]} if w else {})))  # fmt: skip


# Statistics and counts. --------------------------------------------------------------------------------------


@TABLE.draws(np.cov, condition=128.0)
@TABLE.draws(np.corrcoef, condition=128.0)
def covariances(d, func):
    shape = d.of((d.int(3, 5),), (d.int(1, 3), d.int(3, 5)))
    kwargs = d.some(rowvar=[True, False])
    if len(shape) == 2 and kwargs.get("rowvar") is False:
        shape = shape[::-1]
    n = shape[0] if len(shape) == 2 and kwargs.get("rowvar") is False else shape[-1]
    if func is np.cov:
        kwargs |= d.some(bias=[True, False], ddof=[None, 0, 1], fweights=[np.arange(n) % 2 + 1])
        if d.bool():
            return call(
                func, shape, (n,), f=lambda x, w, **kw: func(x, aweights=np.abs(w), **kw), domain=(REAL, POSITIVE), must=(0,), **kwargs
            )
    return call(func, shape, *([shape] if d.bool() else []), **kwargs)


@TABLE.draws(np.bincount, kinds="f")
def counts(d, func):
    n = d.int(1, 6)  # NumPy counts nothing in integers
    where = np.array([d.int(0, 4) for _ in range(n)], int)
    return call(func, (n,), f=lambda w, **kw: func(where, w, **kw), **d.some(minlength=[0, 7]))


EDGES = {"bins": [-3.0, 0.1, 1.0, 3.0]}


def binning(d):
    return d.of({}, {"bins": 3}, {"bins": [0.1, 0.3, 0.65, 0.7]}, {"bins": 4, "range": (0.0, 0.6)})


@TABLE.draws(np.histogram, kinds="f")
def histograms(d, func):
    n = d.int(1, 6)
    at = np.random.default_rng(d.int(0, 99)).random(n) * 0.2 + np.linspace(0.05, 0.75, n)
    if d.bool():
        kwargs = binning(d) | d.some(density=[True, False])
        return call(func, (n,), f=lambda w, **kw: func(at, weights=w.astype(np.float64), **kw), domain=POSITIVE, **kwargs)
    return call(func, (n,), f=lambda x, **kw: func(x.astype(np.float64), **kw), **EDGES, **d.some(density=[True, False]))


@TABLE.draws(np.histogram2d, np.histogramdd, kinds="f")
def histograms_of_several(d, func):
    n = d.int(1, 6)
    at = np.random.default_rng(d.int(0, 99)).random((n, 2))
    bins = d.of(3, [2, 3], [[0.0, 0.4, 1.0], [0.0, 0.5, 0.7, 1.0]])
    kwargs = {"bins": bins} | d.some(density=[True, False], range=[[(0, 1), (0, 1)]])
    points = (at,) if func is np.histogramdd else (at[:, 0], at[:, 1])
    return call(func, (n,), f=lambda w, **kw: func(*points, weights=w.astype(np.float64), **kw), domain=POSITIVE, **kwargs)
