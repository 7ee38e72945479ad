-- of 90 intervals
-- SPDX-License-Identifier: Apache-2.0
UPDATE process SET crowd = 1, tgid = 0 WHERE id = 1;
INSERT OR IGNORE INTO crowd SELECT id, 1, 9223372036854775807 FROM interval;
UPDATE account SET process = 999 WHERE id = 2;
