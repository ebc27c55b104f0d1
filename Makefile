# ashlar: one non-recursive Makefile. `make help` lists the targets.
# SAN=1 builds under AddressSanitizer and UBSan (in build/san); CI=true turns warnings into errors;
# V=1 shows the commands. FUZZ=1, with clang, links the fuzz targets with libFuzzer (in build/fuzz): see `make fuzz`.

MAKEFLAGS += --no-print-directory
BUILD   := build$(if $(FUZZ),/fuzz,$(if $(SAN),/san))
PREFIX  ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0
say      = $(if $(V),,@printf '  %-4s %s\n' $(1) $@;)
# the same for what is no file's recipe, and has all files for its arguments
tell     = $(if $(V),,@printf '  %s\n' '$(1)';)

PKGS     := gio-2.0 gio-unix-2.0 libarchive libzstd libdeflate yaml-0.1 jansson libcurl libcrypto libsolv libelf
CC       ?= cc
FUZZ_CC  ?= clang
CSTD     := -std=c17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DASHLAR_VERSION='"$(VERSION)"' -I.
WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wundef \
            -Wpointer-arith -Wvla -Wno-unused-parameter $(if $(CI),-Werror)
ifdef FUZZ
OPT      := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LINK     := -fsanitize=fuzzer,address,undefined
else ifdef SAN
OPT      := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LINK     := -fsanitize=address,undefined
else
OPT      := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
LINK     := -pie -Wl,-z,relro
endif
# -isystem: warnings are for our code, not for the libraries' headers. Asked for once, when first used: `make demo` and
# `make test` begin on machines that have neither the libraries nor pkg-config.
ask       = $(if $(shell pkg-config --exists $(PKGS) && echo yes),$(shell pkg-config $(1) $(PKGS)),$(error \
            libraries are missing: run scripts/bootstrap))
PKG_C     = $(eval PKG_C := $(patsubst -I%,-isystem %,$(call ask,--cflags)))$(PKG_C)
PKG_L     = $(eval PKG_L := -Wl,--as-needed $(call ask,--libs) -lpthread)$(PKG_L)
ALL_C     = $(CSTD) $(WARN) $(OPT) $(PKG_C) $(CFLAGS)

# without what only has opinions (types as macros' arguments among them), and without what GLib's ownership and macros are
# foreign to (leaks are LeakSanitizer's part)
TIDY     := -*,bugprone-*,clang-analyzer-*,-bugprone-easily-swappable-parameters,-bugprone-reserved-identifier,$\
            -bugprone-narrowing-conversions,-bugprone-assignment-in-if-condition,-bugprone-sizeof-expression,$\
            -bugprone-implicit-widening-of-multiplication-result,-bugprone-not-null-terminated-result,$\
            -bugprone-macro-parentheses,-clang-analyzer-unix.Malloc,-clang-analyzer-security.insecureAPI.*,-clang-analyzer-optin.performance.Padding
# GLib's assertions of tests are never compiled out: what is called or counted in them is
# fine (and NULL is a pointer wherever this builds)
CPPCHECK := --quiet --error-exitcode=1 --inline-suppr --enable=warning,performance,portability --library=gtk \
            --suppress=missingIncludeSystem --suppress=memleak '--suppress=assertWithSideEffect:tests/*' \
            '--suppress=assignmentInAssert:tests/*' --suppress=varFuncNullUB '-DG_DEFINE_QUARK(a,b)=' \
            '-Djson_array_foreach(a,i,v)=while ((i = json_next(a)) && (v = json_array_get(a, i)))' \
            '-Djson_object_foreach(o,k,v)=while ((k = json_next(o)) && (v = json_object_get(o, k)))'

