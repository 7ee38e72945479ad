-- SPDX-License-Identifier: Apache-2.0
-- A history as version 1 of the schema had it, written by the last build of that version: 30 intervals of
-- four minutes and two processes, of which those of the first hour have expired but for their sums. See store_migrate_test.cpp.
PRAGMA application_id = 1131443043;
PRAGMA user_version = 1;
CREATE TABLE name(
    kind TEXT NOT NULL,     -- counter, loss, operation, endpoint, source
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY(kind, number),
    UNIQUE(kind, name)
) WITHOUT ROWID;
CREATE TABLE boot(
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE
);
CREATE TABLE run(
    id INTEGER PRIMARY KEY,
    boot INTEGER NOT NULL REFERENCES boot(id),
    kernel TEXT NOT NULL,
    source INTEGER NOT NULL, -- name
    origins TEXT NOT NULL,   -- lines: "CLASS BASIS" (run.cpp)
    not_seen TEXT NOT NULL   -- lines
);
CREATE TABLE process(
    id INTEGER PRIMARY KEY,
    boot INTEGER NOT NULL REFERENCES boot(id),
    tgid INTEGER NOT NULL,
    start_ns INTEGER NOT NULL,
    -- The words heard last; NULL where none ever were.
    comm TEXT, uid INTEGER, parent_tgid INTEGER, cgroup_id INTEGER, cmdline TEXT, cgroup TEXT, container TEXT,
    UNIQUE(boot, tgid, start_ns)
);
CREATE TABLE account(
    id INTEGER PRIMARY KEY,
    process INTEGER NOT NULL REFERENCES process(id),
    operation INTEGER NOT NULL, -- name
    source_kind INTEGER NOT NULL, source_flags INTEGER NOT NULL, source_device INTEGER NOT NULL, -- kind: name
    sink_kind INTEGER NOT NULL, sink_flags INTEGER NOT NULL, sink_device INTEGER NOT NULL,
    last_hour INTEGER NOT NULL, -- the latest hour (counted from 1970) that has it; no later than it is used
    UNIQUE(process, operation, source_kind, source_flags, source_device, sink_kind, sink_flags, sink_device)
);
CREATE INDEX account_last_hour ON account(last_hour);
CREATE TABLE interval(
    id INTEGER PRIMARY KEY,
    level INTEGER NOT NULL,
    begin INTEGER NOT NULL,     -- of a sum: the earliest
    first_end INTEGER NOT NULL, -- of a sum: the earliest end
    end INTEGER NOT NULL,       -- of a sum: the latest end
    run INTEGER NOT NULL REFERENCES run(id), -- of a sum: of the one that ends last
    source INTEGER NOT NULL,    -- name; likewise
    losses BLOB NOT NULL,       -- codec.h, by the names of losses
    summed INTEGER NOT NULL,    -- level 0: whether it is in its minute and its hour
    finer INTEGER NOT NULL      -- levels 1, 2: whether all that it sums is also there one level below
);
CREATE INDEX interval_end ON interval(level, end);
CREATE INDEX interval_unsummed ON interval(end) WHERE summed = 0 AND level = 0;
CREATE TABLE cell(
    interval INTEGER NOT NULL REFERENCES interval(id),
    account INTEGER NOT NULL REFERENCES account(id),
    counters BLOB NOT NULL,     -- codec.h, by the names of counters
    PRIMARY KEY(interval, account)
) WITHOUT ROWID;
INSERT INTO name VALUES
('counter', 0, 'operations'), ('counter', 1, 'errors'), ('counter', 2, 'bytes_asked'), ('counter', 3, 'bytes_moved'),
('counter', 4, 'mode_switches'), ('counter', 5, 'ctx_voluntary'), ('counter', 6, 'ctx_involuntary'),
('counter', 7, 'kernel_ns'), ('counter', 8, 'to_user_bytes'), ('counter', 9, 'to_user_calls'),
('counter', 10, 'from_user_bytes'), ('counter', 11, 'from_user_calls'), ('counter', 12, 'kernel_bytes'),
('counter', 13, 'kernel_calls'), ('counter', 14, 'transmit_bytes'), ('counter', 15, 'transmit_calls'),
('counter', 16, 'late_bytes'), ('counter', 17, 'late_calls'), ('counter', 18, 'cow_bytes'), ('counter', 19, 'cow_calls'),
('counter', 20, 'bounce_bytes'), ('counter', 21, 'bounce_calls'), ('counter', 22, 'pio_bytes'),
('counter', 23, 'pio_calls'), ('counter', 24, 'migration_bytes'), ('counter', 25, 'migration_calls'),
('counter', 26, 'cow_derived_bytes'), ('counter', 27, 'referenced_bytes'), ('counter', 28, 'direct_bytes'),
('counter', 29, 'dma_from_device'), ('counter', 30, 'dma_to_device'), ('counter', 31, 'faults_minor'),
('counter', 32, 'faults_major'), ('counter', 33, 'faults_cow'), ('counter', 34, 'around_pages'),
('counter', 35, 'swapped_in_pages'), ('counter', 36, 'sync_cpu_bytes'), ('counter', 37, 'sync_cpu_calls'),
('counter', 38, 'sync_device_bytes'), ('counter', 39, 'sync_device_calls'), ('counter', 40, 'api_sync_cpu_bytes'),
('counter', 41, 'api_sync_cpu_calls'), ('counter', 42, 'api_sync_device_bytes'),
('counter', 43, 'api_sync_device_calls'), ('counter', 44, 'unexplained_bytes'), ('counter', 45, 'excess_bytes'),
('counter', 46, 'vain_reference_bytes'), ('counter', 47, 'transformed_bytes'), ('counter', 48, 'lost'),
('counter', 49, 'measured_to_user_bytes'), ('counter', 50, 'measured_from_user_bytes'),
('counter', 51, 'measured_kernel_bytes'), ('counter', 52, 'measured_transmit_bytes'),
('counter', 53, 'measured_late_bytes'), ('counter', 54, 'measured_cow_bytes'), ('counter', 55, 'measured_bounce_bytes'),
('counter', 56, 'measured_pio_bytes'), ('counter', 57, 'measured_migration_bytes'),
('counter', 58, 'measured_to_user_calls'), ('counter', 59, 'measured_from_user_calls'),
('counter', 60, 'measured_kernel_calls'), ('counter', 61, 'measured_transmit_calls'),
('counter', 62, 'measured_late_calls'), ('counter', 63, 'measured_cow_calls'), ('counter', 64, 'measured_bounce_calls'),
('counter', 65, 'measured_pio_calls'), ('counter', 66, 'measured_migration_calls'), ('endpoint', 0, 'unknown'),
('endpoint', 1, 'memory'), ('endpoint', 2, 'anonymous memory'), ('endpoint', 3, 'mapped file'),
('endpoint', 4, 'mapped device'), ('endpoint', 5, 'mapped DMA buffer'), ('endpoint', 6, 'file'),
('endpoint', 7, 'block device'), ('endpoint', 8, 'char device'), ('endpoint', 9, 'DMA buffer'), ('endpoint', 10, 'pipe'),
('endpoint', 11, 'tcp'), ('endpoint', 12, 'udp'), ('endpoint', 13, 'unix socket'), ('endpoint', 14, 'other socket'),
('endpoint', 15, 'other'), ('endpoint', 16, 'shared memory'), ('endpoint', 17, 'private copy'),
('endpoint', 18, 'static data'), ('loss', 0, 'ledger'), ('loss', 1, 'account'), ('loss', 2, 'process'),
('loss', 3, 'unclosed'), ('loss', 4, 'vma'), ('loss', 5, 'bio'), ('loss', 6, 'inode'), ('loss', 7, 'socket'),
('loss', 8, 'inherit'), ('loss', 9, 'bounce'), ('loss', 10, 'missed'), ('loss', 11, 'unread'), ('loss', 12, 'quiet'),
('operation', 0, 'none'), ('operation', 1, 'read'), ('operation', 2, 'pread64'), ('operation', 3, 'readv'),
('operation', 4, 'preadv'), ('operation', 5, 'preadv2'), ('operation', 6, 'write'), ('operation', 7, 'pwrite64'),
('operation', 8, 'writev'), ('operation', 9, 'pwritev'), ('operation', 10, 'pwritev2'), ('operation', 11, 'recvfrom'),
('operation', 12, 'recvmsg'), ('operation', 13, 'sendto'), ('operation', 14, 'sendmsg'), ('operation', 15, 'sendfile64'),
('operation', 16, 'splice'), ('operation', 17, 'copy_file_range'), ('operation', 18, 'ioctl'),
('operation', 19, 'fault'), ('operation', 20, 'other call'), ('operation', 21, 'nobody''s'), ('source', 0, 'derived'),
('source', 1, 'breakpoints'), ('source', 2, 'module');
INSERT INTO boot VALUES
(1, '5f6e0d8c-7a51-4b0a-9a5e-1d2c3b4a5968');
INSERT INTO run VALUES
(1, 1, '6.1.0-test', 2, 'to_user measured
from_user derived
kernel derived
transmit measured
late not seen
cow measured
bounce not seen
pio not seen
migration not seen
api_syncs derived
', 'one thing
another');
INSERT INTO process VALUES
(1, 1, 100, 100000, 'comm100', 2, 1, -101, '/bin/comm --number 100', '/system.slice/a.service', ''),
(2, 1, 101, 101000, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO account VALUES
(1, 1, 1, 6, 0, 4293918721, 1, 0, 0, 490897), (2, 2, 1, 6, 0, 4293918721, 1, 0, 0, 490897);
INSERT INTO interval VALUES
(16, 0, 1767229200000, 1767229440000, 1767229440000, 1, 2, x'0b0f', 1, 0),
(17, 0, 1767229440000, 1767229680000, 1767229680000, 1, 2, x'0b10', 1, 0),
(18, 0, 1767229680000, 1767229920000, 1767229920000, 1, 2, x'0b11', 1, 0),
(19, 0, 1767229920000, 1767230160000, 1767230160000, 1, 2, x'0b12', 1, 0),
(20, 0, 1767230160000, 1767230400000, 1767230400000, 1, 2, x'0b13', 1, 0),
(21, 0, 1767230400000, 1767230640000, 1767230640000, 1, 2, x'0b14', 1, 0),
(22, 0, 1767230640000, 1767230880000, 1767230880000, 1, 2, x'0b15', 1, 0),
(23, 0, 1767230880000, 1767231120000, 1767231120000, 1, 2, x'0b16', 1, 0),
(24, 0, 1767231120000, 1767231360000, 1767231360000, 1, 2, x'0b17', 1, 0),
(25, 0, 1767231360000, 1767231600000, 1767231600000, 1, 2, x'0b18', 1, 0),
(26, 0, 1767231600000, 1767231840000, 1767231840000, 1, 2, x'0b19', 1, 0),
(27, 0, 1767231840000, 1767232080000, 1767232080000, 1, 2, x'0b1a', 1, 0),
(28, 0, 1767232080000, 1767232320000, 1767232320000, 1, 2, x'0b1b', 1, 0),
(29, 0, 1767232320000, 1767232560000, 1767232560000, 1, 2, x'0b1c', 1, 0),
(30, 0, 1767232560000, 1767232800000, 1767232800000, 1, 2, x'0b1d', 0, 0),
(31, 1, 1767225600000, 1767225840000, 1767225840000, 1, 2, x'', 1, 0),
(32, 2, 1767225600000, 1767225840000, 1767229200000, 1, 2, x'0b69', 1, 1),
(33, 1, 1767225840000, 1767226080000, 1767226080000, 1, 2, x'0b01', 1, 0),
(34, 1, 1767226080000, 1767226320000, 1767226320000, 1, 2, x'0b02', 1, 0),
(35, 1, 1767226320000, 1767226560000, 1767226560000, 1, 2, x'0b03', 1, 0),
(36, 1, 1767226560000, 1767226800000, 1767226800000, 1, 2, x'0b04', 1, 0),
(37, 1, 1767226800000, 1767227040000, 1767227040000, 1, 2, x'0b05', 1, 0),
(38, 1, 1767227040000, 1767227280000, 1767227280000, 1, 2, x'0b06', 1, 0),
(39, 1, 1767227280000, 1767227520000, 1767227520000, 1, 2, x'0b07', 1, 0),
(40, 1, 1767227520000, 1767227760000, 1767227760000, 1, 2, x'0b08', 1, 0),
(41, 1, 1767227760000, 1767228000000, 1767228000000, 1, 2, x'0b09', 1, 0),
(42, 1, 1767228000000, 1767228240000, 1767228240000, 1, 2, x'0b0a', 1, 0),
(43, 1, 1767228240000, 1767228480000, 1767228480000, 1, 2, x'0b0b', 1, 0),
(44, 1, 1767228480000, 1767228720000, 1767228720000, 1, 2, x'0b0c', 1, 0),
(45, 1, 1767228720000, 1767228960000, 1767228960000, 1, 2, x'0b0d', 1, 0),
(46, 1, 1767228960000, 1767229200000, 1767229200000, 1, 2, x'0b0e', 1, 0),
(47, 1, 1767229200000, 1767229440000, 1767229440000, 1, 2, x'0b0f', 1, 1),
(48, 2, 1767229200000, 1767229440000, 1767232560000, 1, 2, x'0bad02', 1, 1),
(49, 1, 1767229440000, 1767229680000, 1767229680000, 1, 2, x'0b10', 1, 1),
(50, 1, 1767229680000, 1767229920000, 1767229920000, 1, 2, x'0b11', 1, 1),
(51, 1, 1767229920000, 1767230160000, 1767230160000, 1, 2, x'0b12', 1, 1),
(52, 1, 1767230160000, 1767230400000, 1767230400000, 1, 2, x'0b13', 1, 1),
(53, 1, 1767230400000, 1767230640000, 1767230640000, 1, 2, x'0b14', 1, 1),
(54, 1, 1767230640000, 1767230880000, 1767230880000, 1, 2, x'0b15', 1, 1),
(55, 1, 1767230880000, 1767231120000, 1767231120000, 1, 2, x'0b16', 1, 1),
(56, 1, 1767231120000, 1767231360000, 1767231360000, 1, 2, x'0b17', 1, 1),
(57, 1, 1767231360000, 1767231600000, 1767231600000, 1, 2, x'0b18', 1, 1),
(58, 1, 1767231600000, 1767231840000, 1767231840000, 1, 2, x'0b19', 1, 1),
(59, 1, 1767231840000, 1767232080000, 1767232080000, 1, 2, x'0b1a', 1, 1),
(60, 1, 1767232080000, 1767232320000, 1767232320000, 1, 2, x'0b1b', 1, 1),
(61, 1, 1767232320000, 1767232560000, 1767232560000, 1, 2, x'0b1c', 1, 1);
INSERT INTO cell VALUES
(16, 1, x'0010029ec7c0a2db9af89c022d69080f'), (16, 2, x'001002c2e5bd9ac2e5bd9a022d69080f'),
(17, 1, x'001102c2e5bd9ac2e5bd9a022d700810'), (17, 2, x'001102b0848c81a3e08898022d700810'),
(18, 1, x'001202b0848c81a3e08898022d770811'), (18, 2, x'001202a0c393f5bef9d895022d770811'),
(19, 1, x'001302a0c393f5bef9d895022d7e0812'), (19, 2, x'001302a684e4b5a2a0ae93022d7e0812'),
(20, 1, x'001402a684e4b5a2a0ae93022d85010813'), (20, 2, x'001402a2c48891a2c48891022d85010813'),
(21, 1, x'001502a2c48891a2c48891022d8c010814'), (21, 2, x'001502fba3cee6d7d5e78e022d8c010814'),
(22, 1, x'001602fba3cee6d7d5e78e022d93010815'), (22, 2, x'001602d88eedbc9fc5cb8c022d93010815'),
(23, 1, x'001702d88eedbc9fc5cb8c022d9a010816'), (23, 2, x'001702d0a988e89484b48a022d9a010816'),
(24, 1, x'001802d0a988e89484b48a022da1010817'), (24, 2, x'00180284a188c29084a188022da1010817'),
(25, 1, x'00190284a188c29084a188022da8010818'), (25, 2, x'001902fcfed4f1a5b79286022da8010818'),
(26, 1, x'001a02fcfed4f1a5b79286022daf010819'), (26, 2, x'001a02888482c1a0908884022daf010819'),
(27, 1, x'001b02888482c1a0908884022db601081a'), (27, 2, x'001b028282828282828282022db601081a'),
(28, 1, x'001c028282828282828282022dbd01081b'), (28, 2, x'001c02ffffffffffffffff012dbd01081b'),
(29, 1, x'001d02ffffffffffffffff012dc401081c'), (29, 2, x'001d0281fe81fe81fe81fe012dc401081c'),
(30, 1, x'001e0281fe81fe81fe81fe012dcb01081d'), (30, 2, x'001e02f883fec09ff087fc012dcb01081d'),
(31, 1, x'000102dc9e8aae8f85d7c702'), (31, 2, x'000102ddfeece2cae1b7c402'),
(32, 1, x'007802bde2bec6d28194f9232ddf050869'), (32, 2, x'007802ff8af5ba9e97b5ce232ddf050869'),
(33, 1, x'000202ddfeece2cae1b7c4022d070801'), (33, 2, x'00020282858a94a8d0a0c1022d070801'),
(34, 1, x'00030282858a94a8d0a0c1022d0e0802'), (34, 2, x'000302cfc0d4e4f9b291be022d0e0802'),
(35, 1, x'000402cfc0d4e4f9b291be022d150803'), (35, 2, x'000402f6c49db1a7ec89bb022d150803'),
(36, 1, x'000502f6c49db1a7ec89bb022d1c0804'), (36, 2, x'000502f0849c81a7e089b8022d1c0804'),
(37, 1, x'000602f0849c81a7e089b8022d230805'), (37, 2, x'000602a6b0bcabf6f390b5022d230805'),
(38, 1, x'000702a6b0bcabf6f390b5022d2a0806'), (38, 2, x'000702ecaf88ab948d9fb2022d2a0806'),
(39, 1, x'000802ecaf88ab948d9fb2022d310807'), (39, 2, x'00080289da97a1fb92b4af022d310807'),
(40, 1, x'00090289da97a1fb92b4af022d380808'), (40, 2, x'000902f6a796819bedcfac022d380808'),
(41, 1, x'000a02f6a796819bedcfac022d3f0809'), (41, 2, x'000a02c8a789e4d384f2a9022d3f0809'),
(42, 1, x'000b02c8a789e4d384f2a9022d46080a'), (42, 2, x'000b02a1cd9381f1c29aa7022d46080a'),
(43, 1, x'000c02a1cd9381f1c29aa7022d4d080b'), (43, 2, x'000c02c9a492c9a492c9a4022d4d080b'),
(44, 1, x'000d02c9a492c9a492c9a4022d54080c'), (44, 2, x'000d0282defda182defda1022d54080c'),
(45, 1, x'000e0282defda182defda1022d5b080d'), (45, 2, x'000e0288dc8fc1fb91b89f022d5b080d'),
(46, 1, x'000f0288dc8fc1fb91b89f022d62080e'), (46, 2, x'000f029ec7c0a2db9af89c022d62080e'),
(47, 1, x'0010029ec7c0a2db9af89c022d69080f'), (47, 2, x'001002c2e5bd9ac2e5bd9a022d69080f'),
(48, 1, x'00bb0202a4bfaffca8abf3c31d2dbb1008ad02'), (48, 2, x'00bb020287f6f0d7cf8efda41d2dbb1008ad02'),
(49, 1, x'001102c2e5bd9ac2e5bd9a022d700810'), (49, 2, x'001102b0848c81a3e08898022d700810'),
(50, 1, x'001202b0848c81a3e08898022d770811'), (50, 2, x'001202a0c393f5bef9d895022d770811'),
(51, 1, x'001302a0c393f5bef9d895022d7e0812'), (51, 2, x'001302a684e4b5a2a0ae93022d7e0812'),
(52, 1, x'001402a684e4b5a2a0ae93022d85010813'), (52, 2, x'001402a2c48891a2c48891022d85010813'),
(53, 1, x'001502a2c48891a2c48891022d8c010814'), (53, 2, x'001502fba3cee6d7d5e78e022d8c010814'),
(54, 1, x'001602fba3cee6d7d5e78e022d93010815'), (54, 2, x'001602d88eedbc9fc5cb8c022d93010815'),
(55, 1, x'001702d88eedbc9fc5cb8c022d9a010816'), (55, 2, x'001702d0a988e89484b48a022d9a010816'),
(56, 1, x'001802d0a988e89484b48a022da1010817'), (56, 2, x'00180284a188c29084a188022da1010817'),
(57, 1, x'00190284a188c29084a188022da8010818'), (57, 2, x'001902fcfed4f1a5b79286022da8010818'),
(58, 1, x'001a02fcfed4f1a5b79286022daf010819'), (58, 2, x'001a02888482c1a0908884022daf010819'),
(59, 1, x'001b02888482c1a0908884022db601081a'), (59, 2, x'001b028282828282828282022db601081a'),
(60, 1, x'001c028282828282828282022dbd01081b'), (60, 2, x'001c02ffffffffffffffff012dbd01081b'),
(61, 1, x'001d02ffffffffffffffff012dc401081c'), (61, 2, x'001d0281fe81fe81fe81fe012dc401081c');
