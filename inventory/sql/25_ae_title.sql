-- AE titles that a device used itself, or answered to. A title that was merely called, or rejected, is not its own.
CREATE OR REPLACE TEMP TABLE ae_title AS
SELECT
    site,
    device_id,
    value AS ae_title,
    attribute,                                          -- calling_ae_title, accepted_ae_title
    class,
    min(device_id) OVER titled <> max(device_id) OVER titled AS shared,  -- by other devices of the site
    count,
    first_seen,
    last_seen,
    seen
FROM fact
WHERE attribute IN ('calling_ae_title', 'accepted_ae_title') AND value <> ''
WINDOW titled AS (PARTITION BY site, value);
