"""Array classes that speak NumPy's protocols."""

from . import operations
from .dual import Dual
from .hyperdual import HyperDual

__all__ = ["Dual", "HyperDual", "operations"]
