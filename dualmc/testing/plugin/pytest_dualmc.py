"""
The plugin of dualmc for pytest: `--dualmc-examples N` and the fixture `derivative`.

It is installed as a module of its own, so that pytest starts without importing dualmc or NumPy; a project that does not use
it pays for this file alone.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    group = parser.getgroup("dualmc", "tests of derivatives")
    group.addoption("--dualmc-examples", type=int, default=None, metavar="N", help="points at which each derivative is tested")


def pytest_configure(config: pytest.Config) -> None:
    """Take part in the run only if the option is given."""
    examples = config.getoption("--dualmc-examples")
    if examples is None:
        return
    if examples < 1:
        raise pytest.UsageError(f"--dualmc-examples must be positive, got {examples}")
    config.pluginmanager.register(Examples(examples), "dualmc-examples")


class Examples:
    """Hands the number of examples to dualmc.testing, if a test has imported it."""

    def __init__(self, examples: int) -> None:
        self.examples = examples

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self) -> None:
        """Set the number for the test that comes."""
        module = sys.modules.get("dualmc.testing.decorator")
        if module is not None:
            module.OPTIONS.examples = self.examples


@pytest.fixture
def derivative(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Test derivatives at drawn points: `derivative(f, (low, high), shape, jacobian=jac)`; see dualmc.testing.derivative_test."""
    module: Any = importlib.import_module("dualmc.testing.decorator")
    module.OPTIONS.examples = request.config.getoption("--dualmc-examples")

    def check(f: Callable[..., Any], *where: Any, **options: Any) -> None:
        __tracebackhide__ = True
        module.derivative_test(*where, **options)(f)()

    return check
