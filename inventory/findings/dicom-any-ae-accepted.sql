-- Ports that accept associations under any called AE title. Shown by a title that nobody configures, the one that tools
-- call where they were told none; or, as a hint only, by three titles or more and never a refusal for the title. A
-- refusal shows that titles are checked. Archives that are several application entities do exist.
CREATE OR REPLACE TEMP VIEW "dicom-any-ae-accepted" AS
WITH called AS (
    SELECT site, device_id, port, upper(value) AS title, min(value) AS wire, min(first_seen) AS first_seen,
        max(last_seen) AS last_seen, min(seen) AS seen
    FROM fact
    WHERE attribute = 'accepted_ae_title' AND port IS NOT NULL AND value <> ''
    GROUP BY ALL
),
refused AS (
    SELECT DISTINCT device_id, port
    FROM (
        SELECT *, CASE attribute WHEN 'association' THEN value ->> '$.Reason' END AS reason
        FROM fact
        WHERE attribute = 'association'
    )
    WHERE reason = 'called-ae-title-not-recognized'     -- PS3.8 9.3.4
)
SELECT
    site,
    device_id,
    min(seen).ip AS ip_address,
    port,
    NULL::VARCHAR AS peer,
    '' AS subject,
    CASE WHEN bool_or(unset) THEN 'it accepted ANY-SCP, which tools call where no title is given'
            || coalesce(', and ' || array_to_string(list_sort(list(wire) FILTER (NOT unset))[:5], ', '), '')
        ELSE 'it accepted ' || count(*) || ' called titles and was not seen to refuse any: '
            || array_to_string(list_sort(list(wire))[:5], ', ') || CASE WHEN count(*) > 5 THEN '...' ELSE '' END
        END AS detail,
    CASE WHEN NOT bool_or(unset) THEN 'low' END AS severity,
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen,
    list_sort(list(seen))[:5] AS seen
FROM (SELECT *, title = 'ANY-SCP' AS unset FROM called) ANTI JOIN refused USING (device_id, port)
GROUP BY site, device_id, port
HAVING bool_or(unset) OR count(*) >= 3;
