module echosvc

go 1.26.0

require (
	github.com/dustin/go-humanize v1.1.0
	github.com/kelseyhightower/envconfig v1.4.0
	github.com/lmittmann/tint v1.2.1
	golang.org/x/sys v0.49.0
	golang.org/x/term v0.47.0
)
