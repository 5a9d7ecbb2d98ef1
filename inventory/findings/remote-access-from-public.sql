CREATE OR REPLACE TEMP VIEW "remote-access-from-public" AS
WITH access AS (
    SELECT *, direction = 'outbound' AS relayed
    FROM outside
    -- By content or name: a port alone accuses nobody. A VPN is how it should be.
    WHERE partner IS NULL AND certainty = 'high' AND NOT starts_with(remote_access, 'vpn')
        AND CASE direction WHEN 'inbound' THEN sure AND spoken
            -- The programs that keep a connection to their maker, by which others come in.
            ELSE remote_access NOT IN ('rdp', 'rlogin', 'ssh', 'telnet', 'vnc', 'x11') END
)
SELECT
    site,
    device_id,
    min(ip) AS ip_address,
    CASE WHEN NOT relayed THEN port END AS port,
    NULL::VARCHAR AS peer,
    remote_access AS subject,
    concat(remote_access, CASE WHEN relayed THEN ', by a connection that the device opens to ' ELSE ', asked from ' END,
        some_of(list_distinct(list(peer)))) AS detail,
    CASE WHEN relayed THEN 'medium' WHEN remote_access IN ('rdp', 'telnet', 'vnc') THEN 'critical' END AS severity,
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen,
    list(seen ORDER BY seen)[:5] AS seen
FROM access
GROUP BY site, device_id, relayed, CASE WHEN NOT relayed THEN port END, remote_access;
