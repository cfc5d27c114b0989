"""Every message that more than one place raises; each names what was got and the way out."""

from typing import Any, NoReturn


def lost(what: str) -> TypeError:
    """Build the error for an operation that would drop a tangent."""
    return TypeError(
        f"{what} would lose the tangent of a Dual. "
        "For a buffer to write into use np.zeros(shape, like=x) or np.zeros_like(x); "
        "to build an array from Duals use np.stack([...]) or np.array([...], like=x); "
        "for a value without derivative use dm.primal(x)."
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
