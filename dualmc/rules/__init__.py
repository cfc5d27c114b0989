"""
The rule table: what the local derivative of each NumPy function is. Pure data; no array class.

What most programs use is loaded here, the rest by `complete()` when it is first asked for.
"""

from . import composed, constant, elementwise, joining, linear, multilinear, products, selection
from .registry import RULES, complete, defrule

__all__ = [
    "RULES",
    "complete",
    "composed",
    "constant",
    "defrule",
    "elementwise",
    "joining",
    "linear",
    "multilinear",
    "products",
    "selection",
]
