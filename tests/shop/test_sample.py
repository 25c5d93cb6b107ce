"""The sample shop: it can be filled at any time of the day."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from shop_app.base.db import Database
from shop_app.base.models import Account, Alert
from shop_app.ops import sample_night
from shop_app.web.area import shop_of
from tests.shop.conftest import Person


@pytest.mark.parametrize("hour", [22, 23, 0, 12], ids=lambda hour: f"at {hour} h UTC")
def test_alerts_of_the_sample_are_of_nights_that_are_over(
    app: Flask, database: Database, security: Person, monkeypatch: pytest.MonkeyPatch, hour: int
) -> None:
    at = datetime(2026, 11, 25, hour, 5, tzinfo=UTC)
    monkeypatch.setattr(sample_night, "now", lambda: at)

    with app.test_request_context(), database.writing() as session:
        guard = session.get_one(Account, security.id)
        sample_night.add(session, guard, shop_of(app).settings.media, random.Random(7))

    with database.reading() as session:
        begins = set(session.scalars(select(Alert.started_at)))
    assert len(begins) == 6
    assert max(begins) < at
