-- Every conversation that is judged, with what the policy says of it. Only those that were answered are: a scan is none.
CREATE OR REPLACE TEMP TABLE policy_judgement AS
WITH talk AS (
    SELECT e.*, coalesce(c.kind, 0) AS client_kind, ca.place AS client_place, coalesce(s.kind, 0) AS server_kind,
        sa.place AS server_place
    FROM exchange e
        JOIN policy_address ca ON ca.ip = e.client_ip
        JOIN policy_address sa ON sa.ip = e.server_ip
        LEFT JOIN policy_device c ON c.device_id = e.client_device_id
        LEFT JOIN policy_device s ON s.device_id = e.server_device_id
    WHERE established AND ($site IS NULL OR site = $site)
        AND (c.perhaps_judged IS NOT NULL OR s.perhaps_judged IS NOT NULL)
),
-- What was met in the middle, or had a loss, may not be recognised: it is taken for what else is spoken at that port.
spoken AS (
    SELECT site, server_ip, server_port, transport, min(protocol) AS protocol, bool_and(encrypted) AS encrypted
    FROM exchange
    WHERE established AND protocol IS NOT NULL AND server_port IS NOT NULL
    GROUP BY ALL
    HAVING min(protocol) = max(protocol)
),
conversation AS (
    SELECT site, client_ip, client_device_id, server_ip, server_device_id, server_port, transport,
        coalesce(t.protocol, s.protocol, '') AS protocol,
        CASE WHEN t.protocol IS NULL THEN coalesce(s.encrypted, false) ELSE t.encrypted END AS encrypted,
        client_kind, client_place, server_kind, server_place,
        bool_or(clear_patient_data) AS clear_patient_data, sum(connections)::BIGINT AS connections,
        min(first_seen) AS first_seen, max(last_seen) AS last_seen, min(seen) AS seen,
        -- All that the policy can ask of a port: which it is, where a rule says so, and whether it may be a client's.
        coalesce(CASE WHEN server_port IN (SELECT port FROM policy_rule UNION ALL SELECT port FROM policy_infrastructure)
            THEN server_port END, -1) AS port,
        coalesce(server_port >= $ephemeral, false) AS ephemeral
    FROM talk t LEFT JOIN spoken s USING (site, server_ip, server_port, transport)
    GROUP BY ALL
),
kind AS (
    SELECT DISTINCT site, client_kind, client_place, server_kind, server_place, transport, protocol, encrypted, port,
        ephemeral
    FROM conversation
),
-- 2: it is so, 1: it may be so, 0: it is not so.
fit AS (
    SELECT k.*, r.name, r.number, c.judged AS client_judged, s.judged AS server_judged,
        coalesce(c.judged, s.judged) AS judged, coalesce(c.perhaps_judged, s.perhaps_judged) AS perhaps_judged,
        CASE WHEN list_has_any(r.sources, c.roles || cp.words) THEN 2
            WHEN NOT (c.sure OR cp.public) AND r.source_roles THEN 1 ELSE 0 END AS source,
        CASE WHEN list_has_any(r.targets, s.roles || sp.words) THEN 2
            WHEN NOT (s.sure OR sp.public) AND r.target_roles THEN 1 ELSE 0 END AS target,
        CASE WHEN r.protocol IS NULL OR r.protocol = k.protocol
                OR (r.encrypted AND k.protocol IN ('tls', 'quic')) THEN 2
            WHEN k.protocol = '' THEN 1 ELSE 0 END AS protocol_fits,
        CASE WHEN coalesce(r.port = k.port, true) AND coalesce(r.transport = k.transport, true) THEN 2
            ELSE 0 END AS port_fits,
        CASE WHEN NOT r.encrypted OR k.encrypted THEN 2 WHEN k.protocol = '' THEN 1 ELSE 0 END AS secrecy,
        k.ephemeral AND coalesce(r.transport = k.transport, true) AND list_has_any(r.sources, s.roles || sp.words)
            AND list_has_any(r.targets, c.roles || cp.words) AS backwards
    FROM kind k
        JOIN policy_kind c ON c.kind = k.client_kind
        JOIN policy_kind s ON s.kind = k.server_kind
        JOIN policy_place cp ON cp.place = k.client_place
        JOIN policy_place sp ON sp.place = k.server_place
        LEFT JOIN policy_rule r ON len(r.sites) = 0 OR list_contains(r.sites, k.site)
    WHERE cp.public OR sp.public OR NOT EXISTS (
        FROM policy_infrastructure i
        WHERE coalesce(i.protocol = k.protocol, true) AND coalesce(i.transport = k.transport, true)
            AND coalesce(i.port = k.port, true))
),
judged AS (
    SELECT site, client_kind, client_place, server_kind, server_place, transport, protocol, encrypted, port, ephemeral,
        judged, perhaps_judged,
        min({'number': number, 'name': name})
            FILTER (least(source, target, protocol_fits, port_fits, secrecy) = 2).name AS allowed_by,
        min({'number': number, 'name': name})
            FILTER (least(source, target, protocol_fits, port_fits) = 2 AND secrecy = 0).name AS if_encrypted,
        coalesce(bool_or(least(source, target) = 2), false) AS paired,
        min(CASE WHEN backwards AND protocol_fits > 0 THEN 'who opened it is not sure'
            WHEN least(source, target) = 1 THEN 'the role of an end is not sure'
            ELSE 'its protocol was not recognised' END)
            FILTER (least(source, target, protocol_fits, port_fits, secrecy) = 1 OR (backwards AND protocol_fits > 0))
            AS doubt
    FROM fit
    GROUP BY ALL
)
SELECT
    site,
    CASE WHEN allowed_by IS NOT NULL THEN 'conforming' WHEN judged IS NULL OR doubt IS NOT NULL THEN 'uncertain'
        ELSE 'violation' END AS verdict,
    -- That allows it, or would; else the role of which everything must be allowed.
    coalesce(allowed_by, if_encrypted, coalesce(judged, perhaps_judged) || ': only what is allowed') AS rule,
    CASE WHEN allowed_by IS NOT NULL THEN NULL WHEN judged IS NULL THEN 'the role of an end is not sure'
        WHEN doubt IS NOT NULL THEN doubt WHEN if_encrypted IS NOT NULL THEN 'not encrypted'
        WHEN paired THEN 'not allowed between these' ELSE 'not allowed with each other' END AS reason,
    coalesce(judged, perhaps_judged) AS role,
    client_ip,
    client_device_id,
    client_kind,
    server_ip,
    server_device_id,
    server_kind,
    server_port,
    transport,
    nullif(protocol, '') AS protocol,
    encrypted,
    clear_patient_data,
    connections,
    first_seen,
    last_seen,
    seen
FROM conversation JOIN judged USING (site, client_kind, client_place, server_kind, server_place, transport, protocol,
    encrypted, port, ephemeral);
