-- AE titles that a device used itself, or answered to. A title that was merely called, or rejected, is not its own.
CREATE OR REPLACE TEMP TABLE ae_title AS
SELECT
    site,
    device_id,
    value AS ae_title,
    attribute,                                          -- calling_ae_title, accepted_ae_title
    class,
    count(*) OVER (PARTITION BY site, value) > count(*) OVER (PARTITION BY site, value, device_id) AS shared,
    count,
    first_seen,
    last_seen,
    seen
FROM fact
WHERE attribute IN ('calling_ae_title', 'accepted_ae_title') AND trim(value) <> '';
