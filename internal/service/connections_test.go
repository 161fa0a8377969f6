package service

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/wsconn"
	"github.com/echosvc/echosvc/internal/wstest"
)

func TestConnectionsAreListed(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		first := wstest.Dial(t, r.addr, "Sec-WebSocket-Protocol: chat")
		second := wstest.Dial(t, r.addr)
		second.Send(wstest.Frame(0x82, "12345"))
		second.Expect(frame(0x82, "12345"))
		response, err := http.Get("http://" + r.health + "/connections")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		defer http.DefaultClient.CloseIdleConnections()
		var got struct {
			Count       int
			Connections []wsconn.Info
		}
		if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
			t.Fatal(err)
		}
		if got.Count != 2 || len(got.Connections) != 2 {
			t.Fatalf("got %+v", got)
		}
		a, b := got.Connections[0], got.Connections[1]
		if a.Remote != first.LocalAddr().String() || a.Subprotocol != "chat" || a.State != "open" || time.Since(a.Since) > wstest.Patience {
			t.Errorf("the first is %+v", a)
		}
		if b.Remote != second.LocalAddr().String() || b.Messages != 1 || b.Bytes != 5 || b.ID <= a.ID {
			t.Errorf("the second is %+v", b)
		}
	})
}
