"""Certificates for tests: an authority of its own, a server on loopback, clients with names."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.servers import program


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its key, as files."""

    cert: Path
    key: Path


class Authority:
    """Signs certificates; everything lies in `folder`, its own certificate in `ca.pem`."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._folder = folder
        self._own = self._files(name)
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", f"/CN={name}", "-keyout", str(self._own.key), "-out", str(self._own.cert),
        )  # fmt: skip

    @property
    def cert(self) -> Path:
        return self._own.cert

    def sign(self, name: str, *, names: str, usage: str = "serverAuth,clientAuth") -> Certificate:
        """A new certificate; `names` such as `IP:127.0.0.1,DNS:localhost`."""
        made = self._files(name)
        request = self._folder / f"{name}.csr"
        self._openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", f"/CN={name}", "-keyout", str(made.key), "-out", str(request),
        )  # fmt: skip
        extensions = self._folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={names}\nextendedKeyUsage={usage}\n")
        self._openssl(
            "x509", "-req", "-in", str(request), "-CA", str(self._own.cert), "-CAkey", str(self._own.key),
            "-CAcreateserial", "-days", "2", "-extfile", str(extensions), "-out", str(made.cert),
        )  # fmt: skip
        return made

    def context(self, client: Certificate | None = None) -> ssl.SSLContext:
        """A client that trusts this authority, and shows `client`."""
        context = ssl.create_default_context(cafile=str(self.cert))
        if client is not None:
            context.load_cert_chain(client.cert, client.key)
        return context

    def _files(self, name: str) -> Certificate:
        return Certificate(self._folder / f"{name}.pem", self._folder / f"{name}.key")

    @staticmethod
    def _openssl(*arguments: str) -> None:
        subprocess.run([program("openssl"), *arguments], check=True, capture_output=True)


LOOPBACK = "IP:127.0.0.1,DNS:localhost"
