"""Programs for Numba as their authors would write them: functions of six numbers between 0.1 and 0.9, of one feature or a few."""

import collections
import math

import numba
import numpy as np

PROGRAMS = {}
"""By name: the function, and whether its second derivatives are tested, too."""


def program(f):
    PROGRAMS[f.__name__] = f, True
    return f


def first_order(f):
    """A program whose second derivatives are those of others, or zero."""
    PROGRAMS[f.__name__] = f, False
    return f


@numba.njit
def root(a, b):
    return np.sqrt(a * a + b)


@numba.njit
def power(x, n):
    return x * 0 + 1.0 if n == 0 else x * power(x, n - 1)


@numba.njit
def squares_into(x, out):
    for i in range(x.size):
        out[i] = x[i] * x[i]


Pair = collections.namedtuple("Pair", ["a", "b"])  # noqa: PYI024 - as programs have it

# Loops, branches, calls. ---------------------------------------------------------------------------------------------


@program
def loop_with_branches(x):
    s = 0.0
    for i in range(len(x)):
        if x[i] > 0.5:
            s += math.sin(x[i])
        else:
            s -= np.exp(x[i]) * 2
    return s


@program
def in_place_operators_of_numbers(x):
    s = 0
    for v in x:
        s = s + v
    s -= x[0] * x[1]
    s *= x[0]
    s /= x[1]
    s **= 2
    return s


@program
def while_loop(x):
    z, k = x[0], 0
    while abs(z) < 10.0 and k < 100:
        z = z * 1.5 + x[1] * x[1]
        k += 1
    return z


@program
def calls_with_constants_and_numbers(x):
    return root(x[0], 1.0) + root(x[1], x[2]) + root(2.0, x[1]) + power(x[0], 4)


@program
def closure(x):
    def h(a):
        return a * a * x[1]

    return h(x[0]) + h(2.0)


@first_order
def choices(x):
    r = x[0] if x[1] > 0 else 0.0
    s = x[1] if x[2] else 1.0
    y = None
    if x[0] > -1:
        y = x[0] * 2
    t = x[2] if y is None else y
    return r + s + t + x[3] * (x[1] > 0.5) + x[4] * np.any(x > 0.5)


@program
def powers(x):
    s = 0.0
    for k in range(5):
        s += x[k] ** k
    return s + x[0] ** 3 + x[1] ** 2.5 + x[0] ** x[1] + 2.0 ** x[0] + x[2] ** -2


@first_order
def division_with_remainder(x):
    q, r = divmod(x[0] * 7, x[1])
    return q + r + (x[2] * 9) % 2.0 + x[3] // 0.1 + math.floor(x[0] * 10) + np.floor(x[1] * 5) * x[2] + round(x[1] * 3)


@first_order
def largest_of_some(x):
    m = x[0]
    for i in range(1, x.size):
        m = min(m, x[i])
    return max(x[0], 0.3) * min(x[1], x[2], 0.9) + m


@first_order
def tests_of_numbers(x):
    return x[0] if not np.isnan(x[1]) and not math.isinf(x[1]) and np.isfinite(x[2]) else x[2]


# Functions of math and NumPy. ----------------------------------------------------------------------------------------


@program
def functions_of_math(x):
    s = math.sin(x[0]) + math.cos(x[1]) * math.tan(x[2]) + math.exp(x[3]) + math.log(x[4]) + math.sqrt(x[5])
    s += math.asin(x[0]) + math.acos(x[1]) + math.atan(x[2]) + math.atan2(x[3], x[4]) + math.hypot(x[0], x[5])
    s += math.sinh(x[0]) + math.cosh(x[1]) + math.tanh(x[2]) + math.asinh(x[3]) + math.acosh(1 + x[4]) + math.atanh(x[5])
    s += math.expm1(x[0]) + math.log1p(x[1]) + math.log2(x[2]) + math.log10(x[3]) + math.pow(x[0], 2.2) + math.erf(x[4])
    return s + math.fabs(-x[5]) + math.copysign(x[2], -1.0) + math.degrees(x[0]) * math.radians(x[1]) + math.erfc(x[3])


@program
def functions_of_numpy(x):
    s = np.sin(x[0]) + np.cos(x[1]) * np.tan(x[2]) + np.exp(x[3]) + np.log(x[4]) + np.sqrt(x[5])
    s += np.arcsin(x[0]) + np.arccos(x[1]) + np.arctan(x[2]) + np.arctan2(x[3], x[4]) + np.hypot(x[0], x[5])
    s += np.sinh(x[0]) + np.cosh(x[1]) + np.tanh(x[2]) + np.arcsinh(x[3]) + np.arccosh(1 + x[4]) + np.arctanh(x[5])
    s += np.expm1(x[0]) + np.log1p(x[1]) + np.log2(x[2]) + np.log10(x[3]) + np.exp2(x[0]) + np.cbrt(x[4])
    s += np.logaddexp(x[0], x[1]) + np.logaddexp2(x[2], x[3]) + np.square(x[4]) + np.reciprocal(x[5]) + np.sign(x[0])
    return s + np.deg2rad(x[0]) * np.rad2deg(x[1]) + np.abs(-x[2]) + np.fabs(x[3]) + np.maximum(x[0], 0.5) * np.minimum(x[1], x[2])


# Arrays. -------------------------------------------------------------------------------------------------------------


@first_order
def slices_and_copies(x):
    y, z, w = x[1:4], x[::2], x.copy()
    w[0], w[1] = 2.0, 3
    w[2], w[3] = w[3], w[2]
    return y[0] * z[1] + w[0] * w[1] * w[2] + x.reshape(2, 3)[1, 2] * x[0] + x.reshape(2, 3).T.ravel()[1]


