-- Each name that was asked for is a peer of its own, so another name adds a finding and takes none away. Where none was
-- asked for at an address, the certificate's name stands for it, else the address: such a finding becomes one by name
-- when the name is learned.
CREATE OR REPLACE TEMP VIEW "imaging-device-talks-to-public" AS
WITH called AS (
    SELECT o.*, list_filter(string_split(lower(sni), ', '), lambda x: NOT regexp_matches(x, '^[0-9.:*]*$')) AS asked,
        CASE WHEN NOT regexp_matches(certificate_name, '^[0-9.:*]*$') THEN lower(certificate_name) END AS shown
    -- What made the images it sends, or is well shown to be a scanner otherwise.
    FROM outside o JOIN role r USING (device_id) LEFT JOIN ownership w USING (device_id)
    WHERE direction = 'outbound' AND partner IS NULL AND r.is_primary AND r.role = 'modality'
        AND (r.confidence <> 'low' OR w.own)
),
known AS (  -- of each address
    SELECT device_id, peer, list_distinct(flatten(list(asked) FILTER (len(asked) > 0))) AS asked,
        list_distinct(list(shown) FILTER (shown IS NOT NULL)) AS shown
    FROM called
    GROUP BY device_id, peer
),
named AS (
    SELECT c.*, unnest(CASE WHEN len(c.asked) > 0 THEN c.asked ELSE coalesce(k.asked, k.shown, [NULL]) END) AS name
    FROM called c JOIN known k USING (device_id, peer)
),
provider AS (  -- by the longest domain that the name ends with
    SELECT name, max_by(k.provider, len(k.domain)) AS provider
    FROM (SELECT DISTINCT name FROM named) JOIN knowledge_cloud_domains k ON ends_with('.' || name, '.' || k.domain)
    GROUP BY name
),
of_organization AS (
    SELECT n.*, coalesce(
        p.provider,
        -- Hosts of one domain are one peer: two labels, or three below the likes of co.uk.
        nullif(regexp_extract(name, '([^.]+\.[^.]{1,3}\.[^.]{2}|[^.]+\.[^.]+|[^.]+)$', 1), ''),
        peer) AS organization
    FROM named n LEFT JOIN provider p USING (name)
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
