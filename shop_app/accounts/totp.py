"""The second factor: codes of an authenticator app (RFC 6238), each taken once."""

from __future__ import annotations

import hmac
import time

import pyotp
from sqlalchemy import update
from sqlalchemy.orm import Session

from shop_app.base.db import changed_rows
from shop_app.base.models import Account
from shop_app.web.vault import vault

_STEP_SECONDS = 30


def new_secret() -> str:
    """A secret to show as a QR code."""
    return str(pyotp.random_base32())


def uri(secret: str, account: str, shop_name: str) -> str:
    """What the QR code says."""
    return str(pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=shop_name))


def matching_step(secret: str, code: str, *, at: float | None = None) -> int | None:
    """The time step whose code this is, one step early or late included; None for a wrong code."""
    step = int((time.time() if at is None else at) // _STEP_SECONDS)
    generator = pyotp.TOTP(secret)
    for candidate in (step, step - 1, step + 1):
        if hmac.compare_digest(generator.generate_otp(candidate).encode(), code.replace(" ", "").encode()):
            return candidate
    return None


def accept(session: Session, account: Account, code: str) -> bool:
    """Take a code if it is right and newer than the last one taken."""
    if account.totp_secret is None:
        return False
    step = matching_step(vault().open(account.totp_secret), code)
    if step is None:
        return False
    newer = update(Account).where(Account.id == account.id, Account.totp_last_step < step).values(totp_last_step=step)
    return changed_rows(session, newer) == 1
