"""
Tests of derivatives, whoever wrote them: by hand for SciPy, in C, in another framework, or as a rule of dualmc.

Checks compare a derivative with what the function itself shows, measured with a bound of the error. Strategies for
Hypothesis draw points and programs; `derivative_test` makes a test of a function. Import this module explicitly.
"""

import importlib.util

if importlib.util.find_spec("hypothesis") is None:
    raise ImportError("dualmc.testing needs Hypothesis; install it with: python -m pip install 'dualmc[test]'")

from ..rules.rule import Domain as Domain
from ..rules.rule import Edge as Edge
from .checks import check_gradient as check_gradient
from .checks import check_hessian as check_hessian
from .checks import check_hvp as check_hvp
from .checks import check_jacobian as check_jacobian
from .checks import check_jvp as check_jvp
from .checks import check_vjp as check_vjp
from .decorator import derivative_test as derivative_test
from .finite import Truth as Truth
from .finite import directional_derivative as directional_derivative
from .finite import second_directional_derivative as second_directional_derivative
from .maps import check_linear as check_linear
from .maps import check_transpose as check_transpose
from .report import Agreement as Agreement
from .report import Undecided as Undecided
from .report import WrongDerivative as WrongDerivative
from .strategies import arrays_in as arrays_in
from .strategies import axes as axes
from .strategies import broadcastable_pairs as broadcastable_pairs
from .strategies import directions as directions
from .strategies import edge_values as edge_values
from .strategies import matrices as matrices
from .strategies import memory_layouts as memory_layouts
from .strategies import points as points
from .strategies import smooth_programs as smooth_programs
from .table import check_rule as check_rule
from .table import check_ufunc_like as check_ufunc_like

__all__ = [
    "Agreement",
    "Domain",
    "Edge",
    "Truth",
    "Undecided",
    "WrongDerivative",
    "arrays_in",
    "axes",
    "broadcastable_pairs",
    "check_gradient",
    "check_hessian",
    "check_hvp",
    "check_jacobian",
    "check_jvp",
    "check_linear",
    "check_rule",
    "check_transpose",
    "check_ufunc_like",
    "check_vjp",
    "derivative_test",
    "directional_derivative",
    "directions",
    "edge_values",
    "matrices",
    "memory_layouts",
    "points",
    "second_directional_derivative",
    "smooth_programs",
]
