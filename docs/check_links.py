"""Follow the links between built pages: ``python docs/check_links.py HTML_FOLDER`` says which lead nowhere.

Links to other sites are only looked at, as that needs no network: whether they are https, and have a host.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The links of a page, and what can be linked to in it."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = set(), {""}
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        """Note ``href``, ``src`` and ``id``."""
        for name, value in attrs:
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value)
            elif name in ("href", "src") and value and tag != "svg":
                self.links.add(value)


def broken(folder):
    """Yield the page and the link for each that leads nowhere."""
    pages = {path.resolve(): Page(path) for path in sorted(folder.rglob("*.html"))}
    for path, page in pages.items():
        for link in sorted(page.links):
            url = urlsplit(link)
            target = (path.parent / unquote(url.path)).resolve() if url.path else path
            if url.scheme in ("data", "mailto"):
                continue
            if url.scheme or url.netloc:
                good = url.scheme == "https" and "." in url.netloc
            elif target in pages:
                good = unquote(url.fragment) in pages[target].anchors
            else:
                good = target.is_file()
            if not good:
                yield path.relative_to(folder.resolve()), link


def main(folder):
    """Print what is broken; return how many links that is."""
    found = list(broken(folder))
    for path, link in found:
        print(f"{path}: {link} leads nowhere")
    return len(found)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])) > 0)
