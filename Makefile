# What one does with this repository; `make help` lists it.

SWIFT ?= swift
PYTHON ?= /usr/bin/python3
BINARY := .build/release/echod
SOURCES := Package.swift Sources Tests $(wildcard Benchmarks/Package.swift Benchmarks/Sources)

# Quick to build, needed by all; the rest only by tests.
BUILD_PACKAGES := libmicrohttpd-dev
TEST_PACKAGES := git python3 ncat socat curl python3-pytest strace iproute2
# Chromium for the dashboard, promtool and Prometheus for the metrics, mandoc for the manual pages, shells for their
# completions; the rest is PyPI's.
JUDGE_PACKAGES := python3-venv chromium fonts-dejavu-core prometheus haproxy mandoc zsh fish

# One sanitised build serves as the strict one: every warning of ours is an error there, and every import is declared.
STRICT := -Xswiftc -warnings-as-errors --explicit-target-dependency-import-check error

# XCTest itself leaks under AddressSanitizer, and there is no XCTest here.
UNIT_TESTS := $(SWIFT) test --disable-xctest
export ECHOD_BINARY := $(abspath $(BINARY))
ACCEPTANCE := $(PYTHON) -m pytest -p no:cacheprovider
JUDGES := .build-venv
JUDGEMENT := $(JUDGES)/bin/python -m pytest -p no:cacheprovider Tests/Judges

# Runs a command under a title and says how long it took; its status is the command's.
step = @begin=$$(date +%s); printf '\n== %s\n' "$(1)"; $(2); status=$$?; \
	printf '== %s: %s, %d s\n' "$(1)" "$$([ $$status = 0 ] && echo ok || echo FAILED)" \
	"$$(($$(date +%s) - begin))"; exit $$status

.PHONY: help run build test check judges prove bench format man deps deps-build deps-judges
.PHONY: echo-load build-step unit-step acceptance-step judges-step format-step thread-step address-step prove-step

help:
	@echo 'make run      build echod and serve on 127.0.0.1:8888 (admin on :8889); Ctrl-C drains'
	@echo 'make build    the release binary, $(BINARY)'
	@echo 'make test     unit tests, then acceptance tests against the binary'
	@echo 'make judges   what others say of it: Chromium, promtool, Prometheus, schemathesis'
	@echo 'make check    test, judges, and the format, warnings, ThreadSanitizer, AddressSanitizer: what CI runs'
	@echo 'make prove    the acceptance tests in full length (ECHOD_FULL=1); CORPUS=FOLDER: replays that, too'
	@echo 'make bench    the benchmarks'
	@echo 'make format   formats the sources in place'
	@echo 'make man      makes the manual pages in docs/man anew, from what echod says of its options'
	@echo 'make deps     installs what is missing, through apt'

# exec, so that Ctrl-C reaches echod and no shell in between. Make has exit codes of its own: for echod's, run the binary.
run: build
	@exec $(BINARY)

build: deps-build
	@$(SWIFT) build -c release --product echod

# One after the other, also under -j: two builds at once would only fight for the lock and the CPUs.
test: deps
	@$(MAKE) --no-print-directory build-step
	@$(MAKE) --no-print-directory unit-step
	@$(MAKE) --no-print-directory acceptance-step

check: deps deps-judges
	@$(MAKE) --no-print-directory format-step
	@$(MAKE) --no-print-directory test
	@$(MAKE) --no-print-directory judges-step
	@$(MAKE) --no-print-directory thread-step
	@$(MAKE) --no-print-directory address-step

judges: deps deps-judges
	@$(MAKE) --no-print-directory build-step
	@$(MAKE) --no-print-directory judges-step

prove: deps deps-judges
	@$(MAKE) --no-print-directory build-step
	@$(MAKE) --no-print-directory prove-step

bench: build
	@if [ -e Benchmarks/Makefile ]; then $(MAKE) -C Benchmarks; \
	else echo 'no benchmarks yet'; fi

format:
	@$(SWIFT) format --in-place --parallel --recursive $(SOURCES)

man: build
	@$(PYTHON) docs/man/make.py $(BINARY)

build-step:
	$(call step,release build,$(SWIFT) build -c release --product echod)

unit-step:
	$(call step,unit tests,$(UNIT_TESTS))

acceptance-step: echo-load
	$(call step,acceptance tests,Tests/Acceptance/in-parts $(ACCEPTANCE))

judges-step: echo-load
	$(call step,judges,$(JUDGEMENT))

prove-step: echo-load
	$(call step,acceptance tests in full,ECHOD_FULL=1 $(ACCEPTANCE) Tests/Acceptance)
	$(call step,judges in full,ECHOD_FULL=1 $(JUDGEMENT))
ifdef CORPUS
	$(call step,fuzzing corpus of libmicrohttpd,$(PYTHON) Tests/Acceptance/replay_corpus.py $(CORPUS))
endif

# The client of very many connections, in C: a second to build.
echo-load:
	@$(SWIFT) build --quiet -c release --package-path Benchmarks --product echo-load

format-step:
	$(call step,format,$(SWIFT) format lint --strict --parallel --recursive $(SOURCES))

thread-step:
	$(call step,warnings as errors and ThreadSanitizer,\
	$(UNIT_TESTS) --sanitize thread --scratch-path .build-tsan $(STRICT))

# lld, because gold warns of each of the sanitizer's 140 local symbols.
address-step:
	$(call step,AddressSanitizer and leaks,\
	ASAN_OPTIONS=detect_leaks=1 $(UNIT_TESTS) --sanitize address --scratch-path .build-asan -Xswiftc -use-ld=lld)

# Quiet when everything is there. $(1): packages.
install = @missing=''; for package in $(1); do \
	dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null | grep -qx installed \
	|| missing="$$missing $$package"; done; \
	[ -z "$$missing" ] && exit 0; \
	command -v apt-get >/dev/null || { echo "install these, as your system names them:$$missing" >&2; exit 1; }; \
	sudo=''; [ "$$(id -u)" = 0 ] || sudo=sudo; echo "installing$$missing"; \
	$$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	$$sudo apt-get install -qq -y --no-install-recommends $$missing </dev/null >/dev/null

deps: deps-build
	$(call install,$(TEST_PACKAGES))

deps-build:
	$(call install,$(BUILD_PACKAGES))

# The stamp is as new as the list it was made from.
deps-judges: deps
	$(call install,$(JUDGE_PACKAGES))
	@$(MAKE) --no-print-directory -s $(JUDGES)/installed

$(JUDGES)/installed: Tests/Judges/requirements.txt
	@/usr/bin/python3 -m venv $(JUDGES) && $(JUDGES)/bin/pip install --quiet --disable-pip-version-check -r $< && touch $@
