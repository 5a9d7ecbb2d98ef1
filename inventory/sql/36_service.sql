-- Ports at which a device answered, with the product that says it is there.
CREATE OR REPLACE TEMP TABLE service AS
WITH answered AS (
    SELECT server_device_id AS device_id, server_port AS port, transport, protocol, bool_or(encrypted) AS encrypted,
        sum(connections)::BIGINT AS count, min(first_seen) AS first_seen, max(last_seen) AS last_seen,
        min(seen) AS seen
    FROM exchange
    WHERE established AND server_device_id IS NOT NULL
    GROUP BY ALL
),
named AS (
    SELECT device_id, port, min({'rank': list_position(['application', 'proxy', 'server'], kind),
        'attribute': list_position(['http_software', 'http_server'], attribute), 'product': product,
        'version': version}) AS p
    FROM product
    WHERE NOT passed_on AND product IS NOT NULL
    GROUP BY ALL
),
greeted AS (
    SELECT device_id, port, protocol, max_by({'product': product, 'version': version},
        {'known': version IS NOT NULL, 'at': last_seen, 'version': version}) AS b
    FROM banner
    GROUP BY ALL
)
SELECT
    device_id,
    port,
    transport,
    protocol,                                           -- NULL when not recognised
    encrypted,
    CASE WHEN protocol = 'http' THEN p.product ELSE b.product END AS product,
    CASE WHEN protocol = 'http' THEN p.version ELSE b.version END AS version,
    count,
    first_seen,
    last_seen,
    seen
FROM answered LEFT JOIN named USING (device_id, port) LEFT JOIN greeted USING (device_id, port, protocol)
-- A connection on which nothing was said does not make another service of the same port.
QUALIFY protocol IS NOT NULL OR count(protocol) OVER (PARTITION BY device_id, port, transport) = 0;
