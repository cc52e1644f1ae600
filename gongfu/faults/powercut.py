"""A disk whose power can be cut: ext4 on a loop device, cut by its shutdown ioctl.

The ioctl stops the file system at once, without writing what waits in memory or in its journal:
what was synced is there after the next mount, what was not is gone, as after a power cut.
"""

import fcntl
import os
import signal
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from gongfu.faults.disk import DiskError, command, need_root, unmount
from gongfu.faults.effort import CannotRunError

# EXT4_IOC_SHUTDOWN, _IOR('X', 125, __u32), and EXT4_GOING_FLAGS_NOLOGFLUSH of the kernel's ext4.h.
IOC_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2


@dataclass(frozen=True)
class PowerCutDisk:
    """A mounted ext4 of its own; ``folder`` is where it is mounted while it has power."""

    image: Path
    folder: Path

    def cut(self, *programs: int) -> None:
        """Power off, now, for the disk and for the programs that write to it.

        They are stopped first and must then be killed: after the ioctl an fsync that was under way
        may return as if it had succeeded, and nobody may act upon that.
        """
        for pid in programs:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(handle)

    def restore(self) -> float:
        """Power on again, with the journal replayed by the mount; returns the seconds it took.

        Every program that used the disk must have ended.
        """
        began = time.monotonic()
        unmount(self.folder)
        self.mount()
        return time.monotonic() - began

    def mount(self) -> None:
        """Mount it. Raises DiskError."""
        command("mount", "-o", "loop", str(self.image), str(self.folder))


@contextmanager
def power_cut_disk(folder: Path, megabytes: int) -> Iterator[PowerCutDisk]:
    """A new file system, gone at the end. Raises CannotRunError where there is no loop mount."""
    need_root("a power cut (loop device)")
    mounted = folder / "mounted"
    mounted.mkdir(parents=True, exist_ok=True)
    disk = PowerCutDisk(folder / "image", mounted)
    with disk.image.open("wb") as file:
        file.truncate(megabytes * 1024**2)
    try:
        command("mkfs.ext4", "-q", str(disk.image))
        disk.mount()
    except DiskError as error:
        raise CannotRunError(f"ext4 on a loop device is not to be had here: {error}") from error
    try:
        yield disk
    finally:
        unmount(mounted)
