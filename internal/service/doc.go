// Package service runs the process: listeners, health, metrics, log, and a drain. The drain
// sends each client a close frame before the process ends. There is none for clients that do
// not read, whose connections are cut after DRAIN_TIMEOUT, and for connections whose controls
// drop or reset them.
//
// [New] makes a [Service] from a configuration. [Service.Run] listens, serves, drains and
// returns. A Service runs once.
//
//   - run.go: serving, and an orderly end.
//   - listen.go, listens_unix.go, listens_other.go: ports, Unix sockets and the sockets of
//     systemd. announce.go: where they are. ownfile.go: a file that is removed at the end.
//   - service.go: the state of the service, and the part of it that connections get.
//   - drain.go: from the first signal to the last connection.
//   - health.go: /healthz and /readyz. healthmux.go: the paths of HEALTH_PORT; healthindex.go: a
//     list of them; healthport.go: its other answers; healthconns.go: its connections.
//     operatorhtml.go: what its HTML pages share.
//   - metrics.go: /metrics. metricscounts.go: what connections count; metricsstatus.go: what
//     plain HTTP counts; metricshistogram.go: buckets.
//   - connections.go: /connections. connectionquery.go: its query. connectionlist.go,
//     connectionranks.go: finding a part of a list. connectionshtml.go: the page for people.
//   - admin.go: the actions of an operator. foreignpage.go: which web pages may not request them.
//     rehearsal.go: a drain that does not exit. profiles.go: profiles of the runtime.
//   - dated.go: what net/http lacks when it cannot read a request. healthcheck.go: the client
//     side of /healthz, for a container's HEALTHCHECK.
//   - tls.go: wss, and certificates that are replaced while the service runs.
//   - attempts.go: tells the page the results of its upgrades.
//   - log.go, logwriter.go: a log that never blocks.
//   - memory.go, files.go: how MEMORY_LIMIT and the limit on open files are shared. relief.go:
//     what happens close to MEMORY_LIMIT. sockmem_linux.go, sockmem_other.go: the memory of
//     sockets. inflaters.go: the pool of inflaters.
//   - driver.go, driver_linux.go, driver_other.go: the drivers of package socket.
//   - fdlimit_unix.go, fdlimit_other.go: the limit of open files.
//
// The life of a connection is in package wsconn, plain HTTP in package httpecho.
package service
