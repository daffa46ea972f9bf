#!/bin/sh
# Booted, and the SIP transport is there.
asterisk -rx 'core waitfullybooted' | grep -q 'fully booted' && asterisk -rx 'pjsip show transports' | grep -q udp
