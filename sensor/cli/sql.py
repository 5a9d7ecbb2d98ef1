"""`medspan sql`: any question, in SQL. It can read the inventory and nothing else, and change nothing."""

from __future__ import annotations

from typing import Annotated

import typer

from sensor.cli.opening import open_configured
from sensor.cli.options import DEFAULT_INVENTORY, Format, FormatOption, InventoryOption, KnowledgeOption
from sensor.cli.output import emit


def sql(
    statement: Annotated[str, typer.Argument(metavar="QUERY", help="What to ask, e.g. 'FROM device'.")],
    inventory: InventoryOption = DEFAULT_INVENTORY,
    knowledge: KnowledgeOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Query the inventory in SQL: read-only, with no file or network access."""
    import duckdb

    from inventory.derive import lock_down
    from inventory.errors import InventoryError
    from inventory.export import query

    with open_configured(inventory, knowledge) as con:
        lock_down(con)
        try:
            # DuckDB lets statements write the database's own side files whatever the settings: only SELECT may run.
            kinds = [each.type for each in con.extract_statements(statement)]
            if kinds != [duckdb.StatementType.SELECT]:
                raise InventoryError("one SELECT is expected (or FROM, SHOW, DESCRIBE, SUMMARIZE)")
            result = query(con, statement)
        except duckdb.Error as error:
            reason = str(error).splitlines()[0] if str(error) else "the query failed"
            if "pytz" in reason:  # DuckDB needs that package for times with a zone; ours are all UTC
                reason = "times with a time zone cannot be shown: cast them to TIMESTAMP"
            raise InventoryError(reason) from None
    emit(result, output, {column: column for column in result.columns}, "row")
