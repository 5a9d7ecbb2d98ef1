"""The `medspan` command. The only room that sees all the others."""
