-- What devices of each role answered at: each row becomes a word of the proposed [policy.services].
WITH worded AS (
    SELECT *, coalesce(protocol, CASE
        WHEN server_port IS NULL OR count(DISTINCT server_port) FILTER (protocol IS NULL)
            OVER (PARTITION BY role, transport) > $ports THEN transport ELSE server_port || '/' || transport END)
        AS traffic
    FROM policy_offer
    WHERE ($since IS NULL OR last_seen >= $since::TIMESTAMP) AND ($until IS NULL OR first_seen < $until::TIMESTAMP)
)
SELECT role, traffic, count(DISTINCT server_device_id) AS devices, count(DISTINCT site) AS sites
FROM worded
GROUP BY ALL
ORDER BY role, traffic;
