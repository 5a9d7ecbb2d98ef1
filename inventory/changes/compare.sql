-- From two states, whose devices `old_same` and `new_same` bring together, to `change` and `unobserved`.

-- What is told when a device has something else, and something more. NULL: nothing.
CREATE OR REPLACE TEMP TABLE aspect AS
FROM (VALUES
    ('ip_address', 'moved', NULL),
    ('vlan', 'moved', NULL),
    ('mac_address', 'changed', NULL),
    ('hostname', 'renamed', NULL),
    ('ae_title', NULL, 'new AE title'),
    ('role', 'changed', NULL),
    ('manufacturer', 'changed', NULL),
    ('manufacturer_model_name', 'changed', NULL),
    ('device_serial_number', 'changed', NULL),
    ('software_version', 'software changed', NULL),
    ('implementation_version', 'software changed', NULL),
    ('operating_system', 'software changed', NULL),
    ('service', NULL, 'new service'),
    ('public_peer', NULL, 'new public peer')
) t(aspect, replaced, more);

-- What is made of each side is made in the same words: `side` is 'old' or 'new'.
CREATE OR REPLACE TEMP MACRO device_of(side) AS TABLE
SELECT same, site, max_by(device_id, s.last_seen) AS device_id, max_by(value, s.last_seen) AS name,
    max_by(detail, s.last_seen) AS ip, min(s.first_seen) AS first_seen, max(s.last_seen) AS last_seen,
    max(s.last_seen) > any_value(after) AS present
FROM query_table(side || '_state') s JOIN query_table(side || '_same') USING (device_id)
    JOIN present_after(side) USING (site)
WHERE aspect = 'device'
GROUP BY same, site;

CREATE OR REPLACE TEMP TABLE old_device AS FROM device_of('old');
CREATE OR REPLACE TEMP TABLE new_device AS FROM device_of('new');

CREATE OR REPLACE TEMP MACRO row_of(side) AS TABLE
SELECT *, CASE WHEN aspect IN ('ip_address', 'software_version') THEN detail ELSE '' END AS of,
    CASE aspect WHEN 'ae_title' THEN value ELSE lower(value) END AS key, hash(device_id, aspect, of) AS kind
FROM query_table(side || '_state')
WHERE aspect <> 'device';

-- Most things of most devices are as they were: what has one value, the same on both sides, is not looked at any
-- further; nor is what has none on one side, unless it is news by itself.
CREATE OR REPLACE TEMP TABLE touched AS
SELECT kind
FROM (
    SELECT kind, aspect, hash(key) AS old_key, NULL AS new_key FROM row_of('old') JOIN present_after('old') USING (site)
    WHERE last_seen > after
    UNION ALL
    SELECT kind, aspect, NULL, hash(key) FROM row_of('new') JOIN present_after('new') USING (site)
    -- What is news by itself is so, too, where a capture was added that overlaps those of before.
    WHERE last_seen > after OR aspect IN ('ae_title', 'service', 'public_peer')
)
GROUP BY kind
HAVING (count(old_key) > 1 OR count(new_key) > 1 OR min(old_key) IS DISTINCT FROM min(new_key))
    AND (count(old_key) > 0 AND count(new_key) > 0 OR bool_or(aspect IN ('ae_title', 'service', 'public_peer')));

-- `current`: no other value of the same kind came after it was seen last.
CREATE OR REPLACE TEMP MACRO thing_of(side) AS TABLE
WITH thing AS (
    SELECT same, aspect, of, key, min(value) AS value, any_value(detail) AS detail, min(first_seen) AS first_seen,
        max(last_seen) AS last_seen, max(last_seen) > any_value(after) AS present
    FROM (FROM row_of(side) WHERE kind IN (FROM touched) OR device_id IN (FROM odd))
        JOIN query_table(side || '_same') USING (device_id) JOIN present_after(side) USING (site)
    GROUP BY same, aspect, of, key
)
SELECT *, present AND NOT coalesce(max(first_seen) FILTER (present) OVER (PARTITION BY same, aspect, of) > last_seen,
    false) AS current
FROM thing;

CREATE OR REPLACE TEMP TABLE old_thing AS FROM thing_of('old');
CREATE OR REPLACE TEMP TABLE new_thing AS FROM thing_of('new');

