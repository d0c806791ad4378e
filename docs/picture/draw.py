#!/usr/bin/env python3
"""Draws the screens of a terminal, as `tmux capture-pane -e -p` gives them, one below the other as an SVG.

    draw.py TITLE=SCREEN_FILE... > picture.svg

Knows the colours that shells use (SGR 0, 1, 2, 30-37, 90-97, 38;5;n for n < 16) and leaves others out.
"""
import html
import re
import sys

COLUMN, ROW, MARGIN = 8.4, 20, 16
COLOURS = ["#5c6370", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#dcdfe4"]
FAINT = "#8b929e"
SGR = re.compile(r"\x1b\[([0-9;]*)m")


def style_after(codes, style):
    """The (colour, bold) that holds after an SGR sequence."""
    colour, bold = style
    numbers = [int(code or 0) for code in codes.split(";")]
    while numbers:
        number = numbers.pop(0)
        if number == 0:
            colour, bold = None, False
        elif number == 1:
            bold = True
        elif number == 2:
            colour = FAINT
        elif number in range(30, 38) or number in range(90, 98):
            colour = COLOURS[number % 10]
        elif number == 39:
            colour = None
        elif number == 38 and numbers[:1] == [5]:
            colour = COLOURS[numbers[1] % 8] if numbers[1] < 16 else colour
            del numbers[:2]
    return colour, bold


def spans(line):
    """(text, colour, bold) for each stretch of one style."""
    style, at = (None, False), 0
    for match in SGR.finditer(line):
        yield line[at : match.start()], *style
        style, at = style_after(match.group(1), style), match.end()
    yield line[at:], *style


def row(line, y):
    out, column = [], 0
    for text, colour, bold in spans(line):
        if text.strip():
            weight = ' font-weight="bold"' if bold else ""
            out.append(
                f'<text x="{MARGIN + column * COLUMN:.1f}" y="{y}" fill="{colour or "#dcdfe4"}"{weight} '
                f'textLength="{len(text) * COLUMN:.1f}" xml:space="preserve">{html.escape(text)}</text>'
            )
        column += len(text)
    return out


def main():
    rows, y = [], MARGIN + ROW
    for argument in sys.argv[1:]:
        title, path = argument.split("=", 1)
        rows.append(f'<text x="{MARGIN}" y="{y}" fill="#7f848e" font-style="italic">{html.escape(title)}</text>')
        y += ROW
        with open(path, encoding="utf-8") as screen:
            lines = screen.read().rstrip("\n").split("\n")
        for line in lines:
            rows.extend(row(line, y))
            y += ROW
        y += ROW // 2
    width = 92 * COLUMN + 2 * MARGIN
    print(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{y}" '
        f'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14">'
        f'<rect width="100%" height="100%" rx="8" fill="#21252b"/>' + "".join(rows) + "</svg>"
    )


main()
