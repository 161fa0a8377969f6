package httpecho

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/respond"
)

// memoryText is the text of a refusal because of MEMORY_LIMIT.
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

// add adds n bytes and returns true. If the account has no room, it adds nothing and returns
// false.
func (c *charge) add(n int) bool {
	if c.account.Pressure() >= budget.Refuse {
		return false
	}
	c.account.Add(budget.Requests, int64(n))
	c.bytes += int64(n)
	return true
}

// release subtracts everything from the account.
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
