-- What `medspan diff` and the events of a running sensor compare: each thing that is so of a device, and from when
-- until when it was seen. Narrow, so that two inventories of many devices are compared at once.
CREATE OR REPLACE TEMP TABLE state AS
WITH address AS (
    SELECT site, device_id, ip, mac, vlan, first_seen, last_seen, contains(ip, ':') AS six,
        list_filter(string_split(split_part(ip, '::', 1), ':'), lambda part: part <> '') AS head,
        list_filter(string_split(split_part(ip, '::', 2), ':'), lambda part: part <> '') AS tail
    FROM address_history
),
name AS (
    SELECT p.device_id, concat_ws(' ', replace(role, '_', ' '), nullif(array_to_string(modalities[:3], ' '), ''),
            coalesce(nullif(concat_ws(' ', manufacturer, manufacturer_model_name), ''), '(' || mac_vendor || ')'))
            AS name,
        coalesce(a.ip, ip_addresses[1]) AS ip
    FROM profile p LEFT JOIN (
        SELECT device_id, max_by(ip, {'four': NOT six, 'at': last_seen, 'ip': ip}) AS ip FROM address
        WHERE ip IS NOT NULL
        GROUP BY device_id
    ) a USING (device_id)
),
said AS (
    SELECT device_id, 'device' AS aspect, name AS value, ip AS detail, first_seen, last_seen
    FROM profile JOIN name USING (device_id)
    UNION ALL
    -- Hosts change their IPv6 addresses every day (RFC 8981): what they are in is compared. fe80:: is everywhere.
    SELECT device_id, 'ip_address', CASE WHEN six THEN regexp_replace(array_to_string(
            (head || list_transform(range(8 - len(head) - len(tail)), lambda zero: '0') || tail)[:4], ':'),
            '(:0)+$', '') || '::/64' ELSE ip END,
        CASE WHEN six THEN 'IPv6' ELSE 'IPv4' END, first_seen, last_seen
    FROM address
    WHERE NOT starts_with(ip, 'fe80:')
    UNION ALL
    SELECT device_id, unnest(['vlan', 'mac_address']), unnest([vlan, mac]), '', first_seen, last_seen
    FROM address
    WHERE mac IS NOT NULL                               -- in front of it stands the device itself, no router
    UNION ALL
    -- What was replaced is told, too: else nothing would tell since when.
    SELECT device_id, CASE field WHEN 'hostnames' THEN 'hostname' WHEN 'ae_titles' THEN 'ae_title'
            WHEN 'software_versions' THEN 'software_version'
            WHEN 'implementation_version_names' THEN 'implementation_version' ELSE field END,
        value, '', first_seen, last_seen
    FROM evidence
    WHERE (used OR starts_with(reason, 'replaced by another version'))
        AND (field IN ('hostnames', 'ae_titles', 'manufacturer', 'manufacturer_model_name', 'device_serial_number',
            'software_versions', 'implementation_version_names', 'operating_system')
            OR (field = 'role' AND value NOT IN ('client', 'unknown')))
    UNION ALL
    SELECT device_id, 'software_version', version, concat_ws('/', port, protocol) || ' ' || product, first_seen,
        last_seen
    FROM banner
    WHERE product NOT IN ('RFB', 'SMB', 'SNMP')         -- protocols, of which both ends choose the version
    UNION ALL
    SELECT device_id, 'software_version', version, port || '/http ' || product, first_seen, last_seen
    FROM product
    WHERE NOT passed_on
    UNION ALL
    SELECT s.device_id, 'service', concat_ws(' ', concat_ws('/', port, s.transport), s.protocol), '',
        least(s.first_seen, b.first_seen), greatest(s.last_seen, b.last_seen)
    FROM service s LEFT JOIN (                          -- connections on which nothing was said
        SELECT server_device_id AS device_id, server_port AS port, transport, min(first_seen) AS first_seen,
            max(last_seen) AS last_seen
        FROM exchange
        WHERE established AND protocol IS NULL
        GROUP BY ALL
    ) b USING (device_id, port, transport)
    UNION ALL
    -- What nobody answered is no peer; but what goes out by UDP has left.
    SELECT unnest([client_device_id, server_device_id]), 'public_peer',
        unnest([CASE WHEN server_public THEN server_ip END,
            CASE WHEN client_public AND established THEN client_ip END]),
        concat_ws(' ', CASE WHEN server_public THEN 'outbound' ELSE 'inbound' END,
            concat_ws('/', server_port, transport), protocol, nullif(left(sni, 100), '')),
        first_seen, last_seen
    FROM exchange
    WHERE (client_public OR server_public) AND (established OR transport = 'udp')
)
SELECT
    p.site,
    s.device_id,
    aspect,                                             -- device, ip_address, vlan, hostname, service, public_peer...
    value,                                              -- of a device: what it is, in a few words
    -- Of a device: its address; of an address: IPv4 or IPv6; of a version: what it is of, where not of the device
    -- itself; of a peer: the first conversation with it.
    CASE aspect WHEN 'public_peer' THEN min({'at': s.first_seen, 'detail': detail}).detail ELSE any_value(detail) END
        AS detail,
    min(s.first_seen) AS first_seen,
    max(s.last_seen) AS last_seen
FROM said s JOIN profile p USING (device_id)
WHERE value IS NOT NULL AND value <> ''
GROUP BY p.site, s.device_id, aspect, value, CASE WHEN aspect = 'public_peer' THEN '' ELSE detail END;
