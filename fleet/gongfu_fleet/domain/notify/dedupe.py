"""Stage: a notice whose key is in the outbox already is not made twice."""

from collections.abc import Collection, Iterable

from gongfu_fleet.domain.notify.notice import Notice


def dedupe(notices: Iterable[Notice], known: Collection[str]) -> list[Notice]:
    """The notices with a new key, each key once, in their order."""
    seen = set(known)
    fresh = []
    for notice in notices:
        if notice.key not in seen:
            seen.add(notice.key)
            fresh.append(notice)
    return fresh
