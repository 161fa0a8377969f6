// Package service is the process: listeners, health, metrics, log, and an end at which no
// client is cut without a close frame.
//
// [New] makes a [Service] of a configuration. [Service.Run] listens, serves, drains and
// returns.
//
//   - run.go: listening, serving, and ending everything in order.
//   - service.go: the state of the service, and what each connection gets of it.
//   - drain.go: from the first signal to the last connection.
//   - health.go, connections.go, metrics.go: what operators see. healthcheck.go asks
//     /healthz from outside, for a container's HEALTHCHECK.
//   - tls.go: wss, and certificates that are replaced while the service runs.
//   - log.go, logwriter.go: a log that nothing waits for.
//   - memory.go, files.go: what MEMORY_LIMIT and the limit of descriptors are shared for.
//     relief.go: what happens close to MEMORY_LIMIT. healthconns.go: the health port's share.
//   - driver.go, driver_linux.go, driver_other.go: which driver of package socket the system has.
//
// The life of a connection is in package wsconn, plain HTTP in package httpecho.
package service
