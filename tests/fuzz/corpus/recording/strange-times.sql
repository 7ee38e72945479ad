-- of 3 intervals
-- SPDX-License-Identifier: Apache-2.0
UPDATE interval SET begin = -9223372036854775808, first_end = -9223372036854775807 WHERE id = 1;
UPDATE interval SET end = 9223372036854775807, lived = 9223372036854775807 WHERE id = 2;
