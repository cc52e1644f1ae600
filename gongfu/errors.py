"""What the composition root says when it cannot go on.

GongfuError
├── SettingsError     the settings make no sense
└── StateInUseError   another Gongfu runs on this state folder
"""


class GongfuError(Exception):
    """Base; the message names the fault and the remedy."""


class SettingsError(GongfuError):
    """The settings make no sense."""


class StateInUseError(GongfuError):
    """Another Gongfu runs on this state folder."""
