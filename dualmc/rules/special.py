"""The rules of scipy.special, by family. Loaded when SciPy's functions meet a tangent, not before."""

from . import special_bessel, special_error, special_gamma
from .special_entry import SPECIAL

__all__ = ["SPECIAL", "special_bessel", "special_error", "special_gamma"]
