#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a manual page of section 5 from the contract, src/cli/README.md:

    manual5.py PAGE README.md

The page says what the contract says, so that there is one text to keep right. Knows the Markdown that the
contract uses: headings, paragraphs, lists, tables, fenced and indented blocks, code, bold, emphasis and links."""

import pathlib
import re
import sys

# page -> title, and the headings whose sections it has
PAGES = {
    "callvet.json": ("configuration of the callvet service",
                     ["## serve", "### Trust options", "### Download options"]),
    "callvet-policy": ("what callvet does with calls",
                       ["### The policy file", "### Rules for caller pools", "### Tables"]),
}
FILES = {
    "callvet.json": [("/etc/callvet/callvet.json", "the configuration that the packaged service reads"),
                     ("/etc/callvet/anchors", "its anchor_dir"),
                     ("/usr/share/doc/callvet/examples", "policies, recipes for SBCs, dashboard")],
    "callvet-policy": [("/usr/share/doc/callvet/examples/policy", "policies and tables to begin with")],
}


def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace('"', "\\(dq")
    return "\\&" + text if text.startswith(".") else text


def inline(text):
    """Markdown of a line as roff."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    out = []
    for piece in re.split(r"(`[^`]*`|\*\*[^*]+\*\*|\*[^*\s][^*]*\*)", text):
        if piece.startswith("`") and len(piece) > 1:
            out.append("\\fB" + escape(piece[1:-1]) + "\\fR")
        elif piece.startswith("**"):
            out.append("\\fB" + escape(piece[2:-2]) + "\\fR")
        elif piece.startswith("*") and len(piece) > 2:
            out.append("\\fI" + escape(piece[1:-1]) + "\\fR")
        else:
            out.append(escape(piece))
    line = "".join(out).strip()
    return "\\&" + line if line.startswith((".", "'")) else line


def cells(line):
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def table(lines):
    """A row is a tagged paragraph: first column, the text, and what is beside them by its heading. The text is the last
    column, or the one before it if the last one is the default."""
    heading = cells(lines[0])
    main = len(heading) - (2 if heading[-1] == "default" else 1)
    for line in lines[2:]:
        row = cells(line) + [""] * len(heading)
        yield ".TP\n" + (inline(row[0]) or "\\&")
        text = [inline(row[main]) or "\\&"]
        for i in range(1, len(heading)):
            if i != main and row[i]:
                text.append(f".br\n\\fI{escape(heading[i].capitalize())}\\fR: {inline(row[i])}")
        yield "\n".join(text)


def section(text, heading):
    level = heading.split()[0]
    lines, found, fenced = [], False, False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        if not fenced and line.startswith("#"):
            if found and len(line.split()[0]) <= len(level):
                break
            found = found or line == heading
        if found:
            lines.append(line)
    if not lines:
        sys.exit(f"manual5.py: the contract has no section '{heading}'")
    return lines


def roff(lines):
    i = 0
    while i < len(lines):
        line = lines[i]
        if line.startswith("#"):
            mark, title = line.split(" ", 1)
            yield (".SH " if mark == "##" else ".SS ") + escape(title)
        elif line.startswith("```") or line.startswith("    "):
            fence = line.startswith("```")
            block = []
            i += fence
            while i < len(lines) and (not lines[i].startswith("```") if fence else lines[i].startswith("    ")):
                block.append(escape(lines[i] if fence else lines[i][4:]))
                i += 1
            i -= not fence
            yield ".PP\n.RS 4\n.nf\n" + "\n".join(block) + "\n.fi\n.RE"
        elif line.startswith("|"):
            rows = []
            while i < len(lines) and lines[i].startswith("|"):
                rows.append(lines[i])
                i += 1
            yield from table(rows)
            continue
        elif line.startswith("- "):
            yield ".IP \\(bu 2\n" + inline(line[2:])
        elif not line.strip():
            yield ".PP" if i + 1 < len(lines) and lines[i + 1][:1] not in ("", "|", "#", "-", " ", "`") else ""
        else:
            yield inline(line)
        i += 1


def main():
    page, contract = sys.argv[1], pathlib.Path(sys.argv[2])
    title, headings = PAGES[page]
    text = contract.read_text(encoding="utf-8")
    out = [f'.TH {page.upper()} 5 "" "callvet" "callvet"', ".SH NAME", f"{escape(page)} \\- {escape(title)}"]
    for heading in headings:
        lines = section(text, heading)
        name = lines[0].lstrip("# ")
        out.append(".SH " + escape("DESCRIPTION" if heading == headings[0] else name.upper()))
        out += roff(lines[1:])
    out.append(".SH FILES")
    for path, what in FILES[page]:
        out.append(f".TP\n\\fI{escape(path)}\\fR\n{escape(what)}")
    out += [".SH SEE ALSO", ".BR callvet (1), callvet.json (5), callvet-policy (5)"]
    print("\n".join(line for line in out if line))


if __name__ == "__main__":
    main()
