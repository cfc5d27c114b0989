"""Array classes that speak NumPy's protocols."""

from . import operations, series_rules
from .dual import Dual
from .series import Series

__all__ = ["Dual", "Series", "operations", "series_rules"]
