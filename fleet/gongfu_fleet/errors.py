"""Errors of the fleet, each with its remedy.

FleetError
├── NotFoundError          no such asset, incident or user
├── ConflictError          the thing is in a state that forbids the step
├── InvalidError           a value the caller gave is wrong
├── SignInError            wrong name or password, or an expired session
├── ForbiddenError         the role does not allow it, or the CSRF token is missing
├── TooManyAttemptsError   the limit of sign-in attempts is reached
├── ProviderError          the sign-in provider does not answer, or not as it should
├── DatabaseUnusableError  the database cannot be opened or is of another age
└── MiswiredError          a mistake in the program's own composition
"""


class FleetError(Exception):
    """What went wrong (``fault``) and what to do about it (``remedy``), both plain sentences."""

    def __init__(self, fault: str, remedy: str) -> None:
        super().__init__(f"{fault} {remedy}".strip())
        self.fault = fault
        self.remedy = remedy


class NotFoundError(FleetError):
    """No such asset, incident or user."""


class ConflictError(FleetError):
    """The thing is in a state that forbids the step."""


class InvalidError(FleetError):
    """A value the caller gave is wrong."""


class SignInError(FleetError):
    """Wrong name or password, or an expired session."""


class ForbiddenError(FleetError):
    """The role does not allow it, or the CSRF token is missing."""


class TooManyAttemptsError(FleetError):
    """The limit of sign-in attempts is reached; ``wait_s`` is how long to wait, in seconds."""

    def __init__(self, fault: str, remedy: str, *, wait_s: int) -> None:
        super().__init__(fault, remedy)
        self.wait_s = wait_s


class ProviderError(FleetError):
    """The sign-in provider does not answer, or not as it should."""


class DatabaseUnusableError(FleetError):
    """The database cannot be opened or is of another age."""


class MiswiredError(FleetError):
    """A mistake in the program's own composition; it shows at start, never at a request."""
