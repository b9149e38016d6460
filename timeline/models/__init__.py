from timeline.models.backup import Backup
from timeline.models.base import (
    AbstractSpelling,
    Content,
    FormerSlug,
    Named,
    NamedQuerySet,
    Slugged,
    address,
    name_key,
)
from timeline.models.catalogue import Entry, EntryQuerySet, Facet, Filing, Word
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
from timeline.models.draft import Draft, Presence
from timeline.models.dump import Dump
from timeline.models.edition import Edition
from timeline.models.glossary import Term, TermSpelling
from timeline.models.images import Image, ImageQuerySet
from timeline.models.limits import Count
from timeline.models.pending import CorrectedRow, Correction, PendingChange
from timeline.models.preflight import CheckedLink, Override
from timeline.models.users import User, UserManager

__all__ = [
    "AbstractSpelling",
    "Backup",
    "CheckedLink",
    "Content",
    "CorrectedRow",
    "Correction",
    "Count",
    "Draft",
    "Dump",
    "Edition",
    "Entry",
    "EntryQuerySet",
    "Facet",
    "Filing",
    "FormerSlug",
    "Image",
    "ImageQuerySet",
    "Issue",
    "IssueQuerySet",
    "Item",
    "ItemQuerySet",
    "Named",
    "NamedQuerySet",
    "Override",
    "PendingChange",
    "Presence",
    "Publication",
    "Slugged",
    "Term",
    "TermSpelling",
    "Topic",
    "User",
    "UserManager",
    "Version",
    "Word",
    "address",
    "name_key",
    "next_issue_number",
    "reading_minutes",
]
