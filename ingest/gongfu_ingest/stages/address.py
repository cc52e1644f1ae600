"""Read the topic: the topic is the identity, ids inside payloads are ignored."""

from dataclasses import replace

from gongfu_broker.errors import TopicError
from gongfu_broker.payloads import Reason
from gongfu_broker.topics import UP, parse
from gongfu_ingest.messages import Draft, Rejected


def address(draft: Draft) -> Draft | Rejected:
    """Fill ``address``; a topic outside the uplink tree is rejected."""
    try:
        topic = parse(draft.topic)
    except TopicError as error:
        return Rejected(draft, Reason.UNKNOWN_TOPIC, str(error))
    if topic.leaf not in UP:
        return Rejected(draft, Reason.UNKNOWN_TOPIC, f"{topic.leaf} is not sent by devices")
    return replace(draft, address=topic)
