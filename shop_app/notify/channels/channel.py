"""What every channel is: a name, whom it reaches, and how one message is sent. A new one is a file beside this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from shop_app.base.models import Account, Delivery
from shop_app.base.settings import Settings
from shop_app.notify.kinds import Text


class TryAgain(Exception):
    """The message was not taken; it may be later. The text is the reason, for an admin: no secret in it."""


class GiveUp(TryAgain):
    """The message will never be taken."""


@dataclass(frozen=True)
class Letter:
    """One message to one recipient, in their language."""

    delivery_id: int
    kind: str
    text: Text
    url: str  # of `text.link` with the shop's public address; "" where there is none
    parameters: Mapping[str, Any]
    created_at: datetime
    topic: str  # a later message takes the place of one of the same topic that was not shown yet
    to: Any  # what `Channel.destination` gave


class Channel:
    """A way by which notifications reach people. `send` is required; the rest has a default that fits many."""

    name: str
    label: Any  # lazy translation
    is_personal = True  # False: the shop has one of it, as a webhook; an admin chooses its kinds
    tries_for = timedelta(days=2)  # then a message is given up
    longest_pause = timedelta(hours=1)  # between two attempts

    def is_set_up(self, settings: Settings) -> bool:
        """Whether this installation can send by it."""
        return True

    def recipients(self, session: Session, accounts: Sequence[int]) -> list[tuple[int | None, str]]:
        """Whom of `accounts` it reaches, and for each place of theirs an address of at most 40 characters."""
        return [(account, "") for account in accounts]

    def destination(
        self,
        session: Session,
        settings: Settings,
        delivery: Delivery,
        account: Account | None,
        parameters: Mapping[str, Any],
    ) -> Any:
        """What `send` needs to know of the recipient; None where there is nobody any more."""
        return account

    def send(self, settings: Settings, letter: Letter) -> None:
        """Send it, outside of any transaction. Raises `TryAgain` or `GiveUp`; any other error is tried again."""
        raise NotImplementedError
