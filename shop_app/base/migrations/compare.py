"""What Alembic is told to see and to write, so that a generated migration upgrades a shop that has rows."""

from __future__ import annotations

import re
from typing import Any

from alembic.autogenerate.rewriter import Rewriter
from alembic.ddl._autogen import ComparisonResult
from alembic.ddl.mysql import MySQLImpl
from alembic.ddl.sqlite import SQLiteImpl
from alembic.operations import ops
from alembic.util import CommandError
from sqlalchemy import CheckConstraint, Column

PLUGINS = ["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"]
new_rows = Rewriter()


class _ComparesChecks:
    """A closed list of roles or states stands in a CHECK, which Alembic by itself compares by name alone."""

    def compare_check_constraint(self, wanted: CheckConstraint, present: CheckConstraint) -> ComparisonResult:
        """Compare what they say."""
        if _plain(wanted) == _plain(present):
            return ComparisonResult.Equal()
        return ComparisonResult.Different(f"{present.sqltext} -> {wanted.sqltext}")


class _Sqlite(_ComparesChecks, SQLiteImpl):
    __dialect__ = "sqlite"  # registers it with Alembic


class _MariaDb(_ComparesChecks, MySQLImpl):
    __dialect__ = "mysql"


def _plain(check: CheckConstraint) -> str:
    """The condition without what a database adds or drops when it repeats it."""
    parts = re.split(r"('[^']*')", str(check.sqltext))
    return "".join(part if index % 2 else re.sub(r'[\s`"()]', "", part).lower() for index, part in enumerate(parts))


@new_rows.rewrites(ops.AddColumnOp)
def fill_old_rows(_context: Any, _revision: Any, op: ops.AddColumnOp) -> ops.AddColumnOp:
    """Rows that are there take the default of the model; a column that they could not have is refused."""
    column: Column[Any] = op.column
    if column.nullable or column.server_default is not None:
        return op
    default: Any = column.default
    if default is None or not default.is_scalar:
        raise CommandError(
            f"{op.table_name}.{column.name} may not be null, and the rows that are there have no value for it. Write "
            "mapped_column(default=...) with a plain value, server_default=..., or Mapped[... | None]; no migration was written."
        )
    value = default.arg
    filled = str(int(value)) if isinstance(value, bool) else str(value)
    return ops.AddColumnOp(op.table_name, Column(column.name, column.type, nullable=False, server_default=filled))
