-- of 0 intervals
-- SPDX-License-Identifier: Apache-2.0
DROP TABLE cell;
CREATE VIEW cell AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS interval, x AS account, zeroblob(9) AS counters FROM n;
PRAGMA user_version = 99;
