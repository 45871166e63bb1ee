# SPDX-License-Identifier: BSD-3-Clause
# A thin front for meson: each target is complete by itself on a fresh Debian 12.
BUILD ?= build
PREFIX ?= /usr
CONF ?= conf/demo.conf

.PHONY: help setup build demo test test-cs89x0 bench run install fmt fuzz clean

help:
	@echo 'make build     install what is missing, build into $(BUILD)/'
	@echo 'make demo      two hosts and a skiff router between them: traffic and a report'
	@echo 'make test      all tests: gcc and clang, sanitizers, network namespaces, fuzz corpora'
	@echo 'make test-cs89x0  our CS8900A model driven by Linux'"'"'s own driver, which is fetched'
	@echo 'make bench     benchmarks beside their peers: table, JSON and SVG in $(BUILD)/bench-results'
	@echo 'make run       start skiffd in the foreground: make run CONF=FILE'
	@echo 'make install   install into PREFIX (now $(PREFIX)), with the systemd unit; DESTDIR is honoured'
	@echo 'make fuzz      fuzz each parser for FUZZ_SECONDS (60)'
	@echo 'make fmt       format the sources'
	@echo 'make clean     remove the build folders'

setup:
	@scripts/setup

$(BUILD)/build.ninja:
	@scripts/setup
	meson setup $(BUILD) --prefix $(PREFIX)

build: setup $(BUILD)/build.ninja
	@ninja -C $(BUILD)

demo: build
	@scripts/demo $(BUILD)

test: setup
	@scripts/test

test-cs89x0:
	@mkdir -p $(BUILD)
	@scripts/test_cs89x0 $(BUILD) || [ $$? -eq 77 ]

bench: build
	@scripts/bench $(BUILD)

run: build
	$(BUILD)/ctrlplane/skiffd -c $(CONF)

install: build
	meson install -C $(BUILD) --no-rebuild

fuzz: setup
	@scripts/test fuzz

fmt:
	@git ls-files '*.c' '*.h' '*.cc' | xargs clang-format -i

clean:
	rm -rf build build-asan build-tsan
