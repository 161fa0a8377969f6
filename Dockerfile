# The compiler runs on the machine that builds, whatever the image is for: Go
# cross-compiles, and no emulator is needed for arm64.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src

# The modules are a layer of their own: they change less often than the source.
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download

COPY cmd cmd
COPY internal internal
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=devel
ARG REVISION=unknown
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w -X main.stamped=$VERSION -X main.revision=$REVISION" -o /out/echosvc ./cmd/echosvc

# Nothing but the binary: no shell, no libc, and no certificates (the probe has Mozilla's authorities in it).
FROM scratch
ARG VERSION=devel
ARG REVISION=unknown
LABEL org.opencontainers.image.title="echosvc" \
      org.opencontainers.image.description="A faithful WebSocket echo server" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /out/echosvc /echosvc

# By number: Kubernetes' runAsNonRoot cannot look a name up, and here is no passwd file.
USER 65532:65532
# The defaults of PORT and HEALTH_PORT. Both are above 1024, for want of privileges.
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
# It asks the health port, or PORT where that is off, by the container's own environment.
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s --retries=3 CMD ["/echosvc", "healthcheck"]
ENTRYPOINT ["/echosvc"]
