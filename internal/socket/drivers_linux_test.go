package socket

func init() {
	newDriver["loop"] = func(config Config) (driver, error) { return NewLoop(config, 1) }
}
