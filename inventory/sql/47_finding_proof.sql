-- `medspan why FINDING`: the frames behind a finding, in the columns of `proof`.
CREATE OR REPLACE TEMP VIEW finding_proof AS
SELECT
    finding_id,
    device_id,
    rule AS field,
    title AS value,
    'finding' AS class,
    severity AS confidence,
    true AS used,
    why AS reason,
    NULL::VARCHAR AS wire,
    NULL::VARCHAR AS protocol,
    ip_address AS ip,
    NULL::BIGINT AS count,
    first_seen,
    last_seen,
    e.capture,
    e.frame,
    -- In Wireshark: what crossed between the two; without a peer the frame.
    CASE WHEN peer_is_address AND ip_address IS NOT NULL
        THEN concat_ws(' && ',
            CASE WHEN contains(ip_address, ':') THEN 'ipv6' ELSE 'ip' END || '.addr == ' || ip_address,
            CASE WHEN contains(peer, ':') THEN 'ipv6' ELSE 'ip' END || '.addr == ' || peer)
        ELSE 'frame.number == ' || e.frame END AS display_filter,
    []::VARCHAR[] AS decode_as,
    []::VARCHAR[] AS conflicts,
    c.sha256 AS capture_sha256                          -- NULL for live runs
FROM (
    SELECT *, peer IN (SELECT ip FROM address) AS peer_is_address, unnest(evidence) AS e
    FROM finding
) LEFT JOIN (SELECT name, min(sha256) AS sha256 FROM capture GROUP BY name) c ON c.name = e.capture;