CREATE OR REPLACE TEMP TABLE gone AS
WITH lost AS (
    SELECT o.same, o.site FROM old_device o LEFT JOIN new_device n USING (same, site)
    WHERE o.present AND NOT coalesce(n.present, false)
),
placed AS (
    SELECT same, aspect, CASE of WHEN 'IPv4' THEN regexp_replace(key, '[0-9]+$', '0/24') ELSE key END AS net
    FROM row_of('old') JOIN old_same USING (device_id) SEMI JOIN lost USING (same)
    WHERE aspect IN ('ip_address', 'mac_address')
),
seen AS (
    SELECT DISTINCT r.site, CASE of WHEN 'IPv4' THEN regexp_replace(key, '[0-9]+$', '0/24') ELSE key END AS net
    FROM row_of('new') r JOIN present_after('new') p ON p.site = r.site AND r.last_seen > p.after
    WHERE aspect = 'ip_address' AND EXISTS (FROM lost)
)
SELECT o.*, p.net,
    -- Seen by its MAC only: where the site is captured. What others' messages mention may be mentioned again.
    CASE WHEN p.net IS NULL THEN coalesce(p.linked, false) AND o.site IN (SELECT site FROM new_device WHERE present)
        ELSE p.observed END AS observed
FROM old_device o SEMI JOIN lost USING (same) LEFT JOIN (
    SELECT o.same, min(p.net) FILTER (aspect = 'ip_address') AS net, bool_or(aspect = 'mac_address') AS linked,
        bool_or(s.net IS NOT NULL) AS observed
    FROM placed p JOIN lost o USING (same) LEFT JOIN seen s ON s.site = o.site AND s.net = p.net
    GROUP BY o.same
) p USING (same);

-- Devices of segments of which the new inventory shows nothing: whether they are gone cannot be told.
CREATE OR REPLACE TEMP TABLE unobserved AS
SELECT site, net, count(*) AS devices
FROM gone
WHERE NOT observed
GROUP BY ALL
ORDER BY ALL;

CREATE OR REPLACE TEMP TABLE difference AS
SELECT same, aspect, of,
    concat_ws(' ', CASE aspect WHEN 'software_version' THEN nullif(of, '') END, coalesce(n.value, o.value)) AS value,
    coalesce(n.detail, o.detail) AS detail, n.first_seen, o.last_seen,
    n.value IS NOT NULL AND NOT coalesce(o.present, false) AS added,
    o.value IS NOT NULL AND NOT coalesce(n.present, false) AS ended,
    coalesce(n.current, false) AND NOT coalesce(o.current, false) AS came,
    coalesce(o.current, false) AND NOT coalesce(n.current, false) AS went
FROM old_thing o FULL JOIN new_thing n USING (same, aspect, of, key)
WHERE o.present IS DISTINCT FROM n.present OR o.current IS DISTINCT FROM n.current;

-- A port of which the protocol is learned is no other service.
CREATE OR REPLACE TEMP TABLE known_port AS
SELECT o.same, split_part(o.key, ' ', 1) AS port
FROM old_thing o JOIN new_thing n ON n.same = o.same AND n.aspect = 'service' AND n.present AND o.key <> n.key
    AND split_part(n.key, ' ', 1) = split_part(o.key, ' ', 1) AND NOT (contains(o.key, ' ') AND contains(n.key, ' '))
WHERE o.aspect = 'service' AND o.present;

-- The changes themselves are told already. What both sides have is none.
CREATE OR REPLACE TEMP MACRO finding_of(side) AS TABLE
FROM query_table(side || '_finding')
WHERE status <> 'closed' AND rule NOT IN ('new-device', 'device-gone', 'software-changed');

CREATE OR REPLACE TEMP MACRO finding_only_of(side, other) AS TABLE
SELECT side AS side, same, f.*
FROM (FROM finding_of(side) ANTI JOIN finding_of(other) USING (finding_id)) f
    LEFT JOIN query_table(side || '_same') USING (device_id);

CREATE OR REPLACE TEMP TABLE open_finding AS
WITH single AS (
    FROM finding_only_of('old', 'new') UNION ALL FROM finding_only_of('new', 'old')
)
-- A finding whose device just has another id now is the same one.
SELECT * REPLACE (concat(title, ' (' || nullif(concat_ws(' ',
    CASE WHEN NOT contains(title, port::VARCHAR) THEN 'port ' || port END,
    CASE WHEN NOT contains(title, peer) THEN 'peer ' || peer END), '') || ')') AS title)
FROM single
WINDOW about AS (PARTITION BY same, rule, port, peer)
QUALIFY same IS NULL OR min(side) OVER about = max(side) OVER about
    OR min(device_id) OVER about = max(device_id) OVER about;

