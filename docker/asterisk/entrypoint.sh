#!/bin/sh
# Writes the settings that come from the environment into the configuration, then becomes Asterisk.
set -eu
umask 077

fail() {
  echo "asterisk: $1" >&2
  exit 64
}

# NAME or the content of the file named by NAME_FILE; else the default.
setting() {
  eval "value=\${$1-} file=\${$1_FILE-}"
  if [ -z "$value" ] && [ -n "$file" ]; then value=$(cat "$file") || fail "cannot read $1_FILE"; fi
  [ -n "$value" ] || value=${2-}
  [ -n "$value" ] || fail "set $1 (or $1_FILE)"
  # What has a meaning in a configuration file (";", brackets, quotes, blanks, line ends) could change the meaning of others.
  allowed=$(printf '%s' "$value" | LC_ALL=C tr -dc 'A-Za-z0-9_.,:/@+=~-')
  [ "$allowed" = "$value" ] || fail "$1 may hold letters, digits and _ . , : / @ + = ~ - only"
  printf '%s' "$value"
}

number() {
  case $2 in '' | *[!0-9]*) fail "$1 must be a number" ;; esac
}

systemname=$(setting ASTERISK_SYSTEMNAME asterisk)
bind=$(setting ASTERISK_BIND 0.0.0.0)
ami_port=$(setting ASTERISK_AMI_PORT 5038)
ami_username=$(setting ASTERISK_AMI_USERNAME ringdown)
ami_secret=$(setting ASTERISK_AMI_SECRET)
ami_permit=$(setting ASTERISK_AMI_PERMIT 127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16)
sip_port=$(setting ASTERISK_SIP_PORT 5060)
sip_secret=$(setting ASTERISK_SIP_SECRET)
rtp_start=$(setting ASTERISK_RTP_START 10000)
rtp_end=$(setting ASTERISK_RTP_END 10099)
parking_seconds=$(setting ASTERISK_PARKING_SECONDS 120)
rtp_timeout=$(setting ASTERISK_RTP_TIMEOUT 0)
verbose=$(setting ASTERISK_VERBOSE 0)
number ASTERISK_AMI_PORT "$ami_port"
number ASTERISK_SIP_PORT "$sip_port"
number ASTERISK_RTP_START "$rtp_start"
number ASTERISK_RTP_END "$rtp_end"
number ASTERISK_PARKING_SECONDS "$parking_seconds"
number ASTERISK_RTP_TIMEOUT "$rtp_timeout"
number ASTERISK_VERBOSE "$verbose"

cd /etc/asterisk

cat >asterisk.conf <<END
[directories]
astmoddir => $(dirname "$(find /usr/lib -name app_dial.so -path '*asterisk*')")
astrundir => /run/asterisk
[options]
; Part of every channel's unique id: two switches with one name would share call ids.
systemname = $systemname
verbose = $verbose
; Dialplan functions that reach outside of the call stay out of reach of the manager interface.
live_dangerously = no
END

cat >manager.conf <<END
[general]
enabled = yes
bindaddr = $bind
port = $ami_port
webenabled = no
displayconnects = no

[$ami_username]
secret = $ami_secret
deny = 0.0.0.0/0.0.0.0
permit = $ami_permit
read = system,call,user,dtmf,reporting,dialplan,originate
write = system,call,user,originate,reporting
writetimeout = 5000
END

cat >pjsip-environment.conf <<END
[udp]
type = transport
protocol = udp
bind = $bind:$sip_port

[environment](!)
rtp_timeout = $rtp_timeout

END
for user in 1001 1002 1003 1004 trunk; do
  cat >>pjsip-environment.conf <<END
[$user]
type = auth
auth_type = userpass
realm = asterisk
username = $user
password = $sip_secret

END
done

cat >rtp.conf <<END
[general]
rtpstart = $rtp_start
rtpend = $rtp_end
icesupport = no
END

cat >res_parking.conf <<END
[general]
[default]
parkext => 700
parkpos => 701-720
context => parkedcalls
parkingtime => $parking_seconds
comebacktoorigin = yes
courtesytone = beep
findslot => first
parkedmusicclass = default
END

# One white page with a black line, 1728 pixels wide as fax machines send: bytes of a TIFF file with run lengths.
page=/var/spool/asterisk/fax/page.tif
white='\0201\0377\0251\0377' black='\0201\0\0251\0'
{
  # Little-endian header; the directory of 12 entries begins at byte 8; resolutions at 158 and 166, pixels from 174 on.
  printf 'II\052\0\010\0\0\0\014\0'
  printf '\0\001\004\0\001\0\0\0\300\006\0\0' # width 1728
  printf '\001\001\004\0\001\0\0\0\144\0\0\0' # height 100
  printf '\002\001\003\0\001\0\0\0\001\0\0\0' # one bit a sample
  printf '\003\001\003\0\001\0\0\0\005\200\0\0' # PackBits
  printf '\006\001\003\0\001\0\0\0\001\0\0\0' # zero is black
  printf '\021\001\004\0\001\0\0\0\256\0\0\0' # pixels at 174
  printf '\025\001\003\0\001\0\0\0\001\0\0\0' # one sample a pixel
  printf '\026\001\004\0\001\0\0\0\144\0\0\0' # 100 rows a strip
  printf '\027\001\004\0\001\0\0\0\220\001\0\0' # 400 bytes
  printf '\032\001\005\0\001\0\0\0\236\0\0\0' # 204 dots an inch
  printf '\033\001\005\0\001\0\0\0\246\0\0\0' # 98 lines an inch
  printf '\050\001\003\0\001\0\0\0\002\0\0\0' # inches
  printf '\0\0\0\0'
  printf '\314\0\0\0\001\0\0\0\142\0\0\0\001\0\0\0'
  row=0
  while [ $row -lt 100 ]; do
    if [ $row -eq 50 ]; then printf '%b' "$black"; else printf '%b' "$white"; fi
    row=$((row + 1))
  done
} >"$page"

# In the foreground, with the log on standard output; secrets do not stay in the environment.
unset ASTERISK_AMI_SECRET ASTERISK_SIP_SECRET
exec asterisk -f -C /etc/asterisk/asterisk.conf
