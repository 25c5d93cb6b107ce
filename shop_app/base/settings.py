"""The settings of an installation: environment variables, or one YAML file, checked before anything starts."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import yaml
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

PREFIX = "SHOP_"


KEYS = ("secret.key", "vault.key", "push.key")  # files of the instance


class SettingsError(Exception):
    """A setting is missing or wrong; the message names it, says what was found and what would do."""


def _words(value: object) -> object:
    return value.split() if isinstance(value, str) else value


class Settings(BaseModel):
    """What differs from one installation to the next. Each field is also `SHOP_<NAME>` in the environment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instance: Path = Path("instance")  # the folder of everything that is written: database, keys, pictures, clips
    database: SecretStr = SecretStr("")  # SQLAlchemy URL; empty = SQLite in the instance folder
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    threads: Annotated[int, Field(ge=4, le=1024)] = 128  # each live page holds one
    hosts: Annotated[list[str], BeforeValidator(_words)] = ["localhost", "127.0.0.1"]  # names this shop is reached by
    public_url: str = ""  # https://shop.example, for links in e-mails; never taken from a request
    plain_http: bool = False  # True on a LAN without TLS: login cookies then travel unencrypted
    proxies: Annotated[int, Field(ge=0, le=3)] = 0  # trusted reverse proxies in front
    upload_bytes: int = 5_000_000  # largest picture or CSV file sent through a form
    clip_bytes: int = 2_000_000_000  # largest clip a camera may send
    smtp_url: SecretStr = SecretStr("")  # smtp://user:password@host:587; empty = no e-mail
    mail_from: str = ""
    push_services: Annotated[list[str], BeforeValidator(_words)] = [  # whose addresses browsers may give for alerts
        "fcm.googleapis.com", "push.services.mozilla.com", "push.apple.com", "notify.windows.com",
    ]  # fmt: skip
    camera_networks: Annotated[list[str], BeforeValidator(_words)] = []  # CIDR; empty = this machine's private subnets
    webhook_networks: Annotated[list[str], BeforeValidator(_words)] = []  # CIDR; private ones that a webhook may reach
    sample_clips: Path | None = None  # folder of clips that a sample camera may play
    testing: bool = False

    @property
    def database_url(self) -> str:
        """The SQLAlchemy URL; MariaDB is spoken to through the `mysql` dialect of PyMySQL."""
        url = self.database.get_secret_value()
        if not url:
            return f"sqlite:///{self.instance.resolve() / 'shop.db'}"
        scheme, _, rest = url.partition("://")
        if scheme in {"mysql", "mariadb", "mysql+pymysql", "mariadb+pymysql"}:
            rest += ("&" if "?" in rest else "?") + "charset=utf8mb4" if "charset=" not in rest else ""
            return f"mysql+pymysql://{rest}"
        return url

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a SQLite file: one process and one writer at a time."""
        return self.database_url.startswith("sqlite")

    @property
    def media(self) -> Path:
        """Folder of product pictures, snapshots and clips."""
        return self.instance / "media"

    def as_environment(self) -> dict[str, str]:
        """The variables that make the same settings in another process."""
        found = {}
        for name in self.model_fields_set:
            value = getattr(self, name)
            text = value.get_secret_value() if isinstance(value, SecretStr) else value
            found[PREFIX + name.upper()] = " ".join(text) if isinstance(text, list) else str(text)
        return found

    def secret_key(self) -> bytes:
        """The key that signs form tokens; made on first use, readable by the owner only."""
        return self._key("secret.key", lambda: secrets.token_hex(32).encode())

    def vault_key(self) -> bytes:
        """The key that encrypts camera credentials; kept outside the database."""
        return self._key("vault.key", Fernet.generate_key)

    def push_key(self) -> bytes:
        """The key that signs push messages, as PEM; browsers hold on to its public half."""
        return self._key("push.key", new_signing_key)

    def _key(self, name: str, make: Callable[[], bytes]) -> bytes:
        path = self.instance / name
        if not path.exists():
            self._make_key(path, make())
        key = path.read_bytes()
        if len(key) < 32 or len(set(key)) < 8:
            raise SettingsError(f"{path} holds a weak key of {len(key)} bytes; remove it to have a good one made")
        return key

    def _make_key(self, path: Path, key: bytes) -> None:
        """Of several processes that start at once the first one's key stands, and none reads half a key."""
        self.instance.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(part, path)
        part.unlink()


def load_settings(environment: Mapping[str, str], file: Path | None = None) -> Settings:
    """Settings from the YAML `file` (or `SHOP_SETTINGS`), overridden by `SHOP_*` variables."""
    file = file or (Path(environment["SHOP_SETTINGS"]) if environment.get("SHOP_SETTINGS") else None)
    values: dict[str, Any] = _read(file) if file else {}
    for name in Settings.model_fields:
        if PREFIX + name.upper() in environment:
            values[name] = environment[PREFIX + name.upper()]
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"{file or 'environment'}: {problems}") from None
    _check_public_url(settings.public_url)
    return settings


def _read(file: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as error:
        raise SettingsError(f"{file}: {error}") from None
    if not isinstance(values, dict):
        raise SettingsError(f"{file}: a mapping of settings was expected, not {type(values).__name__}")
    return values


def _check_public_url(url: str) -> None:
    if url and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
        raise SettingsError(f"public_url: {url!r} is not an address such as https://shop.example")


def new_signing_key() -> bytes:
    """A key that signs push messages, as PEM."""
    private = ec.generate_private_key(ec.SECP256R1())
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
