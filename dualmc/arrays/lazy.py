"""
Lazy series: nodes of a graph, each of which finds its next coefficient from lower ones of what it is made of.

The partials of the rule table are formulas in NumPy calls. Evaluated on lazy nodes, they give the series of the slope,
one coefficient at a time, while the series of the result itself is still being found: the slope of exp is the result.
"""

import functools
import itertools
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, final

import numpy as np
from numpy import ndarray

from .. import propagate
from .._typing import Array, Shape
from ..linear_op import LinearOp
from ..partial import ZERO, Const
from ..rules.indexing import getitem_op
from ..rules.rule import Elementwise
from ..rules.selection import base
from ..tangents.dense import scale, settle, vanishing
from .arithmetic import Arithmetic
from .creation import carries
from .methods import ArrayMethods

Step = Callable[[int], Array]
Rows = list[Array]

# What lazy_rules.py fills.
WAYS: dict[type, Callable[..., Any]] = {}
"""How a rule kind acts on nodes; kinds that are missing have no such way."""
PRIMITIVE: dict[Any, Callable[..., Step]] = {}
"""The steps of functions that slopes are put together from."""
SHORTER: dict[Any, Callable[..., Any]] = {}
"""What gives the result of a function from nodes that exist, or None."""


class Unlazy(Exception):  # noqa: N818
    """A formula does with its arguments what lazy series cannot do; the operation takes another way."""


