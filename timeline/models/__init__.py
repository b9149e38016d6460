from timeline.models.base import Content, FormerSlug, Slugged
from timeline.models.catalogue import Entry, EntryQuerySet, Facet, Word
from timeline.models.content import (
    Issue,
    IssueQuerySet,
    Item,
    ItemQuerySet,
    Publication,
    Topic,
    Version,
    next_issue_number,
    reading_minutes,
)
from timeline.models.images import Image, ImageQuerySet
from timeline.models.users import User, UserManager

__all__ = [
    "Content",
    "Entry",
    "EntryQuerySet",
    "Facet",
    "FormerSlug",
    "Image",
    "ImageQuerySet",
    "Issue",
    "IssueQuerySet",
    "Item",
    "ItemQuerySet",
    "Publication",
    "Slugged",
    "Topic",
    "User",
    "UserManager",
    "Version",
    "Word",
    "next_issue_number",
    "reading_minutes",
]
