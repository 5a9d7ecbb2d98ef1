-- Ways to operate a device that it offers unencrypted, at its ports.
CREATE OR REPLACE TEMP VIEW "unencrypted-management" AS
WITH said AS (
    SELECT device_id, port, attribute, value, seen
    FROM fact
    WHERE class <> 'object' AND port IS NOT NULL AND attribute IN ('clear_credentials', 'snmp_version', 'vnc_security',
        'http_authenticate', 'http_service')
        AND (class = 'peer' OR attribute = 'clear_credentials')
),
-- Web pages by which devices are set up: known ones; and those of appliances, or so called, that ask for a login.
web AS (
    SELECT device_id, port, seen, CASE value WHEN 'tomcat-manager' THEN 'Tomcat Manager'
        WHEN 'orthanc-explorer' THEN 'Orthanc Explorer' ELSE value END AS words
    FROM said
    WHERE attribute = 'http_service' AND value IN ('tomcat-manager', 'orthanc-explorer', 'dcm4chee-arc', 'dcm4chee-web')
    UNION ALL
    SELECT s.device_id, s.port, s.seen, concat_ws(', ', p.product, 'with a login')
    FROM said s LEFT JOIN (
        SELECT device_id, port, min(product) AS product
        FROM product
        WHERE kind = 'application' AND manufacturer IS NOT NULL AND NOT passed_on
        GROUP BY ALL
    ) p USING (device_id, port)
    WHERE s.attribute = 'http_authenticate' AND regexp_matches(lower(s.value), '^(basic|digest)\b')
        AND (p.product IS NOT NULL OR regexp_matches(lower(s.value),
            'realm="[^"]*\b(admin|administrat|manage|config|setup|switch|router|level_?15|console|service tool)'))
),
offered AS (
    SELECT device_id, port, 'telnet' AS subject, 'telnet' AS detail, 'high' AS severity, seen
    FROM service
    WHERE protocol = 'telnet' AND NOT encrypted
    UNION ALL
    -- RFC 6143 7.2: no security, or a password for the beginning only.
    SELECT device_id, port, 'vnc', 'VNC, of which just the password is hidden', NULL, seen
    FROM said
    WHERE attribute = 'vnc_security' AND value = 'vnc'
    UNION ALL
    SELECT device_id, port, 'vnc', 'VNC, without a password', 'high', seen
    FROM said
    WHERE attribute = 'vnc_security' AND value = 'none'
    UNION ALL
    SELECT device_id, port, 'ftp', 'FTP, with a login', NULL, seen
    FROM said
    WHERE attribute = 'clear_credentials' AND value = 'ftp'
    UNION ALL
    SELECT device_id, port, 'snmp', 'SNMP version ' || value, 'low', seen
    FROM said
    WHERE attribute = 'snmp_version' AND value IN ('1', '2c')
    UNION ALL
    SELECT device_id, port, 'http', 'web pages, ' || words, NULL, seen
    FROM web
)
SELECT
    x.site,
    o.device_id,
    min(o.seen).ip AS ip_address,
    o.port,
    NULL::VARCHAR AS peer,
    subject,
    array_to_string(list_sort(list(DISTINCT detail)), '; ') AS detail,
    CASE min(severity) WHEN 'high' THEN 'high' WHEN 'low' THEN 'low' END AS severity,
    x.first_seen,
    x.last_seen,
    list_sort(list(DISTINCT o.seen))[:5] AS seen
FROM offered o JOIN (
    SELECT site, server_device_id AS device_id, server_port AS port, protocol AS subject, min(first_seen) AS first_seen,
        max(last_seen) AS last_seen
    FROM exchange
    WHERE established AND NOT encrypted
    GROUP BY ALL
) x USING (device_id, port, subject)
GROUP BY ALL;
