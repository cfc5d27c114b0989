"""Places where Numba asks for its own types of numbers, which then have to let those with derivatives pass."""

import functools
import weakref
from typing import Any

import numpy as np
from numba.core import types
from numba.core.registry import cpu_target
from numba.core.typing import npydecl
from numba.core.typing.templates import AbstractTemplate, AttributeTemplate, infer_getattr
from numba.np import npyimpl

from .errors import Refusal
from .extending import lower_builtin, lower_getattr
from .types import LINE, Carrier, carries


def _taking_numbers(prepare: Any) -> Any:
    """Let a loop over arrays take a single number with derivatives."""

    @functools.wraps(prepare)
    def _prepare_argument(context: Any, builder: Any, value: Any, t: Any, where: str = "input operand") -> Any:
        if isinstance(t, Carrier):
            return npyimpl._ScalarHelper(context, builder, value, t)  # noqa: SLF001
        return prepare(context, builder, value, t, where)

    return _prepare_argument


def _giving_way(template: Any) -> None:
    """Have a rule of Numba decline numbers with derivatives, of which it takes for granted that they fit."""
    generic = template.generic

    @functools.wraps(generic)
    def given_way(self: Any, args: Any, kws: Any) -> Any:
        ours = getattr(self, "method_name", "sum") in _METHODS and any(map(carries, args))
        return None if ours else generic(self, args, kws)

    template.generic = given_way


npyimpl._prepare_argument = _taking_numbers(npyimpl._prepare_argument)  # noqa: SLF001
_giving_way(npydecl.NumpyRulesInplaceArrayOperator)
_giving_way(npydecl.Numpy_method_redirection)  # np.sum


def _in_lines(context: Any) -> None:
    """Have arrays of numbers with derivatives start with a line of the cache, as their blocks count on."""
    usual = context.get_preferred_array_alignment
    context.get_preferred_array_alignment = lambda t: LINE if isinstance(t, Carrier) else usual(t)


_in_lines(cpu_target.target_context)


# Arrays made of a list of numbers: Numba writes their dtype as np.<type>. --------------------------------------------------

_NUMPY = types.Module(np)
_KNOWN: dict[str, Carrier] = {}


@infer_getattr
class _Types(AttributeTemplate):  # type: ignore[misc]
    key = _NUMPY

    def generic_resolve(self, module: Any, name: str) -> Any:
        """Return the type of np.<type>."""
        return types.DType(_KNOWN[name]) if name in _KNOWN else None


def know(carrier: Carrier) -> None:
    """Tell Numba what np.<type> is."""
    name = str(carrier)
    if name not in _KNOWN:
        _KNOWN[name] = carrier
        context = cpu_target.target_context
        context.nonconst_module_attrs = (*context.nonconst_module_attrs, (_NUMPY, name))
        lower_getattr(_NUMPY, name)(lambda context, builder, t, value: context.get_dummy_value())


# Methods. Of several that are declared for arrays Numba takes the first one, whether it is for such entries or not. --------

_METHODS: dict[str, Any] = {}
"""Methods of arrays of numbers with derivatives, each a template; what they call are functions of NumPy."""


def method(name: str, function: Any) -> None:
    """Declare that a method of arrays of numbers with derivatives is a function of NumPy."""

    class Template(AbstractTemplate):  # type: ignore[misc]
        key = f"dualmc.{name}"

        def generic(self, args: Any, kws: Any) -> Any:
            found = self.context.resolve_function_type(function, (self.this, *args), kws)
            return None if found is None else found.as_method()

    @lower_builtin(Template.key, types.Array, types.VarArg(types.Any))
    def call(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        t = context.typing_context.resolve_value_type(function)
        implementation = context.get_function(t, t.get_call_type(context.typing_context, signature.args, {}))
        context.add_linking_libs(getattr(implementation, "libs", ()))
        return implementation(builder, args)

    _METHODS[name] = Template


REINTERPRETING = ("view",)
"""Methods that look at memory."""


@infer_getattr
class _Methods(AttributeTemplate):  # type: ignore[misc]
    key = types.Array

    def generic_resolve(self, array: Any, name: str) -> Any:
        """Return the method, or None to leave it to others."""
        if name in REINTERPRETING and carries(array):
            raise Refusal(f"x.{name} of an array with derivatives would show them as if they were values; leave it out")
        template = _METHODS.get(name) if carries(array) else None
        return None if template is None else types.BoundFunction(template, array)


def _is_ours(template: Any) -> bool:
    return str(getattr(template, "_overload_func", template).__module__).startswith(__package__)


def put_first() -> None:
    """Have what is declared here asked before Numba's own, which does not always decline other entries; the rest follows in its order."""
    context = cpu_target.typing_context
    context.refresh()
    context._attributes[types.Array].sort(key=lambda template: not isinstance(template, _Methods))  # noqa: SLF001
    for reference, t in list(context._globals.items()):  # noqa: SLF001
        if isinstance(t, types.Function) and any(map(_is_ours, t.templates)):
            function = reference() if isinstance(reference, weakref.ref) else reference
            context._remove_global(function)  # noqa: SLF001
            context._insert_global(function, types.Function(sorted(t.templates, key=lambda x: not _is_ours(x))))  # noqa: SLF001
