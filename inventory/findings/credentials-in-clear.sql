-- Logins that crossed the network unencrypted: at the server that was shown them. A server outside is nobody's here to
-- mend, so there it is the client's, where it is clear which one that was. A login that a proxy only passed on was
-- not shown to the proxy.
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
    SELECT e.site, server_device_id AS device_id, CASE WHEN server_device_id IS NULL THEN server_ip END AS ip,
        server_port AS port, k.kind, any_value(k.words) AS words, any_value(k.severity) AS severity,
        list_distinct(list(client_ip)) AS clients, min(client_device_id) AS client_device
    FROM exchange e JOIN kind k USING (protocol) LEFT JOIN shown s
        ON s.site = e.site AND s.ip = e.client_ip AND s.kind = k.kind
    WHERE e.established AND NOT e.encrypted AND e.client_ip <> e.server_ip
        AND (e.server_device_id IS NOT NULL OR NOT e.client_public)
        AND (s.kind IS NOT NULL OR k.protocol NOT IN ('http', 'dicom'))
    GROUP BY ALL
),
said AS (
    SELECT site, device_id, NULL::VARCHAR AS ip, min(seen).ip AS at_ip, port, value AS kind,
        min(first_seen) AS first_seen, max(last_seen) AS last_seen, list(seen) AS seen
    FROM fact
    -- Agents answer to communities that they know; of those that everybody knows, `snmp-default-community` tells.
    WHERE attribute = 'clear_credentials' AND class <> 'object'
        AND (value <> 'snmp' OR (class = 'peer' AND (device_id, port) IN (
            SELECT (device_id, port)
            FROM fact
            WHERE attribute = 'snmp_community' AND value = 'other' AND class = 'peer')))
    GROUP BY ALL
    UNION ALL
    SELECT site, NULL, ip, ip, port, value, min(first_seen), max(last_seen),
        list({'at': first_seen, 'capture': capture, 'frame': frame, 'protocol': protocol, 'ip': ip})
    FROM observation JOIN address USING (ip)
    WHERE attribute = 'clear_credentials' AND class <> 'object' AND value <> 'snmp' AND public
    GROUP BY ALL
),
-- Of several clients of a server outside nobody can tell which it was.
met AS (
    SELECT s.*, a.words, a.severity, a.clients, CASE WHEN s.device_id IS NULL AND len(a.clients) = 1
        THEN a.client_device END AS client
    FROM said s JOIN asked a ON a.site = s.site AND a.device_id IS NOT DISTINCT FROM s.device_id
        AND a.ip IS NOT DISTINCT FROM s.ip AND a.port = s.port AND a.kind = s.kind
)
SELECT
    site,
    coalesce(device_id, client) AS device_id,
    CASE WHEN client IS NULL THEN at_ip ELSE clients[1] END AS ip_address,
    port,
    CASE WHEN client IS NOT NULL THEN ip END AS peer,
    kind AS subject,
    words || CASE WHEN ip IS NULL THEN ' from ' || some_of(clients, counted := 'clients')
        ELSE ' to ' || ip || ', outside' END AS detail,
    severity,
    first_seen,
    last_seen,
    list_sort(list_distinct(seen))[:5] AS seen
FROM met;
