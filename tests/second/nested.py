"""Second derivatives by nested Duals, one pair of directions at a time: what hyper-duals are held to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import dualmc as dm
from dualmc.arrays.hyperdual import HyperDual
from dualmc.tangents.hyper import HyperTangent, settle
from dualmc.tangents.pairing import OUTER, PAIRED, SUMMED, Pairing

LEVEL = 2


@dataclass(frozen=True)
class Directions:
    """A pairing with its directions: e12 has an entry for each of `pairs`, or their sum."""

    pairing: Pairing
    first: tuple[int, ...]
    second: tuple[int, ...]

    @property
    def lead(self) -> tuple[int, ...]:
        return self.pairing.lead(self.first, self.second)

    def pairs(self) -> list[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]]:
        """Return where a pair is found in e1, in e2 and in e12."""
        if self.pairing is OUTER:
            return [((i,), (j,), (i, j)) for i in range(self.first[0]) for j in range(self.second[0])]
        return [(k, k, () if self.pairing is SUMMED else k) for k in np.ndindex(self.first)]

    def __str__(self) -> str:
        return f"{self.pairing!r}{self.first}{self.second}"


ALL = [
    Directions(OUTER, (2,), (3,)),
    Directions(PAIRED, (), ()),
    Directions(PAIRED, (3,), (3,)),
    Directions(SUMMED, (3,), (3,)),
]


@dataclass
class Input:
    """A primal and its blocks; None is a structural zero."""

    primal: Any
    e1: Any
    e2: Any
    e12: Any

    def hyper(self, directions: Directions) -> Any:
        def fresh(x: Any) -> Any:
            return None if x is None else np.array(x, order="K") if isinstance(x, np.ndarray) else np.copy(x)

        e1 = fresh(self.e1)
        e2 = e1 if self.e2 is self.e1 else fresh(self.e2)
        p = fresh(self.primal)
        return HyperDual.of(p, settle(HyperTangent(e1, e2, fresh(self.e12), directions.pairing), p), LEVEL)

    def nested(self, i: Any, j: Any, k: Any, first: bool) -> Any:
        """Return the nested Dual of one pair; a sum of second derivatives goes to the first pair."""
        zero = np.zeros(np.shape(self.primal), self.primal.dtype)
        e1, e2 = (zero if e is None else e[at] for e, at in ((self.e1, i), (self.e2, j)))
        e12 = zero if self.e12 is None or (k == () and not first) else self.e12[k]
        return dm.Dual(dm.Dual(np.copy(self.primal), e1, LEVEL - 1), dm.Dual(e2, e12, LEVEL - 1), LEVEL)


def drawn(x: Any, directions: Directions, rng: np.random.Generator, zeros: str = "") -> Input:
    """Return random blocks for x; `zeros` names those that are structural zeros, "=" says that e2 is e1."""

    def block(name: str, lead: tuple[int, ...]) -> Any:
        if name in zeros.split():
            return None
        t = rng.uniform(-1, 1, lead + x.shape)
        return (t + 1j * rng.uniform(-1, 1, t.shape) if x.dtype.kind == "c" else t).astype(x.dtype)

    e1 = block("e1", directions.first)
    same = "=" in zeros.split() and directions.first == directions.second
    return Input(x, e1, e1 if same else block("e2", directions.second), block("e12", directions.lead))


def parts_of(y: Any, level: int) -> tuple[Any, Any]:
    """Return primal and tangent of y at a level; zero for what is constant there."""
    return (y.primal, y.tangent) if type(y) is dm.Dual and y.level == level else (y, np.zeros(np.shape(y)))


def blocks_of(y: Any) -> tuple[Any, Any, Any, Any]:
    return (y.primal, y.e1, y.e2, y.e12) if type(y) is HyperDual and y.level == LEVEL else (y, None, None, None)


def by_pairs(f: Callable[..., Sequence[Any]], inputs: Sequence[Any], directions: Directions) -> list[tuple[Any, Any, Any, Any]]:
    """Return (primal, e1, e2, e12) of each result of f, found with one nested Dual for each pair."""
    found: list[list[Any]] = []
    for n, (i, j, k) in enumerate(directions.pairs()):
        results = f(*(x.nested(i, j, k, n == 0) if isinstance(x, Input) else x for x in inputs))
        for at, y in enumerate(results):
            inner, tangent = parts_of(y, LEVEL)
            (primal, e1), (e2, e12) = parts_of(inner, LEVEL - 1), parts_of(tangent, LEVEL - 1)
            if n == 0:
                shape, kind = np.shape(primal), np.result_type(e1, e2, e12)
                leads = directions.first, directions.second, directions.lead
                found.append([primal, *(np.zeros(lead + shape, kind) for lead in leads)])
            _, b1, b2, b12 = found[at]
            b1[i], b2[j] = e1, e2
            b12[k] += e12
    return [tuple(blocks) for blocks in found]
