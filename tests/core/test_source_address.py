"""What is shown of a camera's address never holds its password; what reaches the camera is what was meant."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from vidframe.core.config.reading import ConfigError, load
from vidframe.core.sources.address import read_address
from vidframe.core.sources.decoded import SourceError
from vidframe.core.sources.opening import open_source

CANARY = "C4nary"


@pytest.mark.parametrize(
    ("url", "user", "password", "shown"),
    [
        ("rtsp://shop:C4nary@cam/1", "shop", "C4nary", "rtsp://cam/1"),
        ("rtsp://shop.admin:C4nary!@10.0.0.1:554/1", "shop.admin", "C4nary!", "rtsp://10.0.0.1:554/1"),
        ("rtsp://shop:p@C4nary@cam/1", "shop", "p@C4nary", "rtsp://cam/1"),
        ("rtsp://shop:p%40C4nary@cam/1", "shop", "p@C4nary", "rtsp://cam/1"),
        ("rtsp://shop:a:C4nary@cam/1", "shop", "a:C4nary", "rtsp://cam/1"),
        ("rtsp://:C4nary@cam/1", "", "C4nary", "rtsp://cam/1"),
        ("rtsp://C4nary@cam/1", "C4nary", "", "rtsp://cam/1"),
        ("rtsp://shop:a/C4nary@cam/1", "shop", "a/C4nary", "rtsp://cam/1"),
        ("rtsp://shop:a#C4nary?@cam:554/1", "shop", "a#C4nary?", "rtsp://cam:554/1"),
        ("rtsp://shop:50%nC4nary@cam/1", "shop", "50%nC4nary", "rtsp://cam/1"),
        ("rtsp://shop:C4nary@[fe80::1]:554/1", "shop", "C4nary", "rtsp://[fe80::1]:554/1"),
        ("rtsp://[fe80::1]/1", "", "", "rtsp://[fe80::1]/1"),
        ("rtsp://cam:554/mail=a@b", "", "", "rtsp://***"),
        ("rtsp://shop:p@C4nary:x/é@cam/1", "shop", "p@C4nary:x/é", "rtsp://cam/1"),
        ("http://cam/v?user=shop&pwd=C4nary&w=640", "", "", "http://cam/v?user=***&pwd=***&w=640"),
        ("http://cam/v?Token=C4nary#C4nary", "", "", "http://cam/v?Token=***"),
        ("http://cam/v?C4nary", "", "", "http://cam/v?***"),
        ("rtsps://10.0.0.1:7441/C4naryC4naryC4nary", "", "", "rtsps://10.0.0.1:7441/***"),
        ("rtsp://cam/Streaming/Channels/101", "", "", "rtsp://cam/Streaming/Channels/101"),
        ("http://cam/v;jsessionid=C4nary", "", "", "http://cam/v;jsessionid=***"),
    ],
)
def test_user_and_password_reach_the_camera_and_nobody_else(url: str, user: str, password: str, shown: str) -> None:
    address = read_address(url)

    assert str(address) == address.shown == shown
    assert CANARY not in repr(address)
    login, _, _ = urlsplit(address.secret).netloc.rpartition("@")
    assert [unquote(part) for part in login.partition(":")[::2]] == [user, password]


@pytest.mark.parametrize(
    "url", ["rtsp://shop:p@C4nary/x@cam/1", "rtsp://shop:12/C4nary@cam", "rtsp://C4nary:a/b@c d", "rtsp://[C4nary/1"]
)
def test_an_address_that_can_be_read_in_two_ways_or_in_none_is_not_shown(url: str) -> None:
    assert read_address(url).shown == "rtsp://***"


@pytest.mark.parametrize("password", ["p@ss", "p%40ss", "a:b", "a/b?c#d", "50%", "ü.é"])
def test_credentials_apart_from_the_url_are_taken_as_they_are(password: str) -> None:
    address = read_address("rtsp://cam/1", f"shop:{password}")

    login, _, host = urlsplit(address.secret).netloc.rpartition("@")
    assert [unquote(part) for part in login.split(":")] == ["shop", password]
    assert (host, address.shown) == ("cam", "rtsp://cam/1")


def test_an_unknown_kind_of_address_is_refused_without_its_password() -> None:
    with pytest.raises(SourceError, match="door: gopher://cam/1 is of an unknown kind, 'gopher'; known are") as raised:
        open_source(f"gopher://shop:{CANARY}@cam/1", camera="door")

    assert CANARY not in str(raised.value)


@pytest.mark.parametrize("url", ["concat://a.mp4|b.mp4", "file:///etc/passwd", "subfile://x", "data://text"])
def test_addresses_that_reach_files_through_ffmpeg_are_refused(url: str) -> None:
    with pytest.raises(SourceError, match="unknown kind"):
        open_source(url)


def test_a_pipe_by_path_is_refused_at_check_with_what_to_do(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "film.fifo")
    config = tmp_path / "shop.yaml"
    config.write_text("cameras: {door: film.fifo, later: not-there-yet.fifo}\n")

    with pytest.raises(ConfigError) as caught:
        load(config)

    [problem] = caught.value.problems
    way_out = f"name the source - and give it as standard input: < {tmp_path}/film.fifo"
    assert str(problem) == f"{config}:1:17: film.fifo is a pipe; {way_out}"
