"""Array classes that speak NumPy's protocols."""

from .dual import Dual

__all__ = ["Dual"]
