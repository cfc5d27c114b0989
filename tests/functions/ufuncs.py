"""Cases: keywords of ufuncs, their methods, and ufuncs with two results."""

import functools

import numpy as np

from ..cases import named, with_
from ..laws import buffer_like

A, B, V, S = (2, 3, 4), (3, 4), (6,), ()
MASK = np.array([[True, False, True, True], [True, True, False, True], [False, True, True, True]])
FOLDED = (
    np.add,
    np.multiply,
    np.maximum,
    np.minimum,
    np.fmax,
    np.fmin,
    np.logaddexp,
    np.logaddexp2,
    np.hypot,
    np.subtract,
    np.divide,
    np.power,
    np.arctan2,
    np.copysign,
)
REORDERABLE = (np.add, np.multiply, np.maximum, np.minimum, np.fmax, np.fmin, np.logaddexp, np.logaddexp2, np.hypot)


FORGETFUL = (np.power, np.arctan2)
"""NumPy reduces these wrongly along a contiguous axis on processors with AVX-512: np.power.reduce([2., 3., 2.]) is 4 there."""


def _reduce(u, **kwargs):
    shown = ", ".join(f"{k}={'mask' if k == 'where' else v}" for k, v in kwargs.items())

    def f(x):
        if u in FORGETFUL and type(x) is np.ndarray and kwargs.get("axis") == -1:
            result = functools.reduce(u, np.moveaxis(x, -1, 0))
            return result[..., None] if kwargs["keepdims"] else result
        return u.reduce(x, **kwargs)

    return named(f"{u.__name__}.reduce({shown})", f, B)


REDUCE = [
    *[_reduce(u, axis=axis, keepdims=k) for u in FOLDED for axis in (0, -1) for k in (False, True)],
    *[_reduce(u) for u in (np.fmod, np.remainder)],
    *[_reduce(u, axis=axis) for u in REORDERABLE for axis in (None, (0, 1), ())],
    *[_reduce(u, initial=1.1) for u in FOLDED],
    *[_reduce(u, initial=1.1, where=MASK, axis=1) for u in REORDERABLE],
    *[_reduce(u, where=MASK) for u in (np.add, np.multiply, np.logaddexp, np.logaddexp2)],
    *[
        named(f"{u.__name__}.reduce of nothing", lambda x, u=u: np.exp(u.reduce(x)), (0, 3))
        for u in (np.add, np.multiply, np.hypot, np.logaddexp)
    ],
]
ACCUMULATE = [
    named(f"{u.__name__}.accumulate axis={axis}", lambda x, u=u, axis=axis: u.accumulate(x, axis=axis), B)
    for u in FOLDED
    for axis in (0, -1)
]
REDUCEAT = [
    named(f"{u.__name__}.reduceat axis={axis}", lambda x, u=u, axis=axis: u.reduceat(x, [0, 2, 1, 2], axis=axis), (3, 3))
    for u in FOLDED
    for axis in (0, 1)
]
OUTER = [named(f"{u.__name__}.outer", u.outer, (2, 3), (4,)) for u in FOLDED]
OUTER += [named("subtract.outer with a number", lambda x: np.subtract.outer(2.0, x), V), named("add.outer 0-d", np.add.outer, S, V)]

_AT = [2, 0, 2, 5, 2]


def _at(u, *shapes):
    def f(x, *ops):
        y = buffer_like([x, *ops])
        y[...] = x
        u.at(y, _AT, *ops)
        return y

    return named(f"{u.__name__}.at {shapes}", f, V, *shapes)


AT = [
    *[_at(u, (5,)) for u in FOLDED],
    *[_at(u, ()) for u in (np.add, np.subtract, np.multiply)],
    *[_at(u) for u in (np.negative, np.sin, np.sqrt, np.square)],
]


def _at_rows(x, y):
    z = buffer_like([x, y])
    z[...] = x
    np.multiply.at(z, (slice(None), [1, 1, 3]), y)
    return z


AT.append(named("multiply.at rows", _at_rows, B, (3, 1)))


def _into(u, **kwargs):
    def f(*xs):
        out = buffer_like(xs)
        out += 0.25
        result = u(*xs, out=out, **kwargs)
        assert result is out
        return out

    shown = ", ".join(f"{k}={'mask' if k == 'where' else v}" for k, v in kwargs.items())
    return named(f"{u.__name__}(out, {shown})", f, *[B] * u.nin)


KEYWORDS = [
    *[_into(u) for u in (np.sin, np.multiply, np.add, np.hypot, np.matmul) if u.signature is None],
    *[_into(u, where=MASK) for u in (np.sin, np.multiply, np.add, np.sqrt, np.log, np.divide)],
    *[_into(u, where=MASK, casting="same_kind") for u in (np.exp,)],
    named("add dtype", lambda x, y: np.add(x, y, dtype=np.complex128), B, B),
    named("multiply dtype, casting", lambda x, y: np.multiply(x, y, dtype=np.complex64, casting="same_kind"), B, B),
    named("sin dtype", lambda x: np.sin(x, dtype=np.complex128), B),
    named("exp order", lambda x: np.exp(x, order="C", subok=False), B),
    named("out given as a tuple", lambda x: np.sin(x, out=(np.zeros_like(x),)), B),
    named("positional out", lambda x: np.sin(x, np.zeros_like(x)), B),
    named(
        "matmul out",
        lambda x, y: np.matmul(x, y, out=np.zeros((3, 2), x.dtype, like=x)) if hasattr(x, "tangent") else np.matmul(x, y),
        B,
        (4, 2),
    ),
]

TWO_RESULTS = [
    named("divmod", divmod, B, B, reach=1 / 64),
    named("np.divmod", np.divmod, B, (4,), reach=1 / 16),
    named("divmod by a number", lambda x: divmod(x, 0.7), B, reach=1 / 16),
    named("divmod of a number", lambda x: divmod(2.5, x), B, reach=1 / 16),
    named("modf", np.modf, B, reach=1 / 16),
    named("frexp", np.frexp, B),
    named(
        "divmod where",
        lambda x, y: (
            [np.where(MASK, r, 0) for r in np.divmod(x, y, where=MASK)]
            if hasattr(x, "tangent") or hasattr(y, "tangent")
            else [np.where(MASK, r, 0) for r in np.divmod(x, y)]
        ),
        B,
        B,
        reach=1 / 64,
    ),
]

_REAL = ("maximum", "minimum", "fmax", "fmin", "logaddexp", "logaddexp2", "hypot", "arctan2", "copysign", "fmod", "remainder")
CASES = [
    *REDUCE,
    *ACCUMULATE,
    *REDUCEAT,
    *OUTER,
    *AT,
    *KEYWORDS,
    *with_(TWO_RESULTS, kinds="f"),
]
CASES = with_(CASES, domain="positive")
CASES = [
    with_(
        [c],
        kinds="f" if c.name.startswith(_REAL) else c.kinds,
        ulps=8 if any(m in c.name for m in (".reduce", ".accumulate", ".at")) else 0,
    )[0]
    for c in CASES
]
