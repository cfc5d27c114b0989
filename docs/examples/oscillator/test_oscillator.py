"""Both ways to use the plugin: the decorator, and the fixture."""

import numpy as np
from oscillator import displacement, energy, energy_gradient, jacobian

from dualmc.testing import arrays_in, derivative_test

test_jacobian = derivative_test((0.1, 2.0), shape=4, jacobian=jacobian)(displacement)


@derivative_test(arrays_in((0.5, 1.5), shape=4), gradient=energy_gradient)
def test_energy(q):
    return energy(q)


def test_pulled_back(derivative):
    derivative(displacement, (0.1, 2.0), 4, vjp=lambda q, u: u @ jacobian(q), jvp=lambda q, v: jacobian(q) @ v)


def test_dualmc_itself_differentiates_the_envelope(derivative):
    derivative(lambda q: q[0] * np.exp(-q[1] * np.linspace(0.0, 4.0, 9)), (0.1, 2.0), 2)
