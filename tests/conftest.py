"""How tests share the lanes of ``make test``: those of a file, or of a running county, in one."""

import pytest


# First, for the distribution over lanes reads the groups in the same hook.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        shares = "house" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("county" if shares else item.path.name))
