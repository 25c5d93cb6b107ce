"""What `vidframe doctor` says of the shop."""

from __future__ import annotations

from pydantic import SecretStr
from vidframe_shop.plugin import Shop


def test_a_shop_that_does_not_answer_is_named_without_its_token() -> None:
    step = Shop(url="http://127.0.0.1:9", token=SecretStr("vf_canary_s3cret_token"))

    ((what, problem),) = step.check_machine()

    assert what == "shop http://127.0.0.1:9"
    assert "is the shop running" in problem
    assert "canary" not in problem
