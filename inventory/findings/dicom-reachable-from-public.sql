CREATE OR REPLACE TEMP VIEW "dicom-reachable-from-public" AS
SELECT * EXCLUDE (protocol)
FROM reachable_port
WHERE protocol = 'dicom';
