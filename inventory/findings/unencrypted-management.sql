-- Ways to operate a device that it offers unencrypted, at its ports.
CREATE OR REPLACE TEMP VIEW "unencrypted-management" AS
WITH way(attribute, value, subject, detail, severity) AS (VALUES
    -- RFC 6143 7.2: no security, or a password for the beginning only.
    ('vnc_security', 'vnc', 'vnc', 'VNC, of which just the password is hidden', NULL),
    ('vnc_security', 'none', 'vnc', 'VNC, without a password', 'high'),
    ('clear_credentials', 'ftp', 'ftp', 'FTP, with a login', NULL),
    ('snmp_version', '1', 'snmp', 'SNMP version 1', 'low'), ('snmp_version', '2c', 'snmp', 'SNMP version 2c', 'low'),
    -- Web pages by which devices are set up: known ones; below those of appliances, or so called, that ask for a login.
    ('http_service', 'tomcat-manager', 'http', 'web pages, Tomcat Manager', NULL),
    ('http_service', 'orthanc-explorer', 'http', 'web pages, Orthanc Explorer', NULL),
    ('http_service', 'dcm4chee-arc', 'http', 'web pages, dcm4chee-arc', NULL),
    ('http_service', 'dcm4chee-web', 'http', 'web pages, dcm4chee-web', NULL)
),
appliance AS (
    SELECT device_id, port, min(product) AS product
    FROM product
    WHERE kind = 'application' AND manufacturer IS NOT NULL AND NOT passed_on
    GROUP BY ALL
),
offered AS (
    SELECT f.device_id, f.port, w.subject, w.detail, w.severity, f.seen
    FROM fact f JOIN way w USING (attribute, value)
    WHERE f.class = 'peer' OR (f.class = 'claim' AND f.attribute = 'clear_credentials')
    UNION ALL
    SELECT f.device_id, f.port, 'http', concat_ws(', ', 'web pages', a.product, 'with a login'), NULL, f.seen
    FROM fact f LEFT JOIN appliance a USING (device_id, port)
    WHERE f.attribute = 'http_authenticate' AND f.class = 'peer' AND regexp_matches(lower(f.value), '^(basic|digest)\b')
        AND (a.product IS NOT NULL OR regexp_matches(lower(f.value),
            'realm="[^"]*\b(admin|administrat|manage|config|setup|switch|router|level_?15|console|service tool)'))
    UNION ALL
    SELECT device_id, port, 'telnet', 'telnet', 'high', seen
    FROM service
    WHERE protocol = 'telnet' AND NOT encrypted
)
SELECT
    x.site,
    o.device_id,
    min(o.seen).ip AS ip_address,
    o.port,
    NULL::VARCHAR AS peer,
    subject,
    array_to_string(list_sort(list_distinct(list(detail))), '; ') AS detail,
    CASE min(severity) WHEN 'high' THEN 'high' WHEN 'low' THEN 'low' END AS severity,
    x.first_seen,
    x.last_seen,
    list_sort(list_distinct(list(o.seen)))[:5] AS seen
FROM offered o JOIN (
    SELECT site, server_device_id AS device_id, server_port AS port, protocol AS subject, min(first_seen) AS first_seen,
        max(last_seen) AS last_seen
    FROM exchange
    WHERE established AND NOT encrypted
    GROUP BY ALL
) x USING (device_id, port, subject)
GROUP BY ALL;
