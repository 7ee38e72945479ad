# SPDX-License-Identifier: Apache-2.0
#
# all      the programs, in build/bin
# run      measure the five strategies and print the table (KERNEL=6.1|6.12: in a VM; otherwise natively if it can be)
# test     unit tests here, then everything else on real kernels in VMs
# kmod     the kernel module, in build/kmod, and those of the tests: for every cached kernel and the running one, or
#          KERNEL=6.1|6.12|running
# bench    instructions that copyscope adds to a system call, beside other tracers, in a VM; what an interval of the daemon
#          and a report over 24 hours cost, here
# install  into $(DESTDIR)$(PREFIX); INSTALL_STRIP= keeps what debuggers read
# lint     format, shell scripts, includes, dependency arrows, licences
# clean    removes build/ (the kernel cache stays; see tools/kernels)
#
# V=1 shows the commands. PRECOMPILED=no: no precompiled headers; with B=FOLDER beside the build there is. A missing package
# is installed when this runs as root, and named when it does not.

PREFIX ?= /usr/local
INSTALL_STRIP ?= -s
B := build

ifeq ($(V),1)
  Q :=
  msg = @:
else
  Q := @
  msg = @printf '  %-8s %s\n' $(1) $(2)
endif

# -g1: functions and lines in backtraces. Variables and types (-g) cost as much time as -O2 does.
CXXFLAGS ?= -O2 -g1
TEST_CXXFLAGS ?= -O0 -g1
# GCC 12 takes what is inlined of std::string for memcpy out of bounds (GCC bugs 105329, 105651). It does not say so of system
# headers, unless they were precompiled.
FALSE_ALARMS := -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow
# ggc-min-heapsize: a compiler that ends within seconds need not collect its garbage below 1 GiB
LANGUAGE := -std=c++23 -Wall -Wextra -Wpedantic -Werror $(FALSE_ALARMS) --param ggc-min-heapsize=1048576
INCLUDES := -Iuser -Ibpf/include -Ikmod/uapi -isystem $(B)/bpf
LDLIBS := -lbpf -lfmt -lelf -lz -lsqlite3 -lpthread
DAEMON_LDLIBS := -lsystemd -lcap -lmicrohttpd
CLI_LDLIBS := -lncursesw -ltinfo
# -mcpu=v3 (ALU32, JMP32) needs no kernel newer than 5.1
BPFFLAGS := -g -O2 -mcpu=v3 -target bpf -D__TARGET_ARCH_x86 -Wall -Wextra -Wno-unused-parameter -Werror

# make SANITIZE=NAMES B=FOLDER ...: this Makefile with other flags and another folder (tests/sanitizers). What is quick to
# compile, OPTIMIZE=-O1 what is quick to run: that pays from some ten thousand inputs on.
ifdef SANITIZE
  sanitizer := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all
  OPTIMIZE ?= -O0
  override TEST_CXXFLAGS := $(OPTIMIZE) -g1 $(sanitizer)
  override CXXFLAGS := $(TEST_CXXFLAGS) $(if $(findstring address,$(SANITIZE)),-fsanitize-coverage=trace-pc)
  override LDFLAGS := $(sanitizer)
endif

# The floor of the kernels we support gives vmlinux.h; newer ones are reached by CO-RE (bpf/include/compat.bpf.h).
FLOOR_KERNEL := 6.1

