#!/bin/sh
# Publish one event of a department over HTTP (CloudEvents 1.0, binary mode).
#
#   publish_http.sh TYPE RECORD < data.json
#
#   TYPE    the event type, such as service.delivered.v1
#   RECORD  what your system calls the thing that happened, such as a ticket number. The event's id follows from
#           TYPE and RECORD, so that running this again for the same record never counts twice.
#
# Needs curl and sha256sum, and in the environment:
#   TANGGAP_URL             where Tanggap is, such as https://tanggap.example.go.id
#   TANGGAP_DEPARTMENT_KEY  your API key, tgd_<code>_...
#
# Exit status: 0 accepted, 1 refused (the answer says why; do not send it again unchanged), 2 not certain
# (send it again, with the same RECORD).
set -eu

type=$1
record=$2
: "${TANGGAP_URL:?}" "${TANGGAP_DEPARTMENT_KEY:?}"

# tgd_<code>_<43 characters>: the code is what stands between the first and the last part.
code=${TANGGAP_DEPARTMENT_KEY#tgd_}
code=${code%????????????????????????????????????????????}

data=$(cat)

# A UUID (version 8) from the first 128 bits of a hash: always the same for the same record.
id=$(printf '%s' "/departments/$code|$type|$record" | sha256sum |
  sed -E 's/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/\1-\2-8\3-8\4-\5/')

# In a file that nobody else reads: what stands on a command line, every user of the machine can see.
umask 077
answer=$(mktemp) headers=$(mktemp)
trap 'rm -f "$answer" "$headers"' EXIT
printf 'Authorization: Bearer %s\n' "$TANGGAP_DEPARTMENT_KEY" >"$headers"

attempt=1
while :; do
  status=$(curl -sS -o "$answer" -w '%{http_code}' --max-time 20 "$TANGGAP_URL/v1/events" \
    -H "@$headers" \
    -H "Content-Type: application/json" \
    -H "ce-specversion: 1.0" \
    -H "ce-id: $id" \
    -H "ce-source: /departments/$code" \
    -H "ce-type: $type" \
    -H "ce-time: $(date -u +%Y-%m-%dT%H:%M:%SZ)" \
    --data-binary "$data") || status=000
  case $status in
    202) printf '%s accepted\n' "$id"; exit 0 ;;
    000|429|5??) # Not answered, or not now: the same event again, under the same id.
      [ "$attempt" -lt 5 ] || { printf '%s not certain (%s)\n' "$id" "$status" >&2; exit 2; }
      sleep "$((attempt * attempt))"
      attempt=$((attempt + 1)) ;;
    *) printf '%s refused (%s)\n' "$id" "$status" >&2; cat "$answer" >&2; echo >&2; exit 1 ;;
  esac
done
