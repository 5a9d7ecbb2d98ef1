CREATE OR REPLACE TEMP VIEW "hl7-reachable-from-public" AS
SELECT * EXCLUDE (protocol)
FROM reachable_port
WHERE protocol = 'hl7';
