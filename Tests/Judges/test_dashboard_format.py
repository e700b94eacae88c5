"""How the dashboard writes figures and names: its own modules, asked in the browser."""

import pytest

import dashboard
import echod

ASK = """async ([file, name, cases]) => {
  const module = await import(new URL(`ui/${file}`, document.baseURI));
  return cases.map((values) => module[name](...values));
}"""

CASES = {
    "bytes": [
        (0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (9994, "9.99 kB"), (9995, "10.0 kB"), (99_949, "99.9 kB"),
        (99_950, "100 kB"), (999_499, "999 kB"), (999_500, "1.00 MB"), (2**64, "18.4 EB"),
    ],
    "bytesOrDash": [(None, "–"), (0, "–"), (1, "1 B")],
    "count": [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")],
    "rate": [(0, "0"), (0.04, "0.0"), (0.25, "0.3"), (9.94, "9.9"), (9.96, "10"), (1234.4, "1,234")],
    "span": [
        (-1000, "0ms"), (80, "80ms"), (9000, "9s"), (125_000, "2m05s"), (12_000_000, "3h20m"), (367_200_000, "4d06h"),
    ],
    "seconds": [(-1, "0.0 s"), (16_880, "16.9 s")],
    "printable": [("a b~\\\t\u202e\x1b[2J", r"a b~\x5c\x09\xe2\x80\xae\x1b[2J"), ("unix:<b>", "unix:<b>")],
}

# Which words each enumeration of the API needs: its schema, its property there, and the kinds of word.
ENUMERATIONS = [
    ("Status", "state", ["state", "sentence"]),
    ("Connection", "state", ["connection"]),
    ("Connection", "blocked_on", ["blocker"]),
    ("Connection", "reason", ["reason"]),
    ("Drain", "result", ["result"]),
    ("Drain", "intent", ["intent", "exit-code"]),
    ("Drain", "mode", ["mode"]),
    ("Drain", "accept_queue", ["queue"]),
]
# The state that the page shows after the end of the process, which the API has no word for.
BEYOND = {"state": ["exited"], "sentence": ["exited"]}


@pytest.fixture(scope="module")
def opened():
    with echod.Echod() as service, dashboard.opened(service) as page:
        yield service, page


@pytest.mark.parametrize("rule", CASES)
def test_each_rule(opened, rule):
    given = [[value] for value, _ in CASES[rule]]
    assert opened[1].evaluate(ASK, ["format.js", rule, given]) == [text for _, text in CASES[rule]]


def test_every_value_of_the_api_has_its_word(opened):
    service, page = opened
    schemas = service.get("/openapi.json").json["components"]["schemas"]
    for schema, key, kinds in ENUMERATIONS:
        values = [value for value in schemas[schema]["properties"][key]["enum"] if value is not None]
        for kind in kinds:
            [known] = page.evaluate(ASK, ["words.js", "values", [[kind]]])
            assert sorted(known) == sorted(values + BEYOND.get(kind, [])), kind


def test_triggers_and_values_that_nobody_knows(opened):
    asked = [["trigger", "api"], ["trigger", "signal:TERM"], ["result", "strange"], ["result", "constructor"]]
    words = ["admin API", "signal TERM", "strange", "constructor"]
    assert opened[1].evaluate(ASK, ["words.js", "word", asked]) == words
