"""The report: one self-contained HTML page about an inventory.

`gathering` reads what is shown, `summary` puts it into words and numbers, `picture` draws who talks to whom, `page`
renders all of it with `templates/` and `static/`.
"""
