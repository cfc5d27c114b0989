"""The chain rule written out: the intermediate variables of one run, with local partials and derivatives so far."""

import inspect
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._typing import Array, Function, Tree
from .arrays.creation import carries
from .arrays.dual import Dual
from .arrays.traced import Log, Traced, Variable
from .boundary import fresh_level, function_name, leaving
from .forward import as_tangent, direction_leaves, primal_leaves
from .passes import basis
from .text import Printable, html_table, table
from .trees import Structure, flatten

LARGEST = 1000
"""Numbers of all inputs whose derivatives are followed one by one."""


@dataclass(frozen=True, slots=True)
class Trace(Printable):
    """
    What `dualmc.trace` found; `print` it, or let a notebook show it.

    Attributes
    ----------
    function : str
        The name of the function.
    inputs : tuple of Variable
        The inputs. A variable has `name`, `operation`, `expression`, `value`, `parents`, `partials` and `derivative`.
    variables : tuple of Variable
        The intermediate variables u1, u2, ... in the order in which they were computed.
    results : tuple of Variable or ndarray
        What f returned: variables, and arrays that do not depend on the inputs.
    directional : bool
        Whether derivatives are along the given tangents, not by each input.

    """

    function: str
    inputs: tuple[Variable, ...]
    variables: tuple[Variable, ...]
    results: tuple[Any, ...]
    directional: bool

    def __len__(self) -> int:
        """Count the intermediate variables."""
        return len(self.variables)

    def __iter__(self) -> Iterator[Variable]:
        """Go through the intermediate variables."""
        return iter(self.variables)

    def derivatives(self, variable: Variable) -> tuple[Array, ...]:
        """
        Return the derivatives of a variable by each input.

        Parameters
        ----------
        variable : Variable
            One of this trace.

        Returns
        -------
        tuple of ndarray
            For each input of shape T an array of shape `variable.value.shape + T`; with tangents one derivative along
            them.

        """
        if self.directional:
            return (variable.derivative,)
        shapes = [u.value.shape for u in self.inputs]
        stops = np.cumsum([math.prod(s) for s in shapes])
        parts = np.split(variable.derivative, stops[:-1], axis=-1)
        return tuple(np.reshape(p, variable.value.shape + s) for p, s in zip(parts, shapes, strict=True))

    def _sum(self, u: Variable) -> str:
        """Write out Σ ∂u/∂uᵢ·duᵢ/dx where all of that are numbers."""
        numbers = [u, *u.parents]
        if not u.parents or any(v.derivative.size != 1 for v in numbers) or any(p is None or np.size(p) != 1 for p in u.partials):
            return ""
        terms = [
            f"{_factor(_cell(p))}·{_factor(_cell(v.derivative.reshape(v.value.shape)))}" for p, v in zip(u.partials, u.parents, strict=True)
        ]
        return f"{' + '.join(terms)} = "

    def _table(self) -> tuple[list[str], list[list[str]]]:
        columns = ["along tangents"] if self.directional else [f"by {u.name}" for u in self.inputs]
        header = ["variable", "value", "local partials", *columns]
        rows = []
        for u in (*self.inputs, *self.variables):
            local = ", ".join(
                f"∂/∂{v.name} = {'…' if p is None else _diagonal(p) if u.diagonal else _cell(p)}"
                for v, p in zip(u.parents, u.partials, strict=True)
            )
            names = f"{u.name} = {u.expression}" if u.expression else u.name
            found = [_cell(d) for d in self.derivatives(u)]
            rows.append([names, _cell(u.value), local, *(found if len(found) > 1 else [self._sum(u) + found[0]])])
        return header, rows

    def _last(self) -> str:
        shown = [r.name if isinstance(r, Variable) else _cell(r) for r in self.results]
        return f"result: {', '.join(shown)}"

    def __str__(self) -> str:
        """Lay out the variables as a table."""
        return f"{self.function}, step by step\n\n{table(*self._table())}\n\n  {self._last()}"

    def _repr_html_(self) -> str:
        return f"{html_table(*self._table())}<p>{self._last()}</p>"


def _cell(x: Array) -> str:
    """Return an array on one line; a large one abbreviated."""
    x = np.asarray(x)
    if x.ndim == 0:
        return f"{x[()] + 0.0:.6g}"
    if x.size > 12 and x.ndim > 1:
        return f"array{x.shape}"
    text = np.array2string(x + 0.0, precision=4, threshold=12, edgeitems=2, max_line_width=10_000, floatmode="maxprec")
    return " ".join(text.split()).replace("[ ", "[").replace(" ]", "]")


