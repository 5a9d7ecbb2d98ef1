"""Markdown tables hold plain text, whatever a device calls itself."""

from __future__ import annotations

from io import StringIO

from inventory.changes.markdown import write_markdown
from inventory.export import Result


def test_one_row_a_line_and_no_markup() -> None:
    hostile = "a|b\n<img src=x> [x](http://evil) `c` **d** www.evil.com @team #1 ~~e~~ \\"
    file = StringIO()
    write_markdown(Result(["change", "ip_address"], [{"change": hostile, "ip_address": None}]), file)
    header, rule, row = file.getvalue().splitlines()
    assert (header, rule) == ("| change | ip address |", "| --- | --- |")
    assert row == (
        r"| a\|b \<img src=x\> \[x\](http\://evil) \`c\` \*\*d\*\* www\.evil.com \@team \#1 \~\~e\~\~ \\ |  |"
    )
