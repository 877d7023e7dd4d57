"""The portal's forms, sent without a browser: many at a time, and timed."""

import http.client
import re
import urllib.parse


class Sender:
    """One kept connection."""

    def __init__(self, url):
        self.url = url
        self.connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)

    def ask(self, method, path, body=None):
        headers = {"Origin": self.url, "Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.getheader("location"), answer.read()

    def form(self, language="nl", **fields):
        """A form as a browser would send it, with a mark of its own."""
        _, _, page = self.ask("GET", f"/{language}/object")
        mark = re.search(rb'name="form" value="([^"]*)"', page).group(1).decode()
        return urllib.parse.urlencode({"form": mark, "for": "self", "everything": "yes", "service": "plein", **fields})

    def send(self, form, language="nl"):
        return self.ask("POST", f"/{language}/object", form)
