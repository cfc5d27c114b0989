"""What enters and leaves a transform: arguments become Duals of a fresh level, results are taken apart again."""

import functools
import importlib
import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Any, TypeVar

import numpy as np

from ._typing import Array, Function, Shape, Tree
from .arrays.creation import carries
from .arrays.dual import Carrier
from .tangents.dense import lift, settle
from .trees import LEAF, Structure, flatten, row

T = TypeVar("T")

_LEVELS = itertools.count(4, 2)


def fresh_level() -> int:
    """Return a level that no Dual has yet, nor the one below it, where a HyperDual unfolds; safe between threads."""
    return next(_LEVELS)


def entering(x: Any, where: str) -> Array:
    """Return x as a floating or complex array that the function may write to, or raise and name the argument."""
    if carries(x):
        return np.copy(x) if x.ndim else x
    if isinstance(x, (np.ndarray, np.generic, int, float, complex)):
        a = np.asarray(x)
        if a.dtype.kind in "fc":
            return a.copy("K") if isinstance(x, np.ndarray) else a[()]
        if a.dtype.kind in "biu":
            return a.astype(np.float64)[()] if not isinstance(x, np.ndarray) else a.astype(np.float64)
    if x is None or isinstance(x, (str, bytes)) or not isinstance(x, np.ndarray):
        raise TypeError(f"{where} must be a number, an array, or tuples, lists and dicts of them; got {type(x).__name__} {x!r:.60}")
    raise TypeError(f"{where} must be an array of numbers; got dtype {x.dtype}")


def all_entering(leaves: Sequence[Any], names: Callable[[], Iterator[str]]) -> list[Array]:
    """Return `entering` of each leaf; the names are only found where one is not a floating array."""
    entered: list[Array] = []
    for x in leaves:
        if type(x) is not np.ndarray or x.dtype.kind not in "fc":
            return [entering(x, n) for x, n in zip(leaves, names(), strict=True)]
        entered.append(x.copy("K"))
    return entered


def leaving(y: Any, where: str, level: int) -> tuple[Array, Array | None]:
    """Return primal and tangent (None for zero) of a result, or raise and say what came out."""
    if carries(y):
        if isinstance(y, Carrier) and y.level == level:
            return y.primal, y.tangent
        if y.level > level:
            raise TypeError(f"{where} is a {type(y).__name__} of an inner transform that has ended; return its result instead")
        return y, None
    if isinstance(y, (np.ndarray, np.generic, int, float, complex)) and np.asarray(y).dtype.kind in "biufc":
        return y if isinstance(y, np.ndarray) else np.asarray(y)[()], None
    hint = "; use np.stack or np.array(..., like=x) to build arrays from Duals" if isinstance(y, np.ndarray) else ""
    raise TypeError(f"{where} must be a number, an array, or tuples, lists and dicts of them; got {type(y).__name__} {y!r:.60}{hint}")


def function_name(f: Function) -> str:
    return getattr(f, "__name__", type(f).__name__)


def outputs(f: Function, result: Tree, level: int, has_aux: bool) -> tuple[list[Array], list[Array | None], Structure, Any]:
    """Return primals, tangents, structure and auxiliary data of what f returned."""
    if not has_aux and isinstance(result, Carrier) and result.level == level:
        return [result.primal], [result.tangent], LEAF, None
    aux = None
    if has_aux:
        if not isinstance(result, tuple) or len(result) != 2:
            raise TypeError(f"has_aux=True: {function_name(f)} must return (output, aux), got {type(result).__name__}")
        result, aux = result
        leaves, structure = flatten(aux)
        aux = structure.unflatten(iter([_plain(a, level) for a in leaves]))
    leaves, structure = flatten(result)
    values: list[Array] = []
    tangents: list[Array | None] = []
    names: list[str] = []
    for i, y in enumerate(leaves):
        if isinstance(y, Carrier) and y.level == level:
            p, t = y.primal, y.tangent
        else:
            names = names or list(structure.paths(f"the result of {function_name(f)}"))
            p, t = leaving(y, names[i], level)
        values.append(p)
        tangents.append(t)
    return values, tangents, structure, aux


def _plain(a: Any, level: int) -> Any:
    return a.primal if isinstance(a, Carrier) and a.level == level else a


def zero_tangent(value: Array) -> Array:
    """Return the zero tangent of a value that does not depend on the inputs."""
    return np.zeros(value.shape, value.dtype if value.dtype.kind in "fc" else np.float64)[()]


def settled(t: Array, p: Array) -> Array:
    """Return a seed that can hold what its primal holds and lies in memory as it does."""
    return lift(t, p) if carries(p) else settle(t, p)


def argument_numbers(name: str, argnums: Any, n: int, option: str = "argnums") -> tuple[int, ...]:
    """Return the numbers that argnums names among n positional arguments, counted from the front."""
    if type(argnums) is int and 0 <= argnums < n:
        return (argnums,)
    if type(argnums) is tuple and len(argnums) == 1 and type(argnums[0]) is int and 0 <= argnums[0] < n:
        return argnums
    single = isinstance(argnums, (int, np.integer)) and not isinstance(argnums, bool)
    numbers = (argnums,) if single else argnums
    if not isinstance(numbers, (tuple, list)) or not all(isinstance(i, (int, np.integer)) for i in numbers) or not numbers:
        raise TypeError(f"{name}: {option} must be an int or a tuple of ints, got {argnums!r}")
    if not all(-n <= i < n for i in numbers):
        raise ValueError(f"{name}: {option}={argnums!r} does not fit a call with {n} positional arguments")
    normal = tuple(int(i) % n for i in numbers)
    if len(set(normal)) != len(normal):
        raise ValueError(f"{name}: {option}={argnums!r} names an argument twice")
    return normal


