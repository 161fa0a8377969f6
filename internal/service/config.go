package service

import "github.com/echosvc/echosvc/internal/config"

// Config is the configuration of a [Service].
type Config = config.Config
