"""Interest in sums: the funnel against our own bills, nothing about fewer than ten, notes for those who watch a zone."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from shop_app.base.clock import hour_of
from shop_app.base.db import Database, now
from shop_app.base.models import (
    Alert,
    Bill,
    BillLine,
    Camera,
    CameraState,
    EventFile,
    InterestHour,
    MoodHour,
    Notification,
    Product,
    ShopProfile,
    Zone,
    ZoneWatcher,
)
from shop_app.base.permissions import Role
from shop_app.interest import notes, service
from shop_app.interest.counting import SECONDS, STEPS
from shop_app.ops import retention
from shop_app.security.alerts import escalation
from shop_app.web.area import shop_of
from tests.shop.conftest import DESK, PHONE, Person, Window
from tests.shop.night import CameraSystem, mp4

pytestmark = pytest.mark.both

Make = Callable[..., Product]


def hour_row(product: Product | None, hour: datetime, zone: str = "tea", **counts: Any) -> InterestHour:
    """One hour of a zone; by faces, where nothing else is said."""
    zeros: dict[str, Any] = dict.fromkeys(("passed", "judged", "taken", *STEPS), 0) | dict.fromkeys(SECONDS, 0.0)
    return InterestHour(
        hour=hour, camera="aisle-1", zone=zone, product_id=product.id if product else None, shelf=None, **zeros | counts
    )


def sell(session: Any, product: Product, cashier: int, at: datetime, number: int) -> None:
    """A bill with one line."""
    money = {"net_minor": 100, "tax_minor": 19, "total_minor": 119}
    bill = Bill(
        number=number,
        cashier_id=cashier,
        created_at=at,
        business_day=date(2026, 1, 1),
        discount_minor=0,
        refunded_minor=0,
        **money,
    )
    session.add(bill)
    session.flush()
    session.add(BillLine(bill_id=bill.id, position=1, product_id=product.id, sold_at=at, sku=product.sku, name=product.name, quantity=1,
                         unit_price_minor=119, tax_name="x", tax_basis_points=1900, refunded_quantity=0, **money))  # fmt: skip


def test_the_funnel_joins_bills_of_the_same_hour(
    sales: Person, billing: Person, database: Database, make_product: Make
) -> None:
    tea = make_product(name="Green tea")
    hour = hour_of(now(), "Europe/Berlin") - timedelta(hours=2)
    with database.writing() as session:
        session.add(
            hour_row(tea, hour, passed=100, stopped=50, looked=40, expressed=20, pleased=15, looked_seconds=160.0)
        )
        for number in range(8):
            sell(session, tea, billing.id, hour + timedelta(minutes=number * 7), number + 1)
        for number in range(5):  # in an hour that nobody watched
            sell(session, tea, billing.id, hour - timedelta(minutes=1 + number), number + 20)

    csv = get(sales, "/interest", format="csv").splitlines()
    row = dict(zip(csv[0].split(","), csv[1].split(","), strict=True))

    assert row["name"] == "Green tea"
    assert [row[name] for name in ("passed", "stopped", "looked", "expressed", "pleased", "bought")] == [
        "100",
        "50",
        "40",
        "20",
        "15",
        "8",
    ]
    ratios = [
        float(row[name])
        for name in ("stopped_of_passed", "looked_of_stopped", "pleased_of_expressed", "bought_of_looked")
    ]
    assert ratios == [0.5, 0.8, 0.75, 0.2]
    assert float(row["seconds_looked"]) == 4.0


@pytest.mark.parametrize(("people", "shown"), [(9, False), (10, True)])
def test_a_figure_about_fewer_than_ten_says_how_many_there_are(
    people: int, shown: bool, sales: Person, database: Database, make_product: Make
) -> None:
    tea = make_product(name="Green tea")
    counts: dict[str, Any] = dict.fromkeys(("passed", "stopped", "looked", "expressed", "pleased"), people)
    hour = hour_of(now(), "Europe/Berlin") - timedelta(hours=1)
    with database.writing() as session:
        session.add(hour_row(tea, hour, looked_seconds=50.0, **counts))
        session.add(MoodHour(hour=hour, camera="till", zone="counter", people=people, minutes=1, seconds=9.0, valence_seconds=3.0,
                             probability_seconds={}))  # fmt: skip

    texts = [
        sales.client.get("/interest?format=csv").text.splitlines()[1].split(",")[3:],
        sales.client.get("/interest/of?camera=aisle-1&zone=tea&format=csv").text.splitlines()[1].split(",")[2:],
        sales.client.get("/interest/mood?format=csv").text.splitlines()[1].split(",")[3:],
    ]

    figures = [cell for cells in texts for cell in cells if cell not in {"", "0"}]
    assert bool(figures) is shown
    page = sales.client.get(f"/interest/of?product={tea.id}").text
    assert ("9 of 10" in page) is not shown


ADDRESSES = ("/interest", "/interest?by=product", "/interest/of?camera=aisle-1&zone=tea", "/interest/of?product={tea}")


def get(person: Person, address: str, **asked: str) -> str:
    """A page, or with `format="csv"` the figures of it."""
    given = dict(parse_qsl(urlsplit(address).query))
    return person.client.get(urlsplit(address).path, query_string=given | asked).text.removeprefix("\ufeff")


def figures(person: Person, address: str, **asked: str) -> list[dict[str, str]]:
    """The rows of the CSV of a page."""
    return list(csv.DictReader(get(person, address, format="csv", **asked).splitlines()))


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_bodies_and_what_faces_gave_is_never_added(
    address: str, sales: Person, database: Database, make_product: Make
) -> None:
    tea = make_product(name="Green tea")
    hour = hour_of(now(), "Europe/Berlin") - timedelta(hours=1)
    with database.writing() as session:
        session.add(hour_row(tea, hour, passed=61, stopped=50, looked=20, seen_by="body"))
        session.add(hour_row(tea, hour, passed=17, stopped=13, looked=11))
    address = address.format(tea=tea.id)

    wanted: list[dict[str, str]] = [{}, {"measure": "body"}, {"measure": "face"}]
    shown = [
        tuple(row[name] for name in ("counted_by", "passed", "stopped", "looked"))
        for asked in wanted
        for row in figures(sales, address, **asked)
    ]
    pages = {name: get(sales, address, measure=name) for name in ("body", "face")}

    bodies, faces = ("body", "61", "50", "20"), ("face", "17", "13", "11")
    assert shown == [bodies, bodies, faces]
    badges = {name: re.findall(r'<span class="badge info">([^<]*)</span>', page) for name, page in pages.items()}
    assert badges == {"body": ["Counted by bodies"], "face": ["Counted by faces"]}
    assert all('<select name="measure"' in page for page in pages.values())
    added = re.compile(r">\s*(78|63|31)\s*<")  # a cell: these are days of dates too
    assert not any(added.search(re.sub(r"<svg.*?</svg>", "", page)) for page in pages.values())


@pytest.mark.parametrize("address", ADDRESSES)
def test_fewer_than_ten_by_either_measure_are_blank_whatever_they_are_together(
    address: str, sales: Person, database: Database, make_product: Make
) -> None:
    tea = make_product(name="Green tea")
    counts: dict[str, Any] = dict.fromkeys(("passed", "judged", "taken", *STEPS), 9)
    counts |= {"looked_seconds": 40.0, "turned_seconds": 50.0}
    with database.writing() as session:
        for measure in ("body", "face"):
            session.add(hour_row(tea, hour_of(now(), "Europe/Berlin") - timedelta(hours=1), seen_by=measure, **counts))

    rows = [row for name in ("body", "face") for row in figures(sales, address.format(tea=tea.id), measure=name)]

    assert [row["counted_by"] for row in rows] == ["body", "face"]
    known = {"name", "place", "hour", "counted_by", "bought"}
    assert {value for row in rows for name, value in row.items() if name not in known} == {""}


def test_reaching_and_taking_are_shares_of_those_of_whom_it_is_known(
    sales: Person, database: Database, make_product: Make
) -> None:
    tea = make_product(name="Green tea")
    hour = hour_of(now(), "Europe/Berlin") - timedelta(hours=1)
    with database.writing() as session:
        session.add(hour_row(tea, hour, seen_by="body", passed=100, stopped=50, looked=20, reached=30, judged=40, taken=10,
                             looked_seconds=80.0, turned_seconds=250.0))  # fmt: skip
        session.add(hour_row(tea, hour, passed=100, stopped=50, looked=20))

    [bodies], [faces] = (figures(sales, "/interest", measure=measure) for measure in ("body", "face"))
    page = sales.client.get(f"/interest/of?product={tea.id}").text
    by_faces = sales.client.get(f"/interest/of?product={tea.id}&measure=face").text

    names = ("reached", "judged", "taken", "reached_of_stopped", "taken_of_judged", "seconds_looked", "seconds_turned")
    assert [bodies[name] for name in names] == ["30", "40", "10", "0.6", "0.25", "4.0", "2.5"]
    assert [faces[name] for name in names] == ["", "", "", "", "", "0.0", ""]  # no body: no reach that could be seen
    funnel = re.findall(r"<dt>([^<]*?) ?(?:<small>([^<]*)</small>)?</dt>.*?class=\"ratio\">([^<]*)<", page, re.S)
    assert ("Reached", "of who stopped", "60%") in funnel
    assert ("Took something", "of 40 of whom it is known", "25%") in funnel
    assert [step for step, _of, _share in funnel] == ["Passed", "Stopped", "Looked", "Pleased", "Reached", "Took something", "Bought"]  # fmt: skip
    assert "Took something" not in by_faces


def test_a_time_with_one_measure_says_which_and_offers_no_other(
    sales: Person, database: Database, make_product: Make
) -> None:
    tea = make_product()
    with database.writing() as session:
        session.add(hour_row(tea, hour_of(now(), "Europe/Berlin") - timedelta(hours=1), passed=20, looked=12))

    page = sales.client.get("/interest?measure=body").text

    assert "Counted by faces" in page
    assert "bodies" not in page


def test_the_first_page_names_what_is_missed_once_and_by_what_it_was_counted(
    sales: Person, database: Database, make_product: Make
) -> None:
    tea = make_product(name="Green tea")
    hour = hour_of(now(), "Europe/Berlin") - timedelta(hours=1)
    with database.writing() as session:
        session.add(hour_row(tea, hour, passed=90, looked=40, seen_by="body"))
        session.add(hour_row(tea, hour, passed=30, looked=12))

    page = sales.client.get("/").text

    assert re.findall(r"(\d+) looked, [^<]*counted by (\w+)", page) == [("40", "bodies")]


def test_what_is_looked_at_and_not_bought_comes_first(sales: Person, database: Database, make_product: Make) -> None:
    bought, missed = make_product(name="Bread"), make_product(name="Caviar")
    hour = hour_of(now(), "Europe/Berlin") - timedelta(hours=1)
    with database.writing() as session:
        session.add(hour_row(bought, hour, "bread", passed=90, stopped=80, looked=20))
        session.add(hour_row(missed, hour, "caviar", passed=60, stopped=50, looked=40))

    names = [line.split(",")[0] for line in sales.client.get("/interest?format=csv").text.splitlines()[1:]]

    assert names == ["Caviar", "Bread"]


@pytest.mark.parametrize(("days", "before"), [(1, "20"), (7, "520"), (28, "0 of 10")])
def test_a_time_that_goes_on_is_set_against_as_much_of_the_one_before(
    days: int, before: str, sales: Person, database: Database, make_product: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "now", lambda: datetime(2026, 3, 12, 9, 30, tzinfo=UTC))  # a Thursday
    looked = {(12, 8): 20, (10, 12): 500, (5, 8): 20, (5, 15): 300, (3, 12): 500}  # by day and hour
    tea = make_product()
    with database.writing() as session:
        session.add_all(
            hour_row(tea, datetime(2026, 3, day, hour, tzinfo=UTC), looked=people)
            for (day, hour), people in looked.items()
        )

    trend = sales.client.get(f"/interest?format=csv&days={days}").text.splitlines()[1].split(",")[-1]

    assert trend == ("" if days == 28 else "0.0")
    assert f"before: {before}" in sales.client.get(f"/interest/of?product={tea.id}&days={days}").text


def test_interest_pages_ask_the_database_five_times_at_most(
    sales: Person, database: Database, make_product: Make, count_statements: list[str]
) -> None:
    tea = make_product()
    with database.writing() as session:
        session.add_all(
            hour_row(tea, hour_of(now(), "Europe/Berlin") - timedelta(hours=h), passed=20, stopped=15, looked=12)
            for h in range(1, 60)
        )

    counts = {}
    for path in (
        "/interest",
        "/interest?by=product",
        "/interest/of?camera=aisle-1&zone=tea",
        "/interest/mood",
        "/interest/notes",
    ):
        count_statements.clear()
        assert sales.client.get(path).status_code == 200
        counts[path] = len([s for s in count_statements if not s.startswith(("BEGIN", "PRAGMA"))])

    assert max(counts.values()) <= 5, counts


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """When notes are written: no hour ends while a test runs."""
    moment = now()
    monkeypatch.setattr(notes, "now", lambda: moment)
    return moment


def test_sales_hears_what_nobody_bought_once(
    sales: Person, database: Database, make_product: Make, at: datetime
) -> None:
    tea = make_product(name="Green tea")
    with database.writing() as session:
        session.add(
            hour_row(
                tea,
                hour_of(at, "Europe/Berlin") - timedelta(hours=1),
                passed=30,
                stopped=10,
                looked=6,
                looked_seconds=240.0,
            )
        )

    for _ in "twice":
        with database.writing() as session:
            notes.write(session)

    with database.reading() as session:
        [note] = session.scalars(select(Notification)).all()
        assert note.audience == "permission:camera.notes"
    told = "6 customers looked at Green tea for 40 s in the last hour, none bought"
    assert told in sales.client.get("/notifications").text
    assert "6 customers looked at Green tea for 40 s" in sales.client.get("/interest/notes").text


def test_of_a_zone_that_both_measures_counted_sales_hears_once(
    sales: Person, database: Database, make_product: Make, at: datetime
) -> None:
    tea = make_product(name="Green tea")
    with database.writing() as session:
        for measure, looked in (("face", 5), ("body", 7)):
            session.add(
                hour_row(tea, hour_of(at, "Europe/Berlin") - timedelta(hours=1), seen_by=measure, looked=looked)
            )

    with database.writing() as session:
        assert notes.write(session) == 1
    with database.reading() as session:
        [note] = session.scalars(select(Notification))
    assert note.parameters["looked"] == 7


def test_a_watched_zone_tells_its_watchers_only(
    sign_in: Callable[..., Person], database: Database, make_product: Make, at: datetime
) -> None:
    tea, ann, ben = make_product(name="Green tea"), sign_in(Role.SALES, "Ann"), sign_in(Role.SALES, "Ben")
    with database.writing() as session:
        camera = Camera(
            name="aisle-1", title="Aisle", kind="network", address="rtsp://x/", created_at=at, updated_at=at
        )
        session.add(camera)
        session.flush()
        zone = Zone(camera_id=camera.id, name="tea", kind="product", points=[[0, 0], [1, 0], [1, 1]], product_id=tea.id)
        session.add(zone)
        session.flush()
        session.add(ZoneWatcher(zone_id=zone.id, account_id=ann.id))
        session.add(
            hour_row(
                tea,
                hour_of(at, "Europe/Berlin") - timedelta(hours=1),
                passed=30,
                stopped=10,
                looked=6,
                looked_seconds=240.0,
            )
        )
    with database.writing() as session:
        notes.write(session)

    hers, his = (person.client.get("/interest/notes?format=csv").text for person in (ann, ben))

    assert "Green tea" in hers
    assert "Green tea" not in his


def test_an_alert_that_nobody_takes_goes_to_the_admin_once(app: Flask, database: Database, security: Person) -> None:
    cameras = CameraSystem.of(app)
    for _ in range(2):
        cameras.incident()
    with database.writing() as session:
        first, _second = session.scalars(select(Alert).order_by(Alert.id)).all()
        first.received_at = now() - timedelta(seconds=61)

    for _ in "twice":
        with database.writing() as session:
            escalation.escalate(session)

    with database.reading() as session:
        [note] = session.scalars(select(Notification).where(Notification.kind == "alert.escalated"))
        assert (note.audience, note.parameters["alert"]) == ("permission:alerts", first.id)


def test_of_a_storm_guards_are_told_once_and_again_when_what_they_were_told_is_claimed(
    app: Flask, database: Database, security: Person
) -> None:
    cameras = CameraSystem.of(app)
    escalated = select(func.count(Notification.id)).where(Notification.kind == "alert.escalated")

    def told_after_one_more() -> int:
        cameras.incident()
        with database.writing() as session:
            before = session.scalars(escalated).one()
            session.execute(update(Alert).values(received_at=now() - timedelta(seconds=61)))
            escalation.escalate(session)
            return session.scalars(escalated).one() - before

    told = [told_after_one_more(), told_after_one_more()]
    with database.reading() as session:
        alerts = session.scalars(select(Alert.id)).all()
    for alert in alerts:
        security.client.post(f"/alerts/{alert}/take")
    told += [told_after_one_more(), told_after_one_more()]

    assert told == [1, 0, 1, 0]
    with database.reading() as session:
        assert all(alert.escalated_at for alert in session.scalars(select(Alert)))


@pytest.mark.parametrize(("mode", "alerts"), [("night", 1), ("day", 0)])
def test_a_camera_silent_by_night_is_an_alert_until_it_is_heard(
    mode: str, alerts: int, app: Flask, database: Database
) -> None:
    cameras = CameraSystem.of(app)
    cameras.ask("POST", "/cameras/door/beat", json={"state": "live", "mode": mode})
    with database.writing() as session:
        session.get_one(ShopProfile, 1).night_from = session.get_one(ShopProfile, 1).night_to = (
            "00:00"  # no hours of night
        )
        session.get_one(CameraState, "door").heard_at = now() - timedelta(seconds=31)

    for _ in "twice":
        with database.writing() as session:
            escalation.notice_silence(session)
    cameras.ask("POST", "/cameras/door/beat", json={"state": "live", "mode": mode})

    with database.reading() as session:
        found = session.scalars(select(Alert)).all()
        assert [(alert.change, alert.severity, alert.ended_at is not None) for alert in found] == [
            ("silent", "alert", True)
        ] * alerts


def test_old_clips_go_and_kept_ones_stay(app: Flask, database: Database, security: Person) -> None:
    cameras = CameraSystem.of(app)
    for _ in range(2):
        cameras.clip(cameras.incident(), mp4())
    with database.writing() as session:
        alerts = session.scalars(select(Alert).order_by(Alert.id)).all()
        for file in session.scalars(select(EventFile)):
            file.event.time = datetime(2026, 1, 1, tzinfo=UTC)
        kept = alerts[1].id
    security.client.post(f"/alerts/{kept}/pin", data={"reason": "police"})

    counts = retention.run(database, shop_of(app).settings)

    answers = []
    for alert in alerts:
        with security.client.get(f"/alerts/{alert.id}/clip") as answer:
            answers.append(answer.status_code)
    assert answers == [404, 200]
    assert counts["clips"] == 3
    assert len(list((shop_of(app).settings.media / "events").iterdir())) == 3


def test_everybody_may_read_what_cameras_do_here(app: Flask) -> None:
    assert "No face is stored" in app.test_client().get("/interest/privacy").text


@pytest.mark.browser
def test_interest_pages_fit_a_phone_and_show_charts(
    window: Window, sales: Person, database: Database, make_product: Make
) -> None:
    tea = make_product(name="Green tea")
    with database.writing() as session:
        session.add_all(
            hour_row(
                tea,
                hour_of(now(), "Europe/Berlin") - timedelta(hours=h),
                seen_by=measure,
                passed=40,
                stopped=25,
                looked=12 + h % 9,
                expressed=11,
                pleased=6,
                reached=14,
                judged=20,
                taken=10,
            )
            for h in range(1, 200)
            for measure in ("body", "face")
        )

    for size in (PHONE, DESK):
        page = window.open("/interest", person=sales, size=size)
        page.get_by_role("link", name="Green tea").first.click()
        funnel = page.get_by_role("group", name="Funnel")
        assert funnel.get_by_text("Took something").is_visible()
        page.get_by_label("Counted by").select_option("face")
        funnel.get_by_text("Took something").wait_for(state="detached")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.browser
def test_interest_fits_a_sheet_of_paper_and_the_notice_is_nothing_but_the_notice(
    window: Window, sales: Person, database: Database, make_product: Make
) -> None:
    tea = make_product(name="Darjeeling First Flush from the garden of Margaret's Hope")
    counts: dict[str, Any] = {
        "passed": 40_000,
        "stopped": 25_000,
        "looked": 12_000,
        "expressed": 11_000,
        "pleased": 6_000,
        "reached": 12_000,
        "judged": 20_000,
        "taken": 11_000,
    }
    with database.writing() as session:
        session.add(hour_row(tea, hour_of(now(), "Europe/Berlin") - timedelta(hours=1), seen_by="body", **counts))
    page = window.open("/interest", person=sales, size={"width": 718, "height": 1050})  # A4 within its margins
    page.emulate_media(media="print")

    assert page.evaluate("document.querySelector('.insight table').getBoundingClientRect().right <= innerWidth")
    page.goto("/interest/notice")
    assert page.get_by_text("Cameras in this shop").is_visible()
    assert page.get_by_text("Notice for the entrance").is_hidden()


def visits(count: int, begin: datetime, minutes: int, zone: str = "tea") -> list[dict[str, Any]]:
    """Visits that begin within some minutes, each of somebody who looks."""
    found = []
    for number in range(count):
        at = (begin + timedelta(minutes=number % minutes)).astimezone(UTC).isoformat()
        facts = {
            "visit": f"{begin:%d%H%M}.{number}",
            "zone": zone,
            "start": at,
            "looked_seconds": 5.0,
            "product": "TEA",
        }
        found.append(
            {
                "version": 1,
                "id": f"v.{facts['visit']}",
                "kind": "interest.visit",
                "camera": "aisle-1",
                "time": at,
                "facts": facts,
            }
        )
    return found


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Asia/Kathmandu", "Australia/Adelaide", "Europe/Berlin"])
def test_hours_are_those_of_the_shop_also_where_its_zone_has_half_hours(
    zone: str, app: Flask, sales: Person, database: Database
) -> None:
    with database.writing() as session:
        session.get_one(ShopProfile, 1).time_zone = zone
    here = ZoneInfo(zone)
    day = now().astimezone(here).date() - timedelta(days=2)
    cameras = CameraSystem.of(app)
    for hour, minute, count in ((10, 5, 20), (0, 10, 15)):
        begin = datetime(day.year, day.month, day.day, hour, minute, tzinfo=here)
        cameras.ask("POST", "/events", json={"events": visits(count, begin, 14)})

    rows = figures(sales, "/interest/of?camera=aisle-1&zone=tea")
    page = get(sales, "/interest/of?camera=aisle-1&zone=tea")

    assert [(row["hour"][:16], row["looked"]) for row in rows] == [(f"{day}T00:00", "15"), (f"{day}T10:00", "20")]
    assert re.findall(r'class="heat-\d">(\d+)<', page) == ["15", "20"]


def test_what_was_bought_before_the_camera_watched_is_not_counted(
    app: Flask, sales: Person, billing: Person, database: Database, make_product: Make
) -> None:
    tea = make_product(name="Green tea", sku="TEA")
    hour = hour_of(now(), "Europe/Berlin") - timedelta(hours=2)
    CameraSystem.of(app).ask("POST", "/events", json={"events": visits(12, hour + timedelta(minutes=46), 10)})
    with database.writing() as session:
        sell(session, tea, billing.id, hour + timedelta(minutes=37), 1)
        sell(session, tea, billing.id, hour + timedelta(minutes=50), 2)

    for address in ("/interest", "/interest?by=product", f"/interest/of?product={tea.id}"):
        assert [row["bought"] for row in figures(sales, address)] == ["1"], address


def test_the_grid_of_hours_is_about_the_days_that_were_chosen(
    sales: Person, database: Database, make_product: Make
) -> None:
    hour = hour_of(now(), "Europe/Berlin") - timedelta(days=1)
    with database.writing() as session:
        session.add(hour_row(None, hour, passed=20, stopped=20, looked=15))
        session.add(hour_row(None, hour - timedelta(days=7), passed=20, stopped=20, looked=14))

    page = get(sales, "/interest/of?camera=aisle-1&zone=tea")

    assert re.findall(r'class="heat-\d">(\d+)<', page) == ["15"]
    assert [row["looked"] for row in figures(sales, "/interest/of?camera=aisle-1&zone=tea")] == ["15"]
