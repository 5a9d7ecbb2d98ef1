-- Operating systems whose support had ended when they were last seen. A guess from how a host opens connections, or
-- what a browser says, is not enough.
CREATE OR REPLACE TEMP VIEW "end-of-life-os" AS
WITH named AS (
    SELECT o.*, k.product, trim(substr(o.operating_system, length(k.product) + 1)) AS rest
    FROM operating_system o
        JOIN (SELECT DISTINCT product FROM knowledge_end_of_life WHERE kind = 'operating_system') k
            ON starts_with(o.operating_system || ' ', k.product || ' ')
    WHERE o.used AND o.confidence <> 'low'
    QUALIFY length(k.product) = max(length(k.product)) OVER (PARTITION BY o.operating_system)
),
-- Windows 10 is many: its build tells which.
told AS (
    SELECT *, coalesce(nullif(rest, ''), nullif(regexp_extract(wire, '(?:10\.0\.|[Bb]uild )(\d{5})\b', 1), ''))
            AS version
    FROM named
),
judged AS (
    SELECT t.site, t.device_id, t.operating_system, e.ended, e.extended, t.version IS NOT NULL AND t.rest = '' AS built,
        t.version, t.first_seen, t.last_seen, t.seen
    FROM (SELECT t.*, i.site FROM told t
            JOIN (SELECT device_id, any_value(site) AS site FROM identity GROUP BY device_id) i USING (device_id)) t
        LEFT JOIN knowledge_end_of_life e ON e.product = t.product AND e.kind = 'operating_system'
            AND CASE WHEN e.first_version = '0' AND e.next_version IS NULL THEN t.rest = ''
                ELSE surely_within(t.version, e.first_version, e.next_version) END
    -- The newest word that says which one it is; an older one may be from before an upgrade.
    QUALIFY row_number() OVER (PARTITION BY t.device_id ORDER BY (t.version IS NOT NULL OR e.ended IS NOT NULL) DESC,
        t.last_seen DESC, t.version, e.layer, e.first_version) = 1
)
SELECT
    site,
    device_id,
    seen.ip AS ip_address,
    NULL::INTEGER AS port,
    NULL::VARCHAR AS peer,
    '' AS subject,
    concat(operating_system, CASE WHEN built AND NOT starts_with(operating_system, 'Windows Server') THEN
            ' build ' || version ELSE '' END, ': support ended by ', ended,
        CASE WHEN paid THEN '; paid or embedded editions until ' || extended END) AS detail,
    CASE WHEN paid THEN 'medium' END AS severity,
    greatest(first_seen, ended::TIMESTAMP + INTERVAL 1 DAY) AS first_seen,
    last_seen,
    [seen] AS seen
FROM (SELECT *, coalesce(extended::DATE >= last_seen::DATE, false) AS paid FROM judged)
WHERE ended::DATE < last_seen::DATE;
