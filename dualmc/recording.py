"""One run of a function on recorded tangents: its values, and the tape of linear operations between inputs and results."""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ._typing import Array, Function, Shape
from .arrays.taped import Taped
from .boundary import Call, entering, fresh_level, outputs
from .kernels import keep_freed_memory, switch
from .tangents.recorded import leaf
from .tangents.tape import Tape
from .trees import Structure

if TYPE_CHECKING:
    from .tangents.nodes import Node

_keep_freed_memory = functools.cache(keep_freed_memory)


class Recording(NamedTuple):
    """What one run leaves: results, their structure, auxiliary data, and the tape."""

    values: list[Array]
    structure: Structure
    aux: Any
    tape: Tape


def record(f: Function, call: Callable[[Iterator[Any]], Any], leaves: Sequence[Array], has_aux: bool, *, curved: bool = False) -> Recording:
    """
    Run f, by `call(leaves)`, with recorded tangents; f may write to the arrays of the leaves.

    With `curved` the tape holds what second derivatives take, too (`tangents/curved.py`).
    """
    level = fresh_level()
    nodes: list[Node] = []
    inputs: list[Taped] = []
    for x in leaves:
        t = leaf(x, curved=curved)
        nodes.append(t.node)
        inputs.append(Taped(x, t, level))
        if x.size >= switch.least:
            _keep_freed_memory()
    result = call(iter(inputs))
    values, tangents, structure, aux = outputs(f, result, level, has_aux)
    return Recording(values, structure, aux, Tape(nodes, [None if t is None else t.read() for t in tangents]))


def record_call(call: Call, has_aux: bool, *, curved: bool = False) -> Recording:
    """Run the function of a call with recorded tangents."""
    return record(call.f, call.run, call.leaves, has_aux, curved=curved)


class Kind(NamedTuple):
    """What is remembered of an array: shape and dtype."""

    shape: Shape
    dtype: Any

    @classmethod
    def of(cls, x: Array) -> "Kind":
        return cls(x.shape, x.dtype)

    def zero(self) -> Array:
        return np.zeros(self.shape, self.dtype if self.dtype.kind in "fc" else np.float64)[()]

    def checked(self, c: Any, where: str, of: str) -> Array:
        """Return c as a cotangent of such an array, or raise and say what does not match."""
        c = entering(c, where)
        if c.shape != self.shape:
            raise ValueError(f"{where} must have the shape of {of}, {self.shape}; got {c.shape}")
        if c.dtype.kind == "c" and self.dtype.kind != "c":
            raise TypeError(f"{where} must be real like {of} ({self.dtype}); got {c.dtype}")
        return c if c.dtype == self.dtype or self.dtype.kind not in "fc" else c.astype(self.dtype)
