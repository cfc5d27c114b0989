"""What the functions of dualmc.kernels.vmath should be: references in high precision, where to try them, edges."""

import math
from collections.abc import Callable
from typing import NamedTuple

import mpmath
import numpy as np

INF, NAN = math.inf, math.nan
TINY, SMALLEST, HUGE = 2.0**-1022, 5e-324, np.finfo(np.float64).max
EDGES = [0.0, -0.0, INF, -INF, NAN, 1.0, -1.0, SMALLEST, -SMALLEST, TINY, -TINY, HUGE, -HUGE]


class Function(NamedTuple):
    """A function: NumPy's (or a stand-in), mpmath's, where to try it, and the error allowed in ulp."""

    name: str
    numpy: Callable
    exact: Callable
    points: list  # arrays; for two arguments pairs of arrays
    ulp: float = 2.0


def uniform(low, high, n=250):
    return np.random.default_rng(1).uniform(low, high, n)


def scales(low, high, n=250, *, signs=True):
    """±m·2**e with e spread over all exponents from low to high."""
    rng = np.random.default_rng(2)
    x = np.exp2(np.maximum(rng.uniform(low, high, n), -1074.0))
    return np.where(rng.random(n) < 0.5, -x, x) if signs else x


def near(*centres):
    """The neighbours of points: ulps away, and 2**-j away, relatively."""
    steps = np.concatenate([np.arange(-3, 4) * 2.0**-53, 2.0 ** -np.arange(3, 52, 4), -(2.0 ** -np.arange(3, 52, 4))])
    return np.concatenate([c + (abs(c) or 1.0) * steps for c in centres])


def quarter_turns(limit):
    """The doubles m·2**e that are closest to multiples of π/2: m is the denominator of a convergent of 2**e / (π/2)."""
    found = []
    with mpmath.workprec(300):
        for e in range(-52, math.frexp(limit)[1]):
            ratio, before, m = mpmath.mpf(2) ** (e + 1) / mpmath.pi, 1, 0
            while m < 2**53 and m * 2.0**e < limit:
                whole = mpmath.floor(ratio)
                before, m, ratio = m, int(whole) * m + before, 1 / (ratio - whole)
                found.append(m * 2.0**e)
    x = np.unique([x for x in found if 0 < x < limit])
    return np.concatenate([x, -x, np.nextafter(x, 0)])


def pairs(x, y):
    return np.broadcast_arrays(x, y)


def powers():
    """Pairs whose power is spread over all exponents, near 1 as the base, whole exponents, and results at both limits."""
    rng = np.random.default_rng(4)
    x = scales(-1074, 1024, 400, signs=False)
    near_one = 1.0 + scales(-40, -1, 300)
    whole = rng.integers(-30, 30, 200).astype(float)
    return [
        (x, rng.uniform(-1074, 1024, x.size) / np.log2(x)),
        (near_one, rng.uniform(-1074, 1024, near_one.size) / np.log2(near_one)),
        (-np.exp2(rng.uniform(-34, 34, 200)), whole),
        (np.exp2(rng.uniform(-5, 5, 200)), rng.uniform(-5, 5, 200)),
        (x[:200], scales(-60, 0, 200)),
        (near_one, (1024.0 + scales(-50, -1, near_one.size)) / np.log2(near_one)),
        (near_one, (-1074.0 + scales(-8, 5, near_one.size)) / np.log2(near_one)),
    ]


def points(n=400, low=-1074, high=1024, *, signs=True):
    return scales(low, high, n, signs=signs)


def hypots():
    x = points(high=960)
    tiny = points(high=-1000)
    return [(x, x * uniform(0, 2, x.size)), (x, x * scales(-60, 60, x.size)), (tiny, tiny[::-1]), (x, x[::-1]), (np.array([HUGE]), HUGE)]


def angles():
    x = points()
    ratio = np.concatenate([uniform(0.3, 3, 200), scales(-60, 60, 200)])
    with np.errstate(over="ignore", invalid="ignore"):
        far = np.minimum(np.maximum(x * ratio, -HUGE), HUGE)
    return [(far, x), (x, far), (x, points()[::-1]), (points(high=-1015), points(high=-1015)[::-1]), (near(1.0, -1.0), 1.0)]


def circle(limit):
    """Angles up to a limit."""
    inside = [uniform(-10, 10), points(low=-1074, high=math.log2(limit) - 0.01), near(0.25, 0.5, math.pi / 4)]
    return [*inside, quarter_turns(limit), uniform(-limit, limit)]


BELOW_ONE = [uniform(-1, 1), points(high=0), near(0.5, -0.5, 0.0)]
ENDS = [np.clip(near(1.0, -1.0), -1, 1)]
GROWTH = [uniform(-40, 40), points(high=9), near(0.0, math.log(2) / 2, 1.0)]
FIRST_OVER, LAST_NORMAL = 709.782712893384, -708.3964185322641


