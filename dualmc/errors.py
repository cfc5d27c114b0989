"""Every message that more than one place raises; each names what was got and the way out."""

import inspect
from typing import Any, NoReturn

TWINS = frozenset({
    "comb", "factorial", "log_softmax", "logsumexp", "multigammaln", "polygamma", "softmax",
    "spherical_in", "spherical_jn", "spherical_kn", "spherical_yn",
})  # fmt: skip
"""Functions of scipy.special that convert their arguments, and that dualmc.special has for Duals."""


def _way_out() -> str:
    """Name what to call in place of the function in whose code a Dual is converted, if that is known."""
    frame = inspect.currentframe()
    while frame is not None:  # only on the way to an error
        module, name = frame.f_globals.get("__name__", ""), frame.f_code.co_name
        if module.startswith("scipy.special") and name == "wrapper":  # SciPy's decorator of the spherical Bessel functions
            name = getattr(frame.f_locals.get("fun"), "__name__", name)
        if module.startswith("scipy.special") and name in TWINS:
            return f"Use dualmc.special.{name}, which takes Duals. "
        if module.startswith("numpy.polynomial") and name[0] not in "<_":
            return (
                f"numpy.polynomial ({name}) takes no Dual here: use np.polyval, np.polyadd, np.polymul, np.polyder or np.polyint with the "
                "highest power first, or np.polynomial...vander(dm.primal(x), n) @ c for coefficients that are Duals. "
            )
        if module.startswith("numpy") and name == "_vectorize_call":
            return "Instead of np.vectorize call f on the whole array, or on each entry with np.stack([f(v) for v in x]). "
        if module.startswith("numpy") and name == "histogram":
            return "NumPy does not look at range=; use bins=np.linspace(low, high, n + 1) for edges that are Duals. "
        frame = frame.f_back
    return ""


def lost(what: str) -> TypeError:
    """Build the error for an operation that would drop a tangent."""
    return TypeError(
        f"{what} would lose the tangent of a Dual. {_way_out()}"
        "For a buffer to write into use np.zeros(shape, like=x) or np.zeros_like(x); "
        "to build an array from Duals use np.stack([...]) or np.array([...], like=x); "
        "for a value without derivative use dm.primal(x)."
    )


class NoTangentError(TypeError):
    """A function looks at a tangent where operations are only recorded."""


def freed() -> RuntimeError:
    """Build the error for a second use of what was recorded for one."""
    return RuntimeError(
        "this pullback has been called before and has freed what was recorded (reuse=False); "
        "for several cotangents call dm.reverse.vjp(f, ...) with reuse=True"
    )


def unknown(func: Any) -> TypeError:
    """Build the error for a function that no rule covers."""
    name = getattr(func, "__name__", repr(func))
    module = getattr(func, "__module__", None)
    full = f"{module}.{name}" if module and module != "builtins" else name
    return TypeError(
        f"dualmc has no rule for {full}. Add one with dm.defrule({full}, d=[...]) (see docs/contributing.md), "
        "or take dm.primal(x) where no derivative is needed."
    )


def not_supported(func: str, argument: str, got: Any, cure: str) -> NoReturn:
    """Raise for a keyword value that has no derivative rule."""
    raise TypeError(f"{func}: {argument}={got!r} is not supported for a Dual; {cure}")


def inner_value() -> TypeError:
    """Build the error for writing to an array of an outer transform."""
    return TypeError(
        "x[...] = y where y belongs to an inner transform and x to an outer one would lose y's tangent; "
        "make the buffer inside, as np.zeros_like(y) or np.zeros(shape, like=y)"
    )
