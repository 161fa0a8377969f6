// Package clientaddr finds the address of a client behind proxies, without I/O. A proxy sends
// it in a PROXY protocol header, which precedes the first byte of the client, or in a header
// field of the request. A client can forge either, so [Rules] name the proxies to trust.
//
//   - trusted.go: the addresses of trusted proxies.
//   - proxyprotocol.go: the header of the PROXY protocol, versions 1 and 2.
//   - forwarded.go: Forwarded, X-Forwarded-For and X-Real-IP.
package clientaddr
