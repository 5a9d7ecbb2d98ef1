-- Findings that `medspan.toml` accepts, and with which of its entries.
CREATE OR REPLACE TEMP VIEW accepted AS
SELECT DISTINCT
    f.finding_id,
    a.number,                                           -- of the [[accept]], from 1
    a.until,
    a.reason
FROM found f JOIN acceptance a ON a.rule = f.rule AND (a.site IS NULL OR a.site = f.site)
WHERE (a.peer IS NULL OR a.peer = f.peer OR f.peer IN (SELECT ip FROM address WHERE partner = a.peer))
    AND (a.device IS NULL OR f.device_id IN (
        SELECT device_id FROM device_key
        WHERE site = f.site AND (key = a.device OR (kind = 'mac' AND key = a.mac)
            OR (kind = 'ae_title' AND lower(key) = lower(a.device)))));
