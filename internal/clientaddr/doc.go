// Package clientaddr finds the address of a client behind proxies, without I/O. A proxy tells
// it in a header of the PROXY protocol, before the first byte of the client, or in a header
// field of the request. Anyone can write either, so [Rules] say whose word counts.
//
//   - trusted.go: the addresses of proxies that are believed.
//   - header.go: the PROXY protocol, versions 1 and 2.
//   - forwarded.go: Forwarded, X-Forwarded-For and X-Real-IP.
package clientaddr
