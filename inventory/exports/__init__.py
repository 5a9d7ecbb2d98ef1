"""What an auditor, a CMDB or a SIEM takes away: the inventory as files of other people's formats.

Each is a function of an opened inventory with its derived tables. The same inventory gives the same bytes, with the
same configuration (networks, acceptances, geoip, knowledge) on the same day, since acceptances run out: times are those
of the packets, ids are derived from what is in the file, everything has an order.
"""
