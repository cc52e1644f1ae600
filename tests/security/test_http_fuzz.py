"""S4: sixty cases for every operation of the OpenAPI document; ``make test-fuzz`` sends 2,000."""

import pytest

from gongfu.security.fuzz import CASES, fuzz
from gongfu.security.stand import Stand


def test_no_case_breaks_the_platform_or_the_promise_of_its_document(
    stand: Stand, request: pytest.FixtureRequest
) -> None:
    # Without the option where the folder above is collected from: then sixty.
    cases = request.config.getoption("--fuzz-cases", default=CASES)
    found = fuzz(stand, cases=cases)
    print(found.figures(), found.answers)
    assert found.told == []
    assert found.server_errors == found.schema_breaks == 0
    assert min(found.cases.values()) >= CASES * 9 // 10
    # All refused or all let in would mean that the generator sees a door only.
    assert {200, 201, 204, 401, 404, 422} <= found.answers.keys()
