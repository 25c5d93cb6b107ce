"""Notifications: sent to a person or a role, counted until they are read."""

from shop_app.notify.notifications.service import notify

__all__ = ["notify"]
