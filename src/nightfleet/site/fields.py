"""The models as a tree of keys: what may stand at a place of the file, and what it means."""

from dataclasses import dataclass
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from nightfleet.site.faults import At
from nightfleet.site.section import Section


@dataclass(frozen=True, slots=True)
class Place:
    """What the models say about one place of the file."""

    whole: Any  # the annotation with everything that is said about it
    field: FieldInfo | None = None

    @property
    def annotation(self) -> Any:
        """The type that may stand here, apart from nothing at all."""
        return bare(self.whole)

    @property
    def section(self) -> type[Section] | None:
        """The model behind this place, when it holds named keys."""
        return self.annotation if is_section(self.annotation) else None

    @property
    def keys(self) -> dict[str, FieldInfo]:
        """The keys that may stand here, as they are written."""
        return keys_of(self.section) if self.section else {}


def place_at(model: type[Section], at: At) -> Place:
    """Follow the keys of `at` down from `model`; below an unknown key nothing is known."""
    place = Place(model)
    for step in at:
        if step in place.keys:
            field = place.keys[str(step)]
            place = Place(Annotated[field.annotation, *field.metadata, None], field)
        else:
            place = Place(member(place.annotation), place.field)
    return place


def keys_of(model: type[Section]) -> dict[str, FieldInfo]:
    """Return the fields of a section by the key that is written in the file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def is_section(annotation: Any) -> bool:
    """Tell whether this is a model with named keys."""
    return isinstance(annotation, type) and issubclass(annotation, Section)


def bare(annotation: Any) -> Any:
    """Take off Annotated and `| None`."""
    if get_origin(annotation) is Annotated:
        return bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        (first, *_) = (each for each in get_args(annotation) if each is not type(None))
        return bare(first)
    return annotation


def member(annotation: Any) -> Any:
    """Return the type of what a mapping or list holds."""
    arguments = get_args(annotation)
    if get_origin(annotation) is dict:
        return arguments[1]
    return arguments[0] if get_origin(annotation) is tuple else None


def choices(annotation: Any) -> list[str]:
    """Return the words that may stand here, when there are only some."""
    if get_origin(annotation) is Literal:
        return [str(word) for word in get_args(annotation)]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(item.value) for item in annotation]
    return []
