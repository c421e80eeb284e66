"""Whom a request trusts that has no `tls_config`, and that a start reads nobody's certificates."""

import asyncio
import ssl

from alertd.cli.run import certificates_unread
from alertd.http.settings import TlsSettings
from alertd.http.tls import TlsContexts, usual_context


def test_the_usual_context_trusts_whom_python_trusts():
    usual, pythons = usual_context(), ssl.create_default_context()

    assert usual.verify_mode is ssl.CERT_REQUIRED
    assert usual.check_hostname
    assert usual.minimum_version is pythons.minimum_version
    assert usual.cert_store_stats() == pythons.cert_store_stats()


def test_what_is_made_while_certificates_are_unread_trusts_nobody_and_still_verifies():
    before = ssl.create_default_context().cert_store_stats()

    with certificates_unread():
        made = ssl.create_default_context()

    assert made.verify_mode is ssl.CERT_REQUIRED
    assert made.check_hostname
    assert made.cert_store_stats()["x509"] == 0
    assert ssl.create_default_context().cert_store_stats() == before


async def test_requests_that_come_all_at_once_have_the_same_context():
    contexts = TlsContexts(TlsSettings())
    made = await asyncio.gather(*(contexts.current() for _ in range(10)))
    assert len(set(map(id, made))) == 1
