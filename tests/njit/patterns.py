"""More of what programs have: functions of NumPy beside the common ones, arrays made in every way, containers. As in programs.py."""

import collections
import enum
import math

import numba
import numpy as np
from numba.typed import Dict, List

PATTERNS = {}
"""By name: functions of six numbers between 0.1 and 0.9."""


def pattern(f):
    PATTERNS[f.__name__] = f
    return f


PLACES = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
GRAVITY = 9.81
Pair = collections.namedtuple("Pair", ["a", "b"])  # noqa: PYI024 - as programs have it


class Colour(enum.Enum):
    RED = 1.5


@numba.njit
def factorial(n, x):
    return x if n <= 1 else factorial(n - 1, x) * x


@numba.njit
def squares(x):
    for v in x:
        yield v * v


@numba.njit
def applied(f, x):
    return f(x)


@numba.njit
def with_scratch(x):
    w = np.zeros(3)
    w[0] = x[0] * x[1]
    return w[0]


@numba.njit
def doubled_into(out, x):
    for i in range(x.size):
        out[i] = x[i] * 2


# Functions of NumPy. -------------------------------------------------------------------------------------------------


@pattern
def without_nan(x):
    y = x.copy()
    y[2] = np.nan
    s = np.nansum(y) + np.nanprod(y) + np.nanmean(y) + np.nanstd(y) + np.nanvar(y) + np.nanmax(y) * np.nanmin(y)
    return s + np.nancumsum(y) * np.nancumprod(y) + np.nan_to_num(y) + y[np.nanargmax(y)] * y[np.nanargmin(y)]


@pattern
def quantiles(x):
    q = np.quantile(x, np.array([0.1, 0.5, 1.0]))
    return np.percentile(x, 30) * np.quantile(x, 0.9) + q + np.ptp(x) + np.average(x, weights=x * x)


@pattern
def samples(x):
    a, at = np.linspace(x[0], x[1], 3), np.linspace(0.0, 1.0, 5)
    s = np.interp(x[0], at, at**2) + np.interp(0.4, np.linspace(0.0, 1.0, 6), x)
    return a * s + np.geomspace(x[4], x[5], 3) + np.interp(x[:3], at, at**3) + np.ediff1d(x)[:3]


@pattern
def convolutions(x):
    s = np.sum(np.convolve(x, x[:3]) ** 2) + np.sum(np.correlate(x, x[:2]) ** 2)
    return s + np.sum(np.vander(x[:3]) ** 2) + np.sum(np.convolve(x[:4], np.ones(2), "same")) ** 2


@pattern
def covariances(x):
    return np.cov(x.reshape(2, 3)) + np.corrcoef(x.reshape(2, 3))


@pattern
def norms(x):
    a = x.reshape(2, 3) - 0.5
    s = np.linalg.norm(x, 1) + np.linalg.norm(x, 2) + np.linalg.norm(x, np.inf) * np.linalg.norm(x, -np.inf) + np.linalg.norm(x, 3)
    return s + np.linalg.norm(a, 1) * np.linalg.norm(a, np.inf) + np.linalg.norm(a, -1) * np.linalg.norm(a, -np.inf)


@pattern
def factorizations(x):
    a = x[:4].reshape(2, 2)
    b = np.eye(2) + np.dot(a, a.T)
    out = np.zeros((2, 2))
    np.dot(a, a, out)
    return np.linalg.cholesky(b) + np.linalg.matrix_power(a, 3) + out


@pattern
def needs_pivots(x):
    a = np.zeros((3, 3))
    a[0, 1], a[1, 0], a[1, 2], a[2, 0], a[2, 2] = x[0], 2.0, x[1], x[2], x[3] - 3.0
    return np.linalg.solve(a, x[3:]) + np.linalg.det(a) + np.linalg.inv(a)[0] + np.linalg.slogdet(a)[0]


@pattern
def joined(x):
    a = np.stack((x[:2], x[2:4])) + np.vstack((x[:2], np.ones(2)))
    return a.ravel() * np.append(x[:3], x[0]) + np.flip(x)[0] + np.diag(x)[1, 1] + np.take(x, 2)


