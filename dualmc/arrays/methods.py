"""The methods and attributes of ndarray that follow from NumPy functions, for every array that carries tangents."""

import operator
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy

from .._typing import Array, Shape
from ..errors import lost
from ..rules.selection import base

np: Any = numpy
"""NumPy's annotations do not know that its functions take what speaks its protocols."""


def _tuple(args: tuple[Any, ...]) -> Any:
    """Return what reshape and transpose take: one sequence, or the numbers themselves."""
    return args[0] if len(args) == 1 else args


class ArrayMethods:
    """ndarray's methods, each as the NumPy function of the same name."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]
    shape: Shape
    ndim: int

    # What the class of arrays itself provides.

    def __getitem__(self, key: Any) -> Any:
        raise NotImplementedError

    def __setitem__(self, key: Any, value: Any) -> None:
        raise NotImplementedError

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError

    def _updated(self, function: Any, other: Any) -> Any:
        raise NotImplementedError

    def _writable(self) -> bool:
        raise NotImplementedError

    # Attributes.

    @property
    def T(self) -> Array:
        """The array with its axes reversed."""
        return np.transpose(self)

    @property
    def mT(self) -> Array:
        """The array with its last two axes swapped."""
        return np.matrix_transpose(self)

    @property
    def real(self) -> Array:
        """The real part, a view."""
        return np.real(self)

    @property
    def imag(self) -> Array:
        """The imaginary part, a view for complex values."""
        return np.imag(self)

    @property
    def size(self) -> int:
        """The number of entries."""
        return int(base(self).size)

    @property
    def itemsize(self) -> int:
        """Bytes of one entry of the primal."""
        return int(base(self).itemsize)

    @property
    def nbytes(self) -> int:
        """Bytes of the primal."""
        return int(base(self).nbytes)

    @property
    def strides(self) -> Shape:
        """Strides of the primal."""
        return tuple(base(self).strides)

    @property
    def flags(self) -> Any:
        """Memory flags of the primal."""
        return base(self).flags

    @property
    def flat(self) -> Any:
        """An iterator over the entries; to write, index `x.ravel()` of a contiguous array."""
        return iter(np.ravel(self))

    # Shapes.

    def reshape(self, *shape: Any, order: Any = "C", copy: Any = None) -> Array:
        return np.reshape(self, _tuple(shape), order=order)

    def ravel(self, order: Any = "C") -> Array:
        return np.ravel(self, order=order)

    def flatten(self, order: Any = "C") -> Array:
        return np.copy(np.ravel(self, order=order))

    def transpose(self, *axes: Any) -> Array:
        return np.transpose(self, _tuple(axes) if axes else None)

    def swapaxes(self, axis1: int, axis2: int) -> Array:
        return np.swapaxes(self, axis1, axis2)

    def squeeze(self, axis: Any = None) -> Array:
        return np.squeeze(self, axis=axis)

    def repeat(self, repeats: Any, axis: Any = None) -> Array:
        return np.repeat(self, repeats, axis=axis)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
        return np.diagonal(self, offset, axis1, axis2)

    def copy(self, order: Any = "C") -> Array:
        return np.copy(self, order=order)

    def astype(self, dtype: Any, order: Any = "K", casting: Any = "unsafe", subok: bool = True, copy: bool = True) -> Array:
        if not copy and np.dtype(dtype) == base(self).dtype:
            return self
        if not np.can_cast(base(self).dtype, dtype, casting):
            raise TypeError(f"astype: cannot cast from {base(self).dtype} to {np.dtype(dtype)} with casting={casting!r}")
        return np.astype(self, dtype)

    # Reductions.

    def sum(self, axis: Any = None, dtype: Any = None, out: Any = None, **kwargs: Any) -> Array:
        return np.sum(self, axis=axis, dtype=dtype, out=out, **kwargs)

    def prod(self, axis: Any = None, dtype: Any = None, out: Any = None, **kwargs: Any) -> Array:
        return np.prod(self, axis=axis, dtype=dtype, out=out, **kwargs)

    def mean(self, axis: Any = None, dtype: Any = None, out: Any = None, **kwargs: Any) -> Array:
        return np.mean(self, axis=axis, dtype=dtype, out=out, **kwargs)

    def var(self, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, **kwargs: Any) -> Array:
        return np.var(self, axis=axis, dtype=dtype, out=out, ddof=ddof, **kwargs)

    def std(self, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, **kwargs: Any) -> Array:
        return np.std(self, axis=axis, dtype=dtype, out=out, ddof=ddof, **kwargs)

    def max(self, axis: Any = None, out: Any = None, **kwargs: Any) -> Array:
        return np.max(self, axis=axis, out=out, **kwargs)

    def min(self, axis: Any = None, out: Any = None, **kwargs: Any) -> Array:
        return np.min(self, axis=axis, out=out, **kwargs)

    def cumsum(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Array:
        return np.cumsum(self, axis=axis, dtype=dtype, out=out)

    def cumprod(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Array:
        return np.cumprod(self, axis=axis, dtype=dtype, out=out)

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Array:
        return np.trace(self, offset, axis1, axis2, dtype=dtype, out=out)

    def dot(self, b: Any, out: Any = None) -> Array:
        return np.dot(self, b, out=out)

    # Choice and order.

    def clip(self, min: Any = None, max: Any = None, out: Any = None) -> Array:
        return np.clip(self, min, max, out=out)

    def take(self, indices: Any, axis: Any = None, out: Any = None, mode: Any = "raise") -> Array:
        return np.take(self, indices, axis=axis, out=out, mode=mode)

    def compress(self, condition: Any, axis: Any = None, out: Any = None) -> Array:
        return np.compress(condition, self, axis=axis, out=out)

    def put(self, indices: Any, values: Any, mode: Any = "raise") -> None:
        np.put(self, indices, values, mode=mode)

    def partition(self, kth: Any, axis: int = -1, kind: Any = "introselect", order: Any = None) -> None:
        self[...] = np.partition(self, kth, axis=axis, kind=kind)

    def choose(self, choices: Any, out: Any = None, mode: Any = "raise") -> Array:
        return np.choose(base(self), choices, out=out, mode=mode)

    def sort(self, axis: int = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> None:
        self[...] = np.sort(self, axis=axis)

    def conj(self) -> Array:
        return np.conjugate(self)

    def conjugate(self) -> Array:
        return np.conjugate(self)

    def fill(self, value: Any) -> None:
        self[...] = value

    # Constants: they depend on the primal alone.

    def argmax(self, axis: Any = None, out: Any = None, *, keepdims: bool = False) -> Any:
        return base(self).argmax(axis=axis, out=out, keepdims=keepdims)

    def argmin(self, axis: Any = None, out: Any = None, *, keepdims: bool = False) -> Any:
        return base(self).argmin(axis=axis, out=out, keepdims=keepdims)

    def argsort(self, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
        return base(self).argsort(axis=axis, kind=kind, stable=stable)

    def argpartition(self, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None) -> Any:
        return base(self).argpartition(kth, axis=axis, kind=kind)

    def searchsorted(self, v: Any, side: Any = "left", sorter: Any = None) -> Any:
        return base(self).searchsorted(base(v), side=side, sorter=sorter)

    def nonzero(self) -> Any:
        return np.nonzero(base(self))

    def all(self, axis: Any = None, out: Any = None, **kwargs: Any) -> Any:
        return base(self).all(axis=axis, out=out, **kwargs)

    def any(self, axis: Any = None, out: Any = None, **kwargs: Any) -> Any:
        return base(self).any(axis=axis, out=out, **kwargs)

    def round(self, decimals: int = 0, out: Any = None) -> Any:
        return base(self).round(decimals, out=out)

    # Entries, and what Python asks of an array.

    def item(self, *args: Any) -> Array:
        """Return one entry as a 0-dimensional array with its tangent."""
        if not args:
            if self.size != 1:
                raise ValueError("can only convert an array of size 1 to a scalar")
            return np.reshape(self, ())
        index = _tuple(args)
        return self[index] if isinstance(index, tuple) else np.ravel(self)[index]

    def tolist(self) -> Any:
        """Return nested lists whose entries keep their tangents."""
        return self if self.ndim == 0 else [x.tolist() for x in self]

    def __len__(self) -> int:
        return len(base(self))

    def __bool__(self) -> bool:
        return bool(base(self))

    def __contains__(self, value: Any) -> bool:
        return base(value) in base(self)

    def __copy__(self) -> Array:
        return np.copy(self)

    def __deepcopy__(self, memo: Any) -> Array:
        return np.copy(self)

    def __format__(self, spec: str) -> str:
        return f"{base(self).item():{spec}}" if spec and self.ndim == 0 else repr(self)

    # Operators that follow from others. Comparisons see primals only.

    def __divmod__(self, other: Any) -> Any:
        return np.divmod(self, other)

    def __rdivmod__(self, other: Any) -> Any:
        return np.divmod(other, self)

    def __round__(self, ndigits: int = 0) -> Any:
        return base(self).round(ndigits)

    def __lt__(self, other: Any) -> Any:
        return base(self) < base(other)

    def __le__(self, other: Any) -> Any:
        return base(self) <= base(other)

    def __gt__(self, other: Any) -> Any:
        return base(self) > base(other)

    def __ge__(self, other: Any) -> Any:
        return base(self) >= base(other)

    def __eq__(self, other: object) -> Any:
        return base(self) == base(other)

    def __ne__(self, other: object) -> Any:
        return base(self) != base(other)

    # In place: written through to all views, as NumPy does; a NumPy scalar is replaced instead.

    def __iadd__(self, other: Any) -> Any:
        return self._updated(operator.add, other)

    def __isub__(self, other: Any) -> Any:
        return self._updated(operator.sub, other)

    def __imul__(self, other: Any) -> Any:
        return self._updated(operator.mul, other)

    def __itruediv__(self, other: Any) -> Any:
        return self._updated(operator.truediv, other)

    def __ipow__(self, other: Any) -> Any:
        return self._updated(operator.pow, other)

    def __ifloordiv__(self, other: Any) -> Any:
        return self._updated(operator.floordiv, other)

    def __imod__(self, other: Any) -> Any:
        return self._updated(operator.mod, other)

    def __imatmul__(self, other: Any) -> Any:
        return self._updated(operator.matmul, other)

    # What would lose the tangent.

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        raise lost("Conversion to a plain array (np.asarray, plain[i] = x, a function that does not know Duals)")

    def __float__(self) -> NoReturn:
        raise lost("float(x) (or a function of math)")

    def __int__(self) -> NoReturn:
        raise lost("int(x)")

    def __complex__(self) -> NoReturn:
        raise lost("complex(x)")

    def __index__(self) -> NoReturn:
        raise TypeError("a Dual cannot be an index; use dm.primal(x).astype(int)")

    def tobytes(self, order: Any = "C") -> NoReturn:
        raise lost("tobytes()")

    def tofile(self, fid: Any, sep: str = "", format: str = "%s") -> NoReturn:
        raise lost("tofile()")

    def view(self, *args: Any) -> Array:
        if args:
            raise lost("view() with another dtype or type")
        return self[...]
