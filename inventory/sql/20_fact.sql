-- The observations of devices, each distinct statement once. Pseudonyms, which are many, are in `21_passage.sql`.
CREATE OR REPLACE TEMP TABLE fact AS
SELECT
    o.site,
    o.device_id,
    o.attribute,                                        -- a name of parsers/attributes.py
    o.value,                                            -- text, or canonical JSON
    o.class,                                            -- peer, object, claim
    o.port,                                             -- that answers; NULL at the end that opened the connection
    -- Heard by multicast or broadcast only, where whoever is on the link may answer.
    bool_and(o.protocol IN ('mdns', 'llmnr', 'nbns', 'browser')) AS from_all,
    sum(o.count)::BIGINT AS count,
    min(o.first_seen) AS first_seen,
    max(o.last_seen) AS last_seen,
    min({'at': o.first_seen, 'capture': o.capture, 'frame': o.frame, 'protocol': o.protocol, 'ip': o.ip}) AS seen
FROM attribution o
WHERE o.attribute NOT IN ('link_layer_address', 'sent_series', 'received_series', 'hl7_sent_message',
    'hl7_received_message')
GROUP BY ALL;
