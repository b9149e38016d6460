"""A form as a browser reads it out of a page, and would send it."""

from html.parser import HTMLParser

Fields = dict[str, list[str]]


class FormReader(HTMLParser):
    """The fields of the form that has a field `named`, and the links of the page."""

    def __init__(self, page: str, named: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Fields] = []
        self.links: list[str] = []
        self.area: str | None = None
        self.select: str | None = None
        self.in_template = 0
        self.feed(page)
        self.close()
        self.fields = next((form for form in self.forms if named in form), {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        name = told.get("name", "")
        self.in_template += tag == "template"
        if self.in_template:
            return
        if tag == "a":
            self.links.append(told.get("href", ""))
        elif tag == "form":
            self.forms.append({})
        elif not self.forms:
            return
        elif tag == "textarea" and name:
            self.area = name
            self.forms[-1][name] = [""]
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and "selected" in told:
            self.forms[-1].setdefault(self.select, []).append(told.get("value", ""))
        elif tag == "input" and name:
            kind = told.get("type", "text")
            is_chosen = kind not in {"checkbox", "radio"} or "checked" in told
            if is_chosen and kind not in {"submit", "button", "file"}:
                unsaid = "on" if kind in {"checkbox", "radio"} else ""
                self.forms[-1].setdefault(name, []).append(told.get("value", unsaid))

    def handle_endtag(self, tag: str) -> None:
        self.in_template -= tag == "template"
        if tag == "textarea":
            self.area = None
        elif tag == "select":
            self.select = None

    def handle_data(self, data: str) -> None:
        if self.area:
            text = self.forms[-1][self.area]
            text[0] += data if text[0] else data.removeprefix("\n")
