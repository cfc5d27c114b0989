"""A damped oscillation, x(t) = a·exp(-c·t)·cos(w·t + p), with derivatives written by hand for a least-squares solver."""

import numpy as np

TIMES = np.linspace(0.0, 4.0, 9)


def displacement(q):
    """Return x(t) at all times for q = (a, c, w, p)."""
    a, c, w, p = q
    return a * np.exp(-c * TIMES) * np.cos(w * TIMES + p)


def jacobian(q):
    """Return ∂x/∂q, a row for each time."""
    a, c, w, p = q
    envelope, angle = np.exp(-c * TIMES), w * TIMES + p
    cosine, sine = envelope * np.cos(angle), -a * envelope * np.sin(angle)
    return np.stack([cosine, -a * TIMES * cosine, TIMES * sine, sine], axis=1)


def energy(q):
    """Return the sum of squares that a fit to silence minimises."""
    return 0.5 * np.sum(displacement(q) ** 2)


def energy_gradient(q):
    """Return ∇energy by the chain rule."""
    return jacobian(q).T @ displacement(q)
