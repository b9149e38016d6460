"""What the API and the dumps tell of news beyond what all kinds share."""

from ninja import Schema


class NewsData(Schema):
    organisation: str
