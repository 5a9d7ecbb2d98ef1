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
    site                 VARCHAR,
    sensor               VARCHAR,
    first_packet         TIMESTAMP,
    last_packet          TIMESTAMP,
    packets              BIGINT,
    bytes                BIGINT,     -- on the wire
    kernel_drops         BIGINT,
    truncated_packets    BIGINT,
    duplicate_packets    BIGINT,
    gaps                 BIGINT,
    gap_bytes            BIGINT,
    one_way_flows        BIGINT,
    unknown_link_packets BIGINT,
    undecoded_packets    BIGINT,
    parser_errors        BIGINT,
    caps_hit             BIGINT,
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
    transport      VARCHAR,
    speaker        VARCHAR,    -- software that spoke for this end, by its own words: implementation and AE title
    protocol       VARCHAR,
    attribute      VARCHAR,    -- a name of parsers/attributes.py
    value          VARCHAR,    -- text, or canonical JSON
    class          VARCHAR,    -- peer, object, claim
    first_seen     TIMESTAMP,
    last_seen      TIMESTAMP,
    count          BIGINT,
    capture        VARCHAR,
    frame          BIGINT,
    parser_version VARCHAR
);

-- One row per conversation (client, server, server port, protocol) per flush.
CREATE TABLE flow (
    site               VARCHAR,
    sensor             VARCHAR,
    vlan               VARCHAR,
    client_ip          VARCHAR,
    client_mac         VARCHAR,
    server_ip          VARCHAR,
    server_mac         VARCHAR,
    server_port        INTEGER,
    transport          VARCHAR,
    protocol           VARCHAR,    -- by content; NULL when not recognised
    encrypted          BOOLEAN,
    established        BOOLEAN,    -- both ends took part, or the client sent data after the handshake
    clear_patient_data BOOLEAN,
    sni                VARCHAR,
    first_seen         TIMESTAMP,
    last_seen          TIMESTAMP,
    connections        BIGINT,
    packets_to_server  BIGINT,
    packets_to_client  BIGINT,
    bytes_to_server    BIGINT,
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
