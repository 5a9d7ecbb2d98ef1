-- The facts: append-only, mergeable, everything else is derived from them. Times are UTC.
-- No keys, indexes or sequences: the same statements run on a DuckLake catalog.

CREATE TABLE meta (
    key   VARCHAR,  -- application ('medspan'), schema_version, pseudonym_key
    value VARCHAR
);

-- One row a capture file or live run.
CREATE TABLE capture (
    id                   VARCHAR,    -- first 16 hex digits of sha256 (files), random (live runs)
    name                 VARCHAR,    -- file name as given, or interface
    sha256               VARCHAR,    -- of the whole file; NULL for live runs
    site                 VARCHAR,    -- as told with --site
    sensor               VARCHAR,    -- as configured in medspan.toml
    first_packet         TIMESTAMP,
    last_packet          TIMESTAMP,
    packets              BIGINT,
    bytes                BIGINT,     -- on the wire
    kernel_drops         BIGINT,     -- lost before the capture, as it tells itself
    truncated_packets    BIGINT,     -- shorter in the capture than on the wire
    duplicate_packets    BIGINT,     -- delivered twice by the mirror port
    gaps                 BIGINT,     -- holes in TCP streams that were being read
    gap_bytes            BIGINT,
    one_way_flows        BIGINT,     -- of which one direction only was captured
    unknown_link_packets BIGINT,     -- of link types that are not read
    undecoded_packets    BIGINT,     -- broken headers, tunnels nested too deep
    parser_errors        BIGINT,     -- streams and datagrams that were malformed
    caps_hit             BIGINT,     -- a bounded table was full, something was let go
    file_error           VARCHAR,    -- why reading ended early; NULL when it did not
    complete             BOOLEAN,    -- false while a flush is followed by more, and after a kill
    parser_version       VARCHAR     -- medspan version that read it
);

-- What was odd in a capture, counted by kind: malformed streams, unknown link types, caps.
CREATE TABLE anomaly (
    capture VARCHAR,
    kind    VARCHAR,  -- malformed, unknown_link, undecoded, gap, cap
    detail  VARCHAR,
    count   BIGINT
);

-- One row per distinct fact per flush; capture and frame are those of its first sighting.
CREATE TABLE observation (
    site           VARCHAR,
    sensor         VARCHAR,
    vlan           VARCHAR,    -- VLAN ids, outermost first, or tunnel; NULL when untagged
    mac            VARCHAR,    -- on the wire in front of the address: perhaps a router's
    ip             VARCHAR,    -- NULL where a MAC speaks for itself: LLDP, a DHCP client without an address
    port           INTEGER,    -- that answers; NULL at the end that opened the connection
    transport      VARCHAR,    -- tcp, udp, arp, ndp, link
    speaker        VARCHAR,    -- software that spoke for this end, by its own words: implementation and AE title
    protocol       VARCHAR,    -- whose parser said it
    attribute      VARCHAR,    -- a name of parsers/attributes.py
    value          VARCHAR,    -- text, or canonical JSON
    class          VARCHAR,    -- peer, object, claim
    first_seen     TIMESTAMP,
    last_seen      TIMESTAMP,
    count          BIGINT,     -- sightings
    capture        VARCHAR,
    frame          BIGINT,
    parser_version VARCHAR
);

-- One row per conversation (client, server, server port, protocol) per flush.
CREATE TABLE flow (
    site               VARCHAR,
    sensor             VARCHAR,
    vlan               VARCHAR,    -- as in `observation`
    client_ip          VARCHAR,    -- who opened it
    client_mac         VARCHAR,
    server_ip          VARCHAR,
    server_mac         VARCHAR,
    server_port        INTEGER,    -- NULL where the transport has none
    transport          VARCHAR,
    protocol           VARCHAR,    -- by content; NULL when not recognised
    encrypted          BOOLEAN,    -- by TLS, QUIC or SSH
    established        BOOLEAN,    -- both ends took part, or the client sent data after the handshake
    clear_patient_data BOOLEAN,
    sni                VARCHAR,    -- TLS server name asked for
    first_seen         TIMESTAMP,
    last_seen          TIMESTAMP,
    connections        BIGINT,
    packets_to_server  BIGINT,
    packets_to_client  BIGINT,
    bytes_to_server    BIGINT,     -- on the wire
    bytes_to_client    BIGINT,
    community_id       VARCHAR,    -- of the first connection (Community ID 1)
    capture            VARCHAR,
    frame              BIGINT
);

-- Written by people, never lost, never overwritten by a read.
CREATE TABLE annotation (
    device_id VARCHAR,
    field     VARCHAR,
    value     VARCHAR,
    author    VARCHAR,
    "at"      TIMESTAMP
);
