"""What is measured: functions in plain NumPy, their derivatives by hand, and the limits that dualmc has set itself."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from . import namespaces

RNG = np.random.default_rng(0)


@dataclass(frozen=True)
class Problem:
    """
    A function and one way of differentiating it.

    `f(np)` is the function written with the names of np, so that peers with a namespace of their own can run it. A "push" is
    value and tangents of an array that is ready made, a "jvp" the same with all that a transform does on entry. `hand` is
    the derivative by hand: value and tangents, the gradient or Jacobian alone, or value, gradient and Hessian.

    `least` is work that no method of this kind is spared, to see whether a limit can be kept at all.

    `forms` has the function as it is best written for one library, made by the library itself; `scalar_f` is the function of a
    list of numbers that have methods for exp, cos and the like; `skip` says why a peer is not asked.
    """

    name: str
    claim: str
    task: Literal["push", "jvp", "gradient", "jacobian", "hessian"]
    f: Callable[[Any], Callable[[Any], Any]]
    x: Any
    v: Any = None
    hand: Callable[..., Any] | None = None
    limit: float | None = None
    least: Callable[..., Any] | None = None
    forms: dict[str, Callable[[Any], Callable[[Any], Any]]] = field(default_factory=dict)
    scalar_f: Callable[[Any], Any] | None = None
    skip: dict[str, str] = field(default_factory=dict)

    def written_for(self, peer: str, library: Any, names: Any) -> Callable[[Any], Any]:
        """Return the function in the form for a peer, which gives itself and its names for NumPy's."""
        return self.forms[peer](library) if peer in self.forms else self.f(names)


def array(n, k=0, low=0.5, high=2.0):
    return {"x": RNG.uniform(low, high, n), "v": RNG.normal(size=(k, n) if k else n)}


# Element-wise. -----------------------------------------------------------------------------------------------


def chain(np):
    return lambda x: np.exp(-(x**2) / 2) * np.sin(3 * x) + np.log1p(x**2) / (1 + x**2)


def chain_by_hand(x, v):
    z = x * x
    e, s, c, a = np.exp(-z / 2), np.sin(3 * x), np.cos(3 * x), 1 + z
    r = np.log1p(z) / a
    return e * s + r, (e * (3 * c - x * s) + 2 * x * (1 / a - r) / a) * v


def chain_passes(x, v):
    """What operations one by one read and write of the tangents of the chain, without values and partials."""
    once, sum_of = np.negative, np.add
    product = sum_of(once(once(once(once(v)))), once(once(v)))
    return sum_of(product, sum_of(once(once(v)), once(once(v))))


OPERATORS = {"multiply": lambda np: lambda x: x * x, "divide": lambda np: lambda x: x / (x + 1)}


def single(name, by_hand):
    """One operator, or one function of NumPy."""
    return OPERATORS.get(name, lambda np: getattr(np, name)), by_hand


class Bare:
    """The derivative by hand behind NumPy's protocol, and nothing else: what no array class is spared."""

    __slots__ = ("by_hand", "v", "x")

    def __init__(self, by_hand, x, v):
        self.by_hand, self.x, self.v = by_hand, x, v

    def __array_ufunc__(self, ufunc, method, *inputs):
        return Bare(self.by_hand, *self.by_hand(self.x, self.v))


def behind_protocol(name, by_hand):
    """Return a call of a function of NumPy with such an array, which is ready made."""
    f, ready = getattr(np, name), {}

    def call(x, v):
        if not ready:
            ready[name] = Bare(by_hand, x, v)
        return f(ready[name])

    return call


FEWEST = ("exp", "log")
"""Functions whose tangent by hand takes one operation more than the value, so that behind the protocol it is the least that there is."""

SINGLE = {
    "multiply": (lambda x, v: (x * x, 2 * x * v), {(10, 0): 5.0, (1000, 0): None, (1000, 8): 7.0, (100_000, 0): None}),
    "divide": (lambda x, v: (x / (x + 1), v / (x + 1) ** 2), {(10, 0): None, (1000, 0): None, (100_000, 0): None}),
    "sin": (lambda x, v: (np.sin(x), np.cos(x) * v), dict.fromkeys([(1000, 0), (100_000, 0), (1_000_000, 0)], 0.5)),
    "cos": (lambda x, v: (np.cos(x), -np.sin(x) * v), dict.fromkeys([(1000, 0), (100_000, 0), (1_000_000, 0)], 0.5)),
    "exp": (lambda x, v: ((e := np.exp(x)), e * v), dict.fromkeys([(1000, 0), (100_000, 0), (1_000_000, 0)], 2.2)),
    "log": (lambda x, v: (np.log(x), v / x), dict.fromkeys([(1000, 0), (100_000, 0), (1_000_000, 0)], 2.2)),
    "tanh": (lambda x, v: ((t := np.tanh(x)), (1 - t * t) * v), dict.fromkeys([(1000, 0), (100_000, 0), (1_000_000, 0)], 2.2)),
    "sqrt": (lambda x, v: ((s := np.sqrt(x)), v / (2 * s)), {(1000, 0): None, (100_000, 0): None}),
}


