"""E-mail, where an SMTP server is set."""

from __future__ import annotations

import logging
import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, make_msgid, parseaddr
from threading import Thread
from urllib.parse import unquote, urlsplit

import idna

from shop_app.base.db import now
from shop_app.base.settings import Settings

log = logging.getLogger(__name__)
_TIMEOUT_SECONDS = 15


def can_send(settings: Settings) -> bool:
    """Whether e-mail is set up: a server, and a name to send as."""
    return bool(settings.smtp_url.get_secret_value() and settings.mail_from)


def send(settings: Settings, to: str, subject: str, body: str) -> Thread:
    """Send in the background: the answer to a request takes the same time whether a mail goes out or not."""
    thread = Thread(target=_deliver, args=(settings, compose(settings.mail_from, to, subject, body)), name="mail")
    thread.start()
    return thread


def compose(sender: str, to: str, subject: str, body: str) -> EmailMessage:
    """A mail with what servers ask for: its date and an id of its own (RFC 5322), domains as the net writes them."""
    name, address = parseaddr(sender)
    address = _in_ascii(address)
    message = EmailMessage()
    message["From"], message["To"] = formataddr((name, address)), _in_ascii(to)
    message["Subject"] = " ".join(subject.split())
    message["Date"] = format_datetime(now())
    message["Message-ID"] = make_msgid(domain=address.rpartition("@")[2] or "localhost")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body)
    return message


def _in_ascii(address: str) -> str:
    """The domain of an address in its ASCII form: `bäckerei.example` is `xn--bckerei-5wa.example`."""
    local, at, domain = address.rpartition("@")
    with suppress(idna.IDNAError):
        domain = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    return local + at + domain


def _deliver(settings: Settings, message: EmailMessage) -> None:
    server = urlsplit(settings.smtp_url.get_secret_value())
    secure = server.scheme == "smtps"
    connect = smtplib.SMTP_SSL if secure else smtplib.SMTP
    try:
        with connect(
            server.hostname or "localhost", server.port or (465 if secure else 25), timeout=_TIMEOUT_SECONDS
        ) as smtp:
            smtp.ehlo()
            if not secure and smtp.has_extn("starttls"):
                smtp.starttls(context=ssl.create_default_context())
            if server.username:
                smtp.login(unquote(server.username), unquote(server.password or ""))
            smtp.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        log.error("a mail could not be sent by %s: %s", server.hostname, type(error).__name__)
