"""`derivative_test`: a function, and its derivative written by hand, as a property-based test."""

import functools
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import hypothesis
import numpy as np
from hypothesis import strategies as st

from .. import reverse
from .._typing import Array, Function
from ..forward import jvp as dual_jvp
from ..rules.rule import REAL, Domain
from .checks import check_gradient, check_hessian, check_hvp, check_jacobian, check_jvp, check_vjp
from .report import Undecided
from .strategies import arrays_in

__tracebackhide__ = True  # pytest shows the message and the line of the user, not ours

OPTIONS = SimpleNamespace(examples=None)
"""What the command line of pytest says: --dualmc-examples."""

CHECKS: Mapping[str, Callable[..., Any]] = {
    "jvp": check_jvp,
    "vjp": check_vjp,
    "jacobian": check_jacobian,
    "gradient": check_gradient,
    "hessian": check_hessian,
    "hvp": check_hvp,
}


def derivative_test(
    domain: Domain | tuple[float, float] | st.SearchStrategy[Array] = REAL,
    shape: Any = 3,
    *,
    dtype: Any = np.float64,
    args: Sequence[Any] = (),
    examples: int | None = None,
    rtol: float | None = None,
    **derivatives: Function,
) -> Callable[[Function], Callable[[], None]]:
    """
    Turn a function into a test of its derivatives at points that Hypothesis draws.

    Parameters
    ----------
    domain : Domain, (low, high), or strategy of arrays
        Where the function is smooth.
    shape : int or tuple
        Shape of the points.
    dtype : dtype
        Precision of the points.
    args : tuple
        Further arguments of the function and its derivatives.
    examples : int, optional
        How many points; `--dualmc-examples` of pytest has the last word, and Hypothesis' settings the first.
    rtol : float, optional
        Error allowed relative to the largest entry; 1024 units of rounding when left out.
    **derivatives : callable
        Any of `jvp`, `vjp`, `jacobian`, `gradient`, `hessian`, `hvp`, as the checks of these names take them. Without any, the
        derivatives that dualmc makes of the function are tested, forward and in reverse.

    Returns
    -------
    callable
        A decorator. It gives a test without arguments; the function itself is its attribute `function`.

    Raises
    ------
    TypeError
        If there is no check for a name.

    Notes
    -----
    Points at which differences of the function do not settle are passed over. A failing point is shrunk, and the table of the
    check shows the last, simplest one.

    Examples
    --------
    >>> import numpy as np
    >>> @derivative_test((0.1, 4.0), shape=2, jacobian=lambda x: np.diag(1 / x))
    ... def test_log(x):
    ...     return np.log(x)
    >>> test_log()

    """
    unknown = set(derivatives) - set(CHECKS)
    if unknown:
        raise TypeError(f"derivative_test: there is no check for {', '.join(sorted(unknown))}; give any of {', '.join(CHECKS)}")
    xs = domain if isinstance(domain, st.SearchStrategy) else arrays_in(domain, shape, dtype)
    about = {"args": tuple(args), "rtol": rtol}

    def decorate(f: Function) -> Callable[[], None]:
        def holds(x: Array) -> None:
            try:
                for name, derivative in derivatives.items() or _own(f).items():
                    CHECKS[name](f, derivative, x, **about)
            except Undecided:
                hypothesis.reject()

        functools.update_wrapper(holds, f)
        del holds.__wrapped__  # type: ignore[attr-defined]
        holds.__annotations__ = {}

        def test() -> None:
            own = hypothesis.settings()
            count = OPTIONS.examples or examples or own.max_examples
            phases = [p for p in own.phases if p is not hypothesis.Phase.explain]  # the table explains
            hypothesis.settings(max_examples=count, deadline=None, phases=phases)(hypothesis.given(x=xs)(holds))()

        for name in ("__name__", "__qualname__", "__module__", "__doc__"):
            setattr(test, name, getattr(f, name, None))
        test.function = f  # type: ignore[attr-defined]
        return test

    return decorate


def _own(f: Function) -> dict[str, Function]:
    """Return the derivatives that dualmc makes of f."""

    def jvp(x: Array, v: Array, *args: Any) -> Array:
        return dual_jvp(lambda y: f(y, *args), (x,), (v,))[1]

    def vjp(x: Array, u: Array, *args: Any) -> Array:
        return reverse.vjp(lambda y: f(y, *args), x)[1](u)[0]

    return {"jvp": jvp, "vjp": vjp}
