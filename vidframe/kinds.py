"""Kinds of events: what each tells (docs/events.md is made of it), its limits, and how to say it in a few words."""

from vidframe.core.model.kinds import MAX_BOXES, MAX_INCIDENTS, MAX_REASON, RENAMED, facts_of, is_among, words

__all__ = ["MAX_BOXES", "MAX_INCIDENTS", "MAX_REASON", "RENAMED", "facts_of", "is_among", "words"]
