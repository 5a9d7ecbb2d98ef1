-- `medspan why`: the evidence, how to see it in Wireshark, and the contradictions it is a side of.
CREATE OR REPLACE TEMP VIEW proof AS
WITH begun AS (
    SELECT capture, frame, min({'client_ip': client_ip, 'server_ip': server_ip, 'server_port': server_port,
        'transport': transport, 'protocol': protocol}) AS c
    FROM flow
    GROUP BY ALL
),
-- Ports at which Wireshark expects a protocol without being told (`tshark -G decodes`, 4.0).
expected(protocol, port) AS (VALUES ('dicom', 104), ('hl7', 2575), ('http', 80), ('http', 8080), ('tls', 443)),
-- Ports of a capture at which one protocol was spoken that Wireshark does not expect there.
unexpected AS (
    SELECT capture, transport, server_port AS port, min(protocol) AS protocol
    FROM flow
    WHERE protocol IS NOT NULL AND server_port IS NOT NULL
    GROUP BY ALL
    HAVING min(protocol) = max(protocol) AND (min(protocol), server_port) NOT IN (FROM expected)
        AND min(protocol) IN (SELECT protocol FROM expected)
),
rules AS (
    SELECT f.capture, f.protocol, unnest([client_ip, server_ip]) AS ip,
        concat(u.transport, '.port==', u.port, ',', u.protocol) AS rule
    FROM flow f JOIN unexpected u ON u.capture = f.capture AND u.transport = f.transport AND u.port = f.server_port
),
told AS (
    SELECT capture, protocol, ip, list_sort(list(DISTINCT rule)) AS decode_as
    FROM rules
    GROUP BY ALL
),
shown AS (
    SELECT e.*, d.site, r.decode_as, CASE
        WHEN b.c IS NOT NULL AND e.field IN ('services', 'public_peers', 'role', 'roles') THEN b.c END AS conversation
    FROM evidence e JOIN profile d USING (device_id)
        LEFT JOIN begun b ON b.capture = e.capture_id AND b.frame = e.frame
        LEFT JOIN told r ON r.capture = e.capture_id AND r.protocol = e.protocol AND r.ip = e.ip
),
disputed AS (
    SELECT device_id, conflict, split_part(conflict, ': ', 1) AS field,
        substr(conflict, strpos(conflict, ': ') + 2) AS sides
    FROM conflict
),
-- A side is named as "value", "value (by whom)" or "value is used by others".
taken AS (
    SELECT s.*, list(d.conflict) FILTER (d.conflict IS NOT NULL) AS conflicts
    FROM shown s LEFT JOIN disputed d ON d.device_id = s.device_id AND d.field = s.field AND s.value <> ''
        AND (contains(' vs ' || d.sides || ' vs ', ' vs ' || s.value || ' vs ')
            OR contains(' vs ' || d.sides, ' vs ' || s.value || ' (')
            OR (s.used AND starts_with(d.sides, s.value || ' is used by ')))
    GROUP BY ALL
),
shared AS (
    SELECT s.*
    FROM shown s JOIN (SELECT DISTINCT field, value FROM taken WHERE len(conflicts) > 0) USING (field, value)
    WHERE s.used
    QUALIFY row_number() OVER (PARTITION BY s.site, s.field, s.value ORDER BY s.first_seen, s.device_id, s.class) <= 8
),
sides AS (
    SELECT * FROM taken
    UNION ALL BY NAME
    SELECT s.* REPLACE (t.device_id AS device_id, false AS used, NULL AS confidence,
            concat_ws(': ', 'said of ' || s.device_id, s.reason) AS reason), t.conflicts
    FROM (SELECT DISTINCT device_id, site, field, value, conflicts FROM taken
            WHERE len(list_filter(conflicts, lambda c: contains(c, ' is used by '))) > 0) t
        JOIN shared s ON s.site = t.site AND s.field = t.field AND s.value = t.value AND s.device_id <> t.device_id
    UNION ALL BY NAME
    SELECT device_id, field, false AS used, sides AS reason, [conflict] AS conflicts
    FROM disputed
    WHERE (device_id, conflict) NOT IN (SELECT device_id, unnest(conflicts) FROM taken)
)
SELECT
    device_id,
    field,                                              -- a column of `device`
    value,                                              -- as in that column
    class,                                              -- peer, object, claim
    confidence,                                         -- high, medium, low; NULL where it was not believed
    used,                                               -- it is the device's value; else against it, or of others
    reason,                                             -- why it was believed, or not
    wire,                                               -- as on the wire
    protocol,
    ip,                                                 -- of the end that said it
    count,
    first_seen,
    last_seen,
    capture,                                            -- where it was seen first
    frame,
    -- In Wireshark, applied to that capture: the frame, or the conversation where that is the evidence.
    CASE WHEN conversation IS NULL THEN 'frame.number == ' || frame
        ELSE concat_ws(' && ',
            CASE WHEN contains(conversation.client_ip, ':') THEN 'ipv6' ELSE 'ip' END || '.addr == '
                || conversation.client_ip,
            CASE WHEN contains(conversation.server_ip, ':') THEN 'ipv6' ELSE 'ip' END || '.addr == '
                || conversation.server_ip,
            CASE WHEN conversation.server_port IS NOT NULL
                THEN conversation.transport || '.port == ' || conversation.server_port
                WHEN conversation.transport IN ('icmp', 'icmpv6', 'esp') THEN conversation.transport END,
            (SELECT x.protocol FROM expected x
                WHERE x.protocol = conversation.protocol AND x.port = conversation.server_port))
        END AS display_filter,
    coalesce(decode_as, []) AS decode_as,               -- where Wireshark has to be told: rules for `tshark -d`
    coalesce(conflicts, []) AS conflicts,               -- contradictions that this is a side of
    c.sha256 AS capture_sha256                          -- NULL for live runs
FROM sides LEFT JOIN (SELECT id, min(sha256) AS sha256 FROM capture GROUP BY id) c ON c.id = capture_id;
