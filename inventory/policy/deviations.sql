-- `medspan policy check`: what does not conform, and what may not; with the public first, as that matters most.
SELECT
    d.site,
    d.verdict,                                          -- violation; uncertain where too little is known to say so
    d.rule,                                             -- that is violated
    d.reason,
    d.client_ip,                                        -- who opened the conversation; NULL of a service
    ca.public AS client_public,
    d.client_device_id,
    c.roles AS client_roles,
    d.server_ip,
    sa.public AS server_public,
    d.server_device_id,
    s.roles AS server_roles,
    d.server_port,
    d.transport,
    d.protocol,                                         -- as recognised there; NULL when not
    d.encrypted,
    d.clear_patient_data,
    d.connections,
    d.first_seen,
    d.last_seen,
    [{'capture': coalesce(f.name, d.seen.capture), 'frame': d.seen.frame}] AS evidence
FROM (FROM policy_judgement UNION ALL BY NAME FROM policy_offer) d
    LEFT JOIN policy_kind c ON c.kind = d.client_kind
    LEFT JOIN policy_kind s ON s.kind = d.server_kind
    LEFT JOIN policy_address ca ON ca.ip = d.client_ip
    LEFT JOIN policy_address sa ON sa.ip = d.server_ip
    LEFT JOIN (SELECT id, min(name) AS name FROM capture GROUP BY id) f ON f.id = d.seen.capture
WHERE d.verdict <> 'conforming'
ORDER BY d.verdict = 'uncertain', d.site, NOT (coalesce(ca.public, false) OR coalesce(sa.public, false)), d.rule,
    d.client_ip, d.server_ip, d.server_port, d.transport, d.protocol, d.encrypted, d.client_device_id,
    d.server_device_id;
