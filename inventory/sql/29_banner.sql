-- What answers at a port, in other protocols than HTTP: by a greeting, or by the version of the protocol itself.
CREATE OR REPLACE TEMP TABLE banner AS
WITH spoken(attribute, protocol, standard) AS (VALUES
    ('ssh_software', 'ssh', NULL), ('ftp_banner', 'ftp', NULL), ('smtp_banner', 'smtp', NULL),
    ('telnet_banner', 'telnet', NULL), ('vnc_version', 'vnc', 'RFB'), ('smb_dialect', 'smb', 'SMB'),
    ('snmp_version', 'snmp', 'SNMP')
)
SELECT
    f.device_id,
    f.port,
    s.protocol,                                         -- as in `service`
    coalesce(p.product, s.standard) AS product,
    CASE WHEN p.product IS NOT NULL THEN p.version WHEN s.standard IS NOT NULL THEN f.value END AS version,
    f.value AS wire,
    f.class,
    f.count,
    f.first_seen,
    f.last_seen,
    f.seen
FROM fact f JOIN spoken s USING (attribute)
    LEFT JOIN fingerprint p ON p.device_id = f.device_id AND p.field = f.attribute AND p.value = f.value
        AND p.port = f.port AND p.kind = 'software'
WHERE f.port IS NOT NULL AND f.class = 'peer'
-- A host can say a thousand things; the newest are enough.
QUALIFY row_number() OVER (PARTITION BY f.device_id, f.port ORDER BY f.last_seen DESC, f.value) <= 16;
