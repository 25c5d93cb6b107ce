"""Pages of signing in, and of one's own account."""

from __future__ import annotations

from urllib.parse import urlencode

import segno
from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask import session as page_session
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from shop_app.accounts import guards, service, sessions, totp
from shop_app.accounts.browsers import in_short
from shop_app.accounts.forms import (
    CodeForm,
    ConfirmForm,
    PasswordForm,
    ProfileForm,
    SecondFactorForm,
    SetUpForm,
    SignInForm,
)
from shop_app.accounts.passwords import check_new, passwords
from shop_app.accounts.throttle import attempt, is_at_home
from shop_app.base import audit
from shop_app.base.db import now
from shop_app.base.errors import Invalid, NotSignedIn, Refused, TooMany
from shop_app.base.models import Account, LoginSession
from shop_app.base.permissions import Permission as P
from shop_app.base.permissions import Role
from shop_app.base.text import _, _l
from shop_app.web.area import Area, actor, maybe_actor, profile, session, shop, unit
from shop_app.web.error_pages import answer, wants_json
from shop_app.web.region import zone_options
from shop_app.web.vault import vault

area = Area("accounts", __name__)
area.menu(_l("My account"), "me", icon="person", may=P.SIGNED_IN, order=900, group=_l("Account"))

_NEW_SECRET = "new-second-factor"  # in the page session, encrypted
TYPED_NAME = "name"  # in the page session: what was typed on the page before, so that nobody types it twice
_PENDING = "second-factor"  # in the page session: whose password was right, until the code is


def local_path(wanted: str | None) -> str | None:
    """A path of this site to go on to; None for anything else, however it is disguised."""
    if not wanted or not wanted.startswith("/") or wanted.startswith(("//", "/\\")) or "\\" in wanted:
        return None
    return wanted if wanted.isprintable() and ":" not in wanted.split("?", 1)[0] else None


def sign_in_page(problem: str = "") -> str:
    """The sign-in form; what was asked for is opened after it."""
    wanted = request.full_path.rstrip("?") if request.endpoint != "accounts.sign_in" else ""
    if request.method != "GET":  # somebody whose sign-in ended goes on at the form that they sent
        host, _slash, path = (request.referrer or "").partition("://")[2].partition("/")
        wanted = f"/{path}" if host == request.host else ""
        problem = problem and _("Your session has ended. Please sign in again.")
    form = SignInForm(formdata=None, name=page_session.pop(TYPED_NAME, ""))
    return render_template(
        "accounts/sign_in.html", form=form, problem=problem,
        next=local_path(request.values.get("next")) or local_path(wanted) or "",
    )  # fmt: skip


@area.app_errorhandler(NotSignedIn)
def not_signed_in(error: NotSignedIn) -> Response:
    """Nobody is signed in: the form in place of the page, or a JSON problem."""
    if wants_json():
        return answer(error.status, error.detail, error.more)
    if request.method != "GET":
        return make_response(sign_in_page(error.detail), error.status)
    if request.path == "/" and not service.has_admin(session()):
        return _go(url_for("accounts.set_up"))
    return make_response(sign_in_page(), error.status)


@area.get("/sign-in", may=P.PUBLIC)
def sign_in() -> str | BaseResponse:
    """The sign-in form."""
    return redirect("/") if maybe_actor() else sign_in_page()


@area.post("/sign-in", may=P.PUBLIC)
def sign_in_now() -> Response | tuple[str, int]:
    """Check name and password; an account with a second factor is asked for it next."""
    form = SignInForm()
    wanted = local_path(request.form.get("next")) or "/"
    if not form.validate():
        return render_template("accounts/sign_in.html", form=form, next=wanted, problem=""), 422
    try:
        account = service.check_password(
            shop().database, passwords(), form.name.data, form.password.data, sessions.address(), codes_too=True
        )
    except service.CodeInstead:
        with_code = CodeForm(formdata=None, name=form.name.data, code=form.password.data)
        return render_template("accounts/code.html", form=with_code), 200
    except Refused as refusal:
        if not isinstance(refusal, TooMany):  # the tries before it are in the log
            _note_failure(form.name.data)
        page = render_template("accounts/sign_in.html", form=form, next=wanted, problem=refusal.detail)
        return page, refusal.status
    return _known(account, wanted)