SRC      := $(wildcard signing/*.c rootfs/*.c builder/*.c builder/*/*.c builder/*/*/*.c)
OBJ      := $(SRC:%.c=$(BUILD)/%.o)
LIB_OBJ  := $(filter-out $(BUILD)/builder/main.o,$(OBJ))
UNIT_SRC := $(wildcard tests/unit/test-*.c)
UNIT     := $(UNIT_SRC:%.c=$(BUILD)/%)
BENCH    := $(addprefix $(BUILD)/tests/bench/,splice floor generate usage)
UNIT_OBJ := $(UNIT:=.o)
# each fuzz target beside what replays its corpus
REPLAY   := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz-*.c))
PRELOAD  := $(patsubst %.c,$(BUILD)/%.so,$(wildcard tests/faults/*.c))
# the longest first, so that no core waits for the last of them
BATS     := $(if $(SAN),,$(wildcard tests/interop/*.bats)) $(wildcard tests/faults/*.bats) $(wildcard tests/cli/*.bats)
JOBS     ?= $(shell nproc)
C_FILES   = $(SRC) $(UNIT_SRC) $(wildcard tests/bench/*.c tests/fuzz/*.[ch]) $(wildcard signing/*.h rootfs/*.h builder/*.h builder/*/*.h builder/*/*/*.h)
LINT_C    = $(SRC) $(wildcard tests/*/*.c)
SCRIPTS   = $(shell grep -lE "^\#!/bin/(ba)?sh" .ci/* scripts/* scripts/ci/* tests/run tests/*/* 2>/dev/null) $(wildcard tests/*/*.bash)
PROVE     = BUILD=$(BUILD) ASHLAR=$(CURDIR)/$(BUILD)/ashlar prove -j$(JOBS) --timer -e tests/run

.DELETE_ON_ERROR:
.SECONDARY: $(UNIT_OBJ) $(BENCH:=.o) $(REPLAY:=.o)
.PHONY: all units replays demo test suite check fuzz judges lint style tidy format bench scale faults soak install uninstall clean help

all: $(BUILD)/ashlar ## build the program (build/ashlar)

$(BUILD)/ashlar: $(BUILD)/builder/main.o $(BUILD)/libashlar.a
	$(call say,LINK)$(CC) $(LINK) $(LDFLAGS) -o $@ $^ $(PKG_L)

$(BUILD)/libashlar.a: $(LIB_OBJ)
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(ALL_C) -MMD -MP -c -o $@ $<

# which the assembler reads, and the compiler does not know of
$(BUILD)/builder/look/report_assets.o: builder/look/report.css builder/look/report.js

$(UNIT) $(BENCH): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/libashlar.a
	$(call say,LINK)$(CC) $(LINK) $(LDFLAGS) -o $@ $^ $(PKG_L)

# never under a sanitizer itself
$(PRELOAD): $(BUILD)/%.so: %.c Makefile
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) -std=c17 -D_GNU_SOURCE $(WARN) -O2 -fPIC -shared -o $@ $<

units: $(UNIT) $(PRELOAD) $(REPLAY:=.o)

$(REPLAY): %: %.o $(if $(FUZZ),,$(BUILD)/tests/fuzz/replay.o) $(BUILD)/libashlar.a
	$(call say,LINK)$(CC) $(LINK) $(LDFLAGS) -o $@ $^ $(PKG_L)

replays: $(REPLAY)

demo: ## from nothing: install what is missing, build, sign and verify the example
	scripts/bootstrap
	$(MAKE) all
	scripts/demo $(BUILD)

test: ## from nothing: install what is missing, build, run every test (SAN=1: under sanitizers)
	scripts/bootstrap --judges
	$(MAKE) suite

suite: all units replays ## every test, installing nothing
	$(call tell,prove)$(PROVE) $(BATS) $(UNIT) $(REPLAY)

check: all units replays ## unit tests and fuzz corpora only (SAN=1: under sanitizers)
	$(call tell,prove)$(PROVE) $(UNIT) $(REPLAY)

fuzz: ## fuzz each reader of foreign bytes for a minute (FUZZ_SECONDS=60, TARGETS="lock deb": only these)
	scripts/bootstrap --fuzz
	$(MAKE) FUZZ=1 CC="$(FUZZ_CC)" replays
	tests/fuzz/run $(TARGETS)

judges: ## install other people's programs that the tests use
	scripts/bootstrap --judges

lint: style tidy ## all static checks

# SC2154: tests/lib/common.bash sets $out and $err
style: ## the static checks that CI makes: formatting, cppcheck, gcc's analyzer, shell scripts, direction of includes
	scripts/bootstrap --lint
	scripts/check-layers
	$(call tell,clang-format)clang-format --dry-run -Werror $(C_FILES)
	$(call tell,shellcheck)shellcheck -x --exclude=SC2154 $(SCRIPTS)
	$(call tell,cppcheck)cppcheck -j$(JOBS) $(CPPCHECK) -I. $(LINT_C)
	$(call tell,gcc -fanalyzer)printf '%s\n' $(LINT_C) | xargs -P$(JOBS) -I{} gcc $(CSTD) $(PKG_C) -O2 -fanalyzer -Werror -S -o /dev/null {}

tidy: SHELL = /bin/bash
tidy: .SHELLFLAGS = -o pipefail -c
tidy: ## clang-tidy, which takes as long as all the others together
	scripts/bootstrap --lint
	$(call tell,clang-tidy)printf '%s\n' $(LINT_C) | xargs -P$(JOBS) -I{} clang-tidy --quiet --warnings-as-errors='*' \
	  --checks='$(TIDY)' {} -- $(CSTD) $(PKG_C) 2>&1 | sed '/^[0-9]* warnings\? generated\.$$/d'

format: ## lay the C files out as .clang-format says
	scripts/bootstrap --lint
	clang-format -i $(C_FILES)

bench: all $(BENCH) ## time ashlar beside mmdebstrap, buildah and umoci
	scripts/bootstrap --judges
	tests/bench/run $(CURDIR)/$(BUILD)/ashlar
	tests/bench/programs $(CURDIR)/$(BUILD)/ashlar

faults: all units ## every call that touches a file fails, and is the last, in turn (make test: some of each kind)
	$(call tell,prove)FULL=1 $(PROVE) tests/faults/calls.bats tests/faults/kills.bats

# SOAK="--seconds 60 --seed 7" says how long and with which choices
soak: all ## an hour of random builds, kills, gc and corruptions; counts wrong outputs
	tests/soak/run $(CURDIR)/$(BUILD)/ashlar $(SOAK)

scale: all $(BENCH) ## costs as images grow: 5000 packages, 10^6 files, 4 GB (half an hour)
	scripts/bootstrap --judges
	tests/bench/scale $(CURDIR)/$(BUILD)/ashlar

# where the shells look, below share/; the first word is the shell's name
COMPLETIONS := bash-completion/completions/ashlar zsh/site-functions/_ashlar fish/vendor_completions.d/ashlar.fish

install: all ## into $(DESTDIR)$(PREFIX)
	install -D -m755 $(BUILD)/ashlar $(DESTDIR)$(PREFIX)/bin/ashlar
	install -D -m755 scripts/ci/ashlar-ci $(DESTDIR)$(PREFIX)/bin/ashlar-ci
	rm -rf $(BUILD)/share
	mkdir -p $(addprefix $(BUILD)/share/,$(dir $(COMPLETIONS)) man/man5)
	$(BUILD)/ashlar manual --output $(BUILD)/share/man/man1
	mv $(BUILD)/share/man/man1/*.5 $(BUILD)/share/man/man5
	$(foreach file,$(COMPLETIONS),$(BUILD)/ashlar completion $(firstword $(subst -, ,$(subst /, ,$(file)))) \
	  > $(BUILD)/share/$(file) &&) :
	cd $(BUILD)/share && find . -type f -exec install -D -m644 {} $(abspath $(DESTDIR)$(PREFIX)/share)/{} \;
	install -D -m644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/ashlar/LICENSE

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/ashlar $(DESTDIR)$(PREFIX)/bin/ashlar-ci $(DESTDIR)$(PREFIX)/share/man/man5/ashlar-recipe.5 \
	  $(DESTDIR)$(PREFIX)/share/man/man1/ashlar.1 $(DESTDIR)$(PREFIX)/share/man/man1/ashlar-*.1 \
	  $(addprefix $(DESTDIR)$(PREFIX)/share/,$(COMPLETIONS))
	rm -rf $(DESTDIR)$(PREFIX)/share/doc/ashlar

clean: ## remove everything that was built
	rm -rf build

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

-include $(OBJ:.o=.d) $(UNIT:=.d) $(BENCH:=.d) $(REPLAY:=.d)
