"""The places the map jumps to."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Site:
    """A site: ``bounds`` are west, south, east, north, WGS-84 degrees."""

    id: str
    name: str
    bounds: tuple[float, float, float, float]


@cache
def shipped_sites() -> tuple[Site, ...]:
    """The sites that come with the program."""
    text = files("gongfu_fleet").joinpath("data", "sites.json").read_text(encoding="utf-8")
    return tuple(Site(s["id"], s["name"], tuple(s["bounds"])) for s in json.loads(text))
