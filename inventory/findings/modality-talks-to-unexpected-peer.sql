-- Modalities in conversations that imaging does not need: one operates, or opens files of, another; one operates some
-- other host; a host that is nothing but a client, and operates few others, operates one. What a site wants beyond
-- that, its policy says. Servers of names, time, files and domains are none of it.
CREATE OR REPLACE TEMP VIEW "modality-talks-to-unexpected-peer" AS
WITH modality AS (
    SELECT DISTINCT device_id FROM role WHERE role = 'modality' AND is_primary AND confidence <> 'low'
),
operates AS (
    SELECT *, protocol IN ('rdp', 'vnc', 'telnet') AS screen
    FROM exchange
    WHERE established AND protocol IN ('rdp', 'vnc', 'telnet', 'ssh', 'smb', 'ftp', 'tds')
        AND client_device_id <> server_device_id
),
-- Who operates many is there for it: service and administration.
administers AS (
    SELECT client_device_id AS device_id
    FROM operates
    WHERE screen OR protocol = 'ssh'
    GROUP BY client_device_id
    HAVING count(DISTINCT server_device_id) > 2
),
judged AS (
    SELECT o.*, c.device_id IS NOT NULL AS by_modality, CASE
        WHEN c.device_id IS NOT NULL AND s.device_id IS NOT NULL THEN 'another modality'
        WHEN c.device_id IS NOT NULL AND o.screen THEN 'a host that it operates'
        WHEN s.device_id IS NOT NULL AND (o.screen OR o.protocol = 'ssh')
            AND o.client_device_id IN (SELECT device_id FROM role WHERE is_primary AND role IN ('client', 'unknown'))
            AND o.client_device_id NOT IN (FROM administers) THEN 'a host that operates it'
        END AS what
    FROM operates o LEFT JOIN modality c ON c.device_id = o.client_device_id
        LEFT JOIN modality s ON s.device_id = o.server_device_id
    WHERE c.device_id IS NOT NULL OR s.device_id IS NOT NULL
)
SELECT
    site,
    CASE WHEN by_modality THEN client_device_id ELSE server_device_id END AS device_id,
    CASE WHEN by_modality THEN client_ip ELSE server_ip END AS ip_address,
    server_port AS port,
    CASE WHEN by_modality THEN server_ip ELSE client_ip END AS peer,
    protocol AS subject,
    what || ', by ' || CASE protocol WHEN 'tds' THEN 'SQL Server' WHEN 'telnet' THEN 'telnet' ELSE upper(protocol) END
        AS detail,
    CASE WHEN what <> 'another modality' THEN 'low' END AS severity,
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen,
    list_sort(list_distinct(list(seen)))[:5] AS seen
FROM judged
WHERE what IS NOT NULL
GROUP BY ALL;
