"""What every room stands on: the database and its tables, settings, permissions, money, time, the audit log."""