def _diagonal(p: Array) -> str:
    return _cell(p) if p.ndim == 0 else f"diag{_cell(p)}" if p.ndim == 1 else f"diag of {_cell(p)}"


def _factor(text: str) -> str:
    return f"({text})" if text.startswith("-") else text


def _names(f: Function, structure: Structure, n: int) -> list[str]:
    """Return what the leaves of the arguments are called: by the parameters of f where they are known."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    known = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][:n]
    known += [f"x{i + 1}" for i in range(len(known), n)]
    return [path for name, child in zip(known, structure.children, strict=True) for path in child.paths(name)]


def trace(f: Function, *primals: Tree, tangents: Sequence[Tree] | None = None) -> Trace:
    """
    Evaluate f, and return its intermediate variables with the chain rule written out for each.

    Parameters
    ----------
    f : callable
        A function of arrays, or of nested tuples, lists, dicts and named tuples of arrays, that returns the like.
    *primals
        The arguments of f. Integers become float64.
    tangents : tuple or list, optional
        One direction for each argument, to follow the derivative along it. When left out, the derivatives by all
        numbers of the inputs are followed, which may be up to a thousand.

    Returns
    -------
    Trace
        The inputs and the variables u1, u2, ..., each with its operation, value, local partials and derivative so far. `print` shows
        them as a table, a notebook as HTML; large arrays are abbreviated.

    Raises
    ------
    TypeError
        If f is not a function, an argument or result is not numeric, or an argument carries a tangent.
    ValueError
        If tangents do not fit, or the inputs have more than a thousand numbers and there are none.

    Notes
    -----
    du/dx = Σᵢ ∂u/∂uᵢ · duᵢ/dx over the variables uᵢ that u is made of: the chain rule for several paths, with Jacobians in the
    place of numbers for vectors (Parr & Howard, section 4.5). The operations are those of the function as it runs, under
    the names of their rules; each local partial is that of the operation alone.

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> print(dm.trace(lambda x: np.sin(x**2), 1.5))
    <lambda>, step by step
    <BLANKLINE>
      variable            value      local partials                       by x
      --------------   --------   -----------------   ------------------------
      x                     1.5                                              1
      u1 = square(x)       2.25            ∂/∂x = 3                    3·1 = 3
      u2 = sin(u1)     0.778073   ∂/∂u1 = -0.628174   (-0.628174)·3 = -1.88452
    <BLANKLINE>
      result: u2

    """
    if not callable(f):
        raise TypeError(f"trace: f must be a function, got {type(f).__name__}; write trace(f, x)")
    if not primals:
        raise ValueError("trace: primals must hold at least one argument of f; write trace(f, x)")
    ps, structure, names = primal_leaves("trace", primals)
    for p, n in zip(ps, names, strict=True):
        if carries(p):
            raise TypeError(f"trace: {n} is a {type(p).__name__}; trace takes plain values, give dm.primal of it")
    count = sum(int(p.size) for p in ps)
    if tangents is not None:
        given = direction_leaves("trace", "tangents", tangents, structure)
        seeds = [as_tangent(t, p, f"trace: {n.replace('primals', 'tangents', 1)}", n) for t, p, n in zip(given, ps, names, strict=True)]
    elif count > LARGEST:
        raise ValueError(f"trace: primals have {count} numbers, more than {LARGEST}; pass tangents= to follow one direction")
    else:
        starts = np.cumsum([0, *(p.size for p in ps)])
        seeds = [np.zeros((count, 0)) if not p.size else basis(p, p.shape, int(at), 0, count) for p, at in zip(ps, starts, strict=False)]
    below, level = fresh_level(), fresh_level()
    log = Log(level, below)
    duals = [Dual(p, t, level) for p, t in zip(ps, seeds, strict=True)]
    inputs = [log.note(n, "", "", d) for n, d in zip(_names(f, structure, len(primals)), duals, strict=True)]
    result = f(*structure.unflatten(iter([Traced(d, u, log) for d, u in zip(duals, inputs, strict=True)])))
    found, outer = flatten(result)
    results = [
        y.current() if type(y) is Traced and y.level == level else leaving(y, where, level)[0]
        for y, where in zip(found, outer.paths(f"the result of {function_name(f)}"), strict=True)
    ]
    return Trace(function_name(f), tuple(inputs), tuple(log.variables[len(inputs) :]), tuple(results), tangents is not None)
