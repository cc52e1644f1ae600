"""Fuzz one target: ``.venv/bin/python tests/fuzz/run.py mqtt_target CORPUS -max_total_time=600``.

Everything behind the target's name goes to libFuzzer: a folder of inputs that grows, and its
options (``-timeout=1`` makes a hang a finding). Coverage is taken of our packages only.
"""

import importlib
import sys

import atheris  # type: ignore[import-untyped]  # has no types

OURS = ["gongfu_broker"]


def main() -> None:
    """Import the target under instrumentation and hand it to libFuzzer."""
    with atheris.instrument_imports(include=OURS):
        target = importlib.import_module(sys.argv[1])
    atheris.Setup([sys.argv[0], *sys.argv[2:]], target.one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
