"""The kinds of source: recordings, folders of pictures, and what is live."""
