"""JSON bodies of our own scripts and of programs: read into a pydantic model that takes its declared fields and no other."""

from __future__ import annotations

from typing import Annotated, TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from shop_app.base.errors import Invalid
from shop_app.base.text import _

Minor = Annotated[int, Field(description="Money in the currency's minor unit: cents, paise.")]


class Body(BaseModel):
    """What a request may hold; an unknown field is an error, and a number is a number."""

    model_config = ConfigDict(extra="forbid", strict=True)


Model = TypeVar("Model", bound=Body)


def read_body(model: type[Model]) -> Model:
    """The request's JSON as `model`; raises `Invalid` naming the fields that are wrong."""
    try:
        return model.model_validate_json(request.get_data() or b"{}")
    except ValidationError as error:
        problems = {".".join(map(str, found["loc"])) or "body": _problem(found) for found in error.errors()}
        raise Invalid(_("Check these fields: %(fields)s.", fields=", ".join(problems)), errors=problems) from None


def _problem(found: ErrorDetails) -> str:
    """What is wrong with one field, in the language of the request."""
    limits = found.get("ctx", {})
    match found["type"]:
        case "missing":
            return _("This field is missing.")
        case "extra_forbidden":
            return _("There is no such field.")
        case "json_invalid":
            return _("This is not JSON.")
        case "string_too_short" if limits["min_length"] == 1:
            return _("This field is empty.")
        case "string_too_short":
            return _("Enter at least %(n)d characters.", n=limits["min_length"])
        case "string_too_long":
            return _("Enter at most %(n)d characters.", n=limits["max_length"])
        case "greater_than_equal" | "greater_than" | "less_than_equal" | "less_than":
            return _("This number is out of range.")
        case "too_short" | "too_long":
            return _("This list has too few or too many items.")
    return _("This value has the wrong type or form.")