CREATE OR REPLACE TEMP TABLE change AS
WITH kept AS (
    SELECT same, n.last_seen FROM new_device n JOIN old_device o USING (same, site) WHERE n.present AND o.present
),
newcomer AS (
    SELECT n.* FROM new_device n LEFT JOIN old_device o USING (same, site) WHERE NOT coalesce(o.present, false)
),
replacing AS (
    SELECT same, aspect, of, a.replaced AS change,
        string_agg(DISTINCT value, '; ' ORDER BY value) FILTER (went) AS old,
        string_agg(DISTINCT value, '; ' ORDER BY value) FILTER (came) AS new,
        min(first_seen) FILTER (came) AS "at"
    FROM difference JOIN aspect a USING (aspect)
    WHERE (came OR went) AND a.replaced IS NOT NULL
    GROUP BY same, aspect, of, a.replaced
    HAVING bool_or(came) AND bool_or(went)
),
-- Of several titles one may just not have been used; where none is used any more, the new ones have replaced them.
retitled AS (
    SELECT same, string_agg(DISTINCT value, '; ' ORDER BY value) AS titles
    FROM difference
    WHERE aspect = 'ae_title' AND went AND same NOT IN (
        SELECT same FROM old_thing o JOIN new_thing n USING (same, aspect, of, key)
        WHERE aspect = 'ae_title' AND o.current AND n.current)
    GROUP BY same
),
adding AS (
    SELECT d.same, d.aspect, a.more AS change, value AS thing, CASE WHEN aspect = 'ae_title' THEN r.titles END AS old,
        concat(value, ' (' || CASE aspect WHEN 'public_peer' THEN nullif(detail, '') END || ')') AS new,
        first_seen AS "at"
    FROM difference d JOIN aspect a USING (aspect) LEFT JOIN retitled r USING (same)
    WHERE d.added AND a.more IS NOT NULL
),
-- What a new device does is told with it.
equipped AS (
    SELECT same, array_to_string(list_sort(list(if(aspect = 'ae_title', 'AE title ', '') || value))[:10], '; ')
        AS equipment
    FROM row_of('new') JOIN new_same USING (device_id)
    WHERE aspect IN ('ae_title', 'service') AND same IN (SELECT same FROM newcomer)
    GROUP BY same
),
told AS (
    SELECT same, 'new device' AS change, NULL AS field, NULL AS old, concat_ws('; ', name, equipment) AS new,
        first_seen AS "at", NULL AS severity
    FROM newcomer LEFT JOIN equipped USING (same)
    UNION ALL
    SELECT same, 'device gone', NULL, name, NULL, last_seen, NULL FROM gone WHERE observed
    UNION ALL
    SELECT same, change, aspect, old, new, "at", NULL FROM replacing SEMI JOIN kept USING (same)
    UNION ALL
    SELECT same, change, aspect, old, new, "at", NULL FROM adding SEMI JOIN kept USING (same)
    WHERE change <> 'new service' OR (same, split_part(thing, ' ', 1)) NOT IN (FROM known_port)
    UNION ALL
    -- Whom a new device talks to outside is news of its own.
    SELECT same, change, aspect, NULL, new, "at", NULL FROM adding SEMI JOIN newcomer USING (same)
    WHERE change = 'new public peer'
    UNION ALL
    SELECT d.same, 'service gone', aspect, value, NULL, d.last_seen, NULL
    FROM difference d SEMI JOIN kept USING (same)
    WHERE aspect = 'service' AND ended AND (same, split_part(value, ' ', 1)) NOT IN (FROM known_port)
),
described AS (
    SELECT * FROM new_device
    UNION ALL
    SELECT * FROM old_device o ANTI JOIN new_device n USING (same, site)
),
complete AS (
    SELECT t.severity, t.change, d.site, d.device_id, d.ip AS ip_address, d.name AS device, t.field, t.old, t.new,
        t."at"
    FROM told t JOIN described d USING (same)
    UNION ALL
    SELECT f.severity, 'finding opened', f.site, f.device_id, coalesce(f.ip_address, d.ip), d.name, f.rule, NULL,
        title, f.first_seen
    FROM open_finding f LEFT JOIN described d USING (same)
    WHERE side = 'new'
    UNION ALL
    -- What was found of a device that is not to be seen is not closed by that.
    SELECT 'info', 'finding closed', f.site, f.device_id, coalesce(f.ip_address, d.ip), d.name, f.rule,
        title, NULL, f.last_seen
    FROM open_finding f LEFT JOIN described d USING (same)
    WHERE side = 'old' AND (f.same IS NULL OR f.same IN (SELECT same FROM kept))
)
SELECT
    coalesce(severity, CASE
        WHEN change = 'new public peer' AND NOT regexp_matches(device, '^(client|unknown|network|phone)\b') THEN 'high'
        WHEN change IN ('new public peer', 'new device', 'new service') THEN 'medium'
        WHEN change = 'service gone' THEN 'info'
        ELSE 'low' END) AS severity,                    -- critical, high, medium, low, info
    change,
    site,
    device_id,
    ip_address,
    device,                                             -- role, maker and model
    field,                                              -- what changed; the rule of a finding
    old,
    new,
    "at"                                                -- since when it is so; of what is gone: seen last
FROM complete;
