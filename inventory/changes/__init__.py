"""What changed: between two inventories, since a time, and between what was seen and what is declared."""
