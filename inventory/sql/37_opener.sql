-- Whether it is known who opened a conversation, not only likely: where a connection is met in its middle, ports alone
-- do not tell, and neither do messages that both ends may send.
CREATE OR REPLACE TEMP TABLE opener AS
WITH asked AS (
    -- What only who was asked says, or is told.
    SELECT DISTINCT site, ip AS server_ip, port AS server_port
    FROM observation
    WHERE port IS NOT NULL AND transport = 'tcp'
        AND attribute IN ('called_ae_title', 'accepted_ae_title', 'rejected_ae_title', 'association',
            'hl7_acknowledgment_code', 'tls_version', 'tls_certificate', 'tls_alpn')
    UNION
    SELECT site, server_ip, server_port
    FROM exchange
    WHERE transport = 'tcp'
    GROUP BY site, server_ip, server_port
    HAVING bool_or(sni IS NOT NULL) OR count(DISTINCT client_ip) FILTER (established) > 1
)
SELECT DISTINCT
    site,
    server_ip,
    server_port,
    transport,
    protocol,
    CASE e.transport
        WHEN 'tcp' THEN server_port < 1024 OR a.server_ip IS NOT NULL
            OR coalesce(protocol NOT IN ('dicom', 'hl7', 'tls', 'astm'), false)
        WHEN 'udp' THEN server_port < 1024 AND server_port NOT IN (123, 500) AND protocol IS NOT NULL
        ELSE true END AS sure                           -- the server is who was asked
FROM exchange e LEFT JOIN asked a USING (site, server_ip, server_port);