# Reductions. -------------------------------------------------------------------------------------------------

REDUCTIONS = {
    "sum": (lambda np: np.sum, lambda x, v: (np.sum(x), np.sum(v, axis=-1)), {0: 1.9, 8: 8.5}),
    "var": (lambda np: np.var, lambda x, v: (np.var(x), 2 * np.mean((x - np.mean(x)) * v)), {0: 2.0}),
    "norm": (lambda np: np.linalg.norm, lambda x, v: ((r := np.linalg.norm(x)), x @ v / r), {0: 4.0}),
    "cumsum": (lambda np: np.cumsum, lambda x, v: (np.cumsum(x), np.cumsum(v)), {0: 2.0}),
    "prod": (lambda np: np.prod, lambda x, v: ((p := np.prod(x)), p * np.sum(v / x)), {0: 2.0}),
    "max": (lambda np: np.max, lambda x, v: (x[i := np.argmax(x)], v[i]), {0: 2.2}),
}


# Scalar functions and systems. -------------------------------------------------------------------------------


def rosenbrock(np):
    return lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_by_hand(x):
    a, b, g = x[1:] - x[:-1] ** 2, 1 - x[:-1], np.zeros_like(x)
    g[:-1] = -400 * a * x[:-1] - 2 * b
    g[1:] += 200 * a
    return g


def rosenbrock_of_numbers(x):
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in pairwise(x))


def rosenbrock_hessian_by_hand(x):
    i, h = np.arange(len(x) - 1), np.zeros((len(x), len(x)))
    h[i, i] = 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
    h[i + 1, i + 1] += 200
    h[i, i + 1] = h[i + 1, i] = -400 * x[:-1]
    return rosenbrock(np)(x), rosenbrock_by_hand(x), h


def ackley(np):
    return lambda x: -20 * np.exp(-0.2 * np.sqrt(np.mean(x**2))) - np.exp(np.mean(np.cos(2 * np.pi * x))) + 20 + np.e


def ackley_by_hand(x):
    n, r = len(x), np.sqrt(np.mean(x**2))
    return (4 * np.exp(-0.2 * r) * x / r + 2 * np.pi * np.exp(np.mean(np.cos(2 * np.pi * x))) * np.sin(2 * np.pi * x)) / n


def ackley_of_numbers(x):
    n = len(x)
    return 20 + np.e - 20 * (-0.2 * (sum(a * a for a in x) / n).sqrt()).exp() - (sum((2 * np.pi * a).cos() for a in x) / n).exp()


def ackley_hessian_by_hand(x):
    n, r, s, c = len(x), np.sqrt(np.mean(x**2)), np.sin(2 * np.pi * x), np.cos(2 * np.pi * x)
    a, b = 4 * np.exp(-0.2 * r) / (n * r), 2 * np.pi * np.exp(np.mean(c)) / n
    h = -a * (0.2 + 1 / r) / (n * r) * np.outer(x, x) - 2 * np.pi * b / n * np.outer(s, s)
    h[np.arange(n), np.arange(n)] += a + 2 * np.pi * b * c
    return ackley(np)(x), a * x + b * s, h


W = [RNG.normal(size=s) / 4 for s in ((32, 16), (32, 32), (8, 32))]


def network(np):
    return lambda x: W[2] @ np.tanh(W[1] @ np.tanh(W[0] @ x))


def network_by_hand(x):
    a = np.tanh(W[0] @ x)
    b = np.tanh(W[1] @ a)
    return W[2] @ ((1 - b * b)[:, None] * W[1]) @ ((1 - a * a)[:, None] * W[0])


BATCH, TARGET = RNG.normal(size=(256, 20)), RNG.normal(size=256)


def neuron_loss(np):
    """The mean square error of max(0, w·x + b) over a batch; Parr & Howard, section 6."""
    return lambda p: np.mean((TARGET - np.maximum(0.0, BATCH @ p[:-1] + p[-1])) ** 2)


