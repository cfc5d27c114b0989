"""
Tests of derivatives, whoever wrote them: by hand for SciPy, in C, in another framework, or as a rule of dualmc.

Checks compare a derivative with what the function itself shows, measured with a bound of the error. Strategies for
Hypothesis draw points and programs; `derivative_test` makes a test of a function. Import this module explicitly.
"""

from ..rules.rule import Domain as Domain
from ..rules.rule import Edge as Edge
from .checks import check_gradient as check_gradient
from .checks import check_hessian as check_hessian
from .checks import check_hvp as check_hvp
from .checks import check_jacobian as check_jacobian
from .checks import check_jvp as check_jvp
from .checks import check_vjp as check_vjp
from .finite import Truth as Truth
from .finite import directional_derivative as directional_derivative
from .finite import second_directional_derivative as second_directional_derivative
from .maps import check_linear as check_linear
from .maps import check_transpose as check_transpose
from .report import Agreement as Agreement
from .report import Undecided as Undecided
from .report import WrongDerivative as WrongDerivative
from .table import check_rule as check_rule
from .table import check_ufunc_like as check_ufunc_like
