//go:build linux

package main

import "time"

// More connections than a limit allows.
var limitAttacks = []attack{
	{
		name: "past MAX_CONNECTIONS", about: "WebSockets past a limit of 1,000: 503",
		full: 2000, short: 1050, env: []string{"MAX_CONNECTIONS=1000"}, overload: true, alone: true, run: idleWebSockets,
	},
	{
		name: "WebSockets past the file limit", about: "WebSockets, with a limit of 1,024 open files",
		full: 2000, short: 1050, files: 1024, overload: true, alone: true, run: idleWebSockets,
	},
	{
		name: "plain requests past the file limit", about: "POSTs without their body, with a limit of 1,024 open files",
		full: 1500, short: 1050, files: 1024, alone: true, run: bodyless,
	},
	{
		name: "knocking at a full server", about: "upgrades without end, past a limit of 400",
		full: 20, short: 8, env: []string{"MAX_CONNECTIONS=400"}, overload: true, alone: true, run: knock,
	},
	{
		name: "idle WebSockets", about: "silent WebSockets",
		full: 5000, short: 200, run: idleWebSockets,
	},
}

func idleWebSockets(s *siege, n int) error {
	s.crowdWS(n, "/idle", nil, func(*ws, int) {})
	s.hold()
	return nil
}

func bodyless(s *siege, n int) error {
	request := []byte("POST /bodyless HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65536\r\n\r\n")
	s.crowd(n, func() (*ws, error) { return s.connect(socketOptions{}) }, func(w *ws, _ int) { w.Write(request) })
	s.hold()
	return nil
}

func knock(s *siege, n int) error {
	s.crowdWS(400, "/idle", nil, func(*ws, int) {})
	s.workers(n, func(_, _ int) {
		if w, err := s.upgrade(socketOptions{}, "/knock"); err == nil {
			s.drop(w)
		} else {
			s.pause(time.Millisecond)
		}
	})
	return nil
}
