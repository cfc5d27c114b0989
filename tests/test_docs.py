"""The documentation is complete and current: the page of rules, the changelog, docstrings, links."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dualmc as dm

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md")) + [p for p in [ROOT / "README.md"] if p.exists()]
CALLABLES = [n for n in dm.__all__ if callable(getattr(dm, n))]
FUNCTIONS = [n for n in CALLABLES if inspect.isfunction(getattr(dm, n))]
CLASSES = [n for n in CALLABLES if inspect.isclass(getattr(dm, n))]


def sections_of(docstring):
    """Return the numpydoc sections of a docstring, by title."""
    parts = re.split(r"^(.+)\n-{3,}$", inspect.cleandoc(docstring), flags=re.MULTILINE)
    return {"Summary": parts[0].strip(), **{t.strip(): s.strip() for t, s in zip(parts[1::2], parts[2::2], strict=True)}}


@pytest.mark.parametrize("page", ["rules", "coverage"])
def test_generated_pages_are_current(page):
    # A process of its own: rules that other tests and examples define are not in its table.
    command = [sys.executable, ROOT / "docs" / f"generate_{page}.py", "--check"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("name", dm.__all__)
def test_public_name_is_in_the_changelog(name):
    assert f"`{name}`" in (ROOT / "docs" / "changelog.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_public_function_has_a_complete_docstring(name):
    function = getattr(dm, name)
    sections = sections_of(function.__doc__)
    assert sections["Summary"]
    missing = [t for t in ("Parameters", "Returns", "Raises", "Notes", "Examples") if not sections.get(t)]
    assert not missing
    assert ">>>" in sections["Examples"]
    for parameter in inspect.signature(function).parameters:
        assert re.search(rf"^[^\n:]*\b{parameter}\b", sections["Parameters"], re.MULTILINE), parameter


@pytest.mark.parametrize("name", CLASSES)
def test_public_class_describes_its_parameters(name):
    sections = sections_of(getattr(dm, name).__doc__)
    assert sections["Summary"]
    signature = inspect.signature(getattr(dm, name))
    for parameter in signature.parameters:
        assert re.search(rf"^[^\n:]*\b{parameter}\b", sections["Parameters"], re.MULTILINE), parameter


@pytest.mark.parametrize("name", FUNCTIONS)
def test_summary_is_one_sentence(name):
    summary = sections_of(getattr(dm, name).__doc__)["Summary"].partition("\n\n")[0]
    assert summary.endswith(".")


def test_constants_are_documented():
    for name in set(dm.__all__) - set(CALLABLES):
        assert type(getattr(dm, name)).__doc__, name


@pytest.mark.parametrize("page", ["design.md", "contributing.md"])
def test_files_and_names_in_the_text_exist(page):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    sources = {p.relative_to(ROOT).as_posix(): p for folder in ("dualmc", "tests", "docs", "bench") for p in (ROOT / folder).rglob("*.py")}
    sources |= {p.name: p for p in ROOT.glob("*.py")}
    for file in re.findall(r"`([\w/]+\.py)`", text):
        assert any(path == file or path.endswith("/" + file) for path in sources), file
    for module, name in re.findall(r"`(\w+)\.(?!py`)(\w+)`", text):
        found = [p.read_text(encoding="utf-8") for p in sources.values() if p.stem == module]
        assert not found or any(re.search(rf"\b{name}\b", code) for code in found), f"{module}.{name}"


def anchors_of(page):
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_relative_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = re.sub(r"`[^`\n]*`", "", text)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors_of(file), target
