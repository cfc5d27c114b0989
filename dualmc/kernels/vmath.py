"""
NumPy's element-wise functions as scalar functions that LLVM vectorises, for the bodies of compiled loops.

A formula written with the global np compiles into such a loop when np is replaced by this module. Functions called on the
same variable share their work; an element that is read again, after a write to another array, is not the same variable.

Every function is right to 2 ulp (power to 4; logaddexp to 2 ulp of the larger argument) in float64 and float32, with NumPy's
special values, for arguments within LIMITS. On a host without FMA they are the functions of libm, which do not vectorise.
"""

from ._jit import FMA
from .vmath_exp import cosh as cosh
from .vmath_exp import erf as erf
from .vmath_exp import exp as exp
from .vmath_exp import exp2 as exp2
from .vmath_exp import expm1 as expm1
from .vmath_exp import logaddexp as logaddexp
from .vmath_exp import logaddexp2 as logaddexp2
from .vmath_exp import sigmoid as sigmoid
from .vmath_exp import sinh as sinh
from .vmath_exp import softplus as softplus
from .vmath_exp import tanh as tanh
from .vmath_log import arccosh as arccosh
from .vmath_log import arcsinh as arcsinh
from .vmath_log import arctanh as arctanh
from .vmath_log import log as log
from .vmath_log import log1p as log1p
from .vmath_log import log2 as log2
from .vmath_log import log10 as log10
from .vmath_power import cbrt as cbrt
from .vmath_power import hypot as hypot
from .vmath_power import power as power
from .vmath_power import rsqrt as rsqrt
from .vmath_power import sqrt as sqrt
from .vmath_simple import absolute as absolute
from .vmath_simple import add as add
from .vmath_simple import clip as clip
from .vmath_simple import conjugate as conjugate
from .vmath_simple import copysign as copysign
from .vmath_simple import degrees as degrees
from .vmath_simple import divide as divide
from .vmath_simple import floor as floor
from .vmath_simple import fmax as fmax
from .vmath_simple import fmin as fmin
from .vmath_simple import heaviside as heaviside
from .vmath_simple import isfinite as isfinite
from .vmath_simple import isinf as isinf
from .vmath_simple import isnan as isnan
from .vmath_simple import maximum as maximum
from .vmath_simple import minimum as minimum
from .vmath_simple import multiply as multiply
from .vmath_simple import ndim as ndim
from .vmath_simple import negative as negative
from .vmath_simple import ones_like as ones_like
from .vmath_simple import positive as positive
from .vmath_simple import radians as radians
from .vmath_simple import real as real
from .vmath_simple import reciprocal as reciprocal
from .vmath_simple import rint as rint
from .vmath_simple import sign as sign
from .vmath_simple import square as square
from .vmath_simple import subtract as subtract
from .vmath_simple import where as where
from .vmath_simple import zeros_like as zeros_like
from .vmath_trig import arccos as arccos
from .vmath_trig import arcsin as arcsin
from .vmath_trig import arctan as arctan
from .vmath_trig import arctan2 as arctan2
from .vmath_trig import cos as cos
from .vmath_trig import sin as sin
from .vmath_trig import sincos as sincos
from .vmath_trig import tan as tan

abs = fabs = absolute
pow = power
true_divide, rad2deg, deg2rad = divide, degrees, radians

#: The largest |x| for which a function is right; beyond it the caller takes NumPy's. Functions without an entry have no limit.
LIMITS: dict[str, float] = {"sin": 1e5, "cos": 1e5, "sincos": 1e5, "tan": 1e13} if FMA else {}
