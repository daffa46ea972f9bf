#!/usr/bin/env bash
# Healthy: the workers accept and answer. Services have health checks of their own; that one of them is down must not
# make an orchestrator restart the edge. Needs no program besides the shell.
set -euo pipefail

exec 3<>/dev/tcp/127.0.0.1/8081
printf 'GET /health HTTP/1.0\r\n\r\n' >&3
read -r -t 2 status <&3
[[ $status == 'HTTP/1.'?' 200 '* ]]
