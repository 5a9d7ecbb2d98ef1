-- What of both sides of a comparison is of the present. Where one inventory is the other one, grown, its present is
-- what was captured since.
CREATE OR REPLACE TEMP TABLE period AS
SELECT
    site,
    coalesce(list_has_any(o.captures, n.captures), false) AS grown,
    CASE WHEN grown AND o.last_packet > n.last_packet THEN n.last_packet ELSE '-infinity' END AS old_after,
    CASE WHEN grown AND n.last_packet > o.last_packet THEN o.last_packet ELSE '-infinity' END AS new_after,
    age(o.last_packet, CASE WHEN old_after > '-infinity' THEN old_after ELSE o.first_packet END) AS old_time,
    age(n.last_packet, CASE WHEN new_after > '-infinity' THEN new_after ELSE n.first_packet END) AS new_time
FROM (SELECT site FROM new_state UNION SELECT site FROM old_state UNION SELECT site FROM old_coverage)
    LEFT JOIN old_coverage o USING (site)
    LEFT JOIN new_coverage n USING (site);

-- When what is of the present was seen last on that `side`: 'old' or 'new'.
CREATE OR REPLACE TEMP MACRO present_after(side) AS TABLE
SELECT site, CASE side WHEN 'old' THEN old_after ELSE new_after END AS after FROM period;
