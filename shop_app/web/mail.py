"""E-mail, where an SMTP server is set."""

from __future__ import annotations

import logging
import smtplib
import ssl
from email.message import EmailMessage
from threading import Thread
from urllib.parse import unquote, urlsplit

from shop_app.base.settings import Settings

log = logging.getLogger(__name__)
_TIMEOUT_SECONDS = 15


def can_send(settings: Settings) -> bool:
    """Whether e-mail is set up: a server, and a name to send as."""
    return bool(settings.smtp_url.get_secret_value() and settings.mail_from)


def send(settings: Settings, to: str, subject: str, body: str) -> Thread:
    """Send in the background: the answer to a request takes the same time whether a mail goes out or not."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = settings.mail_from, to, " ".join(subject.split())
    message.set_content(body)
    thread = Thread(target=_deliver, args=(settings, message), name="mail")
    thread.start()
    return thread


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
