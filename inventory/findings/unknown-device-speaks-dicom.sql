-- Hosts that take part in DICOM associations and of which nothing tells what they are: no role in imaging, no maker of
-- the device or of its software, just a toolkit that everybody can download.
CREATE OR REPLACE TEMP VIEW "unknown-device-speaks-dicom" AS
WITH spoke AS (
    SELECT device_id, min(seen).ip AS ip_address, min(port) AS port, min(first_seen) AS first_seen,
        max(last_seen) AS last_seen, list_sort(list_distinct(list(seen)))[:5] AS seen
    FROM fact
    -- Agreed upon, or said: an association that was only asked for is a guess.
    WHERE attribute IN ('scu_sop_classes', 'scp_sop_classes', 'dimse_message') AND class = 'peer'
    GROUP BY device_id
)
SELECT
    p.site,
    device_id,
    s.ip_address,
    s.port,                                             -- NULL where it opened the associations
    NULL::VARCHAR AS peer,
    '' AS subject,
    concat_ws(', ', CASE WHEN s.port IS NULL THEN 'it opens associations' ELSE 'it accepts associations' END,
        CASE WHEN len(p.ae_titles) > 0 THEN 'AE title ' || array_to_string(p.ae_titles[:3], ', ') END,
        CASE WHEN len(p.toolkits) > 0 THEN 'software made with ' || p.toolkits[1] END,
        'host name ' || p.hostnames[1]) AS detail,
    NULL::VARCHAR AS severity,
    s.first_seen,
    s.last_seen,
    s.seen
FROM spoke s JOIN profile p USING (device_id) JOIN knowledge_roles k USING (role)
WHERE k.incidental = 'true' AND k.clinical = 'false'
    AND p.manufacturer IS NULL AND p.manufacturer_model_name IS NULL
    AND NOT EXISTS (FROM implementation i WHERE i.device_id = s.device_id AND i.author IS NOT NULL);
