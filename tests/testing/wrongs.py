"""Derivatives written by hand, each right once and wrong in the ways in which people go wrong, for every check that can see them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import dualmc as dm
from dualmc import testing as dt
from dualmc.rules import RULES

REAL = (np.float64, np.float32)
BOTH = (*REAL, np.complex128)
A = np.array([[1.0, 2.0, -1.0], [0.5, -3.0, 2.0], [4.0, 1.0, 1.5]])
W = np.array([[0.3, -1.2, 2.0], [1.1, 0.4, -0.7]])
TIMES = np.arange(1.0, 6.0)


@dataclass(frozen=True)
class Subject:
    """
    A function f of one array with its derivative, right and wrong.

    `jac(x)` is ∂f/∂x; of a function that acts entry by entry it is ∂fᵢ/∂xᵢ, and `each` is set. `potential` is a number whose gradient
    f is, so that `jac` is its Hessian. `wrong` maps what is wrong to such a derivative, and to words of the cause that
    `check_jacobian` suspects; or to functions that single checks take. `size` is where wrong ones are seen, in the first of `dtypes`,
    and `small` where right ones pass, in all of them.
    """

    name: str
    f: Callable[..., Any]
    jac: Callable[..., Any]
    wrong: Mapping[str, tuple[Any, str]]
    each: bool = False
    linear: bool = False
    potential: Callable[..., Any] | None = None
    low: float = -2.0
    high: float = 2.0
    size: Any = 3
    small: Any = 2
    dtypes: tuple[Any, ...] = REAL
    but: tuple[str, ...] = field(default=())

    def __str__(self):
        return self.name

    def point(self, rng, dtype, size):
        x = rng.uniform(self.low, self.high, size)
        if np.dtype(dtype).kind == "c":
            x = x + 0.5j * rng.uniform(-1, 1, size)
        return np.asarray(x).astype(dtype)

    def whole(self, jac):
        """The derivative as an array of shape f(x).shape + x.shape."""
        return (lambda x: np.diag(np.broadcast_to(jac(x), x.shape))) if self.each else jac

    def weighted(self, x):
        """A number whose gradient is as wrong as the derivative."""
        y = self.f(x)
        return np.sum(weights(y) * y)

    def checks(self):
        """The checks that can see a wrong derivative of f."""
        names = ["jvp", "vjp", "jacobian", "gradient"]
        names += ["hessian", "hvp"] if self.potential else []
        names += ["transpose"] if self.linear else []
        names += ["rule"] if self.each or self.linear else []
        names += ["ufunc_like"] if self.each else []
        return [n for n in names if n not in self.but]

    def takes(self, check, dtype):
        """Whether a check is for points of this dtype."""
        return np.dtype(dtype).kind == "f" or check not in {"vjp", "gradient"}


def weights(y):
    return np.cos(1.0 + np.arange(np.size(y))).reshape(np.shape(y))


def times(u, matrix):
    return np.tensordot(u, matrix, np.ndim(u))


def apply(subject, check, derivative, x):
    """Run a check of a subject at x; `derivative` is an array-valued function, or the very function that the check takes."""
    own = derivative[check] if isinstance(derivative, Mapping) else TAKEN[check](subject, subject.whole(derivative), derivative, x)
    return RUN[check](subject, own, x)


TAKEN = {
    "jvp": lambda s, jac, d, x: lambda x, v: np.tensordot(jac(x), v, v.ndim),
    "vjp": lambda s, jac, d, x: lambda x, u: times(u, jac(x)),
    "jacobian": lambda s, jac, d, x: jac,
    "gradient": lambda s, jac, d, x: lambda x: times(weights(s.f(x)), jac(x)),
    "hessian": lambda s, jac, d, x: jac,
    "hvp": lambda s, jac, d, x: lambda x, v: np.tensordot(jac(x), v, v.ndim),
    "transpose": lambda s, jac, d, x: lambda u: times(u, jac(x)),
    "rule": lambda s, jac, d, x: d if s.each else (lambda u: times(u, jac(x))),
    "ufunc_like": lambda s, jac, d, x: d,
}


def run_rule(subject, own, x):
    def called(x):
        return subject.f(x)

    def on_last(f, n):
        """Leading axes are directions."""
        return lambda x: np.stack([f(part) for part in x.reshape(-1, n)]).reshape(x.shape[:-1] + np.shape(f(np.zeros(n))))

    if subject.each:
        made = dm.defrule(called, d=[lambda ans, x: np.copy(own(x)) if type(x) is np.ndarray else own(x)])
    else:
        n = x.size
        there, back = on_last(subject.f, n), on_last(own, n)
        made = dm.defrule(called, linear=lambda s: dm.LinearOp(s, s, there, back))
    try:
        return dt.check_rule(made, x)
    finally:
        RULES.pop(called, None)


def direction(x):
    """One direction for each point."""
    rng = np.random.default_rng(x.size)
    v = rng.uniform(0.5, 1.5, x.shape) * rng.choice([-1, 1], x.shape)
    return (v * (1 + 0.5j) if x.dtype.kind == "c" else v).astype(x.dtype)


RUN = {
    "jvp": lambda s, own, x: dt.check_jvp(s.f, own, x, direction(x)),
    "vjp": lambda s, own, x: dt.check_vjp(s.f, own, x),
    "jacobian": lambda s, own, x: dt.check_jacobian(s.f, own, x),
    "gradient": lambda s, own, x: dt.check_gradient(s.weighted, own, x),
    "hessian": lambda s, own, x: dt.check_hessian(s.potential, own, x),
    "hvp": lambda s, own, x: dt.check_hvp(s.potential, own, x, direction(x)),
    "transpose": lambda s, own, x: dt.check_transpose(s.f, own, x),
    "rule": run_rule,
    "ufunc_like": lambda s, own, x: dt.check_ufunc_like(s.f, [own], [(s.low, s.high)], dtypes=[x.dtype], seed=int(1e6 * abs(x.flat[0]))),
}


class Stale:
    """A partial that keeps the result of its first call: stale at any other point."""

    def __init__(self, partial):
        self.partial, self.kept = partial, None

    def __call__(self, x):
        if self.kept is None:
            self.kept = np.tanh(np.resize(x, np.size(x)) + 0.25)  # the result at another point
        return self.partial(np.resize(self.kept, np.shape(x)))


def single(g):
    return lambda x: np.asarray(g(np.asarray(x).astype(np.float32))).astype(float)


def stepped(f, h=1e-6):
    return lambda x: (f(x + h) - f(x)) / h


def huber(x):
    return np.where(np.abs(x) <= 1, 0.5 * x * x, np.abs(x) - 0.5)


def matrix(x):
    return A[: x.size, : x.size].astype(x.dtype)


def softmax(x):
    e = np.exp(x - np.max(x.real))
    return e / np.sum(e)


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_gradient(x, sign=1, inner=slice(None)):
    g = np.zeros_like(x)
    g[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - sign * 2 * (1 - x[:-1])
    g[1:] += (200 * (x[1:] - x[:-1] ** 2))[inner]
    return g


def rosenbrock_hessian(x, cross=-400, last=200):
    h = np.diag(np.append(1200 * x[:-1] ** 2 - 400 * x[1:] + 2, np.zeros(1, x.dtype)))
    h[range(1, len(x)), range(1, len(x))] += 200
    h[-1, -1] += last - 200
    h += np.diag(cross * x[:-1], 1) + np.diag(-400 * x[:-1], -1)
    return h


def running(x, later=True):
    """∂ cumsum(x², axis=0): entry [i, j, k, l] is 2·x[k, l] for k ≤ i and j = l; `later` turns the order."""
    m, n = x.shape
    order = np.tri(m) if later else np.tri(m).T
    return 2 * np.einsum("ik,jl,kl->ijkl", order, np.eye(n), x)


def residuals(b):
    return b[0] * (1 - np.exp(-b[1] * TIMES)) - 3.0


def residuals_jac(b, t=TIMES):
    e = np.exp(-b[1] * t)
    return np.stack([1 - e, b[0] * t * e], axis=1)


def affine(b):
    return np.tanh(W[:, : b.size].astype(b.dtype) + b)  # b is broadcast over two rows


def affine_jac(b):
    return (1 - affine(b) ** 2)[:, :, None] * np.eye(b.size)


def rows(x):
    return x + np.zeros((4, 1), x.dtype)


SUBJECTS = [
    Subject(
        "sine", np.sin, np.cos,
        {
            "sign": (lambda x: -np.cos(x), "wrong sign"),
            "factor": (lambda x: 2 * np.cos(x), "factor 2"),
            "degrees": (lambda x: np.cos(x) * np.pi / 180, "factor π/180"),
            "single precision": (single(np.cos), "single precision"),
            "a forward difference": (stepped(np.sin), "precision lost"),
            "a constant": (lambda x: np.cos(x) + 1e-3, "missing term"),
            "a shifted argument": (lambda x: np.cos(x + 1e-3), ""),
            "direction forgotten": ({"jvp": lambda x, v: np.cos(x)}, ""),
        },
        each=True, potential=lambda x: -np.sum(np.cos(x)), dtypes=(*BOTH, np.complex64),
    ),
    Subject(
        "tanh", np.tanh, lambda x: 1 - np.tanh(x) ** 2,
        {
            "stale ans": (Stale(lambda ans: 1 - ans**2), ""),
            "square forgotten": (lambda x: 1 - np.tanh(x), ""),
            "term forgotten": (lambda x: -np.tanh(x) ** 2, "missing term: 1 in"),
        },
        each=True, potential=lambda x: np.sum(np.log(np.cosh(x))), low=-1.4, high=1.4, dtypes=BOTH,
    ),
    Subject(
        "decay", lambda x: x * np.exp(-x), lambda x: (1 - x) * np.exp(-x),
        {"product rule": (lambda x: np.exp(-x), ""), "chain rule": (lambda x: (1 + x) * np.exp(-x), "")},
        each=True, potential=lambda x: -np.sum((x + 1) * np.exp(-x)), dtypes=BOTH,
    ),
    Subject(
        "log10", np.log10, lambda x: 1 / (x * np.log(x.dtype.type(10))) if type(x) is np.ndarray else 1 / (x * np.log(10.0)),
        {"another logarithm": (lambda x: 1 / x, "factor ln 10")},
        each=True, potential=lambda x: np.sum(x * np.log10(x) - x * np.log10(np.e)), low=0.3, high=3.0,
    ),
    Subject(
        "clip", lambda x: np.clip(x, -1, 1), lambda x: np.where(np.abs(x) <= 1, 1.0, 0.0),
        {"wrong branch outside": (np.ones_like, ""), "one side of two": (lambda x: np.where(x <= 1, 1.0, 0.0), "")},
        each=True, potential=lambda x: np.sum(huber(x)), size=8, low=-2.1, high=1.9,
    ),
    Subject(
        "huber", huber, lambda x: np.clip(x, -1, 1),
        {"wrong branch outside": (lambda x: x, ""), "wrong branch inside": (np.sign, "")},
        each=True, size=8,
    ),
    Subject(
        "holomorphic", lambda z: z**3, lambda z: 3 * z**2,
        {"conjugated": (lambda z: np.conj(3 * z**2), "conjugated"), "exponent": (lambda z: 2 * z**2, "factor")},
        each=True, potential=lambda z: np.sum(z**4) / 4, dtypes=(np.complex128, np.complex64),
    ),
    Subject(
        "a turning phase", lambda x: np.exp(1j * x), lambda x: np.diag(1j * np.exp(1j * x)),
        {"conjugated": (lambda x: np.diag(-1j * np.exp(-1j * x)), ""), "imaginary unit": (lambda x: np.diag(np.exp(1j * x)), "")},
    ),
    Subject(
        "a linear map", lambda x: matrix(x) @ x, matrix,
        {
            "transposed": (lambda x: A.T, "transposed"),
            "diagonal only": (lambda x: np.diag(np.diag(A)), "0 where"),
            "a term too many": (lambda x: A + np.eye(3), "missing term"),
            "rows turned": (lambda x: A[::-1], "order reversed along axis 0"),
            "one row on": (lambda x: np.roll(A, 1, axis=0), "off by one along axis 0"),
            "one column on": (lambda x: np.roll(A, 1, axis=1), "off by one along axis 1"),
        },
        linear=True, dtypes=BOTH,
    ),
    Subject(
        "a matrix and a sine", lambda x: matrix(x) @ np.sin(x), lambda x: matrix(x) * np.cos(x),
        {
            "matrix transposed": (lambda x: A.T * np.cos(x), ""),
            "scaled on the wrong side": (lambda x: np.cos(x)[:, None] * A, ""),
            "sign": (lambda x: -A * np.cos(x), "wrong sign"),
        },
        dtypes=BOTH,
    ),
    Subject(
        "a model", residuals, residuals_jac,
        {
            "column sign": (lambda b: residuals_jac(b) * [1, -1], "wrong sign"),
            "inner derivative": (lambda b: residuals_jac(b) / np.stack([np.ones(5), TIMES], 1), "axis 1"),
            "transposed": ({"jacobian": lambda b: residuals_jac(b).T}, "transposed"),
            "column of zeros": (lambda b: residuals_jac(b) * [1, 0], "0 where"),
            "last row": (lambda b: residuals_jac(b) * (np.arange(5) < 4)[:, None], "0 where"),
            "times from 0": (lambda b: residuals_jac(b, np.arange(0.0, 5.0)), "off by one"),
            "nan": (lambda b: residuals_jac(b) * [1, np.nan], "nan"),
            "columns swapped": (lambda b: residuals_jac(b)[:, ::-1], "reversed along axis 1"),
        },
        low=0.3, size=2,
    ),
    Subject(
        "a quadratic form", lambda x: (matrix(x) + matrix(x).T) @ x, lambda x: matrix(x) + matrix(x).T,
        {
            "matrix taken for symmetric": (lambda x: 2 * A, ""),
            "one of two terms": (lambda x: A, ""),
            "half": (lambda x: (A + A.T) / 2, "factor 1/2"),
        },
        linear=True, potential=lambda x: x @ (matrix(x) @ x), dtypes=BOTH,
    ),
    Subject(
        "softmax", softmax, lambda x: np.diag(softmax(x)) - np.outer(softmax(x), softmax(x)),
        {
            "dropped term": (lambda x: np.diag(softmax(x)), ""),
            "sum over nothing": (lambda x: np.diag(softmax(x) - softmax(x) ** 2), "0 where"),
            "one index on": (lambda x: np.roll(np.diag(softmax(x)) - np.outer(softmax(x), softmax(x)), 1, axis=0), "off by one"),
        },
        potential=lambda x: np.log(np.sum(np.exp(x))),
    ),
    Subject(
        "Rosenbrock's gradient", rosenbrock_gradient, rosenbrock_hessian,
        {
            "not symmetric": (lambda x: rosenbrock_hessian(x, cross=-200), "factor 1/2"),
            "last entry": (lambda x: rosenbrock_hessian(x, last=0), "0 where"),
            "diagonal only": (lambda x: np.diag(np.diag(rosenbrock_hessian(x))), "0 where"),
        },
        potential=rosenbrock, size=4,
    ),
    Subject(
        "Rosenbrock", rosenbrock, rosenbrock_gradient,
        {
            "sign of a term": (lambda x: rosenbrock_gradient(x, sign=-1), ""),
            "index": (lambda x: rosenbrock_gradient(x, inner=slice(None, None, -1)), ""),
            "overwritten, not added": (lambda x: np.append(rosenbrock_gradient(x)[:1], 200 * (x[1:] - x[:-1] ** 2)), ""),
        },
        size=4,
    ),
    Subject(
        "running sum", lambda x: np.cumsum(x * x, axis=0), running,
        {
            "wrong axis": (lambda x: running(x.T).transpose(1, 0, 3, 2), ""),
            "factor": (lambda x: running(x) / 2, "factor 1/2"),
            "reversed": (lambda x: running(x, later=False), ""),
        },
        size=(3, 4), small=(2, 1), dtypes=BOTH,
    ),
    Subject(
        "a broadcast sum", affine, affine_jac,
        {
            "missing sum": (
                {"vjp": lambda b, u: u * (1 - affine(b) ** 2), "gradient": lambda b: weights(W) * (1 - affine(b) ** 2)},
                "missing sum",
            ),
            "mean for sum": (lambda b: affine_jac(b) / 2, "factor 1/2"),
            "first row only": (lambda b: affine_jac(b) * [[[1.0]], [[0.0]]], "0 where"),
        },
    ),
    Subject(
        "rows", rows, lambda x: np.broadcast_to(np.eye(x.size, dtype=x.dtype), (4, x.size, x.size)),
        {
            "missing sum": ({"transpose": lambda u: u, "vjp": lambda x, u: u}, "missing sum"),
            "wrong axis": ({"transpose": lambda u: u[:3, :3].sum(axis=1), "vjp": lambda x, u: u[:3, :3].sum(axis=1)}, ""),
        },
        linear=True, dtypes=BOTH, but=("rule",),
    ),
    Subject(
        "running sums back", np.cumsum, lambda x: np.tri(x.size, dtype=x.dtype),
        {
            "not transposed": (lambda x: np.tri(x.size).T, "transposed"),
            "off by one": (lambda x: np.tri(x.size, k=-1), ""),
            "wrong sign": (lambda x: -np.tri(x.size), "wrong sign"),
        },
        linear=True, dtypes=BOTH,
    ),
]  # fmt: skip

# Linear functions, and what only look like them.
LINEAR = {"turned and scaled": lambda x: np.flip(x) - 2 * x, "running sum": np.cumsum, "matrix": lambda x: matrix(x) @ x}
NOT_LINEAR = {
    "an offset": lambda x: x + 1,
    "a small square": lambda x: x + 1e-3 * x * x,
    "absolute": np.abs,
    "a branch": lambda x: np.where(x.real > 0, x, 2 * x),
    "a limit": lambda x: np.clip(x, -1, 1),
    "rounded": lambda x: x.astype(np.float16).astype(x.dtype),
}


def growth(r, x):
    return r * x * (1 - x)


def neighbours(x):
    return np.roll(x, 1, axis=-1) - x


def folded(x):
    return np.abs(x - 1)


GROWTH = [lambda r, x: x * (1 - x), lambda r, x: r * (1 - 2 * x)]
NOT_GROWTH = {
    "partials swapped": (GROWTH[::-1], ""),
    "dropped term": ([GROWTH[0], lambda r, x: r * (1 - x)], ""),
    "float32 inside": ([GROWTH[0], lambda r, x: GROWTH[1](r.astype(np.float32), x.astype(np.float32)).astype(float)], "single precision"),
}
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
