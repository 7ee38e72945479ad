-- of 3 intervals
-- SPDX-License-Identifier: Apache-2.0
UPDATE interval SET end = 9223372036854775807, summed = 0 WHERE id = 1;
UPDATE interval SET end = -9223372036854775808, summed = 1, lived = -9000000000000000000 WHERE id = 2;
