"""A compiled function as one operation on arrays with derivatives, whatever they carry: one order or two, numbers or a record."""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .._typing import Array, Tangent
from ..arrays.creation import carries, foremost
from ..arrays.dual import Carrier as Carrying
from ..arrays.dual import Dual
from ..arrays.hyperdual import HyperDual, by_nesting
from ..linear_op import lead_of
from ..rules.rule import Composed
from ..tangents import dense, space_of
from ..tangents.hyper import HyperTangent, settle
from ..tangents.pairing import OUTER
from ..trees import Structure, flatten
from .program import Leaf, Packed, carrier_of, run

WIDTH = 8
"""Directions that one run carries."""

SECOND_WIDTH = 4, 8
"""The same for pairs of directions (bench/bench_njit.py)."""

Blocks = Sequence[Any]


def width(n: int, most: int) -> int:
    """Return the power of two that holds n directions, at most so many."""
    return min(most, 1 << max(0, n - 1).bit_length())


# Runs. ---------------------------------------------------------------------------------------------------------------


def blocks_of(f: Any, leaves: Sequence[Any], structure: Structure, derivatives: Sequence[Blocks | None], lead: tuple[int, ...]) -> Any:
    """
    Return values and blocks of the results of f, in as many runs as the directions need.

    `derivatives` has for each leaf its blocks, with all directions in front, or None for a constant; `lead` the number of
    directions in each set. Results without derivatives have blocks of None. What f writes into its arguments is written
    into the leaves in place: their values and blocks are then new ones, returned last.
    """
    most = (WIDTH,) if len(lead) == 1 else SECOND_WIDTH if lead[1] > 1 else (WIDTH, 1)
    sizes = tuple(map(width, lead, most))
    cuts = [range(0, max(1, n), step) for n, step in zip(lead, sizes, strict=True)]
    runs = {}
    for starts in itertools.product(*cuts):
        keys = [slice(s, s + step) for s, step in zip(starts, sizes, strict=True)]
        packed = [_packed(x, b, sizes, keys) for x, b in zip(leaves, derivatives, strict=True)]
        results, outer = run(f, structure.unflatten(iter(packed)))
        written = [_after(p) for p in packed]
        runs[starts] = [*results, *written], len(results), outer
    (all_results, count, outer), *_ = runs.values()
    joined = [_joined([r[0][i] for r in runs.values()], cuts, lead) for i in range(len(all_results))]
    return joined[:count], outer, joined[count:]


def _packed(x: Any, blocks: Blocks | None, sizes: tuple[int, ...], keys: Sequence[slice]) -> Any:
    if blocks is None:
        return x.copy("K") if type(x) is np.ndarray else x
    carrier = carrier_of(x, sizes)
    parts = [None if b is None else b[tuple(keys[i] for i in axes)] for axes, b in zip(carrier.blocks(), blocks, strict=True)]
    return Packed(Leaf(x, tuple(parts)), carrier)


def _after(p: Any) -> Leaf | None:
    """Return an argument that the run has written to."""
    if not isinstance(p, Packed) or not p.written():
        return None
    return p.leaf()


def _joined(parts: Sequence[Any], cuts: Sequence[range], lead: tuple[int, ...]) -> Any:
    """Return a result with the directions of all runs together."""
    first = parts[0]
    if not isinstance(first, Leaf):
        return first
    if len(cuts) == 1:
        return Leaf(first.value, (np.concatenate([p.blocks[0] for p in parts])[: lead[0]],))
    rows = len(cuts[1])
    lines = [parts[i * rows : (i + 1) * rows] for i in range(len(cuts[0]))]
    e1 = np.concatenate([line[0].blocks[0] for line in lines])[: lead[0]]
    e2 = np.concatenate([p.blocks[1] for p in lines[0]])[: lead[1]]
    e12 = np.concatenate([np.concatenate([p.blocks[2] for p in line], axis=1) for line in lines])[: lead[0], : lead[1]]
    return Leaf(first.value, (e1, e2, e12))


# Dispatch on what arguments carry. -----------------------------------------------------------------------------------


def evaluate(f: Any, args: tuple[Any, ...]) -> Any:
    """Return f(*args) for arguments some of which carry derivatives."""
    leaves, structure = flatten(args)
    top = foremost(leaves)
    if not isinstance(top, Carrying):
        raise TypeError(
            f"{f.__name__}: a function compiled by Numba takes part in jvp, jacobian, hessian and reverse mode; a {type(top).__name__} "
            f"goes through NumPy functions only: call {f.__name__}.py_func for it"
        )
    if isinstance(top, HyperDual):
        return _second_order(f, leaves, structure, top)
    if space_of(top.tangent).KEEPS:
        return _recorded(f, leaves, structure, top.level)
    return _dense(f, leaves, structure, top.level)


def _at(x: Any, level: int) -> bool:
    return isinstance(x, Carrying) and x.level == level


