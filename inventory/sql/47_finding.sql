-- `medspan findings`: what the rules of `inventory/findings` found, and what became of it.
CREATE OR REPLACE TEMP VIEW finding AS
WITH said AS (  -- the newest word counts, whatever id the finding had then
    SELECT k.finding_id, max_by({'status': value, 'author': author, 'at': "at", 'key': k.key},
        {'at': "at", 'value': value}) AS s
    FROM annotation JOIN found_key k ON k.key = device_id
    WHERE field = 'status'
    GROUP BY ALL
),
word AS (
    SELECT finding_id, s.status, s.author, max(a.value) FILTER (a.field = 'until')::DATE AS until,
        max(a.value) FILTER (a.field = 'reason') AS reason
    FROM said LEFT JOIN annotation a ON a.device_id = s.key AND a."at" = s.at AND a.field IN ('until', 'reason')
    GROUP BY ALL
),
configured AS (
    SELECT finding_id, max_by({'until': until, 'reason': reason}, {'until': until, 'number': number}) AS a
    FROM accepted
    WHERE until >= (SELECT day FROM today)
    GROUP BY finding_id
)
SELECT
    f.finding_id,                                       -- stable: of rule, device, port, peer and subject
    f.rule,
    coalesce(f.severity, r.severity) AS severity,       -- critical, high, medium, low, info
    concat_ws(': ', r.title, nullif(f.detail, '')) AS title,
    f.site,
    f.device_id,
    f.ip_address,
    f.port,
    f.peer,                                             -- address or name at the other end
    f.evidence,                                         -- up to 5 of {capture, frame}, the first ones
    f.first_seen,
    f.last_seen,
    CASE WHEN date_diff('second', f.last_seen, e.at) > 86400 * r.closes_after_days THEN 'closed'
        WHEN c.a IS NOT NULL OR (w.status = 'accepted' AND w.until >= (SELECT day FROM today)) THEN 'accepted'
        WHEN w.status = 'acknowledged' THEN 'acknowledged'
        ELSE 'open' END AS status,                      -- closed: for as long as the rule says no longer seen,
                                                        -- while others of its network were
    coalesce(CASE WHEN w.status = 'accepted' THEN w.until END, c.a.until) AS accepted_until,
    coalesce(w.reason, c.a.reason) AS reason,           -- why it was acknowledged or accepted
    w.author AS decided_by,                             -- NULL where `medspan.toml` accepts it
    r.why,
    r.remedy,
    r."references"
FROM found f JOIN rule r USING (rule)
    LEFT JOIN word w USING (finding_id)
    LEFT JOIN configured c USING (finding_id)
    LEFT JOIN watched e ON e.site = f.site AND e.network = network_of(f.ip_address);
