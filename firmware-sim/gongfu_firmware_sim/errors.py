"""What can go wrong in the simulator.

SimulatorError
├── ScenarioError   the scenario cannot be simulated as written
└── RingError       the devices' ring on disk cannot be opened or written
"""


class SimulatorError(Exception):
    """Base of every error of this package."""


class ScenarioError(SimulatorError):
    """The scenario cannot be simulated; the message says what to change."""


class RingError(SimulatorError):
    """The ring on disk cannot be used; the message says what to do."""
