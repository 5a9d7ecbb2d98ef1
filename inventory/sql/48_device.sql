-- `medspan devices`: what the facts tell of each device, what people say of it, and how much of it is to be mended.
CREATE OR REPLACE TEMP VIEW device AS
WITH word AS (
    SELECT k.device_id, a.field, max_by(a.value, {'written': a."at", 'value': a.value}) AS value  -- the newest
    FROM annotation a JOIN device_key k ON k.kind = 'id' AND k.key = a.device_id
    WHERE a.field IN ('owner', 'location', 'asset_tag', 'note')
    GROUP BY ALL
),
words AS (  -- an empty word takes back what was said before
    SELECT device_id, max(nullif(value, '')) FILTER (field = 'owner') AS owner,
        max(nullif(value, '')) FILTER (field = 'location') AS location,
        max(nullif(value, '')) FILTER (field = 'asset_tag') AS asset_tag,
        max(nullif(value, '')) FILTER (field = 'note') AS note
    FROM word
    GROUP BY device_id
),
mend AS (
    SELECT device_id, count(*) AS open_findings
    FROM finding
    WHERE status = 'open'
    GROUP BY device_id
)
SELECT p.* EXCLUDE (confidence, conflicts, addressless, first_seen, last_seen),
    coalesce(m.open_findings, 0) AS open_findings,
    p.confidence,                                       -- field -> high, medium, low
    p.conflicts,
    p.addressless,                                      -- known only from others' messages
    w.owner,
    w.location,
    w.asset_tag,
    w.note,
    p.first_seen,
    p.last_seen
FROM profile p LEFT JOIN words w USING (device_id) LEFT JOIN mend m USING (device_id);
