"""Cases: quantiles, covariances and counts in bins."""

import numpy as np

from ..cases import each, named, with_

A, B, V, S = (2, 3, 4), (3, 4), (6,), ()
nan_at = np.array([[0.0, np.nan, 0, 0], [0, 0, 0, 0], [np.nan, 0, 0, np.nan]])
CONTINUOUS = ["linear", "hazen", "weibull", "median_unbiased", "normal_unbiased", "interpolated_inverted_cdf"]
DISCRETE = ["inverted_cdf", "averaged_inverted_cdf", "closest_observation", "lower", "higher", "midpoint", "nearest"]
WHERE = np.array([0, 2, 2, 4, 1, 2])
POINTS = np.array([0.05, 0.2, 0.45, 0.7, 0.99, 0.5])
POSITIVE = {"domain": "positive", "kinds": "f"}


def wide(x):
    return x.astype(np.float64)


def same_precision(func):
    """Return the function with lists of quantiles in the precision of the array."""

    def call(x, q, **kwargs):
        return func(x, np.asarray(q, x.dtype) if isinstance(q, list) else q, **kwargs)

    call.__name__ = func.__name__
    return call


quantile, percentile, nanquantile, nanpercentile = map(same_precision, (np.quantile, np.percentile, np.nanquantile, np.nanpercentile))

QUANTILES = [
    *each(quantile, [A], q=[0.3, [0.0, 0.25, 1.0]], axis=[None, 0, -1, (0, 2)], keepdims=[False, True]),
    *each(quantile, [(5, 3)], q=[0.3, [[0.15, 0.95]]], method=CONTINUOUS + DISCRETE, axis=[0]),
    *each(percentile, [A], q=[30, [0, 25.0, 100]], axis=[None, 1], keepdims=[False, True]),
    *each(percentile, [V], q=[50.0], overwrite_input=[True]),
    *each(quantile, [S], q=[0.5]),
    *[c for f in (nanquantile, nanpercentile) for c in each(f, [A], q=[0.4, [0.5, 0.75]], axis=[None, 0, (1, 2)], keepdims=[False, True])],
    *[named(f"nanquantile of some nan {m}", lambda x, m=m: nanquantile(x + nan_at, [0.2, 0.6], axis=1, method=m), B)
      for m in (*CONTINUOUS, *DISCRETE)],
]  # fmt: skip

COVARIANCES = [
    *each(np.cov, [B], rowvar=[True, False], bias=[False, True]),
    *each(np.cov, [B], ddof=[0, 2], fweights=[[1, 2, 0, 3]]),
    *each(np.cov, [V]),
    *each(np.cov, [V, V], rowvar=[True, False]),
    *each(np.cov, [B, (4,)]),
    named("cov aweights", lambda x, w: np.cov(x, aweights=w), B, (4,), **POSITIVE, alone=(0,)),
    named("cov all weights", lambda x, w: np.cov(x, aweights=w, fweights=[1, 2, 1, 3], ddof=1), B, (4,), **POSITIVE, alone=(0,)),
    *each(np.corrcoef, [B], rowvar=[True, False]),
    *each(np.corrcoef, [V, V]),
]  # fmt: skip

COUNTS = [
    named("bincount", lambda w: np.bincount(WHERE, wide(w), 7), V, kinds="f"),
    named("bincount weights", lambda w: np.bincount(WHERE, weights=wide(w)), V, kinds="f"),
    *[named(f"histogram {kw}", lambda w, kw=kw: np.histogram(POINTS, weights=wide(w), **kw)[0], V, **POSITIVE)
      for kw in ({}, {"bins": 3}, {"bins": [0.1, 0.2, 0.5, 0.7]}, {"bins": 4, "range": (0, 0.6)}, {"bins": 4, "density": False})],
    *[named(f"histogram density {kw}", lambda w, kw=kw: np.histogram(POINTS, weights=wide(w), density=True, **kw)[0], V, **POSITIVE)
      for kw in ({"bins": 3}, {"bins": [0.1, 0.2, 0.5, 0.7]})],
    named("histogram edges", lambda x: np.histogram(x, bins=4)[1], V, kinds="f"),
    named("histogram density of values", lambda x: np.histogram(wide(x), bins=4, density=True), V, kinds="f"),
    named("histogram2d", lambda w: np.histogram2d(POINTS, POINTS[::-1], 3, weights=wide(w))[0], V, kinds="f"),
    named("histogram2d density", lambda w: np.histogram2d(POINTS, POINTS[::-1], [2, [0, 0.5, 1]], density=True, weights=wide(w))[0],
          V, **POSITIVE),
    named("histogramdd", lambda w: np.histogramdd(np.stack([POINTS, WHERE], -1), (2, 3), [(0, 1), (0, 3)], weights=wide(w))[0],
          V, kinds="f"),
]  # fmt: skip

CASES = [*with_(QUANTILES, ulps=8, kinds="f"), *with_(COVARIANCES, ulps=16), *with_(COUNTS, ulps=8)]