UNARY = [
    Function("exp", np.exp, mpmath.exp, [*GROWTH, uniform(-746, 709.7), near(FIRST_OVER, LAST_NORMAL)]),
    Function("exp2", np.exp2, lambda x: mpmath.mpf(2) ** x, [*GROWTH, uniform(-1076, 1024), near(1024.0, -1022.0, -1074.0)]),
    Function("expm1", np.expm1, mpmath.expm1, [*GROWTH, uniform(-1, 1), uniform(-50, 709.7), near(FIRST_OVER, -0.35, 0.35, 1.04)]),
    Function("sinh", np.sinh, mpmath.sinh, [*GROWTH, uniform(-710.4, 710.4), near(1.0, -1.0, 710.4758600739439)]),
    Function("cosh", np.cosh, mpmath.cosh, [*GROWTH, uniform(-710.4, 710.4), near(1.0, -1.0, 710.4758600739439)]),
    Function("tanh", np.tanh, mpmath.tanh, [*GROWTH, uniform(-1, 1, 500), near(0.173, 0.5, 20.0)]),
    Function("sigmoid", lambda x: 1 / (1 + np.exp(-x)), lambda x: 1 / (1 + mpmath.exp(-x)), [*GROWTH, uniform(-746, 40), uniform(-3, 3)]),
    Function(
        "softplus",
        lambda x: np.logaddexp(0, x),
        lambda x: mpmath.log1p(mpmath.exp(x)),
        [*GROWTH, uniform(-746, 40), uniform(-3, 3), points()],
    ),
    Function("erf", np.vectorize(math.erf), mpmath.erf, [uniform(-6.5, 6.5, 800), points(high=4), near(1.0, -1.0, 5.9)]),
    Function("log", np.log, mpmath.log, [points(signs=False), uniform(0, 3), near(1.0, 2**0.5, 0.5**0.5)]),
    Function(
        "log2", np.log2, lambda x: mpmath.log(x) / mpmath.log(2), [points(signs=False), uniform(0, 3), near(1.0, 2.0, 2**0.5, 0.5**0.5)]
    ),
    Function("log10", np.log10, mpmath.log10, [points(signs=False), uniform(0, 3), near(1.0, 10.0, 2**0.5, 0.5**0.5)]),
    Function(
        "log1p",
        np.log1p,
        mpmath.log1p,
        [points(signs=False), -points(high=0, signs=False), uniform(-1, 3), near(0.0, 2**0.5 - 1, -0.293), ENDS[0]],
    ),
    Function("sin", np.sin, mpmath.sin, circle(1e5)),
    Function("cos", np.cos, mpmath.cos, circle(1e5)),
    Function("tan", np.tan, mpmath.tan, circle(1e13)),
    Function("arctan", np.arctan, mpmath.atan, [points(), uniform(-4, 4), near(2**0.5 - 1, 2**0.5 + 1, 1.0)]),
    Function("arcsin", np.arcsin, mpmath.asin, BELOW_ONE + ENDS),
    Function("arccos", np.arccos, mpmath.acos, BELOW_ONE + ENDS),
    Function("arcsinh", np.arcsinh, mpmath.asinh, [points(), uniform(-4, 4), near(2.0**28, 2.0**-28, 0.35)]),
    Function("arccosh", np.arccosh, mpmath.acosh, [points(low=0, signs=False), uniform(1, 4), np.maximum(near(1.0), 1.0), near(2.0**28)]),
    Function("arctanh", np.arctanh, mpmath.atanh, BELOW_ONE + ENDS),
    Function("cbrt", np.cbrt, lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), [points(), uniform(-9, 9), near(1.0, 8.0, 2**0.5)]),
    Function("sqrt", np.sqrt, mpmath.sqrt, [points(signs=False)]),
    Function("rsqrt", lambda x: 1 / np.sqrt(x), lambda x: 1 / mpmath.sqrt(x), [points(signs=False), uniform(0, 4)]),
]
BINARY = [
    Function("arctan2", np.arctan2, mpmath.atan2, angles()),
    Function("hypot", np.hypot, mpmath.hypot, hypots()),
    Function("power", np.power, mpmath.power, powers(), 4.0),
]
FUNCTIONS = [*UNARY, *BINARY]


def arguments(function):
    """All points of a function: a tuple of one or two arrays."""
    if function in UNARY:
        return (np.concatenate(function.points),)
    x, y = zip(*(pairs(*p) for p in function.points), strict=True)
    return np.concatenate(x), np.concatenate(y)


def outside(exact, value, top):
    """0 if an infinite value stands for a number that is too large, else ∞."""
    return 0.0 if math.isinf(value) and abs(exact) >= top and (value > 0) == (exact > 0) else INF


def error_in_ulp(function, args, values, dtype=np.float64):
    """|value - exact| in units of the last place of the exact value, for each point; ∞ where finiteness differs."""
    info = np.finfo(dtype)
    smallest = int(math.log2(info.smallest_subnormal))
    errors = np.empty(len(values))
    with mpmath.workprec(200):
        top = mpmath.mpf(float(info.max)) * (1 + mpmath.mpf(2) ** (-info.nmant - 2))  # rounds to ∞
        for i, value in enumerate(values.tolist()):
            exact = function.exact(*(mpmath.mpf(float(a[i])) for a in args))
            if math.isinf(value) or math.isnan(value):
                errors[i] = outside(exact, value, top)
            else:
                exponent = max(smallest, mpmath.frexp(exact)[1] - 1 - info.nmant) if exact else smallest
                errors[i] = abs(value - exact) * mpmath.mpf(2) ** -exponent
    return errors
