#!/usr/bin/env bash
# The health check of every service's container: ready or not, as the service says itself. A shell, because a Node every
# few seconds would cost more than a service at rest.
set -uo pipefail

case ${SERVICE:-} in
  api-gateway) port=${RINGDOWN_API_PORT:-8000} ;;
  blackhole) port=${RINGDOWN_WS_PORT:-5555} ;;
  *) port=${RINGDOWN_OPS_PORT:-9100} ;;
esac

exec 3<>"/dev/tcp/127.0.0.1/$port"
printf 'GET /readyz HTTP/1.0\r\n\r\n' >&3
# To the end of the answer. What follows the headers is shown by `docker inspect`.
IFS= read -r -d '' -t 4 answer <&3
printf '%s\n' "${answer#*$'\r\n\r\n'}"
[[ $answer == 'HTTP/1.'?' 200 '* ]]
