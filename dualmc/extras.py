"""Optional dependencies: loaded when they are needed, with a message that says how to install them."""

import importlib
from typing import Any


def optional(module: str, extra: str, name: str) -> Any:
    """Return a module that may be missing, or raise and say which extra of dualmc brings it; `name` needs it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ImportError(f"{name} needs {package}, which is not installed; pip install 'dualmc[{extra}]' brings it") from error
