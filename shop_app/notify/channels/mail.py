"""E-mail, where an SMTP server is set."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit

import idna
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop_app.base.models import Account, Delivery
from shop_app.base.settings import Settings
from shop_app.base.text import _l
from shop_app.notify.channels.channel import Channel, GiveUp, Letter, TryAgain

TIMEOUT_SECONDS = 15


class Mail(Channel):
    """To the address of the account. A server that is away delays a mail for up to two days."""

    name, label = "mail", _l("E-mail")

    def is_set_up(self, settings: Settings) -> bool:
        """A server, and a name to send as."""
        return bool(settings.smtp_url.get_secret_value() and settings.mail_from)

    def recipients(self, session: Session, accounts: Sequence[int]) -> list[tuple[int | None, str]]:
        """Who has an address."""
        query = select(Account.id).where(Account.id.in_(accounts), Account.email.is_not(None))
        return [(account, "") for account in session.scalars(query)]

    def destination(
        self,
        session: Session,
        settings: Settings,
        delivery: Delivery,
        account: Account | None,
        parameters: Mapping[str, Any],
    ) -> str | None:
        """The account's own address, or the one that is sent with what is told to who has no account any more."""
        return parameters.get("address") or (account.email if account is not None else None)

    def send(self, settings: Settings, letter: Letter) -> None:
        """One conversation with the server."""
        message = compose(settings, letter)
        smtp = _connected(settings)
        try:
            smtp.send_message(message)
        except smtplib.SMTPNotSupportedError:
            raise GiveUp("The mail server takes no addresses with such letters before the @ (SMTPUTF8)") from None
        except smtplib.SMTPRecipientsRefused as refusal:
            ((code, answer),) = refusal.recipients.values()
            raise (GiveUp if code >= 500 else TryAgain)(_said(code, answer)) from None
        finally:
            with suppress(OSError, smtplib.SMTPException):  # it has the mail, or has said why not
                smtp.quit()
            smtp.close()


def compose(settings: Settings, letter: Letter) -> EmailMessage:
    """The mail, the same in each attempt: a server that took it unheard knows the second by its id."""
    message = EmailMessage()
    name, sender = parseaddr(settings.mail_from)
    message["From"], message["To"] = _address(sender, name), _address(letter.to)
    message["Subject"] = " ".join(letter.text.title.split())
    message["Date"] = format_datetime(letter.created_at)
    key = f"{letter.delivery_id} {letter.created_at.astimezone(UTC).isoformat()}"
    unique = hashlib.sha256(key.encode()).hexdigest()[:24]
    message["Message-ID"] = f"<{letter.delivery_id}.{unique}@{_domain(sender.rpartition('@')[2]) or 'localhost'}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n\n".join(filter(None, (letter.text.body.strip() or letter.text.title, letter.url))) + "\n")
    return message


def _connected(settings: Settings) -> smtplib.SMTP:
    server = urlsplit(settings.smtp_url.get_secret_value())
    secure = server.scheme == "smtps"
    connect = smtplib.SMTP_SSL if secure else smtplib.SMTP
    smtp = connect(server.hostname or "localhost", server.port or (465 if secure else 25), timeout=TIMEOUT_SECONDS)
    try:
        smtp.ehlo()
        if not secure and smtp.has_extn("starttls"):
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo()
        if server.username:
            smtp.login(unquote(server.username), unquote(server.password or ""))
    except BaseException:
        smtp.close()
        raise
    return smtp


def _address(text: str, name: str = "") -> Address:
    """With the domain as the net knows it: `bäckerei.example` is `xn--bckerei-5wa.example`."""
    local, _at, domain = text.rpartition("@")
    try:
        return Address(name, username=local, domain=_domain(domain))
    except (ValueError, IndexError):
        raise GiveUp("This is no e-mail address") from None


def _domain(text: str) -> str:
    if text.isascii():
        return text
    try:
        return idna.encode(text, uts46=True).decode()
    except idna.IDNAError:
        raise GiveUp("There is no such domain of e-mail") from None


def _said(code: int, answer: bytes | str) -> str:
    text = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    return f"{code} {' '.join(text.split())}"
