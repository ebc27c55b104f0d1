# ashlar: one non-recursive Makefile. `make help` lists the targets.
# SAN=1 builds under AddressSanitizer and UBSan (in build/san); CI=true turns warnings into errors.

BUILD   := build$(if $(SAN),/san)
PREFIX  ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0

PKGS     := gio-2.0 gio-unix-2.0 libarchive libzstd libdeflate yaml-0.1 jansson libcurl libcrypto libsolv
CC       ?= cc
CSTD     := -std=c17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DASHLAR_VERSION='"$(VERSION)"' -I.
WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wundef \
            -Wpointer-arith -Wvla -Wno-unused-parameter $(if $(CI),-Werror)
ifdef SAN
OPT      := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LINK     := -fsanitize=address,undefined
else
OPT      := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
LINK     := -pie -Wl,-z,relro
endif
# -isystem: warnings are for our code, not for the libraries' headers
PKG_C    := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PKGS)))
PKG_L    := -Wl,--as-needed $(shell pkg-config --libs $(PKGS)) -lpthread
ALL_C     = $(CSTD) $(WARN) $(OPT) $(PKG_C) $(CFLAGS)

SRC      := $(wildcard signing/*.c rootfs/*.c builder/*.c builder/*/*.c builder/*/*/*.c)
OBJ      := $(SRC:%.c=$(BUILD)/%.o)
LIB_OBJ  := $(filter-out $(BUILD)/builder/main.o,$(OBJ))
UNIT_SRC := $(wildcard tests/unit/test-*.c)
UNIT     := $(UNIT_SRC:%.c=$(BUILD)/%)
BATS     := $(wildcard tests/cli/*.bats tests/interop/*.bats)
JOBS     ?= $(shell nproc)

.DELETE_ON_ERROR:
.PHONY: all demo test check lint format bench install clean help

all: $(BUILD)/ashlar ## build the program (build/ashlar)

$(BUILD)/ashlar: $(BUILD)/builder/main.o $(BUILD)/libashlar.a
	$(CC) $(LINK) $(LDFLAGS) -o $@ $^ $(PKG_L)

$(BUILD)/libashlar.a: $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_C) -MMD -MP -c -o $@ $<

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/libashlar.a
	$(CC) $(LINK) $(LDFLAGS) -o $@ $^ $(PKG_L)

.PRECIOUS: $(BUILD)/tests/unit/%.o
units: $(UNIT)

check: all units ## unit tests only (SAN=1 for sanitizers)
	BUILD=$(BUILD) prove -j$(JOBS) -e tests/run $(UNIT)

clean: ## remove everything that was built
	rm -rf build

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

-include $(OBJ:.o=.d) $(UNIT:=.d)
