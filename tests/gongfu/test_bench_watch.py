"""The stand of ``gongfu bench watch``: a small one finds what its script breaches."""

from pathlib import Path

from gongfu.bench.watch_cost import WARM_IN, Stand


def test_every_warm_device_of_the_script_has_one_incident_and_no_other(tmp_path: Path) -> None:
    stand = Stand(tmp_path, devices=2 * WARM_IN)
    stand.commit(1, rounds=1)
    assert stand.cpu_us() > 0
    assert not stand.store.running()
    stand.commit(2, rounds=12)
    stand.cpu_us()
    found = [incident.subject.asset for incident in stand.store.running()]
    assert sorted(found) == stand.devices[:2]
    stand.close()
