"""JSON bodies of our own scripts and of programs: read into a pydantic model that takes its declared fields and no other."""

from __future__ import annotations

from typing import Annotated, TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

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
        problems = {".".join(map(str, found["loc"])) or "body": found["msg"] for found in error.errors()}
        raise Invalid(
            _("Nothing was changed: %(fields)s cannot be used.", fields=", ".join(problems)), errors=problems
        ) from None
