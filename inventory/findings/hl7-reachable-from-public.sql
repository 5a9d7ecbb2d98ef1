CREATE OR REPLACE TEMP VIEW "hl7-reachable-from-public" AS
SELECT * EXCLUDE (protocol)
FROM reached
WHERE protocol = 'hl7';