@area.get("/sign-in/code", may=P.PUBLIC)
def second_factor() -> str | BaseResponse:
    """Ask for the code of the authenticator."""
    if _PENDING not in page_session:
        return redirect(url_for("accounts.sign_in"))
    return render_template("accounts/second_factor.html", form=SecondFactorForm())


@area.post("/sign-in/code", may=P.PUBLIC)
def second_factor_now() -> Response | tuple[str, int]:
    """Check the code of the authenticator."""
    pending = page_session.get(_PENDING)
    form = SecondFactorForm()
    if not pending or now().timestamp() - pending["at"] > 300:
        page_session.pop(_PENDING, None)
        raise Invalid(_("That took too long. Please sign in again."))
    database, address = shop().database, sessions.address()
    at_home = is_at_home(database, pending["id"], address)
    with attempt(database, f"second-factor:{pending['id']}", address, at_home=at_home) as this:
        account = session().get_one(Account, pending["id"])
        if not account.active or _proof(account) != pending["proof"]:
            raise Invalid(_("Please sign in again."))
        if not form.validate() or not totp.accept(session(), account, form.code.data):
            form.refuse("code", _("This code is wrong or was used already."))
            return render_template("accounts/second_factor.html", form=form), 422
        unit().finish(keep=True)  # the code is used up, whatever comes next
        this.succeeded()
    page_session.clear()
    return _enter(account, pending["next"])


@area.post("/sign-out", may=P.SIGNED_IN)
def sign_out() -> Response:
    """End this sign-in, here and on the server."""
    service.end_session(session(), actor(), actor().login_id or 0)
    page_session.clear()
    response = _go(url_for("accounts.sign_in"))
    sessions.drop_cookie(response)
    return response


@area.get("/sign-in/one-time-code", may=P.PUBLIC)
def code() -> str:
    """The form in which a one-time code sets a password."""
    return render_template("accounts/code.html", form=CodeForm(formdata=None, name=page_session.pop(TYPED_NAME, "")))


@area.post("/sign-in/one-time-code", may=P.PUBLIC)
def code_now() -> Response | tuple[str, int]:
    """Set a password by a one-time code."""
    form = CodeForm()
    if not form.validate():
        return render_template("accounts/code.html", form=form), 422
    name = form.name.data
    try:
        with shop().database.reading() as reading:
            found, counted_as = service.find(reading, name), service.throttle_name(reading, name)
        with attempt(shop().database, counted_as, sessions.address()) as this:
            check_new(form.password.data, *((found.name, found.email, found.phone) if found else (name,)))
            password_hash = passwords().hash(form.password.data)
            account = service.use_code(session(), service.find(session(), name), form.code.data, password_hash)
            this.succeeded()
            unit().finish(keep=True)
    except Refused as refusal:
        unit().finish(keep=False)
        return render_template("accounts/code.html", form=form, problem=refusal.detail), refusal.status
    response = _known(session().merge(account), "/")
    flash(_("Your password is set."))
    return response


@area.get("/set-up", may=P.PUBLIC)
def set_up() -> str:
    """The form that makes the first admin, and asks where the shop is."""
    return _set_up_page(SetUpForm(data=service.likely_shop(session())))


@area.post("/set-up", may=P.PUBLIC)
def set_up_now() -> Response | tuple[str, int]:
    """Make the first admin, by the token that `vidframe-shop init` printed."""
    with shop().database.reading() as reading:
        form = SetUpForm(data=service.likely_shop(reading))
    if not form.validate():
        return _set_up_page(form), 422
    try:
        with attempt(shop().database, "set-up", sessions.address()) as this:
            check_new(form.password.data, form.name.data, form.email.data, form.shop_name.data)
            password_hash = passwords().hash(form.password.data)
            person = service.Person(Role.ADMIN, form.name.data, form.email.data)
            account = service.use_setup_token(session(), form.token.data, person, password_hash)
            service.set_up_shop(session(), account, form.data | {"name": form.shop_name.data})
            unit().finish(keep=True)
            this.succeeded()
    except Refused as refusal:
        unit().finish(keep=False)
        return _set_up_page(form, refusal.detail), refusal.status
    response = _known(session().merge(account), "/")
    flash(_("Your shop is set up."))
    return response


