-- What kind of thing a device is beside imaging, by its own words: phone, printer, camera, UPS, switch, patient
-- monitor, pump, analyser, information system. One row per statement that shows it.
CREATE OR REPLACE TEMP TABLE kind AS
WITH said AS (
    SELECT device_id, role, CASE
            WHEN field IN ('system_description', 'platform', 'printer_id', 'wsd_types', 'wsd_scopes') THEN 'high'
            -- A computer shares printers of others, too; only the printer itself takes raw data.
            WHEN field = 'mdns_service.ServiceType' AND NOT starts_with(wire, '_pdl') THEN 'low'
            ELSE 'medium' END AS confidence,
        replace(replace(field, '.', ' '), '_', ' ') AS told_by, count, first_seen, last_seen, seen
    FROM fingerprint
    WHERE role IS NOT NULL AND attribute <> 'hl7_equipment'
    UNION ALL
    SELECT device_id, k.role, 'low', 'SNMP object id', count, first_seen, last_seen, seen
    FROM fact f JOIN knowledge_snmp_object_ids k ON starts_with(f.value || '.', '1.3.6.1.4.1.' || k.enterprise || '.')
    WHERE attribute = 'snmp_object_id' AND class = 'peer' AND k.role <> ''
    UNION ALL
    SELECT device_id, k.role, 'low', 'DHCP parameter list', count, first_seen, last_seen, seen
    FROM fact f JOIN knowledge_dhcp_parameters k ON k.parameters = f.value
    WHERE attribute = 'dhcp_parameter_list' AND class = 'peer' AND k.role <> ''
    UNION ALL
    SELECT device_id, role, confidence, 'capabilities', count, first_seen, last_seen, seen
    FROM (
        SELECT *, CASE attribute WHEN 'system_capabilities' THEN from_json(value, '["VARCHAR"]') END AS can, CASE
            WHEN list_contains(can, 'telephone') THEN 'phone'  -- most have a switch inside
            WHEN list_has_any(can, ['router', 'switch', 'bridge', 'wlan-access-point', 'repeater']) THEN 'network'
            END AS role,
            CASE WHEN list_has_any(can, ['telephone', 'router', 'switch', 'wlan-access-point']) THEN 'high'
                ELSE 'medium' END AS confidence         -- computers bridge, too
        FROM fact
        WHERE attribute = 'system_capabilities' AND class = 'peer'
    )
    UNION ALL
    SELECT device_id, 'printer', 'high', 'printer id', count, first_seen, last_seen, seen
    FROM fact
    WHERE attribute = 'printer_id' AND class = 'peer'
    UNION ALL
    -- CLSI LIS2-A2: instruments send results and ask for orders; who sends orders is the information system.
    SELECT device_id, CASE WHEN list_has_any(records, ['R', 'Q']) THEN 'analyser'
        WHEN list_contains(records, 'O') THEN 'information_system' END, 'medium', 'ASTM records', count, first_seen,
        last_seen, seen
    FROM (
        SELECT *, CASE attribute WHEN 'astm_record_types' THEN from_json(value, '["VARCHAR"]') END AS records
        FROM fact
        WHERE attribute = 'astm_record_types'
    )
    UNION ALL
    -- HL7 v2 chapters 13 (laboratory automation) and 3, 4, 10 (patients, orders, schedules).
    SELECT device_id, CASE
        WHEN regexp_matches(value, '^(OUL|SSU|ESU|INU|TCU|EAR|LSU)\b') THEN 'analyser'
        WHEN regexp_matches(value, '^(ADT|SIU|ORM|OMG|OMI|OML|OMP|DFT|BAR|RDE)\b') THEN 'information_system' END,
        'medium', 'HL7 message types', f.count, f.first_seen, f.last_seen, f.seen
    FROM fact f JOIN behaviour b USING (device_id)
    WHERE attribute = 'hl7_message_type' AND port IS NULL AND NOT b.relays_messages AND NOT b.sends_for_applications
)
SELECT
    device_id,
    role,
    confidence,
    role || ' by ' || told_by AS signal,                -- for people, as `signal.signal`
    sum(count)::BIGINT AS count,
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen,
    min(seen) AS seen
FROM said
WHERE role IS NOT NULL
GROUP BY ALL;
