"""`vidframe-shop`: set up, run, upgrade, back up and restore a shop."""

from __future__ import annotations

import importlib.util
import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy.exc import OperationalError

from shop_app.accounts import service
from shop_app.areas import areas
from shop_app.base.audit import acting_as, record
from shop_app.base.db import Database
from shop_app.base.errors import Refused
from shop_app.base.permissions import Role
from shop_app.base.settings import Settings, SettingsError, load_settings
from shop_app.base.version import check_version, head
from shop_app.ops import instance_lock
from shop_app.ops.doctor import findings


@click.group()
@click.option("--settings", "file", type=click.Path(path_type=Path, dir_okay=False), help="A YAML file of settings.")
@click.pass_context
def main(context: click.Context, file: Path | None) -> None:
    """Runs the shop app. Settings come from a YAML file and from variables SHOP_..."""
    os.umask(0o077)  # database, pictures and clips are the shop's alone
    try:
        context.obj = load_settings(os.environ, file)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


@main.command()
@click.option("--name", default="My shop", help="Name of the shop.")
@click.option("--currency", default="EUR", help="Three letters, as EUR or INR.")
@click.option("--time-zone", default="UTC", help="As Europe/Berlin.")
@click.pass_obj
def init(settings: Settings, name: str, currency: str, time_zone: str) -> None:
    """Make the database and print the token that makes the first admin. Safe to repeat."""
    from shop_app.ops.schema import initialise, upgrade_database

    upgrade_database(settings)
    with _writing(settings) as database, database.writing() as session:
        initialise(session, name=name, currency=currency, time_zone=time_zone)
    click.echo(f"The database is ready: {_safe(settings)}")
    _print_setup_token(settings)


@main.command("setup-token")
@click.pass_obj
def setup_token(settings: Settings) -> None:
    """Print a new token that makes the first admin; it lives 30 minutes."""
    _print_setup_token(settings)


@main.command("reset-password")
@click.argument("name")
@click.pass_obj
def reset_password(settings: Settings, name: str) -> None:
    """Print a one-time code for the account NAME (e-mail or telephone), and take its second factor away."""
    with _writing(settings) as database, database.writing() as session:
        account = service.find(session, name)
        if account is None:
            raise click.ClickException(f"there is no account {name!r}")
        account.totp_secret = None
        code = service.issue_code(session, account, None)
        record(session, acting_as(Role.ADMIN, "command line"), "account.access-reset", account)
    click.echo(f"One-time code for {name}: {code}")


@main.command("camera-token")
@click.argument("name")
@click.pass_obj
def camera_token(settings: Settings, name: str) -> None:
    """Print a token for the camera system NAME; vidframe's `shop` step needs it. Only its hash is kept."""
    from shop_app.security.cameras import systems

    with _writing(settings) as database, database.writing() as session:
        token = systems.issue(session, acting_as(Role.ADMIN, "command line"), name)
    click.echo(token)


@main.command()
@click.pass_obj
def upgrade(settings: Settings) -> None:
    """Bring the database to the present version. Back up first; the shop must be closed."""
    from shop_app.ops.schema import upgrade_database

    with _told():
        instance_lock.refuse_if_open(settings)
        upgrade_database(settings)
    click.echo(f"The database is at version {head()}.")


@main.command()
@click.option("--workers", default=1, help="How many processes serve the shop.")
@click.pass_obj
def doctor(settings: Settings, workers: int) -> None:
    """Look for settings that do not fit; ends with 1 where something is wrong."""
    wrong = 0
    for name, problem in findings(settings, workers):
        click.echo(f"{'!!' if problem else 'ok'}  {name:<12} {problem}".rstrip())
        wrong += bool(problem)
    raise SystemExit(min(wrong, 1))


@main.command()
@click.option("--host", help="Overrides SHOP_HOST.")
@click.option("--port", type=int, help="Overrides SHOP_PORT.")
@click.option("--workers", default=1, help="Processes; more than one needs MariaDB and gunicorn.")
@click.pass_obj
def run(settings: Settings, host: str | None, port: int | None, workers: int) -> None:
    """Serve the shop: one process of many threads with waitress, or several with gunicorn."""
    host, port = host or settings.host, settings.port if port is None else port
    with _told():
        check_version(settings)
        if workers > 1:
            _serve_by_gunicorn(settings, f"{host}:{port}", workers)
        _serve(settings, host, port)


