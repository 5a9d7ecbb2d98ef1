-- Every conversation that is judged, with what the policy says of it. Only those that were answered are: a scan is
-- none.
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
-- Where these two spoke it there themselves, it is part of that.
spoken AS (
    SELECT site, server_ip, server_port, transport,
        CASE WHEN min(protocol) = max(protocol) THEN min(protocol) END AS protocol, bool_and(encrypted) AS encrypted,
        list_distinct(list(client_ip)) AS clients
    FROM exchange
    WHERE established AND protocol IS NOT NULL
        AND (site, server_ip, server_port, transport) IN (SELECT (site, server_ip, server_port, transport) FROM talk
            WHERE protocol IS NULL)
    GROUP BY ALL
),
conversation AS (
    SELECT t.* EXCLUDE (protocol, encrypted), coalesce(t.protocol, s.protocol, '') AS protocol,
        CASE WHEN t.protocol IS NULL AND s.protocol IS NOT NULL THEN s.encrypted ELSE t.encrypted END AS encrypted,
        -- All that the policy can ask of a site and a port: which they are, where a rule says so, and whether the port
        -- may be a client's.
        CASE WHEN site IN (SELECT unnest(sites) FROM policy_rule) THEN site ELSE '' END AS place,
        coalesce(CASE WHEN server_port IN (SELECT port FROM policy_traffic UNION ALL
            SELECT port FROM policy_infrastructure) THEN server_port END, -1) AS port,
        -- Windows before Vista gives out 1025 to 5000, where HL7 (IANA) and DICOM listen, too.
        coalesce(server_port >= $ephemeral OR (server_port BETWEEN 1025 AND 5000
            AND server_port NOT IN (2575, 2761, 2762, 4242)), false) AS ephemeral
    FROM talk t LEFT JOIN spoken s USING (site, server_ip, server_port, transport)
    WHERE t.protocol IS NOT NULL OR NOT coalesce(list_contains(s.clients, t.client_ip), false)
),
kind AS (
    SELECT DISTINCT place, client_kind, client_place, server_kind, server_place, transport, protocol, encrypted, port,
        ephemeral
    FROM conversation
),
pair AS (
    SELECT client_kind, client_place, server_kind, server_place, c.roles || cp.words AS client,
        s.roles || sp.words AS server, c.sure OR cp.public AS client_sure, s.sure OR sp.public AS server_sure,
        coalesce(c.judged, s.judged) AS judged, coalesce(c.perhaps_judged, s.perhaps_judged) AS perhaps_judged,
        list_filter(list_distinct([coalesce(c.judged, c.perhaps_judged), coalesce(s.judged, s.perhaps_judged)]),
            lambda role: role IS NOT NULL) AS judged_roles,
        cp.public OR sp.public AS public
    FROM (SELECT DISTINCT client_kind, client_place, server_kind, server_place FROM kind)
        JOIN policy_kind c ON c.kind = client_kind
        JOIN policy_kind s ON s.kind = server_kind
        JOIN policy_place cp ON cp.place = client_place
        JOIN policy_place sp ON sp.place = server_place
),
-- 2: it is so, 1: it may be so, 0: it is not so.
meeting AS (
    FROM (
        SELECT p.client_kind, p.client_place, p.server_kind, p.server_place, r.number, r.name, r.sites, r.encrypted,
            CASE WHEN list_has_any(r.sources, client) THEN 2 WHEN r.source_roles AND NOT client_sure THEN 1 ELSE 0 END
                AS source,
            CASE WHEN list_has_any(r.targets, server) THEN 2 WHEN r.target_roles AND NOT server_sure THEN 1 ELSE 0 END
                AS target,
            list_has_any(r.sources, server) AND list_has_any(r.targets, client) AS backwards
        FROM pair p, policy_rule r
    )
    WHERE least(source, target) > 0 OR backwards
),
fit AS (
    SELECT k.*, m.number, m.name, least(m.source, m.target) AS ends,
        CASE WHEN t.protocol IS NULL OR t.protocol = k.protocol OR (m.encrypted AND k.protocol IN ('tls', 'quic'))
                THEN 2
            WHEN k.protocol = '' THEN 1 ELSE 0 END AS language,
        CASE WHEN coalesce(t.transport = k.transport, true) AND coalesce(t.port = k.port, true) THEN 2 ELSE 0 END
            AS door,
        CASE WHEN NOT m.encrypted OR k.encrypted THEN 2 WHEN k.protocol = '' THEN 1 ELSE 0 END AS secrecy,
        m.backwards AND k.ephemeral AND coalesce(t.transport = k.transport, true) AS backwards
    FROM kind k
        JOIN meeting m USING (client_kind, client_place, server_kind, server_place)
        JOIN policy_traffic t USING (number)
    WHERE len(m.sites) = 0 OR list_contains(m.sites, k.place)
),
fitting AS (
    SELECT place, client_kind, client_place, server_kind, server_place, transport, protocol, encrypted, port, ephemeral,
        min({'number': number, 'name': name}) FILTER (least(ends, language, door, secrecy) = 2).name AS allowed_by,
        min({'number': number, 'name': name}) FILTER (least(ends, language, door) = 2 AND secrecy = 0).name
            AS if_encrypted,
        bool_or(ends = 2) AS met,
        CASE WHEN bool_or(least(ends, language, door, secrecy) = 1 AND ends = 1) THEN 'the role of an end is not sure'
            WHEN bool_or(least(ends, language, door, secrecy) = 1) THEN 'its protocol was not recognised'
            WHEN bool_or(backwards AND language > 0) THEN 'who opened it is not sure' END AS doubt
    FROM fit
    GROUP BY ALL
),
judged AS (
    SELECT k.*, p.judged, p.perhaps_judged, p.judged_roles, f.allowed_by, f.if_encrypted, f.met, f.doubt
    FROM kind k
        JOIN pair p USING (client_kind, client_place, server_kind, server_place)
        LEFT JOIN fitting f USING (place, client_kind, client_place, server_kind, server_place, transport, protocol,
            encrypted, port, ephemeral)
    WHERE public OR NOT EXISTS (
        FROM policy_infrastructure i
        WHERE coalesce(i.protocol = k.protocol, true) AND coalesce(i.transport = k.transport, true)
            AND coalesce(i.port = k.port, true))
)
SELECT
    site,
    CASE WHEN allowed_by IS NOT NULL THEN 'conforming' WHEN judged IS NULL OR doubt IS NOT NULL THEN 'uncertain'
        ELSE 'violation' END AS verdict,
    -- That allows it, or would; else the role of which everything must be allowed.
    coalesce(allowed_by, if_encrypted, coalesce(judged, perhaps_judged) || ': only what is allowed') AS rule,
    CASE WHEN allowed_by IS NOT NULL THEN NULL WHEN judged IS NULL THEN 'the role of an end is not sure'
        WHEN doubt IS NOT NULL THEN doubt WHEN if_encrypted IS NOT NULL THEN 'not encrypted'
        WHEN met THEN 'not on this protocol or port' ELSE 'not with each other' END AS reason,
    judged_roles,                                       -- of both ends
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
FROM conversation JOIN judged USING (place, client_kind, client_place, server_kind, server_place, transport, protocol,
    encrypted, port, ephemeral);
