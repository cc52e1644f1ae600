"""What may follow from a hazard for those who eat: it decides how an incident may be closed."""

from collections.abc import Mapping
from enum import StrEnum

from gongfu_fleet.domain.alarms.hazard import Hazard


class Consequence(StrEnum):
    """``product``: goods were exposed, and somebody must say what becomes of them."""

    NONE = "none"
    PRODUCT = "product"


_OF: Mapping[Hazard, Consequence] = {
    Hazard.TEMPERATURE_HIGH: Consequence.PRODUCT,
    Hazard.TEMPERATURE_LOW: Consequence.PRODUCT,
    Hazard.PRODUCT_HIGH: Consequence.PRODUCT,
    Hazard.EXPOSURE: Consequence.PRODUCT,
}


def consequence_of(hazard: Hazard) -> Consequence:
    """The consequence of a hazard; none where nothing is said."""
    return _OF.get(hazard, Consequence.NONE)
