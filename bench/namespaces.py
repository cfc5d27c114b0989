"""NumPy's names for libraries that have operations of their own, so that one function serves all."""

import operator
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from .candidate import UnableError


class Names(SimpleNamespace):
    """A namespace that says so if a function is missing."""

    def __getattr__(self, name: str) -> Any:
        raise UnableError("it has no such function")


def _composed(names: Names) -> Names:
    """Add what follows from sum, exp, log and sqrt, and what is no function of arrays."""
    names.pi, names.e = np.pi, np.e
    names.multiply, names.divide = operator.mul, operator.truediv
    names.mean = lambda x: names.sum(x) / names.size(x)
    names.var = lambda x: names.mean((x - names.mean(x)) ** 2)
    return names


def casadi(ca: ModuleType) -> Names:
    """Matrices: a vector is a column, and `x[i, :]` a row."""

    def roll(x, shift, axis=0):
        if axis == 0:
            return ca.vertcat(x[-shift:, :], x[:-shift, :])
        return ca.horzcat(x[:, -shift:], x[:, :-shift])

    names = Names(
        sum=lambda x: ca.sum1(ca.vec(x)),
        size=lambda x: x.numel(),
        max=ca.mmax,
        cumsum=ca.cumsum,
        maximum=ca.fmax,
        stack=lambda rows: ca.vertcat(*rows),
        roll=roll,
        linalg=Names(norm=ca.norm_2, solve=ca.solve, inv=ca.inv),
        **{name: getattr(ca, name) for name in ("exp", "log", "log1p", "sqrt", "sin", "cos", "tanh")},
    )
    return _composed(names)


def tensortrax(tm: ModuleType) -> Names:
    """Tensors: the axes of directions are last, and what is written here keeps off them."""

    def roll(x, shift, axis=0):
        before = (slice(None),) * axis
        return tm.concatenate([x[(*before, slice(-shift, None))], x[(*before, slice(None, -shift))]], axis=axis)

    names = Names(
        sum=lambda x: tm.sum(x, axis=None),
        size=lambda x: x.size,
        maximum=tm.maximum,
        log1p=lambda x: tm.log(1 + x),
        stack=tm.stack,
        roll=roll,
        linalg=Names(norm=lambda x: tm.sqrt(tm.sum(x * x, axis=None)), inv=tm.linalg.inv, eigh=tm.linalg.eigh),
        **{name: getattr(tm, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tanh")},
    )
    return _composed(names)
