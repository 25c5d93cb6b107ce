"""Kinds of events: what each tells (docs/events.md is made of it), and how to say it in a few words."""

from vidframe.core.model.kinds import words

__all__ = ["words"]
