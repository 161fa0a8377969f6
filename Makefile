# The checks that a change has to pass. .ci/run and .github/workflows/ci.yml run these targets and
# have no checks of their own.
CHECKS := tidy vet lint nolibs test purego race cover allocs fuzz bench-test e2e

SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help build run check list vuln image snapshot release scan bench hostile soak $(CHECKS)

GOLANGCI_LINT := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
ACTIONLINT := go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
# The last version before a dependency that the module proxy does not have.
GORELEASER := go run github.com/goreleaser/goreleaser/v2@v2.15.2
GRYPE := go run github.com/anchore/grype/cmd/grype@v0.121.3
GOVULNCHECK := go run golang.org/x/vuln/cmd/govulncheck@v1.9.0

# The packages without I/O: their tests run every statement, and their loops allocate nothing.
PURE := ./internal/wsproto ./internal/inflate

# How long each fuzz target runs.
FUZZTIME ?= 10s

help: ## print this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r target text; do printf '%-11s %s\n' "$$target" "$$text"; done

build: ## compile echosvc to bin/echosvc
	go build -o bin/echosvc ./cmd/echosvc

run: ## serve on port 8080, configured by the environment
	go run ./cmd/echosvc

# Without vuln, whose result depends on the day, and without what needs Docker.
check: $(CHECKS) ## every check, from tidy to e2e

list:
	@printf '%s\n' $(CHECKS)

tidy: ## check that gofmt and go mod tidy have nothing to change
	@unformatted=$$(gofmt -l .) && if [ -n "$$unformatted" ]; then printf 'gofmt would change:\n%s\n' "$$unformatted"; exit 1; fi
	go mod tidy -diff
	go -C e2e mod tidy -diff
	go -C bench mod tidy -diff

vet: ## go vet, for each system, for arm64 (assembly) and for 386 (an int of 32 bits)
	go vet ./...
	GOOS=darwin go vet ./...
	GOOS=windows go vet ./...
	GOARCH=arm64 go vet ./...
	GOARCH=386 go vet ./...
	go -C e2e vet ./...
	go -C bench vet ./...

lint: ## golangci-lint, actionlint, yamllint, shellcheck, and ci.yml runs every check
	$(GOLANGCI_LINT) run ./...
	cd e2e && $(GOLANGCI_LINT) run ./...
	cd bench && $(GOLANGCI_LINT) run ./...
	$(ACTIONLINT)
	$(call if-installed,yamllint,--strict .)
	$(call if-installed,shellcheck,.ci/run dist/systemd/*.sh e2e/engine/run e2e/vm/* hack/*)
	@for target in $(CHECKS); do \
		grep -qE "make( .*)? $$target( |$$)" .github/workflows/ci.yml || { echo "ci.yml does not run make $$target"; exit 1; }; \
	done

# Linters that are not written in Go. .ci/run and ci.yml install them.
if-installed = @if type $(1) >/dev/null 2>&1; then echo $(1) $(2); $(1) $(2); else echo "skipped: $(1) is not installed"; fi

nolibs: ## check that the server links no WebSocket library and no templates, and that only the probe imports such a library
	hack/nolibs

test: ## run all tests of the service
	go test ./...

purego: ## test the packages without I/O again, without assembly
	go test -tags purego $(PURE)

race: ## run all tests of the service with the race detector and a release's build tag, in random order
	go test -race -tags nethttpomithttp2 -shuffle on ./...

cover: ## check that statement coverage of the packages without I/O is 100 %
	hack/cover $(PURE)

allocs: ## check that decoding, inflating, echo and reads allocate nothing
	hack/allocs $(PURE) ./internal/wsconn

fuzz: ## run every fuzz target for 10s; make fuzz FUZZTIME=3m for longer
	hack/fuzz $(FUZZTIME)

# RACE=-race adds the race detector, and three minutes on two cores.
bench-test: ## check that every server of the comparison answers correctly, at any speed
	go -C bench test $(RACE) -shuffle on ./...

# -count=1, because the go command does not see changes outside of e2e/, such as in k8s/.
e2e: ## test end to end: browser, page, proxies, rollout, manifests; skips what needs a missing program
	go -C e2e test $(RACE) -count=1 -shuffle on -timeout 30m -skip '^TestImage$$' -v ./...

image: ## build the image and check what it promises; needs a Docker engine
	ECHOSVC_DOCKER=$${ECHOSVC_DOCKER:-docker} go -C e2e test -count=1 -timeout 20m -run '^TestImage$$' -v .

snapshot: ## build the files of a release in bin/release, and publish nothing
	hack/manifests ghcr.io/echosvc/echosvc sha256:$$(printf '%064d' 0)
	$(GORELEASER) release --snapshot --clean --skip=sign

# Run hack/manifests first. Needs GITHUB_TOKEN, IMAGE and cosign.
release: ## build, sign and publish the files of the tagged release, in release.yml
	$(GORELEASER) release --clean

vuln: ## look for known vulnerabilities in the Go team's database
	$(GOVULNCHECK) ./...

scan: ## look for known vulnerabilities in an image: make scan IMAGE=echosvc
	mkdir -p bin
	$(GRYPE) docker:$(IMAGE) --output table --output sarif=bin/scan.sarif --fail-on medium

bench: ## compare with other servers and the bare kernel: Linux, two cores, about twenty minutes
	go -C bench run . -svg results.svg

hostile: ## attack the binary while good clients use it, with each driver and wss: Linux, 45 minutes
	go -C e2e run ./hostile

soak: ## a mix of all attacks for ten minutes
	go -C e2e run ./hostile -soak 10m
