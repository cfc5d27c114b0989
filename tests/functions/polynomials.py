"""Cases: convolution and polynomials."""

import numpy as np

from ..cases import each, named, with_

B, V, S = (3, 4), (6,), ()

CASES = [
    *[
        c
        for f in (np.convolve, np.correlate)
        for s, t in ((V, (3,)), ((2,), V), ((4,), V), (V, V), ((1,), V))
        for c in each(f, [s, t], {"smooth": True}, mode=["full", "same", "valid"])
    ],
    *each(np.convolve, [S, (3,)]),
    named("convolve with numbers", lambda x: np.convolve(x, [1, 0.5, -2], "same"), V),
    named("correlate numbers", lambda x: np.correlate([1, 0.5, -2], x, mode="same"), V),
    named("polyval", np.polyval, (4,), B, smooth=True),
    named("polyval of a number", lambda p: np.polyval(p, 0.75), (4,)),
    named("polyval at a point", lambda x: np.polyval([1, 2.0, 3], x), S),
    *[c for f in (np.polyadd, np.polysub, np.polymul) for s, t in ((V, (3,)), ((2,), (4,)), (S, (3,))) for c in each(f, [s, t])],
    named("polymul with leading zeros", lambda x: np.polymul(x * np.array([0, 0, 1, 1, 0, 1]), [0, 2, 1]), V),
    *[
        named(f"polydiv {s} {t}", lambda x, y: np.polydiv(x, np.concatenate([4 * y[:1], y[1:]])), s, t, domain="positive")
        for s, t in ((V, (3,)), ((2,), (3,)), (V, (1,)))
    ],
    named("polydiv of a real by a complex one", lambda x, y: np.polydiv(x, 4 + 1j * y), (2,), (3,), kinds="f"),
    *each(np.polyder, [V], m=[0, 1, 2, 6]),
    *each(np.polyint, [V], m=[0, 1, 2, 3]),
    named("polyint constants", lambda x, k: np.polyint(x, 2, k), V, (2,), alone=(0,)),
    named("polyint constant", lambda x: np.polyint(x, 2, 0.5), V),
    *each(np.vander, [(4,)], N=[None, 0, 1, 3, 6], increasing=[False, True]),
]

CASES = with_(CASES, ulps=16)
