"""Secrets that must be read again (camera credentials, TOTP secrets), encrypted with a key kept outside the database."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken

from shop_app.base.errors import Conflict
from shop_app.base.text import _
from shop_app.web.area import shop


class Vault:
    """Fernet: AES-128-CBC with HMAC-SHA256."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)

    def seal(self, secret: str) -> str:
        """The text to store."""
        return self._fernet.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """The secret again."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise Conflict(
                _(
                    "A stored secret cannot be read: vault.key is not the one it was sealed with. "
                    "Put the key of the backup back, or enter the secret anew."
                )
            ) from None


def vault() -> Vault:
    """The vault of the present shop."""
    return Vault(shop().settings.vault_key())
