"""`python -m shop_app`: the same commands as `vidframe-shop`."""

from shop_app.cli import main

main(prog_name="python -m shop_app")
