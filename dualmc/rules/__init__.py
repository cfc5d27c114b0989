"""The rule table: what the local derivative of each NumPy function is. Pure data; no array class."""

from . import (
    census,
    composed,
    constant,
    elementwise,
    fft,
    joining,
    linalg,
    linear,
    multilinear,
    norms,
    numeric,
    products,
    sampling,
    selection,
    sets,
    spectra,
    statistics,
)
from .registry import RULES, defrule

__all__ = [
    "RULES",
    "census",
    "composed",
    "constant",
    "defrule",
    "elementwise",
    "fft",
    "joining",
    "linalg",
    "linear",
    "multilinear",
    "norms",
    "numeric",
    "products",
    "sampling",
    "selection",
    "sets",
    "spectra",
    "statistics",
]
