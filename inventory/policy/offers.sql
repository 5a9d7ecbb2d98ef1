-- Every service of a device whose role says what it may offer, with what the policy says of it.
CREATE OR REPLACE TEMP TABLE policy_offer AS
WITH server AS (
    SELECT DISTINCT i.site, d.device_id, d.kind, list_has_any(d.sure_roles, served) AS sure,
        list_filter(d.roles, lambda role: list_contains(served, role)) AS roles
    FROM policy_device d JOIN identity i USING (device_id), (SELECT list(role) AS served FROM policy_server)
    WHERE list_has_any(d.roles, served) AND ($site IS NULL OR i.site = $site)
),
offer AS (
    SELECT s.site, s.roles[1] AS role, s.sure, s.kind AS server_kind, v.device_id AS server_device_id,
        v.seen.ip AS server_ip, v.port AS server_port, v.transport, v.protocol, v.encrypted,
        v.count AS connections, v.first_seen, v.last_seen, v.seen,
        max(CASE WHEN coalesce(p.port <> v.port, false) OR coalesce(p.transport <> v.transport, false) THEN 0
            WHEN p.protocol IS NULL OR p.protocol = v.protocol THEN 2
            WHEN v.protocol IS NULL THEN 1 ELSE 0 END) FILTER (p.role IS NOT NULL) AS fits
    FROM service v JOIN server s USING (device_id) LEFT JOIN policy_service p ON list_contains(s.roles, p.role)
    WHERE NOT EXISTS (
        FROM policy_infrastructure i
        WHERE coalesce(i.protocol = v.protocol, i.protocol IS NULL) AND coalesce(i.transport = v.transport, true)
            AND coalesce(i.port = v.port, i.port IS NULL))
    GROUP BY ALL
)
SELECT * EXCLUDE (sure, fits),
    CASE WHEN fits = 2 THEN 'conforming' WHEN fits = 1 OR NOT sure OR server_port >= $ephemeral THEN 'uncertain'
        ELSE 'violation' END AS verdict,
    role || ': services' AS rule,
    CASE WHEN fits = 2 THEN NULL WHEN NOT sure THEN 'the role of an end is not sure'
        WHEN fits = 1 THEN 'its protocol was not recognised'
        WHEN server_port >= $ephemeral THEN 'who opened it is not sure'
        ELSE 'not to be offered' END AS reason
FROM offer;