def _set_up_page(form: SetUpForm, problem: str = "") -> str:
    return render_template("accounts/set_up.html", form=form, problem=problem, zones=zone_options())


@area.get("/pages", may=P.SIGNED_IN)
def all_pages() -> str:
    """Every page this person may open: the last place of a phone's bottom bar."""
    return render_template("accounts/all_pages.html")


@area.get("/me", may=P.SIGNED_IN)
def me() -> str:
    """One's own account: profile, password, second factor, sign-ins."""
    account = session().get_one(Account, actor().account_id)
    begun = request.args if "email" in request.args else None  # before the password was asked for
    return _me_page(account, ProfileForm(begun, obj=account, locale=account.locale or ""))


@area.post("/me", may=P.SIGNED_IN)
def save_me() -> Response | tuple[str, int]:
    """Save one's own profile."""
    form = ProfileForm()
    account = session().get_one(Account, actor().account_id)
    if not form.validate():
        return _me_page(account, form), 422
    reached_by = account.email_norm, account.phone_norm
    try:
        person = service.Person(account.role_, form.name.data, form.email.data or "", form.phone.data or "")
        service.describe(session(), account, person)
        if (account.email_norm, account.phone_norm) != reached_by and not guards.is_fresh():
            # A new password goes to this address: who finds a page left open must not put their own there.
            unit().finish(keep=False)
            flash(_("Enter your password to change your e-mail address or telephone number."))
            typed = {name: form[name].data or "" for name in ("name", "email", "phone", "locale")}
            return _go(url_for("accounts.confirm", next=f"{url_for('accounts.me')}?{urlencode(typed)}"))
        account.locale = form.locale.data or None
        service.flush_unique(session())
    except Refused as refusal:
        unit().finish(keep=False)
        account = session().get_one(Account, actor().account_id)
        return _me_page(account, form, refusal.detail), refusal.status
    audit.record(session(), actor(), "account.profile-changed", account)
    flash(_("Saved."))
    return _go(url_for("accounts.me"))


@area.get("/me/password", may=P.SIGNED_IN)
def password() -> str:
    """The form of a new password."""
    return render_template("accounts/password.html", form=PasswordForm())


@area.post("/me/password", may=P.SIGNED_IN)
def password_now() -> Response | tuple[str, int]:
    """Change one's own password; all other sign-ins end."""
    form = PasswordForm()
    if not form.validate():
        return render_template("accounts/password.html", form=form), 422
    try:
        with attempt(shop().database, f"password:{actor().id}", sessions.address(), at_home=True) as this:
            service.change_password(
                session(), actor(), passwords(), form.old.data, form.new.data, database=shop().database
            )
            unit().finish(keep=True)
            this.succeeded()
    except Refused as refusal:
        unit().finish(keep=False)
        return render_template("accounts/password.html", form=form, problem=refusal.detail), refusal.status
    flash(_("Your password is changed. All other sign-ins have ended."))
    return _go(url_for("accounts.me"))


@area.get("/me/second-factor", may=P.SIGNED_IN, fresh=True)
def second_factor_set_up() -> str:
    """Show the secret of a second factor; it holds once a code of it was typed."""
    sealed = page_session.setdefault(_NEW_SECRET, vault().seal(totp.new_secret()))
    return _second_factor_page(SecondFactorForm(), vault().open(sealed))


@area.post("/me/second-factor", may=P.SIGNED_IN, fresh=True)
def second_factor_on() -> Response | tuple[str, int]:
    """Turn the second factor on."""
    form = SecondFactorForm()
    sealed = page_session.get(_NEW_SECRET, "")
    if not sealed:
        raise Invalid(_("Open the page of the second factor again."))
    secret = vault().open(sealed)
    step = totp.matching_step(secret, form.code.data or "") if form.validate() else None
    if step is None:
        form.refuse("code", _("This code is wrong. Is the clock of your phone right?"))
        return _second_factor_page(form, secret), 422
    account = session().get_one(Account, actor().account_id)
    account.totp_secret, account.totp_last_step = sealed, step
    sessions.end_all(session(), account.id, but=actor().login_id)
    audit.record(session(), actor(), "account.second-factor-on", account)
    page_session.pop(_NEW_SECRET)
    flash(_("The second factor is on. From now on signing in asks for a code too."))
    return _go(url_for("accounts.me"))


