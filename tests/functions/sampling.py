"""Cases: grids and functions given by samples."""

import numpy as np

from ..cases import each, named, with_

A, B, V, S = (2, 3, 4), (3, 4), (6,), ()
X4 = np.array([0.0, 0.5, 2.0, 2.25])
KNOTS = np.array([-2.0, -0.7, 0.1, 0.9, 2.4])


def interp(*args, **kwargs):
    """np.interp, which takes no extended precision."""
    narrow = {"f": np.float64, "c": np.complex128}
    return np.interp(
        *(a.astype(narrow[a.dtype.kind]) if getattr(a, "dtype", None) in (np.longdouble, np.clongdouble) else a for a in args), **kwargs
    )


DIFFERENCES = [
    *each(np.gradient, [(3, 4)], edge_order=[1, 2], axis=[None, 0, -1, (1, 0), ()]),
    *each(np.gradient, [V], edge_order=[1, 2]),
    *[named(f"gradient spacing {h} {e}", lambda x, h=h, e=e: np.gradient(x, *h, edge_order=e), B)
      for h in ((0.5,), (2, 0.25), (0.5, X4), ([0, 1, 2], X4)) for e in (1, 2)],
    *[named(f"gradient with step axis={axis} {e}", lambda x, h, axis=axis, e=e: np.gradient(x, h, axis=axis, edge_order=e), B, S)
      for axis in (None, 1) for e in (1, 2)],
    *[named(f"gradient with coordinates {e}", lambda x, h, e=e: np.gradient(x, np.cumsum(h), axis=1, edge_order=e),
            B, (4,), domain="positive") for e in (1, 2)],
    named("gradient at equal steps", lambda x, h: np.gradient(x, h * np.arange(6)), V, S),
    *each(np.trapezoid, [A], dx=[1.0, 0.25], axis=[-1, 0]),
    named("trapezoid x", lambda y, x: np.trapezoid(y, x), B, (4,)),
    named("trapezoid x axis", lambda y, x: np.trapezoid(y, x, axis=0), B, (3,)),
    named("trapezoid x everywhere", lambda y, x: np.trapezoid(y, x=x, axis=0), B, B),
    named("trapezoid dx", lambda y, dx: np.trapezoid(y, dx=dx), B, S, alone=(0,)),
    *each(np.ediff1d, [B]),
    named("ediff1d ends", lambda x, a, b: np.ediff1d(x, to_begin=a, to_end=b), V, (2,), S),
    named("ediff1d numbers", lambda x: np.ediff1d(x, [2, 3.0], 1), V),
    *[named(f"unwrap {kw}", lambda x, kw=kw: np.unwrap(4 * x, **kw), B, kinds="f")
      for kw in ({}, {"axis": 0}, {"discont": 5.0}, {"period": 3.0})],
    named("unwrap period", lambda x, p: np.unwrap(4 * x, period=p), V, S, kinds="f", domain="positive", alone=(0,)),
    *[c for f in (np.cumulative_sum, np.cumulative_prod) for c in [
        *each(f, [A], axis=[0, -1], include_initial=[False, True]),
        *each(f, [V], axis=[None], include_initial=[False, True]),
        *each(f, [S], include_initial=[True]),
    ]],
    *each(np.cumulative_sum, [V], dtype=[np.complex128]),
]  # fmt: skip

INTERPOLATION = [
    named("interp x", lambda x: interp(x, KNOTS, KNOTS**2), B),
    named("interp 0-d", lambda x: interp(x, KNOTS, KNOTS**2), S),
    named("interp all", lambda x, s, f: interp(x, np.cumsum(s, dtype=np.float64) - 2, f), B, (5,), (5,), domain="positive"),
    named("interp edges", lambda x, f: interp(x, KNOTS / 3, f, left=-1, right=2.5), B, (5,)),
    named("interp edge values", lambda x, f, a, b: interp(x, KNOTS / 3, f, a, b), B, (5,), S, S, alone=(0, 1)),
    named("interp period", lambda x, f: interp(x, KNOTS / 3, f, period=1.5), B, (5,)),
    named("interp negative period", lambda x, f: interp(x, KNOTS[::-1] / 3, f, period=-1.75), B, (5,)),
    named("interp one sample", lambda x, f: interp(x, [0.1], f, right=3.0), V, (1,)),
    named("interp at the samples", lambda f: interp(KNOTS, KNOTS, f), (5,)),
    named("interp complex values", lambda x, f: interp(x, KNOTS, f * (1 + 2j)), V, (5,)),
]  # fmt: skip

GRIDS = [
    *[named(f"linspace {kw}", lambda a, b, kw=kw: np.linspace(a, b, **kw), S, S)
      for kw in ({}, {"num": 1}, {"num": 0}, {"num": 2}, {"endpoint": False, "num": 5}, {"retstep": True, "num": 4})],
    *[named(f"linspace of arrays axis={axis}", lambda a, b, axis=axis: np.linspace(a, b, 4, axis=axis), (3,), (2, 1))
      for axis in (0, 1, -1)],
    named("linspace dtype", lambda a, b: np.linspace(a, b, 4, dtype=np.result_type(a, np.complex64)), S, S),
    named("linspace to a number", lambda a: np.linspace(a, 2.0, 4), (2,)),
    named("linspace from a number", lambda b: np.linspace(0, b, 4), (2,)),
    *[named(f"logspace {kw}", lambda a, b, kw=kw: np.logspace(a, b, **kw), S, S, smooth=True)
      for kw in ({"num": 4}, {"base": 2, "num": 3}, {"endpoint": False, "num": 3, "base": 2.5})],
    named("logspace of arrays", lambda a, b: np.logspace(a, b, 3, axis=-1), (3,), (2, 1)),
    named("logspace base", lambda a, b, c: np.logspace(a, b, 3, base=c), S, (2,), S, domain="positive"),
    named("logspace dtype", lambda a, b: np.logspace(a, b, 3, dtype=np.result_type(a, np.complex64)), S, S),
    *[named(f"geomspace {kw}", lambda a, b, kw=kw: np.geomspace(a, b, **kw), S, S, domain="positive", smooth=True)
      for kw in ({"num": 5}, {"num": 1}, {"endpoint": False, "num": 3})],
    named("geomspace below zero", lambda a, b: np.geomspace(-a, -b, 5, axis=-1), (3,), (2, 1), domain="positive", kinds="f"),
    named("geomspace dtype", lambda a, b: np.geomspace(a, b, 3, dtype=np.result_type(a, np.complex64)), S, S, domain="positive"),
]  # fmt: skip

CASES = [*with_(DIFFERENCES, ulps=8), *with_(INTERPOLATION, ulps=8, kinds="f"), *with_(GRIDS, ulps=64)]
