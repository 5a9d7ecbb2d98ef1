-- Every name by which a device can be asked for. Old ids, from before another name was known, still resolve.
CREATE OR REPLACE TEMP TABLE device_key AS
SELECT
    site,
    'id' AS kind,                                       -- id, mac, ip, vlan_ip, ae_title
    id AS key,
    device_id
FROM candidate JOIN identity USING (site, key)
WHERE id IS NOT NULL
UNION
SELECT site, 'id', device_id, device_id FROM mention WHERE NOT known
UNION
SELECT site, 'mac', substr(key, 5), device_id FROM identity WHERE starts_with(key, 'mac:')
UNION
SELECT site, 'ip', ip, device_id FROM endpoint
UNION
SELECT site, 'vlan_ip', vlan || '/' || ip, device_id FROM endpoint WHERE vlan <> ''
UNION
SELECT site, 'ae_title', ae_title, device_id FROM ae_title;
