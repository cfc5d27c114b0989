"""A compiled function as one operation on arrays with derivatives, whatever they carry: any number of transforms, numbers or a record."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays.creation import carries, foremost
from ..arrays.dual import Dual
from ..arrays.hyperdual import HyperDual, by_nesting
from ..linear_op import lead_of
from ..rules.rule import Composed
from ..tangents import dense
from ..tangents.pairing import OUTER
from ..trees import Structure, flatten
from .orders import Blocks, Orders
from .program import SECOND_WIDTH, WIDTH, Leaf, Packed, carrier_of, run, width
from .quick import push
from .types import Axes


def widths(lead: Axes) -> Axes:
    """Return how many directions of each set one run carries."""
    first = (WIDTH,) if len(lead) == 1 else SECOND_WIDTH if lead[1] > 1 else (WIDTH, 1)
    return tuple(map(width, lead, first + (1,) * len(lead)))


# Runs. ---------------------------------------------------------------------------------------------------------------


def blocks_of(f: Any, leaves: Sequence[Any], structure: Structure, derivatives: Sequence[Blocks | None], lead: Axes) -> Any:
    """
    Return values and blocks of the results of f, in as many runs as the directions need.

    `derivatives` has for each leaf its blocks, with all directions in front, or None for a constant. `lead` has the number of
    directions in each set. What f writes into its arguments comes last: their new values and blocks, None for the others.
    """
    sizes = widths(lead)
    runs = []
    for starts in itertools.product(*(range(0, max(1, n), step) for n, step in zip(lead, sizes, strict=True))):
        keys = [slice(s, min(s + step, n)) for s, step, n in zip(starts, sizes, lead, strict=True)]
        packed = [_packed(x, b, sizes, keys) for x, b in zip(leaves, derivatives, strict=True)]
        results, outer = run(f, structure.unflatten(iter(packed)))
        runs.append((keys, [*results, *map(_after, packed)]))
    count = len(results)
    joined = [_joined([(keys, found[i]) for keys, found in runs], sizes, lead) for i in range(len(runs[0][1]))]
    return joined[:count], outer, joined[count:]


def _packed(x: Any, blocks: Blocks | None, sizes: Axes, keys: Sequence[slice]) -> Any:
    if blocks is None:
        return x.copy("K") if type(x) is np.ndarray else x
    carrier = carrier_of(x, sizes)
    parts = [blocks[axes][tuple([keys[i] for i in axes])] if axes in blocks else None for axes in carrier.parts]
    return Packed(Leaf(x, tuple(parts)), carrier)


def _after(p: Any) -> Leaf | None:
    """Return an argument that the run has written to."""
    return p.leaf() if isinstance(p, Packed) and p.written() else None


def _joined(parts: Sequence[tuple[Sequence[slice], Any]], sizes: Axes, lead: Axes) -> Any:
    """Return a result with the directions of all runs together, or one without derivatives as it is."""
    first = parts[0][1]
    if not isinstance(first, Leaf):
        return first
    value = np.array(first.value)[()]  # in memory of its own; a NumPy scalar for a number
    blocks: Blocks = {(): value}
    for k, axes in enumerate(carrier_of(value, sizes).parts):
        blocks[axes] = whole = np.empty([lead[i] for i in axes] + list(np.shape(value)), value.dtype)
        for keys, r in parts:
            at = tuple([keys[i] for i in axes])
            whole[at] = r.blocks[k][tuple([slice(s.stop - s.start) for s in at])]
    return blocks


# Dispatch on what arguments carry. -----------------------------------------------------------------------------------


def evaluate(f: Any, args: tuple[Any, ...]) -> Any:
    """Return f(*args) for arguments some of which carry derivatives."""
    found = push(f, args)
    if found is not None:
        return found
    leaves, structure = flatten(args)
    top = foremost(leaves)
    if isinstance(top, HyperDual) and top.tangent.pairing is not OUTER:
        return by_nesting(top, Composed(f, lambda *given: _alone(f, given)), args, {})
    return _evaluate(f, leaves, structure, top)


def _alone(f: Any, args: tuple[Any, ...]) -> Any:
    """Return the result for one pair of directions of those whose numbers are kept in pairs."""
    leaves, structure = flatten(args)
    top = foremost(leaves)
    return f(*args) if top is None else _evaluate(f, leaves, structure, top, alone=True)


def _evaluate(f: Any, leaves: Sequence[Any], structure: Structure, top: Any, *, alone: bool = False) -> Any:
    level = top.level
    values = [x._primal if type(x) is Dual and x.level == level else x for x in leaves]
    tangents = [x.tangent if type(x) is Dual and x.level == level else None for x in leaves]
    if type(top) is Dual and foremost([*values, *tangents]) is None:
        return _first_order(f, values, tangents, leaves, structure, level, alone=alone)
    orders = Orders(leaves, lambda x: _refusal(f, x))
    given = [b if carries(x) else None for x, b in zip(leaves, orders.blocks, strict=True)]
    results, outer, written = blocks_of(f, [b[()] for b in orders.blocks], structure, given, orders.sizes(orders.axes))
    _write(f, leaves, [orders.built(b) if type(b) is dict else None for b in written], alone=alone or bool(orders.recorded))
    return outer.unflatten(iter([orders.built(b) if type(b) is dict else b for b in results]))


def _first_order(
    f: Any, values: Sequence[Any], tangents: Sequence[Any], leaves: Sequence[Any], structure: Structure, level: int, *, alone: bool
) -> Any:
    """Return the result for Duals of plain arrays."""
    lead = next(lead_of(t, np.ndim(x)) for x, t in zip(values, tangents, strict=True) if t is not None)
    n = math.prod(lead)
    given: list[Blocks | None] = [
        None if t is None else {(0,): t.reshape((n, *np.shape(x)))} for x, t in zip(values, tangents, strict=True)
    ]
    results, outer, written = blocks_of(f, values, structure, given, (n,))

    def rebuilt(blocks: Any) -> Any:
        if type(blocks) is not dict:
            return blocks
        ans = blocks[()]
        return Dual(ans, dense.settle(blocks[0,].reshape(lead + np.shape(ans)), ans), level)

    _write(f, leaves, list(map(rebuilt, written)), alone=alone)
    return outer.unflatten(map(rebuilt, results))


def _refusal(f: Any, x: Any) -> TypeError:
    return TypeError(
        f"{f.__name__}: a function compiled by Numba takes part in jvp, jacobian, hessian and reverse mode; a {type(x).__name__} "
        f"goes through NumPy functions only: call {f.__name__}.py_func for it"
    )


def _write(f: Any, leaves: Sequence[Any], new: Sequence[Any], *, alone: bool) -> None:
    """Write what f has written into its arguments into those, where that can be followed."""
    if alone and any(y is not None for y in new):
        raise TypeError(f"{f.__name__} writes into its arguments, which is not followed here; have it return a new array")
    for x, y in zip(leaves, new, strict=True):
        if y is not None:
            x[...] = y
