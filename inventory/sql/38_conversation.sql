-- `medspan flows`: who opened a conversation with whom, and what crossed it.
CREATE OR REPLACE TEMP TABLE conversation AS
SELECT
    site,
    client_ip,
    server_ip,
    server_port,
    transport,
    protocol,                                           -- by content; NULL when not recognised
    encrypted,
    established,
    client_public,
    server_public,
    -- Seen from the site: who opened it. Multicast and broadcast stay inside.
    CASE WHEN client_public AND server_public THEN 'external'
         WHEN client_public THEN 'inbound'
         WHEN server_public THEN 'outbound'
         ELSE 'internal' END AS direction,
    clear_patient_data,
    sni,                                                -- TLS server names asked for
    client_device_id,
    server_device_id,
    connections,
    packets_to_server,
    packets_to_client,
    bytes_to_server,
    bytes_to_client,
    first_seen,
    last_seen,
    community_id                                        -- of the first connection
FROM exchange;
