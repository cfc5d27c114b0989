"""Public names of dualmc.testing are exported, documented and shown on their page."""

import inspect
import re
from pathlib import Path

import pytest

from dualmc import testing

from ..test_docs import sections_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "testing.md"
FUNCTIONS = [n for n in testing.__all__ if inspect.isfunction(getattr(testing, n))]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_docstrings_are_complete(name):
    function = getattr(testing, name)
    sections = sections_of(function.__doc__)
    missing = [t for t in ("Summary", "Parameters", "Returns", "Raises", "Notes", "Examples") if not sections.get(t)]
    assert not missing
    assert ">>>" in sections["Examples"]
    for parameter in inspect.signature(function).parameters:
        assert re.search(rf"^[^\n:]*\b{parameter}\b", sections["Parameters"], re.MULTILINE), parameter


def test_the_page_names_every_function():
    text = PAGE.read_text(encoding="utf-8")
    assert [n for n in FUNCTIONS if n not in text] == ["second_directional_derivative"]


def test_names_are_exported():
    assert sorted(testing.__all__) == testing.__all__
    assert all(hasattr(testing, n) for n in testing.__all__)
