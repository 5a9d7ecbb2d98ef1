-- What each MAC of a site is: a host's own, a router's in front of many addresses, or nobody's.
CREATE OR REPLACE TEMP TABLE interface AS
WITH held AS (
    SELECT site, mac, ip, family, inside, bool_or(proven) AS proven, bool_or(took_part) AS took_part,
        min(first_seen) AS first_seen, max(last_seen) AS last_seen
    FROM sighting
    WHERE mac <> ''
    GROUP BY ALL
),
counted AS (
    SELECT site, mac,
        -- Group bit (IEEE 802-2014 8.2), VRRP (RFC 9568 7.3), HSRP 1 and 2, HSRP for IPv6, GLBP, all zero.
        regexp_matches(mac, '^(.[13579bdf]|00:00:5e:00:0[12]:|00:00:0c:07:ac:|00:00:0c:9f:f|00:05:73:a0:0|00:07:b4:00:'
            '|00:00:00:00:00:00)') AS virtual,
        -- Nobody holds that many addresses: it answers for others (proxy ARP, RFC 1027).
        count(*) FILTER (proven AND family = 4) > 8 AS proxy,
        count(*) FILTER (proven) AS own,
        count(*) FILTER (NOT proven AND family = 4) AS fronted_v4,
        count(*) FILTER (NOT proven AND family = 6) AS fronted_v6,
        count(*) FILTER (NOT proven AND NOT inside) AS fronted_outside,
        count(*) FILTER (family = 4) AS addresses_v4,
        count(*) FILTER (family = 6) AS addresses_v6,
        bool_and(inside) AS all_inside,
        bool_or(took_part) AS took_part, min(first_seen) AS first_seen, max(last_seen) AS last_seen
    FROM held
    GROUP BY site, mac
)
SELECT
    site,
    mac,
    virtual,                                            -- shared or multicast: nobody's identity
    proxy,                                              -- its ARP answers prove nothing
    NOT virtual AND (proxy OR fronted_v4 > 1 OR fronted_v6 > 1 OR (own > 0 AND fronted_outside > 0)) AS router,
    addresses_v4,                                       -- in front of which it stands
    addresses_v6,
    all_inside,                                         -- they are all the site's own
    took_part,
    first_seen,
    last_seen
FROM counted;
