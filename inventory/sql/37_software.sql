-- Programs, and the versions of them that each device says it runs: what advisories and ends of support are asked with.
-- A version that cannot be compared (`inventory/versions.py`) is left out.
CREATE OR REPLACE TEMP TABLE software AS
-- All of these are JSON.
WITH segment AS MATERIALIZED (FROM fact WHERE attribute = 'hl7_software'),
heard AS (
    SELECT device_id, port, product, version, 'program' AS kind, wire, first_seen, last_seen, seen
    FROM product
    WHERE class = 'peer' AND NOT passed_on
    UNION ALL
    SELECT device_id, port, product, version, 'program', wire, first_seen, last_seen, seen
    FROM banner
    UNION ALL
    SELECT device_id, port, value ->> '$.SoftwareProductName', value ->> '$.SoftwareCertifiedVersion', 'program', NULL,
        first_seen, last_seen, seen
    FROM segment JOIN behaviour USING (device_id)
    WHERE NOT relays_messages AND NOT sends_for_applications  -- an engine passes on the segments of others
    UNION ALL
    SELECT device_id, port, toolkit, toolkit_version, 'toolkit', NULL, first_seen, last_seen, seen
    FROM implementation
    WHERE class = 'peer'
    UNION ALL
    SELECT device_id, NULL, s[1], s[2], 'system', wire, first_seen, last_seen, seen
    FROM (SELECT *, regexp_extract_all(operating_system, '^(.+) (\d\S*)$', 1) || regexp_extract_all(
            operating_system, '^(.+) (\d\S*)$', 2) AS s FROM operating_system WHERE used AND confidence <> 'low')
),
hosted AS (
    SELECT device_id, bool_or(distribution) AS distribution, bool_or(windows) AS windows
    FROM (
        SELECT device_id, regexp_matches(lower(wire), 'debian|ubuntu|raspbian|centos|red ?hat|rhel|fedora|suse|'
            || 'ama?zo?n|oracle linux|rocky|alma ?linux|gentoo|alpine|arch ?linux|freebsd|netbsd|openbsd|dfsg|'
            || '[+~.-]deb\d|\bel\d|bpo') AS distribution, regexp_matches(lower(wire), 'win(dows|32|64)') AS windows
        FROM heard
        WHERE wire IS NOT NULL
        UNION ALL
        SELECT device_id, starts_with(k.path, 'Linux/') OR ends_with(k.path, 'BSD'), starts_with(k.path, 'Windows')
        FROM operating_system o JOIN knowledge_operating_systems k
            ON starts_with(o.operating_system || ' ', k.operating_system || ' ')
        WHERE used
    )
    GROUP BY device_id
),
told AS (
    SELECT device_id, port, product, version, kind, min(first_seen) AS first_seen, max(last_seen) AS last_seen,
        list_sort(list_distinct(list(seen)))[:5] AS seen
    FROM heard
    WHERE product IS NOT NULL AND version_parts(version).numbers <> ''
    GROUP BY device_id, port, product, version, kind
    -- What accepts associations opens some, too.
    QUALIFY port IS NOT NULL OR count(port) OVER (PARTITION BY device_id, kind, product, version) = 0
)
SELECT
    i.site,
    t.device_id,
    t.seen[1].ip AS ip_address,
    t.port,                                             -- that answers so; NULL where no service does
    t.product,
    t.version,                                          -- as it is told, in the form above
    t.kind,                                             -- program, toolkit (in a program of another name), system
    -- A distribution's own package: it mends flaws, and the version stays.
    coalesce(h.distribution, false) AND t.kind <> 'system' AS packaged,
    t.kind = 'program' AND coalesce(h.windows, false) AS on_windows,
    t.first_seen,
    t.last_seen,
    t.seen                                              -- the first 5
FROM told t JOIN (SELECT device_id, any_value(site) AS site FROM identity GROUP BY device_id) i USING (device_id)
    LEFT JOIN hosted h USING (device_id)
-- Another version since then has taken its place.
QUALIFY t.last_seen >= max(t.first_seen) OVER (PARTITION BY t.device_id, t.port, t.kind, t.product);
