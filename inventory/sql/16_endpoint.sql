-- From the address columns of a fact, and its time, to the device: the only way by which facts are attributed.
CREATE OR REPLACE TEMP TABLE endpoint AS
SELECT
    site,
    vlan,                                               -- '' when untagged
    mac,                                                -- '' when unknown
    ip,                                                 -- NULL where a MAC speaks for itself
    since,                                              -- of facts that were first seen from then
    until,                                              -- to before then
    key,                                                -- identity within the site
    device_id
FROM tenure JOIN (SELECT site, key, device_id FROM identity) USING (site, key);
