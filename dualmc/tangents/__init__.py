"""
Tangent spaces: what a Dual carries beside its primal.

A space is a module of functions on its tangents, found by one dict lookup on the tangent's type; whatever is not
listed is dense, that is a raw array or a Dual of a lower level; `hyper` is the space of second order,
`recorded` that of `linearize` and reverse mode. The functions are the interface:

=========================================  ==========================================================
`scale(t, g, shape_in, shape, dtype, *,    diag(g)·t, broadcast from shape_in to shape; g is an array or
select)`                                   a `Const`; select drops the tangent where g is 0
`add(a, b, *, owned=False)`                 a + b, in the memory of a where the caller owns it
`linear(op, t)`                            op applied to t
`weigh(t, g, op, dtype, *, select)`        op(diag(g)·t): linear after scale, or both in one pass
`assign(t, op, u)`                         write u (None for zero) into the entries that op reads
`join(ops, parts, shape, dtype)`           the tangent whose part read by ops[i] is parts[i] (None for zero)
`zeros(t, nd_in, shape, dtype)`            the zero tangent of a new array, with the directions of t
`copy(t)`                                  a tangent that shares no memory with t
`settle(t, ans)`                           t with the dtype and the memory layout of its primal
`lift(t, like)`                            t as a buffer that can hold parts of the kind of like
`KEEPS`                                    whether a tangent holds on to partials after the operation
=========================================  ==========================================================

A space that keeps partials or operands has more, which get the operands with their tangents, so that it knows whose arrays
they are: `elementwise`, `weighted` and `bound` for whole operations, `residual` and `opaque` for what solves an equation, `release`
before an array is written to or given to the user.
"""

from types import ModuleType
from typing import Any

from . import dense, hyper, recorded

SPACES: dict[Any, ModuleType] = {hyper.HyperTangent: hyper, **dict.fromkeys(recorded.TYPES, recorded)}


def space_of(t: Any) -> Any:
    """Return the module of the space that t belongs to."""
    return SPACES.get(type(t), dense)
