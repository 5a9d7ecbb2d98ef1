-- Devices that tell another version of the same software than before, and the former never again. Of equipment that
-- makes images, by its objects; of a port or AE title, where both were told more than once, some minutes apart: behind
-- one address there may be several that take turns. Addresses without a MAC may be another host's each day.
CREATE OR REPLACE TEMP VIEW "software-changed" AS
WITH told AS (
    SELECT e.device_id, concat_ws(' ', e.attribute, e.modality, e.category, e.acquired, e.original) AS what,
        'its images' AS words, array_to_string(e.software, ', ') AS version, 2 AS count, INTERVAL 0 SECOND AS pause,
        e.first_seen, e.last_seen, e.seen
    FROM equipment e JOIN ownership o USING (device_id)
    WHERE o.own AND len(e.software) > 0
    UNION ALL
    SELECT device_id, 'port ' || port, 'its DICOM software at port ' || port, value, count, INTERVAL 5 MINUTE,
        first_seen, last_seen, seen
    FROM fact
    WHERE attribute = 'implementation_version_name' AND port IS NOT NULL AND class = 'peer' AND value <> ''
    UNION ALL
    SELECT device_id, protocol || ' ' || port || ' ' || product, product || ' at port ' || port, version, count,
        INTERVAL 5 MINUTE, first_seen, last_seen, seen
    FROM banner
    WHERE version IS NOT NULL AND product IS NOT NULL AND protocol NOT IN ('snmp', 'smb', 'vnc')
    UNION ALL
    SELECT device_id, 'http ' || port || ' ' || product, product || ' at port ' || port, version, count,
        INTERVAL 5 MINUTE, first_seen, last_seen, seen
    FROM product
    WHERE version IS NOT NULL AND product IS NOT NULL AND class = 'peer' AND NOT passed_on
    UNION ALL
    SELECT device_id, revision.name, lower(replace(revision.name, 'Revision', '')) || ' revision', revision.value,
        count, INTERVAL 5 MINUTE, first_seen, last_seen, seen
    FROM (
        SELECT *, unnest([{'name': 'FirmwareRevision', 'value': value ->> '$.FirmwareRevision'},
            {'name': 'SoftwareRevision', 'value': value ->> '$.SoftwareRevision'}]) AS revision
        FROM (FROM fact WHERE attribute = 'hardware_inventory' AND class = 'peer')
    )
    WHERE revision.value <> ''
),
version AS (
    SELECT device_id, what, any_value(words) AS words, version, sum(count) AS count, any_value(pause) AS pause,
        min(first_seen) AS first_seen, max(last_seen) AS last_seen, min(seen) AS seen
    FROM told
    GROUP BY ALL
),
change AS (
    SELECT v.*, lag(version) OVER w AS former, lag(seen) OVER w AS former_seen, lag(last_seen) OVER w AS former_to,
        lag(count) OVER w AS former_count,
        max(last_seen) OVER (PARTITION BY device_id, what ORDER BY first_seen, version
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS others_to
    FROM version v
    WINDOW w AS (PARTITION BY device_id, what ORDER BY first_seen, version)
),
held AS (
    SELECT device_id, any_value(site) AS site, bool_or(mac IS NOT NULL AND NOT contains(key, '#')) AS by_mac
    FROM identity
    GROUP BY device_id
)
SELECT
    h.site,
    c.device_id,
    any_value(c.seen).ip AS ip_address,
    NULL::INTEGER AS port,
    NULL::VARCHAR AS peer,
    c.former || ' > ' || c.version AS subject,
    array_to_string(list_sort(list_distinct(list(c.words)))[:3], ', ') || ': ' || c.former || ' is now ' || c.version
        AS detail,
    NULL::VARCHAR AS severity,
    min(c.first_seen) AS first_seen,
    min(c.first_seen) AS last_seen,                     -- it is news once
    list_sort(list_distinct(list(c.former_seen) || list(c.seen)))[:5] AS seen
FROM change c JOIN held h USING (device_id)
WHERE c.former IS NOT NULL AND c.others_to < c.first_seen AND c.first_seen - c.others_to >= c.pause
    AND c.count >= 2 AND c.former_count >= 2 AND (h.by_mac OR c.pause = INTERVAL 0 SECOND)
GROUP BY h.site, c.device_id, c.former, c.version;
