"""Derivatives that owe nothing to dualmc: differences in extended precision, and sampling of rule domains."""

import numpy as np

STEP = np.longdouble(2) ** -11
# Central differences of order 8: truncation h⁸f⁽⁹⁾/630, rounding eps/h with an 80-bit eps of 1e-19.
WEIGHTS = np.array([4 / np.longdouble(5), -1 / np.longdouble(5), 4 / np.longdouble(105), -1 / np.longdouble(280)])


def difference(f, args, i):
    """∂f/∂args[i] in extended precision."""

    def shifted(k):
        moved = list(args)
        moved[i] = moved[i] + k * STEP
        return f(*moved)

    return sum(w * (shifted(k) - shifted(-k)) for k, w in enumerate(WEIGHTS, 1)) / STEP


def extended(x, domain):
    """x in the precision that differences are taken in; integer arguments stay integers."""
    return x.astype(np.int64) if domain.integer else x.astype(np.longdouble)


def sample(domain, shape, rng, dtype=np.float64):
    """Random points inside a domain."""
    if domain.integer:
        return rng.integers(int(domain.low), int(domain.high), endpoint=True, size=shape)
    margin = 0.02 * (domain.high - domain.low)
    return rng.uniform(domain.low + margin, domain.high - margin, size=shape).astype(dtype)
