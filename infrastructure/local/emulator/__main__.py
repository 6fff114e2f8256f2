"""The emulator of AWS, with the patches our stack needs. Runs on the emulator's own environment.

`python -m infrastructure.local.emulator`; SHOPWINDOW_UNPATCHED=name,name leaves patches out (their tests show what breaks).
"""

import os
import sys
from importlib import import_module
from importlib.metadata import version

PINNED = "1.5.33"
PATCHES = ("http_api", "metrics", "python_runtime", "streams", "tables")


def main() -> None:
    if version("ministack") != PINNED:
        sys.exit(
            f"The local stack patches internals of ministack {PINNED}, but {version('ministack')} is installed. "
            "Run `make setup`, which installs the right one."
        )
    left_out = os.environ.get("SHOPWINDOW_UNPATCHED", "").split(",")
    for name in PATCHES:
        if name not in left_out:
            import_module(f"infrastructure.local.emulator.{name}").apply()
    serve = import_module("ministack.app").main
    sys.argv = sys.argv[:1]
    serve()


if __name__ == "__main__":
    main()
