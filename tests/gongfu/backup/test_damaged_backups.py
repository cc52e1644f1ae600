"""A backup that is not whole is refused before it replaces anything."""

import io
import shutil
import tarfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gongfu.backup.archive import MANIFEST, Facts, FleetFacts, LogFacts, Manifest, entry_of, pack
from gongfu.backup.examine import check_backup
from gongfu.backup.make import make_backup
from gongfu.errors import BackupError
from tests.gongfu.backup.conftest import Worker

ON_SQLITE = pytest.mark.parametrize("kind", ["sqlite"])
FACTS = Facts(FleetFacts("sqlite", "0001", {}), LogFacts("1", "log", 0, 0))


@pytest.fixture
def archive(worker: Worker, tmp_path: Path) -> Path:
    make_backup(worker.settings, tmp_path / "a.tar")
    return tmp_path / "a.tar"


def contents(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        return {
            member.name: content.read()
            for member in tar
            if (content := tar.extractfile(member)) is not None
        }


def write(archive: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(archive, "w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


@ON_SQLITE
@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_one_flipped_bit_is_refused_or_changes_nothing(
    archive: Path, tmp_path: Path, share: float, bit: int
) -> None:
    content = bytearray(archive.read_bytes())
    content[int(share * len(content))] ^= 1 << bit
    damaged = tmp_path / "damaged.tar"
    damaged.write_bytes(content)
    try:
        check_backup(damaged)
    except BackupError:
        return
    assert contents(damaged) == contents(archive)


@ON_SQLITE
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.95])
def test_half_a_backup_is_refused(archive: Path, tmp_path: Path, share: float) -> None:
    content = archive.read_bytes()
    (tmp_path / "half.tar").write_bytes(content[: int(share * len(content))])
    with pytest.raises(BackupError):
        check_backup(tmp_path / "half.tar")


@ON_SQLITE
@pytest.mark.parametrize(
    ("name", "says"),
    [("telemetry.db", "telemetry.db is missing"), (MANIFEST, "no whole backup"), (None, "whole")],
)
def test_a_missing_file_is_named(archive: Path, name: str | None, says: str) -> None:
    files = contents(archive)
    write(archive, {key: files[key] for key in files if name not in (None, key)})
    with pytest.raises(BackupError, match=says):
        check_backup(archive)


@ON_SQLITE
def test_databases_of_another_backup_are_refused_even_with_their_right_sums(
    archive: Path, worker: Worker, tmp_path: Path
) -> None:
    worker.commit(5)
    worker.follow()
    make_backup(worker.settings, tmp_path / "later.tar")
    folder = tmp_path / "mixed"
    folder.mkdir()
    files = {**contents(archive), "fleet.db": contents(tmp_path / "later.tar")["fleet.db"]}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    manifest = msgspec.json.decode(files[MANIFEST], type=Manifest)
    entries = tuple(entry_of(folder / entry.name) for entry in manifest.files)
    pack(msgspec.structs.replace(manifest, files=entries), folder, tmp_path / "mixed.tar")
    with pytest.raises(BackupError, match="not those of the manifest"):
        check_backup(tmp_path / "mixed.tar")


@pytest.mark.parametrize("name", ["../escaped", "/etc/passwd", "a/b", ".hidden", "stranger"])
def test_a_file_that_gongfu_never_wrote_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "content").write_bytes(b"x")
    entry = msgspec.structs.replace(entry_of(tmp_path / "content"), name=name)
    manifest = Manifest("0.1.0", 0, FACTS, (entry,))
    write(tmp_path / "a.tar", {MANIFEST: msgspec.json.encode(manifest), name: b"x"})
    with pytest.raises(BackupError):
        check_backup(tmp_path / "a.tar")
    assert not (tmp_path.parent / "escaped").exists()


def test_a_backup_of_a_newer_format_names_its_remedy(tmp_path: Path) -> None:
    write(tmp_path / "a.tar", {MANIFEST: b'{"format": 2}'})
    with pytest.raises(BackupError, match="the version that made it"):
        check_backup(tmp_path / "a.tar")


def test_a_file_that_is_no_tar_is_refused(tmp_path: Path) -> None:
    shutil.copy(__file__, tmp_path / "a.tar")
    with pytest.raises(BackupError, match="no whole backup"):
        check_backup(tmp_path / "a.tar")
