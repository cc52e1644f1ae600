"""A certificate authority of the test's own, made with openssl."""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from gongfu_broker.mosquitto_config import TlsFiles

_CURVE = "ec -pkeyopt ec_paramgen_curve:prime256v1"


def _openssl(command: str, folder: Path) -> None:
    subprocess.run(["openssl", *command.split()], check=True, capture_output=True, cwd=folder)


class Authority:
    """Signs certificates for 127.0.0.1; skips the test where there is no openssl."""

    def __init__(self, folder: Path, name: str) -> None:
        if shutil.which("openssl") is None:
            pytest.skip("no openssl on this machine: no certificate can be made")
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.certificate = folder / "ca.pem"
        _openssl(
            f"req -x509 -newkey {_CURVE} -nodes -days 2 -subj /CN={name} -keyout ca.key "
            "-out ca.pem -addext keyUsage=critical,keyCertSign",
            folder,
        )

    def server(self) -> TlsFiles:
        names = self._folder / "names"
        names.write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
        _openssl(
            f"req -newkey {_CURVE} -nodes -subj /CN=broker -keyout key.pem -out csr", self._folder
        )
        _openssl(
            "x509 -req -in csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names "
            "-out certificate.pem",
            self._folder,
        )
        return TlsFiles(self._folder / "certificate.pem", self._folder / "key.pem")

    def trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))
