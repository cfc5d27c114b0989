"""Numba's decorators for types, functions and code, with types; and a digest of what code is compiled from."""

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import extending

F = TypeVar("F", bound=Callable[..., Any])
Decorator = Callable[[F], F]
Declare = Callable[..., Callable[[F], F]]

intrinsic = cast("Decorator[Any]", extending.intrinsic)
literal_intrinsic = cast("Decorator[Any]", extending.intrinsic(prefer_literal=True))
register_jitable = cast("Decorator[Any]", extending.register_jitable)
overload = cast("Declare[Any]", functools.partial(extending.overload, strict=False))
"""Declare what a function is for some types; what is returned may call its arguments by other names."""

lower_builtin = cast("Declare[Any]", extending.lower_builtin)
lower_cast = cast("Declare[Any]", extending.lower_cast)
lower_getattr = cast("Declare[Any]", extending.lower_getattr)
box = cast("Declare[Any]", extending.box)
unbox = cast("Declare[Any]", extending.unbox)


def _digest() -> str:
    here = Path(__file__).parent
    files = [f for folder in (here, here.parent / "rules", here.parent / "kernels") for f in sorted(folder.glob("*.py"))]
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:16]


DIGEST = _digest()
"""Part of every type, so that compiled code which is kept on disk is used for nothing but the rules it was made from."""
