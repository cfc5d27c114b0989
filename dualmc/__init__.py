"""
dualmc: exact derivatives of NumPy code by dual numbers.

`Dual` arrays carry tangents through NumPy, so that derivatives come from forward passes. The transforms `jvp`,
`linearize`, `derivative`, `gradient` and `jacobian` differentiate functions as they are; `defrule` teaches a new
function. The theory is the matrix calculus of Parr & Howard, *The Matrix Calculus You Need For Deep Learning*
(arXiv:1802.01528).
"""

import importlib
from typing import TYPE_CHECKING, Any

from .access import primal as primal
from .access import tangent as tangent
from .arrays.dual import Dual as Dual
from .arrays.hyperdual import HyperDual as HyperDual
from .forward import jvp as jvp
from .forward import linearize as linearize
from .jacobians import derivative as derivative
from .jacobians import gradient as gradient
from .jacobians import jacobian as jacobian
from .jacobians import value_and_derivative as value_and_derivative
from .jacobians import value_and_gradient as value_and_gradient
from .jacobians import value_and_jacobian as value_and_jacobian
from .linear_op import LinearOp as LinearOp
from .partial import MINUS_ONE as MINUS_ONE
from .partial import ONE as ONE
from .partial import ZERO as ZERO
from .rules.registry import defrule as defrule
from .settings import config as config

if TYPE_CHECKING:  # these are loaded when they are first asked for: bench/bench_import.py shows why
    from . import reverse as reverse
    from .comparison import compare as compare
    from .expansion import taylor as taylor
    from .operators import jacobian_operator as jacobian_operator
    from .second import hessian as hessian
    from .second import hessian_diagonal as hessian_diagonal
    from .second import hvp as hvp
    from .second import laplacian as laplacian
    from .second import second_derivative as second_derivative
    from .second import value_gradient_and_hessian as value_gradient_and_hessian
    from .second import vhv as vhv
    from .sparse.coloring import coloring as coloring
    from .sparse.hessian import sparse_hessian as sparse_hessian
    from .sparse.jacobian import jacobian_sparsity as jacobian_sparsity
    from .sparse.jacobian import sparse_jacobian as sparse_jacobian
    from .sparse.jacobian import value_and_sparse_jacobian as value_and_sparse_jacobian
    from .sparse.spy import spy as spy
    from .tracing import trace as trace

_LATER = {
    "comparison": ("compare",),
    "expansion": ("taylor",),
    "operators": ("jacobian_operator",),
    "reverse": ("reverse",),
    "second": ("hessian", "hessian_diagonal", "hvp", "laplacian", "second_derivative", "value_gradient_and_hessian", "vhv"),
    "sparse.coloring": ("coloring",),
    "sparse.hessian": ("sparse_hessian",),
    "sparse.jacobian": ("jacobian_sparsity", "sparse_jacobian", "value_and_sparse_jacobian"),
    "sparse.spy": ("spy",),
    "tracing": ("trace",),
}
"""Modules that wait, and the public names in them."""

__version__ = "0.1.0"

__all__ = [
    "MINUS_ONE",
    "ONE",
    "ZERO",
    "Dual",
    "HyperDual",
    "LinearOp",
    "coloring",
    "compare",
    "config",
    "defrule",
    "derivative",
    "gradient",
    "hessian",
    "hessian_diagonal",
    "hvp",
    "jacobian",
    "jacobian_operator",
    "jacobian_sparsity",
    "jvp",
    "laplacian",
    "linearize",
    "primal",
    "reverse",
    "second_derivative",
    "sparse_hessian",
    "sparse_jacobian",
    "spy",
    "tangent",
    "taylor",
    "trace",
    "value_and_derivative",
    "value_and_gradient",
    "value_and_jacobian",
    "value_and_sparse_jacobian",
    "value_gradient_and_hessian",
    "vhv",
]


def __getattr__(name: str) -> Any:
    for module, names in _LATER.items():
        if name in names:
            loaded = importlib.import_module(f"{__name__}.{module}")
            found = loaded if name == module else getattr(loaded, name)
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
