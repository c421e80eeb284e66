"""The file of `--web.config.file`: what is wrong in it is told with its place and a remedy."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest

from alertd.config.web_file import load_web_file
from alertd.yamlio import ConfigError
from tests.support.certificates import LOOPBACK, Authority
from tests.support.servers import program

HASH = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
PAIR = "cert_file: server.pem, key_file: server.key"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Authority(tmp_path).sign("server", names=LOOPBACK)
    (tmp_path / "junk.pem").write_text("-----BEGIN CERTIFICATE-----\ncanary\n-----END CERTIFICATE-----\n")
    return tmp_path


def written(folder: Path, text: str) -> Path:
    file = folder / "web.yml"
    file.write_text(text)
    return file


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}", "tls_server_config:\nbasic_auth_users:\n"])
def test_an_empty_file_switches_nothing_on(folder: Path, text: str) -> None:
    config = load_web_file(written(folder, text))
    assert (config.tls, dict(config.settings.basic_auth_users)) == (None, {})


def test_everything_there_is(folder: Path) -> None:
    text = f"""
tls_server_config:
  cert_file: server.pem
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
  client_allowed_sans: [a.example.com]
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: true
  curve_preferences: [X25519]
http_server_config:
  http2: true
  headers: {{X-Frame-Options: deny, Strict-Transport-Security: max-age=1}}
basic_auth_users:
  ann: {HASH}
rate_limit: {{interval: 1s, burst: 20}}
"""
    config = load_web_file(written(folder, text))
    assert config.tls is not None
    assert config.tls.verify_mode is ssl.CERT_REQUIRED
    assert sorted(path.name for path in config.files) == ["ca.pem", "server.key", "server.pem", "web.yml"]
    assert HASH not in repr(config)


def test_certificates_may_stand_in_the_file(folder: Path) -> None:
    texts = {
        key: (folder / name).read_text().replace("\n", "\n    ")
        for key, name in (("cert", "server.pem"), ("key", "server.key"), ("client_ca", "ca.pem"))
    }
    lines = "".join(f"  {key}: |\n    {text}\n" for key, text in texts.items())
    text = f"tls_server_config:\n  client_auth_type: VerifyClientCertIfGiven\n{lines}"
    assert load_web_file(written(folder, text)).tls is not None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tls_server_config: [", ":2:1 not YAML"),
        ("- a", ":1:1 must be a mapping"),
        ("basic_auth_user: {}", ":1:1 basic_auth_user: field basic_auth_user not found in type WebFile; did you mean"),
        (
            "basic_auth_users:\n  ann: secret-canary",
            ":2:8 basic_auth_users.ann: this is no bcrypt hash; make one with: htpasswd -nBC 10",
        ),
        (f"basic_auth_users:\n  ann: {HASH}\n  ann: {HASH}", ':3:3 basic_auth_users.ann: key "ann" is given twice'),
        ("tls_server_config: {cert_file: server.pem}", ":1:20 tls_server_config: missing one of key or key_file"),
        ("tls_server_config: {client_auth_type: NoClientCert}", "missing one of cert or cert_file"),
        (
            "tls_server_config: {cert_file: gone.pem, key_file: server.key}",
            ":1:32 tls_server_config.cert_file: cannot read ",
        ),
        (
            "tls_server_config: {cert_file: junk.pem, key_file: server.key}",
            ":1:32 tls_server_config.cert_file: the cert",
        ),
        ("tls_server_config: {cert_file: server.pem, key_file: ca.key}", ":1:32 tls_server_config.cert_file: the cert"),
        (
            f"tls_server_config: {{{PAIR}, cert: x}}",
            ":1:20 tls_server_config: give cert or cert_file, not both",
        ),
        (
            f"tls_server_config: {{{PAIR}, client_ca_file: ca.pem}}",
            "without a Client Auth Policy; add client_auth_type: RequireAndVerifyClientCert",
        ),
        (
            f"tls_server_config: {{{PAIR}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: junk.pem}}",
            "tls_server_config.client_ca_file: no certificates to trust in it",
        ),
        (
            f"tls_server_config: {{{PAIR}, client_auth_type: RequireAnyClientCert}}",
            'Python cannot ask for one without checking it; use "RequireAndVerifyClientCert"',
        ),
        (
            f"tls_server_config: {{{PAIR}, client_auth_type: Maybe}}",
            "tls_server_config.client_auth_type: must be 'NoClient",
        ),
        (f"tls_server_config: {{{PAIR}, client_allowed_sans: [a]}}", "client_allowed_sans requires client_auth_type"),
        (f"tls_server_config: {{{PAIR}, min_version: TLS14}}", "tls_server_config.min_version: must be 'TLS10'"),
        (
            f"tls_server_config: {{{PAIR}, min_version: TLS13, max_version: TLS12}}",
            "min_version is newer than max_version",
        ),
        (
            f"tls_server_config: {{{PAIR}, cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]}}",
            "tls_server_config.cipher_suites[0]: unknown cipher: TLS_RSA_WITH_RC4_128_SHA; there are: TLS_RSA",
        ),
        (
            f"tls_server_config: {{{PAIR}, cipher_suites: [TLS_AES_128_GCM_SHA256]}}",
            "cipher_suites names none of TLS 1.2; add one, or min_version: TLS13",
        ),
        (
            f"tls_server_config: {{{PAIR}, curve_preferences: [CurveP224]}}",
            "unknown curve: CurveP224; there are: CurveP256",
        ),
        (f"tls_server_config: {{{PAIR}, curve_preferences: [X25519, CurveP256]}}", "Python can choose one curve"),
        (
            "http_server_config: {headers: {X-Powered-By: x}}",
            'http_server_config.headers.X-Powered-By: HTTP header "X-Powered-By" can not be configured; there are: Content',
        ),
        ("http_server_config: {headers: {X-Frame-Options: allow}}", "expected one of: deny, sameorigin"),
        ('http_server_config: {headers: {X-XSS-Protection: "1\\r\\nSet-Cookie: a=b"}}', "has a line break"),
        ("rate_limit: {interval: 1s}", ":1:13 rate_limit: with burst: 0 no request would be answered; give 1 or more"),
        ("rate_limit: {interval: soon, burst: 1}", "rate_limit.interval: not a valid duration"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(folder: Path, text: str, said: str) -> None:
    file = written(folder, text)
    with pytest.raises(ConfigError) as told:
        load_web_file(file)
    assert str(told.value).startswith(f"{file}:")
    assert said in str(told.value)
    assert "canary" not in str(told.value)


def test_all_problems_are_told_at_once(folder: Path) -> None:
    file = written(folder, "basic_auth_users: {a: b}\nrate_limit: {burst: -1}\ntls_server_config: {cert: x}\n")
    with pytest.raises(ConfigError) as told:
        load_web_file(file)
    assert [problem.line for problem in told.value.problems] == [1, 2, 3]


def test_a_file_that_is_not_there_is_told(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.yml:1:1 cannot be read: No such file"):
        load_web_file(folder / "gone.yml")


def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(folder: Path) -> None:
    subprocess.run(
        [
            program("openssl"),
            "ec",
            "-in",
            folder / "server.key",
            "-aes256",
            "-passout",
            "pass:x",
            "-out",
            folder / "locked.key",
        ],
        check=True,
        capture_output=True,
    )
    with pytest.raises(ConfigError, match=r"tls_server_config\.cert_file: the certificate and its key cannot be used"):
        load_web_file(written(folder, "tls_server_config: {cert_file: server.pem, key_file: locked.key}"))
