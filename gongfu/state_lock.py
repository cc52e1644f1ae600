"""One Gongfu per state folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gongfu.errors import StateInUseError


@contextmanager
def hold_state(state: Path) -> Iterator[None]:
    """Hold the folder's lock for the block. Raises StateInUseError, naming the holder."""
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = state / "run.lock"
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise StateInUseError(
                f"another Gongfu (pid {file.read().strip() or 'unknown'}) runs on {state}: "
                "stop it, or choose another folder with GONGFU_STATE"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def holder_of(state: Path) -> int | None:
    """Process id of the Gongfu that runs on this folder, or None."""
    try:
        with (state / "run.lock").open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read() or 0) or None
    except (FileNotFoundError, ValueError):
        return None
    return None
