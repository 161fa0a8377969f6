package peers

import (
	"io"
	"net"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
	"github.com/gobwas/ws/wsutil"
)

// serveGobwas is the README's zero-copy upgrade and wsutil echo, with one goroutine for each
// connection. With compression it is the README's loop over whole frames.
func serveGobwas(addr string) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	for {
		conn, err := ln.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			deflate := wsflate.Extension{Parameters: wsflate.DefaultParameters}
			upgrader := ws.Upgrader{Negotiate: deflate.Negotiate}
			if _, err := upgrader.Upgrade(conn); err != nil {
				return
			}
			echo := echoGobwas
			if _, accepted := deflate.Accepted(); accepted {
				echo = echoGobwasFrame
			}
			for echo(conn) == nil {
			}
		}()
	}
}

func echoGobwas(conn net.Conn) error {
	message, opcode, err := wsutil.ReadClientData(conn)
	if err != nil {
		return err
	}
	return wsutil.WriteServerMessage(conn, opcode, message)
}

func echoGobwasFrame(conn net.Conn) error {
	header, err := ws.ReadHeader(conn)
	if err != nil {
		return err
	}
	if !header.Fin || header.OpCode.IsControl() || header.Length > maxMessage {
		return errUnsupported
	}
	frame := ws.Frame{Header: header, Payload: make([]byte, header.Length)}
	if _, err := io.ReadFull(conn, frame.Payload); err != nil {
		return err
	}
	frame = ws.UnmaskFrameInPlace(frame)
	compressed, err := wsflate.IsCompressed(frame.Header)
	if err != nil {
		return err
	}
	if compressed {
		if frame, err = wsflate.DecompressFrame(frame); err != nil {
			return err
		}
	}
	if frame, err = wsflate.CompressFrame(ws.NewFrame(frame.Header.OpCode, true, frame.Payload)); err != nil {
		return err
	}
	return ws.WriteFrame(conn, frame)
}
