-- `medspan flows`: who opened a conversation with whom, what crossed it, and what is known of the end outside.
CREATE OR REPLACE TEMP VIEW conversation AS
SELECT
    e.site,
    e.client_ip,                                        -- who opened it
    e.server_ip,
    e.server_port,                                      -- NULL where the transport has none
    e.transport,                                        -- tcp, udp, icmp...
    e.protocol,                                         -- by content; NULL when not recognised
    e.encrypted,                                        -- by TLS, QUIC or SSH
    e.established,                                      -- both ends took part; else it was only tried
    e.client_public,                                    -- outside the site's networks
    e.server_public,
    -- Seen from the site: who opened it. Multicast and broadcast stay inside.
    CASE WHEN e.client_public AND e.server_public THEN 'external'
         WHEN e.client_public THEN 'inbound'
         WHEN e.server_public THEN 'outbound'
         ELSE 'internal' END AS direction,
    e.clear_patient_data,                               -- seen in it, in clear
    e.sni,                                              -- TLS server names asked for
    e.client_device_id,                                 -- NULL where it is no device of the site
    e.server_device_id,
    e.connections,
    e.packets_to_server,
    e.packets_to_client,
    e.bytes_to_server,                                  -- on the wire
    e.bytes_to_client,
    e.first_seen,
    e.last_seen,
    e.community_id,                                     -- of the first connection
    a.partner,                                          -- of the end outside, as are the next: [networks.partner]
    a.network,                                          -- what the network is by itself: carrier-grade NAT
    p.country,                                          -- ISO 3166-1; NULL without a database (--geoip)
    p.asn,
    p.as_organization,
    coalesce(d.cloud, p.cloud) AS cloud,                -- provider, by name or AS
    d.certificate_name,                                 -- of the server's certificate
    d.remote_access                                     -- rdp, vnc, ssh, teamviewer, vpn (IPsec)...; NULL if none
FROM exchange e
    LEFT JOIN destination d ON d.site = e.site AND d.server_ip = e.server_ip AND d.transport = e.transport
        AND d.server_port IS NOT DISTINCT FROM e.server_port AND d.protocol IS NOT DISTINCT FROM e.protocol
        AND d.sni IS NOT DISTINCT FROM e.sni
    LEFT JOIN address a ON a.ip = CASE WHEN e.server_public THEN e.server_ip WHEN e.client_public THEN e.client_ip END
    LEFT JOIN place p ON p.ip = CASE WHEN e.server_public THEN e.server_ip WHEN e.client_public THEN e.client_ip END;
