#!/bin/bash
# Registers 1001 to 1004 where calls are answered, then lets 1001 and 1003 call. Ends when anything it started ends or when
# the switch cannot be reached any more or has moved: whoever watches this container starts it again.
set -euo pipefail

switch=${SIPP_SWITCH:-asterisk}
seconds_between_calls=${SIPP_SECONDS_BETWEEN_CALLS:-10}
calls_at_once=${SIPP_CALLS_AT_ONCE:-6}
secret=$(cat "${SIPP_SECRET_FILE:-/run/ringdown/telephones/sip-secret}")
address=$(getent hosts "$switch" | cut -d' ' -f1)
answer_port=5070
umask 077

login() { printf '[authentication username=%s password=%s]' "$1" "$secret"; }

# Secrets go through files: arguments are seen by everybody.
{
  echo SEQUENTIAL
  for user in 1001 1002 1003 1004; do echo "$user;$(login $user);"; done
} >/tmp/telephones.csv
{
  echo SEQUENTIAL
  # To a colleague, to the operator, into a conference, to somebody who is busy.
  for call in 1001:1002 1003:1004 1001:2600 1003:1002 1001:3001 1003:3001 1001:1004 1003:603; do
    echo "${call%:*};$(login "${call%:*}");${call#*:};"
  done
} >/tmp/calls.csv

telephone() { # SCENARIO PORT OPTION...: becomes SIPp
  local scenario=$1 port=$2
  shift 2
  # The watchdog would end SIPp on a busy machine.
  exec sipp "$address:5060" -sf "$scenario.xml" -i "$(hostname -i | cut -d' ' -f1)" -p "$port" -nostdin -watchdog_interval 0 \
    "$@" >/dev/null
}

register() {
  (telephone register 5060 -inf /tmp/telephones.csv -key contact_port $answer_port -r 4 -m 4 -timeout 10) && touch /tmp/registered
}

for attempt in 1 2 3 4 5; do
  register && break
  echo "telephones: attempt $attempt to register at $switch failed" >&2
  sleep 3
done
[[ -e /tmp/registered ]] || exit 1
echo "telephones: registered at $switch; a call every $seconds_between_calls s, at most $calls_at_once at once"

# Told twice, SIPp ends its calls at once instead of leaving them behind in the switch.
finish() {
  for _ in 1 2; do
    kill -USR1 "${telephones[@]}" || true
    sleep 0.5
  done
  exit 0
}
trap finish TERM INT

telephone answer $answer_port -mp 20000 &
telephones=($!)
telephone call 5080 -mp 30000 -inf /tmp/calls.csv -r 1 -rp $((seconds_between_calls * 1000)) -l "$calls_at_once" &
telephones+=($!)
while [[ $(getent hosts "$switch" | cut -d' ' -f1) == "$address" ]]; do
  sleep 60
  register
done &

wait -n || true
echo 'telephones: ended' >&2
exit 1
