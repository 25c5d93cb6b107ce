"""The frame loop and all that it stands on."""
