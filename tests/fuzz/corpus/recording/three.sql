-- of 3 intervals
-- SPDX-License-Identifier: Apache-2.0
UPDATE process SET comm = char(27, 91, 50, 74), cmdline = char(10, 8238, 255), container = 'docker:0123456789ab';
UPDATE cell SET counters = X'00ffffffffffffffffff0100ffffffffffffffffff01';
