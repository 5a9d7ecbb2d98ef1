CREATE OR REPLACE TEMP VIEW "imaging-device-talks-to-public" AS
WITH called AS (
    SELECT o.*, lower(coalesce(string_split(sni, ', ')[1], certificate_name)) AS name
    -- What made the images it sends, or is well shown to be a scanner otherwise.
    FROM outside o JOIN role r USING (device_id) LEFT JOIN ownership w USING (device_id)
    WHERE direction = 'outbound' AND partner IS NULL AND r.is_primary AND r.role = 'modality'
        AND (r.confidence <> 'low' OR w.own)
),
of_organization AS (
    SELECT *, coalesce(
        cloud,
        -- Hosts of one domain are one peer: two labels, or three below the likes of co.uk.
        CASE WHEN NOT regexp_matches(name, '^[0-9.:*]*$')
            THEN regexp_extract(name, '([^.]+\.[^.]{1,3}\.[^.]{2}|[^.]+\.[^.]+|[^.]+)$', 1) END,
        peer) AS organization
    FROM called
)
SELECT
    site,
    device_id,
    min(ip) AS ip_address,
    NULL::INTEGER AS port,
    organization AS peer,
    '' AS subject,
    concat(organization, ' at ', some_of(list_distinct(list(peer))), ', ',
        array_to_string(list_sort(list(DISTINCT concat_ws(' ', concat_ws('/', port, transport), protocol)))[:5],
            ', ')) AS detail,
    -- Names, time and pings tell little, and a setting mends it.
    CASE WHEN bool_and(protocol IN ('dns', 'ntp') OR starts_with(transport, 'icmp')) THEN 'low' END AS severity,
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen,
    list(seen ORDER BY seen)[:5] AS seen
FROM of_organization
GROUP BY site, device_id, organization;
