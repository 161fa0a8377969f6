# The compiler runs on the build machine's architecture, whatever the image's is: Go
# cross-compiles, so no architecture needs an emulator. The digest is that of the index, which
# has every build machine's architecture; dependabot moves it together with the tag.
FROM --platform=$BUILDPLATFORM golang:1.26.8@sha256:3c3e25a4da13fd0478eed2df1eb35a0e667094a7124d3993a6a1d30f71c17e79 AS build
WORKDIR /src

# The modules have their own layer, because they change less often than the source.
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download

COPY cmd cmd
COPY internal internal
ARG TARGETOS
ARG TARGETARCH
# v7 for 32-bit ARM. Other architectures have variants too, which are no values of GOARM.
ARG TARGETVARIANT
ARG VERSION=devel
ARG REVISION=unknown
# Without HTTP/2, which no port offers: half a megabyte less. Without inlining in protobuf, which
# only /metrics uses: 0.13 MB less.
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    if [ "$TARGETARCH" = arm ]; then export GOARM="${TARGETVARIANT#v}"; fi && \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -tags nethttpomithttp2 -gcflags google.golang.org/protobuf/...=-l -ldflags "-s -w -X main.stamped=$VERSION -X main.revision=$REVISION" -o /out/echosvc ./cmd/echosvc

# Nothing but the binary: no shell, no libc and no certificates. The probe has Mozilla's roots built in.
FROM scratch
ARG VERSION=devel
ARG REVISION=unknown
LABEL org.opencontainers.image.title="echosvc" \
      org.opencontainers.image.description="A faithful WebSocket echo server" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /out/echosvc /echosvc

# A number, because Kubernetes' runAsNonRoot cannot resolve a name, and the image has no passwd file.
USER 65532:65532
# The defaults of PORT and HEALTH_PORT, above 1024 so that they need no privileges.
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
# It uses the container's own environment to find the health port, or PORT if the health port is off.
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s --retries=3 CMD ["/echosvc", "healthcheck"]
ENTRYPOINT ["/echosvc"]
