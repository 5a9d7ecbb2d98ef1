-- Versions whose support had surely ended when they were seen last. What a distribution packs, it supports.
CREATE OR REPLACE TEMP VIEW "end-of-life-software" AS
WITH ended AS (
    SELECT s.product, s.version, e.ended, e.extended, e.backported = 'distribution' AS backported
    FROM (SELECT DISTINCT product, version FROM software WHERE kind <> 'system') s
        JOIN knowledge_end_of_life e ON e.product = s.product AND e.kind = 'software'
    WHERE surely_within(s.version, e.first_version, e.next_version)
    QUALIFY row_number() OVER (
        PARTITION BY s.product, s.version ORDER BY e.layer, version_key(e.first_version) DESC) = 1
)
SELECT
    site,
    device_id,
    ip_address,
    port,
    NULL::VARCHAR AS peer,
    product AS subject,
    concat(product, ' ', version, ': support ended by ', ended,
        CASE WHEN unsure THEN '; unless a distribution or its maker supports it'
            WHEN paid THEN '; paid or embedded editions until ' || extended END) AS detail,
    CASE WHEN unsure OR paid THEN 'low' END AS severity,
    greatest(first_seen, ended::TIMESTAMP + INTERVAL 1 DAY) AS first_seen,
    last_seen,
    seen
FROM (
    SELECT s.*, e.ended, e.extended, e.backported AND NOT s.on_windows AS unsure,
        coalesce(e.extended::DATE >= s.last_seen::DATE, false) AS paid
    FROM software s JOIN ended e USING (product, version)
    WHERE e.ended::DATE < s.last_seen::DATE AND NOT (e.backported AND s.packaged)
);
