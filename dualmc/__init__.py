"""
dualmc: exact derivatives of NumPy code by dual numbers.

`Dual` arrays carry tangents through NumPy, so that derivatives come from forward passes. The transforms `jvp`,
`linearize`, `derivative`, `gradient` and `jacobian` differentiate functions as they are; `defrule` teaches a new
function. The theory is the matrix calculus of Parr & Howard, *The Matrix Calculus You Need For Deep Learning*
(arXiv:1802.01528).
"""

from . import reverse as reverse
from .access import primal as primal
from .access import tangent as tangent
from .arrays.dual import Dual as Dual
from .arrays.hyperdual import HyperDual as HyperDual
from .comparison import compare as compare
from .expansion import taylor as taylor
from .forward import jvp as jvp
from .forward import linearize as linearize
from .jacobians import derivative as derivative
from .jacobians import gradient as gradient
from .jacobians import jacobian as jacobian
from .jacobians import value_and_derivative as value_and_derivative
from .jacobians import value_and_gradient as value_and_gradient
from .jacobians import value_and_jacobian as value_and_jacobian
from .linear_op import LinearOp as LinearOp
from .operators import jacobian_operator as jacobian_operator
from .partial import MINUS_ONE as MINUS_ONE
from .partial import ONE as ONE
from .partial import ZERO as ZERO
from .rules.registry import defrule as defrule
from .second import hessian as hessian
from .second import hessian_diagonal as hessian_diagonal
from .second import hvp as hvp
from .second import laplacian as laplacian
from .second import second_derivative as second_derivative
from .second import value_gradient_and_hessian as value_gradient_and_hessian
from .second import vhv as vhv
from .settings import config as config
from .tracing import trace as trace

__version__ = "0.1.0"

__all__ = [
    "MINUS_ONE",
    "ONE",
    "ZERO",
    "Dual",
    "HyperDual",
    "LinearOp",
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
    "jvp",
    "laplacian",
    "linearize",
    "primal",
    "reverse",
    "second_derivative",
    "tangent",
    "taylor",
    "trace",
    "value_and_derivative",
    "value_and_gradient",
    "value_and_jacobian",
    "value_gradient_and_hessian",
    "vhv",
]
