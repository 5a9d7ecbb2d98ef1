-- What was judged, by roles and traffic: each row becomes a line of the proposed policy.
WITH conversation AS (
    SELECT j.*, ca.public AS client_public, sa.public AS server_public,
        coalesce(nullif(c.roles, [])[1], list_filter(ca.words, lambda word: starts_with(word, 'partner:'))[1],
            CASE WHEN ca.public THEN 'public' ELSE 'any' END) AS source,
        coalesce(nullif(s.roles, [])[1], list_filter(sa.words, lambda word: starts_with(word, 'partner:'))[1],
            CASE WHEN sa.public THEN 'public' ELSE 'any' END) AS target
    FROM policy_judgement j
        JOIN policy_kind c ON c.kind = j.client_kind
        JOIN policy_kind s ON s.kind = j.server_kind
        JOIN policy_address ca ON ca.ip = j.client_ip
        JOIN policy_address sa ON sa.ip = j.server_ip
    WHERE ($since IS NULL OR last_seen >= $since::TIMESTAMP) AND ($until IS NULL OR first_seen < $until::TIMESTAMP)
),
worded AS (
    SELECT *, coalesce(protocol, CASE
        WHEN server_port IS NULL OR count(DISTINCT server_port) FILTER (protocol IS NULL) OVER pair > $ports
            THEN transport ELSE server_port || '/' || transport END) AS traffic
    FROM conversation
    WINDOW pair AS (PARTITION BY source, target, transport)
)
SELECT
    source,                                             -- a role, partner:NAME, public, any
    target,
    traffic,                                            -- protocol; port, where it was not recognised
    count(DISTINCT coalesce(client_device_id, client_ip)) AS clients,
    count(DISTINCT coalesce(server_device_id, server_ip)) AS servers,
    count(DISTINCT site) AS sites,
    count(*) AS conversations,
    sum(connections)::BIGINT AS connections,
    bool_and(encrypted) AS encrypted,
    bool_or(clear_patient_data) AS clear_patient_data,
    list(DISTINCT CASE WHEN source = 'public' THEN client_ip WHEN target = 'public' THEN server_ip END
        ORDER BY CASE WHEN source = 'public' THEN client_ip WHEN target = 'public' THEN server_ip END)
        [:$addresses + 1] AS addresses,                 -- of the public end
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen
FROM worded
GROUP BY ALL
ORDER BY source, target, traffic;
