#!/bin/sh
# Registers the namespace TEMPORAL_NAMESPACE and the search attributes that Unwind's workflows carry, at
# TEMPORAL_ADDRESS; what is there already stays as it is.
set -eu

# Repeats a command until it succeeds: a server that has just started needs a moment, and so does a new namespace.
patiently() {
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ "$tries" -lt 30 ] || exit 1
    sleep 2
  done
}

patiently temporal operator cluster health
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 720h

listed() { temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE" | grep -qw "$1"; }
register() {
  listed "$1" ||
    temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$1" --type Keyword
}
patiently register SagaState
patiently register SagaBlockedOn
