-- `medspan flows`: who opened a conversation with whom, and what crossed it.
CREATE OR REPLACE TEMP TABLE conversation AS
SELECT
    site,
    client_ip,                                          -- who opened it
    server_ip,
    server_port,                                        -- NULL where the transport has none
    transport,                                          -- tcp, udp, icmp...
    protocol,                                           -- by content; NULL when not recognised
    encrypted,                                          -- by TLS, QUIC or SSH
    established,                                        -- both ends took part
    client_public,                                      -- outside the site's networks, on the Internet
    server_public,
    -- Seen from the site: who opened it. Multicast and broadcast stay inside.
    CASE WHEN client_public AND server_public THEN 'external'
         WHEN client_public THEN 'inbound'
         WHEN server_public THEN 'outbound'
         ELSE 'internal' END AS direction,
    clear_patient_data,                                 -- seen in it, in clear
    sni,                                                -- TLS server names asked for
    client_device_id,                                   -- NULL where it is no device of the site
    server_device_id,
    connections,
    packets_to_server,
    packets_to_client,
    bytes_to_server,                                    -- on the wire
    bytes_to_client,
    first_seen,
    last_seen,
    community_id                                        -- of the first connection
FROM exchange;
