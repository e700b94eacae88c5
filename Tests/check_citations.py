#!/usr/bin/python3
"""Fails when a comment or a page cites what this repository does not have.

Checked: pages (`contract.md, section 3`), the section and the paragraph in quotation marks after it, decisions (`decision 0002`),
and, in pages, files in backticks and the names of functions and tests behind them (`path/File.swift`: `name`).
"""

import os
import pathlib
import re
import subprocess
import sys

SELF = "Tests/check_citations.py"
PAGE = re.compile(r"(?<![\w/.:-])((?:[\w-]+/|\.\./)*[\w-]+)\.md\b(?!\w)")
SECTION = re.compile(r'\)?,? (?:section )?(\d+(?:\.\d+)?)\b(?: and (\d+\.\d+))?(?:, "([^"]+)")?')
DECISION = re.compile(r"\bdecisions?[ /](\d{4})\b")
FILE = re.compile(r"`([\w/+.-]+\.(?:swift|py|c|h|js|sh))`(?:: ((?:`\w+`(?:, )?)+)|((?: |, )\w*(?:_|[a-z][A-Z])\w*)+)?")
WRAP = re.compile(r"\n[ \t]*(?:///?|#+|\*)?[ \t]*")


def complaints(texts):
    """What is wrong in `texts`, from path to text of the whole repository."""
    sections = {path: headings(text) for path, text in texts.items() if path.endswith(".md")}
    for path, text in texts.items():
        if path == SELF:
            continue
        flat = WRAP.sub(" ", text)
        for match in PAGE.finditer(flat):
            page = find(f"{match[1]}.md", path, texts)
            if not page:
                yield f"{path}: there is no page {match[1]}.md"
                continue
            cited = SECTION.match(flat, match.end())
            for number in filter(None, cited.groups()[:2]) if cited else ():
                if number not in sections[page]:
                    yield f"{path}: {page} has no section {number}"
                elif cited[3] and cited[3] not in sections[page][number]:
                    yield f'{path}: section {number} of {page} has no "{cited[3]}"'
        for match in DECISION.finditer(flat):
            if not any(name.startswith(f"docs/decisions/{match[1]}-") for name in texts):
                yield f"{path}: there is no decision {match[1]}"
        if path.endswith(".md") and path != "CHANGELOG.md":
            yield from names(path, flat, texts)


def headings(text):
    """The sections of a page, from number to text."""
    parts = re.split(r"^#+ (\d+(?:\.\d+)?)\.? ", text, flags=re.MULTILINE)
    found = {}
    for number, body in zip(parts[1::2], parts[2::2]):
        for outer in {number, number.split(".")[0]}:
            found[outer] = found.get(outer, "") + body
    return found


def names(path, text, texts):
    """What a page says of files, and of what is in them."""
    for match in FILE.finditer(text):
        file = find(match[1], path, texts)
        if not file:
            yield f"{path}: there is no file {match[1]}"
            continue
        for name in re.findall(r"\w+", match[0][len(match[1]) + 2 :]):
            if not re.search(rf"\b{name}\b", texts[file]):
                yield f"{path}: {file} has no {name}"


def find(name, where, texts):
    """The path that `name`, written in the file `where`, means."""
    beside = os.path.normpath(os.path.join(os.path.dirname(where), name))
    for path in (beside, name, f"docs/{name}", f"Sources/{name}"):
        if path in texts:
            return path
    if "/" not in name and not name.endswith(".md"):
        return next((path for path in texts if path.endswith(f"/{name}")), None)
    return None


def self_test():
    """A check that cannot fail checks nothing."""
    good = {
        "docs/contract.md": '## 3. States\n**Undrain.** x\n## 4. More\n### 4.1 Deep\n',
        "docs/decisions/0001-loop.md": "# 1. Loop\n",
        "Sources/A/B.swift": '/// Does it (contract.md, section 3,\n/// "Undrain", and decision 0001).\nfunc run() {}',
        "docs/ways.md": "`A/B.swift`: `run` and `B.swift`, contract.md, 4.1",
    }
    assert list(complaints(good)) == [], list(complaints(good))
    for bad in (
        "interface.md, section 3",
        "contract.md, section 7",
        "contract.md,\n/// section 7",
        'contract.md, section 4, "Undrain"',
        "contract.md, 4.2",
        "docs/decisions/0009",
        "`A/C.swift`",
        "`A/B.swift`: `walk`",
        "`B.swift` run_fast",
    ):
        assert list(complaints({**good, "docs/bad.md": bad})), bad


def main():
    self_test()
    root = pathlib.Path(__file__).parents[1]
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root, check=True, capture_output=True
    ).stdout.decode()
    texts = {}
    for name in filter(None, listed.split("\0")):
        if (root / name).is_file():
            texts[name] = (root / name).read_bytes().decode(errors="replace")
    found = list(complaints(texts))
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
