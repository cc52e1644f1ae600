"""Read the topic: the topic is the identity, ids inside payloads are ignored."""

from functools import lru_cache

from gongfu_broker.errors import TopicError
from gongfu_broker.payloads import Reason
from gongfu_broker.topics import UP, Topic, parse
from gongfu_ingest.messages import Draft, Rejected

# A device speaks on five topics; a hostile one cannot fill the memory with others.
CACHED_TOPICS = 65_536


def address(draft: Draft) -> Rejected | None:
    """Fill ``address``; a topic outside the uplink tree is rejected."""
    found = _read(draft.topic)
    if isinstance(found, Rejected):
        return found
    draft.address = found
    return None


@lru_cache(CACHED_TOPICS)
def _read(text: str) -> Topic | Rejected:
    try:
        topic = parse(text)
    except TopicError as error:
        return Rejected(Reason.UNKNOWN_TOPIC, str(error))
    if topic.leaf not in UP:
        return Rejected(Reason.UNKNOWN_TOPIC, f"{topic.leaf} is not sent by devices")
    return topic