BPF_OBJECTS := $(patsubst bpf/%.bpf.c,$(B)/bpf/%.bpf.o,$(wildcard bpf/*.bpf.c))
LIB_OBJECTS := $(patsubst %.cpp,$(B)/%.o,$(filter-out user/cli/% user/daemon/%,$(wildcard user/*/*.cpp)))
CLI_OBJECTS := $(patsubst %.cpp,$(B)/%.o,$(wildcard user/cli/*.cpp))
DAEMON_OBJECTS := $(patsubst %.cpp,$(B)/%.o,$(wildcard user/daemon/*.cpp))
UNIT_OBJECTS := $(patsubst %.cpp,$(B)/%.o,$(wildcard tests/unit/*.cpp))
# Their instructions or times are what they are for, or they compute for longer than it takes to compile them: built as the
# product is.
FAST_OBJECTS := $(patsubst %,$(B)/tests/apps/%.o,pread collector-bench store-bench) \
	$(patsubst %,$(B)/tests/unit/%_test.o,rpc_limits store store_refuse)
WORKLOADS := $(patsubst tests/apps/%.cpp,$(B)/bin/copyscope-%,$(wildcard tests/apps/*.cpp))
.SECONDARY: $(patsubst %.cpp,$(B)/%.o,$(wildcard tests/apps/*.cpp))

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all run test tests unit vm-test bench headers fuzzers kmod install lint clean packages packages-to-run

# The BPF object first: a kernel may have to be downloaded for it, and the compiler works meanwhile.
all: $(B)/bpf/copyscope.skel.h $(B)/bin/copyscope $(B)/bin/copyscoped

run: packages-to-run
	$(Q)$(MAKE) --no-print-directory -j$(shell nproc) all
	$(Q)tools/run

test: packages
	$(Q)$(MAKE) --no-print-directory -j$(shell nproc) all tests kmod
	$(Q)tests/run

tests: $(B)/bin/copyscope-unit $(WORKLOADS) $(B)/tests/kmod/sums.bpf.o

unit: $(B)/bin/copyscope-unit
	$(Q)$<

bench: packages
	$(Q)$(MAKE) --no-print-directory -j$(shell nproc) all $(WORKLOADS) kmod
	$(Q)tools/overhead
	$(Q)$(B)/bin/copyscope-collector-bench $(B)/bpf/copyscope.linked.o
	$(Q)$(B)/bin/copyscope-store-bench
	$(Q)$(B)/bin/copyscope-store-bench --started /dev/shm 1

packages:
	$(Q)tools/install-packages

packages-to-run:
	$(Q)tools/install-packages build vm

# ---- BPF: many small objects, one linked object, one skeleton ----

$(B)/bpf/vmlinux.h:
	$(call msg,BTF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)tools/kernels fetch $(FLOOR_KERNEL)
	$(Q)PATH=$$PATH:/usr/sbin bpftool btf dump file $$(tools/kernels path $(FLOOR_KERNEL))/vmlinux format c > $@

$(B)/bpf/%.bpf.o: bpf/%.bpf.c $(B)/bpf/vmlinux.h
	$(call msg,BPF,$@)
	$(Q)clang $(BPFFLAGS) -I$(B)/bpf -Ibpf/include -MMD -MP -c $< -o $@

$(B)/bpf/copyscope.linked.o: $(BPF_OBJECTS)
	$(call msg,LINK,$@)
	$(Q)PATH=$$PATH:/usr/sbin bpftool gen object $@ $^

$(B)/bpf/copyscope.skel.h: $(B)/bpf/copyscope.linked.o
	$(call msg,SKEL,$@)
	$(Q)PATH=$$PATH:/usr/sbin bpftool gen skeleton $< name copyscope_bpf > $@

# ---- user space ----

$(B)/user/probe/session.o $(B)/user/probe/programs.o: $(B)/bpf/copyscope.skel.h

# GCC takes a precompiled header only from the same compiler with the same flags. They are in its name, so whoever changes
# them gets another one, and objects that fit.
COMPILE := $(CXX) $(CPPFLAGS) $(INCLUDES) $(LANGUAGE)
precompiled = $(B)/precompiled/$(1)-$(firstword $(shell { $(CXX) --version; echo '$(COMPILE) $(2)'; } | cksum)).h
ifneq ($(PRECOMPILED),no)
USER_HEADER := $(call precompiled,user,$(CXXFLAGS))
JSON_HEADER := $(call precompiled,json,$(CXXFLAGS))
UNIT_HEADER := $(call precompiled,unit,$(TEST_CXXFLAGS))
endif

$(USER_HEADER).gch $(JSON_HEADER).gch: FLAGS := $(CXXFLAGS)
$(UNIT_HEADER).gch: FLAGS := $(TEST_CXXFLAGS)
$(B)/precompiled/%.h.gch:
	$(call msg,PCH,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(COMPILE) $(FLAGS) -MD -MP -x c++-header tools/precompiled/$(firstword $(subst -, ,$*)).h -o $@

# $(1): flags, and by -include a precompiled header
define compile
	$(call msg,CXX,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(COMPILE) $(1) -Winvalid-pch -MMD -MP -c $< -o $@
endef

# Those that include the library for JSON. One that is not among them is only slower to compile.
JSON_OBJECTS := $(filter $(B)/user/base/json.o $(B)/user/rpc/% $(B)/user/report/%json.o $(B)/user/report/json_reader.o,$(LIB_OBJECTS)) \
	$(patsubst %,$(B)/user/cli/%.o,diff export history live_source report status top) \
	$(patsubst %,$(B)/user/daemon/%.o,answers loop)

$(JSON_OBJECTS): $(B)/%.o: %.cpp $(JSON_HEADER:=.gch)
	$(call compile,$(CXXFLAGS) $(addprefix -include ,$(JSON_HEADER)))

$(B)/user/%.o: user/%.cpp $(USER_HEADER:=.gch)
	$(call compile,$(CXXFLAGS) $(addprefix -include ,$(USER_HEADER)))

$(B)/tests/unit/%.o: tests/unit/%.cpp $(UNIT_HEADER:=.gch)
	$(call compile,$(TEST_CXXFLAGS) $(addprefix -include ,$(UNIT_HEADER)))

$(FAST_OBJECTS): $(B)/%.o: %.cpp
	$(call compile,$(CXXFLAGS))

# Half of them include little: a precompiled header would cost them more than it saves.
$(B)/tests/apps/%.o: tests/apps/%.cpp
	$(call compile,$(TEST_CXXFLAGS))

# Each header by itself, because a precompiled one hides what it does not include. For tools/lint.
ALONE := $(patsubst %,$(B)/alone/%.ok,$(wildcard user/*/*.h tests/unit/*.h tests/apps/*.h tests/apps/*/*.h tests/fuzz/*.h))
headers: $(ALONE)

$(B)/alone/%.ok: %
	$(call msg,ALONE,$<)
	$(Q)mkdir -p $(@D)
	$(Q)echo '#include "$<"' | $(COMPILE) -I. -fsyntax-only -MMD -MP -MF $(@:.ok=.d) -MT $@ -x c++ - && touch $@

$(B)/libcopyscope.a: $(LIB_OBJECTS)
	$(call msg,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/bin/copyscope: $(CLI_OBJECTS) $(B)/libcopyscope.a
	$(call msg,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) $(LDFLAGS) -o $@ $^ $(CLI_LDLIBS) $(LDLIBS)

$(B)/bin/copyscoped: $(DAEMON_OBJECTS) $(B)/libcopyscope.a
	$(call msg,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) $(LDFLAGS) -o $@ $^ $(DAEMON_LDLIBS) $(LDLIBS)

# Of the daemon all but its main(). What is optimized stands first: of templates that several objects have (JSON), the linker
# takes the first.
$(B)/bin/copyscope-unit: $(filter $(UNIT_OBJECTS),$(FAST_OBJECTS)) $(filter-out %/main.o,$(DAEMON_OBJECTS)) $(B)/user/base/json.o \
		$(filter-out $(FAST_OBJECTS),$(UNIT_OBJECTS)) $(B)/libcopyscope.a
	$(call msg,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) $(LDFLAGS) -o $@ $^ -lgtest -lgtest_main -lgmock $(DAEMON_LDLIBS) $(LDLIBS)

# Small programs with a known answer, for the tests on real kernels.
$(B)/bin/copyscope-%: $(B)/tests/apps/%.o $(B)/libcopyscope.a
	$(call msg,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# ---- fuzzers: what reads what others have made (tests/fuzz) ----

FUZZERS := $(patsubst %,$(B)/bin/copyscope-fuzz-%,recording report config protocol)
# What they need and no more: that they are compiled is most of what they cost.
FUZZED_OBJECTS := $(patsubst %.cpp,$(B)/%.o,$(wildcard user/store/*.cpp)) $(patsubst %,$(B)/user/%.o, \
	base/escape base/json base/time base/units base/users bench/address daemon/config daemon/http_host rpc/conversation rpc/message \
	$(addprefix model/,account breakdown class_row compare counters labels legs strategies tally) \
	$(addprefix report/,breakdown_csv breakdown_json breakdown_text cells compare_json compare_text csv_line interval_csv \
		interval_json json_reader layout losses_json losses_text query_json row_json screen top_columns top_help top_keys \
		top_rows top_screen words))
fuzzers: $(FUZZERS)

$(B)/tests/fuzz/%.o: tests/fuzz/%.cpp
	$(call compile,$(TEST_CXXFLAGS))

$(B)/tests/fuzz/coverage.o: tests/fuzz/coverage.cpp # called for each block of the others
	$(call compile,-O2)

$(B)/libfuzzed.a: $(FUZZED_OBJECTS)
	$(call msg,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/bin/copyscope-fuzz-recording: $(B)/tests/fuzz/recording_file.o
$(FUZZERS): $(B)/bin/copyscope-fuzz-%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/driver.o $(B)/tests/fuzz/coverage.o $(B)/libfuzzed.a
	$(call msg,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) -lfmt -lsqlite3 -lpthread

SERVED_OBJECTS := $(patsubst %.cpp,$(B)/%.o,$(filter-out user/rpc/client.cpp,$(wildcard user/rpc/*.cpp)) user/base/json.cpp)
$(B)/bin/copyscope-fuzz-server: $(B)/tests/fuzz/server.o $(SERVED_OBJECTS)
	$(call msg,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) $(LDFLAGS) -o $@ $^ -lfmt -lpthread

# ---- the kernel module: kbuild knows what is to be done ----

$(B)/tests/kmod/%.bpf.o: tests/kmod/%.bpf.c $(B)/bpf/vmlinux.h
	$(call msg,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)clang $(BPFFLAGS) -I$(B)/bpf -Ibpf/include -MMD -MP -c $< -o $@

kmod:
	$(call msg,KMOD,$(B)/kmod)
	$(Q)$(MAKE) --no-print-directory -s -C kmod $(if $(KERNEL),KERNEL=$(KERNEL))
	$(Q)$(MAKE) --no-print-directory -s -C kmod $(if $(KERNEL),KERNEL=$(KERNEL)) folder=tests/kmod

install: all
	$(call msg,INSTALL,$(DESTDIR)$(PREFIX))
	$(Q)install -D $(INSTALL_STRIP) -m 0755 $(B)/bin/copyscope $(DESTDIR)$(PREFIX)/bin/copyscope
	$(Q)install -D $(INSTALL_STRIP) -m 0755 $(B)/bin/copyscoped $(DESTDIR)$(PREFIX)/sbin/copyscoped
	$(Q)install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	$(Q)sed 's|@PREFIX@|$(PREFIX)|' tools/systemd/copyscoped.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/copyscoped.service
	$(Q)install -m 0644 tools/systemd/copyscoped.socket $(DESTDIR)$(PREFIX)/lib/systemd/system/copyscoped.socket
	$(Q)install -D -m 0644 tools/systemd/copyscope.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/copyscope.conf
	$(Q)install -D -m 0644 tools/systemd/copyscope.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/copyscope.conf
	$(Q)install -D -m 0644 tools/systemd/copyscoped.conf $(DESTDIR)/etc/copyscope/copyscoped.conf
	$(Q)install -D -m 0644 docs/copyscope.1 $(DESTDIR)$(PREFIX)/share/man/man1/copyscope.1
	$(Q)install -D -m 0644 docs/copyscoped.8 $(DESTDIR)$(PREFIX)/share/man/man8/copyscoped.8
	$(Q)install -D -m 0644 docs/copyscoped.conf.5 $(DESTDIR)$(PREFIX)/share/man/man5/copyscoped.conf.5
	$(Q)install -D -m 0644 tools/completion/copyscope.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/copyscope
	$(Q)ln -sf copyscope $(DESTDIR)$(PREFIX)/share/bash-completion/completions/copyscoped
	$(Q)install -D -m 0644 tools/completion/_copyscope $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_copyscope
	$(Q)install -D -m 0644 tools/udev/60-copyscope.rules $(DESTDIR)$(PREFIX)/lib/udev/rules.d/60-copyscope.rules

lint: packages
	$(Q)tools/lint

clean:
	$(Q)rm -rf $(B)

-include $(BPF_OBJECTS:.o=.d) $(B)/tests/kmod/sums.bpf.d $(addsuffix .d,$(USER_HEADER) $(JSON_HEADER) $(UNIT_HEADER))
-include $(LIB_OBJECTS:.o=.d) $(CLI_OBJECTS:.o=.d) $(DAEMON_OBJECTS:.o=.d) $(UNIT_OBJECTS:.o=.d) $(patsubst %.cpp,$(B)/%.d,$(wildcard tests/apps/*.cpp tests/fuzz/*.cpp))
-include $(ALONE:.ok=.d)
