"""Standard Webhooks signatures."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from alertd.receivers.signing import key_of, signature_headers

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(b"k" * 32).decode()
BODY = b'{"type":"alert.firing","timestamp":"2025-11-20T14:46:40Z","data":{"alert":"HighErrorRate"}}'
AT = datetime.fromtimestamp(1763650000, UTC)
ID = "01JD5Z8X7M0000000000000000"


def test_the_signature_is_the_one_other_implementations_make() -> None:
    headers = signature_headers([key_of(SECRET)], delivery_id=ID, body=BODY, at=AT)
    assert headers == {
        "webhook-id": f"msg_{ID}",
        "webhook-timestamp": "1763650000",
        "webhook-signature": "v1,9n1FV1k625KBTtKTD4FsjbxIdr5f4+g9quc88M76rm4=",
    }


def test_while_a_secret_is_changed_there_is_a_signature_for_each() -> None:
    both = signature_headers([key_of(OTHER), key_of(SECRET)], delivery_id=ID, body=BODY, at=AT)
    signatures = both["webhook-signature"].split(" ")
    assert len(signatures) == 2
    assert signatures[1] == "v1,9n1FV1k625KBTtKTD4FsjbxIdr5f4+g9quc88M76rm4="


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        pytest.param("whsec_!", "whsec_ and base64", id="no base64"),
        pytest.param("whsec_" + base64.b64encode(b"k" * 23).decode(), "this one 23", id="too short"),
        pytest.param("whsec_" + base64.b64encode(b"k" * 65).decode(), "this one 65", id="too long"),
    ],
)
def test_what_is_no_secret_is_refused(secret: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        key_of(secret)
    assert secret not in str(caught.value)
