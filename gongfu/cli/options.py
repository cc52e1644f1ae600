"""What commands have in common: the options and the way to the settings."""

import asyncio
import logging
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError as TomlError

from gongfu.cli.output import fail
from gongfu.errors import GongfuError
from gongfu.settings import Settings, unknown_names
from gongfu_broker.errors import BrokerError
from gongfu_fleet.errors import FleetError
from gongfu_ingest.errors import IngestError

log = logging.getLogger("gongfu")
State = Annotated[Path | None, typer.Option(help="State folder (default: GONGFU_STATE or state).")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of sentences.")]


def settings_of(state: Path | None = None) -> Settings:
    """Settings from command line, environment and file; a wrong value ends the command."""
    try:
        settings = Settings(state=state) if state else Settings()
    except (ValidationError, TomlError, ValueError) as error:
        fail(f"the settings make no sense: {error}")
    level = settings.log_level.upper()
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(message)s")
    if unknown := unknown_names():
        log.warning("nobody reads %s: a typing error? See 'gongfu doctor'", ", ".join(unknown))
    for noisy in ("alembic", "apscheduler", "asyncio", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    return settings


def complete(work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - whatever the command returns
    """Run a command's coroutine; errors of ours become one sentence and exit code 2."""
    try:
        return asyncio.run(work)
    except (GongfuError, BrokerError, FleetError, IngestError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