@first_order
def made_like(x):
    a, b, c, d = np.zeros_like(x), np.empty_like(x), np.ones_like(x), np.full_like(x, 1.5)
    b[:] = 0.0
    b.fill(x[0])
    for i in range(x.size):
        a[i] += 3 * x[i]
    d[1] = x[1]
    return a + b + c * x + d


@first_order
def made_with_a_dtype(x):
    a, b = np.zeros(6, dtype=x.dtype), np.ones((2, 3), x.dtype)
    a[0] = x[0] * x[1]
    b[1, 2] = x[2]
    return a + b.ravel()


@first_order
def made_without_a_dtype(x):
    a, b, c, d, e = np.zeros(6), np.empty((2, 3)), np.full(6, 0.5), np.ones(6, dtype=np.float64), np.zeros(6, np.float64)
    b[:] = 0.0
    a[0] = x[0] * x[1]
    b[0, 1] = x[2]
    c[2] = x[3]
    d[3] += x[4]
    e[4] -= x[5]
    return a + b.ravel() + c + d + e


@first_order
def made_of_numbers(x):
    a, b = np.array([x[0], x[1] * x[2], 1.0]), np.array([[x[0], x[1]], [x[2], 1.0]])
    c = np.array((x[3], 2.0, x[4]))
    d = np.array([v * v for v in x])
    return np.concatenate((a, b.ravel(), c, d))


@first_order
def an_argument_to_write_to(x):
    out = np.empty_like(x)
    squares_into(x, out)
    np.sin(out, out)
    np.add(out, x, out)
    return out


@program
def array_expressions(x):
    return (x * 2.0 + x**2 - 1.0 / x) / (x + 1) - np.sin(x) * np.exp(-x * x / 2.0) + np.arctan2(x, x[0]) - (-x)


@program
def differences_of_slices(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


@program
def broadcasting(x):
    a = x.reshape(2, 3)
    return a * x[:3] + x[0] * x[:, None][:2] + np.expand_dims(x, 1)[:2] * x[None, :3]


@first_order
def arrays_in_place(x):
    y, z = x.copy(), x.copy()
    y *= 2.0
    y += x
    y -= 1
    y /= x
    z[1:] *= x[0]
    z[:2] += x[2:4]
    z **= 2
    return y + z


@first_order
def masks_and_indices(x):
    y = x.copy()
    y[y > 0.5] = 0.0
    chosen = np.where(x > 0.5, x, x * x) + np.where(x > 0.5, 0.0, x)
    return np.sum(x[x > 0.5] ** 2) + x[np.array([0, 2, 2])].sum() + y.sum() + chosen.sum() + np.clip(x, 0.2, 0.6).sum()


@first_order
def orders(x):
    return np.sort(x) + x[np.argsort(x)] * x[np.argmax(x)] + np.roll(x, 1) + np.median(x)


@program
def reductions(x):
    a = x * x
    return np.sum(a) + a.mean() + np.prod(x) + a.prod() + np.std(x) + x.var() + np.max(x) * np.min(a) + x.max() * a.min()


@first_order
def reductions_along_an_axis(x):
    a = x.reshape(2, 3)
    return np.sum(a, axis=0) + a.sum(axis=0) + np.sum(a, axis=1)[0] + a.T.reshape(3, 1, 2).sum(axis=-1)[:, 0]


@first_order
def running(x):
    return np.cumsum(x) + x.cumprod() + np.concatenate((np.diff(x), x[:1]))


# Products and systems. -----------------------------------------------------------------------------------------------


@program
def products(x):
    a, b = x.reshape(2, 3), np.arange(6.0)
    s = np.dot(x, x) + x @ b + np.dot(b, x)
    return (a @ a.T) * s + np.ones((2, 3)) @ a.T + (a @ x[:3])[0] + (x[:2] @ a)[1] + np.outer(x[:2], x[2:4])


@program
def systems(x):
    a, b = x[:4].reshape(2, 2) + np.eye(2) * 2.0, np.array([[1.0, 3.0], [2.0, 1.0]])
    return np.linalg.solve(a, x[:2]) + np.linalg.solve(b, x[2:4]) + np.linalg.solve(a, b)[0] + np.linalg.inv(a)[1]


@program
def lengths_and_determinants(x):
    a = x[:4].reshape(2, 2) + np.eye(2)
    return np.linalg.det(a) + np.linalg.norm(x) + np.linalg.norm(a) + np.trace(a) + np.cross(x[:3], x[3:]).sum()


# Containers and iterators. -------------------------------------------------------------------------------------------


@first_order
def lists(x):
    a, b, c = [x[0], x[1]], [0.0, x[1]], []
    a.append(x[2] * x[2])
    for v in x:
        c.append(v * v)
    return a[2] * a[0] + b[1] + b[0] + c[2] * c[0] + sum([v * v for v in x])


@first_order
def tuples(x):
    a, b = x[0], 1.0
    for _ in range(3):
        a, b = b * x[1], a
    n = Pair(x[0], x[1] * 2)
    return a + b + n.a * n.b


@first_order
def dictionaries(x):
    d = {0: x[0], 1: x[1]}
    d[2] = x[2] * x[0]
    return d[2] + d[1]


@first_order
def iterators(x):
    s = 0.0
    a = x.reshape(2, 3)
    for i, (p, q) in enumerate(zip(x[1:], x[:-1])):  # noqa: B905 - as Numba has it
        s += i * p * q
    for (i, j), v in np.ndenumerate(a):
        s += (i + 2 * j) * v * v
    for v in a.flat:
        s += v
    for i in np.ndindex(a.shape):
        s += a[i]
    return s


@first_order
def several_results(x):
    return Pair(x[0] * x[1], x), (x.sum(), x[1:])
