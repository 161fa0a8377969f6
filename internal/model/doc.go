// Package model is a reference model of the echo: what a client may expect to read,
// given what it has sent. It follows the text of RFC 6455 and RFC 7692 and shares no code
// with the server, so that a mistake in one does not hide in the other. Only tests
// import it.
//
// The model is simple where the server is fast. It is given everything that the client
// has sent and works the answer out from the first byte, for every question anew.
//
//	Program      what a client does: a handshake, frames, cuts of the stream, an ending
//	Generate     makes a random Program from a seed
//	Expectation  what the server must send, may send, and how it must end
//	Run          runs a Program against a server and compares
//	Shrink       makes a failing Program smaller
//	Coverage     counts which transitions of the model the programs have visited
package model
