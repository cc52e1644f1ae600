"""A short, seeded run of the fuzz target; run.py's first lines say how to run it for longer."""

import importlib.util
import random
import subprocess
import sys
from pathlib import Path

import pytest

from gongfu_broker.mqtt.encode import encode
from gongfu_broker.mqtt.packets import Publish, SubAck, Version
from tests.broker.mqtt.malformed_corpus import MALFORMED
from tests.fuzz.mqtt_target import one_input

RUN = Path(__file__).with_name("run.py")
ROUNDS = 15_000


def seeds() -> list[bytes]:
    """The malformed corpus and some good streams, each behind the byte that chooses."""
    good = [
        (version, encode(Publish("a/b", b"x" * 150, 1, packet_id=3), version) * 3)
        for version in Version
    ]
    good += [(version, encode(SubAck(1, (1,)), version)) for version in Version]
    bad = [(version, raw) for versions, raw in MALFORMED.values() for version in versions]
    return [
        bytes([splitting << 1 | (version is Version.V5)]) + raw
        for version, raw in good + bad
        for splitting in (0, 2)
    ]


def test_every_seed_and_what_noise_makes_of_it_ends_lawfully() -> None:
    """Needs no fuzzer: bytes changed, cut and joined at random, the same each time."""
    chance = random.Random(7)
    known = seeds()
    for seed in known:
        one_input(seed)
    for _ in range(4_000):
        noisy = bytearray(chance.choice(known) + chance.choice(known)[1:])
        for _ in range(chance.randint(1, 4)):
            noisy[chance.randrange(len(noisy))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, 0x30))
        one_input(bytes(noisy[: chance.randint(1, len(noisy))]))


def test_a_seeded_run_of_the_fuzzer_finds_nothing(tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed here (Linux wheels only): the fuzzer was not run")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(seeds()):
        (corpus / f"{number:03}").write_bytes(seed)
    command: list[str | Path] = [
        sys.executable,
        RUN,
        "mqtt_target",
        corpus,
        "-seed=1",
        "-timeout=5",
    ]
    done = subprocess.run(
        [*command, f"-runs={ROUNDS}", "-max_len=600", f"-artifact_prefix={tmp_path}/"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    assert f"Done {ROUNDS} runs" in done.stderr
