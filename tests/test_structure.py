"""The shape of the code: layers, file lengths, import time."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "dualmc"
LAYERS = [
    {"errors", "_typing", "partial", "settings", "text", "timing", "extras"},
    {"linear_op", "trees"},
    {"rules", "tangents", "kernels"},
    {"large"},
    {"propagate"},
    {"hyper"},
    {"arrays"},
    {"njit"},
    {"boundary"},
    {"recording"},
    {"passes"},
    {"structure"},
    {"forward", "jacobians", "access", "special"},
    {"blocks"},
    {"reverse", "second", "expansion", "operators"},
    {"sparse"},
    {"comparison", "tracing"},
    {""},
    {"demo", "warmup", "testing"},
    {"cli"},
    {"__main__"},
]
FILES = sorted(PACKAGE.rglob("*.py"))


def part(module):
    """The name of the part of dualmc that a module belongs to: dualmc.rules.linear -> rules."""
    names = module.split(".")[1:]
    return names[0] if names else ""


def layer(name):
    return next(i for i, names in enumerate(LAYERS) if name in names)


def imports(path):
    """All modules of dualmc that a file imports, as absolute names."""
    package = ["dualmc", *path.relative_to(PACKAGE).with_suffix("").parts]
    package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.split(".")[0] == "dualmc")
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])])
            if name.split(".")[0] == "dualmc":
                if node.module is None or (PACKAGE.joinpath(*name.split(".")[1:])).is_dir():
                    yield from (f"{name}.{a.name}" if _is_module(f"{name}.{a.name}") else name for a in node.names)
                else:
                    yield name


def _is_module(name):
    path = PACKAGE.joinpath(*name.split(".")[1:])
    return path.is_dir() or path.with_suffix(".py").is_file()


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path):
    relative = path.relative_to(PACKAGE)
    own = relative.parts[0] if len(relative.parts) > 1 else relative.stem if relative.stem != "__init__" else ""
    for module in imports(path):
        other = part(module)
        assert own == other or layer(other) < layer(own), f"{relative} (layer {layer(own)}) imports {module} (layer {layer(other)})"


def test_the_layers_name_every_module():
    found = {p.relative_to(PACKAGE).parts[0].removesuffix(".py") for p in FILES} - {"__init__"}
    assert found <= set().union(*LAYERS)


@pytest.mark.parametrize("path", [*FILES, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "bench").rglob("*.py"))], ids=str)
def test_no_file_is_over_500_lines(path):
    assert len(path.read_text().splitlines()) <= 500


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_file_opens_with_its_purpose(path):
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_importing_loads_neither_numba_nor_scipy():
    code = "import sys, dualmc; print([m for m in ('numba', 'scipy', 'llvmlite', 'optree', 'hypothesis') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_all_names_are_exported():
    import dualmc

    assert sorted(dualmc.__all__) == sorted(set(dualmc.__all__))
    for name in dualmc.__all__:
        assert hasattr(dualmc, name)
