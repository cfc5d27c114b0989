"""Array classes that speak NumPy's protocols."""

from . import lazy_rules, operations, series_rules
from .dual import Dual
from .hyperdual import HyperDual
from .series import Series

__all__ = ["Dual", "HyperDual", "Series", "lazy_rules", "operations", "series_rules"]
