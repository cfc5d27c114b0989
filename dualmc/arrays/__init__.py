"""Array classes that speak NumPy's protocols."""

from . import operations
from .dual import Dual

__all__ = ["Dual", "operations"]
