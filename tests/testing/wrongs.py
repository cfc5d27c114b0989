"""Derivatives written by hand, each right once and wrong in the ways in which people go wrong."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import dualmc as dm
from dualmc import testing as dt

A = np.array([[1.0, 2.0, -1.0], [0.5, -3.0, 2.0], [4.0, 1.0, 1.5]])
W = np.array([[0.3, -1.2, 2.0], [1.1, 0.4, -0.7]])
ROW = np.array([1.0, -2.0, 0.5])


@dataclass
class Hand:
    """
    A function with its derivative: `check(f, right, x)` passes, and `check(f, wrong, x)` raises for every wrong one.

    `wrong` maps what is wrong to the derivative and to words of the cause. `points` draws a point, `dtypes` are those in which the
    right one passes; wrong ones are seen in double precision.
    """

    name: str
    check: Callable[..., Any]
    f: Callable[..., Any]
    right: Callable[..., Any]
    wrong: dict[str, tuple[Callable[..., Any], str]]
    low: float = -2.0
    high: float = 2.0
    size: Any = 3
    dtypes: tuple[Any, ...] = (np.float64, np.float32)
    examples: int = 60
    about: dict[str, Any] = field(default_factory=dict)

    def point(self, rng, dtype=np.float64):
        x = rng.uniform(self.low, self.high, self.size)
        if np.dtype(dtype).kind == "c":
            x = x + 1j * rng.uniform(-1, 1, self.size)
        return np.asarray(x).astype(dtype)

    def run(self, derivative, x):
        return self.check(self.f, derivative, x, **self.about)


class Stale:
    """A derivative that keeps the result of its first call: stale at any other point."""

    def __init__(self, derivative):
        self.derivative, self.kept = derivative, None

    def __call__(self, x, *args):
        if self.kept is None:
            self.kept = np.tanh(x + 0.25)  # the result at another point
        return self.derivative(self.kept, x, *args)


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_gradient(x, sign=1, inner=slice(None)):
    g = np.zeros_like(x)
    g[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - sign * 2 * (1 - x[:-1])
    g[1:] += (200 * (x[1:] - x[:-1] ** 2))[inner]
    return g


def rosenbrock_hessian(x, cross=-400, last=200):
    h = np.diag(np.append(1200 * x[:-1] ** 2 - 400 * x[1:] + 2, 0.0))
    h[range(1, len(x)), range(1, len(x))] += 200
    h[-1, -1] += last - 200
    h += np.diag(cross * x[:-1], 1) + np.diag(-400 * x[:-1], -1)
    return h


def softmax(x):
    e = np.exp(x - np.max(x.real))
    return e / np.sum(e)


def softmax_jvp(x, v):
    s = softmax(x)
    return s * (v - np.sum(s * v))


def huber(x):
    return np.where(np.abs(x) <= 1, 0.5 * x * x, np.abs(x) - 0.5)


def quadratic(x):
    return x @ (A.astype(x.dtype) @ x)


def affine(b):
    return np.tanh(W.astype(b.dtype) + b)  # b is broadcast over two rows


def residuals(b):
    return b[0] * (1 - np.exp(-b[1] * np.arange(1.0, 6.0))) - 3.0


TIMES = np.arange(1.0, 6.0)


def residuals_jac(b, t=TIMES):
    e = np.exp(-b[1] * t)
    return np.stack([1 - e, b[0] * t * e], axis=1)


def single(g):
    return lambda *xs: np.asarray(g(*(np.asarray(x).astype(np.float32) for x in xs))).astype(float)


def stepped(f, h=1e-6):
    return lambda x, v: (f(x + h * v) - f(x)) / h


def pulled(x, u):
    return u @ A.astype(x.dtype) * np.cos(x)


HANDS = [
    Hand(
        "sine", dt.check_jvp, np.sin, lambda x, v: np.cos(x) * v,
        {
            "sign": (lambda x, v: -np.cos(x) * v, "wrong sign"),
            "factor": (lambda x, v: 2 * np.cos(x) * v, "factor 2"),
            "degrees": (lambda x, v: np.cos(x) * v * np.pi / 180, "factor π/180"),
            "direction forgotten": (lambda x, v: np.cos(x), "missing"),
            "single precision": (single(lambda x, v: np.cos(x) * v), "single precision"),
            "a forward difference": (stepped(np.sin), "precision lost"),
            "a constant": (lambda x, v: np.cos(x) * v + 1e-3, "missing term"),
        },
        dtypes=(np.float64, np.float32, np.complex128, np.complex64),
    ),
    Hand(
        "tanh with its result", dt.check_jvp, np.tanh, lambda x, v: (1 - np.tanh(x) ** 2) * v,
        {
            "stale ans": (Stale(lambda ans, x, v: (1 - ans**2) * v), ""),
            "square forgotten": (lambda x, v: (1 - np.tanh(x)) * v, ""),
        },
        dtypes=(np.float64, np.float32, np.complex128),
    ),
    Hand(
        "softmax", dt.check_jvp, softmax, softmax_jvp,
        {
            "dropped term": (lambda x, v: softmax(x) * v, ""),
            "sum over nothing": (lambda x, v: softmax(x) * (v - softmax(x) * v), ""),
            "one index on": (lambda x, v: np.roll(softmax_jvp(x, v), 1), "index off by one"),
        },
    ),
    Hand(
        "running sum", dt.check_jvp, lambda x: np.cumsum(x * x, axis=0), lambda x, v: np.cumsum(2 * x * v, axis=0),
        {
            "wrong axis": (lambda x, v: np.cumsum(2 * x * v, axis=1), ""),
            "factor": (lambda x, v: np.cumsum(x * v, axis=0), "factor 1/2"),
            "reversed": (lambda x, v: np.cumsum(2 * x * v, axis=0)[::-1], "order reversed along axis 0"),
        },
        size=(3, 4), dtypes=(np.float64, np.float32, np.complex128),
    ),
    Hand(
        "huber", dt.check_jvp, huber, lambda x, v: np.clip(x, -1, 1) * v,
        {
            "wrong branch outside": (lambda x, v: x * v, ""),
            "wrong branch inside": (lambda x, v: np.sign(x) * v, ""),
        },
        size=8,
    ),
    Hand(
        "holomorphic", dt.check_jvp, lambda z: z**3, lambda z, v: 3 * z**2 * v,
        {"conjugated": (lambda z, v: np.conj(3 * z**2 * v), "conjugated"), "power": (lambda z, v: 2 * z**2 * v, "factor")},
        dtypes=(np.complex128, np.complex64),
    ),
    Hand(
        "a model", dt.check_jacobian, residuals, residuals_jac,
        {
            "column sign": (lambda b: residuals_jac(b) * [1, -1], "wrong sign"),
            "inner derivative": (lambda b: residuals_jac(b) / np.stack([np.ones(5), np.arange(1.0, 6.0)], 1), "axis 1"),
            "transposed": (lambda b: residuals_jac(b).T, "transposed"),
            "column of zeros": (lambda b: residuals_jac(b) * [1, 0], "0 where"),
            "last row": (lambda b: residuals_jac(b) * (np.arange(5) < 4)[:, None], "0 where"),
            "times from 0": (lambda b: residuals_jac(b, np.arange(0.0, 5.0)), "off by one"),
            "nan": (lambda b: residuals_jac(b) * [1, np.nan], "nan"),
            "columns swapped": (lambda b: residuals_jac(b)[:, ::-1], "reversed along axis 1"),
        },
        low=0.3, size=2,
    ),
    Hand(
        "a linear map", dt.check_jacobian, lambda x: A.astype(x.dtype) @ x, lambda x: A.astype(x.dtype),
        {
            "transposed": (lambda x: A.T, "transposed"),
            "diagonal only": (lambda x: np.diag(np.diag(A)), "0 where"),
            "a term too many": (lambda x: A + np.diag(x) * (np.arange(3) < 1) * 0 + np.eye(3), "missing term"),
        },
        dtypes=(np.float64, np.float32, np.complex128),
    ),
    Hand(
        "a quadratic form", dt.check_gradient, quadratic, lambda x: (A + A.T).astype(x.dtype) @ x,
        {
            "matrix taken for symmetric": (lambda x: 2 * A @ x, ""),
            "one of two terms": (lambda x: A @ x, ""),
            "half": (lambda x: (A + A.T) @ x / 2, "factor 1/2"),
        },
    ),
    Hand(
        "Rosenbrock", dt.check_gradient, rosenbrock, rosenbrock_gradient,
        {
            "sign of a term": (lambda x: rosenbrock_gradient(x, sign=-1), ""),
            "index": (lambda x: rosenbrock_gradient(x, inner=slice(None, None, -1)), ""),
            "overwritten, not added": (lambda x: np.append(rosenbrock_gradient(x)[:1], 200 * (x[1:] - x[:-1] ** 2)), ""),
        },
        size=4,
    ),
    Hand(
        "a broadcast sum", dt.check_vjp, affine, lambda b, u: np.sum(u * (1 - affine(b) ** 2), axis=0),
        {
            "missing sum": (lambda b, u: u * (1 - affine(b) ** 2), "missing sum"),
            "mean for sum": (lambda b, u: np.mean(u * (1 - affine(b) ** 2), axis=0), "factor 1/2"),
            "first row only": (lambda b, u: (u * (1 - affine(b) ** 2))[0], ""),
        },
    ),
    Hand(
        "a matrix and a sine", dt.check_vjp, lambda x: A.astype(x.dtype) @ np.sin(x), pulled,
        {
            "matrix not transposed": (lambda x, u: A @ u * np.cos(x), ""),
            "scaled on the wrong side": (lambda x, u: (u * np.cos(x)) @ A, ""),
            "sign": (lambda x, u: -pulled(x, u), "wrong sign"),
        },
    ),
    Hand(
        "Rosenbrock's Hessian", dt.check_hessian, rosenbrock, rosenbrock_hessian,
        {
            "not symmetric": (lambda x: rosenbrock_hessian(x, cross=-200), "factor 1/2"),
            "last entry": (lambda x: rosenbrock_hessian(x, last=0), "0 where"),
            "diagonal only": (lambda x: np.diag(np.diag(rosenbrock_hessian(x))), "0 where"),
        },
        size=4, dtypes=(np.float64,), examples=20,
    ),
    Hand(
        "a log-sum", dt.check_hvp, lambda x: np.log(np.sum(np.exp(x))), softmax_jvp,
        {"dropped term": (lambda x, v: softmax(x) * v, ""), "gradient for Hessian": (lambda x, v: softmax(x), "")},
        dtypes=(np.float64,), examples=20,
    ),
    Hand(
        "running sums back", lambda f, back, x: dt.check_transpose(f, back, x), np.cumsum, lambda u: np.cumsum(u[::-1])[::-1],
        {
            "not transposed": (np.cumsum, "transposed"),
            "off by one": (lambda u: np.append(np.cumsum(u[::-1])[::-1][1:], 0.0), ""),
            "wrong sign": (lambda u: -np.cumsum(u[::-1])[::-1], "wrong sign"),
        },
        dtypes=(np.float64, np.float32, np.complex128),
    ),
    Hand(
        "broadcasting back", lambda f, back, x: dt.check_transpose(f, back, x), lambda x: x + np.zeros((4, 1), x.dtype),
        lambda u: u.sum(axis=0), {"missing sum": (lambda u: u, "missing sum"), "wrong axis": (lambda u: u[:3, :3].sum(axis=1), "")},
    ),
    Hand(
        "linearity", lambda f, g, x: dt.check_linear(g, x), None, lambda x: np.flip(x) - 2 * x,
        {"an offset": (lambda x: x + 1, ""), "a square": (lambda x: x + 1e-3 * x * x, ""), "absolute": (lambda x: np.abs(x), "")},
        dtypes=(np.float64, np.float32, np.complex128),
    ),
    Hand(
        "logistic growth", lambda f, d, x: dt.check_ufunc_like(f, d, [(0.5, 4.0), (0.1, 0.9)], dtypes=[x.dtype]),
        lambda r, x: r * x * (1 - x), [lambda r, x: x * (1 - x), lambda r, x: r * (1 - 2 * x)],
        {
            "partials swapped": ([lambda r, x: r * (1 - 2 * x), lambda r, x: x * (1 - x)], ""),
            "dropped term": ([lambda r, x: x * (1 - x), lambda r, x: r * (1 - x)], ""),
            "float32 inside": ([lambda r, x: x * (1 - x), single(lambda r, x: r * (1 - 2 * x))], "single precision"),
        },
        examples=20,
    ),
]  # fmt: skip


def growth(r, x):
    return r * x * (1 - x)


def neighbours(x):
    return np.roll(x, 1, axis=-1) - x


def folded(x):
    return np.abs(x - 1)


EDGE = dt.Edge((1.0,), (0.0,), (0.0,))
RIGHT = {
    "growth": (growth, {"d": [lambda a, r, x: x * (1 - x), lambda a, r, x: r * (1 - 2 * x)],
                        "dd": [dm.ZERO, lambda a, r, x: 1 - 2 * x, lambda a, r, x: -2 * r]}),
    "without dd": (growth, {"d": [lambda a, r, x: a / r, lambda a, r, x: r * (1 - 2 * x)], "on": [dt.Domain("r > 0", 0.5, 2.0)] * 2}),
    "neighbours": (neighbours, {"linear": lambda s: dm.LinearOp(s, s, neighbours, lambda u: np.roll(u, -1, axis=-1) - u)}),
    "folded": (folded, {"d": [lambda a, x: np.sign(x - 1)], "dd": [dm.ZERO], "on": [dt.Domain("x > 1", 1.2, 3.0)], "edges": [EDGE]}),
}  # fmt: skip
WRONG = {
    "first partial": (growth, {"d": [lambda a, r, x: x * (1 - x), lambda a, r, x: r * (1 + 2 * x)]}, ""),
    "second partial": (growth, {**RIGHT["growth"][1], "dd": [dm.ZERO, lambda a, r, x: 1 - 2 * x, lambda a, r, x: 2 * r]}, "wrong sign"),
    "order of second partials": (growth, {**RIGHT["growth"][1], "dd": [lambda a, r, x: 1 - 2 * x, dm.ZERO, lambda a, r, x: -2 * r]}, ""),
    "a constant partial": (growth, {"d": [lambda a, r, x: x * (1 - x), dm.ONE]}, ""),
    "dual of a partial lost": (growth, {"d": [lambda a, r, x: dm.primal(x * (1 - x)), lambda a, r, x: r * (1 - 2 * x)]}, "0 where"),
    "map not transposed": (neighbours, {"linear": lambda s: dm.LinearOp(s, s, neighbours, neighbours)}, "transposed"),
    "map along the wrong axis": (
        neighbours,
        {"linear": lambda s: dm.LinearOp(s, s, lambda x: np.roll(x, 1, axis=0) - x, lambda u: np.roll(u, -1, axis=0) - u)},
        "",
    ),
    "branch at a kink": (folded, {**RIGHT["folded"][1], "d": [lambda a, x: np.where(x >= 1, 1.0, -1.0)]}, "edge"),
    "wrong side of a kink": (folded, {**RIGHT["folded"][1], "d": [lambda a, x: np.sign(x - 2)]}, "wrong sign"),
}  # fmt: skip