@final
class Lazy(Arithmetic, ArrayMethods):
    """
    A series of which some coefficients are known, and a step that finds the next one; without a step it is a constant.

    Coefficient k needs those of `sources` up to k and those of `slopes` up to k - 1. Slopes are found (`pending`) when the first
    coefficient is asked for.
    """

    __slots__ = ("call", "degree", "graph", "known", "pending", "rates", "slopes", "sources", "step")
    __array_priority__ = 1000.0

    def __init__(self, graph: "Graph", known: Rows, step: Step | None, sources: Sequence["Lazy"] = ()) -> None:
        self.graph, self.step, self.sources = graph, step, sources
        self.slopes: Sequence[Lazy] = ()
        self.pending: Callable[[], object] | None = None
        self.call: tuple[Any, Sequence[Any]] = None, ()
        """The element-wise function and its arguments that this is the result of."""
        self.degree: Any = ENDLESS
        """After which coefficient all are zero, as far as it is known from what the node is made of."""
        self.start(known)
        graph.made.append(self)

    def start(self, known: Rows) -> None:
        """Forget all coefficients but these."""
        self.known = known
        self.rates: Rows = [known[0]]
        """The coefficients j·xⱼ of t·x'(t), as far as they were needed."""

    @property
    def primal(self) -> Array:
        """The value at t = 0; what is made of it depends on the numbers."""
        self.graph.seen = True
        return self.known[0]

    _primal = primal

    @property
    def level(self) -> int:
        """The level of the series that the graph is made from."""
        return self.graph.level

    @property
    def shape(self) -> Shape:  # type: ignore[override]
        """The shape of each coefficient."""
        self.graph.seen = True
        return self.known[0].shape  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:  # type: ignore[override]
        """The number of axes of each coefficient."""
        return self.known[0].ndim  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of each coefficient."""
        return self.known[0].dtype  # type: ignore[no-any-return]

    def reach(self, k: int) -> None:
        """Find coefficient k and all that it needs; without recursion, since formulas may be long chains."""
        stack = [(self, k)]
        while stack:
            node, order = stack[-1]
            n = len(node.known)
            if n > order:
                stack.pop()
                continue
            if node.pending is not None:
                node.pending()
            height = len(stack)
            for x in node.sources:
                if len(x.known) <= n:
                    stack.append((x, n))
            for s in node.slopes:
                if len(s.known) < n:
                    stack.append((s, n - 1))
            if len(stack) == height:
                row, ans = node.step(n), node.known[0]  # type: ignore[misc]
                row = np.where(node.degree < n, 0, row) if node.graph.strict else row
                node.known.append(settle(row if row.shape == ans.shape else np.broadcast_to(row, ans.shape), ans))

    def silent(self, j: int) -> Any:
        """Return where coefficient j is a strong zero: it and all after it are zero, so the node does not depend on t any more."""
        known, order = self.known, self.graph.order
        if not j:
            return np.False_
        mask: Any = np.True_ if len(known) > order else self.degree < len(known)
        for row in known[j:]:
            mask = mask & vanishing(row)
        return mask

    def rated(self, k: int) -> Rows:
        """Return j·xⱼ for j up to k; there may be more."""
        rates = self.rates
        while len(rates) <= k:
            j = len(rates)
            rates.append(j * self.known[j] if j > 1 else self.known[j])
        return rates

    # What arrays of this library have.

    @staticmethod
    def _evaluate(rule: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        way = WAYS.get(type(rule))
        if way is None:
            raise Unlazy
        return way(rule, args, kwargs)

    def _push_linear(self, op: LinearOp) -> "Lazy":
        return Lazy(self.graph, [op(self.primal)], None if self.step is None else lambda k: op(self.known[k]), (self,))

    def _constant(self, value: Array) -> "Lazy":
        """Return value as an array like this one; formulas make ones and zeros in this way."""
        return Lazy(self.graph, [value[()]], None)

    def __getitem__(self, key: Any) -> Any:
        return mapped(self, ("item", key_of(key)), self.primal[key], getitem_op(self.shape, key))

    def __setitem__(self, key: Any, value: Any) -> None:
        raise Unlazy

    def _updated(self, function: Any, other: Any) -> Any:  # noqa: ARG002
        raise Unlazy

    def _writable(self) -> bool:
        return False

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(self.shape[0]))


def mapped(x: Lazy, name: Any, ans: Array, op: LinearOp) -> Any:
    """Return the node of a linear map of x."""
    if op.bound:
        raise Unlazy
    nodes, key = x.graph.nodes, (name, id(x))
    if key not in nodes:
        nodes[key] = Lazy(x.graph, [ans], None if x.step is None else lambda k: op(x.known[k]), (x,))
    return nodes[key]


class Graph:
    """
    The nodes of one operation. Equal calls are one node, so that sin and cos, or exp and itself, close a loop.

    `strict` looks for strong zeros in every product: 0·inf = 0. `seen` says that a formula has looked at values or shapes; if none
    has, the nodes serve for other numbers, too.
    """

    def __init__(self, level: int, order: int, *, strict: bool) -> None:
        self.level, self.order, self.strict, self.seen = level, order, strict, False
        self.nodes: dict[Any, Any] = {}
        """What each call gave."""
        self.powers: dict[int, tuple[Any, Lazy]] = {}
        """The last power of each node, with its exponent."""
        self.made: list[Lazy] = []
        self.kept: list[Any] = []
        """What else is known by its identity."""

    def close(self) -> None:
        """Undo the cycles between nodes and steps, so that their memory is free at once."""
        for node in self.made:
            node.step = node.pending = None
            node.sources = node.slopes = ()
        for found in (self.made, self.kept, self.nodes, self.powers):
            found.clear()
        self.seen = False

    def restart(self, first: Sequence[Rows]) -> None:
        """Begin again with other numbers in the first nodes, the leaves and the root."""
        for node, rows in itertools.zip_longest(self.made, first):
            func, args = node.call
            node.start(rows or [func(*values_of(args))])

    def leaf(self, rows: Rows) -> Lazy:
        """Return the node of a series that is known."""
        leaf = Lazy(self, rows, rows.__getitem__)
        if self.strict:
            leaf.degree = np.max([np.where(vanishing(row), 0, j) for j, row in enumerate(rows)], axis=0)
        return leaf

    def call(self, rule: Elementwise, args: Sequence[Any]) -> Any:
        """Return the node of an element-wise function, or its value where that is constant."""
        args = [a.known[0] if type(a) is Lazy and a.step is None else a for a in args]
        key = (rule.func, *map(key_of, args))
        if key not in self.nodes:
            outer = [a for a in args if type(a) is not Lazy and carries(a)]
            if any(a.level >= self.level for a in outer):
                raise Unlazy
            self.kept += outer
            self.nodes[key] = self._made(rule, args)
        return self.nodes[key]

    def _made(self, rule: Elementwise, args: Sequence[Any]) -> Any:
        ans = propagate.value(rule, values_of(args))
        if all(type(a) is not Lazy or d is ZERO for a, d in zip(args, rule.d, strict=True)):
            self.seen = True
            return ans
        shorter = SHORTER.get(rule.func)
        found = None if shorter is None else shorter(self, args, ans)
        return self.root(rule, args, ans) if found is None else found

    def root(self, rule: Elementwise, args: Sequence[Any], ans: Array) -> Lazy:
        """Return the node of a function whose value is known."""
        node = Lazy(self, [ans], None, [a for a in args if type(a) is Lazy])
        node.call = rule.func, args
        if self.strict:
            node.degree = _degree(rule, args)
        primitive = PRIMITIVE.get(rule.func)
        if primitive is None:
            node.step, node.pending = _never, lambda: trace(node, rule, args)
        else:
            node.step = primitive(node, *args)
        self.nodes[(rule.func, *map(key_of, args))] = node
        if rule.func in (np.power, operator.pow) and type(args[0]) is Lazy:
            self.powers[id(args[0])] = args[1], node
        return node


ENDLESS = 1 << 30


def _degree(rule: Elementwise, args: Sequence[Any]) -> Any:
    """Return the degree of a function of polynomials."""
    degrees = [a.degree if type(a) is Lazy else 0 for a in args]
    highest = functools.reduce(np.maximum, degrees)
    if rule.func is np.multiply or rule.func is np.square:
        return degrees[0] + degrees[-1]
    if rule.func is np.divide:
        nothing = (degrees[0] == 0) & (base(values_of(args)[0]) == 0)  # 0 / y is 0 whatever y does
        return np.where(nothing, 0, np.where(degrees[1] == 0, degrees[0], ENDLESS))
    flat = rule.select or all(isinstance(d, Const) for d in rule.d)
    return highest if flat else np.where(highest == 0, 0, ENDLESS)


def values_of(args: Sequence[Any]) -> list[Any]:
    """Return arguments with nodes replaced by their values."""
    return [a.known[0] if type(a) is Lazy else a for a in args]


def key_of(x: Any) -> Any:
    """Return what stands for an argument in the name of a node: its identity if it is a node, else its value."""
    if type(x) is ndarray:
        return x.shape, x.dtype, x.tobytes()
    if type(x) in (list, tuple):
        return tuple(map(key_of, x))
    if type(x) is slice:
        return slice, x.start, x.stop, x.step
    if carries(x):
        return id(x)
    return object() if x.__hash__ is None else (type(x), x or repr(x))  # -0.0 is not 0.0 here


# Steps by slopes. --------------------------------------------------------------------------------------------


def dot(x: "Lazy", a: Rows, y: "Lazy", k: int, low: int, high: int) -> Array:
    """Return Σ a[j]·y[k-j] for j from low to high, where a are the coefficients of x or its rates."""
    b, strict = y.known, x.graph.strict
    total: Any = None
    for j in range(low, high + 1):
        term = a[j] * b[k - j]
        if strict:
            term = np.where(x.silent(j) | y.silent(k - j), 0, term)
        if total is None:
            total = term
        elif type(total) is ndarray and total.shape == term.shape and total.dtype == term.dtype:
            total += term
        else:
            total = total + term
    return total


def _never(k: int) -> Array:
    raise AssertionError("the slopes of this node are not known")


def trace(node: Lazy, rule: Elementwise, args: Sequence[Any]) -> list[tuple[Any, Lazy]] | None:
    """
    Let the node step by its slopes: y' = Σ sᵢ·xᵢ', so k·yₖ = Σᵢ Σⱼ j·xᵢⱼ·sᵢ,ₖ₋ⱼ.

    Returns all slopes with their arguments if none of them is a series; they then scale whole blocks.
    """
    varying, fixed = _slopes_of(node, rule, args)
    if rule.select and varying:
        raise Unlazy
    node.pending = None
    node.slopes, node.step = [g for g, _ in varying], _integral(node, varying, fixed, select=rule.select)
    return None if varying else fixed


def _slopes_of(node: Lazy, rule: Elementwise, args: Sequence[Any]) -> tuple[list[tuple[Lazy, Lazy]], list[tuple[Any, Lazy]]]:
    """Return the partials by each argument with that argument: those that are series, and those that are not."""
    varying, fixed = [], []
    safe = propagate.arguments(node, args)
    for d, x in zip(rule.d, args, strict=True):
        if type(x) is Lazy and d is not ZERO:
            g: Any = d(node, *safe) if callable(d) else d
            if type(g) is not Lazy:
                fixed.append((g, x))
            elif g.step is None:
                fixed.append((g.known[0], x))
            else:
                varying.append((g, x))
    return varying, fixed


def _integral(node: Lazy, varying: list[tuple[Lazy, Lazy]], fixed: list[tuple[Any, Lazy]], *, select: bool) -> Step:
    dtype = node.dtype

    def step(k: int) -> Array:
        total: Any = None
        shape = node.known[0].shape
        for g, x in varying:
            term = dot(x, x.rated(k), g, k, 1, k)
            total = term if total is None else total + term
        total = None if total is None else total / k
        for g, x in fixed:
            term = scale(x.known[k], g, x.known[0].shape, shape, dtype, select=select)
            total = term if total is None else total + term
        return total

    return step
