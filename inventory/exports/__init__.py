"""What an auditor, a CMDB or a SIEM takes away: the inventory as files of other people's formats.

Each is a function of an opened inventory with its derived tables, and its bytes depend on nothing else: times are those
of the packets, ids are derived from what is in the file, everything has an order.
"""
