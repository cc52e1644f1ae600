"""S2 and S3 at the brokers: 0 leaks, 0 intrusions, and what is allowed does pass."""

from pathlib import Path

from gongfu.security.mqtt_matrix import TOPICS, mqtt_matrix

CREDENTIALS, WAYS, REVOKE_MOST_S = 3, 2, 5.0


async def test_no_credential_gets_more_through_than_its_own(tmp_path: Path) -> None:
    figures = await mqtt_matrix(tmp_path)
    print(f"\n{figures}")
    brokers = len(figures.mqtt_brokers.split(", "))
    assert figures.mqtt_cells == CREDENTIALS * len(TOPICS) * WAYS * brokers
    assert brokers == 1 if figures.mqtt_skipped else 3
    assert (figures.mqtt_leaks, figures.mqtt_missing, figures.mqtt_intrusions) == (0, 0, 0)
    assert figures.revoke_s <= REVOKE_MOST_S
