#!/usr/bin/env python3
"""The part of requirements.lock that the image needs: what our wheels require, with its hashes.

Usage: runtime_lock.py requirements.lock FOLDER_OF_OUR_WHEELS, in an environment made from the lock.
"""

import re
import sys
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def locked_entries(lock: str) -> dict[str, str]:
    """Entries of the lock by package name, hashes included; one per Python where they differ."""
    entries: dict[str, str] = {}
    for entry in re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)[1:]:
        name = canonicalize_name(entry.split("==")[0])
        entries[name] = entries.get(name, "") + entry
    return entries


def own_requirements(wheels: Path) -> dict[str, list[str]]:
    """What each of our wheels requires, by its name."""
    found: dict[str, list[str]] = {}
    for path in wheels.glob("*.whl"):
        with zipfile.ZipFile(path) as wheel:
            (name,) = (n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
            told = Parser().parsestr(wheel.read(name).decode())
        found[canonicalize_name(told["Name"])] = told.get_all("Requires-Dist") or []
    return found


def needed(own: dict[str, list[str]]) -> set[str]:
    """Names of everything that ours require, directly or not, on this platform."""
    waiting = [(Requirement(line), "") for lines in own.values() for line in lines]
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        for wanted in ("", *requirement.extras):
            if name not in own and (name, wanted) not in seen:
                seen.add((name, wanted))
                waiting += [(Requirement(line), wanted) for line in requires(name) or []]
    return {name for name, _ in seen}


def runtime_lock(lock: str, wheels: Path) -> Iterator[str]:
    """Entries of the lock for what is needed; raises KeyError for what is not locked."""
    entries = locked_entries(lock)
    for name in sorted(needed(own_requirements(wheels))):
        yield entries[name]


if __name__ == "__main__":
    sys.stdout.writelines(runtime_lock(Path(sys.argv[1]).read_text(), Path(sys.argv[2])))
