# The comparison with other servers and with the bare kernel: some twenty minutes. It
# prints tables and draws bench/results.svg.
.PHONY: bench
bench:
	cd bench && go run . -svg results.svg

# Attacks on the binary beside good clients, on every driver: three quarters of an hour.
# It needs Linux, prints a table for each driver, and fails on what a good client loses.
.PHONY: hostile
hostile:
	go -C e2e run ./hostile

# A mix of all attacks for ten minutes.
.PHONY: soak
soak:
	go -C e2e run ./hostile -soak 10m
