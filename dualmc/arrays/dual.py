"""Carrier, what arrays with derivatives share, and Dual: a primal, a tangent, a level. The calculus is in propagate."""

import functools
import operator
from collections.abc import Callable, Iterator, Sequence
from math import inf
from typing import Any, ClassVar, Self

import numpy as np
from numpy import empty, ndarray

from .. import large, propagate
from .._typing import Array, Shape, Tangent
from ..errors import inner_value
from ..kernels import switch as _switch
from ..linear_op import LinearOp
from ..partial import MINUS_ONE, ONE
from ..rules.indexing import getitem_op
from ..rules.registry import RULES
from ..rules.rule import Elementwise, Linear, Multilinear
from ..tangents import space_of
from ..tangents.dense import has_nan, lift, settle, vanishing
from .arithmetic import ABSOLUTE, ADD, DIVIDE, FLOOR_DIVIDE, MATMUL, MULTIPLY, NEGATIVE, POSITIVE, POW, REMAINDER, SUBTRACT
from .creation import as_array, base_of, carries, checked_parts, foremost, leaves_alone, replace_part
from .methods import ArrayMethods
from .protocol import NumPyProtocol, out_position

_ALL = slice(None)
RAW = frozenset({ndarray, np.float64, np.float32, np.complex128, np.complex64})
_SCALARS = RAW - {ndarray}
"""Types of primals that nobody can write to."""

rule_of = RULES.get
_unary_kernel, _both_kernel, _side_kernels = large.unary_kernel, large.both_kernel, large.side_kernels
_LEAST, _BLOCK, _SHORT, _kernel_of = large.LEAST_ONE_SIDED, large.BLOCK, large.SHORT, _switch.unary.get
_DOUBLE, _new = np.dtype(np.float64), object.__new__
_IN_PLACE: dict[Any, Any] = {operator.add: ADD, operator.sub: SUBTRACT, operator.mul: MULTIPLY, operator.truediv: DIVIDE}