def _inner_level(leaves: Sequence[Any], level: int) -> int | None:
    """Return the level of the Duals that values or tangents at a level consist of; None where they are raw arrays."""
    parts: list[Any] = []
    for x in leaves:
        parts += [x._primal, x.tangent] if _at(x, level) else [x]
    inner = foremost([p for p in parts if carries(p)])
    return None if inner is None else inner.level


def _dense(f: Any, leaves: Sequence[Any], structure: Structure, level: int, *, alone: bool = False) -> Any:
    inner = _inner_level(leaves, level)
    if inner is not None:
        return _nested(f, leaves, structure, level, inner)
    lead = next(lead_of(x.tangent, x.ndim) for x in leaves if _at(x, level))
    n = math.prod(lead)
    flat = [(x.tangent.reshape((n, *x.shape)),) if _at(x, level) else None for x in leaves]
    values = [x._primal if _at(x, level) else x for x in leaves]
    results, outer, written = blocks_of(f, values, structure, flat, (n,))
    if alone:
        _check_unwritten(f, written)

    def rebuilt(r: Any) -> Any:
        if not isinstance(r, Leaf):
            return r
        ans = _own(r.value)
        return Dual(ans, dense.settle(r.blocks[0].reshape(lead + np.shape(ans)), ans), level)

    _write(leaves, map(rebuilt, written))
    return outer.unflatten(map(rebuilt, results))


def _own(x: Array) -> Array:
    """Return a value in memory of its own; a NumPy scalar for a number."""
    return np.array(x)[()]


def _write(leaves: Sequence[Any], new: Iterator[Any]) -> None:
    """Write what f has written into its arguments into those."""
    for x, y in zip(leaves, new, strict=True):
        if y is not None:
            x[...] = y


def _halves(x: Any, level: int) -> tuple[Any, Any]:
    """Return value and tangent at a level."""
    return (x._primal, x.tangent) if isinstance(x, Carrying) and x.level == level else (x, None)


def _blocks(x: Any, level: int, inner: int) -> tuple[Array, Blocks | None]:
    """Return value and the blocks e1, e2, e12 of a Dual of Duals: e1 are the directions of the inner level."""
    p, t = _halves(x, level)
    value, e1 = _halves(p, inner)
    e2, e12 = _halves(t, inner)
    if any(carries(b) for b in (value, e1, e2, e12)):
        raise TypeError("a function compiled by Numba has derivatives of first and second order; for higher ones call its py_func")
    return value, (None if e1 is e2 is e12 is None else (e1, e2, e12))


def _nested(f: Any, leaves: Sequence[Any], structure: Structure, level: int, inner: int, *, alone: bool = False) -> Any:
    """Return the result for Duals of Duals, which are numbers with derivatives of second order."""
    found = [_blocks(x, level, inner) for x in leaves]
    if any(b is not None and space_of(e).KEEPS for _, b in found if b is not None for e in b if e is not None):
        raise TypeError(f"{f.__name__}: jvp inside of reverse mode does not go through a function compiled by Numba; use dm.hvp")
    leads: list[Any] = [None, None]
    for p, b in found:
        for i in (0, 1):
            if b is not None and b[i] is not None and leads[i] is None:
                leads[i] = lead_of(b[i], np.ndim(p))
        if b is not None and b[2] is not None and None in leads:
            both = lead_of(b[2], np.ndim(p))
            leads = [both[: len(both) - len(leads[1] or ())] if leads[1] is not None else both[:1], leads[1] or both[1:]]
    lead1, lead2 = (l if l is not None else () for l in leads)
    n, m = math.prod(lead1), math.prod(lead2)

    def flat(p: Array, b: Blocks | None) -> Blocks | None:
        if b is None:
            return None
        s = np.shape(p)
        return tuple(None if e is None else np.reshape(e, k + s) for e, k in zip(b, ((n,), (m,), (n, m)), strict=True))

    results, outer, written = blocks_of(f, [p for p, _ in found], structure, [flat(p, b) for p, b in found], (n, m))
    if alone:
        _check_unwritten(f, written)

    def rebuilt(r: Any) -> Any:
        if not isinstance(r, Leaf):
            return r
        ans = _own(r.value)
        s = np.shape(ans)
        e1, e2, e12 = (dense.settle(np.reshape(e, k + s), ans) for e, k in zip(r.blocks, (lead1, lead2, lead1 + lead2), strict=True))
        return Dual(Dual(ans, e1, inner), Dual(e2, e12, inner), level)

    _write(leaves, map(rebuilt, written))
    return outer.unflatten(map(rebuilt, results))


def _second_order(f: Any, leaves: Sequence[Any], structure: Structure, top: HyperDual) -> Any:
    """Return the result for HyperDuals: all pairs of directions at once, or one pair after the other."""
    level = top.level
    held = [x for x in leaves if _at(x, level)]
    if any(carries(b) for x in held for b in (x._primal, x.e1, x.e2, x.e12)):
        raise TypeError("a function compiled by Numba has derivatives of first and second order; for higher ones call its py_func")
    if held[0].tangent.pairing is OUTER:
        return _outer(f, leaves, structure, level)
    one_by_one = Composed(f, lambda *given: _nested_alone(f, given))
    return by_nesting(top, one_by_one, structure.unflatten(iter(leaves)), {})


