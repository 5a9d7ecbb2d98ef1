-- Who was seen where: one row per distinct (site, VLAN, MAC, unicast address) in the facts.
-- A MAC is what stood in front of the address on the wire: its own, or a router's. `12_binding.sql` judges which.
CREATE OR REPLACE TEMP TABLE sighting AS
WITH seen AS (
    SELECT site, vlan, ip, count, first_seen, last_seen, capture, frame, protocol,
        CASE attribute WHEN 'link_layer_address' THEN value ELSE mac END AS mac,
        attribute = 'link_layer_address' AS proven,
        class <> 'claim' OR attribute IN ('link_layer_address', 'accepted_ae_title') AS took_part
    FROM observation
    UNION ALL
    SELECT site, vlan, client_ip, connections, first_seen, last_seen, capture, frame, protocol, client_mac, false,
        packets_to_server > 0
    FROM flow
    UNION ALL
    SELECT site, vlan, server_ip, connections, first_seen, last_seen, capture, frame, protocol, server_mac, false,
        packets_to_client > 0 OR established
    FROM flow
)
SELECT
    site,
    coalesce(vlan, '') AS vlan,                         -- '' when untagged
    coalesce(lower(mac), '') AS mac,                    -- '' when the capture has no link layer
    ip,                                                 -- NULL where a MAC spoke for itself
    any_value(family) AS family,                        -- 4 or 6
    coalesce(any_value(local), true) AS inside,         -- the site's own: only such addresses can be devices
    -- A link-local address never passes a router (RFC 3927 2.7, RFC 4291 2.5.6): its MAC is its own.
    bool_or(proven OR coalesce(regexp_matches(ip, '^(169\.254\.|fe[89ab])'), false)) AS proven,
    min(protocol) FILTER (proven) AS proven_by,         -- arp, ndp, dhcp...
    bool_or(took_part) AS took_part,                    -- sent something, or served an established conversation
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen,
    min(first_seen) FILTER (took_part) AS alive_from,   -- it took part then, not others who looked for it
    max(last_seen) FILTER (took_part) AS alive_to,
    sum(count)::BIGINT AS count,                        -- statements and connections
    min({'at': first_seen, 'capture': capture, 'frame': frame, 'protocol': protocol, 'ip': ip})
        AS seen                                         -- first evidence
FROM seen LEFT JOIN address USING (ip)
WHERE unicast OR ip IS NULL AND mac IS NOT NULL
GROUP BY ALL;