def neuron_loss_by_hand(p):
    z = BATCH @ p[:-1] + p[-1]
    e = -2 * (TARGET - np.maximum(0.0, z)) * (z > 0) / len(z)
    return np.append(e @ BATCH, np.sum(e))


def brusselator(np):
    """The reaction and diffusion of two substances on a ring."""

    def rate(s):
        u, v = s[0, :], s[1, :]
        spread = 50.0 * (np.roll(s, 1, 1) + np.roll(s, -1, 1) - 2 * s)
        return np.stack([1 + u * u * v - 4.4 * u, 3.4 * u - u * u * v]) + spread

    return rate


def brusselator_by_hand(s, t):
    u, v, du, dv = *s, *t
    d = 2 * u * v * du + u * u * dv
    spread = 50.0 * (np.roll(t, 1, 1) + np.roll(t, -1, 1) - 2 * t)
    return brusselator(np)(s), np.stack([d - 4.4 * du, 3.4 * du - d]) + spread


def brusselator_jacobian_by_hand(s):
    u, v = s
    n, i, j = len(u), np.arange(len(u)), np.zeros((2, len(u), 2, len(u)))
    j[0, i, 0, i], j[0, i, 1, i] = 2 * u * v - 4.4, u * u
    j[1, i, 0, i], j[1, i, 1, i] = 3.4 - 2 * u * v, -u * u
    for k in (0, 1):
        j[k, i, k, i] -= 100
        j[k, i, k, i - 1] += 50
        j[k, i, k, (i + 1) % n] += 50
    return j


STEPS = 100


def lorenz(np):
    """Runge-Kutta steps of Lorenz-96."""
    return stepped(lorenz_rate(np))


def lorenz_rate(np):
    return lambda x: (np.roll(x, -1) - np.roll(x, 2)) * np.roll(x, 1) - x + 8.0


def stepped(rate):
    def run(x):
        for _ in range(STEPS):
            x = runge_kutta(rate, x)
        return x

    return run


def runge_kutta(rate, x, h=0.01):
    a = rate(x)
    b = rate(x + h / 2 * a)
    c = rate(x + h / 2 * b)
    return x + h / 6 * (a + 2 * b + 2 * c + rate(x + h * c))


def lorenz_of_jax(jax):
    """A loop that is compiled as such: unrolled, its 400 stages take minutes."""
    rate = lorenz_rate(jax.numpy)
    return lambda x: jax.lax.fori_loop(0, STEPS, lambda _, x: runge_kutta(rate, x), x)


def lorenz_of_casadi(ca):
    """A function for one step, called again and again."""
    rate = lorenz_rate(namespaces.casadi(ca))

    def run(x):
        state = ca.MX.sym("state", *x.shape)
        return ca.Function("step", [state], [runge_kutta(rate, state)]).fold(STEPS)(x)

    return run


def lorenz_by_hand(x, v):
    def rate(s):
        x, v = s
        a, b = np.roll(x, -1) - np.roll(x, 2), np.roll(x, 1)
        return np.stack([a * b - x + 8.0, (np.roll(v, -1) - np.roll(v, 2)) * b + a * np.roll(v, 1) - v])

    return tuple(stepped(rate)(np.stack([x, v])))


def latency(np):
    return lambda x: x[0] * np.sin(x[1]) + np.exp(x[2])


def latency_of_numbers(x):
    return x[0] * x[1].sin() + x[2].exp()


def latency_by_hand(x):
    return np.array([np.sin(x[1]), x[0] * np.cos(x[1]), np.exp(x[2])])


# Linear algebra. ---------------------------------------------------------------------------------------------


def square(n):
    return RNG.normal(size=(n, n)) + n * np.eye(n)


def symmetric(n):
    a = RNG.normal(size=(n, n))
    return (a + a.T) / 2 + np.diag(np.arange(n, 2.0 * n))


B = RNG.normal(size=200)


def solve_by_hand(a, t):
    y = np.linalg.solve(a, B)
    return y, -np.linalg.solve(a, t @ y)


def inv_by_hand(a, t):
    y = np.linalg.inv(a)
    return y, -y @ t @ y


