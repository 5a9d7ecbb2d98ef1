-- SNMP agents that answered to a community with which products ship. Requests alone are anybody's guesses.
CREATE OR REPLACE TEMP VIEW "snmp-default-community" AS
SELECT
    f.site,
    f.device_id,
    min(f.seen).ip AS ip_address,
    f.port,
    NULL::VARCHAR AS peer,
    '' AS subject,
    coalesce('asked by ' || some_of(any_value(a.managers), counted := 'managers'), '') AS detail,
    NULL::VARCHAR AS severity,
    min(f.first_seen) AS first_seen,
    max(f.last_seen) AS last_seen,
    list_sort(list_distinct(list(f.seen)))[:5] AS seen
FROM fact f LEFT JOIN (
    SELECT server_device_id, server_port, list_distinct(list(client_ip)) AS managers
    FROM exchange
    WHERE protocol = 'snmp' AND established
    GROUP BY ALL
) a ON a.server_device_id = f.device_id AND a.server_port = f.port
WHERE f.attribute = 'snmp_community' AND f.value = 'default' AND f.class = 'peer'
GROUP BY f.site, f.device_id, f.port;