def short_ways(f: Function) -> Any:
    """Return the module with short ways for a function that Numba compiled (dualmc.njit.quick); None for any other."""
    kind: type = type(f)
    return _short_ways(kind)


@functools.lru_cache(64)
def _short_ways(t: Any) -> Any:
    """Return the module for functions of a type. A type of Numba's is only there when Numba is."""
    numba = sys.modules.get("numba.core.dispatcher")
    if numba is None or not issubclass(t, numba.Dispatcher):
        return None
    return importlib.import_module("dualmc.njit.quick")


class Call:
    """
    One call of a transformed function: which arguments are differentiated, and how to put them back.

    With `batch` axes of independent points, `points` is their shape, and `shapes` are those of one point's inputs. `size` counts the
    numbers of all inputs; these are plain if they are real and carry no tangents.
    """

    __slots__ = ("args", "f", "is_plain", "kwargs", "leaves", "name", "numbers", "points", "shapes", "single", "size", "structure")

    numbers: tuple[int, ...]
    points: Shape
    shapes: list[Shape]

    def __init__(
        self, name: str, f: Function, argnums: int | Sequence[int], args: tuple[Any, ...], kwargs: dict[str, Any], batch: int = 0
    ) -> None:
        self.name, self.f, self.args, self.kwargs = name, f, args, kwargs
        if type(argnums) is int and 0 <= argnums < len(args) and not batch:
            x = args[argnums]
            if type(x) is np.ndarray and x.dtype.kind == "f":  # as nearly always; a test compares it with what is below
                self.single, self.numbers, self.structure = True, (argnums,), row(1)
                self.leaves, self.points, self.shapes, self.size, self.is_plain = [x.copy("K")], (), [x.shape], x.size, True
                return
        self.single = isinstance(argnums, (int, np.integer)) and not isinstance(argnums, bool)
        self.numbers = argument_numbers(name, argnums, len(args))
        leaves, self.structure = flatten(tuple([args[i] for i in self.numbers]))
        self.leaves = all_entering(leaves, lambda: (f"{name}: {self._spelled(p)}" for p in self.structure.paths("")))
        self.points = self._points(batch)
        self.shapes = []
        self.size, self.is_plain = 0, True
        for x in self.leaves:
            self.shapes.append(x.shape[batch:] if batch else x.shape)
            self.size += int(x.size)
            if x.dtype.kind == "c" or carries(x):
                self.is_plain = False

    def _points(self, batch: int) -> Shape:
        if type(batch) is int and not batch:
            return ()
        if isinstance(batch, bool) or not isinstance(batch, (int, np.integer)) or batch < 0:
            raise ValueError(f"{self.name}: batch must be the number of leading axes that count points, got {batch!r}")
        found = {x.shape[:batch] for x in self.leaves}
        if any(len(points) < batch for points in found) or len(found) > 1:
            shapes = [x.shape for x in self.leaves]
            raise ValueError(f"{self.name}: with batch={batch} all inputs must have the same {batch} leading axes; got shapes {shapes}")
        return next(iter(found), ())

    def check_points(self, values: Sequence[Array]) -> None:
        """Raise unless each output has one entry for each point in front."""
        n = len(self.points)
        for y in values:
            if np.shape(y)[:n] != self.points:
                raise ValueError(
                    f"{self.name}: with batch={n} each output of {function_name(self.f)} must start with the axes of the points, "
                    f"{self.points}; got shape {np.shape(y)}"
                )

    def _spelled(self, path: str) -> str:
        """Turn the path [0]['a'] into argument 2['a']."""
        first, _, rest = path[1:].partition("]")
        return f"argument {self.numbers[int(first)]}{rest}"

    def bound(self, leaves: Iterator[Any]) -> list[Any]:
        args = list(self.args)
        for i, x in zip(self.numbers, self.structure.unflatten(leaves), strict=True):
            args[i] = x
        return args

    def run(self, leaves: Iterator[Any]) -> Any:
        """Return what f returns with these leaves in place of the differentiated ones."""
        return self.f(*self.bound(leaves), **self.kwargs)

    def like_inputs(self, leaves: Iterator[Any]) -> Tree:
        """Return leaves in the structure of the differentiated arguments; a tuple of them for several argnums."""
        tree = self.structure.unflatten(leaves)
        return tree[0] if self.single else tree


_KIND = attrgetter("shape", "dtype")
MOST_SHAPES = 64
"""For how many sets of input shapes a transform keeps what evaluations share."""


def shared(known: dict[Any, T], call: Call, make: Callable[[], T]) -> T:
    """Return what all evaluations at inputs of the shapes and dtypes of this call share."""
    key = tuple(map(_KIND, call.leaves))
    found = known.get(key)
    if found is None:
        if len(known) >= MOST_SHAPES:
            known.clear()
        found = known.setdefault(key, make())
    return found
