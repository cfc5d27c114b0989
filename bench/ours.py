"""What is compared with peers: the function alone, its derivative by hand, and dualmc's ways."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

import dualmc as dm

from .candidate import Candidate, UnableError
from .problems import Problem

DUALMC = ("dualmc", "dualmc, kernels", "dualmc, reverse", "dualmc, sparse")
"""The ways that a user has; the best one is compared with limits, derivatives by hand and peers."""

REVERSE = {"gradient": dm.reverse.grad, "jacobian": dm.reverse.jacobian}
"""Transforms of reverse mode by task."""

NAMES = {"hessian": "value_gradient_and_hessian"}
"""Transforms that are not named after their task."""


def primal(problem: Problem) -> Candidate:
    f = problem.f(np)
    return Candidate(lambda: f(problem.x))


def by_hand(problem: Problem) -> Candidate:
    args = (problem.x,) if problem.v is None else (problem.x, problem.v)
    return Candidate(lambda: problem.hand(*args))


def dualmc(problem: Problem) -> Candidate:
    f, x, v = problem.f(np), problem.x, problem.v
    if problem.task == "push":
        dual = dm.Dual(x, v)
        return Candidate(lambda: f(dual), lambda y: (y.primal, y.tangent))
    if problem.task == "jvp":
        return Candidate(lambda: dm.jvp(f, (x,), (v,)))
    name = NAMES.get(problem.task, problem.task)
    transform = getattr(dm, name, None)
    if transform is None:
        raise UnableError(f"this version has no {name}")
    return Candidate(partial(transform(f), x))


def reverse(problem: Problem) -> Candidate:
    return Candidate(partial(REVERSE[problem.task](problem.f(np)), problem.x))


def sparse(problem: Problem) -> Candidate:
    """The structure is found at the first call, as asdex does it; results are sparse."""
    f, x = problem.f(np), problem.x
    shape = np.shape(f(x)) + x.shape
    return Candidate(partial(dm.sparse_jacobian(f, prepare=True), x), lambda j: j.toarray().reshape(shape))


def nested(problem: Problem) -> Candidate:
    """Second derivatives one by one: what nesting costs without blocks of directions."""
    f, x = problem.f(np), problem.x
    basis = np.eye(len(x))

    def second():
        gradient, hessian = np.empty_like(x), np.empty((len(x), len(x)))
        for i, e in enumerate(basis):
            slope = lambda y, e=e: dm.jvp(f, (y,), (e,))
            for j in range(i + 1):
                (value, gradient[i]), (_, hessian[i, j]) = dm.jvp(slope, (x,), (basis[j],))
                hessian[j, i] = hessian[i, j]
        return value, gradient, hessian

    return Candidate(second)


def _in_mode(mode: str, build: Callable[[Problem], Candidate], problem: Problem) -> Candidate:
    def prepare():
        dm.config.kernels = mode

    prepare()
    return replace(build(problem), prepare=prepare)


def ways(problem: Problem) -> dict[str, Callable[[Problem], Candidate]]:
    """Return what is measured in any case."""
    found = {} if problem.hand is None else {"by hand": by_hand}
    found |= {"dualmc": partial(_in_mode, "never", dualmc), "dualmc, kernels": partial(_in_mode, "always", dualmc)}
    if problem.task in REVERSE:
        found["dualmc, reverse"] = partial(_in_mode, "never", reverse)
    if problem.task == "jacobian" and problem.claim == "mostly zeros":
        found["dualmc, sparse"] = partial(_in_mode, "never", sparse)
    if problem.task == "hessian":
        found["nested, one column"] = partial(_in_mode, "never", nested)
    return found
