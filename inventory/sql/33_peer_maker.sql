-- Makers that a device's own software names, each with how far that can be believed.
CREATE OR REPLACE TEMP TABLE peer_maker AS
WITH told AS (
    SELECT device_id, attribute, value AS wire, manufacturer, CASE
            -- Objects and queries go to other software there: who asks may be another device behind that address.
            WHEN port IS NULL AND (b.accepts_objects OR b.answers_queries)
                AND bool_or(port IS NOT NULL AND attribute = 'implementation_class_uid') OVER w
                AND NOT coalesce(bool_or(port IS NOT NULL AND manufacturer IS NOT NULL) OVER w, false) THEN 'low'
            WHEN attribute = 'implementation_class_uid' THEN 'high'
            ELSE 'medium' END AS confidence,
        class, count, first_seen, last_seen, seen
    FROM implementation LEFT JOIN behaviour b USING (device_id)
    WINDOW w AS (PARTITION BY device_id)
    QUALIFY manufacturer IS NOT NULL
    UNION ALL
    -- An engine passes on the software segments of others.
    SELECT device_id, attribute, wire, manufacturer, 'medium', class, count, first_seen, last_seen, seen
    FROM (
        SELECT s.*, m.manufacturer, min(m.manufacturer) OVER w = max(m.manufacturer) OVER w AS one_vendor
        FROM (
            SELECT *, CASE attribute WHEN 'hl7_software' THEN value ->> '$.SoftwareVendorOrganization' END AS wire
            FROM fact
            WHERE attribute = 'hl7_software'
        ) s JOIN maker m USING (wire)
        WINDOW w AS (PARTITION BY s.device_id)
    ) JOIN behaviour USING (device_id)
    WHERE one_vendor AND NOT relays_messages AND NOT sends_for_applications
    UNION ALL
    SELECT device_id, attribute, wire, manufacturer, 'low', class, count, first_seen, last_seen, seen
    FROM product
    WHERE manufacturer IS NOT NULL AND NOT passed_on
),
ranked AS (
    SELECT *, dense_rank() OVER (PARTITION BY device_id ORDER BY confidence = 'high' DESC, confidence = 'medium' DESC)
        AS strength
    FROM told
)
SELECT
    device_id,
    attribute,                                          -- that says so
    wire,
    manufacturer,                                       -- present name
    confidence,
    -- The strongest evidence decides, if it speaks with one voice.
    strength = 1 AND min(manufacturer) OVER alike = max(manufacturer) OVER alike AS chosen,
    class,
    count,
    first_seen,
    last_seen,
    seen
FROM ranked
WINDOW alike AS (PARTITION BY device_id, strength);
