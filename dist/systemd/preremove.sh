#!/bin/sh
# Before a removal, and before an upgrade, which must not stop the service: dpkg passes "upgrade",
# and rpm the number of versions that will be left.
set -e
case $1 in
upgrade | 1) exit 0 ;;
esac
if [ -d /run/systemd/system ]; then
	systemctl disable --now echosvc.socket echosvc.service
fi
