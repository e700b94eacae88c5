# Everything that is done with this repository; `make help` lists it. Paths are relative or quoted, because the name of
# the folder may hold spaces.

SWIFT ?= swift
PYTHON ?= /usr/bin/python3
BINARY := .build/release/echod
SOURCES := Package.swift Sources Tests Benchmarks/Package.swift

# The build needs the first list, the tests also the second.
BUILD_PACKAGES := libmicrohttpd-dev
TEST_PACKAGES := git python3 ncat socat curl python3-pytest strace iproute2
# Chromium for the dashboard, promtool and Prometheus for the metrics, mandoc for the manual pages, shells for their
# completions. What else the judges need comes from PyPI.
JUDGE_PACKAGES := python3-venv chromium fonts-dejavu-core prometheus haproxy mandoc zsh fish

# The ThreadSanitizer build is also the strict one: a warning is an error, and so is an undeclared import.
STRICT := -Xswiftc -warnings-as-errors --explicit-target-dependency-import-check error

# XCTest itself leaks under AddressSanitizer, and no test uses it.
UNIT_TESTS := $(SWIFT) test --disable-xctest
export ECHOD_BINARY := $(CURDIR)/$(BINARY)
ACCEPTANCE := $(PYTHON) -m pytest -p no:cacheprovider
JUDGES := .build-venv
JUDGEMENT := $(JUDGES)/bin/python -m pytest -p no:cacheprovider Tests/Judges

# Runs a command under a title and prints how long it took. Its status is that of the command.
step = @begin=$$(date +%s); printf '\n== %s\n' "$(1)"; $(2); status=$$?; \
	printf '== %s: %s, %d s\n' "$(1)" "$$([ $$status = 0 ] && echo ok || echo FAILED)" \
	"$$(($$(date +%s) - begin))"; exit $$status

.PHONY: help run build test check judges prove bench format man deps deps-build deps-judges
.PHONY: echo-load build-step unit-step acceptance-step judges-step format-step citations-step thread-step address-step
.PHONY: prove-step

help:
	@echo 'make run      build echod and serve on 127.0.0.1:8888, admin on :8889; Ctrl-C drains'
	@echo 'make build    build the release binary, $(BINARY)'
	@echo 'make test     run the unit tests, then the acceptance tests against the binary'
	@echo 'make judges   let other programs judge echod: Chromium, promtool, Prometheus, schemathesis'
	@echo 'make check    everything CI runs: format, citations, test, judges, ThreadSanitizer, AddressSanitizer'
	@echo 'make prove    run the acceptance tests at full length; CORPUS=FOLDER also replays a fuzzing corpus'
	@echo 'make bench    run the benchmarks'
	@echo 'make format   format the sources in place'
	@echo 'make man      write the manual pages in docs/man from the options of echod'
	@echo 'make deps     install missing packages through apt'

# exec, so that Ctrl-C reaches echod and not a shell. Make has its own exit codes: for those of echod, run the binary.
run: build
	@exec $(BINARY)

build: deps-build
	@$(SWIFT) build -c release --product echod

# One after the other, also under -j: two builds at once would compete for the lock and the CPUs.
test: deps
	@$(MAKE) --no-print-directory build-step
	@$(MAKE) --no-print-directory unit-step
	@$(MAKE) --no-print-directory acceptance-step

check: deps deps-judges
	@$(MAKE) --no-print-directory format-step citations-step
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
	@$(MAKE) -C Benchmarks

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
	$(call step,fuzzing corpus of libmicrohttpd,$(PYTHON) Tests/Acceptance/support/replay_corpus.py "$(CORPUS)")
endif

# The client that opens very many connections, in C: it builds in a second.
echo-load:
	@$(SWIFT) build --quiet -c release --package-path Benchmarks --product echo-load

format-step:
	$(call step,format,$(SWIFT) format lint --strict --parallel --recursive $(SOURCES))

citations-step:
	$(call step,citations,$(PYTHON) Tests/check_citations.py)

thread-step:
	$(call step,warnings as errors and ThreadSanitizer,\
	$(UNIT_TESTS) --sanitize thread --scratch-path .build-tsan $(STRICT))

# lld, because gold warns about each of the sanitizer's 140 local symbols.
address-step:
	$(call step,AddressSanitizer and leaks,\
	ASAN_OPTIONS=detect_leaks=1 $(UNIT_TESTS) --sanitize address --scratch-path .build-asan -Xswiftc -use-ld=lld)

# Prints nothing when every package is installed. $(1): packages.
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

# The stamp is as new as the list of packages that was installed.
deps-judges: deps
	$(call install,$(JUDGE_PACKAGES))
	@$(MAKE) --no-print-directory -s $(JUDGES)/installed

$(JUDGES)/installed: Tests/Judges/requirements.txt
	@/usr/bin/python3 -m venv $(JUDGES) && $(JUDGES)/bin/python -m pip install --quiet --disable-pip-version-check -r $< && touch $@
