-- Conversations between two addresses, all their connections together, with the devices at both ends.
CREATE OR REPLACE TEMP TABLE exchange AS
SELECT
    f.site,
    f.client_ip,
    f.server_ip,
    f.server_port,
    f.transport,
    f.protocol,                                         -- by content; NULL when not recognised
    coalesce(f.encrypted, false) AS encrypted,
    coalesce(bool_or(f.established), false) AS established,              -- both ends took part
    any_value(c.public) AS client_public,
    any_value(s.public) AS server_public,
    coalesce(bool_or(f.clear_patient_data), false) AS clear_patient_data,
    nullif(array_to_string(list_sort(list_distinct(list(f.sni))), ', '), '') AS sni,
    ce.device_id AS client_device_id,
    se.device_id AS server_device_id,
    sum(f.connections)::BIGINT AS connections,
    sum(f.packets_to_server)::BIGINT AS packets_to_server,
    sum(f.packets_to_client)::BIGINT AS packets_to_client,
    sum(f.bytes_to_server)::BIGINT AS bytes_to_server,
    sum(f.bytes_to_client)::BIGINT AS bytes_to_client,
    min(f.first_seen) AS first_seen,
    max(f.last_seen) AS last_seen,
    min({'at': f.first_seen, 'capture': f.capture, 'frame': f.frame, 'id': f.community_id}).id AS community_id,
    min({'at': f.first_seen, 'capture': f.capture, 'frame': f.frame, 'protocol': f.protocol,
        'ip': f.server_ip}) AS seen,
    min(f.first_seen) FILTER (f.established) AS established_from,        -- and not only tried
    max(f.last_seen) FILTER (f.established) AS established_to,
    min({'at': f.first_seen, 'capture': f.capture, 'frame': f.frame, 'protocol': f.protocol,
        'ip': f.server_ip}) FILTER (f.established) AS established_seen,
    min({'at': f.first_seen, 'capture': f.capture, 'frame': f.frame, 'protocol': f.protocol,
        'ip': f.server_ip}) FILTER (f.clear_patient_data) AS clear_seen
FROM flow f
    JOIN address c ON c.ip = f.client_ip
    JOIN address s ON s.ip = f.server_ip
    LEFT JOIN endpoint ce ON ce.site = f.site AND ce.ip = f.client_ip
        AND ce.vlan = coalesce(f.vlan, '') AND ce.mac = coalesce(lower(f.client_mac), '')
        AND f.first_seen >= ce.since AND f.first_seen < ce.until
    LEFT JOIN endpoint se ON se.site = f.site AND se.ip = f.server_ip
        AND se.vlan = coalesce(f.vlan, '') AND se.mac = coalesce(lower(f.server_mac), '')
        AND f.first_seen >= se.since AND f.first_seen < se.until
GROUP BY ALL;
