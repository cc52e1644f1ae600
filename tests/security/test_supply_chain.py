"""What is installed is what was locked: hashes on everything, and a list of all parts."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
NPM_LOCK = json.loads((ROOT / "fleet/web/package-lock.json").read_text())["packages"]
MAKEFILE = (ROOT / "Makefile").read_text()


def entries() -> list[str]:
    """One text for every locked package, its hashes with it."""
    lines = [line for line in LOCK.splitlines() if not line.startswith("#")]
    return re.split(r"\n(?=\S)", "\n".join(lines).strip())


def test_every_python_package_is_one_version_with_hashes() -> None:
    assert len(entries()) > 80
    for entry in entries():
        assert re.match(r"[\w.\-\[\]]+==\S+", entry), entry[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry[:80]


def test_packages_are_installed_by_their_hashes_only() -> None:
    installs = re.findall(r"\$\(UV\) pip (?:sync|install)[^\n]*", MAKEFILE)
    assert installs
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)


def test_every_npm_package_has_an_integrity_hash() -> None:
    packages = {name: entry for name, entry in NPM_LOCK.items() if name}
    assert len(packages) > 50
    without = [name for name, entry in packages.items() if "integrity" not in entry]
    assert without == []
    assert "$(NPM) ci" in MAKEFILE  # installs what is locked, or nothing


def test_the_list_of_parts_is_made_by_a_tool_of_one_version() -> None:
    assert re.search(r"^SBOM_TOOL := cyclonedx-bom==\d+\.\d+\.\d+$", MAKEFILE, re.MULTILINE)
    assert "cyclonedx-py requirements requirements.lock" in MAKEFILE


def test_the_list_of_parts_of_the_page_names_every_locked_package() -> None:
    tools = Path(sys.executable).parent
    done = subprocess.run(
        [
            tools / "npm",
            f"--prefix={ROOT / 'fleet/web'}",
            "sbom",
            "--package-lock-only",
            "--sbom-format=cyclonedx",
            "--offline",
        ],
        env={"PATH": f"{tools}{os.pathsep}{os.defpath}", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    assert told["bomFormat"] == "CycloneDX"
    locked = {name.rpartition("node_modules/")[2] for name in NPM_LOCK if name}
    assert locked == {part["name"] for part in told["components"]}
