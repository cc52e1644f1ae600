"""Errors of the geography.

GeoError
└── PlaceError  a place file that breaks its format; names the feature and the remedy
"""


class GeoError(Exception):
    """Base of every error of this package."""


class PlaceError(GeoError):
    """A place file breaks its format; ``feature`` counts from 1 (0: the whole file)."""

    def __init__(self, feature: int, column: str, fault: str, remedy: str) -> None:
        super().__init__(f"feature {feature}, {column}: {fault} {remedy}")
        self.feature = feature
        self.column = column
        self.fault = fault
        self.remedy = remedy
