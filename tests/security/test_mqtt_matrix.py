"""S2 and S3 at the brokers: 0 leaks, 0 intrusions, and what is allowed does pass."""

from pathlib import Path

from gongfu.security.mqtt_matrix import TOPICS, mqtt_matrix

CREDENTIALS, WAYS, REVOKE_MOST_S = 3, 2, 5.0
# Of 36 cells of publishing the five uplink leaves of the device's own are allowed.
FORBIDDEN = CREDENTIALS * len(TOPICS) - 5


async def test_no_credential_gets_more_through_than_its_own(tmp_path: Path) -> None:
    figures = await mqtt_matrix(tmp_path)
    print(f"\n{figures}")
    brokers = len(figures.mqtt_brokers.split(", "))
    assert figures.mqtt_cells == CREDENTIALS * len(TOPICS) * WAYS * brokers
    assert brokers == 1 if figures.mqtt_skipped else 3
    assert (figures.mqtt_leaks, figures.mqtt_missing, figures.mqtt_intrusions) == (0, 0, 0)
    assert (figures.store_leaks, figures.store_missing, figures.store_refused) == (0, 0, 0)
    assert figures.store_allowed >= brokers * 5
    assert figures.store_tried - figures.store_allowed == brokers * FORBIDDEN
    assert figures.takeovers == 6 * brokers
    assert figures.expired_tried == brokers
    assert figures.revoke_s <= REVOKE_MOST_S
    assert figures.expire_s <= REVOKE_MOST_S
