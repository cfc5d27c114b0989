"""
Claim: `import dualmc` takes at most 1.3x the time of `import numpy`, because neither Numba nor SciPy is loaded.

Each import runs in a new process, interleaved; what an empty process takes is subtracted from both. All
modules are compiled to bytecode beforehand, as an installation does.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

from timing import report


def seconds_of(code: str, env: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env=env)
    return time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--check", action="store_true", help="exit with 1 if the limit is missed")
    arguments = parser.parse_args()
    programs = {"empty": "", "numpy": "import numpy", "dualmc": "import dualmc"}
    times: dict[str, list[float]] = {name: [] for name in programs}
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as cache:
        env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {"PYTHONPYCACHEPREFIX": cache}
        for code in programs.values():
            seconds_of(code, env)
        while time.perf_counter() - begin < arguments.seconds or len(times["empty"]) < 3:
            for name, code in programs.items():
                times[name].append(seconds_of(code, env))
    empty, plain, own = (statistics.median(times[name]) for name in programs)
    kept = report("import, ratio to import numpy", {"import dualmc": ((own - empty) / (plain - empty), 1.3)})
    return 0 if kept or not arguments.check else 1


if __name__ == "__main__":
    sys.exit(main())
