-- `medspan exposure`: what of each device can be reached from outside, and what it opens to the outside. One row a port
-- that answered, and one a group of peers that were called.
CREATE OR REPLACE TEMP VIEW exposure AS
WITH told AS (
    SELECT o.* EXCLUDE (cloud), coalesce(o.cloud, p.cloud) AS cloud, p.country, p.asn, p.as_organization,
        CASE WHEN o.direction = 'inbound' AND o.remote_access IS NULL THEN 'service'
            WHEN o.remote_access IS NULL THEN 'peers' ELSE 'remote_access' END AS kind,
        coalesce(o.sni, o.certificate_name) AS name
    FROM outside o LEFT JOIN place p ON p.ip = o.peer
),
keyed AS (
    -- Those who are sent patient data in clear do not hide among others.
    SELECT *, CASE WHEN direction = 'inbound' THEN concat_ws('/', port, transport)
        -- And no stranger is listed under a partner's name.
        ELSE concat_ws(' ', clear_patient_data, remote_access, partner IS NOT NULL,
            coalesce(partner, cloud, as_organization)) END AS key,
        -- Who is called; what nobody knows a name of is one group.
        CASE WHEN direction = 'outbound' THEN coalesce(partner, cloud, as_organization) END AS organization
    FROM told
),
peer AS (
    SELECT device_id, kind, direction, key, peer,
        any_value({'ip': peer, 'name': name, 'partner': partner, 'network': network, 'country': country, 'asn': asn,
            'as_organization': as_organization, 'cloud': cloud} ORDER BY name) AS of,
        sum(bytes_out + bytes_in) AS bytes
    FROM keyed
    GROUP BY ALL
),
peers AS (
    SELECT device_id, kind, direction, key, count(*) AS peer_count, list(of ORDER BY bytes DESC, peer)[:5] AS peers
    FROM peer
    GROUP BY ALL
),
named AS (
    SELECT id, min(name) AS name FROM capture GROUP BY id
),
seen AS (
    SELECT device_id, kind, direction, key, list({'capture': coalesce(name, capture), 'frame': frame}
        ORDER BY "at", capture, frame)[:5] AS evidence
    FROM (
        SELECT DISTINCT device_id, kind, direction, key, s.at, s.capture, s.frame
        FROM (SELECT device_id, kind, direction, key, unnest([seen, clear_seen]) AS s FROM keyed)
        WHERE s IS NOT NULL
    )
        LEFT JOIN named ON id = capture
    GROUP BY ALL
)
SELECT
    k.site,
    k.device_id,
    list_sort(list(DISTINCT k.ip)) AS ip_addresses,     -- of the device, as far as they are concerned
    -- their names in [networks.own]
    coalesce(list_sort(list(DISTINCT l.network) FILTER (l.network IS NOT NULL)), []) AS networks,
    any_value(r.role) AS role,                          -- the device's primary one
    k.kind,                                             -- service, remote_access, peers
    k.direction,                                        -- inbound, outbound: who opened it
    list_sort(list(DISTINCT {'port': k.port, 'transport': k.transport, 'protocol': k.protocol,
        'encrypted': k.encrypted})) AS services,        -- of the device if inbound, of the peers if outbound
    min(k.remote_access) AS remote_access,              -- rdp, vnc, teamviewer, vpn (IPsec)...
    -- low: by the port alone, or who opened it is only likely
    CASE WHEN bool_or(k.sure) AND bool_or(coalesce(k.certainty, 'high') = 'high')
        THEN 'high' ELSE 'low' END AS certainty,
    min(k.organization) AS organization,                -- who is called: partner, cloud or AS; NULL if nobody knows
    any_value(p.peer_count) AS peer_count,
    any_value(p.peers) AS peers,                        -- the five with most bytes
    bool_and(k.partner IS NOT NULL) AS expected,        -- all of them are partners
    bool_or(k.clear_patient_data) AS clear_patient_data,
    sum(k.connections)::BIGINT AS connections,
    sum(k.bytes_out)::BIGINT AS bytes_out,              -- sent by the device
    sum(k.bytes_in)::BIGINT AS bytes_in,
    min(k.first_seen) AS first_seen,
    max(k.last_seen) AS last_seen,
    any_value(s.evidence) AS evidence                   -- of up to five conversations
FROM keyed k
    JOIN peers p ON p.device_id = k.device_id AND p.kind = k.kind AND p.direction = k.direction
        AND p.key = k.key
    JOIN seen s ON s.device_id = k.device_id AND s.kind = k.kind AND s.direction = k.direction
        AND s.key = k.key
    LEFT JOIN address l ON l.ip = k.ip
    LEFT JOIN role r ON r.device_id = k.device_id AND r.is_primary
GROUP BY k.site, k.device_id, k.kind, k.direction, k.key;
