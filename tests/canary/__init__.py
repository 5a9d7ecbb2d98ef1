"""Marks of what must never be kept, and of what may be."""

MARK = "PHICANARY"  # a patient's, a user's, a password, a person's own words
MAIL = f"{MARK}@hospital.example"
KEPT = "ZQKEPT"  # the name of a host
