"""Taylor coefficients by nested Duals: what series are held to."""

import math

import dualmc as dm
from dualmc.testing.calls import flat


def coefficients(f, x, v, order):
    """The coefficients of each array that f returns, from `order` nested passes."""

    def derivatives(k):
        if k == 0:
            return lambda y: [flat(f(y))]

        def g(y):
            values, tangents = dm.jvp(derivatives(k - 1), (y,), (v,))
            return [*values, tangents[-1]]

        return g

    return [[d / math.factorial(k) for k, d in enumerate(column)] for column in zip(*derivatives(order)(x), strict=True)]