def _nested_alone(f: Any, args: tuple[Any, ...]) -> Any:
    """Return the result for one pair of directions of those whose numbers are kept in pairs."""
    leaves, structure = flatten(args)
    top = foremost(leaves)
    if top is None:
        return f(*args)
    inner = _inner_level(leaves, top.level)
    if inner is None:
        return _dense(f, leaves, structure, top.level, alone=True)
    return _nested(f, leaves, structure, top.level, inner, alone=True)


def _outer(f: Any, leaves: Sequence[Any], structure: Structure, level: int) -> Any:
    held = [x for x in leaves if _at(x, level)]
    n = next((len(x.e1) for x in held if x.e1 is not None), 1)
    m = next((len(x.e2) for x in held if x.e2 is not None), 1)
    same = all(x.e2 is x.e1 for x in held)
    values = [x._primal if _at(x, level) else x for x in leaves]
    given = [(x.e1, x.e2, x.e12) if _at(x, level) else None for x in leaves]
    results, outer, written = blocks_of(f, values, structure, given, (n, m))

    def rebuilt(r: Any) -> Any:
        if not isinstance(r, Leaf):
            return r
        ans = _own(r.value)
        e1, e2, e12 = r.blocks
        return HyperDual.of(ans, settle(HyperTangent(e1, e1 if same else e2, e12, OUTER), ans), level)

    _write(leaves, map(rebuilt, written))
    return outer.unflatten(map(rebuilt, results))


# Recorded tangents: the Jacobian is the map that is recorded. ---------------------------------------------------------


def _recorded(f: Any, leaves: Sequence[Any], structure: Structure, level: int) -> Any:
    """
    Return the result for tangents that are recorded: f runs for its Jacobian, which is one linear map for each argument.

    Where values are Duals of an outer transform, its directions are carried with those of the Jacobian, in pairs.
    """
    inner = _inner_level([x._primal if _at(x, level) else x for x in leaves], level)
    active = [x for x in leaves if _at(x, level)]
    n = sum(x.size for x in active)
    given, at = [], 0
    for x in leaves:
        value, blocks = _blocks(x._primal if _at(x, level) else x, level, level if inner is None else inner)
        e1 = None if blocks is None else blocks[0]
        e2 = None
        if _at(x, level):
            e2, at = _unit(n, at, x), at + x.size
        given.append((value, e1, e2))
    lead = next((lead_of(e1, np.ndim(p)) for p, e1, _ in given if e1 is not None), ())
    k = math.prod(lead)
    if inner is None:
        derivatives: list[Blocks | None] = [None if e2 is None else (e2,) for _, _, e2 in given]
    else:
        derivatives = [
            None if e1 is None and e2 is None else (None if e1 is None else np.reshape(e1, (k, *np.shape(p))), e2, None)
            for p, e1, e2 in given
        ]
    results, outer, written = blocks_of(f, [p for p, _, _ in given], structure, derivatives, (n,) if inner is None else (k, n))
    _check_unwritten(f, written)

    def rebuilt(r: Any) -> Any:
        if not isinstance(r, Leaf):
            return r
        ans: Any = _own(r.value)
        shape = np.shape(ans)
        columns: Any = np.moveaxis(r.blocks[-2 if inner is not None else 0].reshape(n, -1), 0, 1)
        if inner is not None:
            ans = Dual(ans, dense.settle(r.blocks[0].reshape(lead + shape), ans), inner)
            columns = Dual(columns, np.moveaxis(r.blocks[2].reshape((*lead, n, -1)), -2, -1), inner)
        return _applied(ans, columns, active, level)

    return outer.unflatten(map(rebuilt, results))


def _unit(n: int, at: int, x: Any) -> Array:
    """Return n directions of x, of which those from number `at` on are its own."""
    seed = np.zeros((n, x.size), x.dtype)
    seed[at : at + x.size] = np.eye(x.size)
    return seed.reshape((n, *x.shape))


def _check_unwritten(f: Any, written: Sequence[Any]) -> None:
    if any(w is not None for w in written):
        raise TypeError(f"{f.__name__} writes into its arguments, which is not followed here; have it return a new array")


def _applied(ans: Any, columns: Any, active: Sequence[Any], level: int) -> Any:
    """Return the result whose tangent is the sum of the columns of each argument applied to its tangent."""
    total: Tangent | None = None
    at = 0
    for x in active:
        zero = Dual(np.zeros(x.shape, x.dtype)[()], x.tangent, level)
        product: Any = np.reshape(columns[:, at : at + x.size] @ np.reshape(zero, (-1,)), np.shape(ans))
        product = product.tangent
        at += x.size
        total = product if total is None else space_of(total).add(total, product, owned=True)
    space = space_of(total)
    if space.KEEPS:
        total = space.opaque(total)  # the columns depend on the arguments, too
    return Dual(ans, space.settle(total, ans), level)
