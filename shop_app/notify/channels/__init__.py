"""The channels by which notifications reach people, one file each."""

from shop_app.notify.channels.bell import Bell
from shop_app.notify.channels.channel import Channel
from shop_app.notify.channels.mail import Mail
from shop_app.notify.channels.push import Push
from shop_app.notify.channels.webhook import Webhook

CHANNELS: dict[str, Channel] = {channel.name: channel for channel in (Bell(), Mail(), Push(), Webhook())}
