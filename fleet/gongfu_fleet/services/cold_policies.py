"""The shipped policies of the cold-chain rules and the ageing models, each with its source."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from gongfu_fleet.domain.coldchain.policy import ColdPolicy, policy_of
from gongfu_fleet.domain.coldchain.shelf_life import Q10, Ageing, Arrhenius, SquareRoot, Table
from gongfu_fleet.errors import InvalidError, NotFoundError


def shipped_cold_policies() -> Mapping[str, ColdPolicy]:
    """By product class, the highest version of each."""
    return newest(json.loads(_text("policies_coldchain.json")))


def newest(lines: list[Mapping[str, Any]]) -> Mapping[str, ColdPolicy]:  # Any: JSON values
    """Policies by product class, the highest version of each. Raises InvalidError."""
    policies = sorted((policy_of(line) for line in lines), key=lambda policy: policy.version)
    return {policy.product_class: policy for policy in policies}


def cold_policy(product_class: str, changes: Mapping[str, Any] | None = None) -> ColdPolicy:
    """The policy of a class, with some of its fields changed. Raises FleetError."""
    lines = {line["product_class"]: line for line in json.loads(_text("policies_coldchain.json"))}
    if product_class not in lines:
        raise NotFoundError(
            f"There is no product class {product_class!r}.", f"There are {', '.join(lines)}."
        )
    return policy_of({**lines[product_class], **(changes or {}), "product_class": product_class})


def shipped_life(product_class: str) -> tuple[Ageing, float] | None:
    """How goods of a class age, and their life in days at the model's reference; None: unknown."""
    for line in json.loads(_text("shelf_life.json")):
        if line["product_class"] == product_class:
            return _ageing(line), float(line["life_days"])
    return None


def _ageing(line: Mapping[str, Any]) -> Ageing:  # Any: JSON values
    reference = line["reference_celsius"]
    match line["model"]:
        case "q10":
            return Q10(reference, line["factor"])
        case "arrhenius":
            return Arrhenius(reference, line["kj_per_mol"])
        case "square_root":
            return SquareRoot(reference)
        case "table":
            return Table(reference, tuple((at, days) for at, days in line["days"]))
        case other:
            raise InvalidError(f"There is no ageing model {other!r}.", "Use one of the four.")


def _text(name: str) -> str:
    return files("gongfu_fleet").joinpath("data", name).read_text(encoding="utf-8")
