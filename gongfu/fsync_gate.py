"""After a failed flush to the disk the process ends at once, whoever asked for the flush.

The kernel reports such a failure once and then forgets which pages it concerned (ADR 21): whatever
is committed after it could be acknowledged and yet be missing after the next start. What the disk
does hold is found again by the databases' own recovery.
"""

import os
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

import psutil
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

from gongfu_ingest.disk import FLUSH_FAILED, is_lost_write
from gongfu_ingest.errors import LostWritesError

P = ParamSpec("P")
T = TypeVar("T")


class GatedThread(ThreadPoolExecutor):
    """One thread; a failed flush in it ends the process."""

    def __init__(self, name: str) -> None:
        super().__init__(1, thread_name_prefix=name)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run ``fn`` in the thread."""

        def gated() -> T:
            try:
                return fn(*args, **kwargs)
            except Exception as error:
                end_if_lost(error)
                raise

        return super().submit(gated)


def gate_engine(engine: Engine) -> None:
    """A failed flush of this engine's SQLite file ends the process."""

    def look(context: ExceptionContext) -> None:
        end_if_lost(context.original_exception)

    event.listen(engine, "handle_error", look)


def end_if_lost(error: BaseException) -> None:
    """Say why and exit at once, without closing anything, when a flush has failed."""
    if not is_lost_write(error):
        return
    told = str(error) if isinstance(error, LostWritesError) else FLUSH_FAILED % error
    sys.stderr.write(f"gongfu ends: {told}\n")
    sys.stderr.flush()
    for child in _children():
        child.terminate()
    os._exit(os.EX_IOERR)


def _children() -> list[Any]:  # Any: psutil's processes
    try:
        return psutil.Process().children()
    except psutil.Error:
        return []
