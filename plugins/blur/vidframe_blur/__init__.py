"""People made unrecognisable in what is kept and shown."""
