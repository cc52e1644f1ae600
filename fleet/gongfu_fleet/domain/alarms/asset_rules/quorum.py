"""N of M: one odd reading neither raises nor clears; several of the last ones must agree."""

from typing import NamedTuple

from gongfu_fleet.domain.alarms.rules.latch import CALM, Evidence, Latch, held, turned
from gongfu_fleet.domain.alarms.rules.rule import Standing


class Vote(NamedTuple):
    """What one reading says: it is wrong, or well; between the two it says neither."""

    ts_ms: int
    wrong: bool
    well: bool


class Poll(NamedTuple):
    """The last votes and what they have led to."""

    votes: tuple[Vote, ...] = ()
    latch: Latch = CALM


class Quorum(NamedTuple):
    """``need`` of the last ``of`` votes decide; clear must hold for ``off_delay_ms``."""

    need: int
    of: int
    off_delay_ms: float


FRESH = Poll()


def polled(poll: Poll, vote: Vote, quorum: Quorum, *, gap: bool) -> tuple[Poll, Standing]:
    """The poll after one more vote; votes from before a gap count no more."""
    earlier = () if gap else poll.votes
    votes = (*earlier, vote)[-quorum.of :]
    wrong = [one.ts_ms for one in votes if one.wrong]
    well = sum(one.well for one in votes)
    evidence = Evidence(
        wrong=vote.wrong and len(wrong) >= quorum.need,
        well=vote.well and well >= quorum.need,
        begin_ms=wrong[0] if wrong else vote.ts_ms,
        on_delay_ms=0,
        off_delay_ms=quorum.off_delay_ms,
        gap=gap,
    )
    latch, standing = turned(poll.latch, vote.ts_ms, evidence)
    return Poll(votes, latch), standing


def abstained(poll: Poll) -> tuple[Poll, Standing]:
    """The poll as it is: the reading says nothing."""
    return poll, held(poll.latch)[1]
