"""The worked examples of Parr & Howard, The Matrix Calculus You Need For Deep Learning, beside their closed forms."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

import dualmc as dm
from dualmc._typing import Array
from dualmc.text import array_lines, heading, side_by_side

Matrix: TypeAlias = NDArray[np.float64]

# The functions of the paper. ---------------------------------------------------------------------------------


def f(v: Array) -> Array:
    x, y = v
    return 3 * x**2 * y


def f_and_g(v: Array) -> Array:
    x, y = v
    return np.stack([3 * x**2 * y, 2 * x + y**8])


def activation(w: Array, b: Array, x: Array) -> Array:
    return np.maximum(0.0, w @ x + b)


def loss(w: Array, b: Array, X: Array, y: Array) -> Array:
    return np.mean((y - np.maximum(0.0, X @ w + b)) ** 2)


# Results. ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Example:
    """
    One derivative, computed and by formula.

    Attributes
    ----------
    section : str
        Where the paper has it.
    name, formula : str
        What is differentiated; the closed form as text.
    computed, closed_form : ndarray
        The derivative by dualmc and by the formula: a number, a row or a matrix, of the same shape.

    """

    section: str
    name: str
    formula: str
    computed: Matrix
    closed_form: Matrix

    @property
    def difference(self) -> float:
        """The largest absolute difference between the two."""
        return float(np.max(np.abs(self.computed - self.closed_form)))


def _example(section: str, name: str, formula: str, computed: Any, closed_form: Any) -> Example:
    return Example(section, name, formula, np.asarray(computed, float), np.asarray(closed_form, float))


W, X = np.array([2.0, 3.0, 5.0]), np.array([0.5, -1.5, 4.0])
"""The operands of the element-wise and reduction examples, named w and x as in the paper."""


def _partial_derivatives() -> Iterator[Example]:
    x, y = v = np.array([1.0, 2.0])
    yield _example("3", "∇f,  f(x, y) = 3x²y  at (1, 2)", "[6xy, 3x²]", dm.gradient(f)(v), [6 * x * y, 3 * x**2])
    yield _example(
        "4",
        "Jacobian of (f, g),  g(x, y) = 2x + y⁸",
        "[6xy, 3x²; 2, 8y⁷]",
        dm.jacobian(f_and_g)(v),
        [[6 * x * y, 3 * x**2], [2, 8 * y**7]],
    )


def _elementwise() -> Iterator[Example]:
    I = np.eye(3)
    operators: Sequence[tuple[str, Any, str, Matrix, str, Matrix]] = (
        ("w + x", np.add, "I", I, "I", I),
        ("w - x", np.subtract, "I", I, "-I", -I),
        ("w ⊗ x", np.multiply, "diag(x)", np.diag(X), "diag(w)", np.diag(W)),
        ("w ⊘ x", np.divide, "diag(1/x)", np.diag(1 / X), "diag(-w/x²)", np.diag(-W / X**2)),
    )
    for name, operator, by_w, J_w, by_x, J_x in operators:
        computed_w, computed_x = dm.jacobian(operator, argnums=(0, 1))(W, X)
        yield _example("4.2", f"∂({name})/∂w", by_w, computed_w, J_w)
        yield _example("4.2", f"∂({name})/∂x", by_x, computed_x, J_x)


def _scalar_expansion() -> Iterator[Example]:
    z = 3.0
    for name, operator, by_x, J_x, by_z, J_z in (
        ("x + z", np.add, "I", np.eye(3), "1 (a column)", np.ones(3)),
        ("x·z", np.multiply, "I·z", z * np.eye(3), "x (a column)", X),
    ):
        computed_x, computed_z = dm.jacobian(operator, argnums=(0, 1))(X, z)
        yield _example("4.3", f"∂({name})/∂x,  z = 3", by_x, computed_x, J_x)
        yield _example("4.3", f"∂({name})/∂z", by_z, computed_z[:, None], J_z[:, None])


def _sums() -> Iterator[Example]:
    z = 3.0
    yield _example("4.4", "∇ sum(x)", "[1, 1, 1]", dm.gradient(np.sum)(X), np.ones(3))
    by_x, by_z = dm.gradient(lambda x, z: np.sum(x * z), argnums=(0, 1))(X, z)
    yield _example("4.4", "∂ sum(x·z)/∂x,  z = 3", "[z, z, z]", by_x, [z, z, z])
    yield _example("4.4", "∂ sum(x·z)/∂z", "sum(x)", by_z, X.sum())


def _neuron() -> Iterator[Example]:
    w, x = np.array([1.0, -2.0, 0.5]), np.array([3.0, 1.0, 2.0])
    for case, b, by_w, by_b in (("active, w·x + b = 3", 1.0, x, 1.0), ("inactive, w·x + b = -1", -3.0, np.zeros(3), 0.0)):
        computed_w, computed_b = dm.gradient(activation, argnums=(0, 1))(w, b, x)
        active = by_b == 1.0
        yield _example("5", f"∂ max(0, w·x + b)/∂w  ({case})", "xᵀ" if active else "0ᵀ", computed_w, by_w)
        yield _example("5", f"∂ max(0, w·x + b)/∂b  ({case})", "1" if active else "0", computed_b, by_b)


def _loss() -> Iterator[Example]:
    rng = np.random.default_rng(1802)
    inputs, w, b = rng.normal(size=(64, 4)), rng.normal(size=4), 0.25
    y = rng.normal(size=64)
    computed_w, computed_b = dm.gradient(loss, argnums=(0, 1))(w, b, inputs, y)
    output = inputs @ w + b
    error = np.where(output > 0, output - y, 0.0)
    name = "mean((y - max(0, X·w + b))²)/∂{}  (N = 64)"
    yield _example("6", "∂ " + name.format("w"), "2/N·Σ eᵢ·xᵢᵀ", computed_w, 2 / 64 * error @ inputs)
    yield _example("6", "∂ " + name.format("b"), "2/N·Σ eᵢ,  eᵢ = w·xᵢ + b - yᵢ where active", computed_b, 2 / 64 * error.sum())


def run() -> list[Example]:
    """
    Compute every example.

    Returns
    -------
    list of Example
        In the order of the paper.

    Notes
    -----
    Parr & Howard (arXiv:1802.01528), sections 3 to 6. The kink of max(0, z) at z = 0, where dualmc answers 1/2 and
    the paper 0, is not met.

    Examples
    --------
    >>> max(example.difference for example in run()) < 1e-12
    True

    """
    groups = (_partial_derivatives, _elementwise, _scalar_expansion, _sums, _neuron, _loss)
    return [example for group in groups for example in group()]


def _short(difference: float) -> str:
    return f"{difference:.1e}" if difference else "0"


def render(examples: Sequence[Example]) -> str:
    """
    Lay examples out as text: dualmc's array beside the one of the closed form.

    Parameters
    ----------
    examples : sequence of Example
        As `run` returns them.

    Returns
    -------
    str
        Lines without a final line break.

    Raises
    ------
    ValueError
        If there are no examples.

    Notes
    -----
    Entries are shown to four digits; the differences are those of the full numbers.

    """
    parts = [
        heading("Parr & Howard, The Matrix Calculus You Need For Deep Learning"),
        "Each derivative = its closed form; the array by dualmc (left), by the closed form (right), their largest difference.",
        "In sections 4.2 to 4.4  w = [2, 3, 5]  and  x = [0.5, -1.5, 4].",
    ]
    for example in examples:
        arrays = side_by_side(
            [""], array_lines(example.computed), array_lines(example.closed_form), [f"difference {_short(example.difference)}"]
        )
        parts.append("\n".join([f"{example.section:3}  {example.name}  =  {example.formula}", *arrays]))
    largest = max(example.difference for example in examples)
    parts.append(f"{len(examples)} derivatives; the largest difference of all is {_short(largest)}.")
    return "\n\n".join(parts)
