"""What the composition root says when it cannot go on.

GongfuError
├── BackupError       a backup cannot be made or restored
├── CertificateError  a certificate cannot be made
├── SettingsError     the settings make no sense
└── StateInUseError   another Gongfu runs on this state folder
"""


class GongfuError(Exception):
    """Base; the message names the fault and the remedy."""


class BackupError(GongfuError):
    """A backup cannot be made or restored."""


class CertificateError(GongfuError):
    """A certificate cannot be made."""


class SettingsError(GongfuError):
    """The settings make no sense."""


class StateInUseError(GongfuError):
    """Another Gongfu runs on this state folder."""