@pattern
def positions(x):
    i, j = np.searchsorted(np.sort(x), 0.5), np.digitize(x, np.linspace(0.0, 1.0, 5))
    s = x[i] + x[j[0]] + x[np.argpartition(x, 2)[2]] * np.histogram(x, 3)[0][1] + x[np.argmin(x)]
    return s if np.allclose(x, x) and np.all(x > 0) and not np.any(np.isclose(x, 2.0)) else 2 * s


@pattern
def rounded(x):
    s = np.round(x * 7) * x + np.around(x, 1) + np.floor(x * 9) * x + np.ceil(x) * x + np.trunc(x)
    return s + round(x[0], 1) + divmod(x[0], 0.2)[1] + np.fmod(x, 0.2) + pow(x[0], x[1]) + np.sinc(x) + np.sinc(x * 0.1)


@pattern
def crossed(x):
    a = x.reshape(2, 3)
    return np.cross(a, a[::-1] * a[0]) + np.conj(a) * np.real(a) + a.astype(np.float64)


# Arrays that get room for derivatives. -------------------------------------------------------------------------------


@pattern
def made_like_a_constant(x):
    a, b, c, d = np.empty_like(PLACES), np.zeros_like(PLACES), np.full_like(PLACES, 2.0), PLACES.copy()
    a[:] = 0.0
    a[0], b[1], c[2], d[3] = x[0], x[1], x[2], x[3]
    return a + b + c + d


@pattern
def made_of_constants(x):
    a, b, c, d = np.array([1.0, 2.0, 3.0]), np.arange(3.0), np.linspace(0.0, 1.0, 3), np.eye(3)
    a[0], b[1], c[2], d[0, 0] = x[0], x[1], x[2], x[3]
    return a + b + c + d[0]


@pattern
def scratch_space(x):
    w = [np.zeros(2), np.zeros(2)]
    w[0][1], w[1][0] = x[0], x[1]
    out = np.zeros(6)
    doubled_into(out, x)
    out += x
    np.multiply(out, x, out)
    n, index = x.shape[0], np.zeros(6, np.int64)
    a = np.zeros((n, n)).T
    row = a[1]
    row[0] = x[2]
    index[2] = 3
    return w[0][1] * w[1][0] + out + a[:, 0] + a[index[2]] + with_scratch(x)


@pattern
def buffers_that_change_places(x):
    a, b = np.zeros(6), np.zeros(6)
    for i in range(6):
        a[i] = x[i]
    for _ in range(3):
        for i in range(1, 5):
            b[i] = 0.5 * (a[i - 1] + a[i + 1])
        a, b = b, a
    return a


# Containers, functions, constants. -----------------------------------------------------------------------------------


@pattern
def typed_containers(x):
    numbers, table = List(), Dict()
    for v in x:
        numbers.append(v * v)
    table[1], table[2] = x[0], x[1] * x[1]
    s = numbers[0] + numbers[2] * numbers[1]
    for k in table:
        s += table[k]
    return s


@pattern
def tuples_of_all_kinds(x):
    s = 0.0
    for v in (x[0], x[1], 2.0):
        s += v * v
    t = (1.0, x[2], x[3])
    for i in range(3):
        s += t[i] * i
    p, q = (x[0], (x[1], x)), Pair(x[0], 2.0)
    return s + p[1][0] * p[1][1][2] + q.a * q.b


@pattern
def functions_of_functions(x):
    s = factorial(4, x[0]) + applied(with_scratch, x) + sum([v * v for v in x if v > 0.4])
    for v in squares(x):
        s += v
    return s * GRAVITY + PLACES[1] * x[0] * Colour.RED.value


@pattern
def exceptions(x):
    assert x[0] > 0, "positive"
    try:
        if x[0] > 0.1:
            raise ValueError("large")  # noqa: TRY301 - as programs have it
        y = x[0] * 2
    except Exception:  # noqa: BLE001 - as Numba has it
        y = x[1] * x[1]
    return y


@pattern
def gammas(x):
    return math.gamma(x[0]) * math.lgamma(x[1] + 1) + math.gamma(-x[2])
