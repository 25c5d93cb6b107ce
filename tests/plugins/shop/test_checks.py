"""What `vidframe doctor` says of the shop."""

from __future__ import annotations

from pydantic import SecretStr
from vidframe_shop.checks import check


def test_a_shop_that_does_not_answer_is_named_without_its_token() -> None:
    ((what, problem),) = check({"url": "http://127.0.0.1:9", "token": SecretStr("vf_canary_s3cret_token")})

    assert what == "shop http://127.0.0.1:9"
    assert "is the shop running" in problem
    assert "canary" not in problem


def test_without_settings_there_is_nothing_to_ask() -> None:
    assert list(check(None)) == []
