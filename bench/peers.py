"""How each library differentiates a problem: a function that returns what is timed, or None where it cannot."""

import importlib.util
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import dualmc as dm

from .problems import Problem

Call = Callable[[], Any]


def primal(problem: Problem) -> Call:
    f = problem.f(np)
    return lambda: f(problem.x)


def by_hand(problem: Problem) -> Call | None:
    if problem.hand is None:
        return None
    args = (problem.x,) if problem.v is None else (problem.x, problem.v)
    return lambda: problem.hand(*args)


def dualmc(problem: Problem) -> Call:
    f, x, v = problem.f(np), problem.x, problem.v
    if problem.task == "push":
        dual = dm.Dual(x, v)

        def push():
            y = f(dual)
            return y.primal, y.tangent

        return push
    if problem.task == "jvp":
        return lambda: dm.jvp(f, (x,), (v,))
    return partial(getattr(dm, problem.task)(f), x)


def autograd(problem: Problem) -> Call | None:
    library, names = importlib.import_module("autograd"), importlib.import_module("autograd.numpy")
    f, x, v = problem.f(names), problem.x, problem.v
    if problem.task in ("gradient", "jacobian"):
        return partial((library.grad if problem.task == "gradient" else library.jacobian)(f), x)
    push = library.make_jvp(f)(x)
    if v.ndim == np.ndim(x):
        return lambda: push(v)

    def several():
        pairs = [push(row) for row in v]
        return pairs[0][0], np.stack([t for _, t in pairs])

    return several


def jax(problem: Problem) -> Call | None:
    library, names = importlib.import_module("jax"), importlib.import_module("jax.numpy")
    library.config.update("jax_enable_x64", True)
    f, x = problem.f(names), library.numpy.asarray(problem.x)
    if problem.task in ("gradient", "jacobian"):
        compiled = library.jit(library.grad(f) if problem.task == "gradient" else library.jacfwd(f))
        return lambda: compiled(x).block_until_ready()
    v = library.numpy.asarray(problem.v)
    push = lambda x, v: library.jvp(f, (x,), (v,))
    many = library.jit(push if v.ndim == x.ndim else lambda x, v: library.vmap(lambda row: push(x, row), out_axes=(None, 0))(v))
    return lambda: library.block_until_ready(many(x, v))


def dualpy(problem: Problem) -> Call | None:
    library = importlib.import_module("dualpy")
    f, x, v = problem.f(np), problem.x, problem.v
    if problem.task in ("gradient", "jacobian"):
        return partial(getattr(library, problem.task)(f), x)
    if v.ndim == np.ndim(x):
        return lambda: library.jvp(f, x, v)

    def several():
        pairs = [library.jvp(f, x, row) for row in v]
        return pairs[0][0], np.stack([t for _, t in pairs])

    return several


PEERS: dict[str, Callable[[Problem], Call | None]] = {"autograd": autograd, "jax.jit": jax, "dualpy": dualpy}
MODULES = {"autograd": "autograd", "jax.jit": "jax", "dualpy": "dualpy"}


def available() -> tuple[dict[str, Callable[[Problem], Call | None]], list[str]]:
    """Return the peers that are installed, and the names of the others."""
    found = {name: peer for name, peer in PEERS.items() if importlib.util.find_spec(MODULES[name]) is not None}
    return found, [name for name in PEERS if name not in found]
