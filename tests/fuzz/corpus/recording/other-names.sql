-- of 3 intervals
-- SPDX-License-Identifier: Apache-2.0
INSERT INTO name(kind, number, name) SELECT kind, max(number) + 1, 'from_mars' FROM name GROUP BY kind;
UPDATE interval SET losses = X'7f01', source = 9;
