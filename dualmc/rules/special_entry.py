"""How an entry for scipy.special is made: a table of its own, merged into the rules when SciPy is met."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .._typing import Array, Function
from .registry import RULES, dispatching
from .rule import Complex, Composed, Domain, Edge, Elementwise, Partial, Rule

SPECIAL: dict[Any, Rule] = {}


def entry(
    func: Function,
    *,
    d: Iterable[Partial],
    dd: Iterable[Partial],
    on: Iterable[Domain],
    edges: Iterable[Edge] = (),
    quiet: bool | Callable[..., bool] = False,
    on_complex: Complex = "holomorphic",
) -> None:
    """Enter an element-wise function of scipy.special."""
    SPECIAL[func] = Elementwise(func, tuple(d), tuple(dd), tuple(on), tuple(edges), False, quiet, on_complex)


def twin(func: Function, original: Function) -> None:
    """Enter a function of scipy.special that NumPy has under the same name."""
    rule = RULES[original]
    assert isinstance(rule, Elementwise)
    SPECIAL[func] = replace(rule, func=func)


def output(func: Function, i: int, name: str) -> Function:
    """Return output i of a function with several, as a function of its own that accepts Duals."""

    def one(*args: Array) -> Array:
        return func(*args)[i]

    one.__name__, one.__qualname__, one.__module__ = name, name, "scipy.special"
    return dispatching(one)


def outputs(
    func: Function,
    parts: Sequence[Function],
    slopes: Sequence[Sequence[Partial]],
    on: Sequence[Domain],
    *,
    parameter: tuple[str, Domain] | None = None,
    on_complex: Complex = "holomorphic",
) -> None:
    """Enter a function with several outputs, each part with its (d, dd); `parameter` is a first argument without derivative."""
    for part, (d, dd), domain in zip(parts, slopes, on, strict=True):
        partials = {"d": (d,), "dd": (dd,)} if parameter is None else last(func.__name__, [parameter[0]], d, dd)
        domains = (domain,) if parameter is None else (parameter[1], domain)
        one = part.__wrapped__  # type: ignore[attr-defined]
        SPECIAL[one] = Elementwise(part, partials["d"], partials["dd"], domains, (), False, True, on_complex)
    SPECIAL[func] = Composed(func, lambda *args: tuple(part(*args) for part in parts))


class _Asked:
    """An argument that answers with the ufunc that it is given to."""

    def __array_ufunc__(self, ufunc: Any, *args: Any, **kwargs: Any) -> Any:
        return ufunc


def ufunc_under(call: Callable[[Any], Any]) -> Any:
    """Return the ufunc that a Python function of scipy.special hands its argument to."""
    return call(_Asked())


def refused(func: str, argument: str) -> Partial:
    """Return the partial in a parameter whose derivative is not known here: it raises."""

    def partial(*args: Any) -> Array:
        raise TypeError(
            f"scipy.special.{func} has no derivative in its argument {argument!r} in dualmc; "
            f"pass it without a tangent, as dm.primal({argument})"
        )

    return partial


def last(func: str, parameters: Sequence[str], d: Partial, dd: Partial) -> dict[str, Any]:
    """Return d and dd of a function whose parameters come first and have no derivative, before one variable that has."""
    n = len(parameters)
    no = [refused(func, p) for p in parameters]
    return {"d": (*no, d), "dd": (*(p for i, p in enumerate(no) for _ in range(i, n + 1)), dd)}


def polynomial(coefficients: Sequence[float], x: Array) -> Array:
    """Return Σ coefficients[k]·x^k by Horner's scheme."""
    total: Any = coefficients[-1] + 0 * x
    for c in coefficients[-2::-1]:
        total = total * x + c
    return total


def by_size(x: Array, limit: float, near: Callable[[Array], Array], far: Callable[[Array], Array]) -> Array:
    """Return near(x) where |x| < limit, else far(x); neither sees the other's arguments."""
    small = np.abs(x) < limit
    return np.where(small, near(np.where(small, x, 0)), far(np.where(small, 1, x)))
