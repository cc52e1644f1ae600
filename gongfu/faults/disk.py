"""Disks that fail: a small tmpfs that can be filled, and EIO or delay on fsync by strace.

Mounting needs root; a test that cannot have it raises CannotRunError with the reason.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gongfu.errors import GongfuError
from gongfu.faults.effort import CannotRunError

ATTACH_S = 10.0
UNMOUNT_S = 10.0
CHUNK = b"\0" * (1024 * 1024)


class DiskError(GongfuError):
    """A command about a disk failed; the message has its words."""


def need_root(what: str) -> None:
    """Raise CannotRunError where this process may not mount."""
    if os.geteuid() != 0:
        raise CannotRunError(f"{what} needs root: run the test as root, in a machine of its own")


def need_tool(name: str) -> str:
    """The program's path. Raises CannotRunError where there is none."""
    found = shutil.which(name, path=f"{os.defpath}:/usr/sbin:/sbin")
    if found is None:
        raise CannotRunError(f"no {name} on this machine: install it from the system's packages")
    return found


def command(*words: str) -> str:
    """Run a system command; returns what it wrote. Raises DiskError."""
    order = [need_tool(words[0]), *words[1:]]
    done = subprocess.run(order, capture_output=True, text=True, check=False)  # noqa: S603 - fixed commands
    if done.returncode != 0:
        raise DiskError(f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def unmount(folder: Path) -> None:
    """Unmount, waiting for a process that is just ending to let go."""
    deadline = time.monotonic() + UNMOUNT_S
    while True:
        try:
            command("umount", str(folder))
        except DiskError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


@dataclass(frozen=True)
class SmallDisk:
    """A mounted file system of its own that can be filled to the last block."""

    folder: Path

    @property
    def ballast(self) -> Path:
        """The file that takes the room."""
        return self.folder / "ballast"

    def free_bytes(self) -> int:
        """Room that is left."""
        return shutil.disk_usage(self.folder).free

    def fill(self, leave_bytes: int = 0) -> None:
        """Take all room but ``leave_bytes``; with 0 the next write of anybody fails."""
        with self.ballast.open("ab", buffering=0) as file:
            try:
                while (room := self.free_bytes() - leave_bytes) > 0:
                    file.write(CHUNK[: min(room, len(CHUNK))])
            except OSError:
                if leave_bytes:
                    raise

    def relieve(self) -> None:
        """Give the room back."""
        self.ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """A tmpfs of a size of its own. Raises CannotRunError without the right to mount."""
    need_root("a small disk (tmpfs)")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        command("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder))
    except DiskError as error:
        raise CannotRunError(f"tmpfs cannot be mounted here: {error}") from error
    try:
        yield SmallDisk(folder)
    finally:
        unmount(folder)


@contextmanager
def syncs_fail(pid: int, path: Path, *, when: int = 1) -> Iterator[None]:
    """From the ``when``-th on, each fsync of the process on ``path`` answers EIO."""
    with _traced(pid, f"error=EIO:when={when}+", path):
        yield


@contextmanager
def syncs_slow(pid: int, path: Path, *, seconds: float) -> Iterator[None]:
    """Each fsync of the process on ``path`` takes this much longer."""
    with _traced(pid, f"delay_enter={round(seconds * 1e6)}", path):
        yield


@contextmanager
def _traced(pid: int, fault: str, path: Path) -> Iterator[None]:
    """Strace attached to every thread of the process, for the length of the block."""
    calls = "fsync,fdatasync"
    words = ["-f", "-qq", "-p", str(pid), "-o", os.devnull, "-P", str(path.resolve())]
    words += ["-e", f"trace={calls}", "-e", f"inject={calls}:{fault}"]
    tracer = subprocess.Popen([need_tool("strace"), *words], stdin=subprocess.DEVNULL)  # noqa: S603 - fixed command
    try:
        _wait_attached(pid, tracer)
        yield
    finally:
        tracer.terminate()
        tracer.wait(ATTACH_S)


def _wait_attached(pid: int, tracer: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + ATTACH_S
    while not all(_tracer_of(task) for task in Path(f"/proc/{pid}/task").iterdir()):
        if tracer.poll() is not None or time.monotonic() > deadline:
            raise CannotRunError(
                "strace cannot attach to a process here: allow ptrace (CAP_SYS_PTRACE)"
            )
        time.sleep(0.02)


def _tracer_of(task: Path) -> int:
    try:
        lines = (task / "status").read_text().splitlines()
    except OSError:
        return 1  # a thread that has just ended needs no tracer
    return next(int(line.split()[1]) for line in lines if line.startswith("TracerPid:"))
