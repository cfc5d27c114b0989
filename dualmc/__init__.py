"""dualmc: exact derivatives of NumPy code by dual numbers."""
from .arrays.dual import Dual
from .rules.registry import defrule
