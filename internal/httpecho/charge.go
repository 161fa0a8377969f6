package httpecho

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/respond"
)

// memoryText says that MEMORY_LIMIT is nearly reached.
func memoryText(a *budget.Account) string {
	return fmt.Sprintf("this server is close to its MEMORY_LIMIT of %d bytes; try again later", a.Limit())
}

// retryAfter is when a client that was refused should try again, in seconds.
const retryAfter = "5"

// charge is what one request adds to the account while it is answered.
type charge struct {
	account *budget.Account
	bytes   int64
}

// add adds n bytes. It reports false, and adds nothing, when the account has no room.
func (c *charge) add(n int) bool {
	if c.account.Pressure() >= budget.Refuse {
		return false
	}
	c.account.Add(budget.Requests, int64(n))
	c.bytes += int64(n)
	return true
}

// release takes everything off the account again.
func (c *charge) release() {
	c.account.Add(budget.Requests, -c.bytes)
	c.bytes = 0
}

// refuse answers a request for which there is no memory.
func (c *charge) refuse(w http.ResponseWriter) {
	w.Header().Set("Retry-After", retryAfter)
	w.Header().Set("Content-Length", strconv.Itoa(len(memoryText(c.account))+1))
	respond.PlainText(w, http.StatusServiceUnavailable, memoryText(c.account))
}