LINALG = {
    "solve 200": (lambda np: lambda a: np.linalg.solve(a, B), square(200), solve_by_hand, 1.4),
    "inv 200": (lambda np: np.linalg.inv, square(200), inv_by_hand, 1.5),
    "slogdet 200": (
        lambda np: lambda a: np.linalg.slogdet(a)[1],
        square(200),
        lambda a, t: (np.linalg.slogdet(a)[1], np.sum(np.linalg.inv(a).T * t)),
        3.0,
    ),
    "cholesky 200": (lambda np: np.linalg.cholesky, symmetric(200), None, 6.0),
    "eigh 100": (lambda np: lambda a: np.linalg.eigh(a)[0], symmetric(100), None, 2.0),
    "svd 60 x 40": (lambda np: lambda a: np.linalg.svd(a, full_matrices=False)[1], RNG.normal(size=(60, 40)), None, 2.0),
    "matmul 500": (lambda np: lambda a: a @ a, RNG.normal(size=(500, 500)), lambda a, t: (a @ a, t @ a + a @ t), 3.1),
}


PRODUCTS = "125 million products of Python objects take minutes"
TOO_SLOW = {"matmul 500": {"fastdual": PRODUCTS, "num-dual": PRODUCTS}}


def _tangent(a):
    t = RNG.normal(size=a.shape)
    return t + t.T if a.shape[0] == a.shape[1] and np.allclose(a, a.T) else t


PROBLEMS = [
    *(
        Problem(f"chain n={n:g} k={k or 1}", "a chain of eleven operations costs what NumPy's function costs", "push", chain,
                hand=chain_by_hand, limit={(100_000, 0): 1.0, (100_000, 8): 4.0}.get((n, k)), least=chain_passes, **array(n, k))
        for n, k in ((1000, 0), (100_000, 0), (10_000_000, 0), (100_000, 8))
    ),
    *(
        Problem(f"{name} n={n:g} k={k or 1}", "one operation with its tangents", "push", single(name, hand)[0], hand=hand, limit=limit,
                least=behind_protocol(name, hand) if name in FEWEST and n == 1000 else None, **array(n, k))
        for name, (hand, limits) in SINGLE.items()
        for (n, k), limit in limits.items()
    ),
    *(
        Problem(f"{name} n=1e6 k={k or 1}", "a reduction with its tangents", "push", f, hand=hand, limit=limit,
                **array(1_000_000, k, 0.9, 1.1))
        for name, (f, hand, limits) in REDUCTIONS.items()
        for k, limit in limits.items()
    ),
    *(Problem(f"rosenbrock gradient n={n}", "n directions", "gradient", rosenbrock, RNG.normal(size=n), hand=rosenbrock_by_hand,
              scalar_f=rosenbrock_of_numbers)
      for n in (10, 100, 1000)),
    *(Problem(f"ackley gradient n={n}", "n directions", "gradient", ackley, RNG.normal(size=n), hand=ackley_by_hand,
              scalar_f=ackley_of_numbers)
      for n in (10, 100)),
    Problem("three numbers", "what a call costs", "gradient", latency, np.array([0.3, 0.5, 0.7]), hand=latency_by_hand,
            scalar_f=latency_of_numbers),
    Problem("neuron's loss gradient", "the paper's example", "gradient", neuron_loss, RNG.normal(size=21), hand=neuron_loss_by_hand),
    Problem("network jacobian 16 to 8", "all columns in one pass", "jacobian", network, RNG.normal(size=16), hand=network_by_hand),
    Problem("brusselator jacobian n=2x100", "mostly zeros", "jacobian", brusselator, RNG.uniform(1, 3, (2, 100)),
            hand=brusselator_jacobian_by_hand),
    Problem("rosenbrock hessian n=100", "mostly zeros", "hessian", rosenbrock, RNG.normal(size=100), hand=rosenbrock_hessian_by_hand,
            scalar_f=rosenbrock_of_numbers),
    Problem("ackley hessian n=100", "all pairs of directions", "hessian", ackley, RNG.normal(size=100), hand=ackley_hessian_by_hand,
            scalar_f=ackley_of_numbers),
    Problem("brusselator n=2x10000", "a stencil", "jvp", brusselator, RNG.uniform(1, 3, (2, 10_000)), RNG.normal(size=(2, 10_000)),
            brusselator_by_hand),
    Problem("lorenz-96, 100 steps", "many small operations", "jvp", lorenz, RNG.normal(size=40), RNG.normal(size=40), lorenz_by_hand,
            forms={"jax.jit": lorenz_of_jax, "casadi": lorenz_of_casadi}),
    *(Problem(name, "one factorisation for value and tangent", "jvp", f, a, _tangent(a), hand, limit,
              skip=TOO_SLOW.get(name, {}))
      for name, (f, a, hand, limit) in LINALG.items()),
]  # fmt: skip
