"""What was sent to whom, and how each channel is doing."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from gongfu_fleet.api.deps import Deps
from gongfu_fleet.api.permissions import Needs
from gongfu_fleet.domain.people import Permission

router = APIRouter(prefix="/api/notices", tags=["notices"])
MOST = 200
# Messages group incidents of any part of the fleet: who sees a part of it cannot be shown them.
WHOLE = Depends(Needs(Permission.METRICS, whole=True))


class ChannelAnswer(BaseModel):
    """A channel; ``flood`` while it is told digests only. Real time, UTC ms."""

    name: str
    waiting: int
    sent: int
    failed: int
    flood: bool
    held_until_real_ms: int
    held_why: str


class MessageAnswer(BaseModel):
    """A message; ``state`` is waiting, sent or failed. Real time, UTC ms."""

    id: str
    channel: str
    form: str
    severity: str
    state: str
    title: str
    lines: list[str]
    made_real_ms: int
    sent_real_ms: int | None
    attempts: int
    error: str
    incident_ids: list[str]


class NoticesAnswer(BaseModel):
    """The newest messages, newest first."""

    channels: list[ChannelAnswer]
    messages: list[MessageAnswer]


@router.get("", dependencies=[WHOLE])
def list_notices(deps: Deps, limit: Annotated[int, Query(ge=1, le=MOST)] = 50) -> NoticesAnswer:
    """Channels and newest messages."""
    if deps.notices is None:
        return NoticesAnswer(channels=[], messages=[])
    channels = [ChannelAnswer(**asdict(one)) for one in deps.notices.channels().values()]
    found = deps.notices.messages(limit)
    return NoticesAnswer(
        channels=channels, messages=[MessageAnswer(**asdict(message)) for message in found]
    )
