"""`python -m vidframe` is `vidframe`."""

from vidframe.cli import main

main()
