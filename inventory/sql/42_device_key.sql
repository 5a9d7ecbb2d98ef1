-- Every name by which a device can be asked for. Old ids, from before another name was known, still resolve.
CREATE OR REPLACE TEMP TABLE device_key AS
SELECT
    site,
    'id' AS kind,                                       -- id, mac, ip, vlan_ip, ae_title
    c.id AS key,
    device_id
FROM candidate c JOIN identity USING (site, key)
WHERE c.id IS NOT NULL
UNION
SELECT site, 'id', device_id, device_id FROM mention WHERE NOT known
UNION
SELECT site, 'mac', mac, device_id FROM identity WHERE mac IS NOT NULL
UNION
SELECT site, 'ip', ip, device_id FROM host JOIN identity USING (site, key) WHERE ip IS NOT NULL
UNION
SELECT site, 'vlan_ip', vlan || '/' || ip, device_id FROM host JOIN identity USING (site, key)
WHERE ip IS NOT NULL AND vlan <> ''
UNION
SELECT site, 'ae_title', ae_title, device_id FROM ae_title;
