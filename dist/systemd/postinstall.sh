#!/bin/sh
# After an installation or an upgrade. Starts nothing that did not run before, because the ports may
# be in use.
set -e
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	systemctl try-restart echosvc.service
fi
