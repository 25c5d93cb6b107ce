"""Who may use which route: every route is declared, and every role is tried on every one of them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask

from shop_app.accounts.guards import CSP
from shop_app.base.permissions import OF_ROLE, Permission, Role
from shop_app.web.area import Area, register, shop_of
from tests.shop.conftest import Person

# Everything that answers without signing in. A new name here is a decision, not an accident.
PUBLIC = {
    "static",
    "accounts.sign_in", "accounts.sign_in_now", "accounts.second_factor", "accounts.second_factor_now",
    "accounts.code", "accounts.code_now", "forgotten.index", "forgotten.send_code",
    "accounts.set_up", "accounts.set_up_now",
    "api.openapi", "api.sign_in", "api.register",
    "storefront.register", "storefront.register_now",
    "interest.privacy",
    "pwa.manifest", "pwa.icon_png", "pwa.service_worker", "pwa.offline",
}  # fmt: skip


def routes(app: Flask) -> list[tuple[str, str, str]]:
    """Endpoint, method and an address of every route; numbers in addresses are of nothing that exists."""
    found = []
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<int:[^>]+>", "999999", rule.rule)
        path = re.sub(r"<[^>]+>", "nothing-of-this-name", path)
        found += [(rule.endpoint, method, path) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}]
    return sorted(found)


def test_only_the_listed_routes_are_public(app: Flask) -> None:  # S10
    public = {endpoint for endpoint, may in shop_of(app).access.items() if may is Permission.PUBLIC}

    assert public == PUBLIC


def test_a_route_without_a_permission_stops_the_app(app: Flask) -> None:
    forgotten = Area("forgotten", __name__)
    forgotten.add_url_rule("/forgotten", "page", lambda: "secret")

    with pytest.raises(RuntimeError, match=r"forgotten\.page"):
        register(_bare(app), [forgotten])


def _bare(app: Flask) -> Flask:
    bare = Flask("bare")
    bare.extensions["shop"] = shop_of(app)
    return bare


def test_nobody_gets_in_anywhere_without_signing_in(app: Flask, sign_in: Callable[[Role], Person]) -> None:  # S10
    sign_in(Role.ADMIN)  # a shop without an admin leads to its set-up
    nobody = app.test_client()

    answers = {
        (endpoint, method): nobody.open(path, method=method).status_code
        for endpoint, method, path in routes(app)
        if endpoint not in PUBLIC
    }

    assert {key: status for key, status in answers.items() if status != 401} == {}


@pytest.mark.parametrize("role", list(Role))
def test_a_role_gets_403_wherever_it_lacks_the_permission(  # S1
    app: Flask, sign_in: Callable[..., Person], role: Role
) -> None:
    person = sign_in(role)
    access = shop_of(app).access
    held = {*OF_ROLE[role], Permission.SIGNED_IN, Permission.PUBLIC}
    bearer = shop_of(app).bearer_areas

    wrong = {}
    for endpoint, method, path in routes(app):
        if access[endpoint] in held or endpoint.partition(".")[0] in bearer:
            continue
        answer = person.client.open(path, method=method)
        if answer.status_code != 403:
            wrong[f"{method} {path}"] = answer.status_code

    assert wrong == {}


@pytest.mark.parametrize("role", list(Role))
def test_a_login_cookie_opens_no_route_of_machines(app: Flask, sign_in: Callable[..., Person], role: Role) -> None:
    person = sign_in(role)
    bearer = shop_of(app).bearer_areas

    answers = {
        f"{method} {path}": person.client.open(path, method=method).status_code
        for endpoint, method, path in routes(app)
        if endpoint.partition(".")[0] in bearer and endpoint not in PUBLIC
    }

    assert {key: status for key, status in answers.items() if status != 401} == {}


@pytest.mark.parametrize("role", list(Role))
def test_what_is_not_there_is_404_and_never_a_failure(app: Flask, sign_in: Callable[..., Person], role: Role) -> None:
    person = sign_in(role)
    access = shop_of(app).access
    held = {*OF_ROLE[role], Permission.SIGNED_IN}

    failures = {}
    for endpoint, method, path in routes(app):
        if access[endpoint] in held and endpoint != "accounts.sign_out":
            answer = person.client.open(path, method=method)
            if answer.status_code >= 500 or ("999999" in path and answer.status_code < 400 and method == "GET"):
                failures[f"{method} {path}"] = answer.status_code

    assert failures == {}


def test_every_unsafe_route_wants_the_csrf_token(app: Flask, admin: Person) -> None:  # S12
    access = shop_of(app).access
    bearer = shop_of(app).bearer_areas
    held = {*OF_ROLE[Role.ADMIN], Permission.SIGNED_IN, Permission.PUBLIC}

    answers = {
        f"{method} {path}": admin.client.open(path, method=method, csrf=False).status_code
        for endpoint, method, path in routes(app)
        if method != "GET" and access[endpoint] in held and endpoint.partition(".")[0] not in bearer
    }

    assert {key: status for key, status in answers.items() if status != 400} == {}


def test_every_page_carries_the_headers(app: Flask, admin: Person) -> None:  # S5
    for endpoint, method, path in routes(app):
        if method == "GET" and endpoint != "static":
            answer = admin.client.get(path)

            assert answer.headers["Content-Security-Policy"] == CSP, path
            assert answer.headers["Cache-Control"] == "no-store, private", path
            assert answer.headers["X-Content-Type-Options"] == "nosniff", path
            answer.close()


def test_a_page_asked_for_under_a_foreign_name_is_refused(
    admin: Person, caplog: pytest.LogCaptureFixture
) -> None:  # S20
    answer = admin.client.get("/", headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert "evil.example" not in answer.text
    assert caplog.records == []  # whoever scans addresses fills no log


def test_a_form_sent_by_another_site_is_refused(admin: Person) -> None:
    answer = admin.client.post("/sign-out", headers={"Origin": "https://evil.example"})

    assert answer.status_code == 400
    assert admin.client.get("/me").status_code == 200
