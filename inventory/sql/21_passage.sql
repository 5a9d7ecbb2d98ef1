-- What passed through each device, told by pseudonyms: series of images, and HL7 messages. A message counts as passed
-- on when it came in at a port served and left on a connection opened: an echo goes back the same way.
CREATE OR REPLACE TEMP TABLE passage AS
WITH told AS (
    SELECT o.device_id, ends_with(o.attribute, 'series') AS series, o.value,
        bool_or(o.attribute IN ('sent_series', 'hl7_sent_message')) AS sent,
        bool_or(o.attribute IN ('received_series', 'hl7_received_message')) AS received,
        min(o.first_seen) AS first_seen, max(o.last_seen) AS last_seen,
        min({'at': o.first_seen, 'capture': o.capture, 'frame': o.frame, 'protocol': o.protocol, 'ip': o.ip}) AS seen
    FROM attribution o
    WHERE o.attribute IN ('sent_series', 'received_series')
        OR (o.attribute = 'hl7_sent_message' AND o.port IS NULL)
        OR (o.attribute = 'hl7_received_message' AND o.port IS NOT NULL)
    GROUP BY ALL
)
SELECT
    device_id,
    series,                                             -- of images; else HL7 messages
    sent AND received AS passed,                        -- the same one came in and went out
    received,
    sum(count(*) FILTER (sent)) OVER (PARTITION BY device_id, series)::BIGINT AS all_sent,  -- passed on or its own
    count(*) AS count,                                  -- distinct series or messages
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen,
    min(seen) AS seen
FROM told
GROUP BY device_id, series, passed, received;
