-- Logins that crossed the network unencrypted: at the server that was shown them. A server outside is nobody's here to
-- mend, so there it is the client's, where it is clear which one that was.
CREATE OR REPLACE TEMP VIEW "credentials-in-clear" AS
WITH kind(kind, protocol, words, severity) AS (VALUES
    ('http-basic', 'http', 'HTTP Basic', NULL), ('http-bearer', 'http', 'HTTP bearer token', NULL),
    ('dicom', 'dicom', 'DICOM User Identity', NULL), ('ftp', 'ftp', 'FTP login', NULL),
    ('telnet', 'telnet', 'telnet login', NULL), ('smtp', 'smtp', 'SMTP login', NULL),
    ('ldap', 'ldap', 'LDAP bind', NULL), ('socks', 'socks', 'SOCKS login', NULL),
    ('snmp', 'snmp', 'SNMP community', 'medium')        -- reads, mostly
),
-- Who shows credentials of the kinds that clients tell of.
shown AS (
    SELECT DISTINCT site, ip, CASE attribute WHEN 'http_credentials' THEN 'http-' || value ELSE 'dicom' END AS kind
    FROM observation
    WHERE attribute = 'http_credentials' AND value IN ('basic', 'bearer')
        OR attribute = 'user_identity_type' AND value IN ('username+passcode', 'saml', 'jwt')
),
asked AS (
    SELECT e.*, k.kind, k.words, k.severity
    FROM exchange e JOIN kind k USING (protocol) LEFT JOIN shown s
        ON s.site = e.site AND s.ip = e.client_ip AND s.kind = k.kind
    WHERE e.established AND NOT e.encrypted AND e.client_ip <> e.server_ip
        AND (s.kind IS NOT NULL OR k.protocol NOT IN ('http', 'dicom'))
),
inside AS (
    SELECT site, device_id, min(seen).ip AS ip_address, port, value AS kind, min(first_seen) AS first_seen,
        max(last_seen) AS last_seen, list(DISTINCT seen) AS seen
    FROM fact f
    WHERE attribute = 'clear_credentials' AND CASE value
        -- Agents answer to communities that they know; of those that everybody knows, `snmp-default-community` tells.
        WHEN 'snmp' THEN class = 'peer' AND EXISTS (FROM fact c WHERE c.device_id = f.device_id AND c.port = f.port
            AND c.attribute = 'snmp_community' AND c.value = 'other' AND c.class = 'peer')
        ELSE true END
    GROUP BY ALL
),
outside AS (
    SELECT site, ip, port, value AS kind, min(first_seen) AS first_seen, max(last_seen) AS last_seen,
        list(DISTINCT {'at': first_seen, 'capture': capture, 'frame': frame, 'protocol': protocol, 'ip': ip}) AS seen
    FROM observation JOIN address USING (ip)
    WHERE attribute = 'clear_credentials' AND value <> 'snmp' AND public
    GROUP BY ALL
)
SELECT i.site, i.device_id, i.ip_address, i.port, NULL::VARCHAR AS peer, i.kind AS subject,
    a.words || ' from ' || CASE WHEN a.clients > 3 THEN a.clients || ' clients' ELSE a.named END AS detail, a.severity,
    i.first_seen, i.last_seen, list_sort(i.seen)[:5] AS seen
FROM inside i JOIN (
    SELECT server_device_id, server_port, kind, any_value(words) AS words, any_value(severity) AS severity,
        count(DISTINCT client_ip) AS clients,
        array_to_string(list_sort(list(DISTINCT client_ip))[:3], ', ') AS named
    FROM asked
    GROUP BY ALL
) a ON a.server_device_id = i.device_id AND a.server_port = i.port AND a.kind = i.kind
UNION ALL
SELECT o.site, a.client_device_id, CASE WHEN a.client_device_id IS NULL THEN o.ip ELSE a.client_ip END, o.port,
    CASE WHEN a.client_device_id IS NOT NULL THEN o.ip END, o.kind, a.words || ' to ' || o.ip || ', outside',
    a.severity, o.first_seen, o.last_seen, list_sort(o.seen)[:5]
FROM outside o JOIN (
    SELECT site, server_ip, server_port, kind, any_value(words) AS words, any_value(severity) AS severity,
        CASE WHEN count(DISTINCT client_ip) = 1 THEN min(client_device_id) END AS client_device_id,
        min(client_ip) AS client_ip
    FROM asked
    WHERE server_device_id IS NULL AND NOT client_public
    GROUP BY ALL
) a ON a.site = o.site AND a.server_ip = o.ip AND a.server_port = o.port AND a.kind = o.kind;