class Carrier(NumPyProtocol, ArrayMethods):
    """
    What every array that carries derivatives is: a primal, a tangent of some space, a level.

    Operators, indexing and writing stand here once; `chain` is the module of the chain rule that a class follows.
    """

    __slots__ = ("_primal", "level", "tangent")
    __array_priority__ = 1000.0

    _primal: Array
    tangent: Tangent
    level: int
    chain: ClassVar[Any]

    def _like(self, primal: Array, tangent: Tangent) -> Self:
        """Return an array of this class and level."""
        raise NotImplementedError

    def _settled(self, ans: Array) -> Self:
        """Return the same with all parts laid out in memory as the plain array ans is."""
        return self._like(settle(self._primal, ans), space_of(self.tangent).settle(self.tangent, ans))

    def _parts(self) -> tuple[Array, ...]:
        """Return the primal and whatever arrays the tangent consists of."""
        raise NotImplementedError

    @property
    def primal(self) -> Array:
        """The value, which the user may write to from now on without the tangent taking part."""
        if type(self._primal) not in _SCALARS:
            propagate.writing(self.tangent, public=True)
        return self._primal

    @property
    def shape(self) -> Shape:  # type: ignore[override]
        """The shape of the primal."""
        return self._primal.shape  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:  # type: ignore[override]
        """The number of axes of the primal."""
        return self._primal.ndim  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the primal, and of the tangent."""
        return self._primal.dtype  # type: ignore[no-any-return]

    def _shown(self, **parts: Any) -> str:
        """Return the text that names the parts."""
        name = type(self).__name__
        texts = [f"{k}={v!r}" for k, v in parts.items()]
        long = any("\n" in p for p in texts)
        indent = " " * (len(name) + 1)
        indented = [p.replace("\n", "\n" + indent + " " * (p.index("=") + 1)) for p in texts]
        return f"{name}(" + (f",\n{indent}" if long else ", ").join(indented) + ")"

    # What the chain rule asks of a nested dual.

    def _push_linear(self, op: LinearOp) -> Self:
        """Apply a map of trailing axes to primal and tangent."""
        extra = self.shape[: self.ndim - len(op.shape_in)]
        ans = op(self._primal)
        return self._like(ans, propagate.linear_op(op.batched(extra) if extra else op, self._primal, ans, self.tangent))

    def _vanishing(self) -> Array:
        """Return where the value and all its tangents are zero."""
        found = [vanishing(part) for part in self._parts()]
        return functools.reduce(operator.and_, (v.all(axis=tuple(range(v.ndim - self.ndim))) for v in found))

    def _constant(self, value: Array) -> Self:
        """Return value as an array like this one, with a zero tangent."""
        space = space_of(self.tangent)
        zero = space.zeros(self.tangent, self.ndim, value.shape, value.dtype)
        return self._like(lift(value, self._primal), space.settle(zero, value))

    def _updated(self, function: Any, other: Any) -> Any:
        """Write function(self, other) into this array; a NumPy scalar is replaced instead."""
        if not self._writable():
            return function(self, other)
        p, t, q, u = self._primal, self.tangent, other, None
        if type(other) is type(self) and other.level == self.level:
            q, u = other._primal, other.tangent
        if not (type(t) is ndarray and t.size >= _switch.least and large.updated(_IN_PLACE.get(function), (p, q), (t, u))):
            self[...] = function(self, other)
        return self

    def _writable(self) -> bool:
        """Whether there is an array to write into, not a NumPy scalar."""
        return isinstance(base_of(self), ndarray)

    # NumPy's protocols.

    @staticmethod
    def _evaluate(rule: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        return WAYS[type(rule)](rule, args, kwargs)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if not kwargs and method == "__call__":
            kernel = _kernel_of(ufunc)
            if kernel is not None:
                p, t = self._primal, self.tangent
                if type(p) is ndarray and type(t) is ndarray and p.dtype is _DOUBLE and t.ndim == p.ndim == 1 and (n := len(p)) <= _SHORT:
                    _, vector, push = kernel
                    if push is not None:
                        ans = ufunc(p)
                        return Dual(ans, push(ans, p, t), self.level)
                    if p.flags.carray:
                        ans, out = empty(n), empty(n)
                        try:
                            if vector(p, t, ans, out):
                                made = _new(Dual)
                                made._primal, made.tangent, made.level = ans, out, self.level
                                return made
                        except TypeError:  # a tangent that does not lie in memory in order
                            pass
            rule = rule_of(ufunc)
            if type(rule) is Elementwise and len(inputs) < 3:
                return _unary(rule, self) if len(inputs) == 1 else _binary(rule, inputs[0], inputs[1])
            if type(rule) is Multilinear and len(inputs) == 2:
                return product(rule, *inputs)
        return NumPyProtocol.__array_ufunc__(self, ufunc, method, *inputs, **kwargs)

    def __array_function__(self, func: Any, types: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        if args and args[0] is self and kwargs.get("out") is None:
            rule = rule_of(func)
            if type(rule) is Linear and len(args) <= out_position(func) and foremost(args[1:]) is foremost(kwargs.values()) is None:
                return self._like(*self.chain.linear(rule, self._primal, self.tangent, args[1:], kwargs))
        return NumPyProtocol.__array_function__(self, func, types, args, kwargs)

    # Indexing: basic keys give views that share primal and tangent with this array.

    def __getitem__(self, key: Any) -> Self:
        if carries(key) or (isinstance(key, tuple) and any(map(carries, key))):
            raise TypeError("a Dual cannot be an index; use dm.primal(x).astype(int)")
        key = propagate.private_key(key, self.tangent)
        ans = self._primal[key]
        return self._like(ans, propagate.linear_op(getitem_op(self.shape, key), self._primal, ans, self.tangent))

    def __setitem__(self, key: Any, value: Any) -> None:
        """Write any value at any key in any space."""
        key = propagate.private_key(key, self.tangent)
        if not self._writable():
            raise TypeError("this Dual is a NumPy scalar, which cannot be written to; start from np.array(x, like=x)")
        if carries(value) and value.level > self.level:
            raise inner_value()
        op, value = getitem_op(self.shape, key), as_array(value)
        while value.ndim > len(op.shape_out) and value.shape[0] == 1:
            value = value[0]
        v, tv = (value._primal, value.tangent) if self._same(value) else (value, None)
        for part in (v,) if tv is None else value._parts():
            if carries(part):
                self._lift(part)
        propagate.writing(self.tangent)
        self._primal[key] = v
        if tv is not None:
            tv = propagate.broadcasted(tv, v.shape, op.shape_out, self.dtype)
        space_of(self.tangent).assign(self.tangent, op, tv)

    def _same(self, other: Any) -> bool:
        """Whether other belongs to the same transform call."""
        return type(other) is type(self) and other.level == self.level

    def _lift(self, like: Array) -> None:
        """Make this array able to hold duals of a lower level, if nothing else looks into its memory."""
        for name, lifted in (("_primal", lift(self._primal, like)), ("tangent", space_of(self.tangent).lift(self.tangent, like))):
            if lifted is not getattr(self, name):
                replace_part(self, name, lifted)

    def __iter__(self) -> Iterator[Self]:
        if not self.shape:
            raise TypeError("iteration over a 0-d Dual")
        return (self[i] for i in range(self.shape[0]))

    # Operators. Each is the rule of the ufunc that ndarray uses for it.

    def __add__(self, other: Any) -> Any:
        return _binary(ADD, self, other)

    def __radd__(self, other: Any) -> Any:
        return _binary(ADD, other, self)

    def __sub__(self, other: Any) -> Any:
        return _binary(SUBTRACT, self, other)

    def __rsub__(self, other: Any) -> Any:
        return _binary(SUBTRACT, other, self)

    def __mul__(self, other: Any) -> Any:
        return _binary(MULTIPLY, self, other)

    def __rmul__(self, other: Any) -> Any:
        return _binary(MULTIPLY, other, self)

    def __truediv__(self, other: Any) -> Any:
        return _binary(DIVIDE, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _binary(DIVIDE, other, self)

    def __pow__(self, other: Any) -> Any:
        if type(other) in (int, float) and other == 2:
            return self.__array_ufunc__(np.square, "__call__", self)  # as ndarray does
        return _binary(POW, self, other)

    def __rpow__(self, other: Any) -> Any:
        return _binary(POW, other, self)

    def __floordiv__(self, other: Any) -> Any:
        return _binary(FLOOR_DIVIDE, self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return _binary(FLOOR_DIVIDE, other, self)

    def __mod__(self, other: Any) -> Any:
        return _binary(REMAINDER, self, other)

    def __rmod__(self, other: Any) -> Any:
        return _binary(REMAINDER, other, self)

    def __matmul__(self, other: Any) -> Any:
        return product(MATMUL, self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return product(MATMUL, other, self)

    def __neg__(self) -> Any:
        return _unary(NEGATIVE, self)

    def __pos__(self) -> Any:
        return _unary(POSITIVE, self)

    def __abs__(self) -> Any:
        return _unary(ABSOLUTE, self)


class Dual(Carrier):
    """
    An array that carries a tangent through NumPy.

    Parameters
    ----------
    primal : array_like
        The value, of any shape, real or complex; integers become float64.
    tangent : array_like
        Its derivative along one direction (the same shape) or along several (shape `(*directions, *primal.shape)`).
    level : int, optional
        Which transform the tangent belongs to; left out for Duals made by hand, which all share level 0.

    Attributes
    ----------
    primal, tangent, level
        As given. A primal or tangent may be a Dual of a lower level: that is how derivatives nest.

    Raises
    ------
    ValueError
        If the trailing axes of the tangent are not the shape of the primal.
    TypeError
        If primal or tangent are not numbers, or the tangent of a real primal is complex.

    Notes
    -----
    d(f(x)) = f(x) + f'(x)·ẋ·ε with ε² = 0: every NumPy function carries the tangent along by its local Jacobian
    (Parr & Howard, section 4.5).

    Examples
    --------
    >>> import numpy as np, dualmc as dm
    >>> x = dm.Dual([1.0, 2.0], [1.0, 0.0])
    >>> x * x + 1
    Dual(primal=array([2., 5.]), tangent=array([2., 0.]))

    """

    __slots__ = ()
    chain: ClassVar[Any] = propagate

    def __init__(self, primal: Array, tangent: Tangent, level: int | None = None) -> None:
        if level is None:
            primal, tangent, level = *checked_parts(primal, tangent), 0
        self._primal, self.tangent, self.level = primal, tangent, level

    def __repr__(self) -> str:
        """Show primal and tangent."""
        return self._shown(primal=self._primal, tangent=self.tangent)

    def _like(self, primal: Array, tangent: Tangent) -> "Dual":
        return Dual(primal, tangent, self.level)

    def _parts(self) -> tuple[Array, ...]:
        return self._primal, self.tangent

    # The short ways of indexing: raw arrays, and keys that need no map.

    def __getitem__(self, key: Any) -> "Dual":
        p, t = self._primal, self.tangent
        if type(t) is ndarray and type(p) is ndarray:
            k = t.ndim - p.ndim
            if not k:
                return Dual(p[key], t[key], self.level)
            if type(key) is int:
                q = p[key]
                u = t[(_ALL,) * k + (key,)]
                return Dual(q, u if type(q) is ndarray else u.copy(), self.level)  # a NumPy scalar is a copy
            if type(key) is slice:
                return Dual(p[key], t[(_ALL,) * k + (key,)], self.level)
        return Carrier.__getitem__(self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        p, t = self._primal, self.tangent
        if type(t) is ndarray and type(p) is ndarray and t.ndim == p.ndim:
            if type(value) is Dual and value.level == self.level and type(value._primal) in RAW and type(value.tangent) in RAW:
                p[key] = value._primal
                t[key] = value.tangent
                return
            if type(value) is float or type(value) is int:
                p[key] = value
                t[key] = 0.0
                return
        del p, t  # so that _lift can tell whether anything else sees them
        Carrier.__setitem__(self, key, value)


# Short ways: what they leave goes to the general way of the rule's kind, in operations.py. ---------------------------


Way = Callable[[Any, Sequence[Any], dict[str, Any]], Any]
WAYS: dict[type, Way] = {}
"""The general way of each rule kind; operations.py fills it."""


def _unary(rule: Any, a: Carrier) -> Any:
    """Take the short way: one raw array, one product. The general way is `operations._elementwise`; they agree by a test."""
    d, u = rule.slope, a.tangent
    kernel = _unary_kernel(rule, False)
    if kernel:
        made = large.unary(kernel, a._primal, u, Dual, a.level)
        if made is not None:
            return made
    if type(u) is ndarray and u.size >= (_BLOCK if kernel is None else _switch.least):
        pair = large.elementwise(rule, (a._primal,), (u,))
        if pair is not None:
            return Dual(pair[0], pair[1], a.level)
    if d is not None:
        if type(u) in RAW:
            p = a._primal
            ans = rule.func(p)
            g = d(ans, p)
            t = -u if rule.d[0] is MINUS_ONE else u * g
            if (type(g) is float and abs(g) < inf) or not has_nan(t):
                return Dual(ans, t, a.level)
    elif rule.quiet_slope is not None and type(u) in RAW:
        p = a._primal
        ans = rule.func(p)
        with np.errstate(all="ignore"):
            t = u * rule.quiet_slope(ans, p)
        if t.dtype == ans.dtype and not has_nan(t):
            return Dual(ans, t, a.level)
    return WAYS[Elementwise](rule, (a,), {})


def _binary(rule: Any, a: Any, b: Any) -> Any:
    """Take the short way for raw arrays of one shape and level, and for one beside a constant; bench/bench_overhead.py shows its use."""
    if type(a) is Dual:
        if type(b) is Dual:
            kernel, level = _both_kernel(rule, False), a.level
            if kernel and level == b.level:
                made = large.both(kernel, rule.func, a._primal, b._primal, a.tangent, b.tangent, Dual, level)
                if made is not None:
                    return made
            u, v = a.tangent, b.tangent
            if rule.short and level == b.level and (type(u) is type(v) is ndarray or (type(u) in RAW and type(v) in RAW)):
                p, q = a._primal, b._primal
                if type(u) is ndarray and u.size >= (_BLOCK if kernel is None else _switch.least):
                    pair = large.elementwise(rule, (p, q), (u, v))
                    if pair is not None:
                        return Dual(pair[0], pair[1], level)
                if type(p) is type(q) in RAW and p.shape == q.shape and rule.quiet is False:
                    ans = rule.func(p, q)
                    d0, d1 = rule.d
                    if d0 is ONE:
                        if d1 is ONE:
                            return Dual(ans, u + v, level)
                        t = u - v if d1 is MINUS_ONE else u + v * d1(ans, p, q)
                    else:
                        t = u * d0(ans, p, q)
                        t += v * d1(ans, p, q)
                    if not has_nan(t):
                        return Dual(ans, t, level)
        elif rule.short and type(a.tangent) in RAW and leaves_alone(b, a._primal):
            return _one_sided(rule, a._primal, b, 0, a)
    elif rule.short and type(b) is Dual and type(b.tangent) in RAW and leaves_alone(a, b._primal):
        return _one_sided(rule, a, b._primal, 1, b)
    return WAYS[Elementwise](rule, (a, b), {})


def product(rule: Any, a: Any, b: Any) -> Any:
    """Take the short way for two raw arrays of numbers."""
    p, u, level = (a._primal, a.tangent, a.level) if isinstance(a, Dual) else (a, None, None)
    q, v, other = (b._primal, b.tangent, b.level) if isinstance(b, Dual) else (b, None, level)
    if type(p) is type(q) is ndarray and (level is None or level == other) and p.dtype.kind in "fc" and q.dtype.kind in "fc":
        return (b if level is None else a)._like(*propagate.multilinear(rule, (p, q), (u, v), tuple, {}))
    return WAYS[Multilinear](rule, (a, b), {})


def _one_sided(rule: Elementwise, p: Array, q: Array, i: int, x: Dual) -> Any:
    """Do the short way with one constant operand."""
    u = x.tangent
    kernel = _side_kernels[i](rule, False)
    if kernel and type(u) is ndarray and (u.size >= _LEAST or type(p if i else q) is ndarray):
        made = large.one_sided(kernel, rule.func, p, q, u, i, Dual, x.level)
        if made is not None:
            return made
    if type(u) is ndarray and u.size >= (_LEAST if kernel else _BLOCK if kernel is None else _switch.least):
        pair = large.elementwise(rule, (p, q), (None, u) if i else (u, None))
        if pair is not None:
            return Dual(pair[0], pair[1], x.level)
    quiet: Any = rule.quiet
    if quiet is False or not quiet(p, q):
        ans, d = rule.func(p, q), rule.d[i]
        if d is ONE or d is MINUS_ONE:
            return Dual(ans, u.copy("K") if d is ONE else -u, x.level)
        g = d(ans, p, q)  # type: ignore[operator]
        t = u * g
        if (isinstance(g, (float, int)) and abs(g) < inf) or not has_nan(t):
            return Dual(ans, t, x.level)
    return WAYS[Elementwise](rule, (p, x) if i else (x, q), {})