def _serve(settings: Settings, host: str, port: int) -> None:
    import waitress

    from shop_app.app import create_app

    app = create_app(settings)
    # A connection that is kept open costs a descriptor and no thread; each browser keeps six.
    server = waitress.create_server(
        app, host=host, port=port, threads=settings.threads, ident=None, channel_timeout=120,
        connection_limit=_most_connections(), asyncore_use_poll=True,
    )  # fmt: skip
    click.echo(f"The shop is open at http://{host}:{server.effective_port}/")
    sys.stdout.flush()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # in an orderly way, as by Ctrl+C
    try:
        server.run()
    except KeyboardInterrupt:
        server.close()


def _most_connections() -> int:
    """As many as the system gives this process descriptors, less what files and the database need."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = min(hard, 65_536) if hard != resource.RLIM_INFINITY else 65_536
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return max(100, most - 1000)


def _serve_by_gunicorn(settings: Settings, address: str, workers: int) -> None:
    """Go on as gunicorn: signals and the exit status are its own."""
    if settings.is_sqlite:
        raise SettingsError(
            "several processes need MariaDB (SHOP_DATABASE); a shop on SQLite has one with many threads"
        )
    if importlib.util.find_spec("gunicorn") is None:
        raise SettingsError("several processes need gunicorn: pip install 'vidframe-shop-app[production]'")
    os.environ |= settings.as_environment()  # a password given in a file stays out of the command line
    arguments = [
        "--workers", str(workers), "--worker-class", "gthread", "--threads", str(settings.threads), "--bind", address,
        "--umask", "0o077", "--timeout", "120", "--graceful-timeout", "10", "--keep-alive", "75", "--no-control-socket",
        "shop_app.app:create_app()",
    ]  # fmt: skip
    from gunicorn import __main__ as gunicorn

    areas()  # loads the code here: workers are forks of this process, and need not load it again
    sys.argv = [gunicorn.__file__, *arguments]
    gunicorn.run(prog="gunicorn")


@main.command("sample-data")
@click.pass_obj
def sample_data(settings: Settings) -> None:
    """Fill an empty shop with made-up products, people, bills and interest; prints a one-time code per role."""
    from shop_app.ops.sample import fill  # draws pictures, and is needed once

    with _writing(settings) as database:
        people = fill(database, settings.media)
    click.echo("Sign in with a name and its one-time code; each is shown only now and sets a password of your own:")
    for person in people:
        click.echo(f"  {person.role.value:<9} {person.name:<24} {person.code}")


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def backup(settings: Settings, file: Path) -> None:
    """Write everything (database, pictures, clips, keys) to FILE; the shop may stay open."""
    from shop_app.ops import backup as backups

    with _told():
        click.echo(backups.back_up(settings, file))


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--replace", is_flag=True, help="Replace the shop that is there.")
@click.pass_obj
def restore(settings: Settings, file: Path, replace: bool) -> None:
    """Bring a shop back from FILE. The shop must be closed."""
    from shop_app.ops import backup as backups

    with _told():
        click.echo(backups.restore(settings, file, replace=replace))


def _print_setup_token(settings: Settings) -> None:
    with _writing(settings) as database, database.writing() as session:
        if service.has_admin(session):
            click.echo("There is an admin already; `reset-password NAME` lets one in again.")
            return
        token = service.issue_setup_token(session)
    click.echo(f"Open /set-up in the browser within 30 minutes, with this token: {token}")


@contextmanager
def _writing(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database_url)
    try:
        with _told():
            yield database
    finally:
        database.close()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except Refused as refusal:
        raise click.ClickException(refusal.detail) from None
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    except OperationalError as error:
        raise click.ClickException(f"the database cannot be used: {error.orig}") from None


def _safe(settings: Settings) -> str:
    from sqlalchemy.engine import make_url

    return make_url(settings.database_url).render_as_string(hide_password=True)
