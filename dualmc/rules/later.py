"""Rules that load when a function first misses in the table, so that importing dualmc stays quick."""

from . import census, fft, linalg, norms, numeric, polynomials, sampling, sets, spectra, statistics

__all__ = ["census", "fft", "linalg", "norms", "numeric", "polynomials", "sampling", "sets", "spectra", "statistics"]
