"""TCP flows to ordered bytes, and to the parser that reads them."""
