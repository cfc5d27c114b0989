"""Cases: sums, means, spreads, products, extrema, and their running forms."""

import numpy as np

from ..cases import each, named, with_

A, B, V, S = (2, 3, 4), (3, 4), (6,), ()
AXES = [None, 0, -1, (0, 2), (-2,), (), (0, 1, 2)]
MASK = np.array([[True, False, True, True], [True, True, False, True], [False, True, True, True]])
LOW = 3.7  # above some entries and below others
nan_at = np.array([[0.0, np.nan, 0, 0], [0, 0, 0, 0], [np.nan, 0, 0, np.nan]])

SUMS = [
    *each(np.sum, [A], axis=AXES, keepdims=[False, True]),
    *each(np.sum, [A], axis=[0, (0, -1)], initial=[0, 2.5], where=[True, MASK]),
    *each(np.sum, [A], dtype=[np.float64, np.complex128], axis=[1]),
    *each(np.sum, [S]),
    *each(np.cumsum, [A], axis=[None, 0, -1]),
    *each(np.cumsum, [A], dtype=[np.float64, np.complex128], axis=[1, None]),
    *each(np.cumsum, [S]),
    *each(np.trace, [(3, 4)], offset=[0, 1, -1]),
    *each(np.trace, [A], offset=[0, 1], axis1=[0, -1], axis2=[1]),
    *each(np.diff, [A], n=[0, 1, 2, 3], axis=[0, 1, -1]),
]

DIFFERENCES = [
    named("diff prepend", lambda x, y: np.diff(x, prepend=y), B, (3, 2)),
    named("diff prepend number", lambda x: np.diff(x, axis=0, prepend=1.5, append=0), B),
    named("diff append", lambda x, y: np.diff(x, n=2, axis=0, append=y), B, (1, 4)),
    named("diff prepend 0-d", lambda x, y, z: np.diff(x, prepend=y, append=z), B, S, S),
]

MEANS = [
    *each(np.mean, [A], axis=AXES, keepdims=[False, True]),
    *each(np.mean, [A], axis=[None, 1, (1, 2)], where=[MASK], keepdims=[False, True]),
    *each(np.mean, [A], dtype=[np.float64, np.complex128], axis=[1]),
    *each(np.nanmean, [A], axis=AXES, keepdims=[False, True]),
    *each(np.nanmean, [A], axis=[None, 1], where=[MASK]),
    named("nanmean of some nan", lambda x: np.nanmean(x + nan_at, axis=0), B),
    named("average", np.average, B),
    *each(np.average, [A], axis=AXES[:4], keepdims=[False, True]),
    *each(np.average, [A], axis=[0, None], returned=[True]),
    *[
        named(
            f"average weights axis={axis} keepdims={k} returned={r}",
            lambda x, w, axis=axis, k=k, r=r: np.average(x, axis=axis, weights=w, keepdims=k, returned=r),
            B,
            s,
            domain="positive",
            smooth=True,
        )
        for axis, s in ((None, B), (0, (3,)), (-1, (4,)), ((0, 1), B), ((1, 0), (4, 3)), (1, B))
        for k in (False, True)
        for r in (False, True)
    ],
    named("average constant weights", lambda x: np.average(x, axis=1, weights=[1, 2, 0, 4]), B),
]

SPREADS = [
    *[
        c
        for f in (np.var, np.std, np.nanvar, np.nanstd)
        for c in [
            *each(f, [A], axis=AXES[:4], keepdims=[False, True], ddof=[0, 1]),
            *each(f, [A], axis=[None, 1], where=[MASK], ddof=[0, 1]),
            *each(f, [A], axis=[0], correction=[1]),
            named(f"{f.__name__} mean", lambda x, f=f: f(x, axis=0, mean=np.mean(x, axis=0, keepdims=True)), B),
            named(f"{f.__name__} dtype", lambda x, f=f: f(x, axis=0, dtype=x.dtype), B),
        ]
    ],
    *[named(f"{f.__name__} of some nan", lambda x, f=f: f(x + nan_at, axis=1, ddof=1), B) for f in (np.nanvar, np.nanstd)],
]

PRODUCTS = [
    *each(np.prod, [A], axis=AXES, keepdims=[False, True]),
    *each(np.prod, [A], axis=[0, None], initial=[1, 2.5], where=[True, MASK]),
    *each(np.prod, [(3, 5)], dtype=[np.float64, np.complex128], axis=[0]),
    *[c for n in (1, 2, 3, 7) for f in (np.prod, np.cumprod) for c in each(f, [(n,)])],
    *each(np.prod, [(0, 0, 1)], axis=[0, (0, 2), None]),
    *each(np.cumprod, [A], axis=[None, 0, -1]),
    *each(np.cumprod, [B], dtype=[np.float64, np.complex128], axis=[1]),
    *each(np.nanprod, [A], axis=AXES, keepdims=[False, True]),
    *each(np.nanprod, [A], axis=[0], initial=[2.5], where=[MASK]),
    *each(np.nancumprod, [A], axis=[None, 1]),
    *[named(f"{f.__name__} of some nan", lambda x, f=f: f(x + nan_at, axis=0), B) for f in (np.nanprod, np.nancumprod)],
]

NAN_SUMS = [
    *each(np.nansum, [A], axis=AXES, keepdims=[False, True]),
    *each(np.nansum, [A], axis=[0], initial=[2.5], where=[MASK], dtype=[np.float64]),
    *each(np.nancumsum, [A], axis=[None, 0, -1]),
    *[named(f"{f.__name__} of some nan", lambda x, f=f: f(x + nan_at, axis=0), B) for f in (np.nansum, np.nancumsum)],
]

EXTREMA = [
    *[
        c
        for f in (np.max, np.min, np.amax, np.amin, np.nanmax, np.nanmin)
        for c in [
            *each(f, [A], axis=AXES[:5], keepdims=[False, True]),
            *each(f, [A], axis=[0, None], initial=[0.9, -0.9], where=[True, MASK]),
            *each(f, [S]),
        ]
    ],
    *each(np.ptp, [A], axis=[None, 0, -1, (0, 2)], keepdims=[False, True]),
    *[c for f in (np.median, np.nanmedian) for s in (A, (3, 5)) for c in each(f, [s], axis=[None, 0, -1, (0, 1)], keepdims=[False, True])],
    *each(np.median, [S]),
    *each(np.median, [V], overwrite_input=[True]),
    *[named(f"{f.__name__} of some nan", lambda x, f=f: f(x + nan_at, axis=0), B) for f in (np.nanmax, np.nanmin, np.nanmedian)],
]

CASES = [
    *(with_([c], ulps=2)[0] if "initial=2.5" in c.name else with_([c], linear=True)[0] for c in SUMS),
    *DIFFERENCES,
    *with_(MEANS, ulps=2),
    *with_(SPREADS, ulps=4, smooth=True),
    *(with_([c], smooth="dtype" not in c.name)[0] for c in PRODUCTS),
    *with_(NAN_SUMS, ulps=2),
    *with_(EXTREMA, kinds="f"),
]
CASES = [with_([c], kinds="f")[0] if "dtype=float64" in c.name else c for c in CASES]  # complex would be cast to real
