-- From the address columns of a fact to the device: the only way by which facts are attributed.
CREATE OR REPLACE TEMP TABLE endpoint AS
SELECT
    site,
    vlan,                                               -- '' when untagged
    mac,                                                -- '' when unknown
    ip,
    device_id
FROM host JOIN identity USING (site, key);
