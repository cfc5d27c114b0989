"""The partials that are known without computing."""

import enum


class Const(enum.Enum):
    """Partials for which nothing is multiplied; they also tell the sparsity of a Jacobian."""

    ZERO = 0
    ONE = 1
    MINUS_ONE = -1


ZERO, ONE, MINUS_ONE = Const.ZERO, Const.ONE, Const.MINUS_ONE
