"""
Reverse mode: what a result means for every input, from one run and one walk back.

A gradient with respect to n numbers costs a small multiple of the function, whatever n is; the memory of the linear
operations of one run is the price. `dualmc.gradient` and `dualmc.jacobian` go forward instead, in n directions.
"""

from .pullback import vjp as vjp
from .second import hessian as hessian
from .second import hvp as hvp
from .transforms import grad as grad
from .transforms import jacobian as jacobian
from .transforms import value_and_grad as value_and_grad
from .transforms import value_and_jacobian as value_and_jacobian

__all__ = ["grad", "hessian", "hvp", "jacobian", "value_and_grad", "value_and_jacobian", "vjp"]
