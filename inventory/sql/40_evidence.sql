-- `medspan why`: everything that speaks for or against a field of a device. What is `used` is the device's value, and
-- `43_device.sql` takes it from here, so that no value can be without evidence.
CREATE OR REPLACE TEMP TABLE evidence AS
WITH own_equipment AS (
    SELECT e.device_id, o.own AND same AS used, o.own AND e.acquired AS made, e.class, o.maker_confidence,
        o.equipment_confidence, o.own AND same AND replaced_at IS NULL AS runs,
        CASE WHEN NOT o.own THEN o.doubt
            WHEN NOT same THEN 'it sent this, but another device made what it is of'
            ELSE concat_ws(': ', 'it made the objects it sends', nullif(o.support, '')) END AS reason,
        'replaced by another version from ' || strftime(replaced_at, '%Y-%m-%dT%H:%M:%SZ') || ' on' AS upgrade,
        e.modality, e.manufacturer_wire, e.manufacturer, e.manufacturer_known, e.model, e.serial, e.software,
        e.station, e.institution, e.count, e.first_seen, e.last_seen, e.seen
    FROM (
        SELECT e.*, 'object' AS class,
            -- Captures and reports can be of what others made.
            e.acquired OR (coalesce(e.manufacturer = o.objects_maker, true)
                AND coalesce(lower(e.model) = o.made_by_model, true)
                AND coalesce(lower(e.serial) = o.made_by_serial, true)
                AND coalesce(lower(e.station) = o.made_by_station, true)) AS same,
            -- The same kind of object told another version, and never this one again.
            (SELECT min(n.first_seen) FROM equipment n
                WHERE o.own AND n.device_id = e.device_id AND n.first_seen > e.last_seen
                AND n.attribute = e.attribute AND n.modality = e.modality AND n.category = e.category
                AND n.acquired = e.acquired AND n.original = e.original AND n.software <> e.software
                AND len(n.software) > 0) AS replaced_at
        FROM equipment e JOIN ownership o USING (device_id)
    ) e JOIN ownership o USING (device_id)
    UNION ALL
    SELECT device_id, NOT known, NOT known, class, 'medium', 'medium', NOT known,
        CASE WHEN attribute = 'hl7_equipment' THEN 'named in HL7 messages of ' ELSE 'made objects that came from ' END
            || coalesce(seen.ip, 'elsewhere'), NULL,
        modality, manufacturer_wire, manufacturer, true, model, serial, software, station, institution, count,
        first_seen, last_seen, seen
    FROM mention
),
equipment_field AS (
    SELECT device_id, unnest([
            {'field': 'modalities', 'value': modality, 'wire': modality, 'used': made,
             'confidence': equipment_confidence},
            {'field': 'manufacturer', 'value': manufacturer, 'wire': manufacturer_wire, 'used': used,
             'confidence': CASE WHEN manufacturer_known THEN maker_confidence ELSE 'low' END},
            {'field': 'manufacturer_model_name', 'value': model, 'wire': model, 'used': used,
             'confidence': equipment_confidence},
            {'field': 'device_serial_number', 'value': serial, 'wire': serial, 'used': used,
             'confidence': equipment_confidence},
            {'field': 'station_name', 'value': station, 'wire': station, 'used': used,
             'confidence': equipment_confidence},
            {'field': 'institution_name', 'value': institution, 'wire': institution, 'used': used,
             'confidence': equipment_confidence}
        ] || list_transform(software, lambda x: {'field': 'software_versions', 'value': x, 'wire': x, 'used': runs,
             'confidence': equipment_confidence})) AS f,
        class, reason, upgrade, count, first_seen, last_seen, seen
    FROM own_equipment
),
said AS (
    SELECT device_id, f.field, f.value, f.wire, f.used, f.confidence, class,
        CASE WHEN f.field = 'software_versions' THEN coalesce(upgrade, reason) ELSE reason END AS reason,
        count, first_seen, last_seen, seen
    FROM equipment_field
    WHERE f.value IS NOT NULL
    UNION ALL
    -- A worklist query says what the asker is, even if it sent no image.
    SELECT f.device_id, 'modalities', f.modality, f.modality, true, 'medium', f.class,
        'the station it asks the worklist for', f.count, f.first_seen, f.last_seen, f.seen
    FROM (
        SELECT *, CASE attribute WHEN 'scheduled_station' THEN value ->> '$.Modality' END AS modality
        FROM fact
        WHERE attribute = 'scheduled_station'
    ) f JOIN role r USING (device_id)
    WHERE r.role = 'modality'
        AND f.modality IN (SELECT modality FROM knowledge_modalities WHERE acquires = 'true')
    UNION ALL
    SELECT p.device_id, 'manufacturer', p.manufacturer, p.wire,
        CASE WHEN o.own AND o.objects_maker IS NOT NULL THEN p.manufacturer = o.objects_maker ELSE p.chosen END,
        CASE WHEN o.contradicted AND p.confidence = 'high' THEN 'medium' ELSE p.confidence END,
        p.class, 'its own software says so: ' || p.attribute, p.count, p.first_seen, p.last_seen, p.seen
    FROM peer_maker p LEFT JOIN ownership o USING (device_id)
    UNION ALL
    SELECT device_id, attribute || 's', value, value, true, 'high', class, 'told in its own associations', count,
        first_seen, last_seen, seen
    FROM implementation
    UNION ALL
    SELECT device_id, 'toolkits', concat_ws(' ', toolkit, toolkit_version), value, true, 'high', class,
        'by ' || attribute, count, first_seen, last_seen, seen
    FROM implementation
    WHERE toolkit IS NOT NULL
        -- The bare name says less than the same one with its version.
        QUALIFY toolkit_version IS NOT NULL OR count(toolkit_version) OVER (PARTITION BY device_id, toolkit) = 0
    UNION ALL
    SELECT device_id, 'ae_titles', ae_title, ae_title, true, CASE WHEN shared THEN 'medium' ELSE 'high' END, class,
        CASE attribute WHEN 'calling_ae_title' THEN 'it calls itself so' ELSE 'it accepted associations for it' END,
        count, first_seen, last_seen, seen
    FROM ae_title
    UNION ALL
    SELECT device_id, 'ae_titles', value, value, false, NULL, class,
        CASE attribute WHEN 'called_ae_title' THEN 'others called it so; that alone proves nothing'
            ELSE 'it rejected associations for it' END,
        count, first_seen, last_seen, seen
    FROM fact
    WHERE attribute IN ('called_ae_title', 'rejected_ae_title') AND value <> ''
    UNION ALL
    SELECT r.device_id, CASE WHEN r.is_primary THEN 'role' ELSE 'roles' END, r.role, s.signal, true, r.confidence,
        'peer', replace(s.signal, '_', ' '), s.count, s.first_seen, s.last_seen, s.seen
    FROM role r LEFT JOIN (
        SELECT device_id, signal, count, first_seen, last_seen, seen FROM signal
        UNION ALL
        SELECT device_id, signal, count, first_seen, last_seen, seen FROM kind
    ) s ON s.device_id = r.device_id AND list_contains(r.shown_by, s.signal)
    UNION ALL
    SELECT device_id, 'operating_system', operating_system, wire, used, confidence, class, reason, count, first_seen,
        last_seen, seen
    FROM operating_system
    UNION ALL
    SELECT device_id, 'hostnames', hostname, wire, used, CASE WHEN used THEN confidence END, class, reason, count,
        first_seen, last_seen, seen
    FROM hostname
    UNION ALL
    SELECT device_id, field, value, wire, used, CASE WHEN used THEN confidence END, class, reason, count, first_seen,
        last_seen, seen
    FROM hardware
    UNION ALL
    SELECT device_id, 'services', concat_ws('/', port, protocol), wire, true, 'high', class,
        concat_ws(' ', product, version), count, first_seen, last_seen, seen
    FROM banner
    UNION ALL
    SELECT device_id, 'role', role, wire, NOT known, 'medium', class, 'the type of device that HL7 messages give it',
        count, first_seen, last_seen, seen
    FROM mention JOIN (SELECT device_id AS told_by, value, wire, role FROM fingerprint
        WHERE field = 'hl7_equipment.DeviceType' AND role IS NOT NULL) USING (told_by, value)
    UNION ALL
    SELECT device_id, 'services', concat_ws('/', port, coalesce(protocol, transport)), product, true, 'high', 'peer',
        'it answered there', count, first_seen, last_seen, seen
    FROM service
    UNION ALL
    SELECT device_id, 'services', concat_ws('/', port, 'http'), wire, NOT passed_on, 'medium', class,
        CASE WHEN passed_on THEN product || ' is behind a proxy: another host''s' ELSE concat_ws(' ', product, version)
            END, count, first_seen, last_seen, seen
    FROM product
    WHERE product IS NOT NULL
    UNION ALL
    SELECT device_id, 'ip_addresses', ip, ip, true, 'high', 'peer',
        CASE WHEN proven THEN 'it holds the address' ELSE 'it was seen there' END, count, h.first_seen, h.last_seen,
        seen
    FROM host h JOIN identity i USING (site, key)
    WHERE ip IS NOT NULL
    UNION ALL
    SELECT device_id, f.field, f.value, mac, true, CASE WHEN proven THEN 'high' ELSE 'medium' END, 'peer',
        CASE WHEN proven THEN 'by ARP or NDP' WHEN router THEN 'a router''s' ELSE 'the one address behind it' END,
        count, first_seen, last_seen, seen
    FROM (
        SELECT i.device_id, i.router, s.*, unnest([{'field': 'mac_addresses', 'value': s.mac},
            {'field': 'mac_vendor', 'value': v.vendor}]) AS f
        FROM identity i JOIN sighting s ON s.site = i.site AND s.mac = i.mac
            LEFT JOIN mac_vendor v ON lower(v.mac) = s.mac
    )
    WHERE f.value IS NOT NULL
    UNION ALL
    -- Other ids of the device, each from when it was taken for one of its own.
    SELECT i.device_id, 'device_id', o.id, w.value, w.same, CASE WHEN w.same THEN
            CASE WHEN w.attribute IS NULL THEN 'high' ELSE 'medium' END END, coalesce(e.class, 'peer'),
        CASE WHEN w.attribute IS NULL THEN w.value || ' says that it is ' || CASE WHEN w.same THEN '' ELSE 'not ' END
                || i.id
            ELSE 'the same ' || replace(w.attribute, '_', ' ') || ' as ' || i.id || ', and never both at once' END,
        e.count, e.first_seen, e.last_seen, e.seen
    FROM (SELECT * FROM kinship UNION ALL SELECT site, kin, key, same, attribute, value FROM kinship WHERE NOT same) w
        JOIN identity i ON i.site = w.site AND i.key = w.key
        JOIN identity o ON o.site = w.site AND o.key = w.kin
        LEFT JOIN strong_key e ON e.site = w.site AND e.key = w.kin AND e.attribute = w.attribute AND e.value = w.value
    UNION ALL
    SELECT client_device_id, 'public_peers', server_ip, server_ip, true, 'high', 'peer', 'it opened a conversation',
        connections, first_seen, last_seen, seen
    FROM exchange
    WHERE server_public AND client_device_id IS NOT NULL
    UNION ALL
    SELECT server_device_id, 'public_peers', client_ip, client_ip, true, 'high', 'peer', 'it was asked from there',
        connections, first_seen, last_seen, seen
    FROM exchange
    WHERE client_public AND server_device_id IS NOT NULL
)
SELECT
    s.device_id,
    s.field,                                            -- a column of `device`
    s.value,                                            -- as in that column
    s.class,                                            -- peer, object, claim
    s.confidence,                                       -- high, medium, low; NULL where it was not believed
    s.wire,                                             -- as on the wire
    s.first_seen,
    s.last_seen,
    s.count,
    coalesce(c.name, s.seen.capture) AS capture,        -- where it was seen first
    s.seen.capture AS capture_id,
    s.seen.frame,
    s.seen.protocol,
    s.seen.ip,                                          -- of the end that said it
    s.used,                                             -- it is the device's value; else against it, or of others
    s.reason
FROM said s LEFT JOIN (SELECT id, min(name) AS name FROM capture GROUP BY id) c ON c.id = s.seen.capture;
