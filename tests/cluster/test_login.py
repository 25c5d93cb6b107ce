"""Who may use the bus: password, token, TLS in both directions; and what is said where the way is barred."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.cluster.machines import Broker
from vidframe.cli import cli
from vidframe.cluster.bus import Address
from vidframe.cluster.status import look

Key = ec.EllipticCurvePrivateKey


def certificate(
    folder: Path, name: str, signer: tuple[x509.Certificate, Key] | None = None
) -> tuple[x509.Certificate, Key]:
    """Writes NAME.pem and NAME.key, signed by itself or by an authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    addresses = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer[0].subject if signer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        .add_extension(addresses, critical=False)
    )
    made = builder.sign(signer[1] if signer else key, hashes.SHA256())
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.TraditionalOpenSSL
    secret = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    (folder / f"{name}.key").write_bytes(secret)
    return made, key


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Callable[..., Broker]]:
    brokers: list[Broker] = []

    def guarded(*options: str) -> Broker:
        broker = Broker(tmp_path / "broker", *options)
        broker.start()
        brokers.append(broker)
        return broker

    yield guarded
    for broker in brokers:
        broker.kill()


def gets_in(address: Address) -> bool:
    """Whether the address leads onto the bus."""
    try:
        asyncio.run(look(address))
        return True
    except ConnectionError:
        return False


def test_a_bus_with_a_password_lets_in_who_knows_it(guarded: Callable[..., Broker]) -> None:
    broker = guarded("--user", "shop", "--pass", "s3cret")

    assert gets_in(replace(broker.address, credentials="shop:s3cret"))
    assert not gets_in(replace(broker.address, credentials="shop:wrong"))
    assert not gets_in(broker.address)


def test_a_bus_with_a_token_lets_in_who_has_it(guarded: Callable[..., Broker]) -> None:
    broker = guarded("--auth", "t0ken")

    assert gets_in(replace(broker.address, credentials="t0ken"))
    assert not gets_in(replace(broker.address, credentials="other"))


def test_tls_lets_in_who_has_a_certificate_and_trusts_no_stranger(
    guarded: Callable[..., Broker], tmp_path: Path
) -> None:
    authority = certificate(tmp_path, "ca")
    certificate(tmp_path, "server", authority)
    certificate(tmp_path, "node", authority)
    certificate(tmp_path, "stranger")
    files = {name: str(tmp_path / name) for name in ("server.pem", "server.key", "ca.pem")}
    tls = ["--tlscert", files["server.pem"], "--tlskey", files["server.key"], "--tlscacert", files["ca.pem"]]
    broker = guarded("--tls", *tls, "--tlsverify")
    node = replace(broker.address, ca=tmp_path / "ca.pem", certificate=tmp_path / "node.pem", key=tmp_path / "node.key")

    assert gets_in(node)
    assert not gets_in(replace(node, certificate=None, key=None))
    assert not gets_in(replace(node, ca=tmp_path / "stranger.pem"))


def test_a_wrong_password_is_said_and_not_shown(guarded: Callable[..., Broker], tmp_path: Path) -> None:
    broker = guarded("--user", "shop", "--pass", "s3cret")
    config = tmp_path / "shop.yaml"
    config.write_text(f"cluster: {{bus: '{broker.url}', credentials: 'shop:hunter2'}}\ncameras: {{door: a.mp4}}\n")

    said = CliRunner().invoke(cli, ["nodes", str(config)])

    assert said.exit_code != 0
    assert f"event bus at {broker.url} unreachable: " in said.output
    assert "uthorization" in said.output
    assert "hunter2" not in said.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["--bus", "nats://me:hunter2@10.0.0.5"], "bus must not contain a user or password", id="password"),
        pytest.param(["--bus", "10.0.0.5"], "bus must look like nats://10.0.0.5:4222", id="no scheme"),
        pytest.param(["--name", "a b"], "--name must be 1 to 63 letters, digits, - and _, found 'a b'", id="name"),
        pytest.param([], "no event bus given: use --bus nats://HOST:4222, or `cluster: {bus: ...}` in ", id="no bus"),
    ],
)
def test_a_wrong_command_line_is_one_sentence(arguments: list[str], says: str, tmp_path: Path) -> None:
    config = tmp_path / "shop.yaml"
    config.write_text("cameras: {door: a.mp4}\n")

    said = CliRunner().invoke(cli, ["node", str(config), *arguments])

    assert said.exit_code != 0
    assert says in said.output
    assert "hunter2" not in said.output