@area.post("/me/second-factor/off", may=P.SIGNED_IN, fresh=True)
def second_factor_off() -> Response:
    """Turn the second factor off."""
    session().get_one(Account, actor().account_id).totp_secret = None
    audit.record(session(), actor(), "account.second-factor-off", actor())
    flash(_("The second factor is off."))
    return _go(url_for("accounts.me"))


@area.post("/me/sessions/<int:login_id>/end", may=P.SIGNED_IN)
def end_session(login_id: int) -> Response:
    """End one of one's own sign-ins."""
    service.end_session(session(), actor(), login_id)
    flash(_("Session signed out."))
    return _go(url_for("accounts.me"))


@area.post("/me/sessions/end-others", may=P.SIGNED_IN)
def end_other_sessions() -> Response:
    """End all of one's sign-ins but this one."""
    sessions.end_all(session(), actor().account_id, but=actor().login_id)
    audit.record(session(), actor(), "account.sessions-ended", actor())
    flash(_("All other sessions were signed out."))
    return _go(url_for("accounts.me"))


@area.get("/me/confirm", may=P.SIGNED_IN)
def confirm() -> str:
    """Ask for the password once more, before something dangerous."""
    return render_template("accounts/confirm.html", form=ConfirmForm(), next=local_path(request.args.get("next")))


@area.post("/me/confirm", may=P.SIGNED_IN)
def confirm_now() -> Response | tuple[str, int]:
    """Check the password once more."""
    form = ConfirmForm()
    wanted = local_path(request.form.get("next")) or "/"
    with attempt(shop().database, f"password:{actor().id}", sessions.address(), at_home=True) as this:
        account = session().get_one(Account, actor().account_id)
        if not form.validate() or not passwords().matches(account.password_hash, form.password.data):
            unit().finish(keep=False)
            form.refuse("password", _("The password is wrong."))
            return render_template("accounts/confirm.html", form=form, next=wanted), 422
        session().get_one(LoginSession, actor().login_id).confirmed_at = now()
        unit().finish(keep=True)
        this.succeeded()
    return _go(wanted)


def _second_factor_page(form: SecondFactorForm, secret: str) -> str:
    uri = totp.uri(secret, actor().name, profile().name)
    # Built by segno from its own numbers, so that it needs no escaping.
    code = Markup(segno.make(uri, error="m").svg_inline(scale=5, border=2, dark="#000", light="#fff", omitsize=True))
    return render_template("accounts/second_factor_set_up.html", form=form, secret=secret, qr=code)


def _me_page(account: Account, form: ProfileForm, problem: str = "") -> str:
    logins = service.my_sessions(session(), actor())
    return render_template("accounts/me.html", account=account, form=form, logins=logins, problem=problem)


def _known(account: Account, wanted: str) -> Response:
    """Goes on with somebody whose secret was right: to the second factor, or in."""
    page_session.clear()  # a new CSRF token, so that nobody can have set it beforehand
    if account.totp_secret:
        page_session[_PENDING] = {"id": account.id, "proof": _proof(account), "at": now().timestamp(), "next": wanted}
        return _go(url_for("accounts.second_factor"))
    return _enter(account, wanted)


def _enter(account: Account, wanted: str) -> Response:
    old = maybe_actor()
    if old is not None and old.login_id:
        service.end_session(session(), old, old.login_id)
    token = sessions.begin(session(), account, kind="browser", label=in_short(request.user_agent.string))
    audit.record(session(), sessions.actor_of(account), "account.signed-in", account)
    response = _go(wanted)
    sessions.set_cookie(response, token)
    return response


def _note_failure(name: str) -> None:
    with shop().database.writing() as own:
        found = service.find(own, name)
        # Nothing of what a customer, or who is not here at all, typed: the log keeps what it has.
        staff = found if found is not None and found.role_ is not Role.CUSTOMER else ""
        audit.record(own, None, "account.sign-in-refused", staff, address=sessions.address())


def _proof(account: Account) -> str:
    return sessions.token_hash(account.password_hash or "")[:24]


def _go(where: str) -> Response:
    response = redirect(where, 303)
    assert isinstance(response, Response)
    return response
