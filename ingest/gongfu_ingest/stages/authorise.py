"""Only registered devices at their registered site."""

from collections.abc import Mapping
from dataclasses import dataclass

from gongfu_broker.payloads import Reason
from gongfu_broker.ports import Device
from gongfu_ingest.messages import Draft, Rejected


@dataclass(frozen=True)
class Authorise:
    """Holds the registry as it stands for this batch."""

    devices: Mapping[str, Device]

    def __call__(self, draft: Draft) -> Rejected | None:
        """Fill ``device``, or reject."""
        topic = draft.address
        if topic is None:
            raise ValueError("address comes before authorise")
        device = self.devices.get(topic.dev)
        if device is None:
            return Rejected(Reason.UNREGISTERED, f"{topic.dev} is not registered: import it")
        if device.site != topic.site:
            return Rejected(
                Reason.WRONG_SITE,
                f"{topic.dev} is registered at {device.site}, not {topic.site}: "
                "correct the device's site or its registration",
            )
        draft.device = device
        return None
