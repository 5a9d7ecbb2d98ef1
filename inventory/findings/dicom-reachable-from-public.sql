CREATE OR REPLACE TEMP VIEW "dicom-reachable-from-public" AS
SELECT * EXCLUDE (protocol)
FROM reached
WHERE protocol = 'dicom';
