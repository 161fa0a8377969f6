# The comparison with other servers and with the bare kernel: some twenty minutes. It
# prints tables and draws bench/results.svg.
.PHONY: bench
bench:
	cd bench && go run . -svg results.svg
