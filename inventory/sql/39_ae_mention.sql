-- Where each AE title was used or called: one row per title, address, port and kind of statement. Outside the site, and
-- at addresses that never spoke, there is no device.
CREATE OR REPLACE TEMP VIEW ae_mention AS
WITH told AS (
    SELECT device_id, site, ip, port, attribute, value, count, first_seen, last_seen
    FROM attribution
    UNION ALL
    SELECT NULL, site, ip, port, attribute, value, count, first_seen, last_seen
    FROM observation o
    WHERE NOT EXISTS (FROM endpoint e WHERE e.site = o.site AND e.ip = o.ip AND e.vlan = coalesce(o.vlan, '')
        AND e.mac = coalesce(lower(o.mac), ''))
)
SELECT
    site,
    value AS ae_title,
    attribute,                                          -- calling_, called_, accepted_, rejected_ae_title
    attribute IN ('calling_ae_title', 'accepted_ae_title') AS own,  -- the end uses it itself
    device_id,
    ip,
    port,                                               -- that answers; NULL at the end that opened the association
    sum(count)::BIGINT AS count,                        -- associations
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen
FROM told
WHERE attribute IN ('calling_ae_title', 'called_ae_title', 'accepted_ae_title', 'rejected_ae_title') AND value <> ''
GROUP BY ALL;
